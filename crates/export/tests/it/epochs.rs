//! Packages of logs with epochs, of which bytes may be deleted: ours and the independent verifier
//! say the same.

mod approvals;
mod log;

use crate::files::{get, pack, remanifest, unpack};
use ai_audit_core::{Exit, LeafHash, Question, Timestamp};
use ai_audit_export::{ExportError, ReceiptsReader, Selection, verify_package};
use ai_audit_verify::{LogVerifier, verify_source};
use log::EpochLog;
use std::path::Path;
use std::process::Command;

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// Runs the independent verifier on what lies in a folder; none where there is no Python.
fn python(folder: &Path, what: &str) -> Option<(i32, String)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/verify.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(folder.join(what))
        .arg("--key")
        .arg(folder.join("log.pub"))
        .arg("--checkpoint")
        .arg(folder.join("kept.note"))
        .output();
    let Ok(output) = output else {
        println!("SKIPPED: verify.py: python3 is absent");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Some((output.status.code().unwrap(), said))
}

/// Unpacks a package for the independent verifier.
fn unpacked(log: &EpochLog, package: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("package");
    std::fs::create_dir(&inside).unwrap();
    for (name, contents) in unpack(package) {
        std::fs::write(inside.join(name), contents).unwrap();
    }
    bring(log, folder.path());
    folder
}

fn bring(log: &EpochLog, folder: &Path) {
    std::fs::write(folder.join("log.pub"), log.key_line()).unwrap();
    std::fs::write(folder.join("kept.note"), log.checkpoint().to_string()).unwrap();
}

#[test]
fn a_whole_log_with_deleted_epochs_is_packed_and_verified() {
    let mut log = EpochLog::new("0");
    log.declare(1, 0, |_| {});
    log.delete(1);
    let (package, written) = log.write(Selection::All, true).unwrap();
    assert_eq!((written.manifest.receipts, written.deleted), (15, 4));
    assert_eq!(log.write(Selection::All, true).unwrap().0, package);
    let report = verify_package(package.clone(), &log.policy(), |_, _| {}).report;
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    assert_eq!((report.receipts, report.deleted[0].deletion), (15, 14));
    let mut files = unpack(&package);
    let view = String::from_utf8(get(&mut files, "receipts.jsonl").clone()).unwrap();
    let line = view.lines().nth(6).unwrap();
    assert!(
        line.starts_with("{\"seq\":6,\"deleted\":true,\"hash\":\"") && line.len() == 98,
        "{line}"
    );
    if let Some((code, said)) = python(unpacked(&log, &package).path(), "package") {
        assert_eq!(code, 0, "{said}");
        assert!(
            said.contains("the bytes of 4 receipts are deleted"),
            "{said}"
        );
    }
    // A view that says something else, and one more byte of hash.
    for (file, place) in [
        ("receipts.jsonl", view.find("deleted").unwrap()),
        ("receipts.bin", 0),
    ] {
        let mut files = unpack(&package);
        let contents = get(&mut files, file);
        let place = match place {
            0 => contents.windows(2).rposition(|two| two == [0, 0]).unwrap() + 5,
            place => place,
        };
        contents[place] ^= 1;
        remanifest(&mut files, &log.checkpoint_key, |_| {});
        let changed = pack(&files);
        let report = verify_package(changed.clone(), &log.policy(), |_, _| {}).report;
        assert!(report.verdict.integrity.is_failed(), "{report:?}");
        if let Some((code, said)) = python(unpacked(&log, &changed).path(), "package") {
            assert_eq!(code, 1, "{said}");
        }
    }
}

#[test]
fn a_selection_is_the_same_whether_the_log_is_gone_through_or_picked_from() {
    let mut log = EpochLog::new("0");
    log.declare(0, 0, |_| {});
    log.delete(0);
    let at = |seq: u64| Timestamp::from_micros(1_790_000_000_000_000 + seq);
    let ranges = [(6, 11), (6, 8), (9, u64::MAX), (12, 13)];
    let mut selections: Vec<Selection> = ranges
        .map(|(from, to)| Selection::Range { from, to })
        .into();
    selections.push(Selection::Session("s".into()));
    selections.push(Selection::Time {
        from: at(3),
        to: at(10),
    });
    for view in [false, true] {
        for selection in &selections {
            log.picks = false;
            let (through, written) = log.write(selection.clone(), view).unwrap();
            log.picks = true;
            let (picked, also) = log.write(selection.clone(), view).unwrap();
            assert_eq!(through, picked, "{selection:?}");
            assert_eq!(written, also);
        }
    }
    let (archive, _) = log
        .write(Selection::Range { from: 6, to: 11 }, false)
        .unwrap();
    let report = verify_package(archive.clone(), &log.policy(), |_, _| {}).report;
    let asked = [Question::Integrity, Question::Attribution];
    assert_eq!(report.exit(&asked), Exit::Verified, "{report:?}");
    assert!(report.remarks[0].contains("epoch 1 is here"));
    if let Some((code, said)) = python(unpacked(&log, &archive).path(), "package") {
        // A selection is never complete.
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("integrity     verified"), "{said}");
    }
    // What is deleted cannot be packed, and is not passed over where it was asked for by place.
    for picks in [false, true] {
        log.picks = picks;
        for from in [0, 2, 4] {
            let error = log
                .write(Selection::Range { from, to: 9 }, false)
                .unwrap_err();
            let first = from.max(1);
            assert!(
                matches!(error, ExportError::Deleted { seq } if seq == first),
                "{error}"
            );
        }
    }
    let (_, written) = log.write(Selection::Session("s".into()), false).unwrap();
    assert_eq!((written.manifest.receipts, written.deleted), (11, 4));
}

