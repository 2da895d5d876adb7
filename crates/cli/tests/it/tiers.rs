//! `ai-audit epoch move` and `fetch`: a log whose old epochs are in another store, and what other commands make of it.

use crate::privacy;
use crate::run::{Place, lines};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

mod gone_back;
mod lost;
mod owed;
#[cfg(feature = "s3")]
mod quickstart;

/// A log with two sealed epochs and an open one; what an auditor was given of it is in `kept.pub` and `kept.note`.
fn place() -> Place {
    let place = Place::empty();
    let init = ["init", "audit", "--name", "example.org/test"];
    let days = ["--policy", "retention-days=0"];
    place.run(&[&init[..], &days].concat()).good();
    for _ in 0..2 {
        place.record(&lines(10));
        place.run(&["epoch", "seal", "audit"]).good();
    }
    place.record(&lines(5));
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    place
}

const MOVE: [&str; 6] = ["epoch", "move", "audit", "--days", "0", "--json"];

/// Moves both sealed epochs to the folder `cold`.
fn moved() -> Place {
    let place = place();
    let new = ["--keep", "0", "--new", "--set", "cold-folder=cold"];
    let done = place.run(&[&MOVE[..], &new].concat()).good().json();
    assert!(done["freed"].as_u64().unwrap() >= 20, "{done}");
    assert_eq!(done["moved"], done["copied"]);
    place
}

fn verify(place: &Place, what: &str) -> (i32, String) {
    let key = ["--key", "kept.pub", "--checkpoint", "kept.note"];
    let done = place.run(&[&["verify", what][..], &key].concat());
    (done.code, done.out + &done.err)
}

fn verified(place: &Place, what: &str) {
    let (code, said) = verify(place, what);
    assert_eq!(code, 0, "{said}");
    let all = "VERIFIED: integrity, attribution, completeness";
    assert!(said.contains(all), "{said}");
}

/// A field of each sealed epoch.
fn of_epochs(place: &Place, field: &str) -> Vec<Value> {
    let list = ["epoch", "list", "audit", "--json"];
    let list = place.run(&list).good().json();
    let all = list["epochs"].as_array().unwrap().iter();
    let sealed = all.filter(|epoch| epoch["sealed"] == true);
    sealed.map(|epoch| epoch[field].clone()).collect()
}

fn shown(place: &Place, seq: &str) -> Value {
    place.run(&["show", "audit", seq, "--json"]).good().json()
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(path),
        }
    }
    all
}

#[test]
fn what_was_moved_is_read_and_verified_and_exported_as_before() {
    let place = place();
    let before = shown(&place, "5");
    let new = [
        "--keep",
        "0",
        "--new",
        "--compact",
        "--set",
        "cold-folder=cold",
    ];
    let done = place.run(&[&MOVE[..], &new].concat()).good().json();
    assert!(done["place"].as_str().unwrap().contains("cold"), "{done}");
    // The place is in the directory's settings, as it is seen from anywhere.
    let settings = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
    let line = format!("\ncold-folder = \"{}\"\n", place.path("cold").display());
    assert!(settings.contains(&line), "{settings}");
    assert_eq!(of_epochs(&place, "deleted"), [0, 0]);
    assert_eq!(of_epochs(&place, "moved"), [10, 10]);
    let list = place.run(&["epoch", "list", "audit"]).good().out;
    assert_eq!(list.matches("moved").count(), 2, "{list}");
    // It is here no more, and is shown as it was.
    let elsewhere = ["show", "audit", "5", "--set", "cold-folder=elsewhere"];
    let refused = place.run(&elsewhere);
    assert!(refused.sentence(2).contains("not there"), "{}", refused.err);
    assert_eq!(shown(&place, "5"), before);
    verified(&place, "audit");
    place.run(&["export", "audit", "-o", "all.zip"]).good();
    verified(&place, "all.zip");
    let info = place.run(&["info", "audit"]).good().out;
    assert!(info.contains("what is old: folder"), "{info}");
    // The log goes on.
    place.record(&lines(3));
    verified(&place, "audit");
    let again = ["epoch", "move", "audit", "--days", "0", "--keep", "0"];
    let said = place.run(&again).good().out;
    assert!(said.contains("Nothing is to move"), "{said}");
    // What young epochs are is what the settings say.
    place.run(&["epoch", "seal", "audit"]).good();
    let said = place.run(&["epoch", "move", "audit"]).good().out;
    assert!(said.contains("Nothing is to move"), "{said}");
    let done = place.run(&[&MOVE[..], &["--keep", "1"]].concat()).good();
    assert_eq!(done.json()["copied"], 0);
    let done = place.run(&[&MOVE[..], &["--keep", "0"]].concat()).good();
    assert_eq!(done.json()["freed"], 8);
    verified(&place, "audit");
}

