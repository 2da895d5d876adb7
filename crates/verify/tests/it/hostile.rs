//! A25 and A44 to A47: evidence that is made to exhaust, to stop early, or to say nothing.

use crate::logs::{Log, verify};
use ai_audit_core::{
    Decision, Draft, Exit, Head, LogId, MAX_SEALED_LEN, Question, ReceiptId, Status, Timestamp,
};
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_verify::{LogVerifier, Pin, PinError, ReceiptProof, SelectionVerifier, TrustPolicy};

fn is_open(status: &Status) -> bool {
    matches!(status, Status::Unverified { .. })
}

/// A receipt that stands anywhere, signed by a key that a stranger has.
fn at(seq: u64) -> Vec<u8> {
    let key = ai_audit_core::SigningKey::from_bytes(&[50; 32]);
    let time = Timestamp::from_micros(1_790_000_000_000_000);
    let head = Head::from_parts(
        LogId::ZERO,
        seq,
        ai_audit_core::LeafHash::of(b"before"),
        time,
    );
    let mut buf = vec![0; MAX_SEALED_LEN];
    let draft = Draft::new(ReceiptId::from_parts(time, [0; 10]), time);
    draft
        .seal(&Decision::new(), &head, &key, &mut buf)
        .unwrap()
        .as_bytes()
        .to_vec()
}

#[test]
fn a44_seqs_at_the_end_of_their_range() {
    let log = Log::of(1, 3);
    let last = u64::MAX - 1;
    for seqs in [
        &[last][..],
        &[last, last],
        &[last - 1, last, 1],
        &[last - 1, 5, last],
    ] {
        let sealed: Vec<Vec<u8>> = seqs.iter().map(|seq| at(*seq)).collect();
        let report = verify(&log.policy(), &sealed);
        assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed, "{seqs:?}");
        // In between something that is no receipt at all, which has to be counted too.
        let nobody = TrustPolicy::new();
        let mut verifier = LogVerifier::new(&nobody);
        for sealed in &sealed {
            verifier.push(sealed);
            verifier.push(b"none");
        }
        assert!(verifier.finish().verdict.integrity.is_failed());
        let mut verifier = selection(&log, &log);
        for sealed in &sealed {
            verifier.push(sealed, vec![]);
        }
        assert!(verifier.finish().verdict.integrity.is_failed());
    }
}

/// A verifier of a selection of `log` with the checkpoint of `other`.
fn selection(log: &Log, other: &Log) -> SelectionVerifier<'static> {
    let policy = Box::leak(Box::new(TrustPolicy::new().pin(log.pin())));
    let note = other.checkpoint();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    SelectionVerifier::new(policy, note, checkpoint)
}

#[test]
fn a45_who_signed_what_cannot_be_read_is_not_verified() {
    let log = Log::of(1, 6);
    let policy = log.policy();
    let mut garbage = log.sealed.clone();
    garbage.insert(3, b"\x02 no receipt".to_vec());
    let report = verify(&policy, &garbage);
    assert!(report.verdict.integrity.is_failed());
    assert!(is_open(&report.verdict.attribution), "{report:?}");
    assert!(report.verdict.attribution.to_string().contains("receipt 3"));
    // A file that stops in the middle.
    let mut verifier = LogVerifier::new(&policy);
    for sealed in &log.sealed[..4] {
        verifier.push(sealed);
    }
    verifier.cut_off("receipts file at byte 900: expected a receipt");
    let report = verifier.finish();
    assert!(is_open(&report.verdict.attribution), "{report:?}");
    let mut verifier = selection(&log, &log);
    verifier.push(&log.sealed[0], log.path(0));
    verifier.push(b"none", vec![]);
    assert!(is_open(&verifier.finish().verdict.attribution));
    let mut verifier = selection(&log, &log);
    verifier.push(&log.sealed[0], log.path(0));
    verifier.cut_off("proofs.bin: ended");
    assert!(is_open(&verifier.finish().verdict.attribution));
    // A receipt by a stranger behind it stays the worse answer.
    garbage.push(at(7));
    assert!(
        verify(&policy, &garbage).verdict.attribution.is_failed(),
        "a failure wins"
    );
}

