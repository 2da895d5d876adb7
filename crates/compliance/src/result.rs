//! What a crosswalk says: statuses, coverage, pointers to receipts, gaps.

use crate::{ApplicationDate, Day, Support, Verification};
use ai_audit_core::{Kind, LeafHash, LogId, NodeHash, ReceiptId, Said, Timestamp, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// How far a log is evidence for a control. Never more: whether somebody complies, a log does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Status {
    /// All that a log can show here is there.
    #[serde(rename = "evidence available")]
    EvidenceAvailable,
    /// Some of it is there, or a log can only ever show a part.
    #[serde(rename = "partial evidence")]
    PartialEvidence,
    /// A log could show something, and this one does not.
    #[serde(rename = "no evidence")]
    NoEvidence,
    /// The requirement is about something that no log shows.
    #[serde(rename = "not addressable by a log")]
    NotAddressable,
}

impl Status {
    /// All four, the most evidence first.
    pub const ALL: [Self; 4] = [
        Self::EvidenceAvailable,
        Self::PartialEvidence,
        Self::NoEvidence,
        Self::NotAddressable,
    ];

    /// In words, as reports say it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::EvidenceAvailable => "evidence available",
            Self::PartialEvidence => "partial evidence",
            Self::NoEvidence => "no evidence",
            Self::NotAddressable => "not addressable by a log",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// Which receipts count: those sealed from `from` on and before `to`; of those that bring a decision
/// or a tool outcome of another system, those whose record says that it was made then. Open ends are
/// `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Period {
    /// The first moment of it.
    pub from: Option<Timestamp>,
    /// The first moment after it.
    pub to: Option<Timestamp>,
}

impl Period {
    /// Whether it has this moment.
    #[must_use]
    pub fn contains(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time < to)
    }
}

/// The tree that inclusion proofs lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TreeHead {
    /// How many leaves it has.
    pub size: u64,
    /// Its root (RFC 6962).
    pub root: NodeHash,
}

/// How many receipts there are, and how many of them could count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Receipts in the evidence, deleted ones as well.
    pub receipts: u64,
    /// Those that the verifier gave back as verified.
    pub verified: u64,
    /// Those whose bytes are deleted; they count nowhere below.
    pub deleted: u64,
    /// Verified ones of the period.
    pub in_period: u64,
}

/// How many of the receipts that count were imported from another system. They are among the numbers
/// of what they bring, by the time that their records give themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ImportedCounts {
    /// Decisions.
    pub decisions: u64,
    /// Tool outcomes.
    pub tool_outcomes: u64,
    /// Those of both without a signature of their own that was found to hold.
    pub unproven: u64,
    /// The earliest time that one gives itself.
    pub from: Option<Timestamp>,
    /// The latest.
    pub to: Option<Timestamp>,
}

impl ImportedCounts {
    /// All of them.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.decisions.saturating_add(self.tool_outcomes)
    }

    pub(crate) fn add(&mut self, said: &Said<'_>) {
        if !said.imported {
            return;
        }
        match said.kind {
            Kind::DECISION => self.decisions += 1,
            _ => self.tool_outcomes += 1,
        }
        self.unproven += u64::from(said.unproven);
        self.from = Some(self.from.map_or(said.time, |from| from.min(said.time)));
        self.to = self.to.max(Some(said.time));
    }
}

/// A receipt that a number rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pointer {
    /// Its place.
    pub seq: u64,
    /// Its hash, which is its leaf hash.
    pub hash: LeafHash,
    /// Its id.
    pub id: ReceiptId,
    /// Its kind.
    pub kind: Kind,
    /// When it was sealed, by the log's own clock.
    pub sealed_at: Timestamp,
    /// The hashes of its inclusion proof in the crosswalk's tree, lowest first. `None` where the
    /// evidence has none, as a selection without proofs.
    pub path: Option<Vec<NodeHash>>,
}

/// What a selector found: `n` of `m` receipts carry its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The selector's name.
    pub selector: String,
    /// What the receipts are called.
    pub says: String,
    /// The fields that were asked for; empty where the receipts themselves are the evidence.
    pub fields: Vec<String>,
    /// How many carry them all.
    pub n: u64,
    /// How many there are.
    pub m: u64,
    /// How many lack a field, for each that some lack.
    pub lacking: BTreeMap<String, u64>,
    /// Places of the first, of a spread sample and of the last of the `n`, in ascending order. Each
    /// is in [`Crosswalk::pointers`].
    pub pointers: Vec<u64>,
}

impl Coverage {
    /// The count as a sentence's part: `12 of 14 decisions carry model`, or `3 human reviews`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.fields.as_slice() {
            [] => format!("{} {}", self.n, self.says),
            fields => format!(
                "{} of {} {} carry {}",
                self.n,
                self.m,
                self.says,
                fields.join(", ")
            ),
        }
    }
}

/// A question of the verdict that a control hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Its name, such as `completeness`.
    pub question: &'static str,
    /// Whether it is verified.
    pub verified: bool,
}

/// One control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlResult {
    /// Its id in the framework.
    pub id: String,
    /// Its true title.
    pub title: String,
    /// The id of the group that it is in; empty where the framework has none.
    pub group: String,
    /// From when it applies, or its status; may be empty.
    pub applies: String,
    /// What it asks for, in words of ours.
    pub requirement: String,
    /// How far a log can be evidence at all.
    pub support: Support,
    /// How far this one is.
    pub status: Status,
    /// Indices into [`Crosswalk::coverage`]: what all of it takes.
    pub evidence: Vec<usize>,
    /// As `evidence`: what adds to it.
    pub also: Vec<usize>,
    /// What of the verdict it hangs on.
    pub needs: Vec<Need>,
    /// What to do or to bring for more.
    pub missing: Vec<String>,
    /// What a log cannot show here.
    pub limits: String,
    /// Where id, title and requirement were read.
    pub source: String,
    /// How sure that is.
    pub verification: Verification,
}

