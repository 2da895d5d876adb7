//! Subject keys in a log directory: made on first need, read beside the writer, destroyed; where the
//! key-encryption key is, and under which passphrase.

mod a28_restored;
mod cut_off;
mod kek_files;
mod memory;

use crate::new;
use ai_audit_core::SubjectKeyId;
use ai_audit_directory::{
    DirectoryError, FileKek, LogDirectory, LogPaths, Passphrase, Settings, Writer,
};
use ai_audit_shredding::{HeldKey, KekId, SubjectKey, SubjectKeys};
use ai_audit_store::LogName;
use ai_audit_store_sqlite::SqliteSubjectKeys;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A directory with one log.
struct Place {
    folder: tempfile::TempDir,
    paths: LogPaths,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = new(folder.path(), "default").paths;
        Self { folder, paths }
    }

    fn writing(
        &self,
        settings: Settings,
    ) -> Result<(Writer, Arc<dyn SubjectKeys>), DirectoryError> {
        let writer = Writer::open(self.folder.path(), settings, "test")?;
        let keys = writer.subject_keys(&LogName::default())?;
        Ok((writer, keys))
    }

    fn write(&self) -> (Writer, Arc<dyn SubjectKeys>) {
        self.writing(Settings::default()).unwrap()
    }

    fn reading(
        &self,
        settings: Settings,
    ) -> Result<Option<SqliteSubjectKeys<FileKek>>, DirectoryError> {
        LogDirectory::open(self.folder.path(), settings)?.subject_keys(&LogName::default())
    }

    fn refusals(&self, settings: &Settings) -> [String; 2] {
        [
            self.writing(settings.clone()).map(drop).unwrap_err(),
            self.reading(settings.clone()).map(drop).unwrap_err(),
        ]
        .map(|error| error.to_string())
    }
}

/// What hangs on a key, to tell keys apart by.
fn of(key: &SubjectKey) -> Vec<u8> {
    key.pseudonym_key().to_vec()
}

/// Somebody's key.
#[derive(Clone)]
struct Person {
    subject: String,
    id: SubjectKeyId,
    secret: Vec<u8>,
}

fn people(keys: &dyn SubjectKeys, count: usize) -> Vec<Person> {
    let people = (0..count).map(|number| {
        let subject = format!("person-{number:05}");
        let key = keys.key_for(&subject).unwrap();
        let (id, secret) = (key.id(), of(&key));
        Person {
            subject,
            id,
            secret,
        }
    });
    let people = people.collect();
    keys.sync().unwrap();
    people
}

fn ids(people: &[Person]) -> Vec<SubjectKeyId> {
    people.iter().map(|person| person.id).collect()
}

fn is_in_use(keys: &dyn SubjectKeys, person: &Person) -> bool {
    match keys.held(person.id).unwrap() {
        HeldKey::InUse { subject, key } => {
            assert_eq!((&subject, &of(&key)), (&person.subject, &person.secret));
            true
        }
        HeldKey::Destroyed => false,
        other => panic!("{other:?}"),
    }
}

/// How many of them are in use.
fn in_use(keys: &dyn SubjectKeys, people: &[Person]) -> usize {
    let people = people.iter();
    people.filter(|person| is_in_use(keys, person)).count()
}

/// What a file with a key-encryption key says its id is.
fn id_in(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .nth(1)
        .unwrap()
        .strip_prefix("id ")
        .unwrap()
        .into()
}

fn under(passphrase: &str) -> Settings {
    Settings {
        kek_passphrase: Passphrase::new(passphrase.into()),
        ..Settings::default()
    }
}

#[test]
fn keys_are_made_on_first_need_and_read_beside_the_writer() {
    let place = Place::new();
    assert!(place.reading(Settings::default()).unwrap().is_none());
    let (_writer, keys) = place.write();
    // A log that needs none has none of these files; this one has them from now on.
    let all = people(&*keys, 5);
    let reader = place.reading(Settings::default()).unwrap().unwrap();
    assert_eq!(reader.log(), keys.log());
    assert_eq!(in_use(&reader, &all), 5);
    assert_eq!(id_in(&place.paths.kek), keys.kek().unwrap().to_string());
    assert!(!place.paths.next_kek.exists());
    let kek = keys.destroy(&ids(&all[..2]), keys.kek().unwrap()).unwrap();
    assert_eq!(id_in(&place.paths.kek), kek.to_string());
    // The reader was opened before.
    assert_eq!(in_use(&reader, &all), 3);
    assert_eq!(reader.subjects().unwrap().len(), 3);
    // Another log has its own.
    let other = new(place.folder.path().join("b").as_path(), "acme").paths;
    assert!(!other.subject_keys.exists() && !other.kek.exists());
}

