//! A132: keys from before an erasure that came back, while the log uses a newer one.

use crate::privacy::{decisions, holds, kept, show, shred};
use crate::run::{Done, Place};
use serde_json::Value;
use std::fs;
use std::process::Command;

static RECORD: [&str; 5] = ["record", "audit", "again", "--keep-encrypted", "input"];
static LOST: [&str; 5] = ["shred", "audit", "--lost-keys", "--reason", "lost"];
const FILES: [&str; 2] = ["audit/keys/subjects.db", "audit/keys/kek"];

/// A person was erased, and recorded again where that is wished; then the keys from before came back.
fn came_back(is_recorded_again: bool) -> Place {
    let place = kept();
    let old = FILES.map(|file| fs::read(place.path(file)).unwrap());
    shred(&place, &["person-7"]).good();
    place.write("again", "{\"subject\":\"person-7\",\"input\":\"again\"}\n");
    if is_recorded_again {
        place.run(&RECORD).good();
    }
    for (file, bytes) in FILES.iter().zip(&old) {
        fs::write(place.path(file), bytes).unwrap();
    }
    place
}

fn shown(place: &Place) -> Value {
    let args = ["subject", "show", "audit", "person-7", "--json"];
    place.run(&args).good().json()
}

/// The key that is here, and the one under which the last receipt about the person is encrypted.
fn here_and_used(place: &Place) -> (String, String) {
    let here = shown(place)["key"].as_str().unwrap().to_owned();
    let last = show(place, *decisions(place).last().unwrap());
    let used = &last["body"]["kept"][0]["content"]["encrypted"]["key"];
    (here, used.as_str().unwrap().to_owned())
}

/// Nothing was requested by a command that was refused.
fn is_refused(place: &Place, done: &Done, words: &str) {
    assert_eq!(done.code, 2, "{}{}", done.out, done.err);
    assert!(done.err.contains(words), "{}", done.err);
    let log = ["log", "audit", "--kind", "erasure_requested", "--json"];
    let requests = place.run(&log).good().json();
    assert_eq!(requests.as_array().unwrap().len(), 1);
}

/// Both verifiers hold, and so they do after the person was recorded and erased once more.
fn goes_on(place: &Place) {
    holds(place);
    by_python(place);
    assert!(shown(place)["key"].is_null());
    place.run(&RECORD).good();
    shred(place, &["person-7"]).good();
    holds(place);
    by_python(place);
}

/// What the package's own verifier says, which never sees keys.
fn by_python(place: &Place) {
    let folder = place.path("unpacked");
    let _ = fs::remove_dir_all(&folder);
    place
        .run(&["export", "audit", "-o", "p.zip", "--force"])
        .good();
    let mut zip = zip::ZipArchive::new(fs::File::open(place.path("p.zip")).unwrap()).unwrap();
    zip.extract(&folder).unwrap();
    let output = Command::new("python3")
        .arg(folder.join("verify.py"))
        .arg(&folder)
        .args(["--key", "audit/log.pub"])
        .current_dir(place.path("."))
        .output();
    let Ok(output) = output else {
        println!("SKIPPED: python3 is not there");
        return;
    };
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    // What nobody brought is unverified.
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(!said.contains("FAILED"), "{said}");
}

/// Which of the two keys stands first by its id is chance, and what was refused hung on it.
#[test]
fn a132_a_key_that_came_back_does_not_stand_in_for_the_one_in_use() {
    let mut orders = [false; 2];
    for round in 0..24 {
        let place = came_back(true);
        let (here, used) = here_and_used(&place);
        assert_ne!(here, used);
        let order = usize::from(here < used);
        if orders[order] {
            continue;
        }
        orders[order] = true;
        // An erasure of the old key would say that all is gone, and the log would fail from there on.
        let refused = place.run(&["shred", "audit", "person-7", "--reason", "asked"]);
        is_refused(&place, &refused, "which is not among the keys");
        is_refused(&place, &refused, "`ai-audit shred DIR SUBJECT --lost-keys`");
        // What the error of a record says leads to a log that holds.
        let refused = place.run(&RECORD);
        assert!(refused.sentence(1).contains("--lost-keys"), "{round}");
        // With the subject's name, and without.
        let named = [&LOST[..], &["person-7"]].concat();
        let args = if order == 0 { &named[..] } else { &LOST[..] };
        let done = place.run(args).good();
        assert!(
            done.out.contains("the keys of 1 subject and"),
            "{}",
            done.out
        );
        goes_on(&place);
        if orders == [true; 2] {
            return;
        }
    }
    panic!("24 times in one order: {orders:?}");
}

/// The same two ways, each in whatever order.
#[test]
fn a132_lost_keys_are_destroyed_again_with_a_subject_and_without() {
    let (nobody, one): (&[&str], &[&str]) = (&[], &["person-7"]);
    for more in [nobody, one] {
        let place = came_back(true);
        place.run(&[&LOST[..], more].concat()).good();
        goes_on(&place);
    }
}

/// No newer key is in use: the old one is destroyed again, by either command.
#[test]
fn a132_a_key_that_came_back_alone_is_destroyed_again() {
    let place = came_back(false);
    place.run(&LOST).good();
    goes_on(&place);
    let place = came_back(false);
    shred(&place, &["person-7"]).good();
    goes_on(&place);
}

/// Where the newest files come back, an erasure is of the key in use.
#[test]
fn a132_the_newest_keys_erase_as_ever() {
    let place = kept();
    let old = FILES.map(|file| fs::read(place.path(file)).unwrap());
    shred(&place, &["person-7"]).good();
    place.write("again", "{\"subject\":\"person-7\",\"input\":\"again\"}\n");
    place.run(&RECORD).good();
    let newest = FILES.map(|file| fs::read(place.path(file)).unwrap());
    for bytes in [&old, &newest] {
        for (file, bytes) in FILES.iter().zip(bytes) {
            fs::write(place.path(file), bytes).unwrap();
        }
        let done = shred(&place, &["person-7"]);
        let is_old = bytes == &old;
        assert_eq!(done.code, if is_old { 2 } else { 0 }, "{}", done.err);
    }
    goes_on(&place);
}

/// What is said of the subject is true of the keys that are here.
#[test]
fn a132_a_key_that_came_back_is_told() {
    let place = came_back(true);
    let said = shown(&place);
    let done = said["erasures"][0]["completed"].as_u64().unwrap();
    assert_eq!(said["key_destroyed_by"], done);
    assert_eq!(said["receipts"][0]["key_is_elsewhere"], false);
    assert_eq!(said["receipts"][1]["key_is_elsewhere"], true);
    let told = place.run(&["subject", "show", "audit", "person-7"]).good();
    let destroyed = format!("which receipt {done} says is destroyed");
    assert!(told.out.contains(&destroyed), "{}", told.out);
    let elsewhere = "encrypted under a key that is not here";
    assert_eq!(told.out.matches(elsewhere).count(), 1, "{}", told.out);
    let list = ["subject", "list", "audit"];
    let said = place.run(&list).good().out;
    let state = format!("a key that receipt {done} says is destroyed");
    assert!(said.contains(&state), "{said}");
    place.run(&LOST).good();
    let said = shown(&place);
    assert!(said["key"].is_null() && said["key_destroyed_by"].is_null());
    assert_eq!(said["receipts"][1]["key_is_elsewhere"], false);
}
