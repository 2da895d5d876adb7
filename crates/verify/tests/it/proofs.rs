//! Proof files: one receipt, and the text that it recorded.

use crate::logs::Log;
use ai_audit_core::{
    Decision, DigestSecret, Exit, Question, ReceiptId, Status, TextDigest, Timestamp,
};
use ai_audit_merkle::LeafIndex;
use ai_audit_verify::{Disclosure, ReceiptProof, TrustPolicy};

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
        (&log.sealed[0], log.path(0)),
        (
            log.sealed.last().unwrap(),
            LeafIndex::new(last),
            log.path(last),
        ),
        disclosures,
    );
    (log, proof)
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
        (genesis, log.path(0)),
        (genesis, LeafIndex::new(0), log.path(0)),
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
            (&log.sealed[0], log.path(0)),
            (last, LeafIndex::new(3), log.path(7)),
            vec![],
        ),
        ReceiptProof::new(
            log.checkpoint(),
            (&log.sealed[0], log.path(0)),
            (last, LeafIndex::new(7), log.path(3)),
            vec![],
        ),
        ReceiptProof::new(
            log.checkpoint(),
            (&log.sealed[0], log.path(1)),
            (last, LeafIndex::new(7), log.path(7)),
            vec![],
        ),
        ReceiptProof::new(
            log.checkpoint(),
            (&log.sealed[1], log.path(1)),
            (last, LeafIndex::new(7), log.path(7)),
            vec![],
        ),
        ReceiptProof::new(
            Log::of(1, 5).checkpoint(),
            (&log.sealed[0], log.path(0)),
            (last, LeafIndex::new(7), log.path(7)),
            vec![],
        ),
        ReceiptProof::new(
            log.checkpoint(),
            (&Log::of(2, 3).sealed[0], log.path(0)),
            (last, LeafIndex::new(7), log.path(7)),
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
