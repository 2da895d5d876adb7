//! What the tree's hashes alone can tell, and what they cannot.

use crate::logs::Log;
use ai_audit_core::{LeafHash, NodeHash, Question, Status, UnverifiedReceipt};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_verify::{Pin, Report, TreeVerifier, TrustPolicy};

fn leaves(log: &Log) -> Vec<LeafHash> {
    let hash = |sealed: &Vec<u8>| UnverifiedReceipt::parse(sealed).unwrap().hash();
    log.sealed.iter().map(hash).collect()
}

fn verify(policy: &TrustPolicy, note: SignedNote, leaves: &[LeafHash]) -> Report {
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let mut verifier = TreeVerifier::new(policy, note, checkpoint);
    for leaf in leaves {
        verifier.push(*leaf);
    }
    verifier.finish()
}

#[test]
fn hashes_alone_never_verify_integrity_or_attribution() {
    let log = Log::of(1, 20);
    let report = verify(&log.policy(), log.checkpoint(), &leaves(&log));
    let verdict = &report.verdict;
    assert!(matches!(verdict.integrity, Status::Unverified { .. }));
    assert!(matches!(verdict.attribution, Status::Unverified { .. }));
    assert_eq!(verdict.completeness, Status::Verified);
    assert_eq!((report.complete_to, report.receipts), (Some(20), 0));
    assert_eq!(report.exit(&Question::DEFAULT).code(), 3);
    assert!(
        report
            .remarks
            .iter()
            .any(|it| it.contains("signed by the pinned key"))
    );
    // Without a pin nothing is said of the signature, and completeness needs something brought.
    let report = verify(&TrustPolicy::new(), log.checkpoint(), &leaves(&log));
    assert!(!report.remarks.iter().any(|it| it.contains("signed by")));
    assert!(matches!(
        report.verdict.completeness,
        Status::Unverified { .. }
    ));
}

#[test]
fn a76_receipts_that_were_only_hashed_are_never_verified() {
    let log = Log::of(1, 20);
    let hashed = |sealed: &[Vec<u8>]| {
        let (note, policy) = (log.checkpoint(), log.policy());
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let mut verifier = TreeVerifier::of_receipts(&policy, note, checkpoint);
        for receipt in sealed {
            verifier.push_sealed(receipt);
        }
        verifier.finish()
    };
    let report = hashed(&log.sealed);
    assert_eq!(report.verdict.completeness, Status::Verified);
    assert_eq!((report.complete_to, report.receipts), (Some(20), 20));
    for open in [&report.verdict.integrity, &report.verdict.attribution] {
        let said = open.to_string();
        assert!(
            said.contains("signatures, chain and contents were not checked"),
            "{said}"
        );
    }
    assert_eq!(report.exit(&Question::DEFAULT).code(), 3);
    // A checkpoint of nothing makes nothing complete (A46).
    let empty = Checkpoint {
        origin: log.origin.clone(),
        size: TreeSize::new(0),
        root: NodeHash::EMPTY,
        extensions: vec![],
    };
    let empty = empty.sign(&log.checkpoint_key).unwrap().to_string();
    let policy = TrustPolicy::new()
        .pin(log.pin())
        .checkpoint(empty.as_bytes());
    let report = verify(&policy.unwrap(), log.checkpoint(), &leaves(&log));
    let completeness = &report.verdict.completeness;
    assert!(
        matches!(completeness, Status::Unverified { .. }),
        "{completeness}"
    );
    assert_eq!(report.complete_to, None);
    // A signature is not looked at; every bit of a payload is.
    let mut unsigned = log.sealed.clone();
    *unsigned[9].last_mut().unwrap() ^= 1;
    assert_eq!(hashed(&unsigned).exit(&Question::DEFAULT).code(), 3);
    for byte in 0..log.sealed[9].len() - 64 {
        let mut changed = log.sealed.clone();
        changed[9][byte] ^= 1;
        assert!(hashed(&changed).verdict.integrity.is_failed(), "{byte}");
    }
    for wrong in [
        &log.sealed[..19],
        &[log.sealed.clone(), vec![vec![]]].concat(),
    ] {
        let report = hashed(wrong);
        assert!(report.verdict.integrity.is_failed());
        assert!(!report.verdict.completeness.is_verified());
    }
}

#[test]
fn what_does_not_fit_fails() {
    let log = Log::of(1, 20);
    let all = leaves(&log);
    let mut changed = all.clone();
    changed[7] = LeafHash::of(b"another");
    for wrong in [&all[..19], &changed] {
        let report = verify(&log.policy(), log.checkpoint(), wrong);
        assert!(report.verdict.integrity.is_failed());
        assert!(!report.verdict.completeness.is_verified());
    }
    // Signed by another key under the true origin.
    let other = Log::of(2, 3);
    let forged = Checkpoint::parse(log.checkpoint().text()).unwrap();
    let forged = forged.sign(&other.checkpoint_key).unwrap();
    let report = verify(&TrustPolicy::new().pin(log.pin()), forged, &all);
    assert!(report.verdict.attribution.is_failed());
    // Another log than the pinned one.
    let report = verify(&TrustPolicy::new().pin(other.pin()), log.checkpoint(), &all);
    assert!(report.verdict.attribution.is_failed());
    // A bare key that signed nothing here may be the receipt key.
    let bare = TrustPolicy::new().pin(Pin::Key(log.receipt_key.verifying_key()));
    let report = verify(&bare, log.checkpoint(), &all);
    assert!(matches!(
        report.verdict.attribution,
        Status::Unverified { .. }
    ));
}

#[test]
fn a05_a15_what_was_brought_counts() {
    let mut log = Log::of(1, 20);
    let small = log.checkpoint();
    let all = leaves(&log);
    log.decide("later");
    // The auditor knows more than the tree has.
    let report = verify(&log.policy(), small.clone(), &all);
    assert!(report.verdict.completeness.is_failed());
    let known = TrustPolicy::new().min_size(21);
    assert!(
        verify(&known, small.clone(), &all)
            .verdict
            .completeness
            .is_failed()
    );
    // He kept a checkpoint of another history.
    let mut other = Log::of(1, 10);
    other.decide("another history");
    let report = verify(&other.policy(), small.clone(), &all);
    assert!(report.verdict.integrity.is_failed() && !report.verdict.completeness.is_verified());
    // Of another log it says nothing.
    let report = verify(&Log::of(3, 5).policy(), small, &all);
    assert!(matches!(
        report.verdict.completeness,
        Status::Unverified { .. }
    ));
}
