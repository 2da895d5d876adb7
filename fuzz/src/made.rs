//! Genuine logs with real keys, made from what the fuzzer chose.

use ai_audit_agentic::{JsonDigest, ToolIntent};
use ai_audit_core::{
    Action, Body, Check, Decision, Draft, Genesis, Head, MAX_SEALED_LEN, Next, NodeHash, ReceiptId,
    ReceiptSource, SigningKey, Start, TextDigest, Timestamp, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochSeal, EpochTracker};
use ai_audit_export::{LogEvidence, PackageOptions, Selection, write_package};
use ai_audit_merkle::{
    LeafIndex, MemoryTree, MissingNode, TreeSize, consistency_proof, inclusion_proof, root,
};
use ai_audit_note::{Anchor, Checkpoint, SignedNote, VKey};
use ai_audit_verify::{Included, Pin, TrustPolicy};
use arbitrary::Arbitrary;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Cursor;

/// What a receipt of a made log says.
#[derive(Arbitrary, Debug, Clone)]
pub enum Says {
    Decision {
        model: String,
        text: Option<String>,
        score: Option<f64>,
        session: u8,
        action: u8,
    },
    Intent {
        tool: String,
        session: u8,
    },
    Start {
        size: u64,
        clean: bool,
    },
    /// An older checkpoint, anchored.
    Anchor {
        size: u8,
    },
    /// The epoch ends.
    Epoch,
    /// The bytes of an epoch may be deleted.
    Deletion {
        epoch: u8,
    },
}

/// A log and its keys.
#[derive(Clone)]
pub struct Log {
    number: u8,
    pub origin: String,
    pub head: Head,
    pub sealed: Vec<Vec<u8>>,
    pub tree: MemoryTree,
    tracker: EpochTracker,
    seals: Vec<EpochSeal>,
    /// Receipts whose bytes may be gone, each with the deletion receipt that says so.
    pub deletable: BTreeMap<u64, u64>,
    /// Whether they are, where the log is exported.
    pub gone: bool,
}

impl Log {
    /// Receipt, checkpoint and recovery key of the log of this number.
    pub fn keys(number: u8) -> [SigningKey; 3] {
        [1, 2, 3].map(|n| SigningKey::from_bytes(&[number.wrapping_mul(3).wrapping_add(n); 32]))
    }

    /// A key that nobody trusts.
    pub fn stranger() -> SigningKey {
        SigningKey::from_bytes(&[255; 32])
    }

    /// Genesis, start, and what is said; at most 10 receipts.
    pub fn new(number: u8, says: &[Says]) -> Self {
        let public = Self::keys(number).map(|key| key.verifying_key());
        let name = "example.org/log";
        let genesis = Genesis::new(name, "acme", &public[0], &public[1], &public[2], [9; 16]);
        let mut log = Self {
            number,
            origin: genesis.origin().expect("the name is good").to_string(),
            head: Head::EMPTY,
            sealed: Vec::new(),
            tree: MemoryTree::new(),
            tracker: EpochTracker::new(),
            seals: Vec::new(),
            deletable: BTreeMap::new(),
            gone: false,
        };
        log.seal(&genesis, "");
        log.seal(
            &Start {
                software: "fuzz".into(),
                size: 1,
                clean: true,
            },
            "",
        );
        for says in says.iter().take(8) {
            log.say(says);
        }
        log
    }

    /// A log of decisions and intents of this length.
    pub fn of(number: u8, receipts: u64) -> Self {
        let says: Vec<Says> = (2..receipts)
            .map(|seq| match seq % 4 {
                0 => Says::Intent {
                    tool: "pay".into(),
                    session: 1,
                },
                _ => Says::Decision {
                    model: format!("model {seq}"),
                    text: Some("question".into()),
                    score: Some(0.25),
                    session: u8::try_from(seq % 3).unwrap_or_default(),
                    action: 0,
                },
            })
            .collect();
        Self::new(number, &says)
    }

