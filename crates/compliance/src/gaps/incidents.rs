//! Serious incidents, and whether they were reported in time.

use super::Finding;
use super::time::{moment, span};
use crate::result::Period;
use crate::sample::{Named, Sample};
use ai_audit_agentic::{IncidentDeadlines, IncidentState, IncidentTimeline};
use ai_audit_core::{Kind, Timestamp};
use ai_audit_verify::VerifiedReceipt;
use std::collections::BTreeMap;

/// The most incident receipts that can be named.
const MAX_NAMED: usize = 4096;
/// The most incidents that get a sentence each.
const MAX_TOLD: usize = 20;

/// Follows incidents.
#[derive(Debug, Default)]
pub(crate) struct Incidents {
    deadlines: IncidentDeadlines,
    named: BTreeMap<u64, Named>,
}

impl Incidents {
    pub(crate) fn see(&mut self, receipt: &VerifiedReceipt<'_>, named: Named) {
        if receipt.header().kind != Kind::INCIDENT {
            return;
        }
        // What is odd about it, verification remarks.
        let _ = self.deadlines.push(receipt);
        if self.named.len() < MAX_NAMED {
            self.named.insert(named.seq, named);
        }
    }

    pub(crate) fn named(&self) -> Vec<Named> {
        self.named.values().copied().collect()
    }

    pub(crate) fn finding(&self, period: Period, at: Timestamp) -> Finding {
        let all = self.deadlines.report(at);
        let first = |incident: &IncidentTimeline| {
            let seq = incident.receipts.first();
            seq.and_then(|seq| self.named.get(seq)).copied()
        };
        let all: Vec<IncidentTimeline> = all
            .into_iter()
            .filter(|incident| {
                let due = incident.deadline.is_some_and(|due| period.contains(due));
                due || first(incident).is_none_or(|named| period.contains(named.sealed_at))
            })
            .collect();
        let mut sample = Sample::default();
        let (mut found, mut overdue, mut untold) = (0_u64, 0_u64, 0_u64);
        let mut says = Vec::new();
        for incident in &all {
            match incident.state {
                IncidentState::Overdue => overdue += 1,
                IncidentState::ReportedLate | IncidentState::ClaimedInTime => found += 1,
                IncidentState::CannotTell => untold += 1,
                _ => continue,
            }
            if let Some(named) = first(incident) {
                sample.push(named);
            }
            if says.len() < MAX_TOLD {
                says.push(sentence(incident, at));
            }
        }
        let rest = (found + overdue + untold).saturating_sub(says.len() as u64);
        if rest > 0 {
            says.push(format!("and {rest} more"));
        }
        if says.is_empty() {
            says.push(match all.len() {
                0 => "no incident was recorded".into(),
                1 => "1 incident, with no deadline missed".into(),
                count => format!("{count} incidents, with no deadline missed"),
            });
        }
        let not_followed = self.deadlines.not_followed();
        let cannot_tell = if untold > 0 {
            Some(format!(
                "of {untold} serious incidents nobody said when the operator became aware"
            ))
        } else if not_followed > 0 {
            Some(format!(
                "{not_followed} receipts are of incidents beyond those that are followed"
            ))
        } else {
            None
        };
        Finding {
            id: "incident-deadlines",
            title: "Serious incidents not reported in time",
            basis: "EU AI Act Art. 73(2)–(4)",
            count: found,
            absent: overdue,
            says,
            advice: "report them, and record that they were: ai-audit incident report",
            named: sample.named(),
            cannot_tell,
            deletable: true,
            of_period: true,
        }
    }
}

fn sentence(incident: &IncidentTimeline, at: Timestamp) -> String {
    let seq = incident.receipts.first().copied().unwrap_or_default();
    let class = incident.class.name();
    let deadline = match (incident.deadline, incident.state) {
        (Some(deadline), IncidentState::Overdue) => format!(
            ", due {}, {} ago",
            moment(deadline),
            span(at.as_micros().saturating_sub(deadline.as_micros()))
        ),
        (Some(deadline), _) => format!(", due {}", moment(deadline)),
        (None, _) => String::new(),
    };
    format!(
        "incident of receipt {seq} ({class}): {}{deadline}",
        incident.state.words()
    )
}
