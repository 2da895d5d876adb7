//! What may be missing from a log, or wrong with how it was kept.

mod incidents;
mod retention;
mod running;
mod time;

use crate::follow::Follow;
use crate::result::{Gap, GapState, Period};
use crate::sample::{Named, Sample};
use ai_audit_core::{ClockAnomaly, DecodeBody as _, Gap as Loss, Kind, Status, Timestamp};
use ai_audit_verify::{Report, VerifiedReceipt};
use incidents::Incidents;
use retention::RetentionWatch;
use running::Running;
use time::{Anchors, moment, span};

/// Watches the receipts of a log for gaps.
#[derive(Debug)]
pub(crate) struct Watch {
    period: Period,
    at: Timestamp,
    retention: RetentionWatch,
    running: Running,
    losses: Losses,
    clock: ClockWatch,
    anchors: Anchors,
    incidents: Incidents,
}

/// Declared losses.
#[derive(Debug, Default)]
struct Losses {
    count: u64,
    lost: u64,
    unknown: u64,
    span: Option<(Timestamp, Timestamp)>,
    sample: Sample,
}

/// Clock anomalies.
#[derive(Debug, Default)]
struct ClockWatch {
    count: u64,
    furthest: u64,
    sample: Sample,
}

/// What a gap is before it is known whether its absence can be told.
pub(crate) struct Finding {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) basis: &'static str,
    pub(crate) count: u64,
    pub(crate) says: Vec<String>,
    pub(crate) advice: &'static str,
    pub(crate) named: Vec<Named>,
    /// Why it cannot be told although nothing was found.
    pub(crate) cannot_tell: Option<String>,
}

impl Watch {
    pub(crate) fn new(period: Period, at: Timestamp) -> Self {
        Self {
            period,
            at,
            retention: RetentionWatch::default(),
            running: Running::default(),
            losses: Losses::default(),
            clock: ClockWatch::default(),
            anchors: Anchors::default(),
            incidents: Incidents::default(),
        }
    }

    /// Takes the next receipt.
    pub(crate) fn see(&mut self, receipt: &VerifiedReceipt<'_>) {
        let header = receipt.header();
        let named = Named::of(receipt);
        self.retention.see(receipt, named);
        self.anchors.see(receipt, named);
        self.incidents.see(receipt, named);
        let counts = self.period.contains(header.sealed_at);
        self.running.see(receipt, named, counts);
        if !counts {
            return;
        }
        match header.kind {
            Kind::GAP => {
                if let Ok(loss) = Loss::decode(receipt) {
                    self.losses.see(&loss, named);
                }
            }
            Kind::CLOCK_ANOMALY => {
                if let Ok(anomaly) = ClockAnomaly::decode(receipt) {
                    let back = anomaly.last.as_micros() - anomaly.observed.as_micros();
                    self.clock.count += 1;
                    self.clock.furthest = self.clock.furthest.max(back);
                    self.clock.sample.push(named);
                }
            }
            _ => {}
        }
    }

