//! Redis: every command, the server killed, emptied, older, lax, and with two writers.

use super::{all_there, append, copy, record_and_kill, refused, verified, verified_by};
use crate::run::{Place, lines};
use crate::serve::Serving;
use ai_audit_testkit::{Forwarder, RedisServer};
use std::fs;

fn in_store(url: &str) -> [&str; 6] {
    [
        "init",
        "audit",
        "--name",
        "example.org/test",
        "--store",
        url,
    ]
}

fn init(redis: &RedisServer, place: &Place) {
    let url = redis.url();
    place.run(&in_store(&url)).good();
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    assert!(!place.path("audit/audit.db").exists());
}

#[test]
fn every_command_works_with_the_receipts_in_redis() {
    let Some(mut redis) = RedisServer::start(&[]) else {
        return;
    };
    let place = Place::empty();
    init(&redis, &place);
    place.record(&lines(10));
    redis.kill();
    redis.start_again();
    record_and_kill(&place, 2000);
    place.record(&lines(3));
    verified(&place, "audit");
    let info = place.run(&["info", "audit", "--json"]).good().json();
    assert_eq!(info["store"]["backend"], "redis");
    assert_eq!(info["store"]["durable"], true);
    place.run(&["epoch", "seal", "audit"]).good();
    place.run(&["key", "rotate", "audit"]).good();
    place
        .run(&["epoch", "archive", "audit", "0", "-o", "e.zip"])
        .good();
    place.run(&["prove", "audit", "4", "-o", "r.proof"]).good();
    verified(&place, "audit");
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    redis.kill();
    verified_by(&place, "p.zip");
    refused(
        &place.run(&["record", "audit", "lines.jsonl"]),
        2,
        "127.0.0.1",
    );
}

#[test]
fn a_password_of_redis_comes_from_the_file_or_the_environment() {
    let Some(redis) = RedisServer::start(&["--requirepass", "hunter2"]) else {
        return;
    };
    let place = Place::empty();
    let url = redis.url();
    let args = ["init", "audit", "--store", &url];
    let done = place.run(&args);
    refused(&done, 2, "NOAUTH");
    refused(&done, 2, "AI_AUDIT_STORE_PASSWORD");
    let wrong = [("AI_AUDIT_STORE_PASSWORD", "hunter3")];
    refused(&place.with(&args, &wrong, ""), 2, "authentication failed");
    place.write(
        "passwords",
        &format!("*:5432:*:*:no\n127.0.0.1:{}:::hunter2\n", redis.port()),
    );
    let file = [&args[..], &["--set", "store-password-file=passwords"]].concat();
    place.run(&file).good();
    // From another folder too: the settings have the whole path.
    place.record(&lines(2));
    let text = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let right = [("AI_AUDIT_STORE_PASSWORD", "hunter2")];
    place.write("passwords", "");
    refused(
        &place.run(&["info", "audit"]),
        1,
        "no line is for 127.0.0.1",
    );
    let info = place.with(&["info", "audit"], &right, "").good();
    assert!(!info.out.contains("hunter2"), "{}", info.out);
}

/// A105: a Redis that forgot, wholly or in part.
#[test]
fn a105_an_emptied_or_older_redis_is_refused() {
    let Some(mut redis) = RedisServer::start(&[]) else {
        return;
    };
    let place = Place::empty();
    init(&redis, &place);
    place.record(&lines(2));
    redis.kill();
    copy(&redis.folder().join("appendonlydir"), &place.path("older"));
    redis.start_again();
    place.record(&lines(2));
    redis.kill();
    let files = redis.folder().join("appendonlydir");
    fs::rename(&files, place.path("newer")).unwrap();
    copy(&place.path("older"), &files);
    redis.start_again();
    for args in [
        &["record", "audit", "lines.jsonl"][..],
        &["checkpoint", "audit"],
    ] {
        refused(&place.run(args), 1, "older copy");
    }
    redis.kill();
    fs::remove_dir_all(&files).unwrap();
    redis.start_again();
    for args in [
        &["record", "audit", "lines.jsonl"][..],
        &["init", "audit", "--name", "example.org/test"],
        &["init", "audit", "--log", "acme"],
    ] {
        refused(&place.run(args), 2, "there is no store, or it was lost");
    }
    // One that is a store, of somebody who made it since, has not the log either.
    let url = redis.url();
    place
        .run(&["init", "other", "--log", "third", "--store", &url])
        .good();
    refused(
        &place.run(&["record", "audit", "lines.jsonl"]),
        1,
        "says that it was made",
    );
    redis.kill();
    fs::remove_dir_all(&files).unwrap();
    fs::rename(place.path("newer"), &files).unwrap();
    redis.start_again();
    place.record(&lines(1));
    verified(&place, "audit");
}

