//! The log of a member, held against what the fleet log has of it.

use crate::ends::End;
use crate::{FleetReport, MemberReport, MemberState};
use ai_audit_core::{LeafHash, NodeHash, Question};
use ai_audit_merkle::{Frontier, TreeSize};
use ai_audit_verify::{Observed, Observer, Report};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use serde::Serialize;

/// Looks on while the log of a member is verified, and keeps the roots that matter.
///
/// Which member it is shows at the end, so it keeps the root at each size that the fleet log has of
/// anybody, or at which a log ends that was held before.
#[derive(Debug, Clone)]
pub struct MemberWatch {
    wanted: BTreeSet<u64>,
    roots: BTreeMap<u64, NodeHash>,
    frontier: Frontier,
    part: bool,
    /// Whether a receipt had no hash, so that the tree is not known from there on.
    unreadable: bool,
}

/// What the log of a member says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberEvidence {
    /// Where it lies, as the verifier named it.
    pub from: String,
    /// How many receipts it has.
    pub receipts: u64,
    /// What comes of it.
    pub finding: EvidenceFinding,
    /// Why, where it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What comes of holding a member's log against its last checkpoint in the fleet log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceFinding {
    /// It is verified, and continues the checkpoint.
    Holds,
    /// It tells nothing: no checkpoint was taken, it is a part of the log, or who signed it is open.
    Untold,
    /// It fails by itself, or by what the verifier brought; or it contradicts the fleet log, and it is open who
    /// signed it.
    Failed,
    /// It is shorter than the checkpoint, or than one that the verifier brought.
    Cut,
    /// It does not have the checkpoint's root, or is another history than one that was brought beside it.
    Forked,
}

impl MemberWatch {
    /// For logs of the members of this report.
    #[must_use]
    pub fn new(fleet: &FleetReport) -> Self {
        let taken = fleet.members.iter().filter_map(|one| one.size);
        let ends = fleet.ends.iter().map(|end| end.size);
        Self {
            wanted: taken.chain(ends).collect(),
            roots: BTreeMap::new(),
            frontier: Frontier::new(),
            part: false,
            unreadable: false,
        }
    }

    /// Size and root of a whole log, of which at least one receipt was seen.
    pub(crate) fn end(&self) -> Option<(u64, NodeHash)> {
        let size = self.frontier.size().as_u64();
        let whole = !self.part && !self.unreadable && size > 0;
        whole.then(|| (size, self.frontier.root()))
    }

    /// The root of the first so many receipts, where it was kept.
    pub(crate) fn root_of(&self, size: u64) -> Option<NodeHash> {
        self.roots.get(&size).copied()
    }

    /// The receipts are counted as they come: before it overflows, the tree is full.
    fn grow(&mut self, hash: LeafHash) {
        if self.unreadable || self.frontier.push(hash).is_err() {
            self.unreadable = true;
            return;
        }
        let size = self.frontier.size().as_u64();
        if self.wanted.contains(&size) {
            self.roots.insert(size, self.frontier.root());
        }
    }
}

impl Observer for MemberWatch {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        match seen {
            Observed::Verified { receipt, path } => {
                self.part |= path.is_some();
                self.grow(receipt.hash());
            }
            Observed::Unverified {
                hash: Some(hash), ..
            }
            | Observed::Deleted { hash, .. } => self.grow(hash),
            Observed::Unverified { hash: None, .. } => self.unreadable = true,
        }
    }
}

impl MemberEvidence {
    /// Whether it tells neither good nor bad.
    #[must_use]
    pub fn tells_nothing(&self) -> bool {
        self.finding == EvidenceFinding::Untold
    }
}

