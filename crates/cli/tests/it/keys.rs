//! Rotating, revoking, adopting through the command line (A12, A13, A33).

use crate::run::{Place, lines};
use std::fs;
use std::process::Command;

/// The auditor's files: key line, and a checkpoint made now.
fn auditor(place: &Place) {
    fs::copy(place.path("audit/log.pub"), place.path("log.pub")).unwrap();
    place
        .run(&["checkpoint", "audit", "-o", "kept.note", "--force"])
        .good();
}

fn verify(place: &Place, what: &str, more: &[&str]) -> i32 {
    let mut args = vec![
        "verify",
        what,
        "--key",
        "log.pub",
        "--checkpoint",
        "kept.note",
    ];
    args.extend_from_slice(more);
    place.run(&args).code
}

/// What the independent verifier of the package says.
fn python(place: &Place, more: &[&str]) -> Option<i32> {
    let folder = place.path("unpacked");
    let _ = fs::remove_dir_all(&folder);
    let mut zip = zip::ZipArchive::new(fs::File::open(place.path("p.zip")).unwrap()).unwrap();
    zip.extract(&folder).unwrap();
    let output = Command::new("python3")
        .arg(folder.join("verify.py"))
        .arg(&folder)
        .args(["--key", "log.pub", "--checkpoint", "kept.note"])
        .args(more)
        .current_dir(place.path("."))
        .output();
    match output {
        Ok(output) => output.status.code(),
        Err(_) => {
            println!("SKIPPED: python3 is not there");
            None
        }
    }
}

