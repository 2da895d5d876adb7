//! Logs on a server that permit batched receipts.

use super::{init_with, prepared, record_and_kill, verified, verified_by};
use crate::run::{Place, lines};
use ai_audit_testkit::RedisServer;
use std::fs;

/// Fills a log that was just opened in the folder `audit`, and does to it what batches could be in the way of.
fn used(place: &Place) {
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    place.record(&lines(40));
    let batched = batched(place);
    assert!(batched.len() >= 20, "{batched:?}");
    record_and_kill(place, 500);
    place.record(&lines(40));
    verified(place, "audit");
    place.run(&["epoch", "seal", "audit"]).good();
    place
        .run(&["epoch", "archive", "audit", "0", "-o", "e.zip"])
        .good();
    let delete = ["epoch", "delete", "audit", "0", "--archive", "e.zip"];
    place.run(&delete).good();
    // Their bytes are gone, and the rest is as verifiable as before.
    let first = batched[0].to_string();
    let gone = place.run(&["show", "audit", &first]).good().out;
    assert!(gone.contains("deleted under receipt"), "{gone}");
    verified(place, "audit");
    place.run(&["epoch", "restore", "audit", "e.zip"]).good();
    assert_eq!(self::batched(place)[..batched.len()], batched);
    place
        .run(&["prove", "audit", &first, "-o", "r.proof"])
        .good();
    verified(place, "audit");
    place.run(&["export", "audit", "-o", "p.zip"]).good();
}

/// What was taken from it needs no server.
fn offline(place: &Place) {
    verified_by(place, "p.zip");
    let proof = ["verify", "r.proof", "--key", "kept.pub", "--json"];
    let said = place.run(&proof).good().json();
    assert_eq!(
        said["verdict"]["attribution"]["status"], "verified",
        "{said}"
    );
}

/// Where the batched receipts of the first epoch are.
fn batched(place: &Place) -> Vec<u64> {
    (0..45)
        .filter(|seq| {
            let shown = place
                .run(&["show", "audit", &seq.to_string(), "--json"])
                .good();
            shown.json()["mode"] == "batched"
        })
        .collect()
}

#[test]
fn batches_are_kept_in_postgres() {
    let Some((mut server, place)) = prepared("batches of directories in PostgreSQL") else {
        return;
    };
    init_with(&server, &place, &["--batched"]);
    used(&place);
    server.kill();
    offline(&place);
}

#[test]
fn batches_are_kept_in_redis() {
    let Some(mut redis) = RedisServer::start(&[]) else {
        return;
    };
    let place = Place::empty();
    let url = redis.url();
    let policy = "retention-days=0";
    place
        .run(&[
            "init",
            "audit",
            "--store",
            &url,
            "--batched",
            "--policy",
            policy,
        ])
        .good();
    used(&place);
    redis.kill();
    offline(&place);
}
