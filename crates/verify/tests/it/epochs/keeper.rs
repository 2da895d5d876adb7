//! A log with epochs, as an honest keeper makes it.

use crate::logs::Log;
use ai_audit_core::{
    Body, Digest, Gap, Genesis, Head, Kind, LeafHash, PolicyEntry, SigningKey, Start, Timestamp,
    UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochSeal, EpochTracker};
use ai_audit_merkle::MemoryTree;
use ai_audit_verify::{LogVerifier, Report, TrustPolicy};

/// An honest keeper, who follows the epochs of his log.
pub(crate) struct Keeper {
    pub(crate) log: Log,
    pub(crate) tracker: EpochTracker,
    pub(crate) seals: Vec<EpochSeal>,
}

impl Keeper {
    /// A log whose genesis promises a retention, or none.
    pub(crate) fn new(retention: Option<&'static str>) -> Self {
        let key = |n: u8| SigningKey::from_bytes(&[40 + n; 32]);
        let (receipt_key, checkpoint_key) = (key(1), key(2));
        let mut genesis = Genesis::new(
            "example.org/epochs",
            "acme",
            &receipt_key.verifying_key(),
            &checkpoint_key.verifying_key(),
            &key(3).verifying_key(),
            [9; 16],
        );
        genesis.policy = retention
            .map(|days| PolicyEntry {
                name: "retention-days".into(),
                value: days.into(),
            })
            .into_iter()
            .collect();
        let mut keeper = Self {
            log: Log {
                receipt_key,
                checkpoint_key,
                recovery_key: key(3),
                origin: genesis.origin().unwrap().to_string(),
                head: Head::EMPTY,
                sealed: Vec::new(),
                tree: MemoryTree::new(),
            },
            tracker: EpochTracker::new(),
            seals: Vec::new(),
        };
        keeper.add(&genesis);
        keeper
    }

    /// Three sealed epochs, receipts 0 to 9, 10 to 19, 20 to 29, and two receipts more. Control
    /// receipts are 0, 1, 15 and the seals.
    pub(crate) fn three_epochs() -> Self {
        let mut keeper = Self::new(None);
        keeper.add(&Start {
            software: "test".into(),
            size: 1,
            clean: true,
        });
        keeper.decide(7);
        keeper.seal();
        keeper.decide(5);
        keeper.gap();
        keeper.decide(3);
        keeper.seal();
        keeper.decide(9);
        keeper.seal();
        keeper.decide(2);
        assert_eq!(keeper.log.size(), 32);
        keeper
    }

    pub(crate) fn add(&mut self, body: &impl Body) -> LeafHash {
        let time = Timestamp::from_micros(1_790_000_000_000_000 + self.log.size());
        self.add_at(body, time)
    }

    pub(crate) fn add_at<B: Body>(&mut self, body: &B, time: Timestamp) -> LeafHash {
        let hash = self.log.seal_at(body, time);
        self.tracker.push(B::KIND, hash, time);
        hash
    }

    pub(crate) fn decide(&mut self, count: u64) {
        for _ in 0..count {
            let hash = self.log.decide("gpt-4o");
            let time = self.log.head.sealed_at();
            self.tracker.push(Kind::DECISION, hash, time);
        }
    }

    pub(crate) fn gap(&mut self) {
        let now = self.log.head.sealed_at();
        self.add(&Gap {
            from: now,
            to: now,
            lost: Some(3),
            reason: "what the keeper would like to hide".into(),
        });
    }

    pub(crate) fn next_seal(&self) -> EpochSeal {
        self.tracker.next_seal(self.log.tree.root())
    }

    pub(crate) fn seal(&mut self) {
        let seal = self.next_seal();
        self.add(&seal);
        self.seals.push(seal);
    }

    /// What an honest deletion receipt says.
    pub(crate) fn deletion(&self, epoch: usize) -> Deletion<'static> {
        let seal = self.seals[epoch];
        Deletion {
            epoch: seal.number,
            first: seal.first,
            last: seal.size,
            count: seal.count - seal.control,
            archive: Some(Digest::of(b"archive")),
            reason: "retention".into(),
        }
    }

    pub(crate) fn declare(&mut self, epoch: usize) {
        let deletion = self.deletion(epoch);
        self.add(&deletion);
    }

    pub(crate) fn kind(&self, seq: u64) -> Kind {
        let sealed = &self.log.sealed[usize::try_from(seq).unwrap()];
        UnverifiedReceipt::parse(sealed).unwrap().header().kind
    }

    /// Whether a receipt may be gone when this epoch is deleted.
    pub(crate) fn bulk(&self, epoch: usize) -> impl Fn(u64) -> bool {
        let seal = self.seals[epoch];
        move |seq| (seal.first..=seal.size).contains(&seq) && !self.kind(seq).is_control()
    }

    /// What an auditor with the newest checkpoint finds when these receipts have no bytes.
    pub(crate) fn verify(&self, gone: impl Fn(u64) -> bool) -> Report {
        self.verify_with(&self.log.policy(), |seq, hash| gone(seq).then_some(hash))
    }

    /// The same, where the hashes that stand for the deleted receipts are the keeper's choice.
    pub(crate) fn verify_with(
        &self,
        policy: &TrustPolicy,
        gone: impl Fn(u64, LeafHash) -> Option<LeafHash>,
    ) -> Report {
        let mut verifier = LogVerifier::new(policy);
        for (seq, sealed) in (0..).zip(&self.log.sealed) {
            let hash = UnverifiedReceipt::parse(sealed).unwrap().hash();
            match gone(seq, hash) {
                Some(hash) => verifier.push_deleted(hash),
                None => drop(verifier.push(sealed)),
            }
        }
        verifier.finish()
    }
}
