//! What `info` says of a directory that would be refused: each thing, with the exit code, and nothing of it is changed.

use crate::run::{Done, Place, lines};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const PRODUCTION: [(&str, &str); 1] = [("AI_AUDIT_ENV", "production")];

/// What `info` names, in both forms: one thing, of the default log, with these words.
pub(crate) fn one_problem(place: &Place, env: &[(&str, &str)], words: &str) {
    let done = place.with(&["info", "audit", "--json"], env, "");
    assert_eq!(done.code, 1, "{words}: {}{}", done.out, done.err);
    let problems = done.json()["problems"].clone();
    let problems = problems.as_array().unwrap();
    assert_eq!(problems.len(), 1, "{words}: {problems:?}");
    assert_eq!(problems[0]["log"], "default", "{words}");
    let what = problems[0]["what"].as_str().unwrap();
    assert!(what.contains(words), "{words}: {what}");
    // Settings and logs are told all the same.
    let done = place.with(&["info", "audit"], env, "");
    assert_eq!(done.code, 1, "{words}: {}{}", done.out, done.err);
    assert!(done.out.contains("  default: "), "{words}: {}", done.out);
    let (_, told) = done.out.split_once("\nproblems\n").unwrap();
    assert!(told.contains(words), "{words}: {told}");
}

pub(crate) fn is_well(place: &Place, env: &[(&str, &str)]) {
    let done = place.with(&["info", "audit", "--json"], env, "").good();
    assert_eq!(done.json()["problems"], serde_json::json!([]));
    let done = place.with(&["info", "audit"], env, "").good();
    assert!(done.out.contains("problems\n  none"), "{}", done.out);
}

pub(crate) fn record(place: &Place, env: &[(&str, &str)]) -> Done {
    place.with(&["record", "audit", "-"], env, &lines(2))
}

/// Id and public key of one of the keys of a directory's log.
fn key_of(place: &Place, directory: &str, purpose: &str) -> (String, String) {
    let said = place.run(&["key", directory, "--json"]).good().json();
    let keys = said["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["purpose"] == purpose).unwrap();
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    (text("key_id"), text("public_key"))
}

/// The names and bytes of the files below a folder, but for those that readers of SQLite share.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            all.extend(contents(&path));
        } else if !name.ends_with("-shm") && !name.ends_with("-wal") {
            let bytes = fs::read(&path).unwrap();
            all.insert(path, bytes);
        }
    }
    all
}

/// What is secret in a log directory.
const KEYS: [&str; 5] = [
    "keys/kek",
    "keys/subjects.db",
    "keys/receipt.pem",
    "keys/checkpoint.pem",
    "keys/digest.secret",
];

#[test]
fn keys_that_are_gone_are_told() {
    let place = crate::privacy::kept();
    let keep = ["record", "audit", "lines", "--keep-encrypted", "input"];
    place.run(&keep).good();
    is_well(&place, &[]);
    for name in KEYS.into_iter().chain(["keys"]) {
        let (path, away) = (place.path("audit").join(name), place.path("away"));
        fs::rename(&path, &away).unwrap();
        let before = contents(&place.path("audit"));
        one_problem(&place, &[], name);
        assert_eq!(contents(&place.path("audit")), before, "{name}");
        // And it is what keeps it from being recorded to.
        let refused = place.run(&keep);
        assert_ne!(refused.code, 0, "{name}: {}", refused.out);
        assert!(refused.err.contains(name), "{name}: {}", refused.err);
        if name == "keys" {
            // What the refused run may have made there.
            let _ = fs::remove_dir_all(&path);
        }
        fs::rename(&away, &path).unwrap();
        is_well(&place, &[]);
    }
}

#[test]
fn a_key_of_another_log_is_told() {
    let place = Place::new();
    place.run(&["init", "other"]).good();
    record(&place, &[]).good();
    for purpose in ["receipt", "checkpoint"] {
        let own = key_of(&place, "audit", purpose).0;
        let other = key_of(&place, "other", purpose).0;
        let name = format!("keys/{purpose}.pem");
        let (path, away) = (place.path("audit").join(&name), place.path("away"));
        fs::rename(&path, &away).unwrap();
        fs::copy(place.path("other").join(&name), &path).unwrap();
        one_problem(&place, &[], &name);
        one_problem(&place, &[], &format!("key {own}, found {other}"));
        let refused = record(&place, &[]);
        assert_ne!(refused.code, 0, "{name}: {}", refused.out);
        let key = format!("{purpose} key");
        assert!(refused.err.contains(&key), "{name}: {}", refused.err);
        fs::rename(&away, &path).unwrap();
    }
    is_well(&place, &[]);
    // After a rotation the log's receipt key is the new one.
    place.run(&["key", "rotate", "audit"]).good();
    is_well(&place, &[]);
}

