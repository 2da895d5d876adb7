//! Epochs, deletions, and what a hostile keeper can try with them.

pub(crate) mod keeper;
mod keys;

use crate::logs::Log;
use ai_audit_core::{
    Digest, Exit, LeafHash, NodeHash, Question, SigningKey, Timestamp, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochSeal};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{LogVerifier, Report, SelectionVerifier, TrustPolicy};
use keeper::Keeper;

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

fn good(report: &Report) {
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
}

/// Integrity failed at this receipt, for a reason with these words.
fn fails(report: &Report, seq: u64, words: &str) {
    let said = report.verdict.integrity.to_string();
    let at = format!("FAILED at receipt {seq}: ");
    assert!(said.starts_with(&at) && said.contains(words), "{said}");
    assert!(!report.verdict.completeness.is_verified(), "{report:?}");
    assert!(report.deleted.is_empty());
}

#[test]
fn sealed_epochs_verify_with_and_without_their_bytes() {
    let mut keeper = Keeper::three_epochs();
    good(&keeper.verify(|_| false));
    keeper.declare(1);
    keeper.declare(0);
    let report = keeper.verify(keeper.bulk(1));
    good(&report);
    assert_eq!(report.receipts, 34);
    let [deleted] = report.deleted.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!(
        (deleted.epoch, deleted.first, deleted.last, deleted.deleted),
        (1, 10, 19, 8)
    );
    assert_eq!(deleted.deletion, 32);
    assert_eq!(deleted.archive, Some(Digest::of(b"archive")));
    assert!(report.remarks[0].contains("8 receipts are deleted"));
    // Both, and then later ones go on.
    let (zero, one) = (keeper.bulk(0), keeper.bulk(1));
    let report = keeper.verify(|seq| zero(seq) || one(seq));
    good(&report);
    assert_eq!(report.deleted.len(), 2);
    drop((zero, one));
    keeper.decide(3);
    keeper.seal();
    let (zero, one) = (keeper.bulk(0), keeper.bulk(1));
    good(&keeper.verify(|seq| zero(seq) || one(seq)));
    // Half of the bytes gone, or put back: the hashes say that it is the same.
    let report = keeper.verify(|seq| zero(seq) && seq % 2 == 0);
    good(&report);
    assert_eq!(report.deleted[0].deleted, 4);
}

#[test]
fn a_seal_with_any_field_wrong_fails() {
    type Change = fn(&mut EpochSeal);
    let changes: [(&str, Change); 8] = [
        ("number", |seal| seal.number += 1),
        ("first", |seal| {
            seal.first += 1;
            seal.count -= 1;
        }),
        ("first", |seal| {
            seal.first -= 1;
            seal.count += 1;
        }),
        ("control", |seal| seal.control -= 1),
        ("control", |seal| seal.control += 1),
        ("root", |seal| seal.root = NodeHash::EMPTY),
        ("first_hash", |seal| seal.first_hash = LeafHash::of(b"x")),
        ("last_hash", |seal| seal.last_hash = LeafHash::of(b"x")),
    ];
    let prepared = || {
        let mut keeper = Keeper::three_epochs();
        keeper.gap();
        keeper
    };
    for (field, change) in changes {
        let mut keeper = prepared();
        let mut seal = keeper.next_seal();
        change(&mut seal);
        keeper.add(&seal);
        fails(&keeper.verify(|_| false), 33, field);
    }
    let mut keeper = prepared();
    let mut seal = keeper.next_seal();
    seal.previous = Some(LeafHash::of(b"x"));
    keeper.add(&seal);
    fails(&keeper.verify(|_| false), 33, "previous");
    // Size and count together, as if it stood elsewhere.
    let mut keeper = prepared();
    let mut seal = keeper.next_seal();
    (seal.size, seal.count) = (seal.size + 1, seal.count + 1);
    keeper.add(&seal);
    fails(&keeper.verify(|_| false), 33, "count");
    // And an epoch 0 in the middle.
    let mut keeper = prepared();
    let mut seal = keeper.next_seal();
    (seal.number, seal.first, seal.count, seal.previous) = (0, 0, seal.size + 1, None);
    keeper.add(&seal);
    fails(&keeper.verify(|_| false), 33, "number");
}

