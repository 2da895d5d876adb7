//! Subject keys in their file: kept, read beside the writer, destroyed, and files of others.

mod vault;

use ai_audit_core::{LogId, NodeHash, SubjectKeyId};
use ai_audit_shredding::{HeldKey, KekVault as _, KnownUpTo, SubjectKey, SubjectKeys};
use ai_audit_store::{Random, RandomError};
use ai_audit_store_sqlite::SqliteSubjectKeys;
use ai_audit_testkit::Counter;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use vault::MemoryVault;

const LOG: LogId = LogId::from_bytes([1; 32]);

struct Place {
    folder: tempfile::TempDir,
    vault: MemoryVault,
    random: Arc<Counter>,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            vault: MemoryVault::default(),
            random: Arc::default(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("subjects.db")
    }

    fn writer(&self) -> SqliteSubjectKeys<MemoryVault> {
        self.with(Arc::clone(&self.random) as Arc<dyn Random>)
            .unwrap()
    }

    fn with(&self, random: Arc<dyn Random>) -> Result<SqliteSubjectKeys<MemoryVault>, String> {
        SqliteSubjectKeys::create_or_open(&self.path(), LOG, self.vault.clone(), random)
            .map_err(|error| error.to_string())
    }

    fn reader(&self) -> Result<Option<SqliteSubjectKeys<MemoryVault>>, String> {
        SqliteSubjectKeys::open(&self.path(), LOG, self.vault.clone())
            .map_err(|error| error.to_string())
    }

    /// Changes the file behind its back.
    fn change(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

/// What hangs on a key, to tell keys apart by.
fn of(key: &SubjectKey) -> Vec<u8> {
    key.pseudonym_key().to_vec()
}

fn is_destroyed(keys: &dyn SubjectKeys, id: SubjectKeyId) -> bool {
    matches!(keys.held(id).unwrap(), HeldKey::Destroyed)
}

fn people(keys: &dyn SubjectKeys, count: usize) -> Vec<(String, SubjectKeyId, Vec<u8>)> {
    let people = (0..count).map(|number| {
        let subject = format!("person-{number:05}");
        let key = keys.key_for(&subject).unwrap();
        (subject, key.id(), of(&key))
    });
    let people = people.collect();
    keys.sync().unwrap();
    people
}

#[test]
fn a_key_is_made_once_and_kept_by_the_next_sync() {
    let place = Place::new();
    let keys = place.writer();
    assert_eq!(keys.subjects().unwrap(), []);
    let first = keys.key_for("person-7").unwrap();
    let own = keys.key_for("").unwrap();
    assert_ne!(of(&first), of(&own));
    let again = keys.key_for("person-7").unwrap();
    assert_eq!((first.id(), of(&first)), (again.id(), of(&again)));
    let expected = [(String::new(), own.id()), ("person-7".into(), first.id())];
    assert_eq!(keys.subjects().unwrap(), expected);
    assert_eq!(keys.find("person-7").unwrap(), Some(first.id()));
    assert_eq!(keys.find("person-8").unwrap(), None);
    // Nothing of it is in the file yet.
    assert_eq!(place.reader().unwrap().unwrap().subjects().unwrap(), []);
    keys.sync().unwrap();
    keys.sync().unwrap();
    drop(keys);
    let keys = place.writer();
    assert_eq!(keys.subjects().unwrap(), expected);
    assert_eq!(of(&keys.key_for("person-7").unwrap()), of(&first));
    match keys.held(first.id()).unwrap() {
        HeldKey::InUse { subject, key } => {
            assert_eq!((subject.as_str(), of(&key)), ("person-7", of(&first)));
        }
        other => panic!("{other:?}"),
    }
    let nobodys = SubjectKeyId::from_bytes([0xee; 16]);
    assert!(matches!(keys.held(nobodys).unwrap(), HeldKey::Unknown));
    let error = keys.key_for(&"x".repeat(256)).unwrap_err().to_string();
    assert!(error.contains("256 bytes"), "{error}");
}

#[test]
#[cfg(unix)]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let keys = place.writer();
    people(&keys, 3);
    for entry in fs::read_dir(place.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[test]
fn others_read_beside_the_writer_and_change_nothing() {
    let place = Place::new();
    assert!(place.reader().unwrap().is_none());
    assert!(!place.path().exists());
    // A run that was cut off when it had made the file.
    fs::write(place.path(), "").unwrap();
    assert!(place.reader().unwrap().is_none());
    let keys = place.writer();
    let before = people(&keys, 10);
    let reader = place.reader().unwrap().unwrap();
    let (subject, id, secret) = &before[3];
    assert_eq!(of(&reader.key_for(subject).unwrap()), *secret);
    let file = fs::read(place.path()).unwrap();
    for error in [
        reader.key_for("somebody").unwrap_err(),
        reader.destroy(&[*id], reader.kek().unwrap()).unwrap_err(),
    ] {
        assert!(error.to_string().contains("for reading"), "{error}");
    }
    reader.sync().unwrap();
    assert_eq!(fs::read(place.path()).unwrap(), file);
    // It follows an erasure.
    let next = keys.destroy(&[*id], keys.kek().unwrap()).unwrap();
    assert_eq!(reader.kek().unwrap(), next);
    assert!(is_destroyed(&reader, *id));
    assert_eq!(of(&reader.key_for(&before[4].0).unwrap()), before[4].2);
    assert_eq!(reader.subjects().unwrap().len(), 9);
}

#[test]
fn readers_of_a_busy_file_see_all_or_nothing() {
    let place = Place::new();
    let keys = place.writer();
    let all = people(&keys, 60);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            loop {
                let last = done.load(Ordering::SeqCst);
                let reader = place.reader().unwrap().unwrap();
                let left = reader.subjects().unwrap();
                assert!(left.len().is_multiple_of(3), "{}", left.len());
                let (subject, _, secret) = all.last().unwrap();
                assert_eq!(of(&reader.key_for(subject).unwrap()), *secret);
                if last {
                    break;
                }
            }
        });
        let destroy = |three: &[(String, SubjectKeyId, Vec<u8>)]| {
            let ids: Vec<SubjectKeyId> = three.iter().map(|(_, id, _)| *id).collect();
            keys.destroy(&ids, keys.kek().unwrap())
        };
        let results: Vec<_> = all[..57].chunks(3).map(destroy).collect();
        // Before anything panics, or the other thread would go on for ever.
        done.store(true, Ordering::SeqCst);
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        reading.join().unwrap();
    });
}