#[test]
fn a_receipt_that_is_not_the_logs_is_not_packed() {
    let mut log = EpochLog::new("0");
    log.picks = true;
    log.sealed[7] = log.sealed[6].clone();
    let error = log
        .write(Selection::Range { from: 6, to: 11 }, false)
        .unwrap_err();
    assert!(matches!(error, ExportError::Order { seq: 6 }), "{error}");
    let mut other = EpochLog::new("1");
    other.picks = true;
    other.sealed[9] = EpochLog::new("0").sealed[9].clone();
    let error = other
        .write(Selection::Range { from: 6, to: 11 }, false)
        .unwrap_err();
    assert!(
        matches!(error, ExportError::Chain { seq: 9, .. }),
        "{error}"
    );
    // A changed one of the same log has no place in the checkpoint.
    let mut log = EpochLog::new("0");
    log.picks = true;
    let middle = log.sealed[9].len() - 70;
    log.sealed[9][middle] ^= 1;
    let error = log
        .write(Selection::Range { from: 6, to: 11 }, false)
        .unwrap_err();
    assert!(matches!(error, ExportError::Root { .. }), "{error}");
}

#[test]
fn a03_ours_and_verify_py_agree_on_deletions() {
    type Case = fn(&mut EpochLog);
    // Days that the genesis promises, what the keeper does, and the receipt at which it shows.
    let long = String::leak("9".repeat(4301));
    let cases: [(&str, &'static str, Case, Option<u64>); 18] = [
        (
            "honest",
            "2",
            |log| {
                log.declare(1, 2 * DAY, |_| {});
                log.delete(1);
            },
            None,
        ),
        ("put back", "2", |log| log.declare(1, 2 * DAY, |_| {}), None),
        (
            "half",
            "0",
            |log| {
                log.declare(1, 0, |_| {});
                log.gone = [6, 10].into();
            },
            None,
        ),
        ("no receipt", "0", |log| log.delete(1), Some(6)),
        (
            "of another epoch",
            "0",
            |log| {
                log.declare(0, 0, |_| {});
                log.delete(1);
            },
            Some(6),
        ),
        ("open epoch", "0", |log| log.gone = [13].into(), Some(13)),
        (
            "count",
            "0",
            |log| {
                log.declare(1, 0, |deletion| deletion.count += 1);
                log.delete(1);
            },
            Some(14),
        ),
        (
            "range",
            "0",
            |log| {
                log.declare(1, 0, |deletion| deletion.last += 1);
                log.delete(1);
            },
            Some(14),
        ),
        (
            "not sealed",
            "0",
            |log| {
                log.declare(1, 0, |deletion| deletion.epoch = 2);
                log.delete(1);
            },
            Some(14),
        ),
        (
            "too young",
            "2",
            |log| {
                log.declare(1, 2 * DAY - 4, |_| {});
                log.delete(1);
            },
            Some(14),
        ),
        (
            "promise unreadable",
            "2d",
            |log| {
                log.declare(1, 9 * DAY, |_| {});
                log.delete(1);
            },
            Some(14),
        ),
        (
            // More than Python reads as a number.
            "promise too long",
            long,
            |log| {
                log.declare(1, 9 * DAY, |_| {});
                log.delete(1);
            },
            Some(14),
        ),
        (
            "promise of more than 64 bits",
            "18446744073709551616",
            |log| {
                log.declare(1, 9 * DAY, |_| {});
                log.delete(1);
            },
            Some(14),
        ),
        (
            "control receipt",
            "0",
            |log| {
                log.declare(1, 0, |_| {});
                log.delete(1);
                log.gone.insert(8);
            },
            Some(11),
        ),
        (
            "seal",
            "0",
            |log| {
                log.declare(0, 0, |_| {});
                log.delete(0);
                log.gone.insert(5);
            },
            Some(11),
        ),
        (
            "genesis",
            "0",
            |log| {
                log.declare(0, 0, |_| {});
                log.delete(0);
                log.gone.insert(0);
            },
            Some(0),
        ),
        (
            "another hash",
            "0",
            |log| {
                log.declare(1, 0, |_| {});
                log.delete(1);
                log.lies = vec![(9, LeafHash::ZERO)];
            },
            Some(11),
        ),
        (
            "false seal",
            "0",
            |log| {
                log.seal(|seal| seal.control += 1);
            },
            Some(14),
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, days, act, at) in cases {
        let mut log = EpochLog::new(days);
        act(&mut log);
        let file = log.receipts_file();
        let policy = log.policy();
        let verifier = LogVerifier::new(&policy);
        let mut source = ReceiptsReader::new(&file[..]).unwrap();
        let report = verify_source(verifier, &mut source, |_| {}).unwrap();
        let said = report.verdict.integrity.to_string();
        match at {
            None => assert_eq!(said, "verified", "{name}"),
            Some(seq) => assert!(
                said.starts_with(&format!("FAILED at receipt {seq}:")),
                "{name}: {said}"
            ),
        }
        assert!(said.len() < 300, "{name}: {said}");
        std::fs::write(folder.path().join("receipts.bin"), &file).unwrap();
        bring(&log, folder.path());
        let Some((code, theirs)) = python(folder.path(), "receipts.bin") else {
            return;
        };
        match at {
            None => assert_eq!(code, 0, "{name}: {theirs}"),
            Some(seq) => {
                assert_eq!(code, 1, "{name}: {theirs}");
                let words = format!("at receipt {seq}:");
                assert!(theirs.contains(&words), "{name}: {theirs} but {said}");
            }
        }
    }
}
