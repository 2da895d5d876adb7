//! What can be told of a log of which only the tree's hashes are at hand.

use crate::{Pin, Report, TrustPolicy};
use ai_audit_core::{LeafHash, NodeHash, Status, Verdict};
use ai_audit_merkle::{Frontier, TreeSize};
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Holds the leaf hashes of a log against a checkpoint and against what the verifier brought.
///
/// It never sees a receipt or its signature, so integrity and attribution are at best unverified.
/// What it can show is that something is wrong, and that the tree reaches what the verifier knows.
///
/// ```
/// # use ai_audit_core::{LeafHash, SigningKey};
/// # use ai_audit_merkle::Frontier;
/// # use ai_audit_note::Checkpoint;
/// # use ai_audit_verify::{TreeVerifier, TrustPolicy};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let leaf = LeafHash::of(b"payload");
/// # let mut frontier = Frontier::new();
/// # frontier.push(leaf)?;
/// # let checkpoint = Checkpoint { origin: "example.org/log".into(), size: frontier.size(),
/// #     root: frontier.root(), extensions: vec![] };
/// # let note = checkpoint.sign(&SigningKey::from_bytes(&[1; 32]))?;
/// let policy = TrustPolicy::new().min_size(1);
/// let mut verifier = TreeVerifier::new(&policy, note, checkpoint);
/// verifier.push(leaf);
/// let verdict = verifier.finish().verdict;
/// assert!(verdict.completeness.is_verified() && !verdict.integrity.is_verified());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TreeVerifier<'p> {
    policy: &'p TrustPolicy,
    note: SignedNote,
    checkpoint: Checkpoint,
    held: &'static str,
    frontier: Frontier,
    /// What the verifier brought of this log, by size, and the tree's root at that size.
    brought: Vec<(SignedNote, Checkpoint, Option<NodeHash>)>,
    /// Those before this one were met.
    met: usize,
    foreign: usize,
    broken: Option<Status>,
    remarks: Vec<String>,
}

impl<'p> TreeVerifier<'p> {
    /// A verifier that expects the first leaf of the tree of this checkpoint.
    #[must_use]
    pub fn new(policy: &'p TrustPolicy, note: SignedNote, checkpoint: Checkpoint) -> Self {
        let mut brought = Vec::new();
        let mut foreign = 0;
        for (note, other) in policy.checkpoints() {
            if other.origin == checkpoint.origin {
                brought.push((note.clone(), other.clone(), None));
            } else {
                foreign += 1;
            }
        }
        brought.sort_by_key(|(_, checkpoint, _)| checkpoint.size);
        let mut verifier = Self {
            policy,
            note,
            checkpoint,
            held: "only hashes are here: nobody has looked at a receipt",
            frontier: Frontier::new(),
            brought,
            met: 0,
            foreign,
            broken: None,
            remarks: Vec::new(),
        };
        verifier.meet();
        verifier
    }

    /// Says otherwise than by default what is here, and what of a receipt is missing.
    #[must_use]
    pub fn holding(self, held: &'static str) -> Self {
        Self { held, ..self }
    }

    /// Takes the next leaf.
    pub fn push(&mut self, leaf: LeafHash) {
        // 2^64 leaves cannot have been pushed.
        let _ = self.frontier.push(leaf);
        self.meet();
    }

    /// Fails integrity for a reason found outside the tree, such as a file that is not there.
    pub fn fail_integrity(&mut self, reason: impl Into<String>) {
        if self.broken.is_none() {
            self.broken = Some(Status::failed(reason.into()));
        }
    }

