//! Logs that permit batched receipts, from `init` to what an auditor makes of them.

use crate::run::{Place, lines};
use std::fs;

/// A log with 40 decisions, most of them batched.
fn batched() -> Place {
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/fast", "--batched"])
        .good();
    place.record(&lines(40));
    fs::copy(place.path("audit/log.pub"), place.path("log.pub")).unwrap();
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    place
}

fn verify(place: &Place, what: &str) -> crate::run::Done {
    place.run(&[
        "verify",
        what,
        "--key",
        "log.pub",
        "--checkpoint",
        "kept.note",
    ])
}

/// The first receipt that is batched.
fn first_batched(place: &Place) -> u64 {
    let found = (0..45).find(|seq| {
        let shown = place
            .run(&["show", "audit", &seq.to_string(), "--json"])
            .good();
        shown.json()["mode"] == "batched"
    });
    found.expect("40 records at once make a batch")
}

#[test]
fn a_batched_log_is_shown_exported_and_proved() {
    let place = batched();
    let info = place.run(&["info", "audit", "--json"]).good().json();
    assert_eq!(info["logs"][0]["batched"], true);
    assert_eq!(info["settings"]["batch-from"], 8);
    let text = place.run(&["info", "audit"]).good().out;
    assert!(text.contains("sealed as a batch"), "{text}");
    let seq = first_batched(&place).to_string();
    let shown = place.run(&["show", "audit", &seq]).good().out;
    assert!(shown.contains("batched: batch seal "), "{shown}");
    verify(&place, "audit").good();
    let said = place.run(&["export", "audit", "-o", "all.zip"]).good().out;
    // Batch seals are no control receipts: they travel with what they sign for.
    let parts = said.split_once('(').unwrap().1;
    assert!(
        parts.starts_with("40 records, ") && parts.contains("batch seal"),
        "{said}"
    );
    verify(&place, "all.zip").good();
    place
        .run(&["prove", "audit", &seq, "-o", "one.proof"])
        .good();
    verify(&place, "one.proof").good();
    place
        .run(&["export", "audit", "--session", "s1", "-o", "part.zip"])
        .good();
    let part = place
        .run(&["verify", "part.zip", "--key", "log.pub", "--json"])
        .json();
    assert_eq!(
        part["verdict"]["attribution"]["status"], "verified",
        "{part}"
    );
    // On a second thread as well.
    let threads = [
        "verify",
        "audit",
        "--key",
        "log.pub",
        "--checkpoint",
        "kept.note",
        "--threads",
        "2",
    ];
    place.run(&threads).good();
}

#[test]
fn batches_are_archived_and_deleted_with_their_seals() {
    let place = Place::empty();
    let init = ["init", "audit", "--name", "example.org/fast", "--batched"];
    place
        .run(&[&init[..], &["--policy", "retention-days=0"]].concat())
        .good();
    for _ in 0..2 {
        place.record(&lines(40));
        place.run(&["epoch", "seal", "audit"]).good();
    }
    fs::copy(place.path("audit/log.pub"), place.path("log.pub")).unwrap();
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    verify(&place, "audit").good();
    let seals = || {
        let list = ["log", "audit", "--kind", "batch_seal", "-n", "99", "--json"];
        let shown = place.run(&list).good().json();
        let held = |one: &&serde_json::Value| one["deleted"] != true;
        shown
            .as_array()
            .map_or(0, |all| all.iter().filter(held).count())
    };
    let before = seals();
    place.run(&["epoch", "archive", "audit", "0"]).good();
    let asked = ["--key", "log.pub", "--require", "integrity,attribution"];
    let archive = [&["verify", "epoch-0.zip"], &asked[..]].concat();
    place.run(&archive).good();
    place
        .run(&["epoch", "delete", "audit", "0", "--archive", "epoch-0.zip"])
        .good();
    let after = verify(&place, "audit").good();
    assert!(after.out.contains("deleted"), "{}", after.out);
    // What its batch seals signed for is gone, and so are they; the archive has both.
    assert!(seals() < before, "{before}");
    let bare = place.run(&["prove", "audit", "20", "-o", "none.proof"]);
    assert!(bare.err.contains("an archive of its epoch"), "{}", bare.err);
    place
        .run(&[
            "prove",
            "audit",
            "20",
            "--archive",
            "epoch-0.zip",
            "-o",
            "one.proof",
        ])
        .good();
    place
        .run(&["verify", "one.proof", "--key", "log.pub"])
        .good();
    place
        .run(&["epoch", "restore", "audit", "epoch-0.zip"])
        .good();
    verify(&place, "audit").good();
}

#[test]
fn a67_only_a_genesis_with_the_very_word_permits_batches() {
    let place = Place::new();
    let info = place.run(&["info", "audit", "--json"]).good().json();
    assert_eq!(info["logs"][0]["batched"], false);
    assert!(
        !place
            .run(&["info", "audit"])
            .good()
            .out
            .contains("as a batch")
    );
    place
        .run(&[
            "init",
            "audit",
            "--log",
            "late",
            "--policy",
            "receipt-seal=batch",
        ])
        .good();
    place.write("late.jsonl", &lines(20));
    place
        .run(&["record", "audit", "late.jsonl", "--log", "late"])
        .good();
    let shown = place
        .run(&["show", "audit", "5", "--log", "late", "--json"])
        .good();
    assert_eq!(shown.json()["mode"], "signed");
}
