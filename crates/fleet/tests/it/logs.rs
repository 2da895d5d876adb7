//! A fleet log, and members of which there is no more than a tree and a key.

use ai_audit_core::{
    Body, Decision, Draft, Genesis, Head, LeafHash, MAX_SEALED_LEN, ReceiptId, SigningKey,
    Timestamp,
};
use ai_audit_fleet::{FleetObserver, FleetReport, MemberReport};
use ai_audit_merkle::{MemoryTree, TreeSize, consistency_proof, root};
use ai_audit_note::{
    AddedMember, Checkpoint, DroppedMember, FleetRoster, MemberCheckpoint, MemberSeen,
    ShownCheckpoint, SignedNote, VKey,
};
use ai_audit_verify::{LogVerifier, Pin, Report, TrustPolicy};
use std::rc::Rc;

/// Seconds since 1970 at which a fleet log begins.
pub(crate) const BEGIN: u64 = 1_790_000_000;

pub(crate) fn at(second: u64) -> Timestamp {
    Timestamp::from_micros((BEGIN + second) * 1_000_000)
}

/// A member's log, as far as a fleet sees it.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) key: Rc<SigningKey>,
    pub(crate) origin: String,
    pub(crate) tree: MemoryTree,
}

impl Log {
    /// With so many receipts.
    pub(crate) fn new(name: &str, size: u64) -> Self {
        let seed = LeafHash::of(name.as_bytes());
        let mut log = Self {
            key: Rc::new(SigningKey::from_bytes(seed.as_bytes())),
            origin: format!("example.org/{name}/{}", "0".repeat(32)),
            tree: MemoryTree::new(),
        };
        log.grow("", size);
        log
    }

    /// Goes on to a size, in a history of this name.
    pub(crate) fn grow(&mut self, history: &str, size: u64) {
        for leaf in self.tree.size().as_u64()..size {
            let payload = format!("{history} {leaf}");
            self.tree.push(LeafHash::of(payload.as_bytes())).unwrap();
        }
    }

    pub(crate) fn line(&self) -> VKey {
        VKey::ed25519(&self.origin, self.key.verifying_key()).unwrap()
    }

    /// Its signed checkpoint at a size that it has or had.
    pub(crate) fn note(&self, size: u64) -> SignedNote {
        let size = TreeSize::new(size);
        let root = root(&mut self.tree.clone(), size).unwrap();
        self.claim(size.as_u64(), root)
    }

    /// A checkpoint that says anything, signed by its key.
    pub(crate) fn claim(&self, size: u64, root: ai_audit_core::NodeHash) -> SignedNote {
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: TreeSize::new(size),
            root,
            extensions: vec![],
        };
        checkpoint.sign(&*self.key).unwrap()
    }

    /// The checkpoint of a size with its proof from an older one; 0 for none.
    pub(crate) fn shown(&self, since: u64, size: u64) -> ShownCheckpoint<'static> {
        let path = match since {
            0 => vec![],
            since => {
                let (old, new) = (TreeSize::new(since), TreeSize::new(size));
                consistency_proof(&mut self.tree.clone(), old, new)
                    .unwrap()
                    .path
            }
        };
        ShownCheckpoint {
            note: self.note(size).to_string().into(),
            path: path.into(),
        }
    }

    pub(crate) fn continues(&self, since: u64, size: u64) -> MemberCheckpoint<'static> {
        MemberCheckpoint {
            seen: MemberSeen::Continues(self.shown(since, size)),
        }
    }

    pub(crate) fn added(&self, interval: u64) -> FleetRoster<'static> {
        FleetRoster {
            added: vec![self.entry(interval)].into(),
            reason: "opened".into(),
            ..FleetRoster::default()
        }
    }

    pub(crate) fn entry(&self, interval: u64) -> AddedMember<'static> {
        AddedMember {
            key: self.line().to_string().into(),
            interval,
            checkpoint: None,
        }
    }

    pub(crate) fn dropped(&self) -> FleetRoster<'static> {
        FleetRoster {
            dropped: vec![DroppedMember {
                origin: self.origin.clone().into(),
                checkpoint: None,
            }]
            .into(),
            reason: "moved".into(),
            ..FleetRoster::default()
        }
    }
}

/// A fleet log with real receipts.
#[derive(Clone)]
pub(crate) struct FleetLog {
    pub(crate) receipt_key: Rc<SigningKey>,
    checkpoint_key: Rc<SigningKey>,
    pub(crate) origin: String,
    pub(crate) head: Head,
    pub(crate) sealed: Vec<Vec<u8>>,
    pub(crate) tree: MemoryTree,
}

