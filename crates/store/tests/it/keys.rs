//! Rotations and revocations through the ledger, with stores and key keepers that fail on the way.

use crate::rig::{Rig, record, rig};
use ai_audit_core::{KeyRevocation, Kind, Question, Signer, SigningKey, Timestamp, VerifyingKey};
use ai_audit_note::VKey;
use ai_audit_store::{
    AppendError, Attach, Ledger, LedgerError, LogName, LogSigners, NewLog, ReceiptKeys,
    ReceiptKeysError, Record, Store, StoreReader, SubmitError,
};
use ai_audit_testkit::{Fault, TestLog};
use ai_audit_verify::{LogVerifier, Pin, Report, TrustPolicy, verify_source};
use std::sync::{Arc, Mutex};

/// A keeper whose state outlives the ledger, as a key file does, and whose destroying can fail.
#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    current: Option<Arc<SigningKey>>,
    next: Option<Arc<SigningKey>>,
    made: u8,
    stuck: bool,
}

/// What the ledger holds of it: reads the shared state into itself.
struct Held {
    keeper: Keeper,
    current: Option<Arc<SigningKey>>,
    next: Option<Arc<SigningKey>>,
}

impl Keeper {
    fn new(key: SigningKey) -> Self {
        let keeper = Self::default();
        keeper.0.lock().unwrap().current = Some(Arc::new(key));
        keeper
    }

    fn open(&self) -> Held {
        let kept = self.0.lock().unwrap();
        Held {
            keeper: self.clone(),
            current: kept.current.clone(),
            next: kept.next.clone(),
        }
    }

    fn stick(&self, stuck: bool) {
        self.0.lock().unwrap().stuck = stuck;
    }

    fn keys(&self) -> usize {
        let kept = self.0.lock().unwrap();
        usize::from(kept.current.is_some()) + usize::from(kept.next.is_some())
    }
}

impl ReceiptKeys for Held {
    fn current(&self) -> Option<&dyn Signer> {
        self.current.as_deref().map(|key| key as &dyn Signer)
    }

    fn held(&self, key: &VerifyingKey) -> Option<&dyn Signer> {
        [&self.current, &self.next]
            .into_iter()
            .flatten()
            .find(|own| own.verifying_key() == *key)
            .map(|own| &**own as &dyn Signer)
    }

    fn prepare(&mut self) -> Result<&dyn Signer, ReceiptKeysError> {
        let mut kept = self.keeper.0.lock().unwrap();
        kept.made += 1;
        kept.next = Some(Arc::new(SigningKey::from_bytes(&[200 + kept.made; 32])));
        self.next = kept.next.clone();
        drop(kept);
        Ok(self.next.as_deref().unwrap())
    }

    fn settle(&mut self, valid: &VerifyingKey) -> Result<(), ReceiptKeysError> {
        let mut kept = self.keeper.0.lock().unwrap();
        if self.current.as_ref().map(|key| key.verifying_key()) == Some(*valid) {
            return Ok(());
        }
        if kept.stuck {
            return Err(ReceiptKeysError::new("the key file cannot be destroyed"));
        }
        match self.next.take() {
            Some(next) if next.verifying_key() == *valid => {
                self.current = Some(next);
                kept.current = self.current.clone();
                kept.next = None;
                Ok(())
            }
            other => {
                self.next = other;
                Err(ReceiptKeysError::new("the valid key is not held"))
            }
        }
    }
}

fn signers(keeper: &Keeper) -> LogSigners {
    LogSigners {
        receipt: Box::new(keeper.open()),
        ..TestLog::signers(1)
    }
}

fn created(rig: &Rig, keeper: &Keeper) -> Ledger {
    let ledger = rig.open();
    let new = NewLog {
        signers: signers(keeper),
        ..TestLog::new_log(1)
    };
    ledger.create_log(LogName::default(), new).unwrap();
    ledger
}

fn keeper() -> Keeper {
    let [receipt, _, _] = TestLog::keys(1);
    Keeper::new(receipt)
}

