//! What an erasure leaves of the destroyed key and of the old key-encryption key in the memory of the
//! process that did it: scanned from inside a child process.
#![cfg(unix)]

use ai_audit_core::{Content, Decision, KeptField, LogId, ReceiptId, SigningKey, Timestamp};
use ai_audit_directory::{FileKek, OsRandom};
use ai_audit_shredding::{Place, SubjectKeys};
use ai_audit_store::{
    Ciphertext, Ledger, LedgerConfig, LogName, LogSigners, MemoryStore, NewLog, Random,
    RandomError, Record, Shred, SubjectKeysSource, SystemClock,
};
use ai_audit_store_sqlite::SqliteSubjectKeys;
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

/// Set in the child.
const CHILD: &str = "AI_AUDIT_TEST_ERASURE_MEMORY";
/// The child keeps what it looks for under this, so that it does not find its own search.
const MASK: u8 = 0x5a;

#[test]
fn no_bytes_of_a_destroyed_key_are_left_in_memory() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return child(Path::new(&folder));
    }
    if !cfg!(target_os = "linux") {
        println!("SKIPPED: the memory of a process is read from /proc");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "subject_keys::memory::no_bytes_of_a_destroyed_key_are_left_in_memory";
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("found while held: 1 and 1, written 0"),
        "{said}"
    );
    assert!(
        said.contains("found when destroyed: 0 and 0, written 0"),
        "{said}"
    );
}

/// The system's randomness, which remembers, masked, the last 32 bytes that it gave.
#[derive(Default)]
struct Remembering(Mutex<[u8; 32]>);

impl Random for Remembering {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        OsRandom.fill(out)?;
        if out.len() == 32 {
            mask(out, &mut *self.0.lock().unwrap());
        }
        Ok(())
    }
}

fn mask(from: &[u8], to: &mut [u8]) {
    let pairs = to.iter_mut().zip(from);
    pairs.for_each(|(to, from)| *to = *black_box(from) ^ black_box(MASK));
}

/// The keys of one log, once they are there.
#[derive(Default)]
struct Source(OnceLock<Arc<dyn SubjectKeys>>);

impl SubjectKeysSource for Source {
    fn subject_keys(&self, _: &LogName, _: LogId) -> Result<Arc<dyn SubjectKeys>, String> {
        self.0.get().cloned().ok_or_else(|| "none yet".into())
    }

    fn opened(&self, _: &LogName, _: LogId) -> Option<Arc<dyn SubjectKeys>> {
        self.0.get().cloned()
    }
}

/// A decision about the person whose input is kept under his key.
fn record(keys: &dyn SubjectKeys) -> Record {
    let id = ReceiptId::from_parts(Timestamp::from_micros(1), [7; 10]);
    let key = keys.key_for("person-7").unwrap();
    let place = Place {
        receipt: id,
        subject: "person-7",
        field: "input",
    };
    let (encrypted, bytes) = key.encrypt(&place, b"my secret", [1; 12]).unwrap();
    let kept = KeptField {
        name: "input".into(),
        content: Content::Encrypted(encrypted),
    };
    let decision = Decision {
        subject: "person-7".into(),
        kept: vec![kept].into(),
        ..Decision::new()
    };
    let key = key.id();
    Record::new(&decision)
        .id(id)
        .ciphertexts(vec![Ciphertext { key, bytes }])
}

