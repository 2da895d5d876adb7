//! PostgreSQL: every command, the server killed, older, emptied, and with two writers.

use super::{
    all_there, append, copy, init, init_with_copy, owner, prepare, prepared, record_and_kill,
    refused, verified, verified_by,
};
use crate::run::lines;
use crate::serve::Serving;
use std::fs;
use std::time::{Duration, Instant};

const WHAT: &str = "directories in PostgreSQL";

#[test]
fn every_command_works_with_the_receipts_in_postgres() {
    let Some((mut server, place)) = prepared(WHAT) else {
        return;
    };
    init(&server, &place);
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    place.record(&lines(10));
    // A restart between.
    server.kill();
    server.run();
    place.record(&lines(10));
    // The program killed while it records: what is there is one chain.
    record_and_kill(&place, 2000);
    place.record(&lines(3));
    verified(&place, "audit");
    let health = place.run(&["info", "audit", "--json"]).good().json();
    assert_eq!(health["store"]["backend"], "postgres");
    assert_eq!(health["store"]["durable"], true);
    let marks = health["settings"]["high-water-marks"].as_str().unwrap();
    assert!(marks.ends_with("audit.marks"), "{marks}");
    let shown = health.to_string();
    assert!(!shown.contains("secret-"), "{shown}");

    // Epochs, and a deletion by the role that may.
    place.run(&["epoch", "seal", "audit"]).good();
    place.run(&["key", "rotate", "audit"]).good();
    place
        .run(&["epoch", "archive", "audit", "0", "-o", "e.zip"])
        .good();
    // A log of a tenant, and a subject that is erased.
    place.write(
        "acme.jsonl",
        "{\"tenant\":\"acme\",\"subject\":\"person-7\",\"input\":\"my name\",\"output\":\"b\"}\n",
    );
    place
        .run(&["record", "audit", "acme.jsonl", "--keep-encrypted", "input"])
        .good();
    let shred = [
        "shred", "audit", "person-7", "--log", "acme", "--reason", "asked", "--yes",
    ];
    place.run(&shred).good();
    let left = server.sql("SELECT count(*) FROM ai_audit.ciphertexts");
    assert_eq!(left, "0");
    place.run(&["prove", "audit", "4", "-o", "r.proof"]).good();
    place.run(&["publish", "audit", "public"]).good();
    let done = place.run(&["report", "audit", "--key", "kept.pub", "-o", "report.html"]);
    assert!([0, 3].contains(&done.code), "{}{}", done.out, done.err);
    place.run(&["key", "history", "audit"]).good();
    let bytes = "SELECT count(*) FROM ai_audit.receipts WHERE sealed IS NULL";
    let delete = [
        "epoch",
        "delete",
        "audit",
        "0",
        "--archive",
        "e.zip",
        "--compact",
    ];
    // The tables are their owner's to write anew.
    refused(&place.run(&delete), 2, "ai-audit store compact");
    assert_eq!(server.sql(bytes), "0");
    place.run(&delete[..6]).good();
    assert_ne!(server.sql(bytes), "0");
    let owner = owner(&server);
    let compact = ["store", "compact", &owner, "--password-file", "passwords"];
    place.run(&compact).good();
    verified(&place, "audit");
    place.run(&["epoch", "restore", "audit", "e.zip"]).good();
    assert_eq!(server.sql(bytes), "0");
    // A writer that has no eraser's address deletes nothing.
    let none = [
        "--set",
        "store-eraser=postgres://audit_writer@127.0.0.1:1/audit",
    ];
    let done = place.run(&[&delete[..6], &none].concat());
    assert_ne!(done.code, 0, "{}", done.out);
    assert_eq!(server.sql(bytes), "0");

    // Offline: the package needs no server, nor does the archive.
    verified(&place, "audit");
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    server.kill();
    verified_by(&place, "p.zip");
    place
        .run(&[
            "verify",
            "e.zip",
            "--key",
            "kept.pub",
            "--require",
            "integrity",
        ])
        .good();
    let away = place.run(&["record", "audit", "lines.jsonl"]);
    refused(&away, 2, "connecting to postgres://127.0.0.1");
}