    /// Adds a remark to the report.
    pub fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    /// The report on all leaves that were pushed.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let (size, found) = (self.checkpoint.size, self.frontier.size());
        if found != size {
            self.fail_integrity(format!(
                "the checkpoint has {size} leaves, here are {found}"
            ));
        } else if self.frontier.root() != self.checkpoint.root {
            self.fail_integrity("the tree does not have the root of its checkpoint");
        } else {
            self.remark(format!(
                "the tree of {size} leaves has the root of its checkpoint"
            ));
        }
        let (attribution, key) = self.signature();
        let (completeness, complete_to) = self.completeness(key.as_ref());
        if self.foreign > 0 {
            let count = self.foreign;
            self.remark(format!(
                "{count} of the checkpoints that you brought are of other logs"
            ));
        }
        let integrity = match self.broken {
            Some(broken) => broken,
            None => Status::unverified(self.held),
        };
        let (completeness, complete_to) = match (&integrity, completeness) {
            (_, failed @ Status::Failed { .. }) => (failed, None),
            (Status::Failed { .. }, _) => (
                Status::unverified("integrity failed, so completeness cannot be told"),
                None,
            ),
            (_, other) => (other, complete_to),
        };
        Report {
            verdict: Verdict {
                integrity,
                attribution,
                completeness,
                time: Status::unverified(self.held),
                erasure: Status::unverified(self.held),
            },
            receipts: 0,
            deleted: Vec::new(),
            witnesses: Vec::new(),
            time_bounds: Vec::new(),
            open_tool_intents: Vec::new(),
            origin: Some(self.checkpoint.origin),
            log_id: None,
            complete_to,
            remarks: self.remarks,
            disclosed: Vec::new(),
        }
    }

    /// Who signed the checkpoint; the key where a pin has it.
    fn signature(&mut self) -> (Status, Option<VKey>) {
        let origin = self.checkpoint.origin.clone();
        let mut refused = None;
        let mut bare = false;
        for pin in self.policy.pins() {
            let line = match pin {
                Pin::Log(line) if line.name() == origin => line.clone(),
                Pin::Log(line) => {
                    refused.get_or_insert(format!(
                        "the checkpoint is of log {origin}, but the pinned key line is for {}",
                        line.name()
                    ));
                    continue;
                }
                Pin::Key(key) => match VKey::ed25519(&origin, *key) {
                    Ok(line) => line,
                    Err(_) => continue,
                },
            };
            match self.note.verify(&line) {
                Ok(()) => {
                    self.remark("the checkpoint is signed by the pinned key");
                    return (Status::unverified(self.held), Some(line));
                }
                // A bare key may be the receipt key, which signs no checkpoint.
                Err(_) if matches!(pin, Pin::Key(_)) => bare = true,
                Err(error) => {
                    refused = Some(format!(
                        "the checkpoint is not signed by the pinned key: {error}"
                    ));
                }
            }
        }
        let status = match refused {
            Some(reason) if !bare => Status::failed(reason),
            _ if bare => Status::unverified("none of the pinned keys signed the checkpoint"),
            _ => Status::unverified(
                "no key was pinned; a key found inside the evidence proves nothing",
            ),
        };
        (status, None)
    }

    /// Whether the tree reaches what the verifier brought.
    fn completeness(&mut self, key: Option<&VKey>) -> (Status, Option<u64>) {
        let held = self.frontier.size().as_u64();
        let mut cut = None;
        let mut complete_to = None;
        let mut contradiction = None;
        for (note, checkpoint, root) in &self.brought {
            let size = checkpoint.size.as_u64();
            if let Some(key) = key
                && let Err(error) = note.verify(key)
            {
                contradiction.get_or_insert(format!(
                    "checkpoint of size {size} that you brought is not signed by the log's checkpoint key: {error}"
                ));
            } else if size > held {
                cut.get_or_insert(format!(
                    "checkpoint that you brought has {size} receipts, here are the hashes of {held}"
                ));
            } else if *root == Some(checkpoint.root) {
                complete_to = complete_to.max(Some(size));
            } else {
                contradiction.get_or_insert(format!(
                    "the first {size} leaves do not have the root of the checkpoint that you brought"
                ));
            }
        }
        if let Some(reason) = contradiction {
            self.fail_integrity(reason);
        }
        let known = self.policy.known_size();
        if let Some(known) = known.filter(|known| *known > held) {
            cut.get_or_insert(format!(
                "the log is known to have {known} receipts, here are the hashes of {held}"
            ));
        }
        if let Some(reason) = cut {
            return (Status::failed(reason), None);
        }
        let complete_to = complete_to.max(known);
        if complete_to.is_some() {
            return (Status::Verified, complete_to);
        }
        let why = if self.policy.checkpoints().is_empty() {
            "no checkpoint or size was brought from outside, so receipts may be missing at the end"
        } else {
            "none of the checkpoints that you brought is of this log"
        };
        (Status::unverified(why), None)
    }

    /// Remembers the root where a brought checkpoint has the tree's present size.
    fn meet(&mut self) {
        let size: TreeSize = self.frontier.size();
        while let Some((_, checkpoint, root)) = self.brought.get_mut(self.met) {
            if checkpoint.size > size {
                return;
            }
            if checkpoint.size == size {
                *root = Some(self.frontier.root());
            }
            self.met += 1;
        }
    }
}
