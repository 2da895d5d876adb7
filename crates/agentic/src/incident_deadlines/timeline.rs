//! What is told of an incident and its deadline.

use crate::IncidentClass;
use ai_audit_core::{LeafHash, Timestamp};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::Serialize;

/// An incident, from its opening to what was said of it last.
///
/// All of it is what the operator recorded: that an incident happened and was not recorded, or that an
/// authority was told of something else, no log shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncidentTimeline {
    /// Hash of the receipt that opened it.
    pub incident: LeafHash,
    /// `seq` of that receipt; none where it is not among the receipts.
    pub opened: Option<u64>,
    /// `seq` of its receipts in their order, of the first
    /// [`MAX_INCIDENT_RECEIPTS`](crate::MAX_INCIDENT_RECEIPTS).
    pub receipts: Vec<u64>,
    /// How many receipts it has.
    pub count: u64,
    /// Its category as told last, cut to [`MAX_OPEN_TEXT`](crate::MAX_OPEN_TEXT) bytes; may be empty.
    pub category: String,
    /// The strictest class that was ever told.
    pub class: IncidentClass,
    /// The class that was told last.
    pub last_class: IncidentClass,
    /// The earliest awareness that was ever told: the operator's claim.
    pub aware_at: Option<Timestamp>,
    /// When the first receipt was sealed that calls it serious: by then it was known, whatever
    /// `aware_at` says. The log's clock.
    pub known_by: Option<Timestamp>,
    /// By when it had to be reported, both ends included; none where it has not. From the earlier of
    /// `aware_at` and `known_by` on, in days of 24 hours. Where no `aware_at` was told, it is the latest
    /// that the deadline can be.
    ///
    /// Regulation (EEC, Euratom) No 1182/71 counts whole days from the next one on and moves an end that
    /// falls on a holiday or weekend, so a reader may grant up to some days more.
    pub deadline: Option<Timestamp>,
    /// How report and deadline stand to each other.
    pub state: IncidentState,
    /// The report that is said to be the earliest.
    pub reported: Option<IncidentReported>,
    /// The earliest time at which the log shows that it was reported: when such a receipt was sealed,
    /// or, if that is later, the time that it tells.
    pub shown_by: Option<Timestamp>,
    /// `seq` of the first receipt that closed it.
    pub closed: Option<u64>,
}

/// A report to an authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncidentReported {
    /// `seq` of the receipt that says so.
    pub receipt: u64,
    /// When it was reported: the operator's claim, which he can choose.
    pub reported_at: Timestamp,
    /// When that receipt was sealed, by the log's clock. Who backdates a report has this time later
    /// than the one that he claims; what bounds it is in the verdict's question on time.
    pub sealed_at: Timestamp,
    /// The authority, cut to [`MAX_OPEN_TEXT`](crate::MAX_OPEN_TEXT) bytes.
    pub authority: String,
}

/// How report and deadline stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// Not serious, or nobody classified it: there is no deadline.
    NotDue,
    /// Not reported, and the deadline has not passed.
    Open,
    /// Reported in time, and the log had that before the deadline passed.
    ReportedInTime,
    /// Said to have been reported in time, in a receipt that was sealed after the deadline.
    ClaimedInTime,
    /// Reported after the deadline, by the operator's own word.
    ReportedLate,
    /// Not reported, and the deadline has passed.
    Overdue,
    /// Serious, and nobody said when the operator became aware: the deadline may have passed before
    /// the latest that it can be.
    CannotTell,
}

impl IncidentState {
    /// It in words, to stand behind "incident of receipt 7:".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotDue => "not due",
            Self::Open => "open",
            Self::ReportedInTime => "reported in time",
            Self::ClaimedInTime => "said to be in time, recorded late",
            Self::ReportedLate => "reported late",
            Self::Overdue => "overdue",
            Self::CannotTell => "cannot tell",
        }
    }
}

impl fmt::Display for IncidentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