fn child(folder: &Path) {
    let source = Arc::new(Source::default());
    let mut config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(OsRandom), "test");
    config.subject_keys = Some(Arc::clone(&source) as Arc<dyn SubjectKeysSource>);
    let ledger = Ledger::open(Arc::new(MemoryStore::new()), config).unwrap();
    let name = LogName::default();
    let new = NewLog {
        name: "example.org/memory".into(),
        tenant: String::new(),
        policy: Vec::new(),
        recovery: SigningKey::from_bytes(&[3; 32]).verifying_key(),
        signers: LogSigners {
            receipt: Box::new(SigningKey::from_bytes(&[1; 32])),
            checkpoint: Box::new(SigningKey::from_bytes(&[2; 32])),
        },
    };
    let log = ledger.create_log(name.clone(), new).unwrap().log_id;

    let file = folder.join("kek");
    let vault = FileKek::new(file.clone(), folder.join("kek.next"), None, true);
    let random = Arc::new(Remembering::default());
    let shared = Arc::clone(&random) as Arc<dyn Random>;
    let path = folder.join("subjects.db");
    let keys = SqliteSubjectKeys::create_or_open(&path, log, vault, shared).unwrap();
    let keys: Arc<dyn SubjectKeys> = Arc::new(keys);
    assert!(source.0.set(Arc::clone(&keys)).is_ok());
    for other in ["person-1", "person-2"] {
        keys.key_for(other).unwrap();
    }
    keys.sync().unwrap();
    let key = keys.key_for("person-7").unwrap();
    let key_bytes = *random.0.lock().unwrap();
    keys.sync().unwrap();
    assert_eq!(keys.key_for("person-7").unwrap().id(), key.id());
    let (digits, kek_bytes) = kek_in(&file);
    println!(
        "found while held: {} and {}, written {}",
        found(&key_bytes),
        found(&kek_bytes),
        found(&digits)
    );
    drop(key);
    let ticket = ledger.submit(&name, vec![record(&*keys)]).unwrap();
    ticket.wait().unwrap();
    let wish = Shred {
        subjects: vec!["person-7".into()],
        lost: Vec::new(),
        reason: "asked for it".into(),
        legal_basis: String::new(),
        requested_by: String::new(),
    };
    assert_eq!(ledger.shred(&name, wish).unwrap().ciphertexts, 1);
    // The keeper lives on and works.
    keys.key_for("person-1").unwrap();
    println!(
        "found when destroyed: {} and {}, written {}",
        found(&key_bytes),
        found(&kek_bytes),
        found(&digits)
    );
    let left = fs::read(&path).unwrap();
    assert!(!left.windows(8).any(|window| window == b"person-7"));
}

/// The digits of the key in its file and its bytes, both masked, a digit at a time.
fn kek_in(file: &Path) -> ([u8; 64], [u8; 32]) {
    let open = File::open(file).unwrap();
    // Two lines with 16 and 36 characters, and the word before the digits.
    let start = 16 + 36 + 4;
    let mut digits = [0; 64];
    let mut bytes = [0; 32];
    for (at, digit) in digits.iter_mut().enumerate() {
        let mut one = [0];
        open.read_exact_at(&mut one, start + at as u64).unwrap();
        *digit = one[0] ^ MASK;
        let value = char::from(one[0]).to_digit(16).unwrap();
        bytes[at / 2] ^= u8::try_from(value).unwrap() << (4 * (1 - at % 2));
        if at % 2 == 1 {
            bytes[at / 2] ^= MASK;
        }
    }
    (digits, bytes)
}

/// How often the unmasked bytes stand in what this process can write to.
fn found(masked: &[u8]) -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut count = 0;
    let mut chunk = vec![0; 1 << 20];
    // What was read lies in the chunk too, and is no copy of the key's.
    let own = u64::try_from(chunk.as_ptr().addr()).unwrap();
    let own = own..own + chunk.len() as u64;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let address = |text| u64::from_str_radix(text, 16).unwrap();
        let (mut at, end) = (address(start), address(end));
        while at < end {
            let len = usize::try_from(end - at).unwrap().min(chunk.len());
            // Some mappings, such as the kernel's own, cannot be read.
            if memory.read_exact_at(&mut chunk[..len], at).is_err() {
                break;
            }
            let windows = (at..).zip(chunk[..len].windows(masked.len()));
            let windows = windows.filter(|(place, _)| !own.contains(place));
            count += windows.filter(|(_, window)| same(window, masked)).count();
            if at + len as u64 == end {
                break;
            }
            // Windows over the border of two chunks.
            at += (len - masked.len() + 1) as u64;
        }
    }
    chunk.fill(0);
    count
}

/// Byte by byte: an optimiser that undid the mask of all at once would put what is looked for on the
/// stack, and find it there.
fn same(window: &[u8], masked: &[u8]) -> bool {
    let mut pairs = window.iter().zip(masked);
    pairs.all(|(a, b)| a ^ black_box(MASK) == *black_box(b))
}
