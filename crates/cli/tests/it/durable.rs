//! Restored directories, readers without write access, tenants that do not block each other.

use crate::run::{Done, Place, lines};
use std::fs;
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a33_nothing_is_signed_of_a_restored_directory() {
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/test"])
        .good();
    let marked =
        |args: &[&str]| -> Done { place.with(args, &[("AI_AUDIT_HIGH_WATER_MARKS", "marks")], "") };
    fs::write(place.path("lines.jsonl"), lines(3)).unwrap();
    marked(&["record", "audit", "lines.jsonl"]).good();
    copy(&place.path("audit"), &place.path("backup"));
    marked(&["record", "audit", "lines.jsonl"]).good();
    fs::rename(place.path("audit"), place.path("newer")).unwrap();
    fs::rename(place.path("backup"), place.path("audit")).unwrap();
    let before = place.run(&["checkpoint", "newer"]).good().out;
    for args in [
        &["checkpoint", "audit"][..],
        &["export", "audit", "-o", "package.zip"],
        &["prove", "audit", "4", "-o", "proof.txt"],
        &["record", "audit", "lines.jsonl"],
    ] {
        let done = marked(args);
        assert_eq!(done.code, 1, "{args:?}: {}{}", done.out, done.err);
        assert!(done.err.contains("older copy"), "{args:?}: {}", done.err);
    }
    assert!(!place.path("package.zip").exists() && !place.path("proof.txt").exists());
    // What was signed of the newer one still stands alone.
    fs::rename(place.path("audit"), place.path("backup")).unwrap();
    fs::rename(place.path("newer"), place.path("audit")).unwrap();
    assert_eq!(marked(&["checkpoint", "audit"]).good().out, before);
}

#[test]
fn a_tenant_whose_key_is_missing_blocks_no_other_and_gets_no_receipts() {
    let place = Place::new();
    place.run(&["init", "audit", "--log", "acme"]).good();
    let size = |log: &str| {
        let all = place.run(&["log", "audit", "--log", log, "--json"]).good();
        all.json().as_array().unwrap().len()
    };
    let before = size("acme");
    let key = place.path("audit/acme/keys/receipt.pem");
    let away = place.path("away.pem");
    fs::rename(&key, &away).unwrap();
    place.record(&lines(2));
    assert_eq!(size("acme"), before);
    fs::write(
        place.path("acme.jsonl"),
        "{\"tenant\":\"acme\",\"input\":\"a\",\"output\":\"b\"}\n",
    )
    .unwrap();
    let done = place.run(&["record", "audit", "acme.jsonl"]);
    assert_ne!(done.code, 0);
    assert!(done.err.contains("acme/keys/receipt.pem"), "{}", done.err);
    fs::rename(&away, &key).unwrap();
    place.run(&["record", "audit", "acme.jsonl"]).good();
    // Start, decision, stop.
    assert_eq!(size("acme"), before + 3);
}

#[test]
#[cfg(unix)]
fn a_log_is_verified_without_write_access() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let folder = place.path("audit");
    let mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    let program = env!("CARGO_BIN_EXE_ai-audit");
    let as_root =
        fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t"));
    let mut command = std::process::Command::new(if as_root { "setpriv" } else { program });
    if as_root {
        command.args(["--bounding-set=-all", "--inh-caps=-all", "--", program]);
    }
    let done = command
        .args(["verify", "--key", "log.pub", "."])
        .current_dir(&folder)
        .output();
    mode(0o755);
    match done {
        Ok(done) => {
            let text = String::from_utf8_lossy(&done.stdout);
            let said = String::from_utf8_lossy(&done.stderr);
            // Complete only with a checkpoint from elsewhere: nothing failed.
            assert_eq!(done.status.code(), Some(3), "{text}{said}");
        }
        Err(_) => println!("SKIPPED: verifying without write access: setpriv is absent"),
    }
}

/// What a command wrote is in the one file when it ends, so that the file alone can be read and copied.
#[test]
fn every_command_that_writes_folds_the_wal() {
    let place = Place::new();
    fs::write(place.path("lines.jsonl"), lines(2)).unwrap();
    for args in [
        &["record", "audit", "lines.jsonl"][..],
        &["checkpoint", "audit"],
        &["key", "rotate", "audit"],
        &["epoch", "seal", "audit"],
        &["epoch", "archive", "audit", "0", "-o", "e.zip"],
        &["export", "audit", "-o", "p.zip"],
        &["prove", "audit", "3", "-o", "r.proof"],
        &["publish", "audit", "public"],
        &["adopt", "audit"],
    ] {
        place.run(args).good();
        let wal = fs::metadata(place.path("audit/audit.db-wal"));
        let len = wal.map_or(0, |wal| wal.len());
        assert_eq!(len, 0, "{args:?} leaves a WAL");
    }
}
