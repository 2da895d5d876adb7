//! What was asked and answered: messages of current and former conventions, and what they say.

use crate::facts::Facts;
use crate::value::canonical;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

const DETAILS: &str = "gen_ai.client.inference.operation.details";

/// The messages that went in.
pub(crate) fn input(facts: &Facts<'_, '_>) -> Option<Json> {
    current(facts, "gen_ai.input.messages")
        .or_else(|| facts.own.document(&["gen_ai.prompt"]))
        .or_else(|| indexed(facts, "gen_ai.prompt."))
        .or_else(|| former(facts, "gen_ai.content.prompt", "gen_ai.prompt"))
        .or_else(|| {
            messages(
                facts,
                &[
                    ("gen_ai.system.message", "system"),
                    ("gen_ai.user.message", "user"),
                    ("gen_ai.assistant.message", "assistant"),
                    ("gen_ai.tool.message", "tool"),
                ],
            )
        })
}

/// The messages that came out.
pub(crate) fn output(facts: &Facts<'_, '_>) -> Option<Json> {
    current(facts, "gen_ai.output.messages")
        .or_else(|| facts.own.document(&["gen_ai.completion"]))
        .or_else(|| indexed(facts, "gen_ai.completion."))
        .or_else(|| former(facts, "gen_ai.content.completion", "gen_ai.completion"))
        .or_else(|| messages(facts, &[("gen_ai.choice", "assistant")]))
}

/// The instructions that stand beside the messages.
pub(crate) fn instructions(facts: &Facts<'_, '_>) -> Option<Json> {
    current(facts, "gen_ai.system_instructions")
}

/// An attribute of the span, or of the event that has its details.
fn current(facts: &Facts<'_, '_>, name: &str) -> Option<Json> {
    facts
        .own
        .document(&[name])
        .or_else(|| former(facts, DETAILS, name))
}

/// An attribute of the first event of this name that has it.
fn former(facts: &Facts<'_, '_>, event: &str, name: &str) -> Option<Json> {
    let mut events = facts.events.iter().filter(|known| known.name == event);
    events.find_map(|event| event.document(&[name]))
}

/// Attributes `PREFIX.N.FIELD`: a message for each N.
fn indexed(facts: &Facts<'_, '_>, prefix: &str) -> Option<Json> {
    let place = |rest: &str| {
        let (place, field) = rest.split_once('.')?;
        Some((place.parse::<u32>().ok()?, field.to_owned()))
    };
    let mut found: BTreeMap<u32, Map<String, Json>> = BTreeMap::new();
    for (rest, value) in facts.own.below(prefix, |rest| place(rest).is_some()) {
        if let Some((place, field)) = place(&rest) {
            found.entry(place).or_default().insert(field, value);
        }
    }
    let list: Vec<Json> = found.into_values().map(Json::from).collect();
    (!list.is_empty()).then(|| list.into())
}

/// A message for each event of these names, in their order, with the role that goes with the name.
fn messages(facts: &Facts<'_, '_>, names: &[(&str, &str)]) -> Option<Json> {
    let mut list: Vec<Json> = Vec::new();
    for event in &facts.events {
        let Some((_, role)) = names.iter().find(|(name, _)| *name == event.name) else {
            continue;
        };
        let mut message = event.below("", |name| !name.starts_with("gen_ai."));
        event.text(&["gen_ai.system", "gen_ai.provider.name"]);
        // The body of what was a log record, where a span's event carries it.
        if let Some(Json::Object(body)) = event.document(&["gen_ai.event.content"]) {
            message.extend(body);
        }
        if message.is_empty() {
            continue;
        }
        message.entry("role").or_insert_with(|| (*role).into());
        list.push(message.into());
    }
    (!list.is_empty()).then(|| list.into())
}

/// Messages as the text that is digested: what the only one says, if that is a text and nothing else.
pub(crate) fn text(messages: Json, instructions: Option<Json>) -> String {
    if let Some(instructions) = instructions {
        // Moved: the macro would copy them.
        let both = [
            ("messages", messages),
            ("system_instructions", instructions),
        ];
        let both: Map<String, Json> = both
            .map(|(name, json)| (name.to_owned(), json))
            .into_iter()
            .collect();
        return canonical(&both.into());
    }
    match only_text(&messages) {
        Some(text) => text.to_owned(),
        None => canonical(&messages),
    }
}

fn only_text(messages: &Json) -> Option<&str> {
    if let Json::String(text) = messages {
        return Some(text);
    }
    let [message] = messages.as_array()?.as_slice() else {
        return None;
    };
    let message = said(message);
    let calls = ["tool_calls", "function_call", "refusal"];
    if calls.iter().any(|call| !message[*call].is_null()) {
        return None;
    }
    if let Json::String(text) = &message["content"] {
        let fields = message.as_object()?;
        // Calls of the indexed form: `tool_calls.0.name`.
        let called = fields.keys().any(|name| name.starts_with("tool_calls."));
        return (!called).then_some(text);
    }
    match message["parts"].as_array()?.as_slice() {
        [part] if part["type"] == "text" => part["content"].as_str(),
        _ => None,
    }
}

/// The message of a choice; another message is its own.
fn said(message: &Json) -> &Json {
    match &message["message"] {
        Json::Null => message,
        inner => inner,
    }
}

/// What the output's messages say about how they ended, and which calls they ask for.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) finish_reasons: Vec<String>,
    pub(crate) refused: bool,
    pub(crate) calls: Vec<String>,
}

impl Answer {
    pub(crate) fn of(messages: &Json) -> Self {
        let mut answer = Self::default();
        for outer in messages.as_array().into_iter().flatten() {
            let message = said(outer);
            for json in [outer, message] {
                if let Some(reason) = json["finish_reason"].as_str() {
                    answer.finish_reasons.push(reason.to_owned());
                    break;
                }
            }
            let refusal = &message["refusal"];
            answer.refused |= refusal.as_str().is_some_and(|text| !text.is_empty());
            for list in ["parts", "content"] {
                for part in message[list].as_array().into_iter().flatten() {
                    answer.refused |= part["type"] == "refusal";
                    if part["type"] == "tool_call" {
                        answer.call(part);
                    }
                }
            }
            for json in [outer, message] {
                for call in json["tool_calls"].as_array().into_iter().flatten() {
                    answer.call(call);
                }
            }
            // Calls of the indexed form: `tool_calls.0.id`.
            for (name, value) in message.as_object().into_iter().flatten() {
                if name.starts_with("tool_calls.") && name.ends_with(".id") {
                    answer.calls.extend(value.as_str().map(str::to_owned));
                }
            }
        }
        answer
    }

    fn call(&mut self, call: &Json) {
        let id = call["id"].as_str().filter(|id| !id.is_empty());
        self.calls.extend(id.map(str::to_owned));
    }
}
