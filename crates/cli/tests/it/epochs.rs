//! `ai-audit epoch`: from sealing to restoring, and what every other command says of what is gone.

use crate::run::{Place, lines};
use serde_json::Value;
use std::fs;

/// A log with two sealed epochs and an open one; anything may be deleted at once.
fn place() -> Place {
    let place = Place::empty();
    let days = ["--policy", "retention-days=0"];
    place
        .run(&[&["init", "audit", "--name", "example.org/test"], &days[..]].concat())
        .good();
    for _ in 0..2 {
        place.record(&lines(10));
        place.run(&["epoch", "seal", "audit"]).good();
    }
    place.record(&lines(5));
    place
}

fn u64_of(value: &Value, field: &str) -> u64 {
    value[field]
        .as_u64()
        .unwrap_or_else(|| panic!("{field} of {value}"))
}

/// The epochs as `epoch list --json` tells them.
fn epochs(place: &Place) -> Vec<Value> {
    let list = place
        .run(&["epoch", "list", "audit", "--json"])
        .good()
        .json();
    list["epochs"].as_array().unwrap().clone()
}

const VERIFY: [&str; 6] = [
    "verify",
    "audit",
    "--key",
    "audit/log.pub",
    "--checkpoint",
    "kept.note",
];

#[test]
fn seal_archive_delete_verify_prove_restore() {
    let place = place();
    let all = epochs(&place);
    assert_eq!(all.len(), 3);
    let (first, last) = (u64_of(&all[1], "first"), u64_of(&all[1], "last"));
    assert_eq!(
        (all[0]["first"].as_u64(), all[2]["sealed"].as_bool()),
        (Some(0), Some(false))
    );

    let archived = place
        .run(&["epoch", "archive", "audit", "1", "--json"])
        .good()
        .json();
    assert_eq!(archived["file"], "epoch-1.zip");
    let said = place.run(&["epoch", "archive", "audit", "1"]);
    assert_eq!(
        (said.code, said.err.contains("--force")),
        (2, true),
        "{}",
        said.err
    );
    let archive = place.run(&[
        "verify",
        "epoch-1.zip",
        "--key",
        "audit/log.pub",
        "--require",
        "integrity,attribution",
    ]);
    assert_eq!(archive.code, 0, "{}", archive.out);
    assert!(
        archive
            .out
            .contains("epoch 1 is here from its first receipt"),
        "{}",
        archive.out
    );

    // A decision of epoch 1, proved before and after its bytes are gone.
    let seq = place
        .run(&[
            "log",
            "audit",
            "--kind",
            "decision",
            "-n",
            "99",
            "--reverse",
            "--json",
        ])
        .good()
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|receipt| u64_of(receipt, "seq"))
        .find(|seq| (first..last).contains(seq))
        .unwrap()
        .to_string();
    let shown = place.run(&["show", "audit", &seq, "--json"]).good().json();
    let deleted = place
        .run(&[
            "epoch",
            "delete",
            "audit",
            "1",
            "--archive",
            "epoch-1.zip",
            "--json",
        ])
        .good()
        .json();
    assert_eq!(u64_of(&deleted, "deleted"), 10);
    let by = u64_of(&deleted, "deletion");
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    let done = place.run(&VERIFY);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(
        done.out.contains("10 receipts are deleted (epoch 1"),
        "{}",
        done.out
    );
    let report = place
        .run(&[&VERIFY[..], &["--json"]].concat())
        .good()
        .json();
    assert_eq!(report["deleted"][0]["deletion"], by);
    assert_eq!(report["deleted"][0]["archive"], archived["sha256"]);
    assert_eq!(epochs(&place)[1]["deleted"], 10);

    // Every command says so.
    let gone = place.run(&["show", "audit", &seq]).good();
    assert!(
        gone.out.contains(&format!("deleted under receipt {by}")),
        "{}",
        gone.out
    );
    let json = place.run(&["show", "audit", &seq, "--json"]).good().json();
    assert_eq!(
        (&json["deleted"], &json["hash"]),
        (&Value::Bool(true), &shown["hash"])
    );
    let by_hash = place
        .run(&["show", "audit", shown["hash"].as_str().unwrap()])
        .good();
    assert_eq!(by_hash.out, gone.out);
    let by_id = place
        .run(&["show", "audit", shown["id"].as_str().unwrap()])
        .good();
    assert_eq!(by_id.out, gone.out);
    let hex = place.run(&["show", "audit", &seq, "--hex"]);
    assert!(hex.out.contains("deleted under"), "{}{}", hex.out, hex.err);
    let log = place.run(&["log", "audit", "-n", "99"]).good();
    assert_eq!(
        log.out.matches(&format!("deleted by receipt {by}")).count(),
        10
    );
    let stats = place.run(&["stats", "audit", "--json"]).good().json();
    assert_eq!(
        (u64_of(&stats, "deleted"), &stats["kinds"]["decision"]),
        (10, &15.into())
    );
    let wide = [
        log.out.as_str(),
        gone.out.as_str(),
        place.run(&["epoch", "list", "audit"]).good().out.as_str(),
    ]
    .concat();
    let longest = wide
        .lines()
        .filter(|line| !line.contains("SHA-256"))
        .map(|line| line.chars().count())
        .max();
    assert!(longest <= Some(80), "{wide}");

    // A proof takes the bytes from the archive, and only the right ones.
    let without = place.run(&["prove", "audit", &seq, "-o", "p.proof"]);
    assert_eq!(without.code, 1, "{}", without.err);
    assert!(without.err.contains("archive"), "{}", without.err);
    place
        .run(&[
            "prove",
            "audit",
            &seq,
            "--archive",
            "epoch-1.zip",
            "--checkpoint",
            "kept.note",
            "--disclose",
            "input",
            "-o",
            "p.proof",
        ])
        .good();
    let proof = place.run(&["verify", "p.proof", "--key", "audit/log.pub"]);
    assert_eq!(proof.code, 0, "{}", proof.out);
    let other = place.run(&[
        "prove",
        "audit",
        "5",
        "--archive",
        "epoch-1.zip",
        "-o",
        "q.proof",
    ]);
    assert!(
        other.code == 1 && other.err.contains("receipt 5 is not in the archive"),
        "{}",
        other.err
    );

    // Packages: the whole log verifies, a selection warns, a range refuses.
    place.run(&["export", "audit", "-o", "all.zip"]).good();
    let all = place.run(&[
        "verify",
        "all.zip",
        "--key",
        "audit/log.pub",
        "--checkpoint",
        "kept.note",
    ]);
    assert_eq!(all.code, 0, "{}", all.out);
    let session = place
        .run(&["export", "audit", "--session", "s1", "-o", "s.zip"])
        .good();
    assert!(
        session.err.contains("10 receipts of the log are deleted"),
        "{}",
        session.err
    );
    let range = place.run(&["export", "audit", "--from", &seq, "-o", "r.zip"]);
    assert!(
        range.code == 1 && range.err.contains("restore"),
        "{}",
        range.err
    );
    assert!(!place.path("r.zip").exists() && !place.path("r.zip.part").exists());

    // And back.
    let back = place
        .run(&["epoch", "restore", "audit", "epoch-1.zip", "--json"])
        .good()
        .json();
    assert_eq!(u64_of(&back, "restored"), 10);
    assert_eq!(
        place.run(&["show", "audit", &seq, "--json"]).good().json(),
        shown
    );
    assert_eq!(place.run(&VERIFY).code, 0);
    assert!(
        place
            .run(&["epoch", "list", "audit"])
            .good()
            .out
            .contains("held again")
    );
}

