//! A log in memory to be exported, and what an auditor has of it.

use ai_audit_agentic::{JsonDigest, ToolIntent};
use ai_audit_core::{
    Action, BatchSeal, Body, Check, Decision, Draft, Genesis, Head, Kind, MAX_SEALED_LEN, Next,
    PolicyEntry, ReceiptId, ReceiptSource, SigningKey, Start, TextDigest, Timestamp,
};
use ai_audit_export::{LogEvidence, PackageOptions, Selection, write_package};
use ai_audit_merkle::{MemoryTree, TreeSize, consistency_proof, root};
use ai_audit_note::{Anchor, Checkpoint, SignedNote, VKey};
use ai_audit_verify::{Pin, TrustPolicy};
use std::collections::BTreeMap;
use std::io::Cursor;

pub(crate) struct Log {
    pub(crate) receipt_key: SigningKey,
    pub(crate) checkpoint_key: SigningKey,
    pub(crate) origin: String,
    pub(crate) head: Head,
    pub(crate) sealed: Vec<Vec<u8>>,
    pub(crate) tree: MemoryTree,
    /// What stands beside receipts.
    pub(crate) ciphertexts: BTreeMap<u64, Vec<Vec<u8>>>,
}

impl Log {
    /// Genesis, start, then decisions and tool intents in sessions `s0` to `s3`.
    pub(crate) fn of(number: u8, receipts: u64) -> Self {
        Self::fork(number, receipts, receipts)
    }

    /// The same up to a number of receipts, another history behind, all by the same keys.
    pub(crate) fn fork(number: u8, common: u64, receipts: u64) -> Self {
        let mut log = Self::promising(number, &[]);
        log.go_on(common, receipts);
        log
    }

    /// Genesis, with this policy in it, and start.
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
            origin: genesis.origin().unwrap().to_string(),
            head: Head::EMPTY,
            sealed: Vec::new(),
            tree: MemoryTree::new(),
            ciphertexts: BTreeMap::new(),
        };
        log.seal(&genesis, "");
        log.seal(
            &Start {
                software: "test".into(),
                size: 1,
                clean: true,
            },
            "",
        );
        log
    }

    fn go_on(&mut self, common: u64, receipts: u64) {
        let log = self;
        for number in 2..receipts {
            let session = format!("s{}", number % 4);
            if number % 5 == 0 {
                let arguments = Some(JsonDigest::of_json("{\"a\":1}", None).unwrap());
                log.seal(
                    &ToolIntent {
                        tool: if number < common { "pay" } else { "another" }.into(),
                        arguments,
                        ..ToolIntent::new()
                    },
                    &session,
                );
            } else {
                let check = Check {
                    name: "pii".into(),
                    score: Some(0.25),
                    ..Check::default()
                };
                let decision = Decision {
                    action: Action::Allow,
                    model: if number < common { "gpt-4o" } else { "another" }.into(),
                    input: Some(TextDigest::plain("question")),
                    checks: vec![check].into(),
                    ..Decision::new()
                };
                log.seal(&decision, &session);
            }
        }
    }

    /// Batches so many decisions in sessions `s0` to `s3`.
    pub(crate) fn batch(&mut self, count: u64) {
        let key = self.receipt_key.verifying_key().id();
        for _ in 0..count {
            let seq = self.head.size();
            let time = Timestamp::from_micros(1_790_000_000_000_000 + seq);
            let session = format!("s{}", seq % 4);
            let draft = Draft::new(ReceiptId::from_parts(time, [3; 10]), time).session(&session);
            let mut buf = [0; 1024];
            let decision = Decision {
                model: "gpt-4o".into(),
                ..Decision::new()
            };
            let sealed = draft
                .seal_batched(&decision, &self.head, key, &mut buf)
                .unwrap();
            self.head = sealed.head();
            self.tree.push(sealed.hash()).unwrap();
            self.sealed.push(sealed.as_bytes().to_vec());
        }
    }

    /// Signs for the last ones.
    pub(crate) fn close_batch(&mut self, count: u64) {
        let seal = BatchSeal {
            from: self.head.size() - count,
            count,
            root: self.tree.root(),
        };
        self.seal(&seal, "");
    }

    pub(crate) fn seal(&mut self, body: &impl Body, session: &str) {
        let time = Timestamp::from_micros(1_790_000_000_000_000 + self.head.size());
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.head.size().to_be_bytes());
        let draft = Draft::new(ReceiptId::from_parts(time, random), time)
            .session(session)
            .trace("t");
        let sealed = draft
            .seal(body, &self.head, &self.receipt_key, &mut buf)
            .unwrap();
        self.head = sealed.head();
        self.tree.push(sealed.hash()).unwrap();
        self.sealed.push(sealed.as_bytes().to_vec());
    }

    /// Seals bytes of which no body is made.
    pub(crate) fn seal_bytes(&mut self, kind: Kind, body: &[u8]) {
        let time = Timestamp::from_micros(1_790_000_000_000_000 + self.head.size());
        let mut buf = vec![0; MAX_SEALED_LEN];
        let draft = Draft::new(ReceiptId::from_parts(time, [7; 10]), time);
        let sealed = draft
            .seal_encoded(kind, body, &self.head, &self.receipt_key, &mut buf)
            .unwrap();
        self.head = sealed.head();
        self.tree.push(sealed.hash()).unwrap();
        self.sealed.push(sealed.as_bytes().to_vec());
    }

    pub(crate) fn checkpoint(&self) -> SignedNote {
        self.checkpoint_at(self.tree.size().as_u64())
    }

    /// The checkpoint that the log signed when it had so many receipts.
    pub(crate) fn checkpoint_at(&self, size: u64) -> SignedNote {
        let size = TreeSize::new(size);
        let root = root(&mut self.tree.clone(), size).unwrap();
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size,
            root,
            extensions: vec![],
        };
        checkpoint.sign(&self.checkpoint_key).unwrap()
    }

    /// The anchor of a checkpoint of this log, for its next place.
    pub(crate) fn anchor(&self, note: &SignedNote, token: Vec<u8>) -> Anchor<'static> {
        let size = Checkpoint::parse(note.text()).unwrap().size;
        let mut tree = self.tree.clone();
        let proof = consistency_proof(&mut tree, size, self.tree.size()).unwrap();
        Anchor {
            note: note.to_string().into(),
            token: token.into(),
            path: proof.path.into(),
        }
    }

    /// The key line and the newest checkpoint.
    pub(crate) fn policy(&self) -> Auditor {
        self.pinned().checkpoint(&self.checkpoint())
    }

    /// The key line and the checkpoint of this size.
    pub(crate) fn policy_at(&self, size: u64) -> Auditor {
        self.pinned().checkpoint(&self.checkpoint_at(size))
    }

    /// The key line alone.
    pub(crate) fn pinned(&self) -> Auditor {
        Auditor::default().pin(&self.key_line())
    }

    pub(crate) fn key_line(&self) -> String {
        VKey::ed25519(&self.origin, self.checkpoint_key.verifying_key())
            .unwrap()
            .to_string()
    }

    pub(crate) fn package(&self, selection: Selection, json_view: bool) -> Vec<u8> {
        self.package_with(selection, json_view, &[])
    }

    pub(crate) fn package_with(
        &self,
        selection: Selection,
        json_view: bool,
        older: &[SignedNote],
    ) -> Vec<u8> {
        let options = PackageOptions {
            selection,
            json_view,
            ciphertexts: true,
            timestamp: None,
            reports: None,
        };
        self.package_of(older, &options)
    }

    pub(crate) fn package_of(&self, older: &[SignedNote], options: &PackageOptions) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        let checkpoint = self.checkpoint();
        let key = &self.checkpoint_key;
        write_package(&mut out, self, &checkpoint, older, key, options, |_, _| {}).unwrap();
        out.into_inner()
    }
}

