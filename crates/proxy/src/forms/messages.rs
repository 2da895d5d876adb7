//! Anthropic's messages.

use super::{Answer, Asked, Call, Step, ToolResult, error_name, put};
use crate::json;
use ai_audit_ingest::heard;
use serde_json::{Map, Value, json};

pub(super) fn asked(request: &Value) -> Option<Asked> {
    let messages = request.get("messages")?.as_array()?;
    let last = messages
        .iter()
        .rposition(|message| json::text(message, "role") == "assistant");
    let since = messages.get(last.map_or(0, |last| last + 1)..)?.to_vec();
    let blocks = since
        .iter()
        .flat_map(|message| json::list(message, "content"));
    let results = blocks.filter(|block| json::text(block, "type") == "tool_result");
    let results = results.map(|block| ToolResult {
        call_id: json::text(block, "tool_use_id").to_owned(),
        content: block.get("content").cloned().unwrap_or_default(),
        status: Some(match block.get("is_error") {
            Some(Value::Bool(true)) => "error",
            _ => "ok",
        }),
    });
    let results = results.collect();
    let input = match request.get("system").filter(|system| !system.is_null()) {
        None => heard(since, "messages").ok()?,
        Some(system) => json::canonical(&json!({"messages": since, "system": system}))?,
    };
    Some(Asked {
        input: Some(input),
        results,
        ..Asked::default()
    })
}

pub(super) fn answer(answer: &Value) -> Option<Answer> {
    let blocks = answer.get("content")?.as_array()?;
    let mut read = Answer {
        output: output(blocks),
        ..Answer::default()
    };
    match json::text(answer, "stop_reason") {
        "max_tokens" | "model_context_window_exceeded" => put(&mut read.codes, "truncated"),
        "refusal" => put(&mut read.codes, "refusal"),
        _ => {}
    }
    let calls = blocks
        .iter()
        .filter(|block| json::text(block, "type") == "tool_use");
    read.calls = calls
        .map(|block| Call {
            id: json::text(block, "id").to_owned(),
            tool: json::text(block, "name").to_owned(),
            arguments: block.get("input").cloned(),
        })
        .collect();
    let usage = |name: &str| answer.get("usage")?.get(name)?.as_u64();
    read.input_tokens = usage("input_tokens");
    read.output_tokens = usage("output_tokens");
    Some(read)
}

/// What was said: the text where it is one and nothing else but tool calls and thinking is there;
/// the tool calls where nothing was said; else all blocks.
fn output(blocks: &[Value]) -> Option<String> {
    let (mut texts, mut calls, mut others) = (Vec::new(), Vec::new(), false);
    for block in blocks {
        match json::text(block, "type") {
            "text" => texts.push(json::text(block, "text")),
            "tool_use" => calls.push(block.clone()),
            "thinking" | "redacted_thinking" => {}
            _ => others = true,
        }
    }
    match (texts.as_slice(), others) {
        ([text], false) => Some((*text).to_owned()),
        ([], false) if calls.is_empty() => None,
        ([], false) => json::canonical(&json::without_nulls(calls.into())),
        _ => json::canonical(&json::without_nulls(blocks.to_vec().into())),
    }
}

/// Events, joined.
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    message: Map<String, Value>,
    blocks: Vec<Value>,
    places: json::Places,
    /// The inputs of tool calls as far as they came, by their blocks: JSON in pieces.
    inputs: Vec<(u64, String)>,
    error: Option<String>,
}

impl Joiner {
    pub(super) fn take(&mut self, mut event: Map<String, Value>) -> Step {
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match kind {
            "message_stop" => return Step::Last,
            "ping" | "content_block_stop" => {}
            "message_start" => {
                let Some(Value::Object(message)) = event.remove("message") else {
                    return Step::Unread;
                };
                self.message = message;
            }
            "message_delta" => {
                let mut more = match event.remove("delta") {
                    Some(Value::Object(delta)) => delta,
                    _ => Map::new(),
                };
                if let Some(usage) = event.remove("usage") {
                    more.insert("usage".into(), usage);
                }
                json::join(&mut self.message, more, &["stop_reason", "stop_sequence"]);
            }
            "content_block_start" | "content_block_delta" => {
                return self.block(event).map_or(Step::Unread, |()| Step::Goes);
            }
            "error" => {
                self.error = Some(event.get("error").map_or("unknown".into(), error_name));
                return Step::Last;
            }
            // New kinds of events may come at any time, as the API says.
            _ => {}
        }
        Step::Goes
    }

    fn block(&mut self, mut event: Map<String, Value>) -> Option<()> {
        let index = event.get("index")?.as_u64()?;
        let into = self.places.at(&mut self.blocks, index)?;
        if let Some(Value::Object(block)) = event.remove("content_block") {
            *into = block;
            return Some(());
        }
        let Some(Value::Object(mut delta)) = event.remove("delta") else {
            return None;
        };
        let Some(Value::String(kind)) = delta.remove("type") else {
            return None;
        };
        match kind.as_str() {
            "input_json_delta" => {
                let more = delta.get("partial_json")?.as_str()?;
                match self.inputs.iter_mut().find(|(known, _)| *known == index) {
                    Some((_, text)) => text.push_str(more),
                    None => self.inputs.push((index, more.into())),
                }
            }
            "citations_delta" => {
                let list = into.entry("citations");
                let list = list.or_insert_with(|| Value::Array(Vec::new()));
                if list.is_null() {
                    *list = Value::Array(Vec::new());
                }
                list.as_array_mut()?.push(delta.remove("citation")?);
            }
            _ => json::join(into, delta, &[]),
        }
        Some(())
    }

    pub(super) fn finish(mut self) -> (Value, Option<String>) {
        for (index, text) in self.inputs {
            if let Some(block) = self.places.at(&mut self.blocks, index)
                && !text.is_empty()
            {
                // Cut in the middle it is no JSON; what came is a text.
                let input = json::read(text.as_bytes()).unwrap_or_else(|| text.into());
                block.insert("input".into(), input);
            }
        }
        self.message.insert("content".into(), self.blocks.into());
        (self.message.into(), self.error)
    }
}