    fn say(&mut self, says: &Says) {
        match says {
            Says::Decision {
                model,
                text,
                score,
                session,
                action,
            } => {
                let actions = [Action::Allow, Action::Reject, Action::Escalate];
                let check = Check {
                    name: "pii".into(),
                    score: score.filter(|score| score.is_finite()),
                    ..Check::default()
                };
                let body = Decision {
                    action: actions[usize::from(*action) % 3],
                    model: short(model).into(),
                    input: text.as_deref().map(TextDigest::plain),
                    checks: vec![check].into(),
                    ..Decision::new()
                };
                self.seal(&body, &format!("s{}", session % 3));
            }
            Says::Intent { tool, session } => {
                let arguments = JsonDigest::of_json("{\"a\":1}", None).expect("it is JSON");
                let body = ToolIntent {
                    tool: format!("t{}", short(tool)).into(),
                    arguments: Some(arguments),
                    ..ToolIntent::new()
                };
                self.seal(&body, &format!("s{}", session % 3));
            }
            Says::Start { size, clean } => {
                self.seal(
                    &Start {
                        software: "fuzz".into(),
                        size: *size,
                        clean: *clean,
                    },
                    "",
                );
            }
            Says::Epoch => self.end_epoch(),
            Says::Deletion { epoch } => self.delete(*epoch),
            Says::Anchor { size } => {
                let now = self.size();
                let size = 1 + u64::from(*size) % now;
                let (old, new) = (TreeSize::new(size), TreeSize::new(now));
                let proof = consistency_proof(&mut self.tree.clone(), old, new);
                let body = Anchor {
                    note: self.checkpoint_at(size).to_string().into(),
                    token: Vec::new().into(),
                    path: proof.expect("the tree has the nodes").path.into(),
                };
                self.seal(&body, "");
            }
        }
    }

    fn end_epoch(&mut self) {
        if self.tracker.open().has_content() {
            let seal = self.tracker.next_seal(self.tree.root());
            self.seal(&seal, "");
            self.seals.push(seal);
        }
    }

    fn delete(&mut self, epoch: u8) {
        let count = self.seals.len().max(1);
        let Some(seal) = self.seals.get(usize::from(epoch) % count).copied() else {
            return;
        };
        let deletion = Deletion {
            epoch: seal.number,
            first: seal.first,
            last: seal.size,
            count: seal.count - seal.control,
            archive: None,
            reason: "old".into(),
        };
        let said = self.size();
        self.seal(&deletion, "");
        for seq in seal.first..seal.size {
            let receipt = UnverifiedReceipt::parse(&self.sealed[seq as usize]);
            if receipt.is_ok_and(|receipt| !receipt.header().kind.is_control()) {
                self.deletable.entry(seq).or_insert(said);
            }
        }
    }

    /// Seals a body next, where it can be sealed.
    pub fn seal<B: Body>(&mut self, body: &B, session: &str) {
        let [receipt, ..] = Self::keys(self.number);
        let mut buf = vec![0; MAX_SEALED_LEN];
        let Ok(sealed) = draft(self.size(), session).seal(body, &self.head, &receipt, &mut buf)
        else {
            return;
        };
        self.head = sealed.head();
        self.tree.push(sealed.hash()).expect("the tree is not full");
        self.tracker
            .push(B::KIND, sealed.hash(), self.head.sealed_at());
        self.sealed.push(sealed.as_bytes().to_vec());
    }

    /// How many epochs are sealed.
    pub fn epochs(&self) -> usize {
        self.seals.len()
    }

    pub fn size(&self) -> u64 {
        self.head.size()
    }

    pub fn checkpoint(&self) -> SignedNote {
        self.checkpoint_at(self.size())
    }

