//! One of two stores goes back, or is lost: an older copy of the hot one beside a newer cold one (A125), a cold one that is
//! made again from archives, and one that nothing can be written to.

use super::owed::of_kind;
use super::{MOVE, files, moved, place, verified};
use crate::privacy;
use crate::run::{Place, lines};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let there = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::copy(&file, there).unwrap();
    }
}

/// Moves all that is sealed.
fn move_all(place: &Place) -> Value {
    place
        .run(&[&MOVE[..], &["--keep", "0"]].concat())
        .good()
        .json()
}

/// Puts the older copy in the place of the hot store alone.
fn take_back_hot(place: &Place) {
    for end in ["", "-wal", "-shm"] {
        let file = format!("audit.db{end}");
        let _ = fs::remove_file(place.path("audit").join(&file));
        let _ = fs::copy(
            place.path("older").join(&file),
            place.path("audit").join(&file),
        );
    }
}

/// A log of which an older copy is kept, and more was moved since; the auditor has a later checkpoint.
fn gone_on() -> Place {
    let place = moved();
    copy(&place.path("audit"), &place.path("older"));
    place.record(&lines(7));
    // What is written after the seal is in the hot store alone, and is lost with it.
    place
        .run(&["checkpoint", "audit", "--force", "-o", "kept.note"])
        .good();
    place.run(&["epoch", "seal", "audit"]).good();
    move_all(&place);
    place
}

fn is_refused_and_caught_up(place: &Place) {
    let refused = place.run(&["record", "audit", "lines.jsonl"]);
    assert_ne!(refused.code, 0, "{}", refused.out);
    assert!(
        refused.err.contains("ai-audit adopt"),
        "nothing said so: {}",
        refused.err
    );
    let done = place.run(&["adopt", "audit", "--json"]).good().json();
    assert!(done["caught_up"].as_u64().unwrap() >= 7, "{done}");
    assert!(done["gap"].is_null(), "{done}");
    verified(place, "audit");
    place.record(&lines(3));
    place.run(&["epoch", "seal", "audit"]).good();
    let moved = move_all(place);
    // What came back leaves again.
    assert!(moved["freed"].as_u64().unwrap() >= 7 + 3, "{moved}");
    fs::rename(place.path("cold"), place.path("away")).unwrap();
    assert_ne!(place.run(&["show", "audit", "42"]).code, 0);
    fs::rename(place.path("away"), place.path("cold")).unwrap();
    verified(place, "audit");
    let again = place.run(&["adopt", "audit"]).good().out;
    assert!(
        again.contains("Nothing is known to be missing") && !again.contains("Brought"),
        "{again}"
    );
}

#[test]
fn a125_an_older_copy_of_the_directory_beside_a_newer_cold_store() {
    let place = gone_on();
    fs::remove_dir_all(place.path("audit")).unwrap();
    fs::rename(place.path("older"), place.path("audit")).unwrap();
    is_refused_and_caught_up(&place);
}

#[test]
fn a125_an_older_copy_of_the_hot_store_alone() {
    let place = gone_on();
    take_back_hot(&place);
    // The cold store may be away: what was moved is noted here.
    fs::rename(place.path("cold"), place.path("away")).unwrap();
    let refused = place.run(&["record", "audit", "lines.jsonl"]);
    assert!(refused.err.contains("ai-audit adopt"), "{}", refused.err);
    // What it has is no loss, so nothing is declared without it.
    let unknown = place.run(&["adopt", "audit"]);
    assert_ne!(unknown.code, 0, "{}", unknown.out);
    fs::rename(place.path("away"), place.path("cold")).unwrap();
    is_refused_and_caught_up(&place);
}

