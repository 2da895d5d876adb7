//! Attacks by their numbers, through the command line: the exit code and the receipt that it names.

use crate::run::{Place, lines};
use ai_audit_core::{MAX_SEALED_LEN, Next, ReceiptSource as _, UnverifiedReceipt};
use ai_audit_export::archive::{Archive, Limits};
use ai_audit_export::{ReceiptsReader, ReceiptsWriter};
use std::fs;
use std::path::Path;

/// A log, the auditor's key line and checkpoint, and the log's receipts out of a package.
fn evidence() -> (Place, Vec<Vec<u8>>) {
    let place = Place::new();
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    let receipts = receipts(&place.path("p.zip"));
    (place, receipts)
}

fn receipts(package: &Path) -> Vec<Vec<u8>> {
    let archive = Archive::open(fs::File::open(package).unwrap(), Limits::default()).unwrap();
    let mut reader = ReceiptsReader::new(archive.reader("receipts.bin").unwrap()).unwrap();
    let mut buf = vec![0; MAX_SEALED_LEN];
    let mut all = Vec::new();
    while let Some(Next::Sealed(len)) = reader.read_next(&mut buf).unwrap() {
        all.push(buf[..len].to_vec());
    }
    all
}

/// Verifies receipts as a receipts file: exit code and what was said.
fn verify(place: &Place, receipts: &[Vec<u8>]) -> (i32, String) {
    let mut writer = ReceiptsWriter::new(Vec::new()).unwrap();
    for sealed in receipts {
        writer
            .write(&UnverifiedReceipt::parse(sealed).unwrap())
            .unwrap();
    }
    fs::write(place.path("r.bin"), writer.into_inner()).unwrap();
    let done = place.run(&[
        "verify",
        "r.bin",
        "--key",
        "audit/log.pub",
        "--checkpoint",
        "kept.note",
    ]);
    (done.code, done.out)
}

#[test]
fn an_honest_receipts_file_verifies() {
    let (place, receipts) = evidence();
    assert_eq!(verify(&place, &receipts).0, 0);
}

#[test]
fn a01_a_changed_byte() {
    let (place, receipts) = evidence();
    for from_the_end in [1, 65, 70] {
        let mut changed = receipts.clone();
        let at = changed[6].len() - from_the_end;
        changed[6][at] ^= 1;
        let (code, said) = verify(&place, &changed);
        assert!(code == 1 && said.contains("at receipt 6"), "{said}");
    }
}

#[test]
fn a03_a06_a08_missing_swapped_replayed() {
    let (place, receipts) = evidence();
    let mut missing = receipts.clone();
    missing.remove(7);
    let mut swapped = receipts.clone();
    swapped.swap(7, 8);
    let mut replayed = receipts.clone();
    replayed.push(receipts[7].clone());
    for (changed, named) in [(missing, 7), (swapped, 7), (replayed, 15)] {
        let (code, said) = verify(&place, &changed);
        assert!(
            code == 1 && said.contains(&format!("at receipt {named}")),
            "{said}"
        );
    }
}

#[test]
fn a04_a05_cut_at_either_end() {
    let (place, receipts) = evidence();
    let (code, said) = verify(&place, &receipts[3..]);
    assert!(
        code == 1 && said.contains("receipts 0 to 2 are missing"),
        "{said}"
    );
    let (code, said) = verify(&place, &receipts[..12]);
    assert!(
        code == 1 && said.contains("the last 3 are missing"),
        "{said}"
    );
    // Without the checkpoint it is open, never verified.
    let done = place.run(&["verify", "r.bin", "--key", "audit/log.pub"]);
    assert_eq!(done.code, 3);
}

#[test]
fn a07_a09_another_log() {
    let (place, mut receipts) = evidence();
    let (_, other) = evidence();
    let (code, said) = verify(&place, &other);
    assert!(code == 1 && said.contains("attribution   FAILED"), "{said}");
    receipts[7] = other[7].clone();
    let (code, said) = verify(&place, &receipts);
    assert!(code == 1 && said.contains("log_id"), "{said}");
}

/// The database behind the program's back, and the hash of a receipt, by which rows are found.
fn database(place: &Place) -> rusqlite::Connection {
    rusqlite::Connection::open(place.path("audit/audit.db")).unwrap()
}

fn hash(receipts: &[Vec<u8>], seq: usize) -> Vec<u8> {
    UnverifiedReceipt::parse(&receipts[seq])
        .unwrap()
        .hash()
        .as_bytes()
        .to_vec()
}

#[test]
fn a01_a_row_changed_in_the_database() {
    let (place, receipts) = evidence();
    let mut sealed = receipts[6].clone();
    let at = sealed.len() - 70;
    sealed[at] ^= 1;
    let changed = database(&place)
        .execute(
            "UPDATE receipts SET sealed = ?1 WHERE hash = ?2",
            (sealed, hash(&receipts, 6)),
        )
        .unwrap();
    assert_eq!(changed, 1);
    let done = place.run(&["verify", "audit", "--key", "audit/log.pub"]);
    assert!(
        done.code == 1 && done.out.contains("at receipt 6"),
        "{}",
        done.out
    );
    // Nothing is exported that would not verify.
    let done = place.run(&["export", "audit", "-o", "q.zip"]);
    assert_eq!(done.code, 1, "{}", done.out);
}

#[test]
fn a05_rows_deleted_at_the_end_of_the_database() {
    let (place, receipts) = evidence();
    for seq in 11..receipts.len() {
        let deleted = database(&place)
            .execute(
                "DELETE FROM receipts WHERE hash = ?1",
                [hash(&receipts, seq)],
            )
            .unwrap();
        assert_eq!(deleted, 1);
    }
    let done = place.run(&[
        "verify",
        "audit",
        "--key",
        "audit/log.pub",
        "--checkpoint",
        "kept.note",
    ]);
    assert_eq!(done.code, 1, "{}", done.out);
}

#[test]
fn a33_a_copied_directory_that_was_left_behind() {
    let place = Place::empty();
    let marks = [("AI_AUDIT_HIGH_WATER_MARKS", "marks")];
    let run = |args: &[&str], input: &str| place.with(args, &marks, input);
    run(&["init", "audit", "--name", "example.org/test"], "").good();
    run(&["record", "audit", "-"], &lines(2)).good();
    fs::create_dir_all(place.path("copy/keys")).unwrap();
    for name in [
        "audit.db",
        "log.pub",
        "keys/receipt.pem",
        "keys/checkpoint.pem",
        "keys/digest.secret",
    ] {
        fs::copy(
            place.path("audit").join(name),
            place.path("copy").join(name),
        )
        .unwrap();
    }
    run(&["record", "audit", "-"], &lines(2)).good();
    let refused = run(&["record", "copy", "-"], &lines(1));
    assert!(
        refused.code == 1 && refused.err.contains("older copy"),
        "{}",
        refused.err
    );
}
