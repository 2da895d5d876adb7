//! Logs that are sealed receipt by receipt, without a ledger.

use ai_audit_core::{
    Action, BatchSeal, Body, Decision, Draft, Genesis, Head, LeafHash, MAX_SEALED_LEN, PolicyEntry,
    ReceiptId, SealedReceipt, SigningKey, Start, Timestamp, VerifyingKey,
};
use ai_audit_merkle::Frontier;
use ai_audit_store::{LogSigners, NewLog, Sealed};

/// A writer's view of one log: keys made from a number, and where the log ends.
#[derive(Debug)]
pub struct TestLog {
    number: u8,
    head: Head,
    /// The tree, where its beginning is known.
    tree: Option<Frontier>,
    model: &'static str,
}

impl TestLog {
    /// A log that has no genesis yet.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self {
            number,
            head: Head::EMPTY,
            tree: Some(Frontier::new()),
            model: "m",
        }
    }

    /// The same log, written on from a head in another way: the second of two histories.
    #[must_use]
    pub const fn forked(number: u8, head: Head) -> Self {
        Self {
            number,
            head,
            tree: None,
            model: "another",
        }
    }

    /// The three keys: receipt, checkpoint, recovery.
    #[must_use]
    pub fn keys(number: u8) -> [SigningKey; 3] {
        [1, 2, 3].map(|n| SigningKey::from_bytes(&[number.wrapping_mul(3).wrapping_add(n); 32]))
    }

    /// What a ledger needs to open it.
    #[must_use]
    pub fn new_log(number: u8) -> NewLog {
        NewLog {
            name: format!("example.org/log{number}"),
            tenant: format!("tenant {number}"),
            policy: vec![],
            recovery: Self::recovery(number),
            signers: Self::signers(number),
        }
    }

    /// What a ledger needs to go on with it.
    #[must_use]
    pub fn signers(number: u8) -> LogSigners {
        let [receipt, checkpoint, _] = Self::keys(number);
        LogSigners {
            receipt: Box::new(receipt),
            checkpoint: Box::new(checkpoint),
        }
    }

    fn recovery(number: u8) -> VerifyingKey {
        Self::keys(number)[2].verifying_key()
    }

    /// Where the log ends.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Seals the next receipts: the genesis first, then a start, then decisions in traces `t0` to
    /// `t2` and sessions `s0` to `s4`, one microsecond apart.
    pub fn seal(&mut self, count: u64) -> Vec<Sealed> {
        (0..count).map(|_| self.seal_one()).collect()
    }

    /// Seals this body next.
    pub fn seal_next(&mut self, body: &impl Body) -> Sealed {
        let [receipt, ..] = Self::keys(self.number);
        self.seal_body(body, &receipt)
    }

    /// Hash of the last receipt.
    #[must_use]
    pub const fn last(&self) -> LeafHash {
        self.head.hash()
    }

    /// Seals the genesis of a log that permits batched receipts.
    pub fn seal_permitting(&mut self) -> Sealed {
        self.seal_genesis(&[PolicyEntry {
            name: BatchSeal::POLICY.into(),
            value: BatchSeal::PERMITTED.into(),
        }])
    }

    fn seal_genesis(&mut self, policy: &[PolicyEntry<'_>]) -> Sealed {
        let name = format!("example.org/log{}", self.number);
        let [receipt, checkpoint, recovery] = Self::keys(self.number);
        let public = [&receipt, &checkpoint, &recovery].map(SigningKey::verifying_key);
        let genesis = Genesis {
            policy: policy.into(),
            ..Genesis::new(&name, "tenant", &public[0], &public[1], &public[2], [9; 16])
        };
        self.seal_body(&genesis, &receipt)
    }

    /// Seals so many decisions as a batch, and its seal.
    ///
    /// # Panics
    ///
    /// In the second of two histories, whose tree it does not know.
    pub fn seal_batch(&mut self, count: u64) -> Vec<Sealed> {
        let from = self.head.size();
        let [receipt, ..] = Self::keys(self.number);
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.seal_with(|draft, head, buf| {
                let decision = Decision::new();
                let id = receipt.verifying_key().id();
                draft.seal_batched(&decision, head, id, buf).unwrap()
            }));
        }
        let root = self.tree.as_ref().unwrap().root();
        all.push(self.seal_next(&BatchSeal { from, count, root }));
        all
    }

    fn seal_one(&mut self) -> Sealed {
        let [receipt, ..] = Self::keys(self.number);
        match self.head.size() {
            0 => self.seal_genesis(&[]),
            1 => {
                let start = Start {
                    software: "testkit".into(),
                    size: 1,
                    clean: true,
                };
                self.seal_body(&start, &receipt)
            }
            _ => {
                let decision = Decision {
                    action: Action::Allow,
                    model: self.model.into(),
                    ..Decision::new()
                };
                self.seal_body(&decision, &receipt)
            }
        }
    }

    fn seal_body(&mut self, body: &impl Body, key: &SigningKey) -> Sealed {
        self.seal_with(|draft, head, buf| draft.seal(body, head, key, buf).unwrap())
    }

    fn seal_with(
        &mut self,
        seal: impl for<'b> FnOnce(&Draft<'_>, &Head, &'b mut [u8]) -> SealedReceipt<'b>,
    ) -> Sealed {
        let seq = self.head.size();
        let time = Timestamp::from_micros(1_790_000_000_000_000 + seq);
        let mut random = [self.number; 10];
        random[2..].copy_from_slice(&seq.to_be_bytes());
        let (trace, session) = (format!("t{}", seq % 3), format!("s{}", seq % 5));
        let mut draft = Draft::new(ReceiptId::from_parts(time, random), time);
        if seq > 1 {
            draft = draft.trace(&trace).session(&session);
        }
        let mut buf = vec![0; MAX_SEALED_LEN];
        let sealed = seal(&draft, &self.head, &mut buf);
        self.head = sealed.head();
        if let Some(tree) = &mut self.tree {
            tree.push(sealed.hash()).unwrap();
        }
        Sealed::new(sealed.as_bytes().to_vec())
    }
}