fn put(ledger: &Ledger) -> Result<u64, AppendError> {
    let ticket = ledger
        .submit(&LogName::default(), vec![record("m")])
        .unwrap();
    ticket.wait().map(|receipts| receipts[0].seq)
}

/// Verifies the stored log under the key line of its genesis, which an auditor got at the beginning.
fn verified(rig: &Rig) -> Report {
    let mut reader = StoreReader::new(&*rig.store, &LogName::default()).unwrap();
    let first = reader.read_receipt().unwrap().unwrap();
    let first = first.into_sealed().unwrap();
    let open = TrustPolicy::new();
    let mut verifier = LogVerifier::new(&open);
    verifier.push(&first);
    let line: &VKey = verifier.key_line().unwrap();
    let policy = TrustPolicy::new().pin(Pin::parse(&line.to_string()).unwrap());
    let mut source = StoreReader::new(&*rig.store, &LogName::default()).unwrap();
    verify_source(LogVerifier::new(&policy), &mut source, |_| {}).unwrap()
}

fn good(rig: &Rig) {
    let report = verified(rig);
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
}

fn key_changes(rig: &Rig) -> Vec<u64> {
    ai_audit_store::key_changes(&*rig.store, &LogName::default()).unwrap()
}

#[test]
fn the_ledger_rotates_and_goes_on_also_after_a_restart() {
    let (rig, keeper) = (rig(), keeper());
    let ledger = created(&rig, &keeper);
    assert_eq!(put(&ledger), Ok(2));
    assert_eq!(ledger.rotate_key(&LogName::default(), "test"), Ok(3));
    assert_eq!(keeper.keys(), 1, "the old key is gone");
    assert_eq!(put(&ledger), Ok(4));
    ledger.rotate_key(&LogName::default(), "again").unwrap();
    ledger.close("").unwrap();
    let ledger = rig.open();
    ledger
        .attach_log(LogName::default(), signers(&keeper))
        .unwrap();
    put(&ledger).unwrap();
    ledger.close("").unwrap();
    good(&rig);
    assert_eq!(key_changes(&rig), [3, 5]);
    // The genesis's key opens nothing any more.
    let ledger = rig.open();
    let error = ledger
        .attach_log(LogName::default(), TestLog::signers(1))
        .unwrap_err();
    assert!(matches!(error, LedgerError::OtherKey { .. }), "{error}");
}

#[test]
fn a32_a_rotation_that_was_not_stored_leaves_the_old_key() {
    let (rig, keeper) = (rig(), keeper());
    let ledger = created(&rig, &keeper);
    rig.store.fail_next(Fault::Before);
    ledger.rotate_key(&LogName::default(), "").unwrap_err();
    put(&ledger).unwrap();
    assert_eq!(key_changes(&rig), [] as [u64; 0]);
    let seq = ledger.rotate_key(&LogName::default(), "").unwrap();
    put(&ledger).unwrap();
    ledger.close("").unwrap();
    good(&rig);
    assert_eq!(key_changes(&rig), [seq]);
    assert_eq!(keeper.keys(), 1);
}

#[test]
fn a32_a_rotation_that_was_stored_though_it_failed_hands_over() {
    for fault in [Fault::After, Fault::AfterAndBlind] {
        let (rig, keeper) = (rig(), keeper());
        let ledger = created(&rig, &keeper);
        rig.store.fail_next(fault);
        ledger.rotate_key(&LogName::default(), "").unwrap_err();
        rig.store.heal();
        put(&ledger).unwrap();
        ledger.close("").unwrap();
        good(&rig);
        assert_eq!(key_changes(&rig), [2], "{fault:?}");
        assert_eq!(keeper.keys(), 1);
    }
}

