//! After a call: the decision that the model made, the outcome of the call, and the tool calls that the
//! model asks for.

use crate::copy::Read;
use crate::counts::count;
use crate::intent::{Begun, tool};
use crate::json;
use crate::shared::Shared;
use crate::wishes::Wish;
use ai_audit_agentic::JsonDigest;
use ai_audit_ingest::{Group, Keep, Keys, StepBody, TraceSteps};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// The answer came to its end.
    Whole,
    /// The upstream broke it off.
    Cut,
    /// The upstream said nothing for too long.
    TimedOut,
    /// The client went away.
    Gone,
    /// The upstream took no connection.
    Unreachable,
    /// The proxy was stopped.
    Stopped,
}

/// The end of a call.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) how: How,
    /// None where no answer began.
    pub(crate) status: Option<u16>,
    pub(crate) read: Option<Read>,
    pub(crate) took: Duration,
}

impl End {
    fn bytes(&self) -> u64 {
        self.read.as_ref().map_or(0, |read| read.bytes)
    }

    fn error(&self) -> Option<&String> {
        self.read.as_ref().and_then(|read| read.error.as_ref())
    }

    fn is_unfinished(&self) -> bool {
        let answer = self.read.as_ref().and_then(|read| read.answer.as_ref());
        answer.is_some_and(|answer| answer.unfinished)
    }

    /// Status and error of the outcome; the code of the decision.
    fn told(&self) -> (&'static str, String, Option<String>) {
        let error = |text: String, code: &str| ("error", text, Some(code.to_owned()));
        match (self.how, self.status) {
            (How::Whole, Some(status)) if status >= 400 => {
                error(format!("HTTP {status}"), &format!("error:{status}"))
            }
            (How::Whole, _) => match (self.error(), self.is_unfinished()) {
                (Some(name), _) => error(format!("error {name}"), &format!("error:{name}")),
                (None, true) => (
                    "unknown",
                    "the answer is not there yet".into(),
                    Some("incomplete".into()),
                ),
                (None, false) => ("ok", String::new(), None),
            },
            (How::TimedOut, None) => ("timed_out", "timeout".into(), Some("error:timeout".into())),
            (How::TimedOut, Some(_)) => {
                let text = format!("timeout after {} bytes", self.bytes());
                ("timed_out", text, Some("incomplete".into()))
            }
            (How::Unreachable, _) => error("unreachable".into(), "error:unreachable"),
            (How::Cut, None) => error("cut off before the answer".into(), "error:cut_off"),
            (How::Gone, None) => error("client gone before the answer".into(), "incomplete"),
            (How::Stopped, None) => error("stopped before the answer".into(), "incomplete"),
            (How::Cut, Some(_)) => error(
                format!("cut off after {} bytes", self.bytes()),
                "incomplete",
            ),
            (How::Gone, Some(_)) => error(
                format!("client gone after {} bytes", self.bytes()),
                "incomplete",
            ),
            (How::Stopped, Some(_)) => error(
                format!("stopped after {} bytes", self.bytes()),
                "incomplete",
            ),
        }
    }
}

/// What of a decision is given to the log, which may not take all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    All,
    /// Its texts are digested and not kept.
    NotKept,
    /// Neither texts nor names that came from outside.
    Bare,
    Nothing,
}

/// What of a call's end is sealed. Where the log does not take more, it takes less: the outcome counts most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Decision, outcome, and the tool calls.
    All,
    /// Decision and outcome.
    NoCalls,
    Outcome,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::All, Self::NoCalls, Self::Outcome];
}

/// The most tool calls that are recorded of one answer. Who answers must not be able to make a group that
/// no queue takes.
const MOST_CALLS: usize = 128;
/// The longest id or name of a tool call, in bytes.
const MOST_NAME: usize = 1024;

/// The tool calls of an answer, and where in the group their intents stand.
pub(crate) type Called = Vec<(usize, String, Wish)>;

/// What a call's end becomes. None where nothing is to be sealed.
pub(crate) fn group(
    shared: &Shared,
    keys: &mut dyn Keys,
    keep: Keep,
    begun: &Begun,
    end: &End,
    part: Part,
) -> Option<(Group, Called)> {
    let extents = match begun.form {
        Some(_) if part != Part::Outcome => {
            &[Extent::All, Extent::NotKept, Extent::Bare, Extent::Nothing][..]
        }
        _ => &[Extent::Nothing],
    };
    for extent in extents {
        let keep = match extent {
            Extent::All => keep,
            _ => Keep::default(),
        };
        let trace = begun.told.trace.as_str();
        let mut steps = TraceSteps::new(trace, None, keep, &mut *keys);
        let session = begun.told.session.as_str();
        if let Some(decision) = decision(shared, begun, end, *extent, part)
            && steps.push(session, decision).is_err()
        {
            continue;
        }
        if *extent > Extent::NotKept && begun.form.is_some() {
            count(&shared.counts.left_out);
        }
        let decided = *extent != Extent::Nothing;
        let mut next = usize::from(decided);
        // A receipt that says of something that it had no intent would be taken for an intruder's.
        let outcome = begun.intent.map(|intent| {
            let (status, error, _) = end.told();
            let mut step = json!({
                "kind": "tool_outcome",
                "actor": "proxy",
                "intent": intent.to_string(),
                "status": status,
                "duration_ms": millis(end.took),
            });
            if !error.is_empty() {
                step["error"] = error.into();
            }
            step
        });
        let has_outcome = outcome.is_some_and(|step| steps.push(session, step).is_ok());
        let place = next;
        next += usize::from(has_outcome);
        let mut called = Called::new();
        if decided && part == Part::All {
            wishes(shared, begun, end, &mut steps, &mut next, &mut called);
        }
        let mut group = steps.finish();
        if has_outcome && let Some(step) = group.steps.get_mut(place) {
            step.id = begun.outcome;
            if let StepBody::ToolOutcome(outcome) = &mut step.body {
                outcome.tool = tool(begun.form).into();
                outcome.call_id = begun.call_id.clone().into();
                let digest = end.read.as_ref().map(|read| read.digest);
                outcome.result = digest.map(JsonDigest::Raw);
            }
        }
        return (!group.steps.is_empty()).then_some((group, called));
    }
    None
}