impl ControlResult {
    /// The title that the framework gives it; empty where it gives none, which tables of controls say
    /// by its sort, as in `subcategory (no separate title)`.
    #[must_use]
    pub fn own_title(&self) -> &str {
        let title = self.title.as_str();
        match title.split_once("(no ") {
            Some((_, rest)) => rest.split_once(") - ").map_or("", |(_, own)| own),
            None if matches!(title, "function" | "category") => "",
            None => title,
        }
    }
}

/// How many controls have which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct StatusCounts {
    /// [`Status::EvidenceAvailable`].
    pub evidence_available: u64,
    /// [`Status::PartialEvidence`].
    pub partial_evidence: u64,
    /// [`Status::NoEvidence`].
    pub no_evidence: u64,
    /// [`Status::NotAddressable`].
    pub not_addressable: u64,
}

impl StatusCounts {
    /// The count of one status.
    #[must_use]
    pub const fn of(&self, status: Status) -> u64 {
        match status {
            Status::EvidenceAvailable => self.evidence_available,
            Status::PartialEvidence => self.partial_evidence,
            Status::NoEvidence => self.no_evidence,
            Status::NotAddressable => self.not_addressable,
        }
    }

    pub(crate) fn add(&mut self, status: Status) {
        let count = match status {
            Status::EvidenceAvailable => &mut self.evidence_available,
            Status::PartialEvidence => &mut self.partial_evidence,
            Status::NoEvidence => &mut self.no_evidence,
            Status::NotAddressable => &mut self.not_addressable,
        };
        *count = count.saturating_add(1);
    }
}

/// A part of a framework, such as a function of the AI RMF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupResult {
    /// Its id.
    pub id: String,
    /// Its title; may be empty.
    pub title: String,
    /// Its controls by status.
    pub totals: StatusCounts,
    /// Sum of `n` over the selectors of its controls, each once.
    pub n: u64,
    /// Sum of `m`.
    pub m: u64,
}

/// One framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameworkResult {
    /// Its catalogue's id.
    pub id: String,
    /// Short name.
    pub name: String,
    /// True title.
    pub title: String,
    /// Edition.
    pub edition: String,
    /// When the catalogue was checked.
    pub checked: Day,
    /// What a reader must know of it; may be empty.
    pub notice: String,
    /// Dates of application.
    pub dates: Vec<ApplicationDate>,
    /// Its parts.
    pub groups: Vec<GroupResult>,
    /// Its controls, in the catalogue's order.
    pub controls: Vec<ControlResult>,
    /// All its controls by status.
    pub totals: StatusCounts,
    /// Sum of `n` over the selectors of all its controls, each once.
    pub n: u64,
    /// Sum of `m`.
    pub m: u64,
}

/// Whether a gap is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum GapState {
    /// The log shows it.
    #[serde(rename = "found")]
    Found,
    /// The log shows that it is not there.
    #[serde(rename = "clear")]
    Clear,
    /// The log does not show whether it is there.
    #[serde(rename = "cannot tell")]
    CannotTell,
}

impl GapState {
    /// In words, as reports say it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Clear => "clear",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// Something that may be missing from a log, or wrong with how it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Its id in the specification, such as `retention-floor`.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Whether it is there.
    pub state: GapState,
    /// What asks for its absence; may be empty.
    pub basis: &'static str,
    /// How many times it was found.
    pub count: u64,
    /// What the log shows, a sentence each.
    pub says: Vec<String>,
    /// What to do about it; empty where nothing is to be done.
    pub advice: String,
    /// Places of receipts that show it; each is in [`Crosswalk::pointers`].
    pub pointers: Vec<u64>,
}

/// What evidence a log holds for the controls of frameworks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crosswalk {
    /// The log's origin, where its genesis was read.
    pub origin: Option<String>,
    /// The log's id, where a receipt was read.
    pub log_id: Option<LogId>,
    /// Whose log it is; empty where the genesis was not read.
    pub tenant: String,
    /// Whether the evidence holds all receipts of the log, or a selection.
    pub whole: bool,
    /// The verdict on the evidence, under the reader's trust policy.
    pub verdict: Verdict,
    /// Why nothing counts as evidence, where nothing does.
    pub nothing_counts: Option<String>,
    /// The time that open deadlines were held against.
    pub at: Timestamp,
    /// Which receipts count.
    pub period: Period,
    /// How many there are.
    pub counts: Counts,
    /// How many of those of the period were imported.
    pub imported: ImportedCounts,
    /// When the first receipt of the period was sealed, by the log's own clock.
    pub first_sealed_at: Option<Timestamp>,
    /// When the last one was.
    pub last_sealed_at: Option<Timestamp>,
    /// When the newest receipt of the evidence was sealed, in the period or not.
    pub newest_sealed_at: Option<Timestamp>,
    /// Names of the models that decisions of the log name, in ascending order; at most 4,096, cut to
    /// 128 bytes.
    pub models: Vec<String>,
    /// What the pointers' proofs lead to.
    pub tree: Option<TreeHead>,
    /// The frameworks, in the order that was asked for.
    pub frameworks: Vec<FrameworkResult>,
    /// What each selector found.
    pub coverage: Vec<Coverage>,
    /// Gaps, in the specification's order.
    pub gaps: Vec<Gap>,
    /// Every receipt that is named above, by its place.
    pub pointers: BTreeMap<u64, Pointer>,
}
