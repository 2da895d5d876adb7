//! A fleet as it stands after some receipt, in a form that can be kept: to go on from there, and not from the first one.

use super::{Fleet, FleetFault, MAX_FAULTS, MAX_MEMBERS};
use crate::{Change, Fork, MAX_CHANGES, Member, Taken, When};
use ai_audit_core::Timestamp;
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A fleet to be kept ([`Fleet::state`]) and to be gone on with ([`Fleet::resume`]).
///
/// It is no evidence. Whoever can write it can leave somebody out, as can whoever writes to the store that an own log is
/// read from unverified: keep it where the log's keys are, and hold it against the log ([`Fleet::is_in_log`]). Its form is this
/// version's alone, so keep beside it by which it was made, and up to which receipt it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetState {
    members: Vec<KeptMember>,
    faults: Vec<KeptFault>,
    more_faults: u64,
    /// Times are in microseconds.
    time: Option<u64>,
    last: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptMember {
    key: String,
    interval: u64,
    present: bool,
    since: u64,
    due: u64,
    lapsed: bool,
    changes: Vec<KeptChange>,
    more_changes: u64,
    last: Option<KeptTaken>,
    fork: Option<KeptFork>,
    lapses: u64,
    repeated: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptChange {
    receipt: u64,
    at: u64,
    added: bool,
    size: Option<u64>,
    interval: Option<u64>,
    reason: String,
}

/// The note, and the receipt that took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptTaken {
    note: String,
    seq: u64,
    at: u64,
}

/// The texts of the two checkpoints, and the receipt that has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptFork {
    smaller: String,
    larger: String,
    seq: u64,
    at: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptFault {
    receipt: u64,
    reason: String,
}

impl Fleet {
    /// The fleet as it stands, to be kept. Up to which time it looks is no part of it.
    #[must_use]
    pub fn state(&self) -> FleetState {
        let fault = |fault: &FleetFault| KeptFault {
            receipt: fault.receipt,
            reason: fault.reason.clone(),
        };
        FleetState {
            members: self.members.values().map(KeptMember::of).collect(),
            faults: self.faults.iter().map(fault).collect(),
            more_faults: self.more_faults,
            time: self.time.map(Timestamp::as_micros),
            last: self.last,
        }
    }

    /// The fleet that was kept; none where it is not one. The last checkpoint of each member is held against its key line
    /// again, so that what was damaged is noticed. What was made up is not: [`Fleet::is_in_log`] finds that.
    #[must_use]
    pub fn resume(state: FleetState) -> Option<Self> {
        if state.members.len() > MAX_MEMBERS || state.faults.len() > MAX_FAULTS {
            return None;
        }
        let mut members = BTreeMap::new();
        for kept in state.members {
            let member = kept.member()?;
            if members
                .insert(member.origin().to_string(), member)
                .is_some()
            {
                return None;
            }
        }
        let fault = |kept: KeptFault| FleetFault {
            receipt: kept.receipt,
            reason: kept.reason,
        };
        Some(Self {
            members,
            faults: state.faults.into_iter().map(fault).collect(),
            more_faults: state.more_faults,
            until: None,
            time: state.time.map(Timestamp::from_micros),
            last: state.last,
        })
    }
}

impl KeptMember {
    fn of(member: &Member) -> Self {
        let change = |change: &Change| KeptChange {
            receipt: change.receipt,
            at: change.at.as_micros(),
            added: change.added,
            size: change.size,
            interval: change.interval,
            reason: change.reason.clone(),
        };
        Self {
            key: member.key.to_string(),
            interval: member.interval,
            present: member.present,
            since: member.since.as_micros(),
            due: member.due.as_micros(),
            lapsed: member.lapsed,
            changes: member.changes.iter().map(change).collect(),
            more_changes: member.more_changes,
            last: member.last.as_ref().map(|last| KeptTaken {
                note: last.note.to_string(),
                seq: last.when.seq,
                at: last.when.at.as_micros(),
            }),
            fork: member.fork.as_ref().map(|fork| KeptFork {
                smaller: fork.smaller.to_text(),
                larger: fork.larger.to_text(),
                seq: fork.when.seq,
                at: fork.when.at.as_micros(),
            }),
            lapses: member.lapses,
            repeated: member.repeated,
        }
    }

    fn member(self) -> Option<Member> {
        if self.changes.len() > MAX_CHANGES {
            return None;
        }
        let key = VKey::parse(&self.key).ok()?;
        let last = match self.last {
            Some(kept) => Some(Taken {
                checkpoint: Checkpoint::open(kept.note.as_bytes(), &key).ok()?,
                note: SignedNote::parse(kept.note.as_bytes()).ok()?,
                when: when(kept.seq, kept.at),
            }),
            None => None,
        };
        let fork = match self.fork {
            Some(kept) => Some(Fork {
                smaller: Checkpoint::parse(&kept.smaller).ok()?,
                larger: Checkpoint::parse(&kept.larger).ok()?,
                when: when(kept.seq, kept.at),
            }),
            None => None,
        };
        let change = |kept: KeptChange| Change {
            receipt: kept.receipt,
            at: Timestamp::from_micros(kept.at),
            added: kept.added,
            size: kept.size,
            interval: kept.interval,
            reason: kept.reason,
        };
        Some(Member {
            key,
            interval: self.interval,
            present: self.present,
            since: Timestamp::from_micros(self.since),
            due: Timestamp::from_micros(self.due),
            lapsed: self.lapsed,
            changes: self.changes.into_iter().map(change).collect(),
            more_changes: self.more_changes,
            last,
            fork,
            lapses: self.lapses,
            repeated: self.repeated,
        })
    }
}

const fn when(seq: u64, at: u64) -> When {
    When {
        seq,
        at: Timestamp::from_micros(at),
    }
}