#[test]
fn a125_a_log_that_was_forked_meanwhile_is_not_caught_up() {
    let place = gone_on();
    fs::rename(place.path("audit"), place.path("newer")).unwrap();
    fs::rename(place.path("older"), place.path("audit")).unwrap();
    // By a program that knows of no cold store.
    fs::rename(place.path("cold"), place.path("away")).unwrap();
    place.record(&lines(2));
    fs::rename(place.path("away"), place.path("cold")).unwrap();
    let refused = place.run(&["adopt", "audit"]);
    assert_eq!(refused.code, 1, "{}{}", refused.out, refused.err);
    assert!(
        refused
            .err
            .contains("was written to after it had gone back"),
        "{}",
        refused.err
    );
}

/// Both went back: what no store has any more is declared, and the log goes on.
#[test]
fn a125_older_copies_of_both_stores_are_gone_on_with_and_the_loss_is_declared() {
    let place = moved();
    copy(&place.path("cold"), &place.path("older-cold"));
    copy(&place.path("audit"), &place.path("older"));
    place.record(&lines(7));
    place.run(&["epoch", "seal", "audit"]).good();
    move_all(&place);
    fs::remove_dir_all(place.path("cold")).unwrap();
    fs::rename(place.path("older-cold"), place.path("cold")).unwrap();
    // The marks of what was moved are of now.
    take_back_hot(&place);
    let refused = place.run(&["record", "audit", "lines.jsonl"]);
    assert!(refused.err.contains("ai-audit adopt"), "{}", refused.err);
    // Nor is a key revoked in what would be a fork.
    let done = place.run(&["adopt", "audit", "--json"]).good().json();
    assert_eq!(done["caught_up"], 0, "{done}");
    assert!(done["gap"].is_u64(), "{done}");
    place.record(&lines(9));
    place.run(&["epoch", "seal", "audit"]).good();
    move_all(&place);
    verified(&place, "audit");
}

#[test]
fn a_cold_store_that_is_lost_is_made_again_from_archives() {
    let place = place();
    for epoch in ["0", "1"] {
        place.run(&["epoch", "archive", "audit", epoch]).good();
    }
    let new = ["--keep", "0", "--new", "--set", "cold-folder=cold"];
    place.run(&[&MOVE[..], &new].concat()).good();
    fs::remove_dir_all(place.path("cold")).unwrap();
    let refused = place.run(&[&MOVE[..], &["--new"]].concat());
    assert_ne!(refused.code, 0, "{}", refused.out);
    let said = refused.out + &refused.err;
    assert!(said.contains("--new --lost"), "{said}");
    assert!(!place.path("cold").exists());
    let lost = [&MOVE[..], &["--new", "--lost"]].concat();
    let made = place.run(&lost).good();
    assert_eq!(made.json()["moved"], 0, "{}", made.out);
    for archive in ["epoch-0.zip", "epoch-1.zip"] {
        place.run(&["epoch", "restore", "audit", archive]).good();
    }
    let again = move_all(&place);
    assert!(again["freed"].as_u64().unwrap() >= 20, "{again}");
    // One that is there is not lost.
    let refused = place.run(&lost);
    let said = refused.out + &refused.err;
    assert_ne!(refused.code, 0, "{said}");
    assert!(said.contains("it is not lost"), "{said}");
    verified(&place, "audit");
}

/// What comes back with ciphertexts leaves again, and is counted once where it is erased.
#[test]
fn a125_an_erasure_counts_each_ciphertext_once_after_a_hot_store_was_caught_up() {
    let mut counted = Vec::new();
    for goes_back in [false, true] {
        let place = privacy::kept();
        place.run(&["epoch", "seal", "audit"]).good();
        let new = ["--keep", "0", "--new", "--set", "cold-folder=cold"];
        place.run(&[&MOVE[..], &new].concat()).good();
        copy(&place.path("audit"), &place.path("older"));
        let keep = ["--keep", "output", "--keep-encrypted", "input"];
        let record = ["record", "audit", "lines"];
        place.run(&[&record[..], &keep].concat()).good();
        place.run(&["epoch", "seal", "audit"]).good();
        move_all(&place);
        if goes_back {
            take_back_hot(&place);
            place.run(&["adopt", "audit"]).good();
        }
        let shredded = privacy::shred(&place, &["person-7"]).good().json();
        counted.push(shredded["ciphertexts"].as_u64().unwrap());
        privacy::holds(&place);
    }
    assert_eq!(counted, [2, 2]);
}

