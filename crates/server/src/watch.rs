//! A log that is followed: what its figures need of each receipt, and none of the receipts.

mod due;
mod flow;
mod known;

pub(crate) use known::Watches;

use crate::Problem;
use crate::forms::{
    DueIncident, DueIncidentList, EventRate, Flow, GapEntry, GapList, OpenIntentEntry,
    OpenIntentList, Overview,
};
use ai_audit_agentic::{IncidentDeadlines, IncidentState, OpenIntent, OpenIntents};
use ai_audit_analytics::{AnalyticsError, ConfidenceSequence};
use ai_audit_core::{Action, DecodeBody as _, Gap, Kind, Start, Timestamp, UnverifiedReceipt};
use ai_audit_report::{Event, FigureOptions, PathData, Paths};
use ai_audit_store::{StoredContent, StoredReceipt};
use due::DueReviews;
use flow::{Recent, moment};
use std::collections::{BTreeMap, VecDeque};

/// Entries of a list.
const LISTED: usize = 100;
/// Characters of the reason of a gap.
const REASON: usize = 256;
/// How often the bounds of the rate may be wrong.
const ALPHA: f64 = 0.05;

/// What is known of a log up to some receipt. Memory is bounded whatever the receipts say.
#[derive(Debug)]
pub(crate) struct Watch {
    looked_at: u64,
    deleted: u64,
    unreadable: u64,
    unclean_starts: u64,
    clock_anomalies: u64,
    last_sealed_at: Option<Timestamp>,
    /// Receipts by second and by minute, decisions likewise.
    receipts: (Recent, Recent),
    decisions: (Recent, Recent),
    actions: BTreeMap<&'static str, u64>,
    event: Event,
    rate: ConfidenceSequence,
    paths: Paths,
    intents: OpenIntents,
    gaps: (u64, u64, VecDeque<GapEntry>),
    reviews: DueReviews,
    incidents: IncidentDeadlines,
}

impl Watch {
    pub(crate) fn new() -> Result<Self, AnalyticsError> {
        let event = Event::Actions(vec![Action::Reject, Action::Escalate]);
        let options = FigureOptions {
            event: event.clone(),
            ..FigureOptions::default()
        };
        let recent = || (Recent::of_seconds(1), Recent::of_seconds(60));
        Ok(Self {
            looked_at: 0,
            deleted: 0,
            unreadable: 0,
            unclean_starts: 0,
            clock_anomalies: 0,
            last_sealed_at: None,
            receipts: recent(),
            decisions: recent(),
            actions: BTreeMap::new(),
            event,
            rate: ConfidenceSequence::new(ALPHA)?,
            paths: Paths::new(&options)?,
            intents: OpenIntents::new(),
            gaps: Default::default(),
            reviews: DueReviews::default(),
            incidents: IncidentDeadlines::new(),
        })
    }

    /// How many receipts it has seen, from the first one on.
    pub(crate) const fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// Takes the next receipt.
    pub(crate) fn take(&mut self, stored: &StoredReceipt) {
        self.looked_at = stored.seq.saturating_add(1);
        let StoredContent::Sealed(sealed) = &stored.content else {
            self.deleted += 1;
            return;
        };
        let whole =
            UnverifiedReceipt::parse(sealed).is_ok_and(|receipt| self.receipt(&receipt).is_some());
        self.unreadable += u64::from(!whole);
    }

    /// Nothing where its body does not decode.
    fn receipt(&mut self, receipt: &UnverifiedReceipt<'_>) -> Option<()> {
        let header = receipt.header();
        let time = header.sealed_at;
        self.last_sealed_at = Some(time);
        self.receipts.0.add(time);
        self.receipts.1.add(time);
        if let Some(decision) = self.paths.push(receipt) {
            self.decisions.0.add(time);
            self.decisions.1.add(time);
            *self.actions.entry(decision.action.name()).or_default() += 1;
            self.rate.push(self.event.is(&decision));
            // What was imported was escalated elsewhere.
            if header.kind == Kind::DECISION && decision.action == Action::Escalate {
                self.reviews.escalated(receipt);
            }
            return Some(());
        }
        match header.kind {
            Kind::DECISION => None,
            Kind::TOOL_INTENT | Kind::TOOL_OUTCOME => self.intents.push(receipt).ok(),
            Kind::HUMAN_REVIEW => self.reviews.reviewed(receipt),
            Kind::INCIDENT => self.incidents.push(receipt).ok().map(|_| ()),
            Kind::GAP => Gap::decode(receipt)
                .ok()
                .map(|gap| self.gap(header.seq, &gap)),
            Kind::START => {
                let start = Start::decode(receipt).ok()?;
                self.unclean_starts += u64::from(!start.clean);
                Some(())
            }
            Kind::CLOCK_ANOMALY => {
                self.clock_anomalies += 1;
                Some(())
            }
            _ => Some(()),
        }
    }