#[test]
fn what_was_fetched_is_read_without_the_cold_store() {
    let place = moved();
    let before = shown(&place, "5");
    let fetch = ["epoch", "fetch", "audit", "0", "--json"];
    assert_eq!(place.run(&fetch).good().json()["fetched"], 10);
    assert_eq!(of_epochs(&place, "moved"), [0, 10]);
    fs::rename(place.path("cold"), place.path("away")).unwrap();
    assert_eq!(shown(&place, "5"), before);
    // The other epoch is not there, and nobody says that it was verified.
    let (code, said) = verify(&place, "audit");
    assert!(code != 0 && !said.contains("VERIFIED: integrity"), "{said}");
    assert!(said.contains("not there"), "{said}");
    // Records are taken as ever.
    place.record(&lines(2));
    let info = place.run(&["info", "audit"]);
    assert_eq!(info.code, 1, "{}", info.out);
    assert!(info.out.contains("not there"), "{}", info.out);
    // A store is made by --new alone.
    let refused = place.run(&MOVE);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(!place.path("cold").exists());
    fs::rename(place.path("away"), place.path("cold")).unwrap();
    verified(&place, "audit");
    let done = place.run(&[&MOVE[..], &["--keep", "0"]].concat()).good();
    assert_eq!(done.json()["freed"], 10);
    assert_eq!(of_epochs(&place, "moved"), [10, 10]);
}

#[test]
fn what_was_moved_is_deleted_in_both_stores_and_put_back_from_its_archive() {
    let place = moved();
    let before = shown(&place, "5");
    place.run(&["epoch", "archive", "audit", "0"]).good();
    let cold = || -> Vec<u8> {
        let all = files(&place.path("cold"));
        all.iter()
            .flat_map(|path| fs::read(path).unwrap())
            .collect()
    };
    let size = cold().len();
    let delete = ["epoch", "delete", "audit", "0", "--archive", "epoch-0.zip"];
    place.run(&delete).good();
    assert!(cold().len() < size - 1000);
    assert_eq!(of_epochs(&place, "deleted"), [10, 0]);
    assert_eq!(of_epochs(&place, "moved"), [0, 10]);
    verified(&place, "audit");
    let restore = ["epoch", "restore", "audit", "epoch-0.zip", "--json"];
    assert_eq!(place.run(&restore).good().json()["restored"], 10);
    assert_eq!(shown(&place, "5"), before);
    assert_eq!(of_epochs(&place, "moved"), [10, 10]);
    verified(&place, "audit");
}

#[test]
fn a98_a_copy_that_was_altered_or_lost_is_said_and_deletes_nothing() {
    let place = moved();
    let segments: Vec<PathBuf> = files(&place.path("cold"))
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("/segments/"))
        .collect();
    let kept: Vec<_> = segments
        .iter()
        .map(|path| fs::read(path).unwrap())
        .collect();
    for (path, content) in segments.iter().zip(&kept) {
        let mut bad = content.clone();
        *bad.last_mut().unwrap() ^= 1;
        fs::write(path, bad).unwrap();
    }
    let (code, said) = verify(&place, "audit");
    assert!(code == 1 && said.contains("other bytes"), "{said}");
    place.record(&lines(1));
    let receipts = place.receipts();
    let delete = ["epoch", "delete", "audit", "0", "--without-archive"];
    fs::remove_dir_all(place.path("cold")).unwrap();
    let refused = place.run(&delete);
    assert!(refused.code != 0, "{}", refused.out);
    // No receipt says that anything was deleted. The writer that tried began and ended.
    let kind = ["log", "audit", "--kind", "deletion", "--json"];
    assert_eq!(place.run(&kind).good().json(), serde_json::json!([]));
    assert!(place.receipts() <= receipts + 2);
}

