//! Two histories of one member in what the verifier brought: whole logs held against each other, and
//! checkpoints of one size (attack A131).

use crate::{EvidenceFinding, FleetReport, MemberEvidence, MemberReport, MemberState, MemberWatch};
use ai_audit_core::NodeHash;
use ai_audit_note::VKey;
use ai_audit_verify::{Report, TrustPolicy};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

/// Where a whole log of a member ends, all of which its keys signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    origin: String,
    pub(crate) size: u64,
    root: NodeHash,
    from: String,
}

impl End {
    /// None of a part of a log, or of one of which something is open or fails.
    pub(crate) fn of(from: &str, report: &Report, watch: &MemberWatch) -> Option<Self> {
        let verdict = &report.verdict;
        let signed = verdict.integrity.is_verified() && verdict.attribution.is_verified();
        let (size, root) = watch.end()?;
        Some(Self {
            origin: report.origin.clone().filter(|_| signed)?,
            size,
            root,
            from: from.into(),
        })
    }

    /// Why another log that ends no later has another history, if one has.
    pub(crate) fn contradicts(&self, others: &[Self], watch: &MemberWatch) -> Option<String> {
        let before = |other: &&Self| other.origin == self.origin && other.size <= self.size;
        others.iter().filter(before).find_map(|other| {
            let root = match other.size == self.size {
                true => self.root,
                false => watch.root_of(other.size)?,
            };
            (root != other.root).then(|| {
                format!(
                    "its first {} receipts are not those of {}, and all of both are signed: the member signed two histories",
                    other.size, other.from
                )
            })
        })
    }
}

impl FleetReport {
    /// Whether several logs of one member were held that end at different sizes. Which of them came first must
    /// not matter: each is to be [looked at again](FleetReport::hold_again) under a new [`MemberWatch`].
    #[must_use]
    pub fn has_several_ends(&self) -> bool {
        let mut ends = self.ends.iter();
        ends.any(|one| {
            let mut others = self.ends.iter();
            others.any(|other| other.origin == one.origin && other.size != one.size)
        })
    }

    /// Holds a log that was [held](FleetReport::hold) against the others of its member, now that they are known.
    pub fn hold_again(&mut self, from: &str, report: &Report, watch: &MemberWatch) {
        let Some(end) = End::of(from, report, watch) else {
            return;
        };
        let Some(why) = end.contradicts(&self.ends, watch) else {
            return;
        };
        let mut members = self.members.iter_mut();
        if let Some(member) = members.find(|one| one.origin == end.origin) {
            let mut evidence = member.evidence.iter_mut();
            if let Some(one) = evidence.find(|one| one.from == from) {
                one.finding = EvidenceFinding::Forked;
                one.why = Some(why);
            }
            member.state = member.state.max(MemberState::Forked);
        }
    }

    /// Convicts each member of which two checkpoints of one size were brought.
    pub(crate) fn compare_brought(&mut self, policy: &TrustPolicy) {
        for member in &mut self.members {
            let Ok(line) = VKey::parse(&member.key) else {
                continue;
            };
            let mut roots = BTreeMap::new();
            for (note, checkpoint) in policy.checkpoints() {
                if checkpoint.origin != member.origin || note.verify(&line).is_err() {
                    continue;
                }
                let size = checkpoint.size.as_u64();
                if *roots.entry(size).or_insert(checkpoint.root) != checkpoint.root {
                    let why = format!("two of them are of {size} receipts and have two roots");
                    member.convict("the checkpoints that you brought", size, &why);
                    break;
                }
            }
        }
    }
}

impl MemberReport {
    /// What its key line signed contradicts itself.
    pub(crate) fn convict(&mut self, from: &str, receipts: u64, why: &str) {
        self.state = self.state.max(MemberState::Forked);
        self.evidence.push(MemberEvidence {
            from: from.into(),
            receipts,
            finding: EvidenceFinding::Forked,
            why: Some(format!("{why}: the member signed two histories")),
        });
    }
}