/// Which key a service has is in the file that names it: nobody is asked.
#[test]
fn a_service_with_the_key_of_another_log_is_told() {
    let place = Place::new();
    place.run(&["init", "other"]).good();
    for purpose in ["receipt", "checkpoint"] {
        let (own, other) = (
            key_of(&place, "audit", purpose),
            key_of(&place, "other", purpose),
        );
        let signer = format!("audit/keys/{purpose}.signer");
        let names = |key: &str| {
            let line = format!("vault:https://vault.example.org:8200/transit/key {key}\n");
            place.write(&signer, &line);
        };
        let file = place.path(&format!("audit/keys/{purpose}.pem"));
        let away = place.path("away");
        fs::rename(&file, &away).unwrap();
        names(&own.1);
        is_well(&place, &[]);
        names(&other.1);
        one_problem(&place, &[], &signer);
        one_problem(&place, &[], &format!("key {}, found {}", own.0, other.0));
        // Beside the log's key in its file it does not count.
        fs::rename(&away, &file).unwrap();
        is_well(&place, &[]);
        fs::remove_file(place.path(&signer)).unwrap();
    }
    is_well(&place, &[]);
}

#[test]
fn a_log_that_cannot_be_read_hides_nothing_of_the_others() {
    let place = Place::new();
    place.record("{\"tenant\":\"acme\",\"model\":\"m\"}\n");
    is_well(&place, &[]);
    let database = rusqlite::Connection::open(place.path("audit/audit.db")).unwrap();
    let of_acme = "log = (SELECT id FROM logs WHERE name = 'acme')";
    let update = format!("UPDATE receipts SET sealed = x'00' WHERE seq = 0 AND {of_acme}");
    assert_eq!(database.execute(&update, []).unwrap(), 1);
    drop(database);
    fs::rename(place.path("audit/keys/receipt.pem"), place.path("away")).unwrap();
    let done = place.run(&["info", "audit", "--json"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let said = done.json();
    assert_eq!(said["logs"].as_array().unwrap().len(), 1, "{said}");
    assert_eq!(said["logs"][0]["log"], "default");
    let problems = said["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{said}");
    for (problem, log, words) in [
        (&problems[0], "acme", "genesis of log acme"),
        (&problems[1], "default", "keys/receipt.pem"),
    ] {
        assert_eq!(problem["log"], log, "{said}");
        assert!(problem["what"].as_str().unwrap().contains(words), "{said}");
    }
    let done = place.run(&["info", "audit"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let (before, told) = done.out.split_once("\nproblems\n").unwrap();
    assert!(before.contains("\n  default: "), "{before}");
    for words in ["  acme: ", "genesis of log acme", "  default: "] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

/// A writer that was killed while it wrote keys leaves a journal, which keeps everybody from reading them and which the
/// next one takes back without being asked.
#[test]
fn what_the_next_record_mends_by_itself_is_not_told() {
    let place = crate::privacy::kept();
    let journal = place.path("audit/keys/subjects.db-journal");
    let keys = rusqlite::Connection::open(place.path("audit/keys/subjects.db")).unwrap();
    // Where nothing is synced the journal is whole before the commit.
    keys.execute_batch(
        "PRAGMA synchronous = OFF; BEGIN IMMEDIATE; INSERT INTO tombstones VALUES (x'00');",
    )
    .unwrap();
    let left = fs::read(&journal).unwrap();
    keys.execute_batch("ROLLBACK").unwrap();
    drop(keys);
    assert!(left.first().is_some_and(|byte| *byte != 0));
    fs::write(&journal, left).unwrap();
    // It does keep a reader from them.
    let path = place.path("audit/keys/subjects.db");
    let only_reads = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let reader = rusqlite::Connection::open_with_flags(path, only_reads).unwrap();
    let read = reader.query_row("SELECT count(*) FROM tombstones", [], |_| Ok(()));
    assert!(read.is_err());
    drop(reader);
    let before = contents(&place.path("audit"));
    is_well(&place, &[]);
    assert_eq!(contents(&place.path("audit")), before);
    record(&place, &[]).good();
    assert!(!fs::metadata(&journal).is_ok_and(|journal| journal.len() > 0));
    let seq = crate::privacy::decisions(&place)[0].to_string();
    place.run(&["reveal", "audit", &seq, "input"]).good();
    is_well(&place, &[]);
}

#[cfg(unix)]
#[test]
fn a_log_that_a_service_has_open_is_well() {
    use crate::serve::{Serving, agent, send};
    let place = crate::privacy::kept();
    let serving = Serving::start(&place, &["--open"]);
    let record = "{\"model\":\"m\",\"action\":\"allow\"}";
    let (sealed, answer) = send(&agent(), &serving.decisions(), None, record).unwrap();
    assert_eq!(sealed, 201, "{answer}");
    is_well(&place, &[]);
    serving.signal("TERM");
    assert_eq!(serving.end().0, Some(0));
}

/// An auditor, or whoever else may read the log and not its keys, hears nothing of them.
#[cfg(unix)]
#[test]
fn keys_that_may_not_be_read_are_not_told() {
    use crate::run::done;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    let place = crate::privacy::kept();
    let is_root = fs::metadata(place.path("")).unwrap().uid() == 0;
    let as_another = |args: &[&str]| {
        let mut command = place.command(args);
        // With counters of coverage in it the program would say that he may not write them.
        command.env("LLVM_PROFILE_FILE", "/dev/null");
        if is_root {
            command.uid(65_534).gid(65_534);
        }
        done(command.output().unwrap())
    };
    // The key that wraps them may be read, so it is looked whether they are there.
    for (name, mode) in [
        ("", 0o755),
        ("audit", 0o755),
        ("audit/audit.db", 0o644),
        ("audit/keys", 0o755),
        ("audit/keys/kek", 0o644),
        ("audit/keys/subjects.db", 0),
    ] {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    if as_another(&["info"]).code != 0 {
        println!("SKIPPED: another user cannot run the program here");
        return;
    }
    let said = as_another(&["info", "audit", "--json"]).good().json();
    assert_eq!(said["problems"], serde_json::json!([]));
    let (keys, away) = (
        place.path("audit/keys/subjects.db"),
        place.path("audit/keys/away"),
    );
    fs::rename(&keys, &away).unwrap();
    let said = as_another(&["info", "audit", "--json"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("keys/subjects.db"), "{}", said.out);
}

#[cfg(unix)]
#[test]
fn keys_that_others_can_read_are_told_in_production() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = crate::privacy::kept();
    is_well(&place, &PRODUCTION);
    for name in KEYS {
        let path = place.path("audit").join(name);
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        one_problem(&place, &PRODUCTION, name);
        is_well(&place, &[]);
        mode(0o600);
    }
    is_well(&place, &PRODUCTION);
}

#[test]
fn a33_a_log_that_is_behind_its_mark_is_told() {
    let place = Place::new();
    let marks = [("AI_AUDIT_HIGH_WATER_MARKS", "marks")];
    record(&place, &marks).good();
    let database = place.path("audit/audit.db");
    fs::copy(&database, place.path("older.db")).unwrap();
    record(&place, &marks).good();
    is_well(&place, &marks);
    for file in ["audit.db-wal", "audit.db-shm"] {
        let _ = fs::remove_file(place.path("audit").join(file));
    }
    fs::copy(place.path("older.db"), &database).unwrap();
    let before = contents(&place.path("marks"));
    one_problem(&place, &marks, "older copy");
    assert_eq!(contents(&place.path("marks")), before);
    // Where no marks are kept nobody can tell.
    is_well(&place, &[]);
    let refused = record(&place, &marks);
    assert!(refused.err.contains("older copy"), "{}", refused.err);
}

/// A directory that somebody handed over: a pipe in place of a key never answers.
#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_key_is_told() {
    let place = crate::privacy::kept();
    for name in [
        "keys/receipt.pem",
        "keys/receipt.signer",
        "keys/checkpoint.pem",
        "keys/digest.secret",
        "keys/kek",
        "keys/subjects.db",
    ] {
        let (path, away) = (place.path("audit").join(name), place.path("away"));
        let was_there = fs::rename(&path, &away).is_ok();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success(), "{name}");
        one_problem(&place, &[], "expected a plain file");
        fs::remove_file(&path).unwrap();
        if was_there {
            fs::rename(&away, &path).unwrap();
        }
    }
    is_well(&place, &[]);
}
