//! Signed logs in memory, and crosswalks of them.

use ai_audit_agentic::{HumanReview, Review, ReviewVerdict};
use ai_audit_compliance::{Assessment, Catalogues, Crosswalk, Gap, Period};
use ai_audit_core::{
    Action, Body, Check, Decision, Draft, Genesis, Head, LeafHash, List, LogId, MAX_SEALED_LEN,
    ReceiptId, SigningKey, Start, Stop, Timestamp, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochTracker};
use ai_audit_merkle::{Frontier, LeafIndex, MemoryTree, inclusion_proof};
use ai_audit_note::{Anchor, Checkpoint, SignedNote, TokenBytes, VKey};
use ai_audit_verify::{LogVerifier, Pin, SelectionVerifier, TrustPolicy};

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const DAY: u64 = 86_400 * SECOND;
/// 2026-01-01T00:00:00Z.
pub(crate) const BEGIN: u64 = 1_767_225_600 * SECOND;

/// A log and its clock.
pub(crate) struct Log {
    key: SigningKey,
    head: Head,
    id: LogId,
    origin: String,
    pub(crate) now: u64,
    pub(crate) agent: Option<String>,
    pub(crate) sealed: Vec<Vec<u8>>,
}

impl Log {
    /// Genesis and start.
    pub(crate) fn new() -> Self {
        Self::promising(&[])
    }

    pub(crate) fn promising(policy: &[(&str, &str)]) -> Self {
        let key = |n: u8| SigningKey::from_bytes(&[n; 32]);
        let public = [1, 2, 3].map(|n| key(n).verifying_key());
        let entries: List<'_, _> = policy
            .iter()
            .map(|(name, value)| ai_audit_core::PolicyEntry {
                name: (*name).into(),
                value: (*value).into(),
            })
            .collect::<Vec<_>>()
            .into();
        let genesis = Genesis {
            policy: entries,
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
            key: key(1),
            head: Head::EMPTY,
            id: LogId::from_bytes([0; 32]),
            origin: genesis.origin().unwrap().to_string(),
            now: BEGIN,
            agent: None,
            sealed: Vec::new(),
        };
        let hash = log.seal(&genesis);
        log.id = LogId::from_bytes(*hash.as_bytes());
        log.seal(&Start {
            software: "test".into(),
            size: 1,
            clean: true,
        });
        log
    }

    pub(crate) fn size(&self) -> u64 {
        self.head.size()
    }

