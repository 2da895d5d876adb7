//! Erasing and deleting where the server would refuse it: nothing is recorded of what cannot be done, and the log goes on.

use super::{init, prepared, refused, verified};
use crate::run::{Place, lines};
use ai_audit_testkit::RedisServer;
use std::fs;

const SHRED: [&str; 6] = ["shred", "audit", "person-7", "--reason", "asked", "--yes"];
const DELETE: [&str; 6] = ["epoch", "delete", "audit", "0", "--archive", "e.zip"];

/// A log with a subject, and an epoch that may be deleted.
fn fill(place: &Place) {
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    place.record(&lines(3));
    place.write(
        "person.jsonl",
        "{\"subject\":\"person-7\",\"input\":\"my name\",\"output\":\"b\"}\n",
    );
    let keep = [
        "record",
        "audit",
        "person.jsonl",
        "--keep-encrypted",
        "input",
    ];
    place.run(&keep).good();
    place.run(&["epoch", "seal", "audit"]).good();
    let archive = ["epoch", "archive", "audit", "0", "-o", "e.zip"];
    place.run(&archive).good();
    place.run(&["checkpoint", "audit"]).good();
}

/// How many receipts there are of what is to be erased and deleted.
fn declared(place: &Place) -> usize {
    let of = |kind: &str| {
        let args = ["log", "audit", "--kind", kind, "--json"];
        let log = place.run(&args).good().json();
        log.as_array().unwrap().len()
    };
    of("erasure_requested") + of("erasure_completed") + of("deletion")
}

/// Both are refused with these words, and leave nothing behind.
fn refuses(place: &Place, more: &[&str], words: &str) {
    for command in [SHRED, DELETE] {
        let done = place.run(&[&command[..], more].concat());
        assert_ne!(done.code, 0, "{}", done.out);
        refused(&done, done.code, words);
        assert_eq!(declared(place), 0, "{command:?}: {words}");
        // The subject's key is there yet, and the log takes what comes.
        place.record(&lines(1));
        let reveal = place.run(&["subject", "show", "audit", "person-7"]).good();
        assert!(!reveal.out.contains("erased"), "{}", reveal.out);
    }
}

#[test]
fn nothing_is_recorded_of_an_erasure_that_postgres_would_refuse() {
    let Some((server, place)) = prepared("erasures that a PostgreSQL refuses") else {
        return;
    };
    init(&server, &place);
    fill(&place);
    let settings = place.path("audit/ai-audit.toml");
    let right = fs::read_to_string(&settings).unwrap();
    let without: String = right
        .lines()
        .filter(|line| !line.starts_with("store-eraser"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(right, without);
    fs::write(&settings, without).unwrap();
    refuses(&place, &[], "`store-eraser`");
    fs::write(&settings, &right).unwrap();
    let passwords = fs::read_to_string(place.path("passwords")).unwrap();
    place.write("wrong", &passwords.replace("secret-eraser", "secret-other"));
    let wrong = ["--set", "store-password-file=wrong"];
    refuses(&place, &wrong, "password authentication failed");
    let reader = format!("store-eraser={}", server.url("audit_reader"));
    refuses(&place, &["--set", &reader], "permission denied");
    server.sql("REVOKE DELETE ON ai_audit.ciphertexts FROM audit_eraser");
    refuses(&place, &[], "permission denied");
    server.sql("GRANT DELETE ON ai_audit.ciphertexts TO audit_eraser");

    verified(&place, "audit");
    place.run(&SHRED).good();
    place.run(&DELETE).good();
    assert_eq!(declared(&place), 3);
    verified(&place, "audit");
}

#[test]
fn nothing_is_recorded_of_an_erasure_that_redis_would_refuse() {
    let Some(redis) = RedisServer::start(&[]) else {
        return;
    };
    let place = Place::empty();
    let url = redis.url();
    let name = ["init", "audit", "--name", "example.org/test"];
    let store = ["--policy", "retention-days=0", "--store", &url];
    place.run(&[&name[..], &store].concat()).good();
    fill(&place);
    let acl = |rights: &str| {
        let mut cmd = redis_client(&url);
        cmd.args([
            "ACL",
            "SETUSER",
            "writer",
            "on",
            ">secret-redis",
            "~{ai-audit}:*",
        ]);
        cmd.args(rights.split(' '));
        let done = cmd.output().unwrap();
        assert!(
            done.status.success() && done.stdout.starts_with(b"OK"),
            "{done:?}"
        );
    };
    let common = "reset on >secret-redis ~{ai-audit}:* +@read +@write +@scripting +@connection +info +role +config|get";
    acl(common);
    let user = format!("store={}", url.replace("redis://", "redis://writer@"));
    let host = url.trim_start_matches("redis://").trim_end_matches('/');
    place.write("passwords", &format!("{host}:*:writer:secret-redis\n"));
    let writer = ["--set", &user, "--set", "store-password-file=passwords"];
    refuses(&place, &writer, "may not run BGREWRITEAOF");
    acl(&format!("{common} +bgrewriteaof"));
    place.run(&[&SHRED[..], &writer].concat()).good();
    place.run(&[&DELETE[..], &writer].concat()).good();
    assert_eq!(declared(&place), 3);
    verified(&place, "audit");
}

/// The server's own client, as its administrator.
fn redis_client(url: &str) -> std::process::Command {
    let mut command = std::process::Command::new("redis-cli");
    command.args(["-u", url]);
    command
}
