//! Checkpoints against the tree of the receipts: those in the evidence and those brought.

use crate::TrustPolicy;
use crate::quorum::Judgement;
use crate::time::Times;
use crate::walk::Facts;
use ai_audit_core::{NodeHash, Status};
use ai_audit_note::{Checkpoint, SignedNote};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Checkpoints in ascending size, each met when the tree has that size.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    entries: Vec<Entry>,
    /// Entries before this one were met.
    next: usize,
    /// What those of the evidence say that were met and are not kept.
    settled: Outcome,
}

#[derive(Debug)]
struct Entry {
    note: SignedNote,
    checkpoint: Checkpoint,
    brought: bool,
    /// The tree's root when it had the checkpoint's size.
    root: Option<NodeHash>,
}

/// What the checkpoints say in the end.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// A checkpoint that contradicts the receipts.
    pub(crate) contradiction: Option<String>,
    /// A checkpoint that has more receipts than there are.
    pub(crate) cut: Option<String>,
    /// The largest size of a brought checkpoint that the receipts lead to.
    pub(crate) complete_to: Option<u64>,
    /// Whether any checkpoint by the log's checkpoint key covers the genesis.
    pub(crate) anchored: bool,
    /// How many brought checkpoints are of another log.
    pub(crate) foreign: usize,
    /// Whether a brought checkpoint of the log is of size 0.
    pub(crate) empty: bool,
    /// What the policy's witnesses say of the checkpoint that tells most.
    pub(crate) witnessed: Option<Judgement>,
}

impl Checkpoints {
    pub(crate) fn add(&mut self, note: SignedNote, checkpoint: Checkpoint, brought: bool) {
        let entry = Entry {
            note,
            checkpoint,
            brought,
            root: None,
        };
        let place = self
            .entries
            .partition_point(|other| other.size() <= entry.size());
        self.entries.insert(place, entry);
    }

    /// The tree has `size` leaves now; `root` is asked for where a checkpoint has that size.
    pub(crate) fn reach(&mut self, size: u64, root: impl Fn() -> NodeHash) {
        while let Some(entry) = self.entries.get_mut(self.next) {
            if entry.size() > size {
                return;
            }
            if entry.size() == size {
                entry.root = Some(root());
            }
            self.next += 1;
        }
    }

    /// Judges what was met of the evidence and forgets it: whoever made the evidence decides how
    /// much of it there is.
    pub(crate) fn settle(&mut self, policy: &TrustPolicy, facts: &Facts, time: &mut Times<'_>) {
        let met = self.entries.get(..self.next).unwrap_or_default();
        if met.iter().all(|entry| entry.brought) {
            return;
        }
        let mut index = 0;
        while index < self.next {
            if self.entries.get(index).is_none_or(|entry| entry.brought) {
                index += 1;
                continue;
            }
            let entry = self.entries.remove(index);
            self.next -= 1;
            entry.weigh(policy, facts, Some(entry.size()), &mut self.settled, time);
        }
    }

    /// Judges all. `held` is the number of receipts from the genesis on, or `None` where the tree
    /// could not be built.
    pub(crate) fn finish(
        &mut self,
        policy: &TrustPolicy,
        facts: &Facts,
        held: Option<u64>,
        time: &mut Times<'_>,
    ) -> Outcome {
        let mut outcome = core::mem::take(&mut self.settled);
        for entry in &self.entries {
            entry.weigh(policy, facts, held, &mut outcome, time);
        }
        if held.is_none() {
            outcome.anchored = false;
            outcome.witnessed = None;
        }
        outcome
    }

    /// The largest size that any checkpoint, signed or not, claims.
    pub(crate) fn brought_any(&self) -> bool {
        self.entries.iter().any(|entry| entry.brought)
    }
}

impl Entry {
    const fn size(&self) -> u64 {
        self.checkpoint.size.as_u64()
    }

