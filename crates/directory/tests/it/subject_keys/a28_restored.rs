//! A28: the file of subject keys is put back as it was before an erasure.

use super::{Place, id_in, ids, in_use, kek_id, people};
use ai_audit_directory::{LogDirectory, Settings};
use ai_audit_shredding::SubjectKeys as _;
use ai_audit_store::LogName;
use std::fs;

#[test]
fn a28_a_backup_from_before_an_erasure_opens_nothing() {
    let place = Place::new();
    let backup = place.folder.path().join("backup");
    let (old, new, all) = {
        let (_writer, keys) = place.write();
        let all = people(&*keys, 40);
        fs::copy(&place.paths.subject_keys, &backup).unwrap();
        let old = kek_id(&*keys);
        (old, keys.destroy(&ids(&all[..3]), old).unwrap(), all)
    };
    let after = place.folder.path().join("after");
    fs::copy(&place.paths.subject_keys, &after).unwrap();
    let restore = |copy| fs::copy(copy, &place.paths.subject_keys).unwrap();
    restore(&backup);
    for error in place.refusals(&Settings::default()) {
        assert!(
            error.contains(&old.to_string())
                && error.contains(&new.to_string())
                && error.contains("before an erasure")
                && error.contains("bring back the newest copy"),
            "{error}"
        );
    }
    // Refusing it destroys nothing.
    assert_eq!(id_in(&place.paths.kek), new.to_string());
    // Nor does it open without any key-encryption key, or as if it were the new one's.
    let kek = place.folder.path().join("kek");
    fs::rename(&place.paths.kek, &kek).unwrap();
    for error in place.refusals(&Settings::default()) {
        assert!(error.contains(&old.to_string()), "{error}");
    }
    fs::rename(&kek, &place.paths.kek).unwrap();
    let connection = rusqlite::Connection::open(&place.paths.subject_keys).unwrap();
    connection
        .execute("UPDATE meta SET kek = ?", [new.as_bytes()])
        .unwrap();
    drop(connection);
    let (writer, keys) = place.write();
    for person in &all {
        let error = keys.held(person.id).unwrap_err().to_string();
        assert!(
            error.contains("such as one that an erasure destroyed"),
            "{error}"
        );
        assert!(keys.key_for(&person.subject).is_err());
    }
    drop((writer, keys));
    // The way out.
    restore(&after);
    let (_writer, keys) = place.write();
    assert_eq!(in_use(&*keys, &all), 37);
}

#[test]
fn a28_a_copy_that_a_reader_had_open_follows_the_erasure() {
    let place = Place::new();
    let (_writer, keys) = place.write();
    let all = people(&*keys, 3);
    let directory = LogDirectory::open(place.folder.path(), Settings::default()).unwrap();
    let reader = directory
        .subject_keys(&LogName::default())
        .unwrap()
        .unwrap();
    assert_eq!(in_use(&reader, &all), 3);
    // The keys as they were, beside the key-encryption key as it is.
    let copy = fs::read(&place.paths.subject_keys).unwrap();
    keys.destroy(&ids(&all[..1]), kek_id(&*keys)).unwrap();
    assert_eq!(in_use(&reader, &all), 2);
    drop(keys);
    fs::write(&place.paths.subject_keys, copy).unwrap();
    let error = reader.held(all[0].id).unwrap_err().to_string();
    assert!(error.contains("before an erasure"), "{error}");
}

/// What the threat model names: whoever has a copy of both has the keys. So the setting `kek-folder`
/// is for keeping them apart.
#[test]
fn a28_a_backup_of_both_files_is_the_limit() {
    let place = Place::new();
    let all = {
        let (_writer, keys) = place.write();
        people(&*keys, 3)
    };
    let files = [&place.paths.subject_keys, &place.paths.kek];
    let copies = files.map(|file| fs::read(file).unwrap());
    {
        let (_writer, keys) = place.write();
        keys.destroy(&ids(&all[..1]), kek_id(&*keys)).unwrap();
    }
    for (file, copy) in files.into_iter().zip(copies) {
        fs::write(file, copy).unwrap();
    }
    assert_eq!(in_use(&*place.write().1, &all), 3);
}
