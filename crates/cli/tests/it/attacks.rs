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

/// A directory with the logs acme and beta, and what the auditor has of each.
fn tenants() -> Place {
    let place = Place::new();
    place.record("{\"tenant\":\"acme\",\"input\":\"a\"}\n{\"tenant\":\"beta\",\"input\":\"b\"}\n");
    for log in ["acme", "beta"] {
        let note = format!("{log}.note");
        let export = format!("{log}.zip");
        place
            .run(&["checkpoint", "audit", "--log", log, "-o", &note])
            .good();
        place
            .run(&["export", "audit", "--log", log, "-o", &export])
            .good();
        fs::copy(
            place.path(&format!("audit/{log}/log.pub")),
            place.path(&format!("{log}.pub")),
        )
        .unwrap();
    }
    place
}

fn verify_with(place: &Place, what: &str, keys: &[&str], notes: &[&str]) -> (i32, String) {
    let mut args = vec!["verify", what];
    for key in keys {
        args.extend(["--key", key]);
    }
    for note in notes {
        args.extend(["--checkpoint", note]);
    }
    let done = place.run(&args);
    (done.code, done.out)
}

#[test]
fn a43_a_log_that_is_gone_from_a_directory_is_missed() {
    let both = (&["acme.pub", "beta.pub"], &["acme.note", "beta.note"]);
    let honest = tenants();
    assert_eq!(verify_with(&honest, "audit", both.0, both.1).0, 0);
    assert_eq!(
        verify_with(&honest, "audit", &["beta.pub"], &["beta.note"]).0,
        0
    );
    // A checkpoint without its key was not asked for in a way that could be verified.
    let (code, said) = verify_with(&honest, "audit", &["beta.pub"], both.1);
    assert!(code == 3 && said.contains("no key of it"), "{said}");

    let genesis = {
        let receipts = receipts(&honest.path("acme.zip"));
        receipts[0].clone()
    };
    // One byte of its genesis, all of its receipts, all of it.
    let flipped = tenants();
    let own = receipts(&flipped.path("acme.zip"))[0].clone();
    assert_ne!(own, genesis);
    let mut changed = own.clone();
    // In the recovery key, which stands before the policy: the origin commits to it.
    let policy = changed.windows(9).position(|window| window == b"redaction");
    let at = policy.unwrap() - 5;
    changed[at] ^= 1;
    let count = database(&flipped)
        .execute(
            "UPDATE receipts SET sealed = ?1 WHERE sealed = ?2",
            [&changed, &own],
        )
        .unwrap();
    assert_eq!(count, 1);
    let deleted = tenants();
    let id = "(SELECT id FROM logs WHERE name = 'acme')";
    let receipts_gone = format!("DELETE FROM receipts WHERE log = {id}");
    assert!(database(&deleted).execute(&receipts_gone, []).unwrap() > 0);
    let gone = tenants();
    let connection = database(&gone);
    connection
        .execute_batch("PRAGMA foreign_keys = OFF")
        .unwrap();
    for table in ["receipts", "nodes", "checkpoints"] {
        let delete = format!("DELETE FROM {table} WHERE log = {id}");
        connection.execute(&delete, []).unwrap();
    }
    connection
        .execute("DELETE FROM logs WHERE name = 'acme'", [])
        .unwrap();
    for place in [&flipped, &deleted, &gone] {
        for (keys, notes) in [
            (&both.0[..], &both.1[..]),
            (&both.0[..], &[]),
            (&["acme.pub"], &[]),
            (&[], &both.1[..]),
        ] {
            let (code, said) = verify_with(place, "audit", keys, notes);
            assert!(
                code == 1 && said.contains("no log here is that one"),
                "{keys:?} {notes:?}: {said}"
            );
        }
        let (code, said) = verify_with(place, "audit", &["beta.pub"], &["beta.note"]);
        assert_eq!(code, 0, "{said}");
    }
}

#[test]
fn a43_a_package_answers_for_its_own_log_alone() {
    let place = tenants();
    let verify = |keys: &[&str], notes: &[&str]| verify_with(&place, "beta.zip", keys, notes);
    assert_eq!(verify(&["beta.pub"], &["beta.note"]).0, 0);
    // Another key is one that would have been taken too; with its checkpoint its log is missed.
    assert_eq!(verify(&["acme.pub", "beta.pub"], &["beta.note"]).0, 0);
    let (code, said) = verify(&["acme.pub", "beta.pub"], &["acme.note", "beta.note"]);
    assert!(code == 3 && said.contains("is not that log"), "{said}");
    assert_eq!(verify(&["acme.pub"], &["acme.note"]).0, 1);
}

#[test]
fn a25_files_without_an_end_are_not_read_to_it() {
    let (place, _) = evidence();
    for args in [
        ["verify", "p.zip", "--key", "/dev/zero"],
        ["verify", "p.zip", "--checkpoint", "/dev/zero"],
    ] {
        if !Path::new("/dev/zero").exists() {
            println!("SKIPPED: /dev/zero is absent");
            return;
        }
        let done = place.run(&args);
        assert_eq!(done.code, 2, "{}{}", done.out, done.err);
    }
    let long = vec![b'a'; (16 << 20) + 1];
    fs::write(place.path("long"), long).unwrap();
    let done = place.run(&["verify", "p.zip", "--checkpoint", "long"]);
    assert!(
        done.code == 2 && done.err.contains("at most 16777216 bytes"),
        "{}",
        done.err
    );
}