#[test]
fn a12_a13_keys_rotate_and_are_revoked_and_everything_still_verifies() {
    let place = Place::new();
    let rotated = place
        .run(&["key", "rotate", "audit", "--json"])
        .good()
        .json();
    assert_eq!(rotated["receipt"], 16, "{rotated}");
    place.record(&lines(2));
    auditor(&place);
    // A thief copies everything.
    assert_eq!(verify(&place, "audit", &[]), 0);
    copy(&place, "audit", "stolen");
    let revoked = place
        .run(&[
            "key",
            "revoke",
            "audit",
            "--recovery-key",
            "audit/keys/recovery.pem",
            "--compromised-at",
            "2100-01-01T00:00:00Z",
            "--reason",
            "laptop lost",
            "-o",
            "audit.revocation",
            "--json",
        ])
        .good()
        .json();
    assert_eq!(revoked["after"], 21, "{revoked}");
    place.record(&lines(2));
    auditor(&place);
    let history = place
        .run(&["key", "history", "audit", "--json"])
        .good()
        .json();
    assert_eq!(history["keys"].as_array().unwrap().len(), 3, "{history}");
    assert_eq!(history["revocations"][0]["receipt"], revoked["receipt"]);
    let text = place.run(&["key", "history", "audit"]).good().out;
    assert!(
        text.contains("laptop lost") && text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    place.run(&["prove", "audit", "20", "-o", "r.proof"]).good();
    for what in ["audit", "p.zip", "r.proof"] {
        for more in [&[][..], &["--revocation", "audit.revocation"]] {
            assert_eq!(verify(&place, what, more), 0, "{what} {more:?}");
        }
    }
    for more in [&[][..], &["--revocation", "audit.revocation"]] {
        assert!(python(&place, more).is_none_or(|code| code == 0));
    }

    // The thief goes on with the stolen keys, and shows a log without the revocation.
    fs::write(place.path("forged.jsonl"), lines(3)).unwrap();
    place.run(&["record", "stolen", "forged.jsonl"]).good();
    place
        .run(&["checkpoint", "stolen", "-o", "kept.note", "--force"])
        .good();
    fs::remove_file(place.path("p.zip")).unwrap();
    place.run(&["export", "stolen", "-o", "p.zip"]).good();
    for what in ["stolen", "p.zip"] {
        assert_eq!(verify(&place, what, &[]), 0, "nobody knows of it yet");
        assert_eq!(
            verify(&place, what, &["--revocation", "audit.revocation"]),
            1
        );
    }
    let more = ["--revocation", "audit.revocation"];
    assert!(python(&place, &more).is_none_or(|code| code == 1));
}

#[test]
fn a10_a_forward_secure_log_hands_over_with_each_epoch() {
    let place = Place::empty();
    place
        .run(&[
            "init",
            "audit",
            "--name",
            "example.org/x",
            "--forward-secure",
        ])
        .good();
    for _ in 0..3 {
        place.record(&lines(3));
        place.run(&["epoch", "seal", "audit"]).good();
    }
    auditor(&place);
    let history = place
        .run(&["key", "history", "audit", "--json"])
        .good()
        .json();
    let keys = history["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 4, "{history}");
    assert!(
        keys[1..].iter().all(|key| key["reason"] == "epoch"),
        "{history}"
    );
    let verified = place.run(&[
        "verify",
        "audit",
        "--key",
        "log.pub",
        "--checkpoint",
        "kept.note",
    ]);
    assert!(!verified.good().out.contains("promises forward security"));
    // A log that only promises it is remarked upon.
    let place = Place::new();
    place
        .run(&[
            "init",
            "audit",
            "--log",
            "liar",
            "--policy",
            "receipt-key=forward-secure",
        ])
        .good();
    let silent = place.run(&["verify", "audit", "--log", "liar"]).out;
    assert!(
        !silent.contains("promises forward security"),
        "nothing was sealed yet: {silent}"
    );
}

#[test]
fn mistakes_with_keys_are_one_clear_sentence() {
    let place = Place::new();
    let revoke = |key: &str, time: &str, more: &[&str]| {
        let mut args = vec![
            "key",
            "revoke",
            "audit",
            "--recovery-key",
            key,
            "--compromised-at",
            time,
            "-o",
            "r",
        ];
        args.extend_from_slice(more);
        place.run(&args)
    };
    let later = "2100-01-01T00:00:00Z";
    let recovery = "audit/keys/recovery.pem";
    for (done, words) in [
        (
            revoke("audit/keys/receipt.pem", later, &[]),
            "recovery key of log default is",
        ),
        (revoke(recovery, "yesterday", &[]), "expected a time"),
        (
            revoke(recovery, "1999-01-01T00:00:00Z", &[]),
            "before the log's genesis",
        ),
        (
            revoke(recovery, later, &["--key", "00"]),
            "no such receipt key",
        ),
        (
            revoke(recovery, later, &["--after", "99"]),
            "expected the last trusted receipt",
        ),
        (
            place.run(&["key", "rotate", "nowhere"]),
            "is no log directory",
        ),
        (
            place.run(&["key"]),
            "expected a log directory or a key line",
        ),
        (
            place.run(&["verify", "audit", "--revocation", "lines.jsonl"]),
            "line 1: expected ai-audit/revocation/v1",
        ),
    ] {
        assert!(
            done.code != 0 && done.err.contains(words),
            "{}{}",
            done.out,
            done.err
        );
        assert_eq!(done.err.trim_end().lines().count(), 1, "{}", done.err);
    }
    assert!(!place.path("r").exists());
    // Nothing of all that came into the log.
    assert_eq!(
        place
            .run(&["key", "history", "audit", "--json"])
            .good()
            .json()["keys"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a33_a_restored_directory_is_adopted_and_its_loss_declared() {
    let place = Place::new();
    let marks = [("AI_AUDIT_HIGH_WATER_MARKS", "marks")];
    let record = |dir: &str| place.with(&["record", dir, "-"], &marks, &lines(2));
    record("audit").good();
    copy(&place, "audit", "backup");
    record("audit").good();
    fs::remove_dir_all(place.path("audit")).unwrap();
    copy(&place, "backup", "audit");
    let refused = record("audit");
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains("ai-audit adopt"), "{}", refused.err);
    let adopted = place
        .with(&["adopt", "audit", "--json"], &marks, "")
        .good()
        .json();
    record("audit").good();
    let gap = adopted["from"].to_string();
    let shown = place.run(&["show", "audit", &gap, "--json"]).good().json();
    assert_eq!(shown["kind"], "gap", "{shown}");
    assert_eq!(shown["body"]["lost"], 4, "{shown}");
}

fn copy(place: &Place, from: &str, to: &str) {
    let done = Command::new("cp")
        .args(["-a"])
        .args([place.path(from), place.path(to)])
        .status()
        .unwrap();
    assert!(done.success());
}
