//! Batched sealing: when records are sealed together, and that none is stored that nobody signed for.

use crate::rig::{NOW, Rig, decision, name, record, rig};
use ai_audit_agentic::ContractActivation;
use ai_audit_core::{
    BatchSeal, Decision, DecodeBody as _, Digest, Exit, Head, Kind, Question, ReceiptId, SealMode,
    Signature, Signer, SignerError, SigningKey, Timestamp, UnverifiedReceipt, VerifyingKey,
};
use ai_audit_store::{
    Attach, Batch, EncodedRecordBody, FileMarks, HighWaterMark as _, Ledger, LedgerError, LogName,
    LogSigners, Mark, NewLog, ReadLimit, Record, Sealed, Store as _, StoreReader, batch_seal_of,
};
use ai_audit_testkit::{TestLog, writers};
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn permitting() -> NewLog {
    let permission = (BatchSeal::POLICY.into(), BatchSeal::PERMITTED.into());
    NewLog {
        policy: vec![permission],
        ..TestLog::new_log(1)
    }
}

/// A ledger with the log `default`, which permits batches and whose next receipt is number 2.
fn created(rig: &Rig) -> Ledger {
    let ledger = rig.open();
    ledger.create_log(LogName::default(), permitting()).unwrap();
    ledger
}

fn put(ledger: &Ledger, count: usize) -> Vec<u64> {
    let group = (0..count).map(|_| record("m")).collect();
    let ticket = ledger.submit(&LogName::default(), group).unwrap();
    let receipts = ticket.wait().unwrap();
    receipts.iter().map(|receipt| receipt.seq).collect()
}

/// Mode and kind of each receipt; the log verifies as somebody does it who has its key line and size.
fn stored(rig: &Rig) -> Vec<(SealMode, Kind)> {
    let mut reader = StoreReader::new(&*rig.store, &LogName::default()).unwrap();
    let mut all = Vec::new();
    while let Some(stored) = reader.read_receipt().unwrap() {
        all.push(stored.into_sealed().unwrap());
    }
    let open = TrustPolicy::new();
    let mut first = LogVerifier::new(&open);
    first.push(&all[0]);
    let line = first.key_line().unwrap().to_string();
    let size = u64::try_from(all.len()).unwrap();
    let policy = TrustPolicy::new()
        .pin(Pin::parse(&line).unwrap())
        .min_size(size);
    let mut verifier = LogVerifier::new(&policy);
    for sealed in &all {
        assert!(verifier.push(sealed).is_some());
    }
    let report = verifier.finish();
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    assert_eq!(
        rig.store.head(&LogName::default()).unwrap().unwrap().size(),
        size
    );
    let header = |sealed: &Vec<u8>| {
        let receipt = UnverifiedReceipt::parse(sealed).unwrap();
        (receipt.header().mode, receipt.header().kind)
    };
    all.iter().map(header).collect()
}

fn batched(stored: &[(SealMode, Kind)]) -> usize {
    let batched = stored.iter().filter(|(mode, _)| *mode == SealMode::Batched);
    batched.count()
}

fn seals(rig: &Rig) -> Vec<BatchSeal> {
    let mut reader = StoreReader::new(&*rig.store, &LogName::default()).unwrap();
    let mut seals = Vec::new();
    while let Some(stored) = reader.read_receipt().unwrap() {
        let sealed = stored.into_sealed().unwrap();
        let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
        seals.extend(BatchSeal::decode(&receipt));
    }
    seals
}

#[test]
fn what_comes_together_is_sealed_together_where_the_log_permits_it() {
    let rig = rig();
    let ledger = created(&rig);
    assert_eq!(put(&ledger, 7), (2..9).collect::<Vec<_>>());
    assert_eq!(batched(&stored(&rig)), 0);
    assert_eq!(put(&ledger, 8), (9..17).collect::<Vec<_>>());
    let now = stored(&rig);
    assert_eq!(batched(&now), 8);
    assert_eq!(now[17], (SealMode::Signed, Kind::BATCH_SEAL));
    let found = seals(&rig);
    assert_eq!((found.len(), found[0].from, found[0].count), (1, 9, 8));
    // Whoever shows one of them needs the seal.
    let seal_of = |seq| batch_seal_of(&*rig.store, &LogName::default(), seq).unwrap();
    assert_eq!(
        (seal_of(9), seal_of(16), seal_of(17)),
        (Some(17), Some(17), None)
    );
    assert_eq!(put(&ledger, 1), [18]);
    ledger.close("done").unwrap();
    // The next writer goes on behind it.
    let ledger = rig.attached();
    put(&ledger, 20);
    ledger.close("done").unwrap();
    assert_eq!(batched(&stored(&rig)), 28);
}

#[test]
fn without_permission_everything_is_signed() {
    let rig = rig();
    let ledger = rig.created();
    put(&ledger, 100);
    ledger.close("").unwrap();
    assert_eq!(batched(&stored(&rig)), 0);
    assert!(seals(&rig).is_empty());
}