#[test]
fn a03_a_receipt_without_bytes_needs_a_deletion_receipt() {
    let mut keeper = Keeper::three_epochs();
    // One, a whole epoch, the end.
    fails(&keeper.verify(|seq| seq == 13), 13, "accounts for epoch 1");
    fails(&keeper.verify(keeper.bulk(2)), 20, "accounts for epoch 2");
    fails(&keeper.verify(|seq| seq == 31), 31, "not sealed");
    // One more than was deleted, in the next epoch.
    keeper.declare(1);
    let one = keeper.bulk(1);
    fails(
        &keeper.verify(|seq| one(seq) || seq == 21),
        21,
        "accounts for epoch 2",
    );
    fails(
        &keeper.verify(|seq| one(seq) || seq == 5),
        5,
        "accounts for epoch 0",
    );
    fails(
        &keeper.verify(|seq| one(seq) || seq == 30),
        30,
        "not sealed",
    );
}

#[test]
fn a03_a_deletion_receipt_of_something_else_does_not_help() {
    // Range, number and count are those of the seal, or it is refused where it stands.
    type Change = fn(&mut Deletion<'static>);
    let changes: [(&str, Change); 7] = [
        ("first", |deletion| deletion.first -= 1),
        ("first", |deletion| {
            deletion.first += 1;
            deletion.count -= 1;
        }),
        ("last", |deletion| deletion.last += 1),
        ("last", |deletion| deletion.last += 100),
        ("count", |deletion| deletion.count += 1),
        ("count", |deletion| deletion.count -= 1),
        ("first", |deletion| deletion.epoch = 2),
    ];
    for (field, change) in changes {
        let mut keeper = Keeper::three_epochs();
        let mut deletion = keeper.deletion(1);
        change(&mut deletion);
        keeper.add(&deletion);
        fails(&keeper.verify(keeper.bulk(1)), 32, field);
        // Whether or not anything is gone.
        fails(&keeper.verify(|_| false), 32, field);
    }
    for epoch in [3, 4, u64::MAX] {
        let mut keeper = Keeper::three_epochs();
        let deletion = Deletion {
            epoch,
            ..keeper.deletion(1)
        };
        keeper.add(&deletion);
        fails(&keeper.verify(keeper.bulk(1)), 32, "not sealed");
    }
    // Written before the seal, of what would be sealed.
    let mut keeper = Keeper::new(None);
    keeper.decide(5);
    keeper.add(&Deletion {
        epoch: 0,
        first: 0,
        last: 7,
        count: 5,
        archive: None,
        reason: "".into(),
    });
    keeper.seal();
    fails(&keeper.verify(keeper.bulk(0)), 6, "not sealed");
    // Of another epoch.
    let mut keeper = Keeper::three_epochs();
    keeper.declare(0);
    fails(&keeper.verify(keeper.bulk(1)), 10, "accounts for epoch 1");
}

#[test]
fn a12_a_deletion_receipt_forged_without_the_key() {
    let mut keeper = Keeper::three_epochs();
    let honest = keeper.log.policy();
    // By another key: whoever forges it cannot sign the checkpoint either.
    let key = std::mem::replace(
        &mut keeper.log.receipt_key,
        SigningKey::from_bytes(&[7; 32]),
    );
    keeper.declare(1);
    let bulk = keeper.bulk(1);
    let report = keeper.verify_with(&honest, |seq, hash| bulk(seq).then_some(hash));
    assert!(report.verdict.attribution.is_failed(), "{report:?}");
    assert_eq!(report.exit(&[Question::Integrity]), Exit::Failed);
    drop(bulk);
    // An honest one with a changed byte.
    let mut keeper = Keeper {
        log: Log {
            receipt_key: key,
            ..Keeper::three_epochs().log
        },
        ..Keeper::three_epochs()
    };
    keeper.declare(1);
    let last = keeper.log.sealed.last_mut().unwrap();
    let middle = last.len() - 70;
    last[middle] ^= 1;
    let report = keeper.verify(keeper.bulk(1));
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
}

#[test]
fn a_control_receipt_cannot_be_deleted() {
    // The gap, receipt 15: the seal of its epoch has counted it.
    let mut keeper = Keeper::three_epochs();
    keeper.declare(1);
    let one = keeper.bulk(1);
    fails(
        &keeper.verify(|seq| one(seq) || seq == 15),
        19,
        "counted 2 control receipts, 1 are here",
    );
    drop(one);
    // A deletion receipt that counts it too does not help.
    let mut keeper = Keeper::three_epochs();
    let deletion = Deletion {
        count: 9,
        ..keeper.deletion(1)
    };
    keeper.add(&deletion);
    let one = keeper.bulk(1);
    fails(&keeper.verify(|seq| one(seq) || seq == 15), 19, "control");
    drop(one);
    // The start of the log, and its genesis.
    let mut keeper = Keeper::three_epochs();
    keeper.declare(0);
    let zero = keeper.bulk(0);
    fails(&keeper.verify(|seq| zero(seq) || seq == 1), 9, "control");
    let report = keeper.verify(|seq| zero(seq) || seq == 0);
    fails(&report, 0, "genesis");
    assert!(!report.verdict.attribution.is_verified());
    // The seal itself: then the epoch has no end.
    fails(&keeper.verify(|seq| zero(seq) || seq == 9), 19, "number");
    drop(zero);
    let one = keeper.bulk(1);
    fails(&keeper.verify(|seq| one(seq) || seq == 19), 29, "number");
    drop(one);
    // All seals: nothing is sealed any more.
    let report = keeper.verify(|seq| [9, 19, 29].contains(&seq));
    fails(&report, 32, "not sealed");
}

#[test]
fn a_deletion_receipt_cannot_be_deleted() {
    let mut keeper = Keeper::three_epochs();
    keeper.declare(1); // receipt 32
    keeper.decide(2);
    keeper.seal(); // epoch 3, receipts 30 to 35
    keeper.declare(3); // receipt 36
    let (one, three) = (keeper.bulk(1), keeper.bulk(3));
    good(&keeper.verify(|seq| one(seq) || three(seq)));
    fails(
        &keeper.verify(|seq| one(seq) || three(seq) || seq == 32),
        35,
        "control",
    );
    // In an epoch that is still open.
    fails(
        &keeper.verify(|seq| three(seq) || seq == 36),
        30,
        "accounts",
    );
    drop((one, three));
    // Cut off with the end: the checkpoint that the auditor kept, or the hashes alone, tell.
    let mut cut = Keeper::three_epochs();
    cut.declare(1);
    let policy = cut.log.policy();
    cut.log.sealed.pop();
    let one = cut.bulk(1);
    let report = cut.verify_with(&policy, |seq, hash| one(seq).then_some(hash));
    fails(&report, 10, "accounts for epoch 1");
}

#[test]
fn hashes_of_deleted_receipts_are_those_that_were_sealed() {
    let mut keeper = Keeper::three_epochs();
    keeper.declare(1);
    let one = keeper.bulk(1);
    let policy = TrustPolicy::new().pin(keeper.log.pin());
    // Another hash: the seal's root tells, also without any checkpoint.
    let report = keeper.verify_with(&policy, |seq, hash| {
        one(seq).then_some(if seq == 12 { LeafHash::of(b"x") } else { hash })
    });
    fails(&report, 19, "root");
    // Two of them swapped.
    let hash_of = |seq: u64| {
        let sealed = &keeper.log.sealed[usize::try_from(seq).unwrap()];
        UnverifiedReceipt::parse(sealed).unwrap().hash()
    };
    let report = keeper.verify_with(&policy, |seq, hash| {
        one(seq).then(|| match seq {
            11 => hash_of(12),
            12 => hash_of(11),
            _ => hash,
        })
    });
    fails(&report, 19, "root");
    // The first and the last one, to which the receipts around them and the seal point.
    for (changed, seq, words) in [(10, 15, "prev"), (14, 15, "prev"), (18, 19, "prev")] {
        let report = keeper.verify_with(&policy, |seq, hash| {
            one(seq).then_some(if seq == changed { LeafHash::ZERO } else { hash })
        });
        if changed == 10 {
            fails(&report, 19, "first_hash");
        } else {
            fails(&report, seq, words);
        }
    }
    // One left out, or one too many: the next receipt has another place.
    let mut verifier = LogVerifier::new(&policy);
    for (seq, sealed) in (0..).zip(&keeper.log.sealed) {
        match one(seq) {
            true if seq == 12 => {}
            true => verifier.push_deleted(hash_of(seq)),
            false => drop(verifier.push(sealed)),
        }
    }
    let report = verifier.finish();
    fails(&report, 14, "receipt 14 is missing");
}

#[test]
fn the_retention_that_the_genesis_promises_is_held_against_deletions() {
    let run = |promise, micros: u64| {
        let mut keeper = Keeper::new(promise);
        keeper.decide(3);
        keeper.seal();
        let sealed_at = keeper.log.head.sealed_at().as_micros();
        let deletion = keeper.deletion(0);
        keeper.add_at(&deletion, Timestamp::from_micros(sealed_at + micros));
        keeper.verify(keeper.bulk(0))
    };
    good(&run(Some("2"), 2 * DAY));
    good(&run(Some("0"), 0));
    good(&run(None, 0));
    fails(&run(Some("2"), 2 * DAY - 1), 5, "2 days of retention");
    fails(&run(Some("99999999999999999999"), DAY), 5, "number of days");
    fails(&run(Some("18446744073709551615"), DAY), 5, "retention");
    fails(&run(Some("7d"), 400 * DAY), 5, "number of days");
    fails(&run(Some("007"), 400 * DAY), 5, "number of days");
    fails(&run(Some(""), 400 * DAY), 5, "number of days");
}

#[test]
fn without_the_beginning_nothing_vouches_for_deleted_receipts() {
    let mut keeper = Keeper::three_epochs();
    keeper.declare(1);
    let policy = keeper.log.policy();
    let mut verifier = LogVerifier::new(&policy);
    for sealed in &keeper.log.sealed[5..10] {
        verifier.push(sealed);
    }
    verifier.push_deleted(LeafHash::of(b"x"));
    let report = verifier.finish();
    fails(&report, 10, "beginning");
    // Nothing but hashes.
    let mut verifier = LogVerifier::new(&policy);
    for _ in 0..5 {
        verifier.push_deleted(LeafHash::of(b"x"));
    }
    let report = verifier.finish();
    fails(&report, 0, "genesis");
    assert!(!report.verdict.attribution.is_verified());
}

/// A selection as an archive is one: all control receipts, and these.
fn selection(keeper: &Keeper, picks: impl Fn(u64) -> bool) -> Report {
    let note = keeper.log.checkpoint();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let policy = keeper.log.policy();
    let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
    for (seq, sealed) in (0..).zip(&keeper.log.sealed) {
        if picks(seq) {
            verifier.push(sealed, keeper.log.path(seq));
        }
    }
    verifier.finish()
}

#[test]
fn an_archive_of_an_epoch_verifies_and_knows_that_it_is_whole() {
    let mut keeper = Keeper::three_epochs();
    keeper.declare(0);
    let archive = |seq: u64| keeper.kind(seq).is_control() || (10..20).contains(&seq);
    let report = selection(&keeper, archive);
    let asked = [Question::Integrity, Question::Attribution];
    assert_eq!(report.exit(&asked), Exit::Verified, "{report:?}");
    let whole = "epoch 1 is here from its first receipt to its seal";
    assert_eq!(report.remarks, [whole]);
    // One left out is still a selection, and not the epoch.
    let report = selection(&keeper, |seq| archive(seq) && seq != 13);
    assert_eq!(report.exit(&asked), Exit::Verified, "{report:?}");
    assert!(report.remarks.is_empty());
    // A control receipt left out is noticed: the seals count them.
    let report = selection(&keeper, |seq| archive(seq) && seq != 15);
    fails(&report, 19, "counted 2 control receipts, 1 are here");
    let report = selection(&keeper, |seq| archive(seq) && seq != 9);
    fails(&report, 19, "number");
}

#[test]
fn seals_and_deletions_in_a_selection_are_held_against_each_other() {
    type Change = fn(&mut EpochSeal);
    let changes: [(&str, Change); 6] = [
        ("number", |seal| seal.number += 1),
        ("first", |seal| {
            seal.first += 1;
            seal.count -= 1;
        }),
        ("control", |seal| seal.control += 1),
        ("previous", |seal| seal.previous = Some(LeafHash::of(b"x"))),
        ("last_hash", |seal| seal.last_hash = LeafHash::of(b"x")),
        ("first_hash", |seal| seal.first_hash = LeafHash::of(b"x")),
    ];
    for (field, change) in changes {
        let mut keeper = Keeper::three_epochs();
        let mut seal = keeper.next_seal();
        change(&mut seal);
        keeper.add(&seal);
        let report = selection(&keeper, |seq| keeper.kind(seq).is_control() || seq >= 30);
        fails(&report, 32, field);
    }
    let mut keeper = Keeper::three_epochs();
    let deletion = Deletion {
        count: 9,
        ..keeper.deletion(1)
    };
    keeper.add(&deletion);
    let report = selection(&keeper, |seq| keeper.kind(seq).is_control());
    fails(&report, 32, "count");
}
