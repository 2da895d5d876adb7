//! Watching one log: the checkpoints that were seen of it, and whether any two contradict.

use crate::{Equivocation, EquivocationNodes};
use ai_audit_core::NodeHash;
use ai_audit_merkle::{
    ConsistencyProof, NodeReader, ProofError, ProveError, TreeSize, consistency_proof, root,
};
use ai_audit_note::{Checkpoint, CheckpointError, SignedNote, VKey};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// The checkpoints of one log that were seen, and what is known of any two of them.
///
/// Two checkpoints are *consistent* where tree nodes show that the larger continues the smaller,
/// *in conflict* where nodes show that it does not, and open otherwise. Nodes come from whoever
/// has them; they need not be trusted, since every proof is verified against signed roots.
///
/// ```
/// # use ai_audit_core::{LeafHash, SigningKey};
/// # use ai_audit_merkle::MemoryTree;
/// # use ai_audit_note::{Checkpoint, VKey};
/// # use ai_audit_verify::Monitor;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = SigningKey::from_bytes(&[1; 32]);
/// # let sign = |tree: &MemoryTree| {
/// #     let checkpoint = Checkpoint { origin: "example.org/log".into(), size: tree.size(),
/// #         root: tree.root(), extensions: vec![] };
/// #     Ok::<_, Box<dyn std::error::Error>>(checkpoint.sign(&key)?.to_string())
/// # };
/// let mut monitor = Monitor::new(VKey::ed25519("example.org/log", key.verifying_key())?);
/// let mut tree = MemoryTree::new();
/// tree.push(LeafHash::of(b"one"))?;
/// monitor.see(sign(&tree)?.as_bytes())?;
/// tree.push(LeafHash::of(b"two"))?;
/// monitor.see(sign(&tree)?.as_bytes())?;
///
/// // Nothing connects the two yet.
/// assert_eq!(monitor.open_pairs().len(), 1);
/// let size = tree.size();
/// let findings = monitor.check(&mut tree, size)?;
/// assert!(findings.equivocations.is_empty() && monitor.open_pairs().is_empty());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Monitor {
    key: VKey,
    /// By size, then root; no two alike.
    seen: Vec<Seen>,
    /// What nodes connect: to each checkpoint some that continue it.
    links: BTreeMap<Place, BTreeSet<Place>>,
    /// Pairs in conflict, the smaller first.
    conflicts: BTreeSet<(Place, Place)>,
}

/// What tells one checkpoint from another.
type Place = (TreeSize, NodeHash);

/// A checkpoint that was seen, signed by the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The note, as it was seen first.
    pub note: SignedNote,
    /// What it says.
    pub checkpoint: Checkpoint,
}

/// What a checkpoint is to those seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Whether this size with this root was not seen before.
    pub new: bool,
    /// The largest size seen before, where this one is smaller. An old checkpoint is no offence;
    /// being shown one as the newest may be.
    pub older_than: Option<TreeSize>,
    /// It contradicts others of its size.
    pub equivocations: Vec<Equivocation>,
}

/// What a source of nodes showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Newly connected pairs.
    pub links: Vec<ConsistencyProof>,
    /// Newly found conflicts.
    pub equivocations: Vec<Equivocation>,
    /// Sizes of checkpoints whose root the source does not have, and that no larger one that it
    /// has could convict.
    pub not_matching: Vec<TreeSize>,
    /// Sizes of checkpoints beyond the source's end.
    pub beyond: Vec<TreeSize>,
}

impl Monitor {
    /// For the log with this key line; nothing was seen yet.
    #[must_use]
    pub const fn new(key: VKey) -> Self {
        Self {
            key,
            seen: Vec::new(),
            links: BTreeMap::new(),
            conflicts: BTreeSet::new(),
        }
    }

    /// The log's key line.
    #[must_use]
    pub const fn key(&self) -> &VKey {
        &self.key
    }

    /// The checkpoints, by size, then root.
    #[must_use]
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// Takes a checkpoint.
    ///
    /// # Errors
    ///
    /// When it is none, is another log's, or the log's key did not sign it. Nothing is changed then.
    pub fn see(&mut self, note: &[u8]) -> Result<Sighting, CheckpointError> {
        let checkpoint = Checkpoint::open(note, &self.key)?;
        let note = SignedNote::parse(note).map_err(CheckpointError::Note)?;
        let seen = Seen { note, checkpoint };
        let largest = self.seen.last().map(|last| last.checkpoint.size);
        let mut sighting = Sighting {
            new: false,
            older_than: largest.filter(|largest| *largest > seen.checkpoint.size),
            equivocations: Vec::new(),
        };
        let place = seen.place();
        let Err(index) = self.seen.binary_search_by_key(&place, Seen::place) else {
            return Ok(sighting);
        };
        sighting.new = true;
        for other in &self.seen {
            // Same origin, same size, and not the same root: this cannot fail.
            if other.checkpoint.size == seen.checkpoint.size
                && let Ok(proof) = Equivocation::new(other.note.clone(), seen.note.clone(), None)
            {
                sighting.equivocations.push(proof);
            }
        }
        self.seen.insert(index, seen);
        for proof in &sighting.equivocations {
            self.add_conflict(proof);
        }
        Ok(sighting)
    }

    /// Takes a consistency proof that was kept. Returns whether it connects two checkpoints that
    /// were seen.
    pub fn link(&mut self, proof: &ConsistencyProof) -> bool {
        let of = |size| {
            let same = move |seen: &&Seen| seen.checkpoint.size == size;
            self.seen.iter().filter(same).map(Seen::place)
        };
        let mut found = Vec::new();
        for old in of(proof.old) {
            for new in of(proof.new) {
                if old != new && proof.verify(&old.1, &new.1).is_ok() {
                    found.push((old, new));
                }
            }
        }
        for (old, new) in &found {
            self.connect(*old, *new);
        }
        !found.is_empty()
    }

