//! Conversations in the form of OpenAI's messages: decisions, tool intents, tool outcomes.

use crate::error::{IngestError, Problem, shown};
use crate::json::{canonical, read};
use crate::protect::{Ciphertext, Digester, Keep, Keys};
use crate::said::{self, Called, Said};
use crate::source::{Source, Value as Found};
use crate::step::{Group, Step, StepBody};
use ai_audit_agentic::{JsonDigest, ToolIntent, ToolOutcome};
use ai_audit_core::{Decision, ReceiptId};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Read;

/// The longest conversation, in bytes.
const MAX_CONVERSATION: usize = 64 << 20;
/// The most steps of a conversation.
const MAX_STEPS: usize = 65_536;

/// Reads conversations: a JSON array of them, or one JSON value after the other.
///
/// Each is an array of messages, or an object with one at the given path (`messages` by default).
/// Other fields of the object are not read. Each conversation becomes one group with a trace of its
/// own:
///
/// - a decision for each assistant message. Its input is the messages since the assistant's last
///   one: the text, if it is a single message of plain text, else their canonical JSON. Its output is
///   the message's text, or the canonical JSON of its tool calls where it has none. A refusal is an
///   output like any other, and the decision has the reason code `refusal`: the action stays
///   `allow`, since what the model said was given out;
/// - a tool intent for each tool call, following from its decision. The older `function_call` is one
///   without a call id;
/// - a tool outcome for each tool message, following from its intent. A message of the older role
///   `function` answers the oldest open call of its name.
#[derive(Debug)]
pub struct Conversations<R> {
    source: Source<R>,
    path: Vec<String>,
    subject_at: Option<Vec<String>>,
    keep: Keep,
    number: u64,
    form: Form,
}

/// What the input turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Unknown,
    /// Inside of an array; whether an element must follow.
    Array {
        first: bool,
    },
    Values,
    Ended,
}

impl<R: Read> Conversations<R> {
    /// Reads conversations from `reader`. `messages_at` is where in each element the messages are,
    /// names with dots between them.
    pub fn new(reader: R, messages_at: Option<&str>, keep: Keep) -> Self {
        let path = steps_of(messages_at.unwrap_or("messages"));
        Self {
            source: Source::new(reader),
            path,
            subject_at: None,
            keep,
            number: 0,
            form: Form::Unknown,
        }
    }

    /// Takes the pseudonym of the person concerned from each element, where there is one: names with
    /// dots between them. Decisions are then about that subject.
    #[must_use]
    pub fn subject_at(mut self, path: &str) -> Self {
        self.subject_at = Some(steps_of(path));
        self
    }

    /// The next conversation; `None` at the end. After an error that is not fatal the next call
    /// goes on with the next one.
    ///
    /// # Errors
    ///
    /// The conversation, the message and what was expected there.
    pub fn next_group(&mut self, keys: &mut dyn Keys) -> Option<Result<Group, IngestError>> {
        if self.form == Form::Ended {
            return None;
        }
        self.number += 1;
        let place = format!("conversation {}", self.number);
        let range = match self.next_value(&place) {
            Ok(Some(range)) => range,
            other => {
                self.form = Form::Ended;
                return other.err().map(Err);
            }
        };
        let steps = read(self.source.bytes(range))
            .and_then(|value| {
                let subject = match &self.subject_at {
                    Some(path) => subject(&value, path)?,
                    None => String::new(),
                };
                Ok((messages(value, &self.path)?, subject))
            })
            .and_then(|(messages, subject)| Turns::new(keys, self.keep, subject).steps(messages));
        Some(match steps {
            Ok(steps) => Ok(Group { place, steps }),
            Err(problem) => Err(problem.at(place)),
        })
    }