#[test]
fn what_must_not_be_deleted_is_refused_in_one_sentence() {
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/test"])
        .good();
    place.record(&lines(3));
    let delete = |epoch, more: &[&str]| {
        let args = [&["epoch", "delete", "audit", epoch], more].concat();
        let done = place.run(&args);
        assert_eq!(done.out, "");
        (done.code, done.err)
    };
    let (code, said) = delete("0", &["--without-archive"]);
    assert!(
        code == 2 && said.contains("epoch 0 is not sealed: 0 epochs are"),
        "{said}"
    );
    place.run(&["epoch", "seal", "audit"]).good();
    let (code, said) = delete("0", &["--without-archive"]);
    assert!(
        code == 1 && said.contains("must be kept for 184 days: until "),
        "{said}"
    );
    let (code, said) = delete("0", &[]);
    assert!(code == 2 && said.contains("--archive"), "{said}");
    let (code, said) = delete("0", &["--archive", "nowhere.zip"]);
    assert!(code == 2 && said.contains("nowhere.zip"), "{said}");
    fs::write(place.path("text.zip"), "text").unwrap();
    let (code, said) = delete("0", &["--archive", "text.zip"]);
    assert!(code == 1 && said.contains("text.zip"), "{said}");
    // The setting makes it shorter where the genesis promises nothing; a checkpoint is still asked for.
    let zero = [("AI_AUDIT_RETENTION_DAYS", "0")];
    let args = ["epoch", "delete", "audit", "0", "--without-archive"];
    let done = place.with(&args, &zero, "");
    assert!(
        done.code == 1 && done.err.contains("no checkpoint covers it"),
        "{}",
        done.err
    );
    place.run(&["checkpoint", "audit"]).good();
    place.with(&args, &zero, "").good();

    // A promise cannot be shortened, and has to be a number.
    let init = |days: &str| {
        let policy = format!("retention-days={days}");
        place.run(&["init", "promised", "--policy", &policy])
    };
    let done = init("7y");
    assert!(
        done.code == 2 && done.err.contains("number of days"),
        "{}",
        done.err
    );
    init("30").good();
    place.run(&["epoch", "seal", "promised"]).good();
    let done = place.with(
        &["epoch", "delete", "promised", "0", "--without-archive"],
        &zero,
        "",
    );
    // Only control receipts: there would be nothing to delete anyway.
    assert!(
        done.code == 1 && done.err.contains("control receipts"),
        "{}",
        done.err
    );
    fs::write(place.path("one.jsonl"), lines(1)).unwrap();
    place.run(&["record", "promised", "one.jsonl"]).good();
    place.run(&["epoch", "seal", "promised"]).good();
    place.run(&["checkpoint", "promised"]).good();
    let done = place.with(
        &["epoch", "delete", "promised", "1", "--without-archive"],
        &zero,
        "",
    );
    assert!(
        done.code == 1 && done.err.contains("30 days"),
        "{}",
        done.err
    );
}