#[test]
fn destroyed_keys_leave_tombstones_and_the_others_a_new_kek() {
    let place = Place::new();
    let keys = place.writer();
    let all = people(&keys, 500);
    let first_kek = keys.kek().unwrap();
    let (gone, left) = all.split_at(200);
    let ids: Vec<SubjectKeyId> = gone.iter().map(|(_, id, _)| *id).collect();
    // A key that is not durable yet, and one that was never here.
    let waiting = keys.key_for("late").unwrap();
    let unknown = SubjectKeyId::from_bytes([0xee; 16]);
    let mut named = ids.clone();
    named.push(unknown);
    let second_kek = keys.destroy(&named, first_kek).unwrap();
    assert_ne!(first_kek, second_kek);
    assert_eq!(place.vault.ids().unwrap(), [second_kek]);
    // Again: nothing is done.
    assert_eq!(keys.destroy(&named, first_kek).unwrap(), second_kek);
    assert_eq!(keys.destroy(&ids[..1], first_kek).unwrap(), second_kek);
    for keys in [place.writer(), place.writer()] {
        assert!(named.iter().all(|id| is_destroyed(&keys, *id)));
        for (subject, id, secret) in left {
            assert_eq!(keys.find(subject).unwrap(), Some(*id));
            assert_eq!(of(&keys.key_for(subject).unwrap()), *secret);
        }
        assert_eq!(of(&keys.key_for("late").unwrap()), of(&waiting));
        assert_eq!(keys.find(&gone[0].0).unwrap(), None);
    }
    // A second erasure, one of whose keys is gone already.
    let third_kek = keys.destroy(&[ids[0], left[0].1], second_kek).unwrap();
    assert!(third_kek != first_kek && third_kek != second_kek);
    assert!(is_destroyed(&keys, left[0].1) && is_destroyed(&keys, ids[0]));
    assert_eq!(of(&keys.key_for(&left[1].0).unwrap()), left[1].2);
    // The subject comes again: another key.
    let again = keys.key_for(&gone[0].0).unwrap();
    assert!(again.id() != gone[0].1 && of(&again) != gone[0].2);
    keys.sync().unwrap();
    assert!(is_destroyed(&keys, gone[0].1));
}