    /// Judges it, and where it holds what the policy's witnesses say of it.
    fn weigh(
        &self,
        policy: &TrustPolicy,
        facts: &Facts,
        held: Option<u64>,
        outcome: &mut Outcome,
        time: &mut Times<'_>,
    ) {
        if self.judge(facts, held, outcome) {
            let judgement = Judgement::of(policy, &self.note, self.size(), &facts.own);
            time.checkpoint(&self.note, self.size(), judgement.as_ref());
            let before = outcome.witnessed.take();
            outcome.witnessed = match judgement {
                Some(judgement) => Some(judgement.better(before)),
                None => before,
            };
        }
    }

    /// Whether the log signed it and the receipts lead to it; what is wrong is put into `outcome`.
    fn judge(&self, facts: &Facts, held: Option<u64>, outcome: &mut Outcome) -> bool {
        let size = self.size();
        let whose = if self.brought {
            "that you brought"
        } else {
            "in the evidence"
        };
        if self.brought && self.checkpoint.origin != facts.origin {
            outcome.foreign += 1;
            return false;
        }
        let contradict = |outcome: &mut Outcome, reason: String| {
            outcome.contradiction.get_or_insert(reason);
            false
        };
        if self.checkpoint.origin != facts.origin {
            let reason = format!(
                "checkpoint of size {size} {whose} is of another log, {}",
                self.checkpoint.origin
            );
            return contradict(outcome, reason);
        }
        if let Err(error) = self.note.verify(&facts.line) {
            let reason = format!(
                "checkpoint of size {size} {whose} is not signed by the log's checkpoint key: {error}"
            );
            return contradict(outcome, reason);
        }
        let Some(held) = held else {
            return false;
        };
        if size > held {
            outcome.cut.get_or_insert(format!(
                "checkpoint {whose} has {size} receipts, here are {held}: the last {} are missing",
                size - held
            ));
            return false;
        }
        match self.root {
            Some(root) if root == self.checkpoint.root => {
                // Every log begins with nothing: a checkpoint of size 0 tells nothing of one.
                outcome.anchored |= size > 0;
                if self.brought && size > 0 {
                    outcome.complete_to = outcome.complete_to.max(Some(size));
                }
                outcome.empty |= self.brought && size == 0;
                true
            }
            _ => contradict(
                outcome,
                format!("the first {size} receipts do not have the root of the checkpoint {whose}"),
            ),
        }
    }
}

/// The answer on completeness for receipts from the genesis on.
pub(crate) fn completeness(
    outcome: &Outcome,
    brought: bool,
    policy: &TrustPolicy,
    held: u64,
) -> (Status, Option<u64>) {
    if let Some(reason) = &outcome.cut {
        return (Status::failed(reason.clone()), None);
    }
    let known_size = policy.known_size();
    let quorum = policy
        .quorum()
        .is_some_and(|policy| policy.quorum().is_some());
    if let Some(size) = known_size
        && size > held
    {
        let reason = format!(
            "the log is known to have {size} receipts, here are {held}: the last {} are missing",
            size - held
        );
        return (Status::failed(reason), None);
    }
    let witnessed = outcome.witnessed.as_ref();
    let by_quorum = witnessed.and_then(Judgement::complete_to);
    let to = outcome.complete_to.max(known_size).max(by_quorum);
    if let Some(to) = to {
        return (Status::Verified, Some(to));
    }
    if let Some(Err(why)) = witnessed.map(|judgement| &judgement.accepted)
        && quorum
    {
        return (Status::unverified(why.clone()), None);
    }
    let why = if quorum {
        "there is no checkpoint of this log that the quorum could have cosigned"
    } else if outcome.empty {
        "the checkpoint that you brought is of size 0, which says nothing of any receipt"
    } else if brought {
        "none of the checkpoints that you brought is of this log"
    } else {
        "no checkpoint or size was brought from outside, so receipts may be missing at the end"
    };
    (Status::unverified(why), None)
}
