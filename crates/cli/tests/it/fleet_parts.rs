//! Fleets of which a part is brought, or whose log has deleted bytes: nothing fails of what is not there.

use crate::fleet::{collect, fleet, log, record};
use crate::run::Place;
use serde_json::Value;
use std::fs;

/// What `fleet verify` says of evidence, where the auditor expects these members.
fn verify(place: &Place, evidence: &str, expect: &[&str]) -> (i32, Value) {
    let mut args = vec![
        "--json",
        "fleet",
        "verify",
        evidence,
        "--key",
        "fleet/log.pub",
        "--checkpoint",
        "fleet.note",
    ];
    for one in expect {
        args.extend(["--expect", *one]);
    }
    let done = place.run(&args);
    (done.code, done.json())
}

/// For people: what is unproven is not called a fault.
fn told(place: &Place, evidence: &str) {
    let done = place.run(&[
        "fleet",
        "verify",
        evidence,
        "--key",
        "fleet/log.pub",
        "--checkpoint",
        "fleet.note",
        "--expect",
        "eu/log.pub",
    ]);
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert_eq!(done.out.matches("unproven").count(), 2, "{}", done.out);
    assert!(
        done.out.contains("neither faults nor absent members") && !done.out.contains("FAULT"),
        "{}",
        done.out
    );
}

fn checkpoint(place: &Place) {
    let _ = fs::remove_file(place.path("fleet.note"));
    place
        .run(&["checkpoint", "fleet", "-o", "fleet.note"])
        .good();
}

/// One fault and one absent member are seen, and the fleet stays unverified.
fn unverified(code: i32, report: &Value) {
    assert_eq!(code, 3, "{report}");
    let found = &report["fleet"];
    assert_eq!(found["partial"], true, "{report}");
    assert_eq!(found["faults"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(found["absent"].as_array().unwrap().len(), 1, "{report}");
}

#[test]
fn a_part_of_the_fleet_log_fails_nothing() {
    let place = fleet();
    record(&place, "eu", 3, "m");
    let (code, collected) = collect(&place, &["eu", "--fresh"]);
    assert_eq!(code, 0, "{collected}");
    let from = collected[0]["receipt"].to_string();
    checkpoint(&place);
    place
        .run(&["export", "fleet", "--from", &from, "-o", "part.zip"])
        .good();
    place.run(&["export", "fleet", "-o", "all.zip"]).good();
    let (code, report) = verify(&place, "part.zip", &["eu/log.pub"]);
    unverified(code, &report);
    told(&place, "part.zip");
    assert_eq!(verify(&place, "all.zip", &["eu/log.pub"]).0, 0);
    // Of the whole log an absent member is an answer.
    log(&place, "nobody");
    assert_eq!(verify(&place, "all.zip", &["nobody/log.pub"]).0, 1);
}

#[test]
fn deleted_bytes_of_the_fleet_log_fail_nothing() {
    let place = Place::empty();
    // A fleet log that may delete at once, which nobody should open.
    place
        .run(&[
            "init",
            "fleet",
            "--name",
            "example.org/fleet",
            "--policy",
            "fleet=v1",
            "--policy",
            "retention-days=0",
        ])
        .good();
    log(&place, "eu");
    place
        .run(&["fleet", "add", "fleet", "eu", "--every", "1h"])
        .good();
    place.run(&["epoch", "seal", "fleet"]).good();
    record(&place, "eu", 3, "m");
    let (code, collected) = collect(&place, &["eu", "--fresh"]);
    assert_eq!(code, 0, "{collected}");
    checkpoint(&place);
    assert_eq!(verify(&place, "fleet", &["eu/log.pub"]).0, 0);
    // For good nothing of it is deleted.
    let refused = place.run(&["epoch", "delete", "fleet", "0", "--without-archive"]);
    assert!(refused.sentence(2).contains("log of a fleet"));
    place.run(&["epoch", "archive", "fleet", "0"]).good();
    let archive = ["--archive", "epoch-0.zip"];
    let delete = ["epoch", "delete", "fleet", "0"];
    place.run(&[&delete[..], &archive].concat()).good();
    checkpoint(&place);
    let (code, report) = verify(&place, "fleet", &["eu/log.pub"]);
    unverified(code, &report);
    told(&place, "fleet");
    // Nor does the keeper go on from half a roster.
    let status = place.run(&["fleet", "status", "fleet"]);
    assert!(status.sentence(1).contains("epoch restore"));
}

#[test]
fn a_fleet_is_no_member_of_itself() {
    let place = fleet();
    let done = place.run(&["fleet", "add", "fleet", "fleet", "--every", "1h"]);
    assert_eq!(done.code, 2, "{}", done.out);
    assert!(done.err.contains("no member of its own"), "{}", done.err);
}
