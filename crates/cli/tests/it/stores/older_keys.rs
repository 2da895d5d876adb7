//! A124: a copy of a directory whose file of subject keys is older than the log: a backup that was brought back, a second machine
//! that takes over. It gives nobody a second key.

use super::standby::Standby;
use super::{append, copy, init, init_with_copy, prepared, refused, verified};
use crate::run::{Done, Place};
use crate::serve::{Serving, agent, send};
use std::fs;

/// Records one decision about a person, whose input is kept encrypted.
fn record(place: &Place, subject: &str) -> Done {
    let line =
        format!("{{\"input\":\"q\",\"output\":\"a\",\"model\":\"m\",\"subject\":\"{subject}\"}}\n");
    let args = ["record", "audit", "-", "--keep-encrypted", "input"];
    place.with(&args, &[], &line)
}

fn of_nobody(place: &Place) {
    place
        .with(
            &["record", "audit", "-"],
            &[],
            "{\"input\":\"q\",\"output\":\"a\",\"model\":\"m\"}\n",
        )
        .good();
}

/// The key under which the last receipt about a person is encrypted.
fn key_of(place: &Place, subject: &str) -> String {
    let args = ["subject", "list", "audit", "--json"];
    let said = place.run(&args).good().json();
    let all = said.as_array().or_else(|| said["subjects"].as_array());
    let one = all.unwrap().iter().find(|one| one["subject"] == subject);
    one.unwrap()["key"].as_str().unwrap().to_owned()
}

fn refused_for(done: &Done, key: &str) {
    refused(done, 1, &format!("is encrypted under key {key}"));
    refused(done, 1, "Bring back the newest copy of that file");
    refused(done, 1, "`ai-audit shred DIR --lost-keys`");
}

/// The log holds, and nothing about the keys in it fails.
fn holds(place: &Place) {
    let said = verified(place, "audit");
    assert!(!said.contains("FAILED"), "{said}");
}

#[test]
fn a124_an_older_copy_of_a_directory_gives_nobody_a_second_key() {
    let Some((server, place)) = prepared("older copies of subject keys beside a PostgreSQL") else {
        return;
    };
    init(&server, &place);
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    record(&place, "p0").good();
    copy(&place.path("audit"), &place.path("backup"));
    record(&place, "p1").good();
    let key = key_of(&place, "p1");
    fs::rename(place.path("audit"), place.path("lost")).unwrap();
    copy(&place.path("backup"), &place.path("audit"));

    let before = place.receipts();
    refused_for(&record(&place, "p1"), &key);
    // Of whom else there are keys that are not here is not known.
    refused_for(&record(&place, "p2"), &key);
    assert_eq!(place.receipts(), before);
    // An erasure by this copy would leave the key in the other one.
    let shred = ["shred", "audit", "p1", "--reason", "asked", "--yes"];
    refused(&place.run(&shred), 2, "not among the keys of subjects here");
    of_nobody(&place);
    record(&place, "p0").good();
    holds(&place);

    // The newest file of keys.
    let newest = place.path("lost/keys/subjects.db");
    let older = fs::read(place.path("audit/keys/subjects.db")).unwrap();
    fs::copy(newest, place.path("audit/keys/subjects.db")).unwrap();
    record(&place, "p1").good();
    record(&place, "p2").good();
    assert_eq!(key_of(&place, "p1"), key);
    holds(&place);

    // It is lost: what it opened is gone, and that is said.
    fs::write(place.path("audit/keys/subjects.db"), older).unwrap();
    refused_for(&record(&place, "p1"), &key);
    place
        .run(&["shred", "audit", "--lost-keys", "--reason", "disk lost"])
        .good();
    record(&place, "p1").good();
    record(&place, "p2").good();
    assert_ne!(key_of(&place, "p1"), key);
    holds(&place);
}

/// The same without a server, where one file of a directory was set back.
#[test]
fn a124_an_older_file_of_subject_keys_gives_nobody_a_second_key() {
    let place = Place::new();
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    let file = place.path("audit/keys/subjects.db");
    record(&place, "p0").good();
    let older = fs::read(&file).unwrap();
    record(&place, "p1").good();
    let (key, newest) = (key_of(&place, "p1"), fs::read(&file).unwrap());
    fs::write(&file, older).unwrap();
    refused_for(&record(&place, "p1"), &key);
    of_nobody(&place);
    holds(&place);
    fs::write(&file, newest).unwrap();
    record(&place, "p1").good();
    holds(&place);
}

/// A standby on another machine has its own keys, and hears nothing of those that the writer makes.
#[test]
fn a124_a_standby_that_takes_over_gives_nobody_a_second_key() {
    let Some((server, place)) = prepared("subjects beside a standby in PostgreSQL") else {
        return;
    };
    init_with_copy(&server, &place);
    let first = Serving::start(&place, &["--open", "--keep-encrypted", "input"]);
    let body = r#"{"records": [{"model": "a", "input": "x", "subject": "p1"}]}"#;
    let offer = |serving: &Serving| send(&agent(), &serving.decisions(), None, body).unwrap();
    assert_eq!(offer(&first).0, 201);
    let standby = Standby::start(&place, "copy");
    first.signal("KILL");
    let _ = first.end();
    let second = standby.serves();
    let (status, said) = offer(&second);
    assert_eq!(status, 503, "{said}");
    let detail = said["detail"].as_str().unwrap();
    assert!(detail.contains("keys of the log's subjects"), "{detail}");
    append(&second).unwrap();
    second.signal("TERM");
    second.end();
    holds(&place);
}