#[test]
fn a46_a_size_of_nothing_makes_nothing_complete() {
    let (empty, log) = (Log::new(1), Log::of(1, 6));
    let nothing = Checkpoint {
        origin: log.origin.clone(),
        size: ai_audit_merkle::TreeSize::new(0),
        root: ai_audit_core::NodeHash::EMPTY,
        extensions: vec![],
    };
    let nothing = nothing.sign(&log.checkpoint_key).unwrap().to_string();
    let pinned = || TrustPolicy::new().pin(log.pin());
    let zero = pinned().checkpoint(nothing.as_bytes()).unwrap();
    for policy in [&pinned().min_size(0), &zero, &zero.clone().min_size(0)] {
        for log in [&empty, &log] {
            let report = verify(policy, &log.sealed);
            assert!(is_open(&report.verdict.completeness), "{report:?}");
            assert_eq!(report.complete_to, None);
            assert_eq!(report.exit(&Question::DEFAULT), Exit::Unverified);
        }
    }
    let reason = verify(&zero, &log.sealed).verdict.completeness.to_string();
    assert!(reason.contains("size 0"), "{reason}");
    // A lie about nothing is a lie.
    let lie = nothing.replace(
        &nothing.lines().nth(2).unwrap().to_string(),
        Log::of(1, 6).checkpoint().text().lines().nth(2).unwrap(),
    );
    let lie = Checkpoint::parse(SignedNote::parse(lie.as_bytes()).unwrap().text())
        .unwrap()
        .sign(&log.checkpoint_key)
        .unwrap();
    let policy = pinned().checkpoint(lie.to_string().as_bytes()).unwrap();
    assert!(verify(&policy, &log.sealed).verdict.integrity.is_failed());
}

#[test]
fn a46_complete_to_says_how_far() {
    let (older, log) = (Log::of(1, 4), Log::of(1, 9));
    let report = verify(&older.policy(), &log.sealed);
    assert!(report.verdict.completeness.is_verified());
    assert_eq!((report.complete_to, report.receipts), (Some(4), 9));
}

#[test]
fn a47_no_receipt_of_a_selection_is_verified_before_its_checkpoint() {
    let (log, thief) = (Log::of(1, 6), Log::of(2, 6));
    // A checkpoint with the right tree, signed by somebody else under the log's name.
    let forged = Checkpoint::parse(log.checkpoint().text())
        .unwrap()
        .sign(&thief.checkpoint_key)
        .unwrap();
    let policy = TrustPolicy::new().pin(log.pin());
    let checkpoint = Checkpoint::parse(forged.text()).unwrap();
    let mut verifier = SelectionVerifier::new(&policy, forged, checkpoint);
    for seq in [0, 3] {
        let sealed = &log.sealed[usize::try_from(seq).unwrap()];
        assert!(
            verifier.push(sealed, log.path(seq)).is_none(),
            "receipt {seq}"
        );
    }
    assert!(verifier.finish().verdict.integrity.is_failed());
    let mut honest = selection(&log, &log);
    assert!(honest.push(&log.sealed[0], log.path(0)).is_some());
}

#[test]
fn a15_another_checkpoint_beside_a_selection() {
    let log = Log::of(1, 12);
    let older = Log::of(1, 5);
    let mut fork = Log::of(1, 4);
    fork.decide("another model");
    let report = |policy: &TrustPolicy, note: &SignedNote| {
        let own = log.checkpoint();
        let checkpoint = Checkpoint::parse(own.text()).unwrap();
        let mut verifier = SelectionVerifier::new(policy, own, checkpoint);
        verifier.push(&log.sealed[0], log.path(0));
        verifier
            .evidence_checkpoint(note.to_string().as_bytes())
            .unwrap();
        verifier.push(&log.sealed[7], log.path(7));
        verifier.finish().verdict.integrity
    };
    let pinned = TrustPolicy::new().pin(log.pin());
    assert!(report(&pinned, &older.checkpoint()).is_verified());
    // Of another log, by another key, or of the same size and another root as one that is known.
    assert!(report(&pinned, &Log::of(2, 5).checkpoint()).is_failed());
    let forged = Checkpoint::parse(older.checkpoint().text())
        .unwrap()
        .sign(&log.receipt_key)
        .unwrap();
    assert!(report(&pinned, &forged).is_failed());
    let kept = pinned
        .checkpoint(fork.checkpoint().to_string().as_bytes())
        .unwrap();
    let reason = report(&kept, &older.checkpoint()).to_string();
    assert!(reason.contains("two histories"), "{reason}");
    let mut other = Log::of(1, 11);
    other.decide("another model");
    let pinned = TrustPolicy::new().pin(log.pin());
    let reason = report(&pinned, &other.checkpoint()).to_string();
    assert!(reason.contains("two histories"), "{reason}");
}

