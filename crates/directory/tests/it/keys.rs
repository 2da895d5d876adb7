//! Receipt keys in files: rotation, crash states, and what a thief of the whole disk can do (A10).

use crate::{new, record};
use ai_audit_core::{
    Decision, Draft, Head, MAX_SEALED_LEN, ReceiptId, SigningKey, UnverifiedReceipt,
};
use ai_audit_directory::{FileReceiptKeys, LogDirectory, Settings, Writer, read_key};
use ai_audit_store::{LogName, ReceiptKeys as _};
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy};
use std::fs;
use std::path::{Path, PathBuf};

fn rotate(path: &Path) {
    let writer = Writer::open(path, Settings::default(), "test").unwrap();
    writer.rotate_key(&LogName::default(), "test").unwrap();
    writer.close("done").unwrap();
}

fn sealed(path: &Path) -> Vec<Vec<u8>> {
    let directory = LogDirectory::open(path, Settings::default()).unwrap();
    let log = LogName::default();
    let size = directory.head(&log).unwrap().size();
    (0..size)
        .map(|seq| directory.receipt(&log, seq).unwrap())
        .collect()
}

fn attribution(line: &str, receipts: &[Vec<u8>]) -> ai_audit_verify::Report {
    let policy = TrustPolicy::new().pin(Pin::parse(line).unwrap());
    let mut verifier = LogVerifier::new(&policy);
    for receipt in receipts {
        verifier.push(receipt);
    }
    verifier.finish()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn a10_who_steals_every_byte_on_disk_cannot_sign_again_what_was_sealed_before_the_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let line = new(&path, "default").key_line.to_string();
    record(&path, Settings::default(), 3).unwrap();
    let old = read_key(&path.join("keys/receipt.pem"), true).unwrap();
    let pem = fs::read(path.join("keys/receipt.pem")).unwrap();
    rotate(&path);
    record(&path, Settings::default(), 3).unwrap();
    // It is kept offline: with it, whoever steals it can revoke, and rewrite behind a revocation.
    fs::remove_file(path.join("keys/recovery.pem")).unwrap();

    // The theft: every byte of the directory, keys and all. The old secret is in none of them.
    let text = pem.split(|byte| *byte == b'\n').nth(1).unwrap();
    let all = files(&path);
    assert!(all.len() >= 5, "{all:?}");
    for file in all {
        let bytes = fs::read(&file).unwrap();
        assert!(!contains(&bytes, &*old.to_seed()), "{}", file.display());
        assert!(!contains(&bytes, text), "{}", file.display());
    }
    let stolen: Vec<SigningKey> = ["receipt", "checkpoint"]
        .map(|name| read_key(&path.join(format!("keys/{name}.pem")), true).unwrap())
        .into();

    // The thief changes a decision of before the rotation and seals it again, with each key.
    let honest = sealed(&path);
    let report = attribution(&line, &honest);
    assert!(report.verdict.integrity.is_verified() && report.verdict.attribution.is_verified());
    let at = 5;
    for key in &stolen {
        let first = UnverifiedReceipt::parse(&honest[0]).unwrap();
        let before = UnverifiedReceipt::parse(&honest[at - 1]).unwrap();
        let head = Head::from_parts(
            first.hash().to_log_id(),
            at as u64,
            before.hash(),
            before.header().sealed_at,
        );
        let decision = Decision {
            model: "another".into(),
            ..Decision::new()
        };
        let time = before.header().sealed_at;
        let mut buf = vec![0; MAX_SEALED_LEN];
        let forged = Draft::new(ReceiptId::from_parts(time, [1; 10]), time)
            .seal(&decision, &head, key, &mut buf)
            .unwrap();
        let mut receipts = honest[..at].to_vec();
        receipts.push(forged.as_bytes().to_vec());
        let report = attribution(&line, &receipts);
        assert!(report.verdict.attribution.is_failed(), "{report:?}");
    }
}

#[test]
fn every_crash_of_a_rotation_leaves_the_old_key_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let line = new(&path, "default").key_line.to_string();
    record(&path, Settings::default(), 1).unwrap();
    let keys = path.join("keys");
    let (file, next) = (keys.join("receipt.pem"), keys.join("receipt.next.pem"));
    let old = fs::read(&file).unwrap();
    // Before the rotation is in the log: a next key that is whole, cut off, or empty.
    for len in [119, 60, 0] {
        let paths = LogDirectory::open(&path, Settings::default())
            .unwrap()
            .layout()
            .log(&LogName::default());
        let mut held = FileReceiptKeys::open(&paths, true).unwrap();
        held.prepare().map(drop).unwrap();
        let bytes = fs::read(&next).unwrap();
        fs::write(&next, &bytes[..len.min(bytes.len())]).unwrap();
        record(&path, Settings::default(), 1).unwrap();
        assert_eq!(fs::read(&file).unwrap(), old, "the old key stays");
    }
    // After it is in the log: the old file whole, half overwritten, overwritten, removed.
    let zeros = vec![0; old.len()];
    let mut half = old.clone();
    half[..60].fill(0);
    for state in [Some(old.clone()), Some(half), Some(zeros), None] {
        let before = fs::read(&file).unwrap();
        rotate(&path);
        // As it was in the middle of handing over: the new key still has the name of the next.
        fs::rename(&file, &next).unwrap();
        match &state {
            Some(bytes) if bytes == &old => fs::write(&file, &before).unwrap(),
            Some(bytes) => fs::write(&file, bytes).unwrap(),
            None => {}
        }
        record(&path, Settings::default(), 1).unwrap();
        assert!(!next.exists(), "{state:?}");
        assert_ne!(fs::read(&file).unwrap(), before);
    }
    let report = attribution(&line, &sealed(&path));
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
}

#[test]
fn a_log_whose_valid_key_is_gone_says_which_one_it_wants() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    new(&path, "default");
    let old = fs::read(path.join("keys/receipt.pem")).unwrap();
    rotate(&path);
    // The key file was restored from a backup.
    fs::write(path.join("keys/receipt.pem"), old).unwrap();
    let error = record(&path, Settings::default(), 1)
        .unwrap_err()
        .to_string();
    let directory = LogDirectory::open(&path, Settings::default()).unwrap();
    let valid = directory.key_history(&LogName::default()).unwrap().keys;
    let valid = valid.last().unwrap().key;
    assert!(error.contains(&valid.to_string()), "{error}");
    assert_ne!(
        read_key(&path.join("keys/receipt.pem"), true)
            .unwrap()
            .verifying_key(),
        valid
    );
}

#[test]
fn the_log_says_which_key_counts_and_not_what_a_failed_command_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let line = new(&path, "default").key_line.to_string();
    let log = LogName::default();
    // Of an `init` with keys in a service that failed, before the one that opened the log; and one that is broken.
    let other = SigningKey::from_bytes(&[5; 32]).verifying_key();
    for text in [
        format!("vault:https://vault.example.org/transit/receipts {other}\n"),
        "cut o".into(),
    ] {
        for file in ["receipt.signer", "checkpoint.signer"] {
            fs::write(path.join("keys").join(file), &text).unwrap();
        }
        record(&path, Settings::default(), 1).unwrap();
        let writer = Writer::open(&path, Settings::default(), "test").unwrap();
        writer.checkpoint(&log).unwrap();
        assert_eq!(writer.directory().service_keys(&log).unwrap(), [None, None]);
        writer.rotate_key(&log, "test").unwrap();
        writer.close("done").unwrap();
    }
    let report = attribution(&line, &sealed(&path));
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
}
