//! The crosswalk out of what was counted: statuses, sums, and the receipts that are named.

use super::Assessment;
use crate::catalogue::{Catalogue, Control, Support};
use crate::fields::Probe;
use crate::gaps::Sight;
use crate::result::{
    ControlResult, Counts, Coverage, Crosswalk, FrameworkResult, GroupResult, Need, Pointer,
    Status, StatusCounts, TreeHead,
};
use crate::sample::Named;
use ai_audit_core::{NodeHash, Question, Verdict};
use ai_audit_merkle::{InclusionProof, LeafIndex, TreeSize};
use ai_audit_verify::Report;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn crosswalk(
    mut assessment: Assessment,
    report: &Report,
    checkpoint: Option<u64>,
    also: Vec<Pointer>,
) -> Crosswalk {
    let verdict = report.verdict.clone();
    let nothing_counts = nothing_counts(&verdict, assessment.counts);
    let counts = nothing_counts.is_none();
    // An anchor is whatever somebody wrote into the log: it counts where the reader trusts its word.
    let vouched = verdict.time.is_verified();
    let counts_of = |probe: &Probe| counts && (vouched || !probe.is_of_anchors());
    let coverage: Vec<Coverage> = assessment
        .tallies
        .iter()
        .map(|tally| tally.coverage(counts_of(tally.probe())))
        .collect();
    let whole = assessment.next.is_some() && !assessment.selection;
    let judge = Judge {
        assessment: &assessment,
        verdict: &verdict,
        coverage: &coverage,
        nothing_counts: nothing_counts.is_some(),
        vouched,
        whole,
    };
    let frameworks = assessment
        .catalogues
        .iter()
        .zip(&assessment.named)
        .map(|(catalogue, named)| judge.framework(catalogue, named))
        .collect();
    let sight = Sight {
        blind: nothing_counts.is_some(),
        whole,
        deleted: assessment.counts.deleted,
        in_period: assessment.counts.in_period,
        newest: assessment.newest,
        // What is sealed has happened: no deadline is judged at a time before.
        at: assessment
            .newest
            .map_or(assessment.at, |newest| newest.max(assessment.at)),
    };
    let (gaps, told) = assessment.watch.gaps(&assessment.follow, &verdict, &sight);
    let mut named: Vec<Named> = told;
    if counts {
        named.extend(also.iter().map(Named::of_pointer));
        for tally in assessment
            .tallies
            .iter()
            .filter(|tally| counts_of(tally.probe()))
        {
            named.extend(tally.named());
        }
    }
    let paths = std::mem::take(&mut assessment.paths);
    let leaves = std::mem::take(&mut assessment.leaves);
    let (tree, pointers) = match whole {
        true => {
            let tree = leaves.head();
            let mut proofs = leaves.into_proofs();
            (tree, pointers(named, |named| proofs(named.seq)))
        }
        false => selected(named, paths, checkpoint),
    };
    Crosswalk {
        origin: report.origin.clone(),
        log_id: report.log_id,
        tenant: assessment.tenant,
        whole,
        verdict,
        nothing_counts,
        at: assessment.at,
        period: assessment.period,
        counts: assessment.counts,
        imported: assessment.imported,
        first_sealed_at: assessment.first,
        last_sealed_at: assessment.last,
        newest_sealed_at: assessment.newest,
        models: match counts {
            true => assessment.follow.models(),
            false => Vec::new(),
        },
        tree,
        frameworks,
        coverage,
        gaps,
        pointers,
    }
}

/// Why no receipt counts, if none does: what was changed is no evidence, and neither is what
/// somebody unknown signed.
fn nothing_counts(verdict: &Verdict, counts: Counts) -> Option<String> {
    if !verdict.integrity.is_verified() {
        return Some(format!("integrity is not verified ({})", verdict.integrity));
    }
    if !verdict.attribution.is_verified() {
        return Some(format!(
            "attribution is not verified ({})",
            verdict.attribution
        ));
    }
    // Unverified it only bounds what can be said; failed, somebody cut the evidence.
    if verdict.completeness.is_failed() {
        return Some(format!("completeness is {}", verdict.completeness));
    }
    // Under a bare checkpoint key only the end shows whose the receipts are, when they have gone by.
    let unseen = counts
        .receipts
        .saturating_sub(counts.verified)
        .saturating_sub(counts.deleted);
    if unseen > 0 || counts.verified == 0 {
        return Some(format!(
            "{unseen} of {} receipts could not be verified as they came; pin the log's key line \
             (log.pub), not a bare key",
            counts.receipts
        ));
    }
    None
}

