//! What the keeper of a fleet has read is kept for the next command, and counts for the log alone that it was read from.

use crate::fleet::{copy, evidence, fleet, member, verify};
use crate::run::Place;
use ai_audit_core::{Digest, SigningKey};
use ai_audit_note::VKey;
use serde_json::{Value, json};
use std::fs;
#[cfg(unix)]
use std::process::Command;

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

    // A roster in between cannot be read any more: it is not, where the fleet was kept. Who came is read where he came.
    fs::write(&state, &kept).unwrap();
    let database = rusqlite::Connection::open(place.path("fleet/audit.db")).unwrap();
    let between = "(SELECT seq FROM receipts WHERE kind = 26 ORDER BY seq LIMIT 1 OFFSET 8)";
    let update = format!("UPDATE receipts SET sealed = x'00' WHERE seq = {between}");
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
        // Made up, with a digest of it: a member that is convicted by nothing would not be convicted any more.
        made_up(&kept, |member| {
            let checkpoint = format!("example.org/us\n7\n{}=\n", "A".repeat(43));
            member["fork"] =
                json!({"smaller": checkpoint, "larger": checkpoint, "seq": 3, "at": 0});
        }),
        made_up(&kept, |member| member["last"]["seq"] = json!(3)),
        made_up(&kept, |member| member["changes"] = json!([])),
        made_up(&kept, |member| {
            let origin = member["key"].as_str().unwrap().split('+').next().unwrap();
            let key = SigningKey::from_bytes(&[9; 32]).verifying_key();
            let line = VKey::ed25519(origin, key).unwrap().to_string();
            member["key"] = json!(line);
            member["last"] = Value::Null;
        }),
    ] {
        fs::write(&state, wrong).unwrap();
        assert_eq!(told(&place, "fleet"), None);
    }
    fs::write(&state, &kept).unwrap();
    assert_eq!(told(&place, "fleet"), Some(all));
}

/// What was kept with another first member, as somebody writes it who knows how.
fn made_up(kept: &str, change: impl FnOnce(&mut Value)) -> String {
    let (line, body) = kept.split_once('\n').unwrap();
    let mut body: Value = serde_json::from_str(body).unwrap();
    change(&mut body["fleet"]["members"][0]);
    let (body, (first, _)) = (body.to_string(), line.rsplit_once(' ').unwrap());
    format!("{first} {}\n{body}", Digest::of(body.as_bytes()))
}

/// Whoever puts a link there has no other file of the keeper's replaced, and whoever puts a pipe there does not stop him.
#[cfg(unix)]
#[test]
fn a_link_is_replaced_and_a_pipe_is_not_waited_for() {
    let place = fleet();
    let state = place.path("fleet/fleet.state");
    busy(&place, 9);
    let kept = fs::read_to_string(&state).unwrap();
    let all = told(&place, "fleet").unwrap();
    let another = place.path("another");
    fs::write(&another, "not of the fleet").unwrap();
    fs::remove_file(&state).unwrap();
    std::os::unix::fs::symlink(&another, &state).unwrap();
    assert_eq!(told(&place, "fleet").as_ref(), Some(&all));
    busy(&place, 1);
    assert_eq!(fs::read_to_string(&another).unwrap(), "not of the fleet");
    assert!(fs::symlink_metadata(&state).unwrap().is_file());
    // Nor is what a link leads to read.
    fs::write(&another, &kept).unwrap();
    fs::remove_file(&state).unwrap();
    std::os::unix::fs::symlink(&another, &state).unwrap();
    assert!(told(&place, "fleet").is_some());
    fs::remove_file(&state).unwrap();
    let made = Command::new("mkfifo").arg(&state).status().unwrap();
    assert!(made.success());
    assert!(told(&place, "fleet").is_some());
    busy(&place, 1);
    assert!(fs::symlink_metadata(&state).unwrap().is_file());
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
