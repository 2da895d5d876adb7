//! What may be missing from a log, or wrong with how it was kept.

mod events;
mod incidents;
mod open;
mod retention;
mod running;
mod time;

use crate::follow::Follow;
use crate::result::{Gap, GapState, Period};
use crate::sample::{Named, Sample};
use ai_audit_core::{Timestamp, Verdict};
use ai_audit_verify::VerifiedReceipt;
use events::{ClockWatch, Losses};
use incidents::Incidents;
use open::OpenWatch;
use retention::RetentionWatch;
use running::Running;
use time::{Anchors, moment};

/// Watches the receipts of a log for gaps.
#[derive(Debug)]
pub(crate) struct Watch {
    period: Period,
    retention: RetentionWatch,
    running: Running,
    losses: Losses,
    clock: ClockWatch,
    anchors: Anchors,
    incidents: Incidents,
    intents: OpenWatch,
}

/// What of a log is seen, and what is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    /// Nothing counts at all.
    pub(crate) blind: bool,
    /// All receipts of the log were gone through, and no selection of them.
    pub(crate) whole: bool,
    /// Receipts whose bytes are deleted. None of them is a control receipt.
    pub(crate) deleted: u64,
    pub(crate) in_period: u64,
    pub(crate) newest: Option<Timestamp>,
    /// The time at which deadlines are judged.
    pub(crate) at: Timestamp,
}

/// What was found of a gap, before it is known what can be told.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) basis: &'static str,
    /// How often the receipts show it.
    pub(crate) count: u64,
    /// How often something is not there that would show that it is none: what was left out or deleted
    /// may have been that.
    pub(crate) absent: u64,
    pub(crate) says: Vec<String>,
    pub(crate) advice: &'static str,
    pub(crate) named: Vec<Named>,
    /// Why it cannot be told although nothing was found.
    pub(crate) cannot_tell: Option<String>,
    /// Whether receipts that would show it, or show that it is none, can be deleted.
    pub(crate) deletable: bool,
    /// Whether it is of the period; else of the whole log.
    pub(crate) of_period: bool,
}

impl Watch {
    pub(crate) fn new(period: Period) -> Self {
        Self {
            period,
            retention: RetentionWatch::default(),
            running: Running::default(),
            losses: Losses::default(),
            clock: ClockWatch::default(),
            anchors: Anchors::default(),
            incidents: Incidents::default(),
            intents: OpenWatch::default(),
        }
    }

    /// Takes the next receipt. Gaps are about how this log was kept, so that an imported record is
    /// none of what they speak of, but for an escalated decision: see [`Follow`].
    pub(crate) fn see(&mut self, receipt: &VerifiedReceipt<'_>, named: Named) {
        let counts = self.period.contains(named.sealed_at);
        self.retention.see(receipt, named);
        self.anchors.see(named);
        self.incidents.see(receipt, named);
        self.intents.see(receipt, named);
        self.running.see(receipt, named, counts);
        self.losses.see(receipt, named, self.period);
        if counts {
            self.clock.see(receipt, named);
        }
    }

    /// The receipts that are named so far.
    pub(crate) fn named(&self) -> Vec<Named> {
        let mut named = self.losses.named();
        named.extend(self.clock.named());
        named.extend(self.retention.named());
        named.extend(self.running.named());
        named.extend(self.anchors.named());
        named.extend(self.incidents.named());
        named
    }

    /// The gaps, and the receipts that they name.
    pub(crate) fn gaps(
        &self,
        follow: &Follow,
        verdict: &Verdict,
        sight: &Sight,
    ) -> (Vec<Gap>, Vec<Named>) {
        let findings = [
            self.retention.finding(sight.newest),
            self.running.finding(),
            self.losses.finding(),
            self.clock.finding(),
            self.anchors
                .finding(sight.newest, verdict.time.is_verified()),
            self.escalations(follow),
            self.incidents.finding(self.period, sight.at),
            self.intents.finding(self.period),
        ];
        let mut named = Vec::new();
        let gaps = findings
            .into_iter()
            .map(|finding| {
                let blind = self.blind(&finding, verdict, sight);
                let (gap, own) = finding.gap(sight, blind);
                named.extend(own);
                gap
            })
            .collect();
        (gaps, named)
    }

    fn escalations(&self, follow: &Follow) -> Finding {
        let found = follow.escalations(self.period);
        let open = found.open.len() as u64;
        let mut sample = Sample::default();
        found.open.iter().for_each(|named| sample.push(*named));
        let mut says = vec![match found.all {
            0 => "no decision was escalated".into(),
            all => format!("{open} of {all} escalated decisions have no review"),
        }];
        let not_followed = (found.not_followed > 0).then(|| {
            format!(
                "{} more were escalated than are followed; whether they were reviewed is not known",
                found.not_followed
            )
        });
        if found.imported > 0 {
            says.push(format!(
                "{} of these were imported from another system; whether they were reviewed there, this \
                 log does not say",
                found.imported
            ));
        }
        says.extend(not_followed.clone());
        Finding {
            id: "escalations",
            title: "Escalations that nobody reviewed",
            basis: "EU AI Act Art. 14",
            absent: open,
            says,
            advice: "record who reviewed them: ai-audit review",
            named: sample.named(),
            cannot_tell: not_followed,
            deletable: true,
            of_period: true,
            ..Finding::default()
        }
    }

    /// Why the absence of receipts cannot be told from this evidence.
    fn blind(&self, finding: &Finding, verdict: &Verdict, sight: &Sight) -> Option<String> {
        if !sight.whole {
            return Some("this is a selection, and what it left out is not known".into());
        }
        if finding.deletable && sight.deleted > 0 {
            return Some(format!(
                "{} receipts are deleted, and what they were is not known",
                sight.deleted
            ));
        }
        if !verdict.completeness.is_verified() {
            return Some(format!(
                "what comes after the last receipt at hand is not known: completeness is {}",
                verdict.completeness
            ));
        }
        if finding.of_period && sight.in_period == 0 {
            return Some("no receipt of the log is in the period".into());
        }
        match (self.period.to, sight.newest) {
            (Some(to), Some(newest)) if finding.of_period && newest < to => Some(format!(
                "the newest receipt is of {}, before the period's end",
                moment(newest)
            )),
            _ => None,
        }
    }
}

impl Finding {
    fn gap(self, sight: &Sight, blind: Option<String>) -> (Gap, Vec<Named>) {
        let mut says = self.says;
        let mut named = self.named;
        // What is missing here may be elsewhere; that nothing comes after the end leaves it missing.
        let elsewhere = !sight.whole || (self.deletable && sight.deleted > 0);
        let count = match elsewhere {
            true => self.count,
            false => self.count.saturating_add(self.absent),
        };
        let state = if sight.blind {
            says = vec!["nothing counts: see the verdict".into()];
            named = Vec::new();
            GapState::CannotTell
        } else if count > 0 {
            GapState::Found
        } else {
            match self.cannot_tell.or(blind) {
                Some(why) => {
                    if !says.contains(&why) {
                        says.push(why);
                    }
                    GapState::CannotTell
                }
                None => GapState::Clear,
            }
        };
        let gap = Gap {
            id: self.id,
            title: self.title,
            state,
            basis: self.basis,
            count: match state {
                GapState::Found => count,
                _ => 0,
            },
            says,
            advice: match state {
                GapState::Found => self.advice.into(),
                _ => String::new(),
            },
            pointers: named.iter().map(|named| named.seq).collect(),
        };
        (gap, named)
    }
}
