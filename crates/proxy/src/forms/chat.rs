//! OpenAI's chat completions.

use super::{Answer, Asked, Call, Step, ToolResult, error_name, outputs, put};
use crate::json;
use ai_audit_ingest::{Said, heard};
use serde_json::{Map, Value};

pub(super) fn asked(request: &Value) -> Option<Asked> {
    let messages = request.get("messages")?.as_array()?;
    let last = messages
        .iter()
        .rposition(|message| json::text(message, "role") == "assistant");
    let since = messages.get(last.map_or(0, |last| last + 1)..)?.to_vec();
    let results = since.iter().filter(|message| message["role"] == "tool");
    let results = results.map(|message| ToolResult {
        call_id: json::text(message, "tool_call_id").to_owned(),
        content: message.get("content").cloned().unwrap_or_default(),
        status: None,
    });
    Some(Asked {
        results: results.collect(),
        input: Some(heard(since, "messages").ok()?),
        ..Asked::default()
    })
}

pub(super) fn answer(answer: &Value) -> Option<Answer> {
    let choices = answer.get("choices")?.as_array()?;
    let (mut texts, mut read) = (Vec::new(), Answer::default());
    // What was given out before the filter came was given out.
    let mut withheld = 0;
    for choice in choices {
        let said = Said::read(choice.get("message")?, "message").ok()?;
        match json::text(choice, "finish_reason") {
            "length" => put(&mut read.codes, "truncated"),
            "content_filter" => {
                let nothing = said.output.is_empty() && said.calls.is_empty();
                withheld += usize::from(nothing);
                put(&mut read.codes, "content_filter");
            }
            _ => {}
        }
        if said.refused {
            put(&mut read.codes, "refusal");
        }
        texts.push(said.output);
        read.calls.extend(said.calls.into_iter().map(|call| Call {
            id: call.id,
            tool: call.tool,
            arguments: call.arguments,
        }));
    }
    read.withheld = withheld > 0 && withheld == choices.len();
    read.output = outputs(texts);
    let usage = |name: &str| answer.get("usage")?.get(name)?.as_u64();
    read.input_tokens = usage("prompt_tokens");
    read.output_tokens = usage("completion_tokens");
    Some(read)
}

/// Chunks, joined.
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    whole: Map<String, Value>,
    choices: Vec<Value>,
    places: json::Places,
    error: Option<String>,
}

/// Fields of a delta that come once, or again as they are.
const FIXED: [&str; 4] = ["id", "type", "role", "name"];

impl Joiner {
    pub(super) fn take(&mut self, mut chunk: Map<String, Value>) -> Step {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            self.error = Some(error_name(error));
            return Step::Last;
        }
        let choices = chunk.remove("choices");
        for name in ["id", "model", "usage"] {
            if let Some(value) = chunk.remove(name).filter(|value| !value.is_null()) {
                self.whole.insert(name.into(), value);
            }
        }
        let Some(Value::Array(choices)) = choices else {
            return Step::Unread;
        };
        for choice in choices {
            if self.choice(choice).is_none() {
                return Step::Unread;
            }
        }
        Step::Goes
    }

    fn choice(&mut self, choice: Value) -> Option<()> {
        let Value::Object(mut choice) = choice else {
            return None;
        };
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
        let into = self.places.at(&mut self.choices, index)?;
        if let Some(reason) = choice.remove("finish_reason").filter(|one| !one.is_null()) {
            into.insert("finish_reason".into(), reason);
        }
        let message = into.entry("message");
        let message = message.or_insert_with(|| Value::Object(Map::new()));
        let message = message.as_object_mut()?;
        let Some(Value::Object(mut delta)) = choice.remove("delta") else {
            return Some(());
        };
        if let Some(Value::Array(calls)) = delta.remove("tool_calls") {
            let list = message.entry("tool_calls");
            let list = list.or_insert_with(|| Value::Array(Vec::new()));
            let list = list.as_array_mut()?;
            for call in calls {
                let Value::Object(mut call) = call else {
                    return None;
                };
                let index = call.remove("index").and_then(|index| index.as_u64());
                let into = self.places.at(list, index.unwrap_or(0))?;
                json::join(into, call, &FIXED);
            }
        }
        json::join(message, delta, &FIXED);
        Some(())
    }

    pub(super) fn finish(mut self) -> (Value, Option<String>) {
        self.whole.insert("choices".into(), self.choices.into());
        (self.whole.into(), self.error)
    }
}
