//! A log in memory, and its seals counted the slow way.

use ai_audit_core::{
    Body, ClockAnomaly, Decision, Draft, Genesis, Head, Kind, LeafHash, MAX_SEALED_LEN, NodeHash,
    ReceiptId, SigningKey, Timestamp, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochAudit, EpochError, EpochSeal, EpochTracker};

/// What is done to a log.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Decide,
    Control,
    Seal,
    /// Declares a sealed epoch, counted from the last one, as deleted.
    Declare(usize),
}

pub(crate) struct Log {
    key: SigningKey,
    head: Head,
    pub(crate) tracker: EpochTracker,
    pub(crate) sealed: Vec<Vec<u8>>,
    pub(crate) kinds: Vec<Kind>,
    hashes: Vec<LeafHash>,
    pub(crate) seals: Vec<EpochSeal>,
    pub(crate) declared: Vec<u64>,
}

/// Stands for the root of a tree: any hash over its leaves will do here.
pub(crate) fn root(leaves: &[LeafHash]) -> NodeHash {
    leaves.iter().fold(NodeHash::EMPTY, |root, leaf| {
        NodeHash::parent(&root, &NodeHash::from_leaf(*leaf))
    })
}

impl Log {
    pub(crate) fn new() -> Self {
        let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
        let public = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
        let genesis = Genesis::new("log", "t", &public[0], &public[1], &public[2], [9; 16]);
        let [key, ..] = keys;
        let mut log = Self {
            key,
            head: Head::EMPTY,
            tracker: EpochTracker::new(),
            sealed: Vec::new(),
            kinds: Vec::new(),
            hashes: Vec::new(),
            seals: Vec::new(),
            declared: Vec::new(),
        };
        log.add(&genesis);
        log
    }

    pub(crate) fn add<B: Body>(&mut self, body: &B) {
        let time = Timestamp::from_micros(self.head.size());
        let mut buf = vec![0; MAX_SEALED_LEN];
        let sealed = Draft::new(ReceiptId::from_parts(time, [7; 10]), time)
            .seal(body, &self.head, &self.key, &mut buf)
            .unwrap();
        self.head = sealed.head();
        self.tracker.push(B::KIND, sealed.hash(), time);
        self.hashes.push(sealed.hash());
        self.kinds.push(B::KIND);
        self.sealed.push(sealed.as_bytes().to_vec());
    }

    /// What the next seal should say, counted over all receipts.
    pub(crate) fn counted(&self) -> EpochSeal {
        let size = self.kinds.len();
        let first = self
            .kinds
            .iter()
            .rposition(|kind| *kind == Kind::EPOCH_SEAL);
        let first = first.map_or(0, |place| place + 1);
        let control = self.kinds[first..].iter().filter(|kind| kind.is_control());
        let number = self.kinds.iter().filter(|kind| **kind == Kind::EPOCH_SEAL);
        EpochSeal {
            number: number.count() as u64,
            first: first as u64,
            count: (size - first + 1) as u64,
            control: control.count() as u64 + 1,
            size: size as u64,
            root: root(&self.hashes),
            first_hash: self.hashes.get(first).copied().unwrap_or(LeafHash::ZERO),
            last_hash: *self.hashes.last().unwrap(),
            previous: first.checked_sub(1).map(|place| self.hashes[place]),
        }
    }

    pub(crate) fn act(&mut self, step: Step) {
        match step {
            Step::Decide => self.add(&Decision::new()),
            Step::Control => self.add(&ClockAnomaly {
                observed: Timestamp::from_micros(1),
                last: Timestamp::from_micros(2),
            }),
            Step::Seal => {
                let seal = self.counted();
                assert_eq!(self.tracker.next_seal(seal.root), seal);
                self.add(&seal);
                self.seals.push(seal);
            }
            Step::Declare(back) => {
                let Some(seal) = self.seals.iter().rev().nth(back).copied() else {
                    return;
                };
                self.add(&Deletion {
                    epoch: seal.number,
                    first: seal.first,
                    last: seal.size,
                    count: seal.count - seal.control,
                    archive: None,
                    reason: "".into(),
                });
                self.declared.push(seal.number);
            }
        }
    }

    /// The epoch of a receipt; none where it is not sealed.
    pub(crate) fn epoch_of(&self, seq: u64) -> Option<u64> {
        let seal = self.seals.iter().find(|seal| seq <= seal.size)?;
        Some(seal.number)
    }

    /// What an audit finds when these receipts have no bytes: first at a receipt, then at the end.
    pub(crate) fn audit(
        &self,
        gone: impl Fn(u64) -> bool,
    ) -> Result<EpochAudit, (u64, EpochError)> {
        let mut audit = EpochAudit::new();
        for (place, sealed) in self.sealed.iter().enumerate() {
            let seq = place as u64;
            if gone(seq) {
                audit.push_deleted(self.hashes[place]);
                continue;
            }
            let receipt = UnverifiedReceipt::parse(sealed).unwrap();
            audit
                .push(&receipt, || root(&self.hashes[..place]))
                .map_err(|error| (seq, error))?;
        }
        Ok(audit)
    }
}
