//! Proof files: one receipt, and the text that it recorded.

use crate::logs::Log;
use ai_audit_core::{
    Decision, DigestSecret, Exit, KeyRevocation, KeyRotation, NodeHash, Question, ReceiptId,
    SigningKey, Status, TextDigest, Timestamp, encode_body,
};
use ai_audit_merkle::LeafIndex;
use ai_audit_verify::{DetachedRevocation, Disclosure, Included, ReceiptProof, TrustPolicy};

/// A log whose last receipt records `text` as its input, under a key, and its proof.
fn recorded(text: &str, disclose: bool) -> (Log, ReceiptProof) {
    let mut log = Log::of(1, 7);
    let secret = DigestSecret::from_bytes([5; 32]);
    let key = secret.exact_key(
        &ReceiptId::from_parts(Timestamp::from_micros(1), [0; 10]),
        "input",
    );
    let input = Some(TextDigest::keyed(text, &key));
    log.seal(&Decision {
        input,
        ..Decision::new()
    });
    let disclosures = if disclose {
        vec![Disclosure {
            field: "input".into(),
            key: *key.as_bytes(),
        }]
    } else {
        vec![]
    };
    let last = log.size() - 1;
    let proof = ReceiptProof::new(
        log.checkpoint(),
        included(&log.sealed[0], log.path(0)),
        vec![],
        (
            included(log.sealed.last().unwrap(), log.path(last)),
            LeafIndex::new(last),
        ),
        disclosures,
    );
    (log, proof)
}

fn included(sealed: &[u8], path: Vec<NodeHash>) -> Included {
    let sealed = sealed.to_vec();
    Included { sealed, path }
}

/// The proof of a receipt with these receipts as its key changes.
fn with_changes(log: &Log, seq: u64, changes: &[u64]) -> ReceiptProof {
    let of = |seq: u64| included(&log.sealed[usize::try_from(seq).unwrap()], log.path(seq));
    ReceiptProof::new(
        log.checkpoint(),
        of(0),
        changes.iter().map(|seq| of(*seq)).collect(),
        (of(seq), LeafIndex::new(seq)),
        vec![],
    )
}

#[test]
fn a12_a_proof_carries_the_way_to_a_rotated_key() {
    let mut log = Log::of(1, 4);
    let pinned = TrustPolicy::new().pin(log.pin());
    for seed in [100, 101] {
        let new = SigningKey::from_bytes(&[seed; 32]);
        let old = log.receipt_key.verifying_key();
        let rotation =
            KeyRotation::new(&log.head.log_id(), &old, log.size(), &new, "test").unwrap();
        log.seal(&rotation);
        log.receipt_key = new;
        log.decide("m");
    }
    let exit = |seq, changes: &[u64]| {
        let proof = ReceiptProof::parse(with_changes(&log, seq, changes).to_text().as_bytes());
        let report = proof.unwrap().verify(&pinned, &[]).unwrap();
        report.exit(&Question::DEFAULT)
    };
    assert_eq!(exit(7, &[4, 6]), Exit::Verified);
    assert_eq!(exit(5, &[4]), Exit::Verified);
    assert_eq!(exit(3, &[]), Exit::Verified);
    // The rotation itself, and one that the receipt does not need.
    assert_eq!(exit(6, &[4]), Exit::Verified);
    assert_eq!(exit(5, &[4, 6]), Exit::Verified);
    // Left out, in another order, or no key changes.
    for (seq, changes) in [(7, &[4][..]), (7, &[6]), (7, &[6, 4]), (5, &[3]), (3, &[2])] {
        assert_eq!(exit(seq, changes), Exit::Failed, "{seq} {changes:?}");
    }
}

#[test]
fn a13_a_proof_carries_the_revocation_behind_its_receipt() {
    let mut log = Log::of(1, 6);
    let successor = SigningKey::from_bytes(&[100; 32]);
    let revocation = KeyRevocation::sign(
        &log.head.log_id(),
        log.receipt_key.verifying_key(),
        3,
        Timestamp::from_micros(1),
        successor.verifying_key(),
        "",
        &log.recovery_key,
    )
    .unwrap();
    log.receipt_key = successor;
    log.seal(&revocation);
    let pinned = TrustPolicy::new().pin(log.pin());
    let exit = |policy: &TrustPolicy, seq, changes: &[u64]| {
        let report = with_changes(&log, seq, changes)
            .verify(policy, &[])
            .unwrap();
        report.exit(&Question::DEFAULT)
    };
    assert_eq!(exit(&pinned, 3, &[6]), Exit::Verified);
    assert_eq!(exit(&pinned, 5, &[6]), Exit::Failed);
    // Left out it does not show, unless the verifier brings it.
    assert_eq!(exit(&pinned, 5, &[]), Exit::Verified);
    let brought =
        DetachedRevocation::new(log.origin.as_str(), encode_body(&revocation).unwrap()).unwrap();
    let policy = pinned.clone().revocation(brought);
    assert_eq!(exit(&policy, 5, &[]), Exit::Failed);
    assert_eq!(exit(&policy, 3, &[]), Exit::Verified);
}