    /// The checkpoint that the log signed when it had so many receipts.
    pub fn checkpoint_at(&self, size: u64) -> SignedNote {
        let size = TreeSize::new(size);
        let root = root(&mut self.tree.clone(), size).expect("the tree has the nodes");
        let origin = self.origin.clone();
        let checkpoint = Checkpoint {
            origin,
            size,
            root,
            extensions: vec![],
        };
        checkpoint
            .sign(&Self::keys(self.number)[1])
            .expect("it can be signed")
    }

    pub fn key_line(&self) -> VKey {
        let [_, checkpoint, _] = Self::keys(self.number);
        VKey::ed25519(&self.origin, checkpoint.verifying_key()).expect("the origin is good")
    }

    /// Trust in the key line alone.
    pub fn pinned(&self) -> TrustPolicy {
        let pin = Pin::parse(&self.key_line().to_string()).expect("it is a key line");
        // Tables would be made anew for every input.
        TrustPolicy::new().pin(pin).in_little_memory()
    }

    /// Trust in the key line, and the newest checkpoint.
    pub fn policy(&self) -> TrustPolicy {
        let note = self.checkpoint().to_string();
        self.pinned()
            .checkpoint(note.as_bytes())
            .expect("it is a checkpoint")
    }

    /// A receipt and its way to the root.
    pub fn included(&self, seq: u64) -> Included {
        Included {
            sealed: self.sealed[seq as usize].clone(),
            path: self.path(seq),
        }
    }

    pub fn path(&self, seq: u64) -> Vec<NodeHash> {
        let (at, size) = (LeafIndex::new(seq), TreeSize::new(self.size()));
        inclusion_proof(&mut self.tree.clone(), at, size)
            .expect("the tree has the nodes")
            .path
    }

    pub fn package(&self, selection: Selection, json_view: bool) -> Vec<u8> {
        let options = PackageOptions {
            selection,
            json_view,
            ciphertexts: true,
            timestamp: None,
            reports: None,
        };
        let mut out = Cursor::new(Vec::new());
        let older = [self.checkpoint_at(self.size().div_ceil(2))];
        let [_, checkpoint, _] = Self::keys(self.number);
        let note = self.checkpoint();
        write_package(
            &mut out,
            self,
            &note,
            &older,
            &checkpoint,
            &options,
            |_, _| {},
        )
        .expect("a genuine log can be exported");
        out.into_inner()
    }
}

/// The draft of the receipt at this place.
pub fn draft(seq: u64, session: &str) -> Draft<'_> {
    let time = Timestamp::from_micros(1_790_000_000_000_000 + seq);
    let mut random = [0; 10];
    random[2..].copy_from_slice(&seq.to_be_bytes());
    Draft::new(ReceiptId::from_parts(time, random), time)
        .session(session)
        .trace("t")
}

/// The first 40 characters.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Receipts one after the other.
pub struct Receipts<'a> {
    log: &'a Log,
    next: u64,
}

impl ReceiptSource for Receipts<'_> {
    type Error = Infallible;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Infallible> {
        let seq = self.next;
        let Some(sealed) = self.log.sealed.get(seq as usize) else {
            return Ok(None);
        };
        self.next += 1;
        if self.log.gone
            && self.log.deletable.contains_key(&seq)
            && let Ok(receipt) = UnverifiedReceipt::parse(sealed)
        {
            return Ok(Some(Next::Deleted(receipt.hash())));
        }
        buf[..sealed.len()].copy_from_slice(sealed);
        Ok(Some(Next::Sealed(sealed.len())))
    }
}

impl LogEvidence for Log {
    type Error = Infallible;
    type Receipts<'s> = Receipts<'s>;
    type NodeError = MissingNode;
    type Nodes<'s> = MemoryTree;

    fn receipts(&self) -> Result<Receipts<'_>, Infallible> {
        Ok(Receipts { log: self, next: 0 })
    }

    fn nodes(&self) -> MemoryTree {
        self.tree.clone()
    }
}