/// Gives the same bytes again once it is turned back.
#[derive(Default)]
struct Repeating(AtomicU64);

impl Random for Repeating {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        out.iter_mut()
            .zip(number.iter().rev().cycle())
            .for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

#[test]
fn a_key_id_is_never_used_again() {
    let place = Place::new();
    let random = Arc::new(Repeating::default());
    let keys = place.with(Arc::clone(&random) as Arc<dyn Random>).unwrap();
    let refused = |keys: &dyn SubjectKeys, subject| {
        random.0.store(0, Ordering::SeqCst);
        let error = keys.key_for(subject).unwrap_err().to_string();
        assert!(error.contains("used before"), "{error}");
    };
    let key = keys.key_for("one").unwrap();
    refused(&keys, "two");
    keys.sync().unwrap();
    refused(&keys, "two");
    keys.destroy(&[key.id()], keys.kek().unwrap()).unwrap();
    refused(&keys, "two");
    refused(&keys, "one");
    // A tombstone that came while the key waited.
    random.0.store(100, Ordering::SeqCst);
    keys.key_for("three").unwrap();
    place.change("DELETE FROM tombstones");
    place.change(&format!(
        "INSERT INTO tombstones VALUES (x'{}')",
        keys.find("three").unwrap().unwrap()
    ));
    let error = keys.sync().unwrap_err().to_string();
    assert!(error.contains("never used again"), "{error}");
    assert_eq!(place.reader().unwrap().unwrap().subjects().unwrap(), []);
}

fn wrapped(path: &Path) -> Vec<Vec<u8>> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut select = connection.prepare("SELECT wrapped FROM keys").unwrap();
    let rows = select.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn no_old_wrapped_byte_is_left_in_a_file() {
    let place = Place::new();
    let keys = place.writer();
    // Enough, in an order that is none, for SQLite to split pages and move rows between them.
    let mut all = Vec::new();
    for round in 0..10 {
        for number in 0..60 {
            let number = (number * 37 + round * 11) % 601;
            all.push(
                keys.key_for(&format!("person-{number}-{round}"))
                    .unwrap()
                    .id(),
            );
        }
        keys.sync().unwrap();
    }
    let old = wrapped(&place.path());
    // A piece is as bad as the whole: the start of the commitment, the end of the tag.
    let left = |old: &[Vec<u8>]| {
        let files = fs::read_dir(place.folder.path()).unwrap();
        let files: Vec<_> = files
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect();
        let pieces: HashSet<&[u8]> = files.iter().flat_map(|file| file.windows(12)).collect();
        let is_left = |row: &&Vec<u8>| pieces.contains(&row[..12]) || pieces.contains(&row[80..]);
        old.iter().filter(is_left).count()
    };
    assert_eq!(left(&old), 600);
    keys.destroy(&all[..50], keys.kek().unwrap()).unwrap();
    assert_eq!(wrapped(&place.path()).len(), 550);
    assert_eq!(left(&old), 0);
}

#[test]
fn keys_that_another_process_made_useless_are_not_taken_for_kept() {
    let place = Place::new();
    let (one, two) = (place.writer(), place.writer());
    one.key_for("one").unwrap();
    two.destroy(&[SubjectKeyId::from_bytes([9; 16])], two.kek().unwrap())
        .unwrap();
    for _ in 0..2 {
        let error = one.sync().unwrap_err().to_string();
        assert!(error.contains("another process"), "{error}");
    }
}

#[test]
fn files_of_others_and_damaged_ones_are_refused_with_a_sentence() {
    let refusal = |prepare: &dyn Fn(&Place), said: &str| {
        let place = Place::new();
        people(&place.writer(), 3);
        prepare(&place);
        let errors = [
            place.with(Arc::new(Counter::default())).unwrap_err(),
            place.reader().unwrap_err(),
        ];
        for error in errors {
            assert!(
                error.contains("subjects.db: ") && error.contains(said) && !error.contains('\n'),
                "{error}"
            );
        }
    };
    let noise: Vec<u8> = (0..9000_u32).map(|n| (n * n % 251) as u8).collect();
    refusal(
        &|place| fs::write(place.path(), &noise).unwrap(),
        "no SQLite database",
    );
    refusal(
        &|place| place.change("PRAGMA application_id = 7"),
        "another program",
    );
    refusal(&|place| place.change("PRAGMA user_version = 2"), "newer");
    refusal(&|place| place.change("DELETE FROM meta"), "which log");
    refusal(&|place| place.change("DROP TABLE meta"), "meta");
    refusal(
        &|place| place.change("UPDATE meta SET kek = x'00'"),
        "what cannot be",
    );
    let other = "UPDATE meta SET log = zeroblob(32)";
    refusal(&|place| place.change(other), "of log 0000");
    // Rows that do not hold, which only who meets them hears of.
    for (change, said) in [
        ("UPDATE keys SET wrapped = x'00'", "of 1 bytes"),
        (
            "UPDATE keys SET wrapped = zeroblob(92)",
            "another key-encryption key",
        ),
        (
            "UPDATE keys SET subject = 'person-00001' || subject WHERE subject LIKE '%1'; UPDATE keys SET subject = 'person-00001' WHERE subject LIKE '%2'",
            "does not open",
        ),
        ("DROP TABLE keys", "keys"),
    ] {
        let place = Place::new();
        let keys = place.writer();
        people(&keys, 3);
        place.change(change);
        let error = keys.key_for("person-00001").unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        // Nothing is lost by it.
        let (kek, none) = (keys.kek().unwrap(), SubjectKeyId::from_bytes([9; 16]));
        assert!(keys.destroy(&[none], kek).is_err());
        assert_eq!(keys.kek().unwrap(), kek);
    }
}

#[test]
fn a_file_cut_anywhere_or_changed_is_an_error_and_no_panic() {
    let place = Place::new();
    people(&place.writer(), 40);
    let whole = fs::read(place.path()).unwrap();
    let mut outcomes = [0, 0];
    for step in 0..120 {
        let mut bytes = whole.clone();
        if step < 40 {
            bytes.truncate(1 + step * whole.len() / 40);
        } else {
            let at = (step * 7919) % whole.len();
            let end = (at + 40).min(whole.len());
            bytes[at..end].fill(0xa5);
        }
        fs::write(place.path(), &bytes).unwrap();
        let read = place.reader().and_then(|keys| {
            let keys = keys.ok_or("nothing")?;
            let said = |error: ai_audit_shredding::SubjectKeysError| error.to_string();
            let subjects = keys.subjects().map_err(said)?;
            for (subject, id) in &subjects {
                keys.key_for(subject).map_err(said)?;
                keys.held(*id).map_err(said)?;
            }
            Ok(subjects.len())
        });
        outcomes[usize::from(read.is_ok())] += 1;
    }
    assert!(outcomes[0] > 20, "{outcomes:?}");
}

#[test]
fn how_far_the_receipts_are_known_is_kept_with_the_keys() {
    let place = Place::new();
    let noted = |size: u8| KnownUpTo {
        size: size.into(),
        last: NodeHash::from_bytes([size; 32]),
    };
    let keys = place.writer();
    assert_eq!(keys.known_up_to().unwrap(), None);
    keys.note_known_up_to(noted(7)).unwrap();
    let copy = fs::read(place.path()).unwrap();
    let all = people(&keys, 2);
    keys.note_known_up_to(noted(9)).unwrap();
    keys.destroy(&[all[0].1], keys.kek().unwrap()).unwrap();
    drop(keys);
    assert_eq!(place.writer().known_up_to().unwrap(), Some(noted(9)));
    let reader = place.reader().unwrap().unwrap();
    assert_eq!(reader.known_up_to().unwrap(), Some(noted(9)));
    // Only who writes notes.
    assert!(reader.note_known_up_to(noted(10)).is_err());
    drop(reader);
    // What cannot be says nothing.
    place.change("UPDATE known SET size = -1");
    assert_eq!(place.writer().known_up_to().unwrap(), None);
    place.change("DROP TABLE known");
    assert_eq!(place.writer().known_up_to().unwrap(), None);
    // A copy says what holds of the copy.
    let other = Place::new();
    fs::write(other.path(), copy).unwrap();
    let connection = rusqlite::Connection::open(other.path()).unwrap();
    let size: i64 = connection
        .query_row("SELECT size FROM known", [], |row| row.get(0))
        .unwrap();
    assert_eq!(size, 7);
}
