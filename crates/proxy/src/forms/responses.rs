//! OpenAI's responses.

use super::{Answer, Asked, Call, Step, ToolResult, error_name, put};
use crate::json;
use ai_audit_ingest::heard;
use serde_json::{Map, Value, json};

/// Kinds of items that the model made: what is sent again of an earlier answer.
const OWN: [&str; 5] = [
    "function_call",
    "custom_tool_call",
    "reasoning",
    "web_search_call",
    "file_search_call",
];
/// Kinds of items that are tool calls which the agent answers.
const CALLS: [&str; 2] = ["function_call", "custom_tool_call"];

pub(super) fn asked(request: &Value) -> Option<Asked> {
    let mut results = Vec::new();
    let input = match request.get("input") {
        None | Some(Value::Null) => None,
        Some(text @ Value::String(_)) => Some(text.clone()),
        Some(Value::Array(items)) => {
            let own = |item: &Value| {
                json::text(item, "role") == "assistant" || OWN.contains(&json::text(item, "type"))
            };
            let last = items.iter().rposition(own);
            let since = items.get(last.map_or(0, |last| last + 1)..)?;
            for item in since {
                if ["function_call_output", "custom_tool_call_output"]
                    .contains(&json::text(item, "type"))
                {
                    results.push(ToolResult {
                        call_id: json::text(item, "call_id").to_owned(),
                        content: item.get("output").cloned().unwrap_or_default(),
                        status: None,
                    });
                }
            }
            Some(since.to_vec().into())
        }
        Some(_) => return None,
    };
    let instructions = request.get("instructions").filter(|text| !text.is_null());
    let input = match (input, instructions) {
        (None, None) => None,
        (Some(Value::String(text)), None) => Some(text),
        (Some(Value::Array(items)), None) => Some(heard(items, "input").ok()?),
        (Some(_), None) => return None,
        (input, Some(instructions)) => {
            let both = json!({"input": input, "instructions": instructions});
            Some(json::canonical(&both)?)
        }
    };
    Some(Asked {
        input,
        results,
        ..Asked::default()
    })
}

pub(super) fn answer(answer: &Value) -> Option<Answer> {
    let items = answer.get("output")?.as_array()?;
    let mut read = Answer {
        output: output(items, &mut false),
        ..Answer::default()
    };
    let mut refused = false;
    output(items, &mut refused);
    let reason = answer.get("incomplete_details");
    match (
        json::text(answer, "status"),
        reason.map_or("", |details| json::text(details, "reason")),
    ) {
        ("incomplete", "content_filter") => {
            put(&mut read.codes, "content_filter");
            read.withheld = read.output.is_none();
        }
        ("incomplete", _) => put(&mut read.codes, "truncated"),
        ("failed", _) => {
            let name = answer.get("error").map_or("unknown".into(), error_name);
            read.error = Some(name);
        }
        ("cancelled", _) => read.error = Some("cancelled".into()),
        ("queued" | "in_progress", _) => read.unfinished = true,
        _ => {}
    }
    if refused {
        put(&mut read.codes, "refusal");
    }
    for item in items {
        let kind = json::text(item, "type");
        if CALLS.contains(&kind) {
            let arguments = match kind {
                "function_call" => item.get("arguments"),
                _ => item.get("input"),
            };
            read.calls.push(Call {
                id: json::text(item, "call_id").to_owned(),
                tool: json::text(item, "name").to_owned(),
                arguments: arguments.filter(|value| !value.is_null()).cloned(),
            });
        }
    }
    let usage = |name: &str| answer.get("usage")?.get(name)?.as_u64();
    read.input_tokens = usage("input_tokens");
    read.output_tokens = usage("output_tokens");
    Some(read)
}

/// What was said: the text or the refusal where it is one and nothing else but tool calls and
/// reasoning is there; the tool calls where nothing was said; else all items.
fn output(items: &[Value], refused: &mut bool) -> Option<String> {
    let (mut texts, mut calls, mut others) = (Vec::new(), Vec::new(), false);
    for item in items {
        match json::text(item, "type") {
            "message" => {
                for part in json::list(item, "content") {
                    match json::text(part, "type") {
                        "output_text" => texts.push(json::text(part, "text")),
                        "refusal" => {
                            *refused = true;
                            texts.push(json::text(part, "refusal"));
                        }
                        _ => others = true,
                    }
                }
            }
            "reasoning" => {}
            kind if CALLS.contains(&kind) => calls.push(item.clone()),
            _ => others = true,
        }
    }
    match (texts.as_slice(), others) {
        ([text], false) => Some((*text).to_owned()),
        ([], false) if calls.is_empty() => None,
        ([], false) => json::canonical(&json::without_nulls(calls.into())),
        _ => json::canonical(&json::without_nulls(items.to_vec().into())),
    }
}

/// Events, joined. The last one has the whole answer; what came before it counts where that is missing.
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    whole: Option<Value>,
    /// The answer as it began.
    begun: Option<Value>,
    items: Vec<Value>,
    places: json::Places,
    error: Option<String>,
}

impl Joiner {
    pub(super) fn take(&mut self, mut event: Map<String, Value>) -> Step {
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match kind {
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.whole = event.remove("response");
                return Step::Last;
            }
            "response.created" | "response.in_progress" => {
                self.begun = event.remove("response");
            }
            "error" => {
                let error = event.get("error").cloned();
                self.error = Some(error_name(&error.unwrap_or_else(|| {
                    event.remove("type");
                    Value::Object(event)
                })));
                return Step::Last;
            }
            _ => {
                // Of kinds that are not known nothing is missed: the last event has it all.
                let kind = kind.to_owned();
                let _ = self.item(&kind, event);
            }
        }
        Step::Goes
    }

    fn item(&mut self, kind: &str, mut event: Map<String, Value>) -> Option<()> {
        let index = event.get("output_index")?.as_u64()?;
        let into = self.places.at(&mut self.items, index)?;
        match kind {
            "response.output_item.added" | "response.output_item.done" => {
                if let Some(Value::Object(item)) = event.remove("item") {
                    *into = item;
                }
            }
            "response.output_text.delta" | "response.refusal.delta" => {
                let (kind, field) = match kind {
                    "response.refusal.delta" => ("refusal", "refusal"),
                    _ => ("output_text", "text"),
                };
                let content = into.entry("content");
                let content = content.or_insert_with(|| Value::Array(Vec::new()));
                let place = event.get("content_index")?.as_u64()?;
                let part = self.places.at(content.as_array_mut()?, place)?;
                part.insert("type".into(), kind.into());
                add(part, field, event.get("delta")?.as_str()?);
            }
            "response.function_call_arguments.delta" => {
                add(into, "arguments", event.get("delta")?.as_str()?);
            }
            "response.custom_tool_call_input.delta" => {
                add(into, "input", event.get("delta")?.as_str()?);
            }
            _ => {}
        }
        Some(())
    }

    pub(super) fn finish(self) -> (Value, Option<String>) {
        if let Some(whole) = self.whole {
            return (whole, self.error);
        }
        let mut answer = match self.begun {
            Some(Value::Object(answer)) => answer,
            _ => Map::new(),
        };
        answer.insert("output".into(), self.items.into());
        (answer.into(), self.error)
    }
}

fn add(into: &mut Map<String, Value>, field: &str, more: &str) {
    match into.get_mut(field) {
        Some(Value::String(text)) => text.push_str(more),
        _ => {
            into.insert(field.into(), more.into());
        }
    }
}