#[test]
fn nothing_is_acknowledged_while_the_old_key_is_still_there() {
    let (rig, keeper) = (rig(), keeper());
    let ledger = created(&rig, &keeper);
    keeper.stick(true);
    ledger.rotate_key(&LogName::default(), "").unwrap_err();
    let error = put(&ledger).unwrap_err();
    assert!(matches!(error, AppendError::Keys(_)), "{error}");
    assert_eq!(keeper.keys(), 2, "neither is lost");
    keeper.stick(false);
    put(&ledger).unwrap();
    assert_eq!(keeper.keys(), 1);
    ledger.close("").unwrap();
    good(&rig);
}

#[test]
fn a_crash_between_rotation_and_destruction_is_finished_at_the_next_start() {
    let (rig, keeper) = (rig(), keeper());
    let ledger = created(&rig, &keeper);
    keeper.stick(true);
    ledger.rotate_key(&LogName::default(), "").unwrap_err();
    // As after a crash: the ledger ends without a stop.
    drop(ledger);
    keeper.stick(false);
    let ledger = rig.open();
    ledger
        .attach_log(LogName::default(), signers(&keeper))
        .unwrap();
    assert_eq!(keeper.keys(), 1);
    put(&ledger).unwrap();
    ledger.close("").unwrap();
    good(&rig);
}

#[test]
fn a_crash_before_the_rotation_was_stored_goes_on_with_the_old_key() {
    let (rig, keeper) = (rig(), keeper());
    let ledger = created(&rig, &keeper);
    ledger.close("").unwrap();
    // A next key was prepared, and nothing says that it took over.
    keeper.open().prepare().map(drop).unwrap();
    let ledger = rig.open();
    ledger
        .attach_log(LogName::default(), signers(&keeper))
        .unwrap();
    put(&ledger).unwrap();
    ledger.rotate_key(&LogName::default(), "").unwrap();
    put(&ledger).unwrap();
    ledger.close("").unwrap();
    good(&rig);
    assert_eq!(keeper.keys(), 1);
}

fn revocation(rig: &Rig, after: u64, successor: VerifyingKey) -> KeyRevocation<'static> {
    let [receipt, _, recovery] = TestLog::keys(1);
    KeyRevocation::sign(
        &rig.store
            .head(&LogName::default())
            .unwrap()
            .unwrap()
            .log_id(),
        receipt.verifying_key(),
        after,
        Timestamp::from_micros(1),
        successor,
        "",
        &recovery,
    )
    .unwrap()
}

#[test]
fn a13_a_log_begins_anew_with_a_revocation_and_the_stolen_key_signs_nothing_more() {
    let (rig, keeper) = (rig(), keeper());
    created(&rig, &keeper).close("").unwrap();
    let size = rig.store.head(&LogName::default()).unwrap().unwrap().size();
    let mut held = keeper.open();
    let successor = held.prepare().unwrap().verifying_key();
    let with = |revocation| Attach {
        revocation: Some(revocation),
        ..Attach::default()
    };
    // By another key than the recovery key, or for the future: refused, nothing written.
    let [receipt, _, _] = TestLog::keys(1);
    let log_id = rig
        .store
        .head(&LogName::default())
        .unwrap()
        .unwrap()
        .log_id();
    let forged = KeyRevocation::sign(
        &log_id,
        receipt.verifying_key(),
        1,
        Timestamp::from_micros(1),
        successor,
        "",
        &receipt,
    )
    .unwrap();
    for bad in [forged, revocation(&rig, size, successor)] {
        let ledger = rig.open();
        ledger
            .attach_log_with(LogName::default(), signers(&keeper), with(bad))
            .unwrap_err();
        drop(ledger);
        assert_eq!(
            rig.store.head(&LogName::default()).unwrap().unwrap().size(),
            size
        );
    }
    let ledger = rig.open();
    let said = revocation(&rig, size - 1, successor);
    ledger
        .attach_log_with(LogName::default(), signers(&keeper), with(said))
        .unwrap();
    put(&ledger).unwrap();
    ledger.close("").unwrap();
    good(&rig);
    assert_eq!(key_changes(&rig), [size]);
    assert_eq!(keeper.keys(), 1);
}