#[test]
fn a_proof_verifies_and_discloses_one_text() {
    let (log, proof) = recorded("May I?", true);
    let read = ReceiptProof::parse(proof.to_text().as_bytes()).unwrap();
    assert_eq!(read.disclosed_fields().collect::<Vec<_>>(), ["input"]);
    let report = read.verify(&log.policy(), &[("input", "May I?")]).unwrap();
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    let report = read
        .verify(&TrustPolicy::new().pin(log.pin()), &[])
        .unwrap();
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    assert_eq!(report.verdict.completeness, Status::NotApplicable);
    let report = read
        .verify(&log.policy(), &[("input", "May I not?")])
        .unwrap();
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
    let report = read.verify(&log.policy(), &[("output", "May I?")]).unwrap();
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
}

#[test]
fn without_the_key_a_text_stays_unverified() {
    let (log, proof) = recorded("May I?", false);
    let report = proof.verify(&log.policy(), &[("input", "May I?")]).unwrap();
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Unverified,
        "{report:?}"
    );
}

#[test]
fn a_proof_of_the_genesis() {
    let log = Log::of(1, 7);
    let genesis = &log.sealed[0];
    let proof = ReceiptProof::new(
        log.checkpoint(),
        included(genesis, log.path(0)),
        vec![],
        (included(genesis, log.path(0)), LeafIndex::new(0)),
        vec![],
    );
    let report = proof.verify(&log.policy(), &[]).unwrap();
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
}

#[test]
fn a16_proofs_that_do_not_fit() {
    let (log, proof) = recorded("May I?", true);
    let policy = log.policy();
    let last = log.sealed.last().unwrap();
    let wrong = [
        ReceiptProof::new(
            log.checkpoint(),
            included(&log.sealed[0], log.path(0)),
            vec![],
            (included(last, log.path(7)), LeafIndex::new(3)),
            vec![],
        ),
        ReceiptProof::new(
            log.checkpoint(),
            included(&log.sealed[0], log.path(0)),
            vec![],
            (included(last, log.path(3)), LeafIndex::new(7)),
            vec![],
        ),
        ReceiptProof::new(
            log.checkpoint(),
            included(&log.sealed[0], log.path(1)),
            vec![],
            (included(last, log.path(7)), LeafIndex::new(7)),
            vec![],
        ),
        ReceiptProof::new(
            log.checkpoint(),
            included(&log.sealed[1], log.path(1)),
            vec![],
            (included(last, log.path(7)), LeafIndex::new(7)),
            vec![],
        ),
        ReceiptProof::new(
            Log::of(1, 5).checkpoint(),
            included(&log.sealed[0], log.path(0)),
            vec![],
            (included(last, log.path(7)), LeafIndex::new(7)),
            vec![],
        ),
        ReceiptProof::new(
            log.checkpoint(),
            included(&Log::of(2, 3).sealed[0], log.path(0)),
            vec![],
            (included(last, log.path(7)), LeafIndex::new(7)),
            vec![],
        ),
    ];
    for (case, proof) in wrong.iter().enumerate() {
        let report = proof.verify(&policy, &[]).unwrap();
        assert_eq!(
            report.exit(&Question::DEFAULT),
            Exit::Failed,
            "case {case}: {report:?}"
        );
    }
    // Any changed character: refused when read, or it does not verify, or it says the same.
    let text = proof.to_text().into_bytes();
    for place in 0..text.len() {
        let mut changed = text.clone();
        changed[place] ^= 1;
        if let Ok(proof) = ReceiptProof::parse(&changed) {
            let report = proof.verify(&policy, &[("input", "May I?")]);
            let verified =
                report.is_ok_and(|report| report.exit(&Question::DEFAULT) == Exit::Verified);
            assert!(!verified, "byte {place}");
        }
    }
}