#[test]
fn who_reads_beside_erasures_sees_all_or_nothing() {
    let place = Place::new();
    let (_writer, keys) = place.write();
    let all = people(&*keys, 62);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let long = place.reading(Settings::default()).unwrap().unwrap();
            loop {
                let last = done.load(Ordering::SeqCst);
                let fresh = place.reading(Settings::default()).unwrap().unwrap();
                for reader in [&fresh, &long] {
                    assert!(reader.subjects().unwrap().len().is_multiple_of(2));
                    assert_eq!(in_use(reader, &all[60..]), 2);
                }
                if last {
                    break;
                }
            }
        });
        let twos = all[..60].chunks(2);
        let results: Vec<_> = twos
            .map(|two| keys.destroy(&ids(two), kek_id(&*keys)))
            .collect();
        // Before anything panics, or the other thread would go on for ever.
        done.store(true, Ordering::SeqCst);
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        reading.join().unwrap();
    });
    assert_eq!(in_use(&*keys, &all), 2);
}

#[test]
#[cfg(unix)]
fn production_refuses_files_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    people(&*place.write().1, 1);
    let production = Settings {
        production: true,
        ..Settings::default()
    };
    assert!(place.reading(production.clone()).unwrap().is_some());
    for path in [&place.paths.kek, &place.paths.subject_keys] {
        let mode = |mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let found = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, 0o600);
        mode(0o640);
        for error in place.refusals(&production) {
            assert!(
                error.contains("others can read") && error.contains("640"),
                "{error}"
            );
        }
        assert!(place.reading(Settings::default()).unwrap().is_some());
        mode(0o600);
    }
    let file = place.folder.path().join("passphrase");
    fs::write(&file, "correct horse").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let production = Settings {
        kek_passphrase_file: Some(file.clone()),
        ..production
    };
    for error in place.refusals(&production) {
        assert!(error.contains("passphrase: others can read"), "{error}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(place.reading(production).unwrap().is_some());
}

#[test]
fn either_of_the_two_files_without_the_other_is_refused() {
    let place = Place::new();
    let kek = {
        let (_writer, keys) = place.write();
        people(&*keys, 2);
        keys.kek().unwrap().to_string()
    };
    let away = place.folder.path().join("away");
    for path in [&place.paths.kek, &place.paths.subject_keys] {
        fs::rename(path, &away).unwrap();
        let kept = fs::read_dir(&place.paths.keys).unwrap().count();
        for error in place.refusals(&Settings::default()) {
            assert!(
                error.contains(&kek) && error.contains("bring") && error.contains("is lost"),
                "{error}"
            );
            assert!(
                error.contains(&place.paths.kek.display().to_string()),
                "{error}"
            );
        }
        assert_eq!(fs::read_dir(&place.paths.keys).unwrap().count(), kept);
        fs::rename(&away, path).unwrap();
        assert_eq!(place.write().1.subjects().unwrap().len(), 2);
    }
    // The way out that the second one names.
    fs::remove_file(&place.paths.subject_keys).unwrap();
    fs::remove_file(&place.paths.kek).unwrap();
    assert_eq!(place.write().1.subjects().unwrap(), []);
}

#[test]
fn the_first_key_that_was_cut_off_while_it_was_made_is_made_again() {
    let place = Place::new();
    // The next one is written first, then the file of keys, then it becomes the current one.
    let (first, noise) = {
        let (_writer, keys) = place.write();
        (keys.kek().unwrap(), "ai-audit/kek/v1\nid 00")
    };
    fs::rename(&place.paths.kek, &place.paths.next_kek).unwrap();
    assert_eq!(place.write().1.kek().unwrap(), first);
    assert!(place.paths.kek.exists() && !place.paths.next_kek.exists());
    fs::rename(&place.paths.kek, &place.paths.next_kek).unwrap();
    fs::write(&place.paths.subject_keys, "").unwrap();
    let left = place.paths.keys.join(".new-kek.next-abc");
    fs::write(&left, noise).unwrap();
    let second = place.write().1.kek().unwrap();
    assert_ne!(first, second);
    assert!(place.paths.kek.exists() && !place.paths.next_kek.exists() && !left.exists());
}

fn kek_id(keys: &dyn SubjectKeys) -> KekId {
    keys.kek().unwrap()
}
