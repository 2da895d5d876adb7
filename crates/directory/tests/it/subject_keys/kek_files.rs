//! Files with key-encryption keys: their form, passphrases, a folder elsewhere, hostile ones.

use super::{Place, id_in, ids, in_use, kek_id, people, under};
use ai_audit_directory::{LogDirectory, Settings};
use ai_audit_shredding::SubjectKeys as _;
use ai_audit_store::LogName;
use std::fs;
use std::time::Instant;

#[test]
fn a_key_under_a_passphrase_opens_with_it_alone() {
    let place = Place::new();
    let right = under("correct horse");
    let all = {
        let (_writer, keys) = place.writing(right.clone()).unwrap();
        people(&*keys, 3)
    };
    let text = fs::read_to_string(&place.paths.kek).unwrap();
    assert!(text.contains("\nargon2id m=65536 t=3 p=4 salt=") && !text.contains("\nkey "));
    // Who the subjects are can be listed without it; nothing opens.
    let reader = place.reading(Settings::default()).unwrap().unwrap();
    assert_eq!(reader.subjects().unwrap().len(), 3);
    let error = reader.held(all[0].id).unwrap_err().to_string();
    assert!(
        error.contains("AI_AUDIT_KEK_PASSPHRASE") && error.contains("kek-passphrase-file"),
        "{error}"
    );
    let reader = place.reading(under("wrong horse")).unwrap().unwrap();
    let error = reader.held(all[0].id).unwrap_err().to_string();
    assert!(
        error.contains("the passphrase is another one") && !error.contains("horse"),
        "{error}"
    );
    // An erasure without it does nothing.
    let (writer, keys) = place.write();
    let kek = kek_id(&*keys);
    assert!(keys.destroy(&ids(&all), kek).is_err());
    assert_eq!(kek_id(&*keys), kek);
    drop((writer, keys));
    let (_writer, keys) = place.writing(right).unwrap();
    assert_eq!(in_use(&*keys, &all), 3);
    assert!(!format!("{:?}", place.reading(under("secret")).unwrap()).contains("secret"));
    keys.destroy(&ids(&all[..1]), kek).unwrap();
    assert_eq!(in_use(&*keys, &all), 2);
    assert!(
        fs::read_to_string(&place.paths.kek)
            .unwrap()
            .contains("\nargon2id ")
    );
}

#[test]
fn a_passphrase_is_worked_on_once() {
    let place = Place::new();
    let settings = under("correct horse");
    let all = {
        let (_writer, keys) = place.writing(settings.clone()).unwrap();
        people(&*keys, 40)
    };
    let reader = place.reading(settings).unwrap().unwrap();
    let time = |person| {
        let start = Instant::now();
        assert_eq!(in_use(&reader, person), person.len());
        start.elapsed()
    };
    let first = time(&all[..1]);
    let others = time(&all[1..]);
    assert!(
        others < first * 20,
        "one took {first:?}, 39 more {others:?}"
    );
}

#[test]
fn a_plain_key_is_taken_with_a_passphrase_and_the_next_one_is_protected() {
    let place = Place::new();
    let all = {
        let (_writer, keys) = place.write();
        people(&*keys, 2)
    };
    let file = place.folder.path().join("passphrase");
    let settings = Settings {
        kek_passphrase_file: Some(file.clone()),
        ..Settings::default()
    };
    for error in place.refusals(&settings) {
        assert!(error.contains("passphrase"), "{error}");
    }
    fs::write(&file, "\n").unwrap();
    for error in place.refusals(&settings) {
        assert!(error.contains("found nothing"), "{error}");
    }
    fs::write(&file, "correct horse\r\n").unwrap();
    {
        let (_writer, keys) = place.writing(settings).unwrap();
        assert_eq!(in_use(&*keys, &all), 2);
        keys.destroy(&ids(&all[..1]), kek_id(&*keys)).unwrap();
    }
    assert!(
        fs::read_to_string(&place.paths.kek)
            .unwrap()
            .contains("\nargon2id ")
    );
    // The variable wins over the file.
    let both = Settings {
        kek_passphrase_file: Some("/nowhere".into()),
        ..under("correct horse")
    };
    assert_eq!(in_use(&*place.writing(both).unwrap().1, &all), 1);
}