/// What is kept of a person is erased in the place to which it was moved, or nothing says that it is.
#[test]
fn what_was_moved_is_erased_in_both_stores() {
    let place = privacy::kept();
    let seq = privacy::decisions(&place)[0].to_string();
    place.run(&["epoch", "seal", "audit"]).good();
    let new = ["--keep", "0", "--new", "--set", "cold-folder=cold"];
    place.run(&[&MOVE[..], &new].concat()).good();
    let reveal = ["reveal", "audit", seq.as_str(), "input"];
    let beside = || -> u64 {
        let all = files(&place.path("cold"));
        let beside = all
            .iter()
            .filter(|path| path.to_string_lossy().contains("/beside/"));
        beside.map(|path| fs::metadata(path).unwrap().len()).sum()
    };
    let before = beside();
    assert!(before > 0);
    // Away with it nothing is destroyed, and no receipt says that anything will be.
    fs::rename(place.path("cold"), place.path("away")).unwrap();
    let refused = privacy::shred(&place, &["person-7"]);
    assert_ne!(refused.code, 0, "{}", refused.out);
    let kind = ["log", "audit", "--kind", "erasure_requested", "--json"];
    assert_eq!(place.run(&kind).good().json(), serde_json::json!([]));
    fs::rename(place.path("away"), place.path("cold")).unwrap();
    let shown = place.run(&reveal).good().out;
    assert!(shown.starts_with("I am alice@example.com"), "{shown}");
    let done = privacy::shred(&place, &["person-7"]).good().json();
    assert_eq!(done["ciphertexts"], 1);
    assert!(beside() < before);
    assert_eq!(place.run(&reveal).code, 1);
    privacy::holds(&place);
}

/// A114: settings lose the store that has what is old, or name another. Nothing is told as deleted, and nothing is deleted
/// in one of two stores.
#[test]
fn a114_settings_that_lose_the_cold_store_are_refused() {
    let place = moved();
    let settings = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
    let record = ["record", "audit", "lines.jsonl"];
    let delete = ["epoch", "delete", "audit", "0", "--without-archive"];
    let receipts = place.receipts();
    let elsewhere = format!("cold-folder={}", place.path("elsewhere").display());
    place.write("audit/ai-audit.toml", "");
    for args in [
        &["verify", "audit", "--key", "kept.pub"][..],
        &["show", "audit", "5"],
        &["export", "audit", "-o", "all.zip"],
        &["epoch", "list", "audit"],
        &["epoch", "move", "audit"],
        &record,
        &delete,
    ] {
        let refused = place.run(args);
        let said = refused.sentence(2);
        assert!(
            said.contains("audit.cold") && said.contains("cold-folder"),
            "{said}"
        );
    }
    // Another one, for whoever writes.
    for args in [&record[..], &delete, &["epoch", "move", "audit", "--new"]] {
        let refused = place.run(&[args, &["--set", &elsewhere]].concat());
        let said = refused.sentence(2);
        assert!(
            said.contains("audit.cold") && said.contains("elsewhere"),
            "{said}"
        );
    }
    assert!(!place.path("elsewhere").exists());
    place.write("audit/ai-audit.toml", &settings);
    assert_eq!(place.receipts(), receipts);
    verified(&place, "audit");
    // One that was brought to another place is named in both files.
    fs::rename(place.path("cold"), place.path("elsewhere")).unwrap();
    let there = |text: &str| text.replace("/cold", "/elsewhere");
    for file in ["audit/ai-audit.toml", "audit/audit.cold"] {
        let text = fs::read_to_string(place.path(file)).unwrap();
        place.write(file, &there(&text));
    }
    verified(&place, "audit");
    place.record(&lines(1));
}

/// A place is in the settings file, or nothing is made there.
#[test]
fn a_settings_file_that_names_another_place_is_heeded() {
    let place = place();
    place.write("audit/ai-audit.toml", "cold-folder = \"first\"\n");
    let new = [
        "epoch",
        "move",
        "audit",
        "--new",
        "--set",
        "cold-folder=second",
    ];
    let refused = place.run(&new);
    let said = refused.sentence(2);
    assert!(said.contains("Change one of them"), "{said}");
    assert!(!place.path("second").exists());
    let text = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
    assert_eq!(text, "cold-folder = \"first\"\n");
}

