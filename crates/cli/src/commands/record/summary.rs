//! What was recorded: told in the end, and also when it ended early.

use crate::cli::Record as Args;
use crate::output::{Output, Tone, counted, shown_path};
use ai_audit_core::ReceiptId;
use ai_audit_ingest::{Group, StepBody};
use ai_audit_store::{LogName, Receipt, Ticket};
use anyhow::Context as _;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// What was recorded.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) receipts: u64,
    decisions: u64,
    tool_intents: u64,
    tool_outcomes: u64,
    trace_nodes: u64,
    provenance: u64,
    pub(super) skipped: u64,
    /// Conversations in which the assistant never spoke.
    empty: u64,
    logs: BTreeMap<String, Range>,
    created: Vec<String>,
    /// Where a redaction policy that was given was put in force, and by which receipt.
    policies: BTreeMap<String, u64>,
    /// How often personal data of each kind was found in the texts.
    found: BTreeMap<String, u64>,
    /// Which lines or conversations of the input are recorded.
    recorded: Vec<Span>,
    /// What was not read whole when the command was asked to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_before: Option<String>,
}

/// Places in a log, both included.
#[derive(Debug, Clone, Copy, Serialize)]
struct Range {
    first: u64,
    last: u64,
}

/// Groups of the input that came one after the other, both included.
#[derive(Debug, Serialize)]
struct Span {
    first: String,
    last: String,
    #[serde(skip)]
    last_number: u64,
}

/// How it ended.
pub(super) struct Sealed {
    pub(super) summary: Summary,
    pub(super) failure: Option<anyhow::Error>,
}

/// What is on its way to the disk, and what came of the rest.
#[derive(Default)]
pub(super) struct Pending {
    waiting: VecDeque<(u64, Waiting)>,
    submitted: u64,
    summary: Summary,
    failure: Option<anyhow::Error>,
    asked_to_end: bool,
}

/// A group that was submitted.
pub(super) struct Waiting {
    pub(super) place: String,
    pub(super) log: LogName,
    pub(super) counts: [u64; 5],
    pub(super) ids: Vec<ReceiptId>,
    pub(super) found: BTreeMap<String, u64>,
    pub(super) ticket: Ticket,
}

impl Pending {
    pub(super) const fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The stream is not read on, or ended by itself, after the command was asked to end: what is cut off is not wrong.
    pub(super) const fn ask_to_end(&mut self) {
        self.asked_to_end = true;
    }

    pub(super) const fn is_asked_to_end(&self) -> bool {
        self.asked_to_end
    }

    /// It ended before this line or conversation was read whole.
    pub(super) fn ended_before(&mut self, place: String) {
        self.summary.ended_before = Some(place);
    }

    pub(super) fn created(&mut self, logs: Vec<String>) {
        self.summary.created.extend(logs);
    }

    pub(super) fn put_in_force(&mut self, policies: Vec<(String, u64)>) {
        self.summary.policies.extend(policies);
    }

    pub(super) const fn skipped(&mut self) {
        self.summary.skipped += 1;
    }

    pub(super) const fn empty(&mut self) {
        self.summary.empty += 1;
    }

    pub(super) fn push(&mut self, group: Waiting) {
        self.submitted += 1;
        self.waiting.push_back((self.submitted, group));
    }

    /// Waits for all where one that is on its way has an id that this group gives.
    pub(super) fn settle_where_double(&mut self, group: &Group) {
        let given = given_ids(group);
        let double =
            |(_, waiting): &(u64, Waiting)| waiting.ids.iter().any(|id| given.contains(id));
        if !given.is_empty() && self.waiting.iter().any(double) {
            self.settle(0);
        }
    }

    /// Waits until no more than so many groups are on their way.
    pub(super) fn settle(&mut self, most: usize) {
        while self.waiting.len() > most
            && let Some((number, waiting)) = self.waiting.pop_front()
        {
            let place = waiting.place.clone();
            let done = self.summary.acknowledge(number, waiting);
            // The first failure is told. Groups that were on their way behind it may be recorded
            // all the same, and count.
            if let Err(error) = done.with_context(|| format!("{place} of the input"))
                && self.failure.is_none()
            {
                self.failure = Some(error);
            }
        }
    }

    /// Waits for all.
    pub(super) fn finish(mut self) -> Sealed {
        self.settle(0);
        Sealed {
            summary: self.summary,
            failure: self.failure,
        }
    }
}

/// How many decisions, tool intents, tool outcomes, trace nodes and provenance receipts a group has.
pub(super) fn counts(group: &Group) -> [u64; 5] {
    let mut counts = [0; 5];
    for step in &group.steps {
        let index = match step.body {
            StepBody::Decision(_) => 0,
            StepBody::ToolIntent(_) => 1,
            StepBody::ToolOutcome(_) => 2,
            StepBody::TraceNode(_) => 3,
            StepBody::Provenance(..) => 4,
        };
        counts[index] += 1;
    }
    counts
}