#[test]
fn epochs_are_sealed_by_settings() {
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/test"])
        .good();
    fs::write(place.path("audit/ai-audit.toml"), "epoch-receipts = 8\n").unwrap();
    place.record(&lines(30));
    let all = epochs(&place);
    assert!(all.len() >= 4, "{all:?}");
    assert!(all[..3].iter().all(|epoch| u64_of(epoch, "receipts") == 9));
    let info = place.run(&["info", "audit", "--json"]).good().json();
    assert_eq!(info["settings"]["epoch-receipts"], 8);
    assert_eq!(info["settings"]["retention-days"], "as promised");
}

#[test]
fn a03_bytes_deleted_behind_the_logs_back_are_named() {
    let place = place();
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    let database = rusqlite::Connection::open(place.path("audit/audit.db")).unwrap();
    let kind = |name: &str| {
        let kinds = place
            .run(&["log", "audit", "--kind", name, "-n", "99", "--json"])
            .good()
            .json();
        kinds
            .as_array()
            .unwrap()
            .iter()
            .map(|receipt| u64_of(receipt, "seq"))
            .min()
            .unwrap()
    };
    // A decision without a deletion receipt.
    let (seq, stop) = (kind("decision"), kind("stop"));
    let delete = |seq: u64| {
        database
            .execute(
                "UPDATE receipts SET sealed = x'' WHERE seq = ?",
                [i64::try_from(seq).unwrap()],
            )
            .unwrap();
    };
    delete(seq);
    let done = place.run(&VERIFY);
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(
        done.out
            .contains(&format!("FAILED at receipt {seq}: its bytes are deleted")),
        "{}",
        done.out
    );
    assert!(
        place
            .run(&["show", "audit", &seq.to_string()])
            .good()
            .out
            .contains("no deletion receipt")
    );
    // With its epoch deleted in order that one is accounted for; a control receipt is not.
    place.run(&["epoch", "archive", "audit", "1"]).good();
    place
        .run(&["epoch", "delete", "audit", "1", "--archive", "epoch-1.zip"])
        .good();
    let done = place.run(&VERIFY);
    assert!(
        done.out.contains(&format!("FAILED at receipt {seq}: ")),
        "{}",
        done.out
    );
    delete(stop);
    let done = place.run(&VERIFY);
    assert!(
        done.code == 1 && done.out.contains("control"),
        "{}",
        done.out
    );
    // The genesis.
    delete(0);
    let done = place.run(&VERIFY);
    assert!(
        done.code == 1 && done.out.contains("genesis"),
        "{}",
        done.out
    );
}

#[test]
fn a_corrupt_archive_names_its_first_bad_receipt() {
    let place = Place::new();
    place.run(&["epoch", "seal", "audit"]).good();
    place
        .run(&["epoch", "archive", "audit", "0", "-o", "e.zip"])
        .good();
    // The receipts are the first entry; well behind its header and the genesis.
    let mut bytes = fs::read(place.path("e.zip")).unwrap();
    bytes[1500] ^= 1;
    fs::write(place.path("bad.zip"), bytes).unwrap();
    let verified = place.run(&["verify", "bad.zip", "--key", "audit/log.pub", "--json"]);
    let report = verified.json();
    let receipt = &report["verdict"]["integrity"]["receipt"];
    assert!(receipt.as_u64().is_some_and(|seq| seq > 0), "{report}");
    let refused = place.run(&["epoch", "restore", "audit", "bad.zip"]);
    let named = format!("receipt {receipt}");
    assert!(
        refused.code == 1 && refused.err.contains(&named),
        "{named}: {}",
        refused.err
    );
}
