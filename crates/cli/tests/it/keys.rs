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
            "2026-01-01T00:00:00Z",
            "--after",
            "21",
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
    let early = "2020-01-01T00:00:00Z";
    let future = "2100-01-01T00:00:00Z";
    let recovery = "audit/keys/recovery.pem";
    for (done, words) in [
        (
            revoke("audit/keys/receipt.pem", early, &["--after", "5"]),
            "recovery key of log default is",
        ),
        (revoke(recovery, "yesterday", &[]), "expected a time"),
        (revoke(recovery, future, &[]), "in the future"),
        (
            revoke(recovery, "1999-01-01T00:00:00Z", &[]),
            "before the log's genesis",
        ),
        (
            revoke(recovery, early, &["--after", "5", "--key", "00"]),
            "no such receipt key",
        ),
        (
            revoke(recovery, early, &["--after", "99"]),
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

/// Revokes with a limit, a long time ago, into FILE.
pub(crate) fn revoke(place: &Place, dir: &str, after: u64, more: &[&str]) -> crate::run::Done {
    let after = after.to_string();
    let mut args = vec![
        "key",
        "revoke",
        dir,
        "--recovery-key",
        "recovery.pem",
        "--compromised-at",
        "2020-01-01T00:00:00Z",
        "--after",
        &after,
    ];
    args.extend_from_slice(more);
    place.run(&args)
}

#[test]
fn a13_the_key_that_receipts_behind_the_limit_hang_on_is_revoked_and_no_other() {
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
    fs::rename(
        place.path("audit/keys/recovery.pem"),
        place.path("recovery.pem"),
    )
    .unwrap();
    place.record(&lines(3));
    // Stolen here: the thief has the key of epoch 0 and all receipts so far.
    copy(&place, "audit", "stolen");
    let size = place.run(&["checkpoint", "stolen", "--json"]).good().json()["size"]
        .as_u64()
        .unwrap();
    place.run(&["epoch", "seal", "audit"]).good();
    place.record(&lines(3));
    auditor(&place);
    let history = place
        .run(&["key", "history", "audit", "--json"])
        .good()
        .json();
    let newest = history["keys"][1]["key_id"].as_str().unwrap();
    // The newest key is not the one that was stolen.
    let wrong = revoke(&place, "audit", size - 1, &["--key", newest, "-o", "r"]);
    assert!(
        wrong.code == 1 && wrong.err.contains("hang on key"),
        "{}",
        wrong.err
    );
    assert!(!place.path("r").exists());
    let done = revoke(&place, "audit", size - 1, &["-o", "r", "--json"])
        .good()
        .json();
    assert_eq!(done["key_id"], history["keys"][0]["key_id"], "{done}");
    // The thief's log, in which he rotates at once, to a key of his own.
    place.run(&["key", "rotate", "stolen"]).good();
    place.run(&["record", "stolen", "lines.jsonl"]).good();
    let args = ["verify", "stolen", "--key", "log.pub", "--size", "10"];
    assert_eq!(place.run(&args).code, 0, "without the revocation");
    let with = [&args[..], &["--revocation", "r"]].concat();
    assert_eq!(place.run(&with).code, 1);
}

#[test]
fn a13_a_lost_key_is_revoked_and_a_failed_try_is_repeated() {
    let place = Place::new();
    fs::rename(
        place.path("audit/keys/recovery.pem"),
        place.path("recovery.pem"),
    )
    .unwrap();
    auditor(&place);
    fs::remove_file(place.path("audit/keys/receipt.pem")).unwrap();
    // Nobody is given a revocation that cannot be put into the log.
    let checkpoint = place.path("audit/keys/checkpoint.pem");
    fs::rename(&checkpoint, place.path("kept.pem")).unwrap();
    assert_ne!(revoke(&place, "audit", 14, &["-o", "r"]).code, 0);
    assert!(!place.path("r").exists());
    fs::rename(place.path("kept.pem"), &checkpoint).unwrap();
    revoke(&place, "audit", 14, &["-o", "r"]).good();
    place.record(&lines(2));
    auditor_again(&place);
    assert_eq!(verify(&place, "audit", &["--revocation", "r"]), 0);
}

fn auditor_again(place: &Place) {
    place
        .run(&["checkpoint", "audit", "-o", "kept.note", "--force"])
        .good();
}

#[test]
fn nothing_is_adopted_where_nothing_is_missing() {
    let place = Place::new();
    let before = place.run(&["info", "audit", "--json"]).good().json();
    let adopted = place.run(&["adopt", "audit", "--json"]).good().json();
    assert_eq!(adopted["gap"], serde_json::Value::Null, "{adopted}");
    assert_eq!(adopted["from"], adopted["size"]);
    let after = place.run(&["info", "audit", "--json"]).good().json();
    assert_eq!(before, after);
}

#[test]
fn a10_the_recovery_key_of_a_forward_secure_log_does_not_lie_beside_it() {
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
    let production = [("AI_AUDIT_ENV", "production")];
    let record = |env: &[(&str, &str)]| place.with(&["record", "audit", "-"], env, &lines(1));
    assert!(record(&[]).good().err.contains("recovery.pem"));
    let refused = record(&production);
    assert!(
        refused.code != 0 && refused.err.contains("recovery.pem"),
        "{}",
        refused.err
    );
    fs::remove_file(place.path("audit/keys/recovery.pem")).unwrap();
    assert!(!record(&production).good().err.contains("recovery"));
}

#[test]
fn a31_secrets_whose_writing_was_cut_off_are_destroyed() {
    let place = Place::new();
    let left = place.path("audit/keys/.new-abc");
    fs::write(&left, "secret").unwrap();
    place.record(&lines(1));
    assert!(!left.exists());
}

#[test]
fn a33_a_mark_that_was_lost_is_told() {
    let place = Place::new();
    let marks = [("AI_AUDIT_HIGH_WATER_MARKS", "marks")];
    let record = || {
        place
            .with(&["record", "audit", "-"], &marks, &lines(1))
            .good()
            .err
    };
    assert!(record().contains("no high-water mark"));
    assert!(!record().contains("no high-water mark"));
    fs::remove_dir_all(place.path("marks")).unwrap();
    assert!(record().contains("no high-water mark"));
}