#[test]
fn a_redis_that_may_lose_receipts_is_refused_or_declared() {
    let Some(redis) = RedisServer::start(&["--appendfsync", "everysec"]) else {
        return;
    };
    let place = Place::empty();
    let url = redis.url();
    let args = [
        "init",
        "audit",
        "--name",
        "example.org/test",
        "--store",
        &url,
    ];
    refused(&place.run(&args), 2, "appendfsync");
    assert!(!place.path("audit/ai-audit.toml").exists());
    place.run(&[&args[..], &["--allow-loss"]].concat()).good();
    place.write(
        "acme.jsonl",
        "{\"tenant\":\"acme\",\"input\":\"a\",\"output\":\"b\"}\n",
    );
    place.record(&lines(1));
    place.run(&["record", "audit", "acme.jsonl"]).good();
    // Each log says so, also one that was opened by a record.
    for log in ["default", "acme"] {
        let genesis = place
            .run(&["show", "audit", "0", "--log", log, "--json"])
            .good()
            .json();
        let policy = genesis["body"]["policy"].to_string();
        assert!(
            policy.contains("may lose acknowledged receipts"),
            "{log}: {policy}"
        );
    }
    let info = place.run(&["info", "audit", "--json"]).good().json();
    assert_eq!(info["store"]["durable"], false);
    // Without the setting it is refused again.
    let done = place.run(&[
        "record",
        "audit",
        "lines.jsonl",
        "--set",
        "store-allow-loss=false",
    ]);
    refused(&done, 2, "appendfsync");
}

/// A107: there is no lock in Redis, and one chain all the same.
#[test]
fn a107_of_two_writers_one_is_told_that_the_log_was_taken_over() {
    let Some(redis) = RedisServer::start(&[]) else {
        return;
    };
    let place = Place::empty();
    init(&redis, &place);
    copy(&place.path("audit"), &place.path("copy"));
    place.write("lines.jsonl", &lines(1));
    let serving = Serving::start(&place, &["--open"]);
    let first = append(&serving).unwrap();
    place.run(&["record", "copy", "lines.jsonl"]).good();
    let (status, said) = append(&serving).unwrap_err();
    assert!(status >= 500, "{status}: {said}");
    assert!(said.contains("taken over by another writer"), "{said}");
    // It stays so until it is started again.
    let (_, said) = append(&serving).unwrap_err();
    assert!(said.contains("not attached"), "{said}");
    serving.signal("TERM");
    let _ = serving.end();
    place.run(&["record", "audit", "lines.jsonl"]).good();
    all_there(&place, &[first]);
    verified(&place, "audit");
}

/// A116: the settings no longer name the server, and the keys of the log on it are there.
#[test]
fn a116_no_second_log_is_opened_with_the_keys_of_one_that_is_on_a_server() {
    let (Some(redis), Some(second)) = (RedisServer::start(&[]), RedisServer::start(&[])) else {
        return;
    };
    let place = Place::empty();
    init(&redis, &place);
    place.record(&lines(1));
    let settings = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
    let again = ["init", "audit", "--name", "example.org/test"];
    let other = ["init", "audit", "--log", "acme"];
    let url = second.url();
    let elsewhere = [&again[..], &["--store", &url]].concat();
    place.write("audit/ai-audit.toml", "");
    for (args, code, expected) in [
        (&again[..], 1, "says that it was made"),
        (&other, 1, "says that it was made"),
        (&elsewhere, 2, "there is no store, or it was lost"),
    ] {
        refused(&place.run(args), code, expected);
        assert!(!place.path("audit/audit.db").exists(), "{args:?}");
        let text = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
        assert_eq!(text, "", "{args:?}");
    }
    // The key line was moved to the auditor, or `init` was cut off before it.
    fs::remove_file(place.path("audit/log.pub")).unwrap();
    for args in [&again[..], &other, &elsewhere] {
        refused(&place.run(args), 1, "was begun in redis://127.0.0.1");
        assert!(!place.path("audit/audit.db").exists(), "{args:?}");
        let text = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
        assert_eq!(text, "", "{args:?}");
    }
    // Somebody who was cut off finds it again.
    place.write("audit/ai-audit.toml", &settings);
    place.run(&again).good();
    place.record(&lines(1));
    verified(&place, "audit");
    // The keys that a run left which failed make nobody its owner.
    place
        .run(&["init", "other", "--name", "example.org/test"])
        .good();
    for left in ["audit.db", "log.pub", "ai-audit.toml", "keys/begun"] {
        fs::remove_file(place.path("other").join(left)).unwrap();
    }
    let other = ["init", "other", "--name", "example.org/test", "--store"];
    let done = place.run(&[&other[..], &[&redis.url()]].concat());
    refused(&done, 2, "was not opened with these keys");
    assert!(!place.path("other/log.pub").exists());
    assert!(!place.path("other/ai-audit.toml").exists());
}

#[test]
fn an_init_whose_answer_is_lost_keeps_the_address_and_is_finished_by_the_next() {
    let Some(redis) = RedisServer::start(&[]) else {
        return;
    };
    let place = Place::empty();
    let forwarder = Forwarder::to(redis.address());
    let url = format!("redis://127.0.0.1:{}", forwarder.port());
    let mut args: Vec<String> = in_store(&url).map(String::from).into();
    // A genesis that is longer than all that is asked before it.
    for number in 0..20 {
        args.push("--policy".into());
        args.push(format!("note-{number}={}", "x".repeat(800)));
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    forwarder.cut_next(12_000);
    refused(&place.run(&args), 1, "may be begun in redis://127.0.0.1");
    assert_eq!(forwarder.cuts(), 1);
    let text = fs::read_to_string(place.path("audit/ai-audit.toml")).unwrap();
    assert!(text.contains(&format!("\nstore = \"{url}\"\n")), "{text}");
    assert!(!place.path("audit/log.pub").exists());
    place.run(&args).good();
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    place.record(&lines(1));
    verified(&place, "audit");
}