impl FleetLog {
    pub(crate) fn new() -> Self {
        Self::numbered(1)
    }

    /// With keys made from a number.
    pub(crate) fn numbered(number: u8) -> Self {
        let key = |n: u8| SigningKey::from_bytes(&[3 * number + n; 32]);
        let [receipt, checkpoint, recovery] = [0, 1, 2].map(key);
        let public = [&receipt, &checkpoint, &recovery].map(SigningKey::verifying_key);
        let genesis = Genesis::new(
            "example.org/fleet",
            "acme",
            &public[0],
            &public[1],
            &public[2],
            [9; 16],
        );
        let mut log = Self {
            receipt_key: Rc::new(receipt),
            checkpoint_key: Rc::new(checkpoint),
            origin: genesis.origin().unwrap().to_string(),
            head: Head::EMPTY,
            sealed: Vec::new(),
            tree: MemoryTree::new(),
        };
        log.seal(&genesis, 0);
        log
    }

    /// A fleet of three with checkpoints of 5, 6 and 7 receipts, each within an hour.
    pub(crate) fn of_three() -> (Self, [Log; 3]) {
        let logs = [Log::new("asia", 5), Log::new("eu", 6), Log::new("us", 7)];
        let mut fleet = Self::new();
        let roster = FleetRoster {
            added: logs.iter().map(|log| log.entry(3600)).collect(),
            ..FleetRoster::default()
        };
        fleet.seal(&roster, 1);
        for (log, size) in logs.iter().zip(5..) {
            fleet.seal(&log.continues(0, size), 2);
        }
        (fleet, logs)
    }

    /// Seals a body so many seconds after the log's beginning. Returns its place.
    pub(crate) fn seal(&mut self, body: &impl Body, second: u64) -> u64 {
        let key = Rc::clone(&self.receipt_key);
        self.seal_with(&key, body, second)
    }

    /// The same with another key, as a thief of it or a stranger does.
    pub(crate) fn seal_with(&mut self, key: &SigningKey, body: &impl Body, second: u64) -> u64 {
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.head.size().to_be_bytes());
        let draft = Draft::new(ReceiptId::from_parts(at(second), random), at(second));
        let sealed = draft.seal(body, &self.head, key, &mut buf).unwrap();
        let seq = self.head.size();
        self.head = sealed.head();
        self.tree.push(sealed.hash()).unwrap();
        self.sealed.push(sealed.as_bytes().to_vec());
        seq
    }

    /// Something that says nothing of the fleet; its time is the fleet's, too.
    pub(crate) fn tick(&mut self, second: u64) {
        self.seal(&Decision::new(), second);
    }

    pub(crate) fn size(&self) -> u64 {
        self.head.size()
    }

    pub(crate) fn checkpoint(&self) -> SignedNote {
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: self.tree.size(),
            root: self.tree.root(),
            extensions: vec![],
        };
        checkpoint.sign(&*self.checkpoint_key).unwrap()
    }

    pub(crate) fn pin(&self) -> Pin {
        let key = self.checkpoint_key.verifying_key();
        Pin::Log(VKey::ed25519(&self.origin, key).unwrap())
    }

    /// As an auditor verifies it who pinned the key line and has a checkpoint of this size.
    pub(crate) fn verify(&self) -> (Report, FleetReport) {
        self.verify_with(&self.checkpoint(), None)
    }

    pub(crate) fn verify_with(
        &self,
        checkpoint: &SignedNote,
        at: Option<Timestamp>,
    ) -> (Report, FleetReport) {
        let policy = TrustPolicy::new()
            .pin(self.pin())
            .checkpoint(checkpoint.to_string().as_bytes())
            .unwrap();
        self.verify_under(&policy, at)
    }

    pub(crate) fn verify_under(
        &self,
        policy: &TrustPolicy,
        at: Option<Timestamp>,
    ) -> (Report, FleetReport) {
        let mut observer = FleetObserver::new(at);
        let mut verifier = LogVerifier::new(policy);
        for sealed in &self.sealed {
            verifier.push_observed(sealed, None, &mut observer);
        }
        let report = verifier.finish();
        let fleet = observer.finish(&report);
        (report, fleet)
    }
}

/// What is said of a member.
pub(crate) fn of<'r>(report: &'r FleetReport, log: &Log) -> &'r MemberReport {
    let mut all = report.members.iter();
    all.find(|member| member.origin == log.origin).unwrap()
}