    /// The bytes of the next element; none at the end.
    fn next_value(&mut self, place: &str) -> Result<Option<std::ops::Range<usize>>, IngestError> {
        let fatal = |what: &str| IngestError::fatal(place.into(), what);
        // Behind it there is nothing, so nothing is left unread.
        let cut = |what: &str| Problem::new(what).at(place.into());
        let io = |error: std::io::Error| IngestError::from_io(place.into(), &error);
        let mut next = self.source.peek().map_err(io)?;
        if self.form == Form::Unknown {
            self.form = Form::Values;
            // An array of arrays or objects is a list of conversations; an array of messages alone
            // would be one of objects too, so a lone conversation needs an object around it.
            if next == Some(b'[') {
                self.source.take();
                next = self.source.peek().map_err(io)?;
                self.form = Form::Array { first: true };
            }
        }
        if let Form::Array { first } = self.form {
            match (next, first) {
                (Some(b']'), _) => {
                    self.source.take();
                    return match self.source.peek().map_err(io)? {
                        None => Ok(None),
                        Some(_) => Err(fatal("the input goes on after the array of conversations")),
                    };
                }
                (Some(b','), false) => {
                    self.source.take();
                    if self.source.peek().map_err(io)?.is_none() {
                        return Err(cut("the input ends inside of the array of conversations"));
                    }
                }
                (Some(_), true) => {}
                (None, _) => {
                    return Err(cut("the input ends inside of the array of conversations"));
                }
                (Some(_), false) => return Err(fatal("expected a comma or the end of the array")),
            }
            self.form = Form::Array { first: false };
        } else if next.is_none() {
            return Ok(None);
        }
        match self.source.value(0, MAX_CONVERSATION).map_err(io)? {
            Found::Here(range) => Ok(Some(range)),
            Found::Cut => Err(cut("the input ends inside of it")),
            Found::TooLong => Err(fatal("too long; expected at most 64 MiB")),
            Found::None => Err(fatal("expected a conversation")),
        }
    }
}

/// The messages of an element.
fn messages(value: Value, path: &[String]) -> Result<Vec<Value>, Problem> {
    let mut at = value;
    if !at.is_array() {
        for name in path {
            at = match at {
                Value::Object(mut fields) => fields.remove(name).ok_or_else(|| {
                    Problem::of(
                        path.join("."),
                        "it is not there; --messages-at tells where the messages are",
                    )
                })?,
                _ => {
                    return Err(Problem::of(
                        path.join("."),
                        "expected an object on the way to the messages",
                    ));
                }
            };
        }
    }
    match at {
        Value::Array(messages) => Ok(messages),
        _ => Err(Problem::of(path.join("."), "expected a list of messages")),
    }
}

fn steps_of(path: &str) -> Vec<String> {
    path.split('.').map(String::from).collect()
}

/// The subject of an element; empty where there is none.
fn subject(value: &Value, path: &[String]) -> Result<String, Problem> {
    let mut at = Some(value);
    for name in path {
        at = at.and_then(|value| value.get(name));
    }
    match at {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(subject)) => Ok(subject.clone()),
        Some(_) => Err(Problem::of(path.join("."), "expected a text: the subject")),
    }
}

/// Turns a conversation's messages into steps.
struct Turns<'k> {
    keys: &'k mut dyn Keys,
    keep: Keep,
    subject: String,
    trace: String,
    steps: Vec<Step>,
    /// Messages since the assistant's last one.
    heard: Vec<Value>,
    /// Steps that the next decision follows from.
    before: Vec<usize>,
    /// Tool calls without a reply: id, tool, step.
    open: Vec<(String, String, usize)>,
}

impl<'k> Turns<'k> {
    fn new(keys: &'k mut dyn Keys, keep: Keep, subject: String) -> Self {
        // A trace id has 16 bytes, as a receipt id has (W3C Trace Context).
        let mut trace = String::new();
        for byte in keys.new_id().as_bytes() {
            // Writing to a String cannot fail.
            let _ = write!(trace, "{byte:02x}");
        }
        Self {
            keys,
            keep,
            subject,
            trace,
            steps: Vec::new(),
            heard: Vec::new(),
            before: Vec::new(),
            open: Vec::new(),
        }
    }

    fn steps(mut self, messages: Vec<Value>) -> Result<Vec<Step>, Problem> {
        for (index, message) in messages.into_iter().enumerate() {
            self.message(message)
                .map_err(|problem| problem.below(&format!("messages[{index}]")))?;
            if self.steps.len() > MAX_STEPS {
                return Err(Problem::new(format!("more than {MAX_STEPS} steps")));
            }
        }
        Ok(self.steps)
    }

    fn message(&mut self, message: Value) -> Result<(), Problem> {
        let role = match message.get("role") {
            Some(Value::String(role)) => role.clone(),
            _ => return Err(Problem::of("role", "expected a text")),
        };
        match role.as_str() {
            "assistant" => self.assistant(&message),
            "tool" | "function" => {
                self.outcome(&message, role == "function")?;
                self.heard.push(message);
                Ok(())
            }
            "system" | "developer" | "user" => {
                self.heard.push(message);
                Ok(())
            }
            other => Err(Problem::of(
                "role",
                format!(
                    "{:?}: expected system, developer, user, assistant, tool or function",
                    shown(other)
                ),
            )),
        }
    }