fn pointers(
    named: Vec<Named>,
    mut path: impl FnMut(&Named) -> Option<Vec<NodeHash>>,
) -> BTreeMap<u64, Pointer> {
    let mut pointers = BTreeMap::new();
    for named in named {
        pointers.entry(named.seq).or_insert_with(|| Pointer {
            path: path(&named),
            ..named.pointer()
        });
    }
    pointers
}

/// The receipts of a selection have the proofs that they came with, all to one root.
fn selected(
    named: Vec<Named>,
    mut paths: BTreeMap<u64, Vec<NodeHash>>,
    checkpoint: Option<u64>,
) -> (Option<TreeHead>, BTreeMap<u64, Pointer>) {
    let mut tree = None;
    let pointers = pointers(named, |named| {
        let proof = InclusionProof {
            index: LeafIndex::new(named.seq),
            size: TreeSize::new(checkpoint?),
            path: paths.remove(&named.seq)?,
        };
        let root = proof.root(&named.hash).ok()?;
        let head = *tree.get_or_insert(TreeHead {
            size: checkpoint?,
            root,
        });
        (head.root == root).then_some(proof.path)
    });
    (tree, pointers)
}

struct Judge<'a> {
    assessment: &'a Assessment,
    verdict: &'a Verdict,
    coverage: &'a [Coverage],
    nothing_counts: bool,
    /// Whether somebody whom the reader trusts vouches for anchors.
    vouched: bool,
    whole: bool,
}