#[test]
fn producers_cannot_write_what_the_log_says_of_itself() {
    let (rig, keeper) = (rig(), keeper());
    let ledger = created(&rig, &keeper);
    let body = revocation(&rig, 0, SigningKey::from_bytes(&[9; 32]).verifying_key());
    let error = ledger
        .submit(&LogName::default(), vec![Record::new(&body)])
        .unwrap_err();
    let expected = SubmitError::Reserved {
        index: 0,
        kind: Kind::KEY_REVOCATION,
    };
    assert_eq!(error, expected);
    let _ = verified(&rig).exit(&Question::DEFAULT);
}

#[test]
fn a_fixed_signer_says_that_it_cannot_rotate() {
    let rig = rig();
    let ledger = rig.created();
    let error = ledger.rotate_key(&LogName::default(), "").unwrap_err();
    assert!(error.to_string().contains("holds one key"), "{error}");
    put(&ledger).unwrap();
}

fn forward_secure(rig: &Rig, keeper: &Keeper) -> Ledger {
    let ledger = rig.open();
    let new = NewLog {
        signers: signers(keeper),
        policy: vec![("receipt-key".into(), "forward-secure".into())],
        ..TestLog::new_log(1)
    };
    ledger.create_log(LogName::default(), new).unwrap();
    ledger
}

#[test]
fn a10_a_forward_secure_log_hands_over_with_every_epoch() {
    let (mut rig, keeper) = (rig(), keeper());
    rig.config.epochs.receipts = Some(5);
    let ledger = forward_secure(&rig, &keeper);
    let mut used = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let seq = put(&ledger).unwrap();
        // Whenever something is acknowledged, the key is alone and no epoch before used it.
        assert_eq!(keeper.keys(), 1);
        let key = keeper.open().current.unwrap().verifying_key().id();
        used.insert(key);
        let sealed = rig
            .store
            .read(&LogName::default(), seq, ai_audit_store::ReadLimit::ONE);
        let sealed = sealed.unwrap().remove(0).into_sealed().unwrap();
        let header = ai_audit_core::UnverifiedReceipt::parse(&sealed).unwrap();
        assert!(used.contains(&header.header().key_id));
    }
    let seals = rig
        .store
        .find(
            &LogName::default(),
            &ai_audit_store::Query::Kind(Kind::EPOCH_SEAL),
            None,
            100,
        )
        .unwrap();
    // The rotation stands directly behind each seal.
    assert!(seals.len() >= 6, "{seals:?}");
    assert_eq!(
        key_changes(&rig),
        seals.iter().map(|seq| seq + 1).collect::<Vec<_>>()
    );
    assert!(used.len() >= seals.len());
    ledger.seal_epoch(&LogName::default()).unwrap();
    ledger.close("").unwrap();
    good(&rig);
}

#[test]
fn a10_many_groups_at_once_still_meet_the_old_key_destroyed() {
    let (mut rig, keeper) = (rig(), keeper());
    rig.config.epochs.receipts = Some(4);
    let ledger = forward_secure(&rig, &keeper);
    let tickets: Vec<_> = (0..50)
        .map(|_| {
            ledger
                .submit(&LogName::default(), vec![record("m")])
                .unwrap()
        })
        .collect();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    ledger.close("").unwrap();
    good(&rig);
    assert_eq!(keeper.keys(), 1);
    assert!(key_changes(&rig).len() >= 10);
}

#[test]
fn a_key_that_cannot_be_made_or_destroyed_leaves_the_epoch_or_the_old_state() {
    let (mut rig, keeper) = (rig(), keeper());
    rig.config.epochs.receipts = Some(5);
    let ledger = forward_secure(&rig, &keeper);
    keeper.stick(true);
    let mut refused = 0;
    for _ in 0..10 {
        refused += u32::from(put(&ledger).is_err());
    }
    // The epoch was sealed and the rotation stored; nothing of the next epoch is taken.
    assert!(refused >= 5, "{refused}");
    assert_eq!(key_changes(&rig).len(), 1);
    keeper.stick(false);
    put(&ledger).unwrap();
    ledger.close("").unwrap();
    good(&rig);
}
