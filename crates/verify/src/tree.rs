//! What can be told of a log of which only the tree's hashes are at hand.

use crate::Observer;
use crate::observe::Observed;
use crate::{Pin, Report, TrustPolicy};
use ai_audit_core::{
    LeafHash, MAX_SEALED_LEN, Next, NodeHash, Outline, ReceiptSource, Status, Verdict,
};
use ai_audit_merkle::{Frontier, TreeSize};
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use alloc::format;
use alloc::string::String;
use alloc::vec;
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
    /// Receipts that are here and were not looked at: the log goes on behind the checkpoint.
    beyond: u64,
    /// Receipts whose payloads were hashed, and hashes of deleted ones.
    hashed: u64,
    deleted: u64,
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
            beyond: 0,
            hashed: 0,
            deleted: 0,
            broken: None,
            remarks: Vec::new(),
        };
        verifier.meet();
        verifier
    }

    /// A verifier for a log whose receipts are here, and of which only the payloads' hashes are looked at
    /// ([`Depth::Tree`](crate::Depth::Tree)).
    #[must_use]
    pub fn of_receipts(policy: &'p TrustPolicy, note: SignedNote, checkpoint: Checkpoint) -> Self {
        Self::new(policy, note, checkpoint).holding(
            "only hashes, tree and checkpoint were looked at: the receipts' signatures, chain and contents were not checked",
        )
    }

    /// Says otherwise than by default what is here, and what of a receipt is missing.
    #[must_use]
    pub fn holding(self, held: &'static str) -> Self {
        Self { held, ..self }
    }

    /// Says that so many more receipts are here behind the checkpoint, which no signature over the tree
    /// covers: what is known to be there and would be among them is not missing.
    pub const fn goes_on(&mut self, receipts: u64) {
        self.beyond = receipts;
    }

    /// Says that the leaf that is pushed next was held against its receipt's payload elsewhere.
    pub const fn hashed(&mut self) {
        self.hashed += 1;
    }

    /// Takes the next leaf.
    pub fn push(&mut self, leaf: LeafHash) {
        // 2^64 leaves cannot have been pushed.
        let _ = self.frontier.push(leaf);
        self.meet();
    }

    /// Takes the next receipt's sealed bytes, of which it looks at the payload's hash alone.
    pub fn push_sealed(&mut self, sealed: &[u8]) -> LeafHash {
        let place = self.frontier.size();
        self.hashed += 1;
        let payload = match Outline::read(sealed) {
            Some(outline) => sealed.get(..outline.payload_len).unwrap_or(sealed),
            None => {
                self.fail_integrity(format!(
                    "receipt {place} has no header of version 1, or not all of it"
                ));
                sealed
            }
        };
        let leaf = LeafHash::of(payload);
        self.push(leaf);
        leaf
    }

    /// Takes all receipts of a source: their payloads' hashes, and those that are left of deleted ones.
    /// The observer sees none of them as verified.
    ///
    /// # Errors
    ///
    /// When the source cannot be read any further; [`TreeVerifier::fail_integrity`] puts that into the
    /// report.
    pub fn push_all<S: ReceiptSource>(
        &mut self,
        source: &mut S,
        total: u64,
        observer: &mut dyn Observer,
    ) -> Result<(), S::Error> {
        let mut buf = vec![0; MAX_SEALED_LEN];
        while let Some(next) = source.read_next(&mut buf)? {
            let seq = self.frontier.size().as_u64();
            match next {
                Next::Sealed(len) => {
                    let hash = Some(self.push_sealed(buf.get(..len).unwrap_or(&buf)));
                    observer.observe(Observed::Unverified { seq, hash });
                }
                Next::Deleted(hash) => {
                    self.deleted += 1;
                    self.push(hash);
                    observer.observe(Observed::Deleted { seq, hash });
                }
            }
            observer.progress(self.frontier.size().as_u64(), total);
        }
        Ok(())
    }

    /// The pinned key under the checkpoint's origin, where it signed the checkpoint.
    #[must_use]
    pub fn key_line(&self) -> Option<VKey> {
        let keys = self.policy.pins().iter().filter_map(|pin| match pin {
            Pin::Log(line) if line.name() == self.checkpoint.origin => Some(line.clone()),
            Pin::Log(_) => None,
            Pin::Key(key) => VKey::ed25519(&self.checkpoint.origin, *key).ok(),
        });
        keys.into_iter().find(|line| self.note.verify(line).is_ok())
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
        if self.foreign > 0 && !self.policy.is_of_several_logs() {
            let count = self.foreign;
            self.remark(format!(
                "{count} of the checkpoints that you brought are of other logs"
            ));
        }
        if self.deleted > 0 {
            let count = self.deleted;
            self.remark(format!(
                "the bytes of {count} receipts are deleted: whether the log accounts for that was not looked at"
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
            receipts: self.hashed + self.deleted,
            deleted: Vec::new(),
            witnesses: Vec::new(),
            time_bounds: Vec::new(),
            open_tool_intents: Vec::new(),
            origin: Some(self.checkpoint.origin),
            log_id: None,
            complete_to,
            remarks: self.remarks,
            disclosed: Vec::new(),
            of_unknown_subject: false,
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
        // Of what lies behind the checkpoint nothing is said.
        let here = held.saturating_add(self.beyond);
        let mut behind = None;
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
            } else if size == 0 {
                // It says that there was a log, and nothing of a receipt.
            } else if size > held && size <= here {
                behind = behind.max(Some(size));
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
        behind = behind.max(known.filter(|known| *known > held && *known <= here));
        if let Some(known) = known.filter(|known| *known > here) {
            cut.get_or_insert(format!(
                "the log is known to have {known} receipts, here are the hashes of {held}"
            ));
        }
        if let Some(reason) = cut {
            return (Status::failed(reason), None);
        }
        if let Some(size) = behind {
            return (
                Status::unverified(format!(
                    "the log is known to have {size} receipts, and its newest checkpoint covers {held} of the {here} that are here: make one (ai-audit checkpoint), or look at it in full"
                )),
                None,
            );
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
