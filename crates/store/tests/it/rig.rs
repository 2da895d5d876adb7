//! What the ledger's tests start from: a store, a clock, keys, and a walk over a log.

use ai_audit_core::{
    Chain, Decision, Kind, Signature, Signer, SignerError, SigningKey, UnverifiedReceipt,
    VerifyingKey,
};
use ai_audit_store::{
    Ledger, LedgerConfig, LogName, LogSigners, MemoryStore, NewLog, Record, Store, StoreReader,
};
use ai_audit_testkit::{Counter, FaultyStore, StillClock, TestLog};
use std::sync::{Arc, Condvar, Mutex};

pub(crate) const NOW: u64 = 1_790_000_000_000_000;

pub(crate) struct Rig {
    pub(crate) store: Arc<FaultyStore<MemoryStore>>,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) config: LedgerConfig,
}

pub(crate) fn rig() -> Rig {
    let clock = Arc::new(StillClock::at(NOW));
    let shared = Arc::clone(&clock);
    Rig {
        store: Arc::new(FaultyStore::new(MemoryStore::new())),
        clock,
        config: LedgerConfig::new(shared, Arc::new(Counter::default()), "test 1"),
    }
}

impl Rig {
    pub(crate) fn open(&self) -> Ledger {
        Ledger::open(self.store.clone(), self.config.clone()).unwrap()
    }

    /// A ledger with the log `default`, whose next receipt is number 2.
    pub(crate) fn created(&self) -> Ledger {
        let ledger = self.open();
        ledger
            .create_log(LogName::default(), TestLog::new_log(1))
            .unwrap();
        ledger
    }

    /// A ledger that attached the log `default`.
    pub(crate) fn attached(&self) -> Ledger {
        let ledger = self.open();
        ledger
            .attach_log(LogName::default(), TestLog::signers(1))
            .unwrap();
        ledger
    }
}

pub(crate) fn name(text: &str) -> LogName {
    LogName::new(text).unwrap()
}

pub(crate) fn decision(model: &str) -> Decision<'static> {
    Decision {
        model: model.to_owned().into(),
        ..Decision::new()
    }
}

pub(crate) fn record(model: &str) -> Record {
    Record::new(&decision(model))
}

/// Reads a whole log, checks that it is a chain signed by the test log's key, and returns kind and
/// sealed bytes of each receipt.
pub(crate) fn walk(store: &dyn Store, log: &LogName, number: u8) -> Vec<(Kind, Vec<u8>)> {
    let key = TestLog::keys(number)[0].verifying_key();
    let mut reader = StoreReader::new(store, log).unwrap();
    let mut chain = Chain::new();
    let mut all = Vec::new();
    while let Some(stored) = reader.read_receipt().unwrap() {
        let receipt = UnverifiedReceipt::parse(stored.sealed().unwrap()).unwrap();
        chain.push(&receipt).unwrap();
        receipt.verify_signature(&key).unwrap();
        all.push((receipt.header().kind, stored.sealed().unwrap().to_vec()));
    }
    assert_eq!(store.head(log).unwrap(), Some(*chain.head()));
    all
}

pub(crate) fn kinds(store: &dyn Store, log: &LogName) -> Vec<Kind> {
    walk(store, log, 1)
        .into_iter()
        .map(|(kind, _)| kind)
        .collect()
}

/// A signer that signs only while its gate is open, and says when it waits: so that a test decides
/// what is in the queue.
pub(crate) struct Gated {
    key: SigningKey,
    gate: Arc<Gate>,
}

#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    shut: bool,
    waiting: bool,
}

impl Gate {
    pub(crate) fn shut(&self) {
        self.state.lock().unwrap().shut = true;
    }

    pub(crate) fn open(&self) {
        self.state.lock().unwrap().shut = false;
        self.changed.notify_all();
    }

    /// Waits until the signer stands before the gate.
    pub(crate) fn wait_for_signer(&self) {
        let state = self.state.lock().unwrap();
        let _unused = self
            .changed
            .wait_while(state, |state| !state.waiting)
            .unwrap();
    }
}

impl Gated {
    pub(crate) fn new(key: SigningKey, gate: &Arc<Gate>) -> Self {
        let gate = Arc::clone(gate);
        Self { key, gate }
    }
}

impl Signer for Gated {
    fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        let mut state = self.gate.state.lock().unwrap();
        while state.shut {
            state.waiting = true;
            self.gate.changed.notify_all();
            state = self.gate.changed.wait(state).unwrap();
        }
        state.waiting = false;
        drop(state);
        Ok(self.key.sign(message))
    }
}

/// A new log `number` whose receipt signer waits at the gate.
pub(crate) fn gated_log(number: u8, gate: &Arc<Gate>) -> NewLog {
    let [receipt, checkpoint, _] = TestLog::keys(number);
    NewLog {
        signers: LogSigners {
            receipt: Box::new(Gated::new(receipt, gate)),
            checkpoint: Box::new(checkpoint),
        },
        ..TestLog::new_log(number)
    }
}
