//! One member of a fleet: what its fleet log has of it.

use ai_audit_core::Timestamp;
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// The most changes of one member that are kept: its first ones, and the newest in place of the last.
pub const MAX_CHANGES: usize = 64;
/// The most bytes of a change's reason that are kept; the rest stands in its receipt. One receipt may
/// change many members for one long reason.
pub const MAX_REASON: usize = 256;

/// The place and time of a receipt of the fleet log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Its `seq`.
    pub seq: u64,
    /// Its `sealed_at`.
    pub at: Timestamp,
}

/// A member came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The `seq` of the roster receipt in the fleet log.
    pub receipt: u64,
    /// When it was sealed.
    pub at: Timestamp,
    /// Whether it came; else it went.
    pub added: bool,
    /// The size of the newest checkpoint that was taken of it by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Within how many seconds it owes a checkpoint, where it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// Why, in the keeper's words; may be empty. What is longer than [`MAX_REASON`] ends with an ellipsis.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A checkpoint that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The note, as it was shown.
    pub note: SignedNote,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The receipt that took it.
    pub when: When,
}

/// A member was convicted of two histories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The smaller of the two checkpoints, or of two of equal size either.
    pub smaller: Checkpoint,
    /// The larger one.
    pub larger: Checkpoint,
    /// The receipt that has them.
    pub when: When,
}

/// One member, as the fleet log has it.
#[derive(Debug, Clone)]
pub struct Member {
    pub(crate) key: VKey,
    pub(crate) interval: u64,
    /// Whether it is in the roster.
    pub(crate) present: bool,
    /// From when on its time counts: when its last checkpoint was taken; before there is one, when it was
    /// added first.
    pub(crate) since: Timestamp,
    /// Until when it owes the next one. A change of the roster never moves it to later.
    pub(crate) due: Timestamp,
    /// Whether it is counted already that this one is late.
    pub(crate) lapsed: bool,
    pub(crate) changes: Vec<Change>,
    /// Changes that are not kept.
    pub(crate) more_changes: u64,
    pub(crate) last: Option<Taken>,
    pub(crate) fork: Option<Fork>,
    pub(crate) lapses: u64,
    pub(crate) repeated: u64,
}

impl Member {
    /// One that comes for the first time; it is not in the roster yet.
    pub(crate) const fn new(key: VKey, interval: u64, when: When) -> Self {
        Self {
            key,
            interval,
            present: false,
            since: when.at,
            due: after(when.at, interval),
            lapsed: false,
            changes: Vec::new(),
            more_changes: 0,
            last: None,
            fork: None,
            lapses: 0,
            repeated: 0,
        }
    }

    /// Its key line, as the roster has it.
    #[must_use]
    pub const fn key(&self) -> &VKey {
        &self.key
    }

    /// The origin of its log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.key.name()
    }

    /// Within how many seconds it owes a checkpoint each time.
    #[must_use]
    pub const fn interval(&self) -> u64 {
        self.interval
    }

    /// Whether it is in the roster.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        self.present
    }

    /// The last checkpoint that was taken of it.
    #[must_use]
    pub const fn last(&self) -> Option<&Taken> {
        self.last.as_ref()
    }

    /// What convicts it of two histories.
    #[must_use]
    pub const fn fork(&self) -> Option<&Fork> {
        self.fork.as_ref()
    }

    /// How it came and went, at most [`MAX_CHANGES`].
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// How many more changes there were.
    #[must_use]
    pub const fn more_changes(&self) -> u64 {
        self.more_changes
    }

    /// How often it came, or went, after its time.
    #[must_use]
    pub const fn lapses(&self) -> u64 {
        self.lapses
    }

    /// How often a checkpoint that was taken before was sealed again, which counts for nothing.
    #[must_use]
    pub const fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Until when it has time for its next checkpoint.
    #[must_use]
    pub const fn due(&self) -> Timestamp {
        self.due
    }

    /// Gives it another interval. What it owes already stays owed: whoever drops and adds a silent member
    /// gains it no time.
    pub(crate) fn owes_within(&mut self, interval: u64) {
        self.interval = interval;
        self.due = self.due.min(after(self.since, interval));
    }

    /// Its next checkpoint counts from this time on.
    pub(crate) const fn in_time_again(&mut self, when: When) {
        self.since = when.at;
        self.due = after(when.at, self.interval);
        self.lapsed = false;
    }

    /// Counts where it is late, each checkpoint that it owes once. While it was out of the roster it owed none.
    pub(crate) fn count_lapse(&mut self, when: When) {
        if self.present && !self.lapsed && when.at > self.due {
            self.lapses = self.lapses.saturating_add(1);
            self.lapsed = true;
        }
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.last.as_ref().map(|last| last.checkpoint.size.as_u64())
    }

    pub(crate) fn changed(&mut self, when: When, added: bool, reason: &str) {
        let change = Change {
            receipt: when.seq,
            at: when.at,
            added,
            size: self.size(),
            interval: added.then_some(self.interval),
            reason: cut(reason, MAX_REASON),
        };
        if self.changes.len() == MAX_CHANGES {
            // The newest tells more than any of those in between.
            self.changes.pop();
            self.more_changes = self.more_changes.saturating_add(1);
        }
        self.changes.push(change);
    }
}

/// So many seconds later.
const fn after(time: Timestamp, seconds: u64) -> Timestamp {
    let micros = seconds.saturating_mul(1_000_000);
    Timestamp::from_micros(time.as_micros().saturating_add(micros))
}

/// A text of at most so many bytes, or its beginning and an ellipsis.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.into();
    }
    let end = (0..=max).rev().find(|end| text.is_char_boundary(*end));
    let mut kept = String::from(text.get(..end.unwrap_or(0)).unwrap_or_default());
    kept.push('…');
    kept
}
