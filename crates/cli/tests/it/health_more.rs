//! What `info` says of keys of subjects that do not fit the log, of passphrases, witnesses, a store for what is old, and of
//! the key line for auditors: each with the commands that are refused.

use crate::health::{PRODUCTION, contents, is_well, one_problem, record};
use crate::privacy::{decisions, kept, shred};
use crate::run::{Done, Place, lines};
use std::fs;

/// Records one decision about somebody, whose input is kept encrypted.
fn about(place: &Place, subject: &str, env: &[(&str, &str)]) -> Done {
    let line = format!("{{\"input\":\"q\",\"output\":\"a\",\"subject\":\"{subject}\"}}\n");
    let args = ["record", "audit", "-", "--keep-encrypted", "input"];
    place.with(&args, env, &line)
}

/// The first decision is revealed.
fn reveal(place: &Place, env: &[(&str, &str)]) -> Done {
    let seq = decisions(place)[0].to_string();
    place.with(&["reveal", "audit", &seq, "input"], env, "")
}

fn erase(place: &Place, env: &[(&str, &str)]) -> Done {
    let args = ["shred", "audit", "person-7", "--reason", "asked", "--yes"];
    place.with(&args, env, "")
}

fn refused(done: &Done, words: &str) {
    assert_ne!(done.code, 0, "{words}: {}", done.out);
    assert!(done.err.contains(words), "{words}: {}", done.err);
}

const KEYS: [&str; 2] = ["audit/keys/kek", "audit/keys/subjects.db"];

fn keys(place: &Place) -> [Vec<u8>; 2] {
    KEYS.map(|name| fs::read(place.path(name)).unwrap())
}

fn take_keys_away(place: &Place) {
    for name in KEYS {
        let _ = fs::remove_file(place.path(&format!("{name}-journal")));
        fs::remove_file(place.path(name)).unwrap();
    }
}

fn bring_keys_back(place: &Place, keys: &[Vec<u8>; 2]) {
    take_keys_away(place);
    for (name, bytes) in KEYS.iter().zip(keys) {
        fs::write(place.path(name), bytes).unwrap();
    }
}

#[test]
fn a124_keys_of_subjects_that_are_gone_with_the_one_that_wraps_them_are_told() {
    let place = kept();
    is_well(&place, &[]);
    let newest = keys(&place);
    take_keys_away(&place);
    let before = contents(&place.path("audit"));
    let words = "is encrypted under key";
    one_problem(&place, &[], words);
    assert_eq!(contents(&place.path("audit")), before);
    refused(&about(&place, "person-9", &[]), words);
    assert_ne!(reveal(&place, &[]).code, 0);
    assert_ne!(erase(&place, &[]).code, 0);
    // Those that were made meanwhile change nothing of it.
    one_problem(&place, &[], words);
    // What is about nobody goes on.
    record(&place, &[]).good();
    bring_keys_back(&place, &newest);
    is_well(&place, &[]);
    about(&place, "person-9", &[]).good();
    is_well(&place, &[]);
}

#[test]
fn a124_an_older_copy_of_the_keys_of_subjects_is_told() {
    let place = kept();
    let older = keys(&place);
    about(&place, "person-9", &[]).good();
    let newest = keys(&place);
    is_well(&place, &[]);
    bring_keys_back(&place, &older);
    let words = "is encrypted under key";
    one_problem(&place, &[], words);
    refused(&about(&place, "person-9", &[]), words);
    refused(&about(&place, "person-10", &[]), words);
    bring_keys_back(&place, &newest);
    is_well(&place, &[]);
    about(&place, "person-10", &[]).good();
}

#[test]
fn a124_keys_from_before_an_erasure_are_told() {
    let place = kept();
    let before = keys(&place);
    shred(&place, &["person-7"]).good();
    let after = keys(&place);
    is_well(&place, &[]);
    bring_keys_back(&place, &before);
    one_problem(&place, &[], "is destroyed, and it is among the keys");
    refused(&about(&place, "person-9", &[]), "is destroyed");
    bring_keys_back(&place, &after);
    is_well(&place, &[]);
    about(&place, "person-9", &[]).good();
}

/// Only whose key was destroyed is refused.
#[test]
fn a124_a_log_from_before_an_erasure_is_told() {
    let place = kept();
    let database = place.path("audit/audit.db");
    fs::copy(&database, place.path("older.db")).unwrap();
    shred(&place, &["person-7"]).good();
    is_well(&place, &[]);
    for file in ["audit.db-wal", "audit.db-shm"] {
        let _ = fs::remove_file(place.path("audit").join(file));
    }
    fs::copy(place.path("older.db"), &database).unwrap();
    let words = "which is destroyed, and no erasure in the log says so";
    one_problem(&place, &[], words);
    refused(&about(&place, "person-7", &[]), words);
    about(&place, "person-9", &[]).good();
    one_problem(&place, &[], words);
    let lost = ["shred", "audit", "--lost-keys", "--reason", "restored"];
    place.run(&lost).good();
    is_well(&place, &[]);
    about(&place, "person-7", &[]).good();
}

/// The setting that names the file with a passphrase, and production.
fn file(path: &str) -> [(&str, &str); 2] {
    [("AI_AUDIT_KEK_PASSPHRASE_FILE", path), PRODUCTION[0]]
}