    /// The receipts that are named so far.
    pub(crate) fn named(&self) -> Vec<Named> {
        let mut named = self.losses.sample.named();
        named.extend(self.clock.sample.named());
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
        report: &Report,
        whole: bool,
    ) -> (Vec<Gap>, Vec<Named>) {
        let mut findings = vec![self.retention.finding(self.at)];
        findings.extend([
            self.running.finding(),
            self.losses.finding(),
            self.clock.finding(),
            self.anchors.finding(self.at),
            self.escalations(follow),
            self.incidents.finding(self.period, self.at),
            open_intents(report),
        ]);
        let blind = blind(report, whole);
        let mut named = Vec::new();
        let gaps = findings
            .into_iter()
            .map(|finding| {
                let gap = finding.gap(blind.as_ref());
                named.extend(gap.1);
                gap.0
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
        says.extend(not_followed.clone());
        Finding {
            id: "escalations",
            title: "Escalations that nobody reviewed",
            basis: "EU AI Act Art. 14",
            count: open,
            says,
            advice: "record who reviewed them: ai-audit review",
            named: sample.named(),
            cannot_tell: not_followed,
        }
    }
}

impl Losses {
    fn see(&mut self, loss: &Loss<'_>, named: Named) {
        self.count += 1;
        match loss.lost {
            Some(lost) => self.lost = self.lost.saturating_add(lost),
            None => self.unknown += 1,
        }
        let (from, to) = self.span.unwrap_or((loss.from, loss.to));
        self.span = Some((from.min(loss.from), to.max(loss.to)));
        self.sample.push(named);
    }

    fn finding(&self) -> Finding {
        let mut says = Vec::new();
        if let Some((from, to)) = self.span {
            says.push(format!("{} lost receipts are declared", self.lost));
            if self.unknown > 0 {
                says.push(format!(
                    "{} declarations do not say how many were lost",
                    self.unknown
                ));
            }
            says.push(format!(
                "they fall between {} and {}",
                moment(from),
                moment(to)
            ));
        } else {
            says.push("no loss was declared; one that nobody declared leaves no trace".into());
        }
        Finding {
            id: "declared-loss",
            title: "Declared losses",
            basis: "EU AI Act Art. 12(1)",
            count: self.count,
            says,
            advice: "keep the reason of each loss with the report",
            named: self.sample.named(),
            cannot_tell: None,
        }
    }
}

impl ClockWatch {
    fn finding(&self) -> Finding {
        let says = match self.count {
            0 => "the clock never ran backwards between receipts".into(),
            count => format!(
                "the clock ran backwards {count} times, by up to {}",
                span(self.furthest)
            ),
        };
        Finding {
            id: "clock",
            title: "Clock anomalies",
            basis: "",
            count: self.count,
            says: vec![says],
            advice: "keep the machine's clock synchronised; let third parties timestamp checkpoints",
            named: self.sample.named(),
            cannot_tell: None,
        }
    }
}

fn open_intents(report: &Report) -> Finding {
    let open = &report.open_tool_intents;
    let says = match open.len() {
        0 => "every tool intent has its outcome".into(),
        count => format!("{count} tool intents have no outcome"),
    };
    Finding {
        id: "open-intents",
        title: "Tool calls whose outcome never came",
        basis: "",
        count: open.len() as u64,
        says: vec![says],
        advice: "find out what came of them: ai-audit verify lists them",
        // The verifier knows neither their kinds nor times: those of the log's intents are named here.
        named: Vec::new(),
        cannot_tell: None,
    }
}

/// Why the absence of something cannot be told from this evidence.
fn blind(report: &Report, whole: bool) -> Option<(bool, String)> {
    let verdict = &report.verdict;
    if !verdict.integrity.is_verified()
        || !verdict.attribution.is_verified()
        || verdict.completeness.is_failed()
    {
        return Some((true, "nothing counts: see the verdict".into()));
    }
    if !whole {
        let why = "this is a selection, and what it left out is not known";
        return Some((false, why.into()));
    }
    match &verdict.completeness {
        Status::Verified => None,
        status => Some((
            false,
            format!(
                "what comes after the last receipt at hand is not known: completeness is {status}"
            ),
        )),
    }
}

impl Finding {
    /// `blind` is why nothing can be told, or (`false`) why an absence cannot.
    fn gap(self, blind: Option<&(bool, String)>) -> (Gap, Vec<Named>) {
        let mut says = self.says;
        let (state, count, named) = match (blind, self.count, self.cannot_tell) {
            (Some((true, why)), ..) => {
                says = vec![why.clone()];
                (GapState::CannotTell, 0, Vec::new())
            }
            (_, 1.., _) => (GapState::Found, self.count, self.named),
            (_, 0, Some(why)) => {
                if !says.contains(&why) {
                    says.push(why);
                }
                (GapState::CannotTell, 0, self.named)
            }
            (Some((false, why)), 0, None) => {
                says.push(why.clone());
                (GapState::CannotTell, 0, self.named)
            }
            (None, 0, None) => (GapState::Clear, 0, self.named),
        };
        let gap = Gap {
            id: self.id,
            title: self.title,
            state,
            basis: self.basis,
            count,
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