/// How often each kind of personal data was found in a group's texts.
pub(super) fn found(group: &Group) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for step in &group.steps {
        if let StepBody::Decision(decision) = &step.body {
            for one in decision.redactions.iter() {
                *found.entry(one.kind.to_string()).or_default() += one.count;
            }
        }
    }
    found
}

/// The ids that a group's lines gave.
pub(super) fn given_ids(group: &Group) -> Vec<ReceiptId> {
    let given = group.steps.iter().filter(|step| step.id_given);
    given.map(|step| step.id).collect()
}

impl Summary {
    fn acknowledge(&mut self, number: u64, waiting: Waiting) -> anyhow::Result<()> {
        let receipts: Vec<Receipt> = waiting.ticket.wait()?;
        self.receipts += receipts.len() as u64;
        let [decisions, intents, outcomes, nodes, provenance] = waiting.counts;
        self.decisions += decisions;
        self.tool_intents += intents;
        self.tool_outcomes += outcomes;
        self.trace_nodes += nodes;
        self.provenance += provenance;
        for (kind, count) in waiting.found {
            *self.found.entry(kind).or_default() += count;
        }
        if let (Some(first), Some(last)) = (receipts.first(), receipts.last()) {
            let range = self.logs.entry(waiting.log.to_string()).or_insert(Range {
                first: first.seq,
                last: last.seq,
            });
            range.last = range.last.max(last.seq);
        }
        match self.recorded.last_mut() {
            Some(span) if span.last_number + 1 == number => {
                span.last = waiting.place;
                span.last_number = number;
            }
            _ => self.recorded.push(Span {
                first: waiting.place.clone(),
                last: waiting.place,
                last_number: number,
            }),
        }
        Ok(())
    }

    /// How far it came, for the end of an error.
    pub(super) fn extent(&self) -> String {
        if self.recorded.is_empty() {
            return "no line was recorded".into();
        }
        let spans: Vec<String> = self
            .recorded
            .iter()
            .map(|span| match span.first == span.last {
                true => span.first.clone(),
                false => format!("{} to {}", span.first, span.last),
            })
            .collect();
        let logs: Vec<String> = self
            .logs
            .iter()
            .map(|(log, Range { first, last })| format!("log {log}, receipts {first} to {last}"))
            .collect();
        format!("recorded are {} ({})", spans.join(", "), logs.join("; "))
    }

    /// The same as JSON, with what ended it.
    pub(super) fn failed(&self, error: &str, exit: u8) -> Value {
        let mut value = json!(self);
        if let Value::Object(fields) = &mut value {
            fields.insert("error".into(), error.into());
            fields.insert("exit".into(), exit.into());
        }
        value
    }

    pub(super) fn print(&self, args: &Args, output: Output) -> anyhow::Result<()> {
        for log in &self.created {
            let path = args.dir.join(log).join("log.pub");
            output.line(format!(
                "Opened log {log}; its key line is {}.",
                shown_path(&path)
            ))?;
        }
        for (log, seq) in &self.policies {
            output.line(format!(
                "Put the given redaction policy in force in log {log}, by receipt {seq}."
            ))?;
        }
        let mut kinds = String::new();
        if self.receipts > self.decisions {
            let mut named = vec![
                counted(self.decisions, "decision", "decisions"),
                counted(self.tool_intents, "tool intent", "tool intents"),
                counted(self.tool_outcomes, "tool outcome", "tool outcomes"),
            ];
            if self.trace_nodes > 0 {
                named.push(counted(self.trace_nodes, "trace node", "trace nodes"));
            }
            if self.provenance > 0 {
                named.push(counted(
                    self.provenance,
                    "provenance receipt",
                    "provenance receipts",
                ));
            }
            kinds = format!(" ({})", named.join(", "));
        }
        let receipts = counted(self.receipts, "receipt", "receipts");
        output.line(format!("Recorded {receipts}{kinds}."))?;
        for (log, Range { first, last }) in &self.logs {
            output.note(format!("  log {log}: receipts {first} to {last}"))?;
        }
        if !self.found.is_empty() {
            let found: Vec<String> = self
                .found
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            let found = found.join(", ");
            output.note(output.sentence("  found in texts: ", Tone::Plain, &found))?;
        }
        if self.empty > 0 {
            let conversations = counted(self.empty, "conversation", "conversations");
            output.line(format!(
                "Passed over {conversations} in which the assistant never spoke."
            ))?;
        }
        if self.skipped > 0 {
            output.line(format!("Skipped {} that could not be taken.", self.skipped))?;
        }
        if let Some(place) = &self.ended_before {
            output.line(format!(
                "Asked to end before {place} was read whole: it and what follows it are not recorded."
            ))?;
        }
        Ok(())
    }
}