#[test]
fn a09_a_key_line_has_the_word_over_a_bare_key() {
    let (log, other) = (Log::of(1, 6), Log::of(2, 6));
    for bare in [&log.receipt_key, &log.checkpoint_key] {
        let bare = Pin::parse(&bare.verifying_key().to_string()).unwrap();
        let policy = TrustPolicy::new().pin(bare).pin(other.pin()).min_size(6);
        let report = verify(&policy, &log.sealed);
        assert!(report.verdict.attribution.is_failed(), "{report:?}");
        let report = verify(&policy, &log.sealed[1..]);
        assert!(is_open(&report.verdict.attribution), "{report:?}");
    }
    let bare = Pin::parse(&other.receipt_key.verifying_key().to_string()).unwrap();
    let policy = TrustPolicy::new().pin(bare).pin(log.pin());
    assert!(
        verify(&policy, &log.sealed)
            .verdict
            .attribution
            .is_verified()
    );
}

#[test]
fn a_witness_key_line_pins_no_log() {
    let log = Log::of(1, 3);
    let line = VKey::cosignature(&log.origin, log.checkpoint_key.verifying_key()).unwrap();
    assert!(matches!(
        Pin::parse(&line.to_string()),
        Err(PinError::Witness)
    ));
}

#[test]
fn a_known_size_and_a_larger_checkpoint_say_the_same_of_a_proof() {
    use ai_audit_merkle::LeafIndex;
    use ai_audit_verify::Included;
    let (log, later) = (Log::of(1, 7), Log::of(1, 12));
    let included = |seq: usize| Included {
        sealed: log.sealed[seq].clone(),
        path: log.path(seq as u64),
    };
    let proof = ReceiptProof::new(
        log.checkpoint(),
        included(0),
        vec![],
        (included(4), LeafIndex::new(4)),
        vec![],
    );
    let pinned = TrustPolicy::new().pin(log.pin());
    for policy in [pinned.clone().min_size(12), later.policy()] {
        let report = proof.verify(&policy, &[]).unwrap();
        assert!(is_open(&report.verdict.completeness), "{report:?}");
        assert_eq!(report.exit(&Question::DEFAULT), Exit::Unverified);
    }
    // A contradiction shows all the same.
    let mut fork = Log::of(1, 6);
    fork.decide("another model");
    let report = proof.verify(&fork.policy().min_size(12), &[]).unwrap();
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
}

#[test]
fn a25_checkpoints_of_the_evidence_are_not_kept() {
    let log = Log::of(1, 400);
    let mut grown = Log::new(1);
    // Tables of the key's multiples would be most of what is counted.
    let policy = log.policy().in_little_memory();
    let mut notes = vec![grown.checkpoint().to_string()];
    grown.seal(&ai_audit_core::Start {
        software: "test".into(),
        size: 1,
        clean: true,
    });
    while grown.size() < 400 {
        notes.push(grown.checkpoint().to_string());
        grown.decide("gpt-4o");
    }
    notes.push(grown.checkpoint().to_string());
    assert_eq!(notes.len(), 400);
    // Each is given just before its last receipt; one contradicts, in the middle.
    for lie in [None, Some(200)] {
        let mut verifier = LogVerifier::new(&policy);
        let mut report = None;
        let counted = allocation_counter::measure(|| {
            for (place, (sealed, note)) in log.sealed.iter().zip(&notes).enumerate() {
                let forged = match lie {
                    Some(at) if at == place => Some(
                        Checkpoint {
                            root: ai_audit_core::NodeHash::EMPTY,
                            ..Checkpoint::parse(SignedNote::parse(note.as_bytes()).unwrap().text())
                                .unwrap()
                        }
                        .sign(&log.checkpoint_key)
                        .unwrap()
                        .to_string(),
                    ),
                    _ => None,
                };
                let note = forged.as_ref().unwrap_or(note);
                verifier.evidence_checkpoint(note.as_bytes()).unwrap();
                verifier.push(sealed);
            }
            report = Some(verifier.finish());
        });
        assert!(
            counted.bytes_max < 40_000,
            "{} bytes at once",
            counted.bytes_max
        );
        let integrity = report.unwrap().verdict.integrity;
        match lie {
            None => assert!(integrity.is_verified(), "{integrity}"),
            Some(_) => assert!(integrity.to_string().contains("first 201"), "{integrity}"),
        }
    }
}
