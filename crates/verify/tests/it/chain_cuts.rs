//! A04, A05, A15: receipts missing at either end, and checkpoints that say so.

use crate::logs::{Log, verify};
use ai_audit_core::{Exit, NodeHash, Question, Status};
use ai_audit_merkle::TreeSize;
use ai_audit_note::Checkpoint;
use ai_audit_verify::{LogVerifier, TrustPolicy};

#[test]
fn a04_the_beginning_cut_off() {
    let log = Log::of(1, 9);
    for first in 1..9 {
        let report = verify(&log.policy(), &log.sealed[first..]);
        let Status::Failed { receipt, reason } = &report.verdict.completeness else {
            panic!("{report:?}")
        };
        assert_eq!(*receipt, Some(first as u64));
        assert!(reason.contains("missing"), "{reason}");
        // Internally the rest is fine; that is not what completeness asks.
        assert!(report.verdict.integrity.is_verified());
        assert!(!report.verdict.attribution.is_verified());
        assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
    }
    // Not even without any policy.
    assert!(
        verify(&TrustPolicy::new(), &log.sealed[1..])
            .verdict
            .completeness
            .is_failed()
    );
}

#[test]
fn a05_the_end_cut_off_with_an_older_genuine_checkpoint() {
    let mut log = Log::of(1, 5);
    let older = log.checkpoint().to_string();
    while log.size() < 9 {
        log.decide("gpt-4o");
    }
    let newest = log.checkpoint().to_string();
    let cut = &log.sealed[..5];
    let with = |policy: &TrustPolicy| {
        let mut verifier = LogVerifier::new(policy);
        verifier.evidence_checkpoint(older.as_bytes()).unwrap();
        for sealed in cut {
            verifier.push(sealed);
        }
        verifier.finish()
    };
    // The checkpoint that came with it makes nothing complete.
    let pinned = TrustPolicy::new().pin(log.pin());
    let report = with(&pinned);
    assert!(
        matches!(report.verdict.completeness, Status::Unverified { .. }),
        "{report:?}"
    );
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Unverified);
    // What the verifier brought does tell.
    let report = with(&pinned.clone().checkpoint(newest.as_bytes()).unwrap());
    assert!(report.verdict.completeness.is_failed(), "{report:?}");
    assert!(
        report
            .verdict
            .completeness
            .to_string()
            .contains("last 4 are missing")
    );
    let report = with(&pinned.clone().min_size(9));
    assert!(report.verdict.completeness.is_failed(), "{report:?}");
    // And what he brought is enough where it is as old.
    let report = with(&pinned.clone().min_size(5));
    assert!(report.verdict.completeness.is_verified());
    let report = with(&pinned.checkpoint(older.as_bytes()).unwrap());
    assert!(report.verdict.completeness.is_verified());
    assert_eq!(report.complete_to, Some(5));
}

#[test]
fn a05_a_checkpoint_in_the_evidence_that_is_ahead_of_it() {
    let log = Log::of(1, 9);
    let policy = TrustPolicy::new().pin(log.pin());
    let mut verifier = LogVerifier::new(&policy);
    verifier
        .evidence_checkpoint(log.checkpoint().to_string().as_bytes())
        .unwrap();
    for sealed in &log.sealed[..7] {
        verifier.push(sealed);
    }
    assert!(verifier.finish().verdict.completeness.is_failed());
}

#[test]
fn a15_same_size_other_root_and_rollback() {
    let log = Log::of(1, 9);
    let forged = Checkpoint {
        origin: log.origin.clone(),
        size: TreeSize::new(9),
        root: NodeHash::from_bytes([1; 32]),
        extensions: vec![],
    };
    // Signed by the true key: the log showed two histories.
    let note = forged.sign(&log.checkpoint_key).unwrap().to_string();
    let policy = TrustPolicy::new()
        .pin(log.pin())
        .checkpoint(note.as_bytes())
        .unwrap();
    let report = verify(&policy, &log.sealed);
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
    assert!(!report.verdict.completeness.is_verified());
    // The same in the evidence.
    let pinned = TrustPolicy::new().pin(log.pin());
    let mut verifier = LogVerifier::new(&pinned);
    verifier.evidence_checkpoint(note.as_bytes()).unwrap();
    for sealed in &log.sealed {
        verifier.push(sealed);
    }
    assert!(verifier.finish().verdict.integrity.is_failed());
    // A rollback: fewer receipts than a checkpoint that was seen.
    let report = verify(&log.policy(), &log.sealed[..8]);
    assert!(report.verdict.completeness.is_failed());
}

#[test]
fn checkpoints_of_other_logs_and_keys() {
    let (log, other) = (Log::of(1, 9), Log::of(2, 9));
    let foreign = other.checkpoint().to_string();
    let policy = TrustPolicy::new()
        .pin(log.pin())
        .checkpoint(foreign.as_bytes())
        .unwrap();
    let report = verify(&policy, &log.sealed);
    assert!(matches!(
        report.verdict.completeness,
        Status::Unverified { .. }
    ));
    assert_eq!(report.remarks.len(), 1);
    // The log's origin under another key.
    let checkpoint = Checkpoint::parse(log.checkpoint().text()).unwrap();
    let note = checkpoint.sign(&other.checkpoint_key).unwrap().to_string();
    let policy = TrustPolicy::new()
        .pin(log.pin())
        .checkpoint(note.as_bytes())
        .unwrap();
    let report = verify(&policy, &log.sealed);
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
}

#[test]
fn nothing_is_not_a_log() {
    let report = verify(&TrustPolicy::new(), &[]);
    assert!(report.verdict.integrity.is_failed() && report.verdict.completeness.is_failed());
    let report = verify(&TrustPolicy::new(), &[vec![]]);
    assert!(report.verdict.integrity.is_failed());
}
