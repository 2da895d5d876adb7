//! What one message of a model says, in the OpenAI message form.

use crate::error::{IngestError, Problem};
use crate::json::canonical;
use serde_json::Value;

/// What an assistant's message says: the text that a decision has for its output, and the tool calls.
///
/// ```
/// use ai_audit_ingest::Said;
/// use serde_json::json;
///
/// let message = json!({"role": "assistant", "content": null, "tool_calls": [
///     {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}]});
/// let said = Said::read(&message, "message 3")?;
/// assert_eq!((said.calls[0].id.as_str(), said.calls[0].tool.as_str()), ("c1", "search"));
/// assert!(said.output.starts_with(r#"[{"function":{"#) && !said.refused);
/// # Ok::<(), ai_audit_ingest::IngestError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The message's text; the canonical JSON of its tool calls where it has none. A refusal is an
    /// output like any other.
    pub output: String,
    /// Whether the model refused.
    pub refused: bool,
    /// The tool calls that it asks for. The older `function_call` is one without an id.
    pub calls: Vec<Called>,
}

/// A tool call that a message asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// The call's id; may be empty.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// Its arguments: a text, or any JSON.
    pub arguments: Option<Value>,
}

impl Said {
    /// Reads the message of an assistant. `place` is what an error calls it.
    ///
    /// # Errors
    ///
    /// The field and what was expected there.
    pub fn read(message: &Value, place: &str) -> Result<Self, IngestError> {
        Self::of(message).map_err(|problem| problem.at(place.into()))
    }

    pub(crate) fn of(message: &Value) -> Result<Self, Problem> {
        let calls = match message.get("tool_calls") {
            None | Some(Value::Null) => &[][..],
            Some(Value::Array(calls)) => calls,
            Some(_) => return Err(Problem::of("tool_calls", "expected a list")),
        };
        // What came before tool_calls.
        let function = match message.get("function_call") {
            None | Some(Value::Null) => None,
            Some(function @ Value::Object(_)) => Some(function),
            Some(_) => return Err(Problem::of("function_call", "expected an object")),
        };
        let refusal = match message.get("refusal") {
            None | Some(Value::Null) => "",
            Some(Value::String(text)) => text,
            Some(_) => return Err(Problem::of("refusal", "expected a text")),
        };
        let content = message.get("content");
        let text = match content {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(parts @ Value::Array(_)) => canonical(parts)?,
            Some(_) => {
                return Err(Problem::of(
                    "content",
                    "expected a text, a list of parts or null",
                ));
            }
        };
        let output = match (text.is_empty(), refusal) {
            (false, "") => text,
            (true, "") if !calls.is_empty() => canonical(&Value::from(calls))?,
            (true, "") => function.map_or(Ok(String::new()), canonical)?,
            (true, refusal) => refusal.into(),
            (false, refusal) => {
                canonical(&serde_json::json!({ "content": content, "refusal": refusal }))?
            }
        };
        let mut called = Vec::with_capacity(calls.len());
        for (index, call) in calls.iter().enumerate() {
            let one =
                tool_call(call).map_err(|problem| problem.below(&format!("tool_calls[{index}]")));
            called.push(one?);
        }
        if let Some(function) = function {
            let one = Called::of(String::new(), Some(function), "arguments");
            called.push(one.map_err(|problem| problem.below("function_call"))?);
        }
        Ok(Self {
            output,
            refused: !refusal.is_empty() || refuses(content),
            calls: called,
        })
    }
}

/// What was heard before a model spoke, as the text that a decision has for its input: what the only
/// message says, if that is a text, else the canonical JSON of the messages.
///
/// # Errors
///
/// When they have no canonical form. `place` is what the error calls them.
pub fn heard(messages: Vec<Value>, place: &str) -> Result<String, IngestError> {
    input(messages).map_err(|problem| problem.at(place.into()))
}

pub(crate) fn input(messages: Vec<Value>) -> Result<String, Problem> {
    if let [message] = messages.as_slice()
        && let Some(Value::String(text)) = message.get("content")
    {
        return Ok(text.clone());
    }
    canonical(&Value::Array(messages))
}

fn tool_call(call: &Value) -> Result<Called, Problem> {
    let id = match call.get("id") {
        Some(Value::String(id)) => id.clone(),
        _ => return Err(Problem::of("id", "expected a text")),
    };
    // A custom tool takes a text, a function JSON.
    if let Some(custom) = call.get("custom") {
        return Called::of(id, Some(custom), "input").map_err(|problem| problem.below("custom"));
    }
    Called::of(id, call.get("function"), "arguments").map_err(|problem| problem.below("function"))
}

impl Called {
    fn of(id: String, function: Option<&Value>, arguments: &str) -> Result<Self, Problem> {
        let tool = match function.and_then(|function| function.get("name")) {
            Some(Value::String(name)) if !name.is_empty() => name.clone(),
            _ => return Err(Problem::of("name", "expected the tool's name")),
        };
        let arguments = function.and_then(|function| function.get(arguments));
        Ok(Self {
            id,
            tool,
            arguments: arguments.filter(|value| !value.is_null()).cloned(),
        })
    }
}

/// Whether the parts of a message are, among others, a refusal.
fn refuses(content: Option<&Value>) -> bool {
    let parts = content.and_then(Value::as_array);
    parts.is_some_and(|parts| {
        let kinds = parts.iter().filter_map(|part| part.get("type"));
        kinds.into_iter().any(|kind| kind == "refusal")
    })
}