#[test]
fn a_file_without_the_passphrase_is_told() {
    let place = kept();
    place.write("right", "correct horse\n");
    place.write("empty", "\n");
    fs::create_dir(place.path("folder")).unwrap();
    let path = |name: &str| place.path(name).display().to_string();
    let private = path("right");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
    }
    is_well(&place, &file(&private));
    is_well(&place, &file(&private)[..1]);
    for (name, words) in [
        ("nowhere", "nowhere: the passphrase"),
        ("empty", "empty: expected a passphrase"),
        ("folder", "folder: expected a plain file"),
    ] {
        let path = path(name);
        let env = &file(&path)[..1];
        one_problem(&place, env, words);
        refused(&about(&place, "person-9", env), name);
        refused(&reveal(&place, env), name);
        refused(&erase(&place, env), name);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&private, fs::Permissions::from_mode(0o644)).unwrap();
        let words = "others can read this key file";
        one_problem(&place, &file(&private), words);
        refused(&about(&place, "person-9", &file(&private)), words);
        is_well(&place, &file(&private)[..1]);
    }
    is_well(&place, &[]);
}

#[test]
fn a_key_under_a_passphrase_that_nobody_gives_is_told() {
    let place = Place::empty();
    let init = ["init", "audit", "--name", "example.org/test"];
    place.run(&init).good();
    let right = [("AI_AUDIT_KEK_PASSPHRASE", "correct horse")];
    about(&place, "person-7", &right).good();
    let before = keys(&place);
    is_well(&place, &right);
    let words = "it is under a passphrase";
    one_problem(&place, &[], words);
    refused(&about(&place, "person-8", &[]), words);
    refused(&reveal(&place, &[]), words);
    refused(&erase(&place, &[]), words);
    // Which keys there are is seen without it.
    erase(&place, &right).good();
    bring_keys_back(&place, &before);
    let done = place.run(&["info", "audit", "--json"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let said = done.json()["problems"].to_string();
    for words in [words, "is destroyed, and it is among the keys"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_mistake_in_the_file_of_witnesses_is_told() {
    let place = Place::new();
    let asks = [("AI_AUDIT_ASK_WITNESSES", "true")];
    is_well(&place, &asks);
    place.write("audit/witnesses.policy", "garbage\n");
    let words = "witnesses.policy: policy, line 1";
    one_problem(&place, &asks, words);
    refused(&record(&place, &asks), words);
    // Where they are not asked before it is recorded they are asked for cosignatures.
    one_problem(&place, &[], words);
    refused(&place.run(&["witness", "list", "audit"]), words);
    fs::remove_file(place.path("audit/witnesses.policy")).unwrap();
    is_well(&place, &asks);
    record(&place, &asks).good();
}

#[test]
fn a_store_for_what_is_old_that_is_away_is_told() {
    let place = kept();
    place.run(&["epoch", "seal", "audit"]).good();
    let to_cold = ["epoch", "move", "audit", "--days", "0", "--keep", "0"];
    let new = ["--new", "--set", "cold-folder=cold"];
    place.run(&[&to_cold[..], &new].concat()).good();
    is_well(&place, &[]);
    // Listing receipts asks the store, too.
    let seq = decisions(&place)[0].to_string();
    let reveal = || place.run(&["reveal", "audit", &seq, "input"]);
    fs::rename(place.path("cold"), place.path("away")).unwrap();
    let words = "there is no such folder";
    one_problem(&place, &[], words);
    // And it stands where it stood.
    let said = place.run(&["info", "audit", "--json"]).json();
    let error = said["store"]["cold"]["error"].as_str().unwrap();
    assert!(error.contains(words), "{error}");
    refused(&reveal(), words);
    refused(&erase(&place, &[]), words);
    refused(&about(&place, "person-9", &[]), words);
    // What needs nothing of it goes on.
    place.record(&lines(2));
    fs::rename(place.path("away"), place.path("cold")).unwrap();
    is_well(&place, &[]);
    reveal().good();
    about(&place, "person-9", &[]).good();
}

#[test]
fn a_store_for_what_is_old_that_was_never_made_is_told() {
    let place = kept();
    let folder = place.path("never").display().to_string();
    let env = [("AI_AUDIT_COLD_FOLDER", folder.as_str())];
    is_well(&place, &[]);
    let words = "there is no such folder";
    one_problem(&place, &env, words);
    refused(&erase(&place, &env), words);
    assert!(!place.path("never").exists());
    reveal(&place, &env).good();
    is_well(&place, &[]);
}

#[test]
fn a_key_line_that_is_not_the_logs_is_told() {
    let place = Place::new();
    place.run(&["init", "other"]).good();
    is_well(&place, &[]);
    let file = place.path("audit/log.pub");
    let own = fs::read_to_string(&file).unwrap();
    let other = fs::read_to_string(place.path("other/log.pub")).unwrap();
    for wrong in [other.as_str(), "garbage\n", ""] {
        fs::write(&file, wrong).unwrap();
        one_problem(&place, &[], "log.pub: expected the log's key line");
        one_problem(&place, &[], own.trim_end());
        let args = ["verify", "audit", "--key", "audit/log.pub"];
        assert_ne!(place.run(&args).code, 0, "{wrong}");
        // As it says: the next one that records writes it anew.
        fs::remove_file(&file).unwrap();
        is_well(&place, &[]);
        record(&place, &[]).good();
        assert_eq!(fs::read_to_string(&file).unwrap(), own);
        is_well(&place, &[]);
    }
}
