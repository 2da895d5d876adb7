//! A span's receipts, as the steps that `ingest` takes.

use crate::facts::{Bag, Facts};
use crate::id::hex;
use crate::texts::{self, Answer};
use ai_audit_ingest::{Keep, Keeping};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// Session, fields of a step, and the tool calls that it asks for.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) session: String,
    pub(super) step: Map<String, Json>,
    pub(super) calls: Vec<String>,
}

impl Made {
    fn of(kind: &str, facts: &Facts<'_, '_>) -> Self {
        let session = ["gen_ai.conversation.id", "session.id"];
        let mut made = Self {
            session: facts.own.text(&session).unwrap_or_default().to_owned(),
            ..Self::default()
        };
        made.put("kind", kind);
        made
    }

    fn put(&mut self, name: &str, value: impl Into<Json>) {
        self.step.insert(name.into(), value.into());
    }

    fn put_some(&mut self, name: &str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Who acted, by what the span says, else the service.
    fn actor(&mut self, facts: &Facts<'_, '_>, service: &str) {
        let agent = facts.own.text(&["gen_ai.agent.name", "gen_ai.agent.id"]);
        self.put("actor", agent.unwrap_or(service));
    }

    fn times(&mut self, at: u64, facts: &Facts<'_, '_>) {
        // u64 nanoseconds end in the year 2554, long before that calendar.
        let time = jiff::Timestamp::from_nanosecond(i128::from(at)).ok();
        self.put_some(
            "time",
            time.filter(|_| at != 0).map(|time| time.to_string()),
        );
        let (start, end) = (facts.span.start, facts.span.end);
        if start != 0 && end >= start {
            // Microseconds, as the receipt has them.
            self.put("duration_ms", ((end - start) / 1000) as f64 / 1000.0);
        }
    }
}

/// When the span's answer was there; the start where nobody said.
pub(super) const fn end(facts: &Facts<'_, '_>) -> u64 {
    match facts.span.end {
        0 => facts.span.start,
        end => end,
    }
}

pub(super) fn decision(
    facts: &Facts<'_, '_>,
    operation: &str,
    service: &str,
    checks: Vec<Json>,
) -> Made {
    let own = &facts.own;
    let mut made = Made::of("decision", facts);
    made.actor(facts, service);
    made.times(end(facts), facts);
    made.put("operation", operation);
    let config = config(own);
    made.put_some(
        "provider",
        own.text(&["gen_ai.provider.name", "gen_ai.system"]),
    );
    made.put_some(
        "model",
        own.text(&["gen_ai.response.model", "gen_ai.request.model"]),
    );
    made.put_some(
        "input_tokens",
        own.whole(&["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"]),
    );
    let written = [
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
    ];
    made.put_some("output_tokens", own.whole(&written));
    made.put_some("subject", own.text(&["enduser.pseudo.id"]));
    if !config.is_empty() {
        made.put("config", config);
    }
    let instructions = texts::instructions(facts);
    let input = texts::input(facts);
    if input.is_some() || instructions.is_some() {
        let input = texts::text(input.unwrap_or(Json::Null), instructions);
        made.put("input", input);
    }
    let mut answer = Answer::default();
    if let Some(output) = texts::output(facts) {
        answer = Answer::of(&output);
        made.put("output", texts::text(output, None));
    }
    ended(&mut made, facts, &answer);
    made.put("checks", checks);
    made.put("tags", tags(facts));
    made.calls = answer.calls;
    made
}

/// How it ended: reason codes and action.
fn ended(made: &mut Made, facts: &Facts<'_, '_>, answer: &Answer) {
    let said = facts.own.document(&["gen_ai.response.finish_reasons"]);
    let said: Vec<String> = match said {
        Some(Json::String(reason)) => vec![reason],
        Some(Json::Array(list)) => (list.iter().filter_map(Json::as_str))
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    let reasons = if said.is_empty() {
        &answer.finish_reasons
    } else {
        &said
    };
    let mut seen = BTreeSet::new();
    let mut codes: Vec<String> = (reasons.iter())
        .filter(|reason| seen.insert(*reason))
        .map(|reason| format!("finish_reason:{reason}"))
        .collect();
    let withheld = codes == ["finish_reason:content_filter"];
    if answer.refused {
        codes.push("refusal".into());
    }
    let error = facts.error();
    if let Some(error) = error {
        codes.push(match error {
            "" => "error".into(),
            kind => format!("error:{kind}"),
        });
    }
    let action = match (error, withheld) {
        (Some(_), _) => "fail_retry",
        (None, true) => "reject",
        (None, false) => "allow",
    };
    made.put("action", action);
    made.put("reason_codes", codes);
}

/// What the request asked for, beside its texts.
fn config(own: &Bag<'_, '_>) -> Map<String, Json> {
    const FORMER: &str = "gen_ai.openai.request.";
    let mut config = Map::new();
    for (name, value) in own.below(FORMER, |_| true) {
        let current = match name.as_str() {
            "response_format" => "gen_ai.output.type".to_owned(),
            "service_tier" => "openai.request.service_tier".to_owned(),
            other => format!("gen_ai.request.{other}"),
        };
        config.insert(current, value);
    }
    for (name, value) in own.below("gen_ai.request.", |_| true) {
        config.insert(format!("gen_ai.request.{name}"), value);
    }
    for name in [
        "gen_ai.output.type",
        "gen_ai.tool.definitions",
        "gen_ai.embeddings.dimension.count",
        "openai.request.service_tier",
    ] {
        if let Some(value) = own.document(&[name]) {
            config.insert(name.into(), value);
        }
    }
    config
}

fn tags(facts: &Facts<'_, '_>) -> Vec<String> {
    let mut tags = Vec::new();
    for (name, id) in ids(facts) {
        tags.push(format!("{name}={id}"));
    }
    if let Some(id) = facts.own.text(&["gen_ai.response.id"]) {
        tags.push(format!("response_id={id}"));
    }
    tags
}

fn ids(facts: &Facts<'_, '_>) -> impl Iterator<Item = (&'static str, String)> {
    let ids = [
        ("span_id", facts.span.id),
        ("parent_span_id", facts.span.parent),
    ];
    ids.into_iter()
        .filter_map(|(name, id)| Some((name, hex(&id?))))
}

pub(super) fn intent(facts: &Facts<'_, '_>, service: &str) -> Made {
    let own = &facts.own;
    let mut made = Made::of("tool_intent", facts);
    made.actor(facts, service);
    made.times(facts.span.start, facts);
    made.step.remove("duration_ms");
    let named = own.name.strip_prefix("execute_tool ");
    made.put_some("tool", own.text(&["gen_ai.tool.name"]).or(named));
    made.put_some("call_id", own.text(&["gen_ai.tool.call.id"]));
    made.put_some("arguments", own.document(&["gen_ai.tool.call.arguments"]));
    made
}

pub(super) fn outcome(facts: &Facts<'_, '_>, service: &str) -> Made {
    let mut made = Made::of("tool_outcome", facts);
    made.actor(facts, service);
    made.times(end(facts), facts);
    let error = facts.error();
    made.put(
        "status",
        match error {
            None => "ok",
            Some("timeout") => "timed_out",
            Some(_) => "error",
        },
    );
    made.put_some("error", error);
    made.put_some("result", facts.own.document(&["gen_ai.tool.call.result"]));
    made
}

pub(super) fn node(facts: &Facts<'_, '_>, operation: &str, service: &str) -> Made {
    const METADATA: [&str; 8] = [
        "error.type",
        "gen_ai.agent.id",
        "gen_ai.agent.name",
        "gen_ai.agent.version",
        "gen_ai.data_source.id",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.workflow.name",
    ];
    let own = &facts.own;
    let agent = own.text(&["gen_ai.agent.name", "gen_ai.agent.id"]);
    let to = agent.filter(|_| operation == "invoke_agent");
    let mut made = Made::of(if to.is_some() { "delegation" } else { "step" }, facts);
    made.put("actor", service);
    made.times(facts.span.start, facts);
    made.put_some("to", to);
    let named = match operation {
        "invoke_workflow" => own.text(&["gen_ai.workflow.name"]),
        "retrieval" => own.text(&["gen_ai.data_source.id"]),
        _ => None,
    };
    made.put(
        "name",
        match named {
            Some(named) => format!("{operation} {named}"),
            None => operation.to_owned(),
        },
    );
    let mut metadata = Map::new();
    for name in METADATA {
        if let Some(value) = own.text(&[name]) {
            metadata.insert(name.into(), value.into());
        }
    }
    metadata.extend(ids(facts).map(|(name, id)| (name.to_owned(), id.into())));
    made.put("metadata", metadata);
    made
}

/// The check that an evaluation is; none where it has no name.
pub(super) fn check(event: &Bag<'_, '_>, keep: Keep) -> Option<Json> {
    let name = event.text(&["gen_ai.evaluation.name"])?;
    let label = event.text(&["gen_ai.evaluation.score.label"]);
    let mut detail = Map::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            detail.insert(name.into(), value.into());
        }
    };
    put("label", label);
    put("error_type", event.text(&["error.type"]));
    if keep.output == Keeping::Plain {
        put(
            "explanation",
            event.text(&["gen_ai.evaluation.explanation"]),
        );
    }
    event.text(&["gen_ai.response.id"]);
    let fired = label
        .is_some_and(|label| ["fail", "failed"].contains(&label.to_ascii_lowercase().as_str()));
    let mut check = Map::new();
    check.insert("name".into(), name.into());
    check.insert("fired".into(), fired.into());
    if let Some(score) = event.number(&["gen_ai.evaluation.score.value"]) {
        check.insert("score".into(), score.into());
    }
    if !detail.is_empty() {
        check.insert("detail".into(), detail.into());
    }
    Some(check.into())
}

/// Whether the span says what was asked or answered.
pub(super) fn has_messages(facts: &Facts<'_, '_>) -> bool {
    texts::input(facts).is_some() || texts::output(facts).is_some()
}