    /// Seals a body a second later.
    pub(crate) fn seal(&mut self, body: &impl Body) -> LeafHash {
        self.now += SECOND;
        let time = Timestamp::from_micros(self.now);
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.size().to_be_bytes());
        let mut buf = vec![0; MAX_SEALED_LEN];
        let draft = Draft::new(ReceiptId::from_parts(time, random), time);
        // As imported tool calls have it, which are of an agent and of no trace.
        let draft = match &self.agent {
            Some(agent) => draft.actor(agent),
            None => draft.trace("t"),
        };
        let sealed = draft.seal(body, &self.head, &self.key, &mut buf).unwrap();
        self.head = sealed.head();
        self.sealed.push(sealed.as_bytes().to_vec());
        sealed.hash()
    }

    pub(crate) fn decide(&mut self, action: Action) -> LeafHash {
        self.seal(&Decision {
            action,
            model: "gpt-4o".into(),
            ..Decision::new()
        })
    }

    /// A decision with a check that has all there is of it.
    pub(crate) fn checked(&mut self, model: &str) -> LeafHash {
        self.seal(&Decision {
            model: model.to_string().into(),
            checks: vec![Check {
                name: "toxicity".into(),
                version: "3".into(),
                score: Some(0.25),
                threshold: Some(0.5),
                ..Check::default()
            }]
            .into(),
            ..Decision::new()
        })
    }

    pub(crate) fn review(&mut self, receipt: LeafHash, key: u8) -> LeafHash {
        let review = Review {
            receipt,
            parameters: None,
            verdict: ReviewVerdict::Rejected,
            reviewer: "officer-2".into(),
            comment: "not ours".into(),
        };
        let key = SigningKey::from_bytes(&[key; 32]);
        self.seal(&HumanReview::sign(review, &self.id, &key).unwrap())
    }

    pub(crate) fn stop(&mut self) {
        let size = self.size();
        self.seal(&Stop {
            reason: "".into(),
            size,
        });
    }

    pub(crate) fn start(&mut self, clean: bool) {
        let size = self.size();
        self.seal(&Start {
            software: "test".into(),
            size,
            clean,
        });
    }

    /// What an auditor brings who has the key line.
    pub(crate) fn pinned(&self) -> TrustPolicy {
        let key = SigningKey::from_bytes(&[2; 32]).verifying_key();
        let line = VKey::ed25519(&self.origin, key).unwrap();
        TrustPolicy::new().pin(Pin::parse(&line.to_string()).unwrap())
    }

    /// What an auditor brings who has the key line and knows the size.
    pub(crate) fn trust(&self) -> TrustPolicy {
        self.pinned().min_size(self.size())
    }

    /// As an auditor sees it who trusts this.
    pub(crate) fn crosswalk(&self, catalogues: Catalogues, policy: &TrustPolicy) -> Crosswalk {
        self.crosswalk_of(catalogues, policy, Period::default())
    }

    pub(crate) fn crosswalk_of(
        &self,
        catalogues: Catalogues,
        policy: &TrustPolicy,
        period: Period,
    ) -> Crosswalk {
        let at = Timestamp::from_micros(self.now);
        self.assess(Assessment::new(catalogues, period, at).unwrap(), policy)
    }

    pub(crate) fn crosswalk_at(&self, catalogues: Catalogues, at: Timestamp) -> Crosswalk {
        let assessment = Assessment::new(catalogues, Period::default(), at).unwrap();
        self.assess(assessment, &self.trust())
    }

    fn assess(&self, mut assessment: Assessment, policy: &TrustPolicy) -> Crosswalk {
        let mut verifier = LogVerifier::new(policy);
        for sealed in &self.sealed {
            match sealed.len() {
                32 => {
                    let hash = LeafHash::from_bytes(sealed.as_slice().try_into().unwrap());
                    verifier.push_deleted_observed(hash, &mut assessment);
                }
                _ => verifier.push_observed(sealed, None, &mut assessment),
            }
        }
        assessment.finish(&verifier.finish(), None)
    }

    /// With a checkpoint of the log's, pinned by its bare key.
    pub(crate) fn crosswalk_with_checkpoint(&self, catalogues: Catalogues) -> Crosswalk {
        let key = SigningKey::from_bytes(&[2; 32]).verifying_key();
        let hex: String = key
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let policy = TrustPolicy::new().pin(Pin::parse(&hex).unwrap());
        let policy = policy
            .checkpoint(self.checkpoint().to_string().as_bytes())
            .unwrap();
        self.crosswalk(catalogues, &policy)
    }

    fn tree(&self) -> MemoryTree {
        let mut tree = MemoryTree::new();
        for sealed in &self.sealed {
            tree.push(UnverifiedReceipt::parse(sealed).unwrap().hash())
                .unwrap();
        }
        tree
    }

    fn checkpoint(&self) -> SignedNote {
        let tree = self.tree();
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: tree.size(),
            root: tree.root(),
            extensions: vec![],
        };
        checkpoint.sign(&SigningKey::from_bytes(&[2; 32])).unwrap()
    }

    /// Brings a checkpoint of the log as it is back into it, with nobody's word on it.
    pub(crate) fn anchor(&mut self) {
        let note = self.checkpoint().to_string();
        self.seal(&Anchor {
            note: note.into(),
            token: TokenBytes::default(),
            path: List::EMPTY,
        });
    }

    /// As somebody sees it who is handed these receipts of it.
    pub(crate) fn selection(&self, catalogues: Catalogues, seqs: &[u64]) -> Crosswalk {
        let at = Timestamp::from_micros(self.now);
        let mut assessment = Assessment::new(catalogues, Period::default(), at).unwrap();
        let note = self.checkpoint();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let policy = self.pinned();
        let size = checkpoint.size;
        let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
        let mut tree = self.tree();
        for seq in seqs {
            let proof = inclusion_proof(&mut tree, LeafIndex::new(*seq), size).unwrap();
            let sealed = &self.sealed[usize::try_from(*seq).unwrap()];
            verifier.push_observed(sealed, proof.path, None, &mut assessment);
        }
        assessment.finish(&verifier.finish(), Some(size.as_u64()))
    }

    /// Closes an epoch of all that is there, deletes the bytes of these receipts and accounts for it.
    pub(crate) fn seal_epoch_and_delete(&mut self, seqs: &[u64]) {
        let mut tracker = EpochTracker::new();
        let mut tree = Frontier::new();
        for sealed in &self.sealed {
            let receipt = UnverifiedReceipt::parse(sealed).unwrap();
            let header = receipt.header();
            tracker.push(header.kind, receipt.hash(), header.sealed_at);
            tree.push(receipt.hash()).unwrap();
        }
        let seal = tracker.next_seal(tree.root());
        self.seal(&seal);
        self.now += 200 * DAY;
        self.seal(&Deletion {
            epoch: seal.number,
            first: seal.first,
            last: seal.size,
            count: seqs.len() as u64,
            archive: None,
            reason: "retention".into(),
        });
        for seq in seqs {
            let sealed = &mut self.sealed[usize::try_from(*seq).unwrap()];
            let hash = UnverifiedReceipt::parse(sealed).unwrap().hash();
            *sealed = hash.as_bytes().to_vec();
        }
    }

    pub(crate) fn gap(&self, id: &str) -> Gap {
        let crosswalk = self.crosswalk(Catalogues::empty().unwrap(), &self.trust());
        let gap = crosswalk.gaps.iter().find(|gap| gap.id == id).unwrap();
        for seq in &gap.pointers {
            assert!(crosswalk.pointers.contains_key(seq), "{id} names {seq}");
        }
        gap.clone()
    }
}