    fn gap(&mut self, seq: u64, gap: &Gap<'_>) {
        let (count, lost, listed) = &mut self.gaps;
        *count += 1;
        *lost = lost.saturating_add(gap.lost.unwrap_or_default());
        if listed.len() >= LISTED {
            listed.pop_front();
        }
        listed.push_back(GapEntry {
            seq,
            from: gap.from.to_string(),
            to: gap.to.to_string(),
            lost: gap.lost,
            reason: gap.reason.chars().take(REASON).collect(),
        });
    }

    /// The paths as they are now.
    pub(crate) fn paths(&self) -> PathData {
        self.paths.now()
    }

    /// Puts its figures into an overview.
    pub(crate) fn fill(&self, overview: &mut Overview, now: Timestamp) {
        overview.looked_at = self.looked_at;
        overview.deleted = self.deleted;
        overview.unreadable = self.unreadable;
        overview.unclean_starts = self.unclean_starts;
        overview.clock_anomalies = self.clock_anomalies;
        overview.last_sealed_at = self.last_sealed_at.map(|time| time.to_string());
        let until = moment(now, self.last_sealed_at);
        overview.flow = Flow {
            receipts_last_minute: self.receipts.0.at(until).iter().sum(),
            decisions_last_minute: self.decisions.0.at(until).iter().sum(),
            receipts_by_minute: self.receipts.1.at(until),
            decisions_by_minute: self.decisions.1.at(until),
        };
        let actions = self.actions.iter();
        overview.actions = actions
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect();
        overview.rate = self.event_rate();
        overview.open_intents = self.open_intents();
        let (count, lost, listed) = &self.gaps;
        overview.gaps = GapList {
            count: *count,
            lost: *lost,
            listed: listed.iter().cloned().collect(),
        };
        overview.reviews_due = self.reviews.list(LISTED);
        overview.incidents_due = self.incidents_due(now);
    }

    fn event_rate(&self) -> EventRate {
        let interval = self.rate.interval();
        EventRate {
            event: self.event.to_string(),
            observations: self.rate.observations(),
            events: self.rate.events(),
            alpha: ALPHA,
            lower: interval.lower,
            upper: interval.upper,
        }
    }

    fn open_intents(&self) -> OpenIntentList {
        let mut open: Vec<&OpenIntent> = self.intents.open().collect();
        open.sort_unstable_by_key(|intent| intent.seq);
        let entry = |intent: &&OpenIntent| OpenIntentEntry {
            seq: intent.seq,
            tool: intent.tool.clone(),
            call_id: intent.call_id.clone(),
            trace_id: intent.trace_id.clone(),
        };
        OpenIntentList {
            count: open.len() as u64,
            not_followed: self.intents.not_followed(),
            unmatched: self.intents.unmatched(),
            listed: open.iter().take(LISTED).map(entry).collect(),
        }
    }

    fn incidents_due(&self, now: Timestamp) -> DueIncidentList {
        let told = self.incidents.report(now).into_iter();
        let due = told.filter_map(|told| {
            let (rank, state) = match told.state {
                IncidentState::Overdue => (0, "overdue"),
                IncidentState::Open => (1, "open"),
                IncidentState::CannotTell if told.reported.is_none() => (2, "cannot_tell"),
                _ => return None,
            };
            let deadline = told.deadline?;
            let due = DueIncident {
                seq: told.receipts.first().copied()?,
                category: told.category,
                deadline: deadline.to_string(),
                state: state.into(),
            };
            Some((rank, deadline, due))
        });
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(rank, deadline, due)| (*rank, *deadline, due.seq));
        DueIncidentList {
            count: due.len() as u64,
            not_followed: self.incidents.not_followed(),
            listed: due
                .into_iter()
                .take(LISTED)
                .map(|(_, _, due)| due)
                .collect(),
        }
    }
}

impl From<AnalyticsError> for Problem {
    fn from(error: AnalyticsError) -> Self {
        // The parameters are this module's own.
        Self::later(error.to_string())
    }
}
