//! What a fleet comes to: each member, its state, and the exit code.

use crate::ends::End;
use crate::{Change, Fleet, FleetFault, Fork, Member, MemberEvidence, Unheld};
use ai_audit_core::{Exit, NodeHash, Timestamp};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use serde::Serialize;

/// What is said of a fleet, as of a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FleetReport {
    /// As of when.
    pub at: Timestamp,
    /// All members, those that were dropped as well, by origin.
    pub members: Vec<MemberReport>,
    /// Receipts of the fleet log that do not hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FleetFault>,
    /// How many more of them there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_faults: u64,
    /// Origins that the verifier expects and that are not in the roster under their key line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// What the verifier brought of logs that are not at hand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unheld: Vec<Unheld>,
    /// Where the logs end that were held.
    #[serde(skip)]
    pub(crate) ends: Vec<End>,
    /// Whether something of the fleet log is not there, or counts for nothing: it is a part, or bytes are
    /// deleted. What is a fault then, or absent, may be none with the rest, so neither fails anything.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub partial: bool,
    /// Why the fleet stays unverified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// What is said of one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberReport {
    /// The origin of its log.
    pub origin: String,
    /// Its key line, as the roster has it.
    pub key: String,
    /// What it comes to.
    pub state: MemberState,
    /// Whether it is in the roster.
    pub present: bool,
    /// Complete to this size: that of the last checkpoint that was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The root of that checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<NodeHash>,
    /// As of when: when the receipt that took it was sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The `seq` of that receipt in the fleet log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<u64>,
    /// Within how many seconds it owes a checkpoint each time.
    pub interval: u64,
    /// Until when it has time for the next one, where it is in the roster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// How often it came, or went, after its time.
    pub lapses: u64,
    /// How often a checkpoint was sealed again, which counts for nothing.
    #[serde(skip_serializing_if = "is_zero")]
    pub repeated: u64,
    /// How it came and went.
    pub changes: Vec<Change>,
    /// How many more changes there were.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_changes: u64,
    /// What convicts it of two histories, where the fleet log has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fork: Option<ForkReport>,
    /// What its own log, where it was brought, says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<MemberEvidence>,
}

/// Two checkpoints of a member that cannot both be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForkReport {
    /// The `seq` of the receipt that has them.
    pub receipt: u64,
    /// When it was sealed.
    pub at: Timestamp,
    /// Size of the smaller one.
    pub smaller: u64,
    /// Size of the larger one.
    pub larger: u64,
}

/// What a member comes to. The greater is the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// In the roster, and in time.
    Complete,
    /// Not in the roster any more.
    Dropped,
    /// In the roster, and after its time.
    Late,
    /// In the roster, and no checkpoint was ever taken of it.
    Missing,
    /// Its log, which was brought, fails.
    Failed,
    /// Its log, which was brought, is shorter than its last checkpoint, or than one that was brought.
    Cut,
    /// It signed two histories, or its log, which was brought, is not that of its last checkpoint.
    Forked,
}

impl MemberState {
    /// The name, as in the JSON form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Dropped => "dropped",
            Self::Late => "late",
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Cut => "cut",
            Self::Forked => "forked",
        }
    }

    const fn exit(self) -> Exit {
        match self {
            Self::Complete | Self::Dropped => Exit::Verified,
            Self::Late | Self::Missing => Exit::Unverified,
            Self::Failed | Self::Cut | Self::Forked => Exit::Failed,
        }
    }
}

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Fleet {
    /// What the fleet comes to as of a time; without one, as of the last receipt that was looked at.
    #[must_use]
    pub fn report(&self, at: Option<Timestamp>) -> FleetReport {
        let at = at.or(self.time()).unwrap_or(Timestamp::from_micros(0));
        FleetReport {
            at,
            members: self.members().map(|member| of(member, at)).collect(),
            faults: self.faults().to_vec(),
            more_faults: self.more_faults(),
            absent: Vec::new(),
            unheld: Vec::new(),
            ends: Vec::new(),
            partial: false,
            unknown: None,
        }
    }
}

fn of(member: &Member, at: Timestamp) -> MemberReport {
    let last = member.last();
    let state = if member.fork().is_some() {
        MemberState::Forked
    } else if !member.is_present() {
        MemberState::Dropped
    } else if last.is_none() {
        MemberState::Missing
    } else if at > member.due() {
        MemberState::Late
    } else {
        MemberState::Complete
    };
    MemberReport {
        origin: member.origin().into(),
        key: member.key().to_string(),
        state,
        present: member.is_present(),
        size: last.map(|last| last.checkpoint.size.as_u64()),
        root: last.map(|last| last.checkpoint.root),
        as_of: last.map(|last| last.when.at),
        receipt: last.map(|last| last.when.seq),
        interval: member.interval(),
        due: member.is_present().then(|| member.due()),
        lapses: member.lapses(),
        repeated: member.repeated(),
        changes: member.changes().to_vec(),
        more_changes: member.more_changes(),
        fork: member.fork().map(fork),
        evidence: Vec::new(),
    }
}

fn fork(fork: &Fork) -> ForkReport {
    ForkReport {
        receipt: fork.when.seq,
        at: fork.when.at,
        smaller: fork.smaller.size.as_u64(),
        larger: fork.larger.size.as_u64(),
    }
}

impl FleetReport {
    /// Notes what is absent of the key lines that the verifier expects in the roster.
    pub fn expect<'k>(&mut self, keys: impl IntoIterator<Item = &'k ai_audit_note::VKey>) {
        for key in keys {
            let line = key.to_string();
            let there = |member: &MemberReport| member.present && member.key == line;
            if !self.members.iter().any(there) {
                self.absent.push(key.name().into());
            }
        }
    }

    /// What it comes to. The verdict on the fleet log itself is not in it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let states = self.members.iter().map(|member| member.state.exit());
        let wrong = !self.faults.is_empty() || !self.absent.is_empty();
        if (wrong && !self.partial) || states.clone().any(|exit| exit == Exit::Failed) {
            return Exit::Failed;
        }
        let untold = self
            .members
            .iter()
            .any(|member| member.evidence.iter().any(MemberEvidence::tells_nothing));
        let unheld = self.unheld.iter().any(|one| !one.dropped);
        let open = untold || unheld || self.partial || self.unknown.is_some();
        match open || states.clone().any(|exit| exit == Exit::Unverified) {
            true => Exit::Unverified,
            false => Exit::Verified,
        }
    }
}

/// serde passes a reference.
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
