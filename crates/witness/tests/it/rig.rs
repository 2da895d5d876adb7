//! What the tests start from: logs with trees in memory, and a witness in a folder.

use ai_audit_core::{LeafHash, NodeHash, SigningKey, Timestamp};
use ai_audit_merkle::{MemoryTree, TreeSize, consistency_proof, root};
use ai_audit_note::{AddCheckpoint, Checkpoint, SignedNote, VKey};
use ai_audit_witness::{Answer, Witness, WitnessFolder};
use std::path::Path;

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
pub(crate) const NAME: &str = "witness.example/w1";

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// A log: its tree, and the key of its checkpoints.
pub(crate) struct Log {
    pub(crate) origin: String,
    pub(crate) key: SigningKey,
    pub(crate) tree: MemoryTree,
}

impl Log {
    /// A log of so many leaves, which are those of its history `history` from leaf 3 on.
    pub(crate) fn of(size: u64, history: u8) -> Self {
        let mut log = Self {
            origin: "example.org/log".into(),
            key: key(1),
            tree: MemoryTree::new(),
        };
        log.grow(size, history);
        log
    }

    pub(crate) fn grow(&mut self, size: u64, history: u8) {
        while self.tree.size().as_u64() < size {
            let number = self.tree.size().as_u64();
            let mut leaf = [0; 32];
            leaf[..8].copy_from_slice(&number.to_be_bytes());
            leaf[8] = if number < 3 { 0 } else { history };
            self.tree.push(LeafHash::from_bytes(leaf)).unwrap();
        }
    }

    pub(crate) fn line(&self) -> VKey {
        VKey::ed25519(&self.origin, self.key.verifying_key()).unwrap()
    }

    pub(crate) fn checkpoint(&self, size: u64) -> SignedNote {
        let size = TreeSize::new(size);
        let root = root(&mut self.tree.clone(), size).unwrap();
        self.statement(size.as_u64(), root)
    }

    /// Whatever the log's key signs.
    pub(crate) fn statement(&self, size: u64, root: NodeHash) -> SignedNote {
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: TreeSize::new(size),
            root,
            extensions: Vec::new(),
        };
        checkpoint.sign(&self.key).unwrap()
    }

    pub(crate) fn proof(&self, old: u64, new: u64) -> Vec<NodeHash> {
        let (old, new) = (TreeSize::new(old), TreeSize::new(new));
        if old == TreeSize::ZERO || old >= new {
            return Vec::new();
        }
        consistency_proof(&mut self.tree.clone(), old, new)
            .unwrap()
            .path
    }

    pub(crate) fn request(&self, old: u64, new: u64) -> AddCheckpoint {
        AddCheckpoint {
            old: TreeSize::new(old),
            proof: self.proof(old, new),
            checkpoint: self.checkpoint(new),
        }
    }
}

pub(crate) fn witness(folder: &Path, logs: &[VKey]) -> Witness {
    let folder = WitnessFolder::create(folder).unwrap();
    Witness::new(folder, NAME, Box::new(key(100)), logs).unwrap()
}

pub(crate) fn witness_line() -> VKey {
    VKey::cosignature(NAME, key(100).verifying_key()).unwrap()
}

pub(crate) fn send(witness: &Witness, request: &AddCheckpoint) -> Answer {
    witness.add_checkpoint(request.to_string().as_bytes(), NOW)
}