    /// Takes a proof of equivocation that was kept. Returns whether it convicts this log.
    pub fn convict(&mut self, proof: &Equivocation) -> bool {
        let holds = proof.verify(&self.key).is_ok();
        if holds {
            self.add_conflict(proof);
        }
        holds
    }

    /// Compares what was seen with the tree of somebody who has its nodes, up to `size` leaves.
    ///
    /// Where the source has the root of a checkpoint, its nodes are that checkpoint's history, so
    /// every smaller checkpoint is either connected with it or convicts the log.
    ///
    /// # Errors
    ///
    /// When nodes cannot be read, or contradict the roots that the source itself leads to. What
    /// was found until then is lost; nothing wrong was taken.
    pub fn check<R: NodeReader>(
        &mut self,
        source: &mut R,
        size: TreeSize,
    ) -> Result<Findings, ProveError<R::Error>> {
        let mut findings = Findings::default();
        let (mut matching, mut others) = (Vec::new(), Vec::new());
        for seen in &self.seen {
            let own = seen.checkpoint.size;
            if own > size {
                findings.beyond.push(own);
            } else if root(source, own)? == seen.checkpoint.root {
                matching.push(seen.clone());
            } else {
                others.push(seen.clone());
            }
        }
        for pair in matching.windows(2) {
            if let [a, b] = pair
                && !self.consistent(a.place(), b.place())
                // Every tree continues the empty one, without a proof.
                && a.checkpoint.size != TreeSize::ZERO
            {
                let proof = consistency_proof(source, a.checkpoint.size, b.checkpoint.size)?;
                proof.verify(&a.checkpoint.root, &b.checkpoint.root)?;
                self.connect(a.place(), b.place());
                findings.links.push(proof);
            }
        }
        for seen in others {
            let own = seen.checkpoint.size;
            let above = matching.iter().find(|other| other.checkpoint.size > own);
            let Some(above) = above else {
                if !matching.iter().any(|other| other.checkpoint.size == own) {
                    findings.not_matching.push(own);
                }
                continue;
            };
            if self.in_conflict(seen.place(), above.place()) {
                continue;
            }
            let nodes = nodes(source, own, above.checkpoint.size)?;
            let proof = Equivocation::new(seen.note, above.note.clone(), Some(nodes));
            // The source's own nodes do not lead to the root that they have.
            let proof = proof.map_err(|_| ProveError::Impossible(ProofError::Root))?;
            self.add_conflict(&proof);
            findings.equivocations.push(proof);
        }
        Ok(findings)
    }

    /// Neighbours by size of which nothing is known. Where there are none, no two are open.
    #[must_use]
    pub fn open_pairs(&self) -> Vec<(&Seen, &Seen)> {
        let pairs = self.seen.windows(2).filter_map(|pair| match pair {
            [a, b] => Some((a, b)),
            _ => None,
        });
        pairs
            .filter(|(a, b)| {
                !self.consistent(a.place(), b.place()) && !self.in_conflict(a.place(), b.place())
            })
            .collect()
    }

    /// Whether two checkpoints in conflict were found.
    #[must_use]
    pub fn convicted(&self) -> bool {
        !self.conflicts.is_empty()
    }

    fn add_conflict(&mut self, proof: &Equivocation) {
        let place = |checkpoint: &Checkpoint| (checkpoint.size, checkpoint.root);
        self.conflicts
            .insert((place(proof.smaller().1), place(proof.larger().1)));
    }

    fn connect(&mut self, old: Place, new: Place) {
        self.links.entry(old).or_default().insert(new);
    }

    fn in_conflict(&self, a: Place, b: Place) -> bool {
        self.conflicts.contains(&(a.min(b), a.max(b)))
    }

    /// Whether what is linked shows that the larger continues the smaller: both are beginnings of
    /// one checkpoint, which may be the larger itself.
    ///
    /// Both continuing the same smaller one would not do: they may part behind it.
    fn consistent(&self, a: Place, b: Place) -> bool {
        let empty = (TreeSize::ZERO, NodeHash::EMPTY);
        if a == empty || b == empty {
            return true;
        }
        // What is mostly the case first: the two are neighbours and were connected as such.
        if self
            .links
            .get(&a.min(b))
            .is_some_and(|up| up.contains(&a.max(b)))
        {
            return true;
        }
        let (above_a, above_b) = (self.above(a), self.above(b));
        above_a.intersection(&above_b).next().is_some()
    }

    /// A checkpoint and all that continue it.
    fn above(&self, place: Place) -> BTreeSet<Place> {
        let mut found = BTreeSet::from([place]);
        let mut next = alloc::vec![place];
        while let Some(from) = next.pop() {
            for to in self.links.get(&from).into_iter().flatten() {
                if found.insert(*to) {
                    next.push(*to);
                }
            }
        }
        found
    }
}

impl Seen {
    fn place(&self) -> Place {
        (self.checkpoint.size, self.checkpoint.root)
    }
}

/// What a source's larger tree says about a smaller size.
fn nodes<R: NodeReader>(
    source: &mut R,
    smaller: TreeSize,
    larger: TreeSize,
) -> Result<EquivocationNodes, ProveError<R::Error>> {
    let path = match smaller {
        TreeSize::ZERO => Vec::new(),
        _ => consistency_proof(source, smaller, larger)?.path,
    };
    let root = root(source, smaller)?;
    Ok(EquivocationNodes { root, path })
}