fn wishes(
    shared: &Shared,
    begun: &Begun,
    end: &End,
    steps: &mut TraceSteps<'_>,
    next: &mut usize,
    called: &mut Called,
) {
    let answer = end.read.as_ref().and_then(|read| read.answer.as_ref());
    let calls = answer.map_or(&[][..], |answer| &answer.calls);
    for _ in calls.iter().skip(MOST_CALLS) {
        count(&shared.counts.left_out);
    }
    for call in calls.iter().take(MOST_CALLS) {
        if call.id.len() > MOST_NAME || call.tool.len() > MOST_NAME {
            count(&shared.counts.left_out);
            continue;
        }
        let pushed = steps.push(
            &begun.told.session,
            json!({
                "kind": "tool_intent",
                "actor": "assistant",
                "tool": call.tool,
                "call_id": call.id,
                "arguments": call.arguments,
                "parents": ["decision"],
            }),
        );
        if pushed.is_err() {
            count(&shared.counts.left_out);
            continue;
        }
        let wish = Wish {
            // Known when it is sealed.
            intent: ai_audit_core::LeafHash::from_bytes([0; 32]),
            tool: call.tool.clone(),
            trace: begun.told.trace.clone(),
        };
        called.push((*next, call.id.clone(), wish));
        *next += 1;
    }
}

fn decision(
    shared: &Shared,
    begun: &Begun,
    end: &End,
    extent: Extent,
    part: Part,
) -> Option<Value> {
    let form = begun.form.filter(|_| extent != Extent::Nothing)?;
    let asked = begun.asked.as_ref();
    let answer = end.read.as_ref().and_then(|read| read.answer.as_ref());
    let mut step = Map::new();
    let mut put = |name: &str, value: Value| {
        step.insert(name.into(), value);
    };
    put("kind", "decision".into());
    put("ref", "decision".into());
    put("actor", "assistant".into());
    put("operation", form.operation().into());
    put("subject", begun.told.subject.as_str().into());
    put("provider", shared.provider.as_str().into());
    put("duration_ms", millis(end.took).into());
    if let Some(intent) = begun.intent {
        put("parents", json!([intent.to_string()]));
    }
    let (_, _, code) = end.told();
    let withheld = answer.is_some_and(|answer| answer.withheld);
    let action = match (&code, withheld) {
        (Some(_), _) => "fail_retry",
        (None, true) => "reject",
        (None, false) => "allow",
    };
    put("action", action.into());
    let mut codes: Vec<&str> = answer.map_or(Vec::new(), |answer| {
        answer.codes.iter().map(String::as_str).collect()
    });
    codes.extend(code.as_deref());
    put("reason_codes", codes.into());
    let mut tags = Vec::new();
    if asked.is_none() {
        tags.push("unread=request".to_owned());
    }
    if end.read.as_ref().is_some_and(|read| read.unread) {
        tags.push("unread=response".into());
    }
    let calls = answer.map_or(0, |answer| answer.calls.len());
    let left_out = match part {
        Part::All => calls.saturating_sub(MOST_CALLS),
        _ => calls,
    };
    if left_out > 0 {
        tags.push(format!("left_out_tool_calls={left_out}"));
    }
    if let Some(answer) = answer {
        put("input_tokens", answer.input_tokens.into());
        put("output_tokens", answer.output_tokens.into());
    }
    if extent == Extent::Bare {
        tags.push("left_out=texts".into());
        put("tags", tags.into());
        return Some(step.into());
    }
    if let Some(answer) = answer {
        put("output", answer.output.clone().into());
        if !answer.id.is_empty() {
            tags.push(format!("response_id={}", answer.id));
        }
    }
    if let Some(asked) = asked {
        put("input", asked.input.clone().into());
        if let Some(config) = &begun.config {
            put("config", json::read(config.as_bytes()).into());
        }
    }
    let said = answer.map_or("", |answer| answer.model.as_str());
    let model = match (said, asked) {
        ("", Some(asked)) => asked.model.as_str(),
        (said, _) => said,
    };
    put("model", model.into());
    put("tags", tags.into());
    Some(step.into())
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