impl FleetReport {
    /// Holds a log that was verified, under the key lines of the roster and no others, against its member.
    /// `from` says where it lies. Returns whether it is the log of a member.
    ///
    /// Verify it under all else that the verifier brought ([`TrustPolicy::pinned_to`](ai_audit_verify::TrustPolicy::pinned_to)):
    /// what he knows of a member is lost otherwise.
    pub fn hold(&mut self, from: &str, report: &Report, watch: &MemberWatch) -> bool {
        let Some(origin) = report.origin.as_deref() else {
            return false;
        };
        let found = self.members.iter_mut().find(|one| one.origin == origin);
        let Some(member) = found else {
            return false;
        };
        let (mut finding, mut why) = judge(member, report, watch);
        if let Some(end) = End::of(from, report, watch) {
            if let Some(other) = end.contradicts(&self.ends, watch) {
                (finding, why) = (EvidenceFinding::Forked, Some(other));
            }
            self.ends.push(end);
        }
        member.state = member.state.max(match finding {
            EvidenceFinding::Holds | EvidenceFinding::Untold => member.state,
            EvidenceFinding::Failed => MemberState::Failed,
            EvidenceFinding::Cut => MemberState::Cut,
            EvidenceFinding::Forked => MemberState::Forked,
        });
        member.evidence.push(MemberEvidence {
            from: from.into(),
            receipts: report.receipts,
            finding,
            why,
        });
        true
    }
}

/// What its verification says, and then what the fleet log does. Where it stays open what was signed, or by whom,
/// it shows nothing good; and where it contradicts the fleet log it has failed and is neither cut nor forked.
fn judge(
    member: &MemberReport,
    report: &Report,
    watch: &MemberWatch,
) -> (EvidenceFinding, Option<String>) {
    let verdict = &report.verdict;
    let told = |question: Question| format!("{} {}", question.name(), verdict.answer(question));
    let failed = |question: &Question| verdict.answer(*question).is_failed();
    let by_itself = [
        Question::Integrity,
        Question::Attribution,
        Question::Time,
        Question::Erasure,
    ];
    if let Some(question) = by_itself.into_iter().find(failed) {
        return (EvidenceFinding::Failed, Some(told(question)));
    }
    let (finding, why) = match failed(&Question::Completeness) {
        true => (EvidenceFinding::Cut, Some(told(Question::Completeness))),
        false => compare(member, watch),
    };
    let mut asked = [Question::Integrity, Question::Attribution].into_iter();
    let open = asked.find(|question| !verdict.answer(*question).is_verified());
    match (open.map(told), finding) {
        (None, _) => (finding, why),
        (open, EvidenceFinding::Holds | EvidenceFinding::Untold) => (EvidenceFinding::Untold, open),
        // Something is wrong with it all the same, and whoever made it need not be the member.
        (Some(open), _) => {
            let why = why.map_or_else(String::new, |why| format!("; {why}"));
            (EvidenceFinding::Failed, Some(format!("{open}{why}")))
        }
    }
}

/// Holds its tree against the last checkpoint taken.
fn compare(member: &MemberReport, watch: &MemberWatch) -> (EvidenceFinding, Option<String>) {
    let untold = |why: &str| (EvidenceFinding::Untold, Some(String::from(why)));
    if watch.part {
        return untold("it is a part of the log, whose end and tree are not there");
    }
    let (Some(size), Some(root)) = (member.size, member.root) else {
        return untold("the fleet log has no checkpoint of it");
    };
    if watch.unreadable {
        return untold("not every receipt of it has a hash");
    }
    let has = watch.frontier.size();
    if has < TreeSize::new(size) {
        let why = format!(
            "the fleet log has its checkpoint of {size} receipts, here are {}: the last {} are missing",
            has.as_u64(),
            size - has.as_u64()
        );
        return (EvidenceFinding::Cut, Some(why));
    }
    if watch.roots.get(&size) == Some(&root) {
        return (EvidenceFinding::Holds, None);
    }
    let why = format!(
        "its first {size} receipts do not have the root of the checkpoint that the fleet log has"
    );
    (EvidenceFinding::Forked, Some(why))
}