/// What an auditor brings, for both verifiers.
#[derive(Clone, Default)]
pub(crate) struct Auditor {
    policy: TrustPolicy,
    pub(crate) keys: Vec<String>,
    pub(crate) checkpoints: Vec<String>,
    pub(crate) size: Option<u64>,
    pub(crate) revocations: Vec<String>,
    pub(crate) subject: Option<&'static str>,
}

impl Auditor {
    pub(crate) fn pin(mut self, key: &str) -> Self {
        self.policy = self.policy.pin(Pin::parse(key).unwrap());
        self.keys.push(key.into());
        self
    }

    pub(crate) fn checkpoint(mut self, note: &SignedNote) -> Self {
        let text = note.to_string();
        self.policy = self.policy.checkpoint(text.as_bytes()).unwrap();
        self.checkpoints.push(text);
        self
    }

    /// Also trusts an authority, of which the independent verifier knows nothing.
    pub(crate) fn timestamp_authority(mut self, root: Vec<u8>) -> Self {
        self.policy = self.policy.timestamp_authority(root);
        self
    }

    /// Asks the erasure line for one subject.
    pub(crate) fn subject(mut self, subject: &'static str) -> Self {
        self.policy = self.policy.subject(subject);
        self.subject = Some(subject);
        self
    }

    pub(crate) fn size(mut self, size: u64) -> Self {
        self.policy = self.policy.min_size(size);
        self.size = Some(size);
        self
    }
}

impl std::ops::Deref for Auditor {
    type Target = TrustPolicy;

    fn deref(&self) -> &TrustPolicy {
        &self.policy
    }
}

pub(crate) struct Receipts<'a>(std::slice::Iter<'a, Vec<u8>>);

impl Receipts<'_> {
    pub(crate) fn none() -> Self {
        Self([].iter())
    }
}

impl ReceiptSource for Receipts<'_> {
    type Error = std::convert::Infallible;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Self::Error> {
        Ok(self.0.next().map(|sealed| {
            buf[..sealed.len()].copy_from_slice(sealed);
            Next::Sealed(sealed.len())
        }))
    }
}

impl LogEvidence for Log {
    type Error = std::convert::Infallible;
    type Receipts<'s> = Receipts<'s>;
    type NodeError = ai_audit_merkle::MissingNode;
    type Nodes<'s> = MemoryTree;

    fn receipts(&self) -> Result<Receipts<'_>, Self::Error> {
        Ok(Receipts(self.sealed.iter()))
    }

    fn nodes(&self) -> MemoryTree {
        self.tree.clone()
    }

    fn ciphertexts(&self, seq: u64) -> Result<Vec<Vec<u8>>, Self::Error> {
        Ok(self.ciphertexts.get(&seq).cloned().unwrap_or_default())
    }
}
