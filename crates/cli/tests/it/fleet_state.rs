//! What the keeper of a fleet has read is kept for the next command, and counts for the log alone that it was read from.

use crate::fleet::{copy, evidence, fleet, member, verify};
use crate::run::Place;
use serde_json::Value;
use std::fs;

/// What is told of the members; none where it cannot be.
fn told(place: &Place, directory: &str) -> Option<Value> {
    let done = place.run(&["--json", "fleet", "status", directory]);
    match done.code {
        0 => Some(done.json()["fleet"]["members"].clone()),
        _ => None,
    }
}

/// A member goes and comes again, so many times: two receipts each.
fn busy(place: &Place, times: usize) {
    for _ in 0..times {
        let drop = ["fleet", "drop", "fleet", "us", "--reason", "moved"];
        place.run(&drop).good();
        let add = ["fleet", "add", "fleet", "us", "--every", "1h"];
        place.run(&add).good();
    }
}

#[test]
fn the_keeper_goes_on_from_what_was_read_last_and_reads_all_where_that_is_of_no_use() {
    let place = fleet();
    copy(&place, "fleet", "early");
    let early = told(&place, "early").unwrap();
    let state = place.path("fleet/fleet.state");
    busy(&place, 9);
    let kept = fs::read_to_string(&state).unwrap();
    let all = told(&place, "fleet").unwrap();
    let us = member_of(&all, "us");
    assert_eq!(us["changes"].as_array().unwrap().len(), 19, "{us}");
    fs::remove_file(&state).unwrap();
    assert_eq!(told(&place, "fleet"), Some(all.clone()));

    // An older copy of the same log is none that it was read from.
    fs::write(place.path("early/fleet.state"), &kept).unwrap();
    assert_eq!(told(&place, "early"), Some(early));
    // Nor is one that was written on in another way, however long.
    place
        .run(&["fleet", "drop", "early", "asia", "--reason", "another"])
        .good();
    for _ in 0..9 {
        let every = ["1h", "2h"];
        for every in every {
            let add = ["fleet", "add", "early", "eu", "--every", every];
            let _ = place.run(&add);
        }
    }
    fs::write(place.path("early/fleet.state"), &kept).unwrap();
    let args = ["--json", "fleet", "status", "early"];
    let other = place.run(&args).json();
    assert_eq!(member(&other, "asia")["state"], "dropped");

    // The first roster cannot be read any more: it is not, where the fleet was kept.
    fs::write(&state, &kept).unwrap();
    let database = rusqlite::Connection::open(place.path("fleet/audit.db")).unwrap();
    let first = "(SELECT min(seq) FROM receipts WHERE kind = 26)";
    let update = format!("UPDATE receipts SET sealed = x'00' WHERE seq = {first}");
    assert_eq!(database.execute(&update, []).unwrap(), 1);
    drop(database);
    assert_eq!(told(&place, "fleet"), Some(all.clone()));
    // What was damaged, or kept by other software, is of no use.
    let (line, body) = kept.split_once('\n').unwrap();
    for wrong in [
        String::new(),
        line.to_owned(),
        format!("{line}\n{}", body.replace("3600", "3601")),
        kept.replace("ai-audit/fleet-state/v1 ", "ai-audit/fleet-state/v2 "),
        kept[..kept.len() - 1].to_owned(),
    ] {
        fs::write(&state, wrong).unwrap();
        assert_eq!(told(&place, "fleet"), None);
    }
    fs::write(&state, &kept).unwrap();
    assert_eq!(told(&place, "fleet"), Some(all));
}

/// Nobody verifies by it.
#[test]
fn what_is_kept_changes_no_verdict() {
    let place = fleet();
    busy(&place, 9);
    evidence(&place);
    let (code, before) = verify(&place, &[]);
    assert_eq!(code, 0, "{before}");
    fs::write(place.path("fleet/fleet.state"), "nonsense").unwrap();
    let (code, after) = verify(&place, &[]);
    assert_eq!((code, &after["fleet"]), (0, &before["fleet"]));
    // The next one that writes goes on all the same, and keeps it anew.
    busy(&place, 1);
    assert!(told(&place, "fleet").is_some());
    let kept = fs::read_to_string(place.path("fleet/fleet.state")).unwrap();
    assert!(kept.starts_with("ai-audit/fleet-state/v1 "), "{kept}");
}

fn member_of(members: &Value, name: &str) -> Value {
    let start = format!("example.org/{name}/");
    let mut all = members.as_array().unwrap().iter();
    all.find(|one| one["origin"].as_str().unwrap().starts_with(&start))
        .unwrap()
        .clone()
}
