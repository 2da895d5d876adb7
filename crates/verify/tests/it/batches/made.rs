//! Logs with batched receipts, as an honest writer makes them and as others do.

use crate::keys::{key, rotate};
use crate::logs::Log;
use ai_audit_core::{
    BatchSeal, Body, Decision, Draft, Exit, Head, Kind, PolicyEntry, Question, ReceiptId, Start,
    Status, Timestamp, UnverifiedReceipt,
};
use ai_audit_merkle::LeafIndex;
use ai_audit_note::Checkpoint;
use ai_audit_verify::{Included, ReceiptProof, Report, SelectionVerifier, TrustPolicy};

pub(super) fn permission() -> [PolicyEntry<'static>; 1] {
    [PolicyEntry {
        name: BatchSeal::POLICY.into(),
        value: BatchSeal::PERMITTED.into(),
    }]
}

/// A log that permits batched receipts: genesis and start.
pub(super) fn permitting() -> Log {
    let mut log = Log::promising(1, &permission());
    log.seal(&Start {
        software: "test".into(),
        size: 1,
        clean: true,
    });
    log
}

pub(super) fn draft(log: &Log) -> Draft<'static> {
    let now = Timestamp::from_micros(1_790_000_000_000_000 + log.size());
    let mut random = [0; 10];
    random[2..].copy_from_slice(&log.size().to_be_bytes());
    Draft::new(ReceiptId::from_parts(now, random), now)
}

/// Batches so many decisions.
pub(super) fn batch(log: &mut Log, count: u64) {
    for _ in 0..count {
        let decision = Decision {
            model: "m".into(),
            ..Decision::new()
        };
        batch_one(log, &decision);
    }
}

pub(super) fn batch_one(log: &mut Log, body: &impl Body) {
    let id = log.receipt_key.verifying_key().id();
    let mut buf = [0; 1024];
    let sealed = draft(log)
        .seal_batched(body, &log.head, id, &mut buf)
        .unwrap();
    log.put(sealed);
}

/// Seals a batch as an honest writer does.
pub(super) fn close(log: &mut Log, count: u64) {
    let seal = BatchSeal {
        from: log.size() - count,
        count,
        root: log.tree.root(),
    };
    log.seal(&seal);
}

/// Whatever a receipt of this kind says, batched: as only an attacker makes it.
pub(super) fn batch_control(log: &mut Log, kind: Kind, body: &[u8]) {
    let mut buf = [0; 1024];
    let sealed = draft(log)
        .seal_encoded(kind, body, &log.head, &log.receipt_key, &mut buf)
        .unwrap();
    let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).unwrap();
    let mut bytes = receipt.payload().to_vec();
    // The mode stands between the key id and the kind, which is followed by three empty texts.
    let place = receipt.body_offset() - 5;
    assert_eq!(bytes[place], 0);
    bytes[place] = 1;
    let receipt = UnverifiedReceipt::parse(&bytes).unwrap();
    let (log_id, size) = (log.head.log_id(), log.size() + 1);
    log.head = Head::from_parts(log_id, size, receipt.hash(), receipt.header().sealed_at);
    log.tree.push(receipt.hash()).unwrap();
    log.sealed.push(bytes);
}

pub(super) fn good(report: &Report) {
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
}

/// Attribution is open, for a reason that has these words; integrity is verified.
pub(super) fn open(report: &Report, words: &str) {
    let Status::Unverified { why: reason } = &report.verdict.attribution else {
        panic!("attribution should be open: {report:?}");
    };
    assert!(reason.contains(words), "{reason}");
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Unverified);
}

pub(super) fn selected(log: &Log, seqs: &[u64]) -> Report {
    let (policy, note) = (TrustPolicy::new().pin(log.pin()), log.checkpoint());
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
    for seq in seqs {
        let sealed = &log.sealed[usize::try_from(*seq).unwrap()];
        verifier.push(sealed, log.path(*seq));
    }
    verifier.finish()
}

pub(super) fn proved(log: &Log, seq: u64, with: &[u64]) -> Report {
    let of = |seq: u64| Included {
        sealed: log.sealed[usize::try_from(seq).unwrap()].clone(),
        path: log.path(seq),
    };
    let with = with.iter().map(|seq| of(*seq)).collect();
    let proof = ReceiptProof::new(
        log.checkpoint(),
        of(0),
        with,
        (of(seq), LeafIndex::new(seq)),
        vec![],
    );
    let policy = TrustPolicy::new().pin(log.pin());
    let proof = ReceiptProof::parse(proof.to_text().as_bytes()).unwrap();
    proof.verify(&policy, &[]).unwrap()
}

/// Two batches of 5 and 3, a signed receipt between them, one of a single receipt behind a rotation.
pub(super) fn whole() -> Log {
    let mut log = permitting();
    batch(&mut log, 5); // 2 to 6
    close(&mut log, 5); // 7
    log.decide("signed"); // 8
    batch(&mut log, 3); // 9 to 11
    close(&mut log, 3); // 12
    rotate(&mut log, key(100)); // 13
    batch(&mut log, 1); // 14
    close(&mut log, 1); // 15
    log
}
