//! What is left of keys in the memory of a process that used and dropped them: scanned from inside a
//! child process, since the tests' own has other copies.

use crate::{LOG, place};
use ai_audit_core::SubjectKeyId;
use ai_audit_shredding::{Kek, KekId, KeyWrapper as _, SubjectKey};
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::process::Command;
use zeroize::Zeroizing;

/// Set in the child.
const CHILD: &str = "AI_AUDIT_MEMORY_SCAN";
/// The child keeps what it looks for under this, so that it does not find its own search.
const MASK: u8 = 0x5a;

#[test]
fn no_bytes_of_a_dropped_key_are_left_in_memory() {
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    if !cfg!(target_os = "linux") {
        println!("SKIPPED: the memory of a process is read from /proc");
        return;
    }
    let name = "memory::no_bytes_of_a_dropped_key_are_left_in_memory";
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    // That the child ran, and that its search finds what is there.
    assert!(said.contains("found while held: 1 and 1"), "{said}");
    assert!(said.contains("found when dropped: 0 and 0"), "{said}");
}

/// 32 bytes that stand nowhere in the program, masked.
fn masked(number: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")
        .and_then(|file| file.read_exact_at(&mut bytes, 0))
        .unwrap();
    bytes[0] = number ^ MASK;
    bytes
}

/// Undoes the mask in one place of the heap, which is wiped.
fn unmasked(masked: &[u8; 32]) -> Box<Zeroizing<[u8; 32]>> {
    let mut out = Box::new(Zeroizing::new([0; 32]));
    let pairs = out.iter_mut().zip(masked);
    pairs.for_each(|(to, from)| *to = from ^ MASK);
    out
}

fn child() {
    let (key_bytes, kek_bytes) = (masked(1), masked(2));
    let (key, kek) = keys(&key_bytes, &kek_bytes);
    println!(
        "found while held: {} and {}",
        found(&key_bytes),
        found(&kek_bytes)
    );
    let wrapped = kek.wrap("person-7", &key, [1; 12]).unwrap();
    let again = kek.unwrap(&LOG, "person-7", key.id(), &wrapped).unwrap();
    let (field, ciphertext) = key.encrypt(&place(), b"text", [2; 12]).unwrap();
    assert!(again.decrypt(&place(), &field, &ciphertext).is_ok());
    drop((key.digest_secret(), key.pseudonym_key()));
    drop((key, again, kek));
    println!(
        "found when dropped: {} and {}",
        found(&key_bytes),
        found(&kek_bytes)
    );
}

fn keys(key: &[u8; 32], kek: &[u8; 32]) -> (SubjectKey, Kek) {
    (
        SubjectKey::new(SubjectKeyId::from_bytes([7; 16]), LOG, &unmasked(key)),
        Kek::new(KekId::from_bytes([8; 16]), &unmasked(kek)),
    )
}

/// How often the unmasked bytes stand in what this process can write to.
fn found(masked: &[u8; 32]) -> usize {
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
            let windows = (at..).zip(chunk[..len].windows(32));
            let windows = windows.filter(|(place, _)| !own.contains(place));
            count += windows.filter(|(_, window)| same(window, masked)).count();
            if at + len as u64 == end {
                break;
            }
            // Windows over the border of two chunks.
            at += len as u64 - 31;
        }
    }
    chunk.fill(0);
    count
}

/// Byte by byte: an optimiser that undid the mask of all 32 at once would put what is looked for on
/// the stack, and find it there.
fn same(window: &[u8], masked: &[u8; 32]) -> bool {
    let mut pairs = window.iter().zip(masked);
    pairs.all(|(a, b)| a ^ black_box(MASK) == *black_box(b))
}