/// Newer software on tables that nobody has brought up yet.
#[test]
fn tables_of_an_earlier_version_are_read_and_not_written_to() {
    let Some((server, place)) = prepared("directories in tables of an earlier version") else {
        return;
    };
    init(&server, &place);
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    place.record(&lines(5));
    verified(&place, "audit");
    server.sql(
        "DROP TABLE ai_audit.leases, ai_audit.writer; DELETE FROM ai_audit.versions WHERE version > 1",
    );
    verified_by(&place, "audit");
    place.run(&["show", "audit", "3"]).good();
    // Its newest checkpoint is one of its end, so none has to be kept.
    place.run(&["export", "audit", "-o", "old.zip"]).good();
    verified_by(&place, "old.zip");
    let done = place.run(&["record", "audit", "lines.jsonl"]);
    refused(&done, 2, "run `ai-audit store prepare`");
    prepare(&server, &place);
    place.record(&lines(1));
    verified(&place, "audit");
}

#[test]
fn a_service_outlives_its_database() {
    let Some((mut server, place)) = prepared(WHAT) else {
        return;
    };
    init(&server, &place);
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    let serving = Serving::start(&place, &["--open"]);
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        acknowledged.push(append(&serving).unwrap());
    }
    server.kill();
    let (status, said) = append(&serving).unwrap_err();
    assert!(status == 503 || status == 500, "{status}: {said}");
    // A117: where the operator's server is, is no client's matter.
    let mut ready = crate::serve::agent()
        .get(
            serving
                .decisions()
                .replace("/v1/logs/default/decisions", "/readyz"),
        )
        .call()
        .unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    let ready = ready.body_mut().read_to_string().unwrap();
    for text in [&said, &ready] {
        for name in ["127.0.0.1", "audit_writer", &server.port().to_string()] {
            assert!(!text.contains(name), "{text}");
        }
    }
    assert!(said.contains("(trouble "), "{said}");
    server.run();
    let began = Instant::now();
    // The log takes records again by itself, once the server does.
    loop {
        match append(&serving) {
            Ok(seq) => {
                acknowledged.push(seq);
                break;
            }
            Err((status, said)) => {
                assert!(
                    began.elapsed() < Duration::from_secs(60),
                    "{status}: {said}"
                );
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
    serving.signal("TERM");
    let (code, said) = serving.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("trouble 1: "), "{said}");
    assert!(said.contains("127.0.0.1"), "{said}");
    all_there(&place, &acknowledged);
    // What may be lost is declared.
    verified(&place, "audit");
}

/// A105: a replica that did not hear of the last receipts is promoted.
#[test]
fn a105_an_older_server_is_refused() {
    let Some((mut server, place)) = prepared(WHAT) else {
        return;
    };
    init(&server, &place);
    place.record(&lines(3));
    let behind = server.standby();
    place.record(&lines(3));
    let size = place.receipts();
    server.kill();
    behind.promote();
    // The address now leads to the other one.
    let file = place.path("audit/ai-audit.toml");
    let text = fs::read_to_string(&file).unwrap();
    let port = |port: u16| format!("127.0.0.1:{port}/");
    fs::write(
        &file,
        text.replace(&port(server.port()), &port(behind.port())),
    )
    .unwrap();
    let passwords = fs::read_to_string(place.path("passwords")).unwrap();
    let moved = passwords.replace(&server.port().to_string(), &behind.port().to_string());
    place.write("passwords", &moved);
    for args in [
        &["record", "audit", "lines.jsonl"][..],
        &["checkpoint", "audit"],
        &["export", "audit", "-o", "p.zip"],
    ] {
        refused(&place.run(args), 1, "older copy");
    }
    assert!(place.receipts() < size);
    // Who knows that the rest is lost says so in the log.
    place.run(&["adopt", "audit"]).good();
    place.record(&lines(1));
}

/// A105: an empty database is none that a log can be opened in again.
#[test]
fn a105_an_emptied_server_is_refused_and_no_second_log_is_opened() {
    let Some((server, place)) = prepared(WHAT) else {
        return;
    };
    init(&server, &place);
    place.write(
        "acme.jsonl",
        "{\"tenant\":\"acme\",\"input\":\"a\",\"output\":\"b\"}\n",
    );
    place.record(&lines(2));
    place.run(&["record", "audit", "acme.jsonl"]).good();
    let key = fs::read_to_string(place.path("audit/acme/log.pub")).unwrap();
    // Another directory on the same server and under the same name finds a log that is not its own.
    let store = server.url("audit_writer");
    let other = [
        "init",
        "other",
        "--store",
        &store,
        "--set",
        "store-password-file=passwords",
    ];
    refused(&place.run(&other), 2, "another directory's");
    // Under another name it would publish the key line of what is there, and serve it, as its own.
    let other = [&other[..], &["--log", "beta"]].concat();
    refused(&place.run(&other), 2, "another directory's");
    assert!(!place.path("other/log.pub").exists());

    server.sql("DROP SCHEMA ai_audit CASCADE");
    refused(
        &place.run(&["record", "audit", "lines.jsonl"]),
        2,
        "ai-audit store prepare",
    );
    prepare(&server, &place);
    for args in [
        &["record", "audit", "lines.jsonl"][..],
        &["record", "audit", "acme.jsonl"],
        &["init", "audit", "--name", "example.org/test"],
        &["init", "audit", "--log", "third"],
        &["serve", "audit", "--open", "--listen", "127.0.0.1:0"],
        &["checkpoint", "audit"],
    ] {
        let done = place.run(args);
        assert_ne!(done.code, 0, "{args:?}: {}", done.out);
        let said = format!("{}{}", done.out, done.err);
        assert!(said.contains("says that it was made"), "{args:?}: {said}");
    }
    let done = place.run(&["verify", "audit", "--key", "audit/log.pub"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    assert!(done.out.contains("no log here is that one"), "{}", done.out);
    assert_eq!(server.sql("SELECT count(*) FROM ai_audit.receipts"), "0");
    assert_eq!(
        fs::read_to_string(place.path("audit/acme/log.pub")).unwrap(),
        key
    );
}

/// A107: the directory was copied to another machine, where it is written to as well.
#[test]
fn a107_a_second_writer_is_refused_while_the_first_one_is_there() {
    let Some((mut server, place)) = prepared(WHAT) else {
        return;
    };
    init_with_copy(&server, &place);
    place.write("lines.jsonl", &lines(1));
    let serving = Serving::start(&place, &["--open"]);
    let mut acknowledged = vec![append(&serving).unwrap()];
    let before = place.receipts();
    for args in [
        &["record", "copy", "lines.jsonl"][..],
        &["serve", "copy", "--open", "--listen", "127.0.0.1:0"],
        &["key", "rotate", "copy"],
    ] {
        let done = place.run(args);
        refused(
            &done,
            1,
            "is locked by another writer (a connection from 127.0.0.1",
        );
    }
    // Who shares the folder is told by the file.
    refused(
        &place.run(&["record", "audit", "lines.jsonl"]),
        1,
        "audit.lock",
    );
    assert_eq!(place.receipts(), before);
    // Readers, and checkpoints beside the writer.
    verified(&place, "audit");
    acknowledged.push(append(&serving).unwrap());
    // The lock goes with the connection, and is taken again with the next one.
    server.kill();
    server.run();
    let began = Instant::now();
    loop {
        match append(&serving) {
            Ok(seq) => break acknowledged.push(seq),
            Err(said) => assert!(began.elapsed() < Duration::from_secs(60), "{said:?}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    refused(
        &place.run(&["record", "copy", "lines.jsonl"]),
        1,
        "another writer",
    );
    // A writer that is killed frees it: the copy goes on, in the same chain.
    serving.signal("KILL");
    let _ = serving.end();
    place.run(&["record", "copy", "lines.jsonl"]).good();
    all_there(&place, &acknowledged);
    verified(&place, "audit");
}

/// A directory from last night's backup: the log is elsewhere, and goes on; but not with a key that was handed over.
#[test]
fn a_restored_directory_goes_on_unless_its_key_is_over() {
    let Some((server, place)) = prepared(WHAT) else {
        return;
    };
    init(&server, &place);
    fs::copy(place.path("audit/log.pub"), place.path("kept.pub")).unwrap();
    place.record(&lines(2));
    copy(&place.path("audit"), &place.path("backup"));
    place.record(&lines(2));
    let restore = || {
        fs::remove_dir_all(place.path("audit")).unwrap();
        copy(&place.path("backup"), &place.path("audit"));
    };
    restore();
    place.record(&lines(1));
    verified(&place, "audit");
    place.run(&["key", "rotate", "audit"]).good();
    let size = place.receipts();
    restore();
    let done = place.run(&["record", "audit", "lines.jsonl"]);
    refused(&done, 1, "is not the one of log default");
    assert_eq!(place.receipts(), size);
}