#[test]
fn the_key_may_be_in_a_folder_elsewhere() {
    let place = Place::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("a/keks");
    let settings = Settings {
        kek_folder: Some(folder.clone()),
        ..Settings::default()
    };
    let (writer, keys) = place.writing(settings.clone()).unwrap();
    let all = people(&*keys, 3);
    let file = folder.join(format!("{}.kek", keys.log()));
    assert_eq!(id_in(&file), kek_id(&*keys).to_string());
    keys.destroy(&ids(&all[..1]), kek_id(&*keys)).unwrap();
    assert_eq!(id_in(&file), kek_id(&*keys).to_string());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert!(!place.paths.kek.exists());
    drop((writer, keys));
    // What other logs write there is left alone, what this one began is not.
    let (own, others) = (
        folder.join(format!(".new-{}-abc", file.file_name().unwrap().display())),
        folder.join(".new-other.kek-abc"),
    );
    fs::write(&own, "x").unwrap();
    fs::write(&others, "x").unwrap();
    assert_eq!(
        in_use(&*place.writing(settings.clone()).unwrap().1, &all),
        2
    );
    assert!(!own.exists() && others.exists());
    // Without the setting, and with the file where it was before the setting.
    for error in place.refusals(&Settings::default()) {
        assert!(error.contains("is not in"), "{error}");
    }
    fs::rename(&file, &place.paths.kek).unwrap();
    for error in place.refusals(&settings) {
        assert!(
            error.contains("move it to") && error.contains(&file.display().to_string()),
            "{error}"
        );
    }
}

#[test]
fn hostile_files_are_errors_and_no_panics() {
    let place = Place::new();
    let settings = under("correct horse");
    let person = {
        let (_writer, keys) = place.writing(settings.clone()).unwrap();
        people(&*keys, 1).remove(0)
    };
    let good = fs::read_to_string(&place.paths.kek).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from));
        good.replacen(from, to, 1).into_bytes()
    };
    let mut all = vec![
        Vec::new(),
        vec![0; 300],
        (0..=255).collect(),
        vec![b'a'; 1 << 20],
        changed("m=65536", "m=104857600"),
        changed("m=65536", "m=4294967295"),
        changed("m=65536", "m=8"),
        changed("m=65536", "m=065536"),
        changed("t=3", "t=1000000"),
        changed("t=3", "t=0"),
        changed("p=4", "p=0"),
        changed("p=4", "p=16777215"),
        changed("p=4", "p=-4"),
        changed("salt=", "salt= "),
        changed("sealed ", "sealed é"),
        changed("\n", "\r\n"),
        format!("{good}\n").into_bytes(),
        format!("{good}key ").into_bytes(),
        good.to_uppercase().into_bytes(),
    ];
    all.extend(
        (0..good.len())
            .step_by(9)
            .map(|len| good.as_bytes()[..len].to_vec()),
    );
    let ids = place.reading(settings.clone()).unwrap().unwrap();
    for bytes in &all {
        fs::write(&place.paths.kek, bytes).unwrap();
        let start = Instant::now();
        for error in place.refusals(&settings) {
            assert!(
                error.contains("ai-audit/kek/v1") && error.contains("kek: "),
                "{error}"
            );
        }
        assert!(ids.held(person.id).is_err());
        assert!(start.elapsed().as_secs() < 20);
    }
    // Parameters within bounds are held by the seal, and so is every other byte.
    for bytes in [
        changed("m=65536", "m=1024"),
        changed("t=3", "t=2"),
        changed("p=4", "p=2"),
        {
            let mut bytes = good.clone().into_bytes();
            let last = bytes.len() - 2;
            bytes[last] = if bytes[last] == b'0' { b'1' } else { b'0' };
            bytes
        },
    ] {
        fs::write(&place.paths.kek, bytes).unwrap();
        let reader = place.reading(settings.clone()).unwrap().unwrap();
        let error = reader.held(person.id).unwrap_err().to_string();
        assert!(error.contains("does not open"), "{error}");
    }
    fs::write(&place.paths.kek, &good).unwrap();
    // Noise as the next one is what was cut off while it was destroyed; the writer removes it.
    fs::write(&place.paths.next_kek, vec![0; 100]).unwrap();
    assert!(place.reading(settings.clone()).unwrap().is_some());
    let (_writer, keys) = place.writing(settings).unwrap();
    assert_eq!(in_use(&*keys, &[person]), 1);
    assert!(!place.paths.next_kek.exists());
}

#[test]
fn noise_as_the_file_of_subject_keys_is_refused() {
    let place = Place::new();
    people(&*place.write().1, 1);
    fs::write(&place.paths.subject_keys, vec![7; 5000]).unwrap();
    for error in place.refusals(&Settings::default()) {
        assert!(
            error.contains("subjects.db: it is no SQLite database"),
            "{error}"
        );
    }
    let missing = LogDirectory::open(place.folder.path(), Settings::default())
        .unwrap()
        .subject_keys(&LogName::new("nobody").unwrap());
    assert!(missing.unwrap_err().to_string().contains("no log nobody"));
}