#[test]
fn a_batch_goes_over_the_groups_of_a_commit_and_each_log_has_its_own() {
    let mut rig = rig();
    rig.config.batch_from = 1;
    let ledger = created(&rig);
    ledger
        .create_log(name("other"), TestLog::new_log(2))
        .unwrap();
    let tickets: Vec<_> = (0..60)
        .map(|n| {
            let log = if n % 3 == 0 {
                name("other")
            } else {
                LogName::default()
            };
            ledger.submit(&log, vec![record("m")]).unwrap()
        })
        .collect();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    ledger.close("").unwrap();
    let found = seals(&rig);
    assert_eq!(batched(&stored(&rig)), 40);
    // One seal for each commit that had any of the log's records.
    assert!((1..=40).contains(&found.len()), "{found:?}");
    let sealed: u64 = found.iter().map(|seal| seal.count).sum();
    assert_eq!(sealed, 40);
}

#[test]
fn what_is_about_the_log_is_signed_and_comes_behind_the_seal() {
    let rig = rig();
    let ledger = created(&rig);
    let activation = ContractActivation {
        contract: Digest::of(b"contract"),
        name: "c".into(),
        version: "1".into(),
        description: "".into(),
    };
    let id = ReceiptId::from_parts(Timestamp::from_micros(NOW), [9; 10]);
    let mut group: Vec<Record> = (0..5).map(|_| record("m")).collect();
    group.push(Record::new(&activation));
    // What refers to earlier ones of its group still finds them: a seal stands between.
    group.push(Record::build(id, |earlier| {
        let parents = earlier.hashes().to_vec().into();
        EncodedRecordBody::new(&Decision {
            parents,
            ..decision("last")
        })
    }));
    group.push(record("m"));
    let receipts = ledger
        .submit(&LogName::default(), group)
        .unwrap()
        .wait()
        .unwrap();
    let seqs: Vec<u64> = receipts.iter().map(|receipt| receipt.seq).collect();
    assert_eq!(seqs, [2, 3, 4, 5, 6, 8, 9, 10]);
    let now = stored(&rig);
    assert_eq!(
        (now[7].1, now[8].1, now[11].1),
        (
            Kind::BATCH_SEAL,
            Kind::CONTRACT_ACTIVATION,
            Kind::BATCH_SEAL
        )
    );
    assert_eq!(batched(&now), 7);
    let mut reader = StoreReader::new(&*rig.store, &LogName::default()).unwrap();
    let last = loop {
        let sealed = reader
            .read_receipt()
            .unwrap()
            .unwrap()
            .into_sealed()
            .unwrap();
        if UnverifiedReceipt::parse(&sealed).unwrap().header().seq == 9 {
            break sealed;
        }
    };
    let last = Decision::decode(&UnverifiedReceipt::parse(&last).unwrap())
        .unwrap()
        .parents
        .to_vec();
    let hashes: Vec<_> = receipts[..6].iter().map(|receipt| receipt.hash).collect();
    assert_eq!(last, hashes);
    // A clock that runs backwards is recorded before the next batch begins.
    rig.clock.set(NOW - 5);
    put(&ledger, 9);
    let now = stored(&rig);
    assert_eq!(now[12].1, Kind::CLOCK_ANOMALY);
    assert_eq!(batched(&now), 16);
}

#[test]
fn epochs_close_behind_a_batch() {
    let mut rig = rig();
    rig.config.epochs.receipts = Some(10);
    rig.config.batch_from = 1;
    let ledger = created(&rig);
    for _ in 0..5 {
        put(&ledger, 9);
    }
    put(&ledger, 1);
    ledger.seal_epoch(&LogName::default()).unwrap();
    ledger.close("").unwrap();
    let now = stored(&rig);
    assert_eq!(batched(&now), 46);
    let epochs: Vec<_> = (0..now.len())
        .filter(|at| now[*at].1 == Kind::EPOCH_SEAL)
        .collect();
    assert!(epochs.len() > 3);
    assert!(
        epochs[..epochs.len() - 1]
            .iter()
            .all(|at| now[*at - 1].1 == Kind::BATCH_SEAL)
    );
}

#[test]
fn a_group_of_more_than_a_batch_gets_two_seals() {
    let mut rig = rig();
    rig.config.capacity = 100_000;
    let ledger = created(&rig);
    let many = usize::try_from(BatchSeal::MAX).unwrap() + 3;
    let seqs = put(&ledger, many);
    assert_eq!(seqs.last().copied(), Some(2 + BatchSeal::MAX + 3));
    ledger.close("").unwrap();
    let counts: Vec<u64> = seals(&rig).iter().map(|seal| seal.count).collect();
    assert_eq!(counts, [BatchSeal::MAX, 3]);
    assert_eq!(batched(&stored(&rig)), many);
}

/// Signs while it may.
struct Moody(SigningKey, Arc<AtomicBool>);

