//! A log in memory, as an honest writer, or an attacker with his keys, makes it.

use ai_audit_agentic::{ToolIntent, ToolOutcome};
use ai_audit_core::{
    Action, Body, Decision, Draft, Genesis, Head, LeafHash, MAX_SEALED_LEN, Next, NodeHash,
    PolicyEntry, ReceiptId, ReceiptSource, SealedReceipt, SigningKey, Start, Timestamp,
};
use ai_audit_merkle::{LeafIndex, MemoryTree, TreeSize, inclusion_proof};
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_readahead::ReadAhead;
use ai_audit_verify::{LogVerifier, Pin, Report, TrustPolicy};

pub(crate) struct Log {
    pub(crate) receipt_key: SigningKey,
    pub(crate) checkpoint_key: SigningKey,
    pub(crate) recovery_key: SigningKey,
    pub(crate) origin: String,
    pub(crate) head: Head,
    pub(crate) sealed: Vec<Vec<u8>>,
    pub(crate) tree: MemoryTree,
}

impl Log {
    /// A log with its genesis, with keys made from a number.
    pub(crate) fn new(number: u8) -> Self {
        Self::promising(number, &[])
    }

    /// The same with a policy in its genesis.
    pub(crate) fn promising(number: u8, policy: &[PolicyEntry<'_>]) -> Self {
        let key = |n: u8| SigningKey::from_bytes(&[number.wrapping_mul(3).wrapping_add(n); 32]);
        let (receipt, checkpoint, recovery) = (key(1), key(2), key(3));
        let public = [&receipt, &checkpoint, &recovery].map(SigningKey::verifying_key);
        let genesis = Genesis {
            policy: policy.into(),
            ..Genesis::new(
                "example.org/log",
                "acme",
                &public[0],
                &public[1],
                &public[2],
                [9; 16],
            )
        };
        let mut log = Self {
            receipt_key: receipt,
            checkpoint_key: checkpoint,
            recovery_key: recovery,
            origin: genesis.origin().unwrap().to_string(),
            head: Head::EMPTY,
            sealed: Vec::new(),
            tree: MemoryTree::new(),
        };
        log.seal(&genesis);
        log
    }

    /// A log of so many receipts: genesis, start, decisions.
    pub(crate) fn of(number: u8, receipts: u64) -> Self {
        let mut log = Self::new(number);
        log.seal(&Start {
            software: "test".into(),
            size: 1,
            clean: true,
        });
        while log.size() < receipts {
            log.decide("gpt-4o");
        }
        log
    }

    pub(crate) fn size(&self) -> u64 {
        self.head.size()
    }

    pub(crate) fn decide(&mut self, model: &'static str) -> LeafHash {
        self.seal(&Decision {
            action: Action::Allow,
            model: model.into(),
            ..Decision::new()
        })
    }

    pub(crate) fn intend(&mut self) -> LeafHash {
        self.seal(&ToolIntent {
            tool: "pay".into(),
            ..ToolIntent::new()
        })
    }

    pub(crate) fn outcome(&mut self, intent: LeafHash) -> LeafHash {
        self.seal(&ToolOutcome {
            intent: Some(intent),
            ..ToolOutcome::new()
        })
    }

    pub(crate) fn seal(&mut self, body: &impl Body) -> LeafHash {
        let time = Timestamp::from_micros(1_790_000_000_000_000 + self.size());
        self.seal_at(body, time)
    }

    pub(crate) fn seal_at(&mut self, body: &impl Body, time: Timestamp) -> LeafHash {
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.size().to_be_bytes());
        let draft = Draft::new(ReceiptId::from_parts(time, random), time).session("s");
        let sealed = draft
            .seal(body, &self.head, &self.receipt_key, &mut buf)
            .unwrap();
        let hash = sealed.hash();
        self.put(sealed);
        hash
    }

    /// Puts bytes at the end that somebody sealed.
    pub(crate) fn put(&mut self, sealed: SealedReceipt<'_>) {
        self.head = sealed.head();
        self.tree.push(sealed.hash()).unwrap();
        self.sealed.push(sealed.as_bytes().to_vec());
    }

    /// A checkpoint of the log as it is.
    pub(crate) fn checkpoint(&self) -> SignedNote {
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: self.tree.size(),
            root: self.tree.root(),
            extensions: vec![],
        };
        checkpoint.sign(&self.checkpoint_key).unwrap()
    }

    pub(crate) fn key_line(&self) -> String {
        VKey::ed25519(&self.origin, self.checkpoint_key.verifying_key())
            .unwrap()
            .to_string()
    }

    pub(crate) fn pin(&self) -> Pin {
        Pin::parse(&self.key_line()).unwrap()
    }

    /// The policy of an auditor who has the key line and the newest checkpoint.
    pub(crate) fn policy(&self) -> TrustPolicy {
        let note = self.checkpoint().to_string();
        TrustPolicy::new()
            .pin(self.pin())
            .checkpoint(note.as_bytes())
            .unwrap()
    }

    pub(crate) fn path(&self, seq: u64) -> Vec<NodeHash> {
        let mut tree = self.tree.clone();
        let size: TreeSize = tree.size();
        inclusion_proof(&mut tree, LeafIndex::new(seq), size)
            .unwrap()
            .path
    }
}

/// Verifies sealed receipts as a whole log, on one thread and on several, which must agree.
pub(crate) fn verify(policy: &TrustPolicy, sealed: &[Vec<u8>]) -> Report {
    let mut verifier = LogVerifier::new(policy);
    for receipt in sealed {
        verifier.push(receipt);
    }
    let report = verifier.finish();
    if sealed.iter().all(|receipt| receipt.len() <= MAX_SEALED_LEN) {
        let mut verifier = LogVerifier::new(policy);
        let mut source = ReadAhead::new(Bytes(sealed.iter()), 3, policy.bare_keys());
        verifier.push_all(&mut source, 0, &mut ()).unwrap();
        assert_eq!(format!("{:?}", verifier.finish()), format!("{report:?}"));
    }
    report
}

struct Bytes<'a>(std::slice::Iter<'a, Vec<u8>>);

impl ReceiptSource for Bytes<'_> {
    type Error = std::convert::Infallible;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Self::Error> {
        Ok(self.0.next().map(|sealed| {
            buf[..sealed.len()].copy_from_slice(sealed);
            Next::Sealed(sealed.len())
        }))
    }
}