    fn assistant(&mut self, message: &Value) -> Result<(), Problem> {
        let said = Said::of(message)?;
        let id = self.keys.new_id();
        let mut decision = Decision {
            operation: "chat".into(),
            subject: self.subject.clone().into(),
            ..Decision::new()
        };
        if let Some(Value::String(model)) = message.get("model") {
            decision.model = model.clone().into();
        }
        if said.refused {
            decision.reason_codes.push("refusal".into());
        }
        let input = said::input(std::mem::take(&mut self.heard))?;
        let mut digester = Digester::new(self.keys, None, &self.subject, id, self.keep);
        digester.names(&[("subject", &self.subject), ("model", &decision.model)])?;
        digester.input(&input, &mut decision)?;
        digester.output(&said.output, &mut decision)?;
        let ciphertexts = digester.finish(&mut decision);
        let parents = std::mem::take(&mut self.before);
        let decided = self.push(
            id,
            StepBody::Decision(Box::new(decision)),
            ciphertexts,
            parents,
        )?;
        self.before = vec![decided];
        for (index, call) in said.calls.into_iter().enumerate() {
            let place = match call.id.is_empty() {
                true => "function_call".to_owned(),
                false => format!("tool_calls[{index}].function"),
            };
            self.intent(call, decided)
                .map_err(|problem| problem.below(&place))?;
        }
        Ok(())
    }

    fn intent(&mut self, call: Called, decided: usize) -> Result<(), Problem> {
        let id = self.keys.new_id();
        let protection = self.keys.protection(None, "", false);
        protection.names(&[("name", &call.tool), ("id", &call.id)])?;
        let key = protection.exact_key(&id, "arguments");
        let arguments = match &call.arguments {
            None => None,
            Some(Value::String(text)) => Some(JsonDigest::of_either(text, key.as_ref())),
            Some(value) => Some(JsonDigest::of_either(&canonical(value)?, key.as_ref())),
        };
        let intent = ToolIntent {
            tool: call.tool.clone().into(),
            call_id: call.id.clone().into(),
            arguments,
            ..ToolIntent::new()
        };
        let place = self.push(
            id,
            StepBody::ToolIntent(Box::new(intent)),
            Vec::new(),
            vec![decided],
        )?;
        self.open.push((call.id, call.tool, place));
        Ok(())
    }

    fn outcome(&mut self, message: &Value, by_name: bool) -> Result<(), Problem> {
        let field = if by_name { "name" } else { "tool_call_id" };
        let Some(Value::String(answered)) = message.get(field) else {
            return Err(Problem::of(field, "expected a text"));
        };
        // Frameworks use ids again; the oldest call that waits is the one that is answered.
        let waiting = self
            .open
            .iter()
            .position(|(call_id, tool, _)| match by_name {
                true => call_id.is_empty() && tool == answered,
                false => call_id == answered,
            });
        let Some(waiting) = waiting else {
            let of = if by_name {
                "function call has this name"
            } else {
                "tool call has this id"
            };
            let message = format!("{:?}: no open {of}", shown(answered));
            return Err(Problem::of(field, message));
        };
        let (call_id, tool, intent) = self.open.remove(waiting);
        let id = self.keys.new_id();
        let protection = self.keys.protection(None, "", false);
        let key = protection.exact_key(&id, "result");
        let result = match message.get("content") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(JsonDigest::of_text(text, key.as_ref())),
            Some(value) => Some(JsonDigest::of_either(&canonical(value)?, key.as_ref())),
        };
        let outcome = ToolOutcome {
            tool: tool.into(),
            call_id: call_id.into(),
            result,
            ..ToolOutcome::new()
        };
        let place = self.push(
            id,
            StepBody::ToolOutcome(Box::new(outcome)),
            Vec::new(),
            vec![intent],
        )?;
        self.before.push(place);
        Ok(())
    }

    fn push(
        &mut self,
        id: ReceiptId,
        body: StepBody,
        ciphertexts: Vec<Ciphertext>,
        parents: Vec<usize>,
    ) -> Result<usize, Problem> {
        let actor_id = match body {
            StepBody::ToolOutcome(_) => "tool",
            _ => "assistant",
        };
        let step = Step {
            log: None,
            id,
            id_given: false,
            trace_id: self.trace.clone(),
            session_id: String::new(),
            actor_id: actor_id.into(),
            body,
            ciphertexts,
            parents,
        };
        step.check()?;
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }
}