impl Judge<'_> {
    fn framework(&self, catalogue: &Catalogue, named: &BTreeMap<String, usize>) -> FrameworkResult {
        let controls: Vec<ControlResult> = catalogue
            .controls
            .iter()
            .map(|control| self.control(control, named))
            .collect();
        let groups = catalogue
            .groups
            .iter()
            .map(|group| {
                let own = || controls.iter().filter(|control| control.group == group.id);
                let (n, m) = self.sums(own());
                GroupResult {
                    id: group.id.clone(),
                    title: group.title.clone(),
                    totals: totals(own()),
                    n,
                    m,
                }
            })
            .collect();
        let (n, m) = self.sums(controls.iter());
        FrameworkResult {
            id: catalogue.id.clone(),
            name: catalogue.name.clone(),
            title: catalogue.title.clone(),
            edition: catalogue.edition.clone(),
            checked: catalogue.checked,
            notice: catalogue.notice.clone(),
            dates: catalogue.dates.clone(),
            groups,
            totals: totals(controls.iter()),
            n,
            m,
            controls,
        }
    }

    fn control(&self, control: &Control, named: &BTreeMap<String, usize>) -> ControlResult {
        let places = |names: &[String]| -> Vec<usize> {
            names
                .iter()
                .filter_map(|name| named.get(name).copied())
                .collect()
        };
        let evidence = places(&control.evidence);
        let also = places(&control.also);
        // Who has but a part of a log cannot say that all of it carries something.
        let whole_log = |question: &Question| {
            control.support == Support::Direct && *question == Question::Completeness
        };
        let needs: Vec<Need> = Question::ALL
            .into_iter()
            .filter(|question| {
                whole_log(question) || control.needs.iter().any(|need| need == question.name())
            })
            .map(|question| Need {
                question: question.name(),
                verified: self.verdict.answer(question).is_verified(),
            })
            .collect();
        let status = self.status(control.support, &evidence, &also, &needs);
        ControlResult {
            id: control.id.clone(),
            title: control.title.clone(),
            group: control.group.clone(),
            applies: control.applies.clone(),
            requirement: control.requirement.clone(),
            support: control.support,
            status,
            missing: self.missing(status, &evidence, &also, &needs),
            evidence,
            also,
            needs,
            limits: control.limits.clone(),
            source: control.source.clone(),
            verification: control.verification,
        }
    }

    fn status(
        &self,
        support: Support,
        evidence: &[usize],
        also: &[usize],
        needs: &[Need],
    ) -> Status {
        if support == Support::None {
            return Status::NotAddressable;
        }
        let found = |place: &usize| self.coverage.get(*place).is_some_and(|found| found.n > 0);
        if !evidence.iter().chain(also).any(found) {
            return Status::NoEvidence;
        }
        let all = |place: &usize| {
            let coverage = self.coverage.get(*place);
            coverage.is_some_and(|found| found.n > 0 && found.n == found.m)
        };
        if support == Support::Direct
            && !evidence.is_empty()
            && self.bounded(evidence).is_empty()
            && evidence.iter().all(all)
            && needs.iter().all(|need| need.verified)
        {
            Status::EvidenceAvailable
        } else {
            Status::PartialEvidence
        }
    }

    fn missing(
        &self,
        status: Status,
        evidence: &[usize],
        also: &[usize],
        needs: &[Need],
    ) -> Vec<String> {
        match (status, self.nothing_counts) {
            (Status::NotAddressable, _) => return Vec::new(),
            (_, true) => return vec!["nothing counts as evidence: see the verdict".into()],
            _ => {}
        }
        let mut missing = Vec::new();
        let add: &[usize] = match status {
            Status::NoEvidence => also,
            _ => &[],
        };
        for place in evidence.iter().chain(add) {
            if let Some(tally) = self.assessment.tallies.get(*place) {
                match tally.probe().is_of_anchors() && !self.vouched {
                    true => missing.extend(tally.unvouched()),
                    false => missing.extend(tally.missing()),
                }
            }
        }
        missing.extend(self.bounded(evidence));
        for need in needs.iter().filter(|need| !need.verified) {
            missing.push(format!(
                "{} is not verified: {}",
                need.question,
                bring(need)
            ));
        }
        missing
    }

    /// Why not all receipts that selectors speak of can be known from this evidence.
    fn bounded(&self, places: &[usize]) -> Vec<String> {
        let mut why = Vec::new();
        if !self.whole {
            why.push("this is a selection, and what it left out is not known".into());
        }
        let deleted = self.assessment.counts.deleted;
        let mut tallies = places
            .iter()
            .filter_map(|place| self.assessment.tallies.get(*place));
        if deleted > 0 && tallies.any(|tally| tally.probe().is_deletable()) {
            why.push(format!(
                "receipts are deleted, and what they carried is not known: {deleted}"
            ));
        }
        why
    }

    /// Sums of n and m over the selectors of some controls, each once.
    fn sums<'c>(&self, controls: impl Iterator<Item = &'c ControlResult>) -> (u64, u64) {
        let places: BTreeSet<usize> = controls
            .flat_map(|control| control.evidence.iter().chain(&control.also))
            .copied()
            .collect();
        let mut sums = (0, 0);
        for place in places {
            if let Some(coverage) = self.coverage.get(place) {
                sums.0 += coverage.n;
                sums.1 += coverage.m;
            }
        }
        sums
    }
}

/// What a reader brings to have a question answered.
fn bring(need: &Need) -> &'static str {
    match need.question {
        "completeness" => {
            "bring a checkpoint or size that you kept, or witnesses (--checkpoint, --size, --policy)"
        }
        "time" => {
            "trust a timestamp authority or witnesses that saw the log's checkpoints (--timestamp-authority, --policy)"
        }
        "erasure" => "verify the log where its subject keys are kept",
        "attribution" => "pin the log's key line (--key)",
        _ => "see the verdict",
    }
}

fn totals<'c>(controls: impl Iterator<Item = &'c ControlResult>) -> StatusCounts {
    let mut totals = StatusCounts::default();
    for control in controls {
        totals.add(control.status);
    }
    totals
}
