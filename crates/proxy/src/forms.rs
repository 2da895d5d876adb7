//! The shapes of requests and answers that are known, by their paths.

mod chat;
mod embeddings;
mod messages;
mod responses;

use crate::json;
use serde_json::{Map, Value};

/// A known shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `…/chat/completions`
    Chat,
    /// `…/responses`
    Responses,
    /// `…/embeddings`
    Embeddings,
    /// `…/v1/messages`
    Messages,
}

/// What a request asks of a model.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) model: String,
    /// What was said since the model spoke last.
    pub(crate) input: Option<String>,
    /// What else it asks for.
    pub(crate) config: Map<String, Value>,
    /// Results of tool calls among what was said since then.
    pub(crate) results: Vec<ToolResult>,
}

/// The result of a tool call, as the agent tells it to the model.
#[derive(Debug, PartialEq)]
pub(crate) struct ToolResult {
    pub(crate) call_id: String,
    pub(crate) content: Value,
    /// `ok` or `error`; none where nobody said.
    pub(crate) status: Option<&'static str>,
}

/// What a model answered.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) output: Option<String>,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    /// How it ended: `truncated`, `content_filter`, `refusal`, `error:…`.
    pub(crate) codes: Vec<String>,
    /// Whether nothing of it was given out, by a filter.
    pub(crate) withheld: bool,
    /// How an error is called that it tells in place of an end.
    pub(crate) error: Option<String>,
    /// Whether it is not there yet, and is going to be fetched by another request.
    pub(crate) unfinished: bool,
    pub(crate) calls: Vec<Call>,
}

/// A tool call that a model asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) tool: String,
    /// A text, or any JSON.
    pub(crate) arguments: Option<Value>,
}

/// An answer that comes in events, put together to the one that would have come whole.
#[derive(Debug)]
pub(crate) enum Joiner {
    Chat(chat::Joiner),
    Responses(responses::Joiner),
    Messages(messages::Joiner),
}

/// What of a request is its configuration. A list of what is, not of what is not: a field that names
/// somebody, such as `user`, must not get into a digest that can be guessed.
const CONFIG: [&str; 32] = [
    "dimensions",
    "encoding_format",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "modalities",
    "model",
    "n",
    "output_config",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning",
    "reasoning_effort",
    "response_format",
    "seed",
    "service_tier",
    "stop",
    "stop_sequences",
    "temperature",
    "text",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "truncation",
];

impl Form {
    /// The form of a request, which must be a POST.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let path = decoded(path);
        let path = path.trim_end_matches('/');
        [
            ("/chat/completions", Self::Chat),
            ("/responses", Self::Responses),
            ("/embeddings", Self::Embeddings),
            // Other things are called messages, too.
            ("/v1/messages", Self::Messages),
        ]
        .into_iter()
        .find_map(|(end, form)| path.ends_with(end).then_some(form))
    }

    /// The operation, by the GenAI conventions.
    pub(crate) const fn operation(self) -> &'static str {
        match self {
            Self::Embeddings => "embeddings",
            _ => "chat",
        }
    }

    /// Reads a request. None where it is not of this form.
    pub(crate) fn asked(self, request: &Value) -> Option<Asked> {
        let fields = request.as_object()?;
        let mut asked = match self {
            Self::Chat => chat::asked(request)?,
            Self::Responses => responses::asked(request)?,
            Self::Embeddings => embeddings::asked(request)?,
            Self::Messages => messages::asked(request)?,
        };
        json::text(request, "model").clone_into(&mut asked.model);
        let config = CONFIG.iter().filter_map(|name| {
            let value = fields.get(*name).filter(|value| !value.is_null())?;
            Some(((*name).to_owned(), value.clone()))
        });
        asked.config = config.collect();
        Some(asked)
    }

    /// Reads an answer that is no error. None where it is not of this form.
    pub(crate) fn answer(self, answer: &Value) -> Option<Answer> {
        let mut read = match self {
            Self::Chat => chat::answer(answer)?,
            Self::Responses => responses::answer(answer)?,
            Self::Embeddings => embeddings::answer(answer)?,
            Self::Messages => messages::answer(answer)?,
        };
        json::text(answer, "id").clone_into(&mut read.id);
        json::text(answer, "model").clone_into(&mut read.model);
        Some(read)
    }

    /// For an answer that comes in events.
    pub(crate) fn joiner(self) -> Option<Joiner> {
        match self {
            Self::Chat => Some(Joiner::Chat(chat::Joiner::default())),
            Self::Responses => Some(Joiner::Responses(responses::Joiner::default())),
            Self::Messages => Some(Joiner::Messages(messages::Joiner::default())),
            Self::Embeddings => None,
        }
    }
}

/// A path without its percent-encoding: servers read it so.
fn decoded(path: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let Some((first, more)) = rest.split_first() {
        let digits = more.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|two| core::str::from_utf8(two).ok());
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = more
            .get(if byte.is_some() { 2 } else { 0 }..)
            .unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What an event means for the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It goes on.
    Goes,
    /// It was the last one.
    Last,
    /// It could not be read.
    Unread,
}

impl Joiner {
    /// Takes the data of the next event.
    pub(crate) fn take(&mut self, data: &str) -> Step {
        if data.trim() == "[DONE]" {
            return Step::Last;
        }
        let Some(Value::Object(event)) = json::read(data.as_bytes()) else {
            return Step::Unread;
        };
        match self {
            Self::Chat(joiner) => joiner.take(event),
            Self::Responses(joiner) => joiner.take(event),
            Self::Messages(joiner) => joiner.take(event),
        }
    }

    /// The answer as it would have come whole; how an error that the stream told is called.
    pub(crate) fn finish(self) -> (Value, Option<String>) {
        match self {
            Self::Chat(joiner) => joiner.finish(),
            Self::Responses(joiner) => joiner.finish(),
            Self::Messages(joiner) => joiner.finish(),
        }
    }
}

/// How an error is called in an answer: its type or code.
pub(crate) fn error_name(error: &Value) -> String {
    let names = ["type", "code"].map(|name| json::text(error, name));
    let named = names.into_iter().find(|name| !name.is_empty());
    // It comes from outside, and stands in the clear.
    let plain = |name: &&str| {
        name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    named.filter(plain).unwrap_or("unknown").to_owned()
}

/// The outputs of an answer's choices as one text.
fn outputs(mut outputs: Vec<String>) -> Option<String> {
    match outputs.len() {
        0 => None,
        1 => outputs.pop(),
        _ => json::canonical(&Value::from(outputs)),
    }
}

fn put(codes: &mut Vec<String>, code: &str) {
    if !codes.iter().any(|known| known == code) {
        codes.push(code.into());
    }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