/// The settings name a cold store that was never made.
#[test]
fn a_log_is_adopted_where_nothing_was_ever_moved() {
    let place = place();
    place.write("audit/ai-audit.toml", "cold-folder = \"cold\"\n");
    let said = place.run(&["adopt", "audit"]).good().out;
    assert!(said.contains("Nothing is known to be missing"), "{said}");
    // It is deleted before it was moved, which ends moving, and is said once it is done.
    place.run(&["epoch", "archive", "audit", "0"]).good();
    let new = ["epoch", "move", "audit", "--days", "100", "--new"];
    place.run(&new).good();
    let delete = ["epoch", "delete", "audit", "0", "--archive"];
    let refused = place.run(&[&delete[..], &["no-such.zip"]].concat());
    assert!(
        !refused.err.contains("was not moved yet"),
        "{}",
        refused.err
    );
    let deleted = place.run(&[&delete[..], &["epoch-0.zip"]].concat()).good();
    assert!(deleted.err.contains("was not moved yet"), "{}", deleted.err);
}

#[test]
fn nothing_is_deleted_where_the_cold_folder_cannot_be_written() {
    let place = place();
    place.run(&["epoch", "archive", "audit", "0"]).good();
    let new = ["--keep", "0", "--new", "--set", "cold-folder=cold"];
    place.run(&[&MOVE[..], &new].concat()).good();
    place.run(&["epoch", "fetch", "audit", "0"]).good();
    // What a folder without rights answers, to whoever runs the tests.
    let in_the_way = place.path("cold/logs/default/segments/may-change.new");
    fs::create_dir(&in_the_way).unwrap();
    let delete = ["epoch", "delete", "audit", "0", "--archive", "epoch-0.zip"];
    let refused = place.run(&delete);
    assert_ne!(refused.code, 0, "{}", refused.out);
    assert!(refused.err.contains("may-change"), "{}", refused.err);
    assert_eq!(of_kind(&place, "deletion"), 0);
    fs::rename(place.path("cold"), place.path("away")).unwrap();
    place.run(&["show", "audit", "5"]).good();
    fs::rename(place.path("away"), place.path("cold")).unwrap();
    fs::remove_dir(in_the_way).unwrap();
    place.run(&delete).good();
    verified(&place, "audit");
}

/// A bucket whose key is missing keeps no record from being taken, as one whose key is wrong does not.
#[cfg(feature = "s3")]
#[test]
fn a_bucket_without_its_key_keeps_nothing_from_being_recorded() {
    let place = place();
    place.write(
        "audit/ai-audit.toml",
        "cold-bucket = \"s3://audit/a\"\ncold-endpoint = \"http://127.0.0.1:9\"\n",
    );
    place.record(&lines(1));
    place.run(&["log", "audit", "-n", "1"]).good();
    let moves = place.run(&MOVE);
    assert_ne!(moves.code, 0, "{}", moves.out);
    let said = moves.out + &moves.err;
    assert!(
        said.contains("nothing was sent") && said.contains("AI_AUDIT_COLD_CREDENTIALS"),
        "{said}"
    );
}

/// An epoch in which nothing happened is an epoch, too.
#[test]
fn an_epoch_of_control_receipts_alone_is_archived() {
    let place = Place::empty();
    let init = ["init", "audit", "--name", "example.org/test"];
    place.run(&init).good();
    place.run(&["epoch", "seal", "audit"]).good();
    place.run(&["epoch", "archive", "audit", "0"]).good();
    let asks = "integrity,attribution";
    let verify = ["verify", "epoch-0.zip", "--key", "audit/log.pub"];
    place
        .run(&[&verify[..], &["--require", asks]].concat())
        .good();
}