/// A113: settings that somebody else wrote lead our key, or our machine's role, to a server of his.
#[cfg(feature = "s3")]
#[test]
fn a113_a_key_goes_to_no_server_but_that_of_its_own_file() {
    let place = place();
    let hostile = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    hostile.set_nonblocking(true).unwrap();
    let server = hostile.local_addr().unwrap();
    let file = place.path("credentials").display().to_string();
    let (key, theirs) = ("AI_AUDIT_COLD_CREDENTIALS", format!("http://{server}"));
    let bucket = "cold-bucket = \"s3://audit\"\n";
    let commands = [
        &["verify", "audit", "--key", "kept.pub"][..],
        &["record", "audit", "lines.jsonl"],
        &[
            "epoch", "move", "audit", "--new", "--days", "0", "--keep", "0",
        ],
    ];
    let receipts = place.receipts();
    place.write(
        "audit/ai-audit.toml",
        &format!("{bucket}cold-endpoint = \"{theirs}\"\n"),
    );
    for ours in [
        "",
        "endpoint_url = http://127.0.0.1:1\n",
        "endpoint_url = https://s3.example.org\n",
    ] {
        let text = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = hunter2\n";
        place.write("credentials", &format!("{text}{ours}"));
        // The key is read when the bucket is needed.
        let done = place.with(commands[2], &[(key, file.as_str())], "");
        assert_ne!(done.code, 0, "{}", done.out);
        assert!(done.err.contains("nothing was sent"), "{}", done.err);
        assert!(!done.err.contains("hunter2"), "{}", done.err);
        let done = place.with(commands[0], &[(key, file.as_str())], "");
        assert!(!(done.out + &done.err).contains("hunter2"));
    }
    let refused = place.run(commands[2]);
    let said = refused.sentence(2);
    assert!(said.contains("role goes to nobody else"), "{said}");
    // Nothing was moved, so nobody needs it.
    assert_eq!(place.run(commands[0]).code, 3);
    // A region is part of a server's name.
    let region = format!("cold-region = \"x@{server}/\"\n");
    place.write("audit/ai-audit.toml", &format!("{bucket}{region}"));
    place.write(
        "credentials",
        "[default]\naws_access_key_id = AKIA\naws_secret_access_key = hunter2\n",
    );
    let done = place.with(commands[2], &[(key, file.as_str())], "");
    assert!(done.sentence(2).contains("region"), "{}", done.err);
    // A key that is for this very server is for the command's own directory, not for a fleet's member.
    place.write("credentials", &format!("[default]\naws_access_key_id = AKIA\naws_secret_access_key = hunter2\nendpoint_url = {theirs}\n"));
    place.write(
        "audit/ai-audit.toml",
        &format!("{bucket}cold-endpoint = \"{theirs}\"\n"),
    );
    place
        .run(&["fleet", "init", "fleet", "--name", "example.org/fleet"])
        .good();
    let add = ["fleet", "add", "fleet", "audit", "--every", "1h"];
    let done = place.with(&add, &[(key, file.as_str())], "");
    assert!(!(done.out + &done.err).contains("hunter2"));
    // Nobody even came.
    assert!(hostile.accept().is_err());
    place.write("audit/ai-audit.toml", "");
    assert_eq!(place.receipts(), receipts);
}

/// What needs nothing of the bucket does not need its key.
#[cfg(feature = "s3")]
#[test]
fn a_directory_whose_bucket_has_no_key_yet_is_written_and_read() {
    let place = place();
    let before = shown(&place, "5");
    let file = place.path("nowhere").display().to_string();
    let with = |args: &[&str]| {
        let key = [("AI_AUDIT_COLD_CREDENTIALS", file.as_str())];
        place.with(args, &key, "")
    };
    place.write(
        "audit/ai-audit.toml",
        "cold-bucket = \"s3://audit\"\ncold-endpoint = \"http://127.0.0.1:1\"\n",
    );
    with(&["record", "audit", "lines.jsonl"]).good();
    let shown = with(&["show", "audit", "5", "--json"]).good().json();
    assert_eq!(shown, before);
    let refused = with(&["epoch", "move", "audit", "--days", "0", "--keep", "0"]);
    assert_ne!(refused.code, 0, "{}", refused.out);
    assert!(refused.err.contains("nowhere"), "{}", refused.err);
    let info = with(&["info", "audit"]).good().out;
    assert!(info.contains("nowhere"), "{info}");
}

#[test]
fn what_makes_no_sense_is_refused_and_no_key_is_repeated() {
    let place = place();
    // In words, not as JSON.
    let plain = &MOVE[..MOVE.len() - 1];
    let refused = place.run(plain);
    assert!(
        refused.sentence(2).contains("cold-folder"),
        "{}",
        refused.err
    );
    let new = ["--new", "--set", "cold-folder=cold", "--set"];
    for bad in [
        "cold-bucket=s3://AKIA:hunter2@audit",
        "cold-bucket=https://hunter2@audit",
        "cold-bucket=s3://audit",
        "cold-endpoint=https://127.0.0.1:1",
        "cold-days=soon",
    ] {
        let refused = place.run(&[plain, &new, &[bad]].concat());
        assert!(!refused.sentence(2).contains("hunter2"), "{}", refused.err);
        assert!(!place.path("cold").exists(), "{bad}");
    }
    // Another log of the same name is there: it is no copy of ours, and stays as it is.
    let other = moved();
    let cold = format!("cold-folder={}", other.path("cold").display());
    let refused = place.run(&[plain, &["--keep", "0", "--new", "--set", &cold]].concat());
    assert!(refused.sentence(1).contains("no copy"), "{}", refused.err);
    assert!(!place.path("audit/audit.cold").exists());
    let settings = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
    assert!(!settings.contains("\ncold-folder"), "{settings}");
    verified(&other, "audit");
    verified(&place, "audit");
}