impl Signer for Moody {
    fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        match self.1.load(Ordering::SeqCst) {
            true => Err(SignerError::new("not now")),
            false => Ok(self.0.sign(message)),
        }
    }
}

#[test]
fn nothing_is_stored_that_nobody_signed_for() {
    let rig = rig();
    let refuses = Arc::new(AtomicBool::new(false));
    let [receipt, checkpoint, _] = TestLog::keys(1);
    let ledger = rig.open();
    let new = NewLog {
        signers: LogSigners {
            receipt: Box::new(Moody(receipt, Arc::clone(&refuses))),
            checkpoint: Box::new(checkpoint),
        },
        ..permitting()
    };
    ledger.create_log(LogName::default(), new).unwrap();
    put(&ledger, 10);
    let before = stored(&rig);
    refuses.store(true, Ordering::SeqCst);
    let group = (0..10).map(|_| record("m")).collect();
    let failed = ledger.submit(&LogName::default(), group).unwrap().wait();
    let error = failed.unwrap_err().to_string();
    assert!(error.contains("not now"), "{error}");
    assert_eq!(stored(&rig), before);
    assert_eq!(ledger.stats().lost, 10);
    refuses.store(false, Ordering::SeqCst);
    put(&ledger, 10);
    ledger.close("").unwrap();
    let now = stored(&rig);
    // The loss is declared, once, before what comes behind it.
    assert_eq!(now[before.len()].1, Kind::GAP);
    assert_eq!(now.iter().filter(|(_, kind)| *kind == Kind::GAP).count(), 1);
    assert_eq!(batched(&now), 20);
}

#[test]
fn a_log_whose_open_epoch_begins_with_other_bytes_is_not_attached() {
    let mut rig = rig();
    rig.config.epochs.receipts = Some(12);
    let ledger = created(&rig);
    put(&ledger, 12);
    put(&ledger, 9);
    ledger.close("done").unwrap();
    let all = stored(&rig);
    let sealed = all.iter().position(|(_, kind)| *kind == Kind::EPOCH_SEAL);
    let first = sealed.unwrap() + 1;
    assert_eq!(all[first], (SealMode::Batched, Kind::DECISION));
    rig.store.alter(Some(u64::try_from(first).unwrap()));
    let ledger = rig.open();
    let error = ledger
        .attach_log(LogName::default(), TestLog::signers(1))
        .unwrap_err();
    assert!(error.to_string().contains("are not those"), "{error}");
    rig.store.alter(None);
    ledger
        .attach_log(LogName::default(), TestLog::signers(1))
        .unwrap();
}

#[test]
fn batches_that_stores_are_tried_with_are_those_of_a_log_that_verifies() {
    let (rig, mut log) = (rig(), TestLog::new(1));
    let mut all = vec![log.seal_permitting()];
    all.extend(log.seal(3));
    all.extend(log.seal_batch(20));
    all.extend(log.seal_batch(1));
    let name = LogName::default();
    let batch = Batch {
        log: &name,
        expected: &Head::EMPTY,
        receipts: &all,
    };
    rig.store.append(&[batch]).unwrap();
    assert_eq!(batched(&stored(&rig)), 21);
}

/// A commit has a batch and its seal, so no crash leaves it so.
#[test]
fn a_log_that_was_cut_within_a_batch_is_gone_on_with_by_nobody() {
    let whole = rig();
    let ledger = created(&whole);
    put(&ledger, 8);
    ledger.close("").unwrap();
    let log = LogName::default();
    // Receipts 0 and 1, and four of the batch.
    let limit = ReadLimit {
        receipts: 6,
        ..ReadLimit::default()
    };
    let read = whole.store.read(&log, 0, limit).unwrap();
    let kept: Vec<Sealed> = (read.into_iter())
        .map(|one| Sealed::new(one.into_sealed().unwrap()))
        .collect();
    assert_eq!(kept.len(), 6);
    let mut cut = rig();
    writers::append(&*cut.store, &log, &Head::EMPTY, &kept).unwrap();
    let expected = LedgerError::Unsealed {
        log: log.clone(),
        seq: 5,
    };
    for adopt in [false, true] {
        let with = Attach {
            adopt,
            ..Attach::default()
        };
        let attached = cut
            .open()
            .attach_log_with(log.clone(), TestLog::signers(1), with);
        assert_eq!(attached, Err(expected.clone()));
    }
    // Where it is known that there was more, that is said first.
    let marks = tempfile::tempdir().unwrap();
    let head = whole.store.head(&log).unwrap().unwrap();
    let mark = Mark {
        size: head.size(),
        hash: head.hash(),
    };
    let file = FileMarks::new(marks.path());
    file.write(&head.log_id(), &mark).unwrap();
    cut.config.marks = Some(Arc::new(file));
    let attached = cut
        .open()
        .attach_log(log.clone(), TestLog::signers(1))
        .unwrap_err();
    assert!(matches!(attached, LedgerError::Behind { .. }), "{attached}");
    assert_eq!(cut.store.head(&log).unwrap().unwrap().size(), 6);
}
