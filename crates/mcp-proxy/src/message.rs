//! JSON-RPC messages, read strictly: two parsers must not read two things in one.
//!
//! Nothing is written anew: what is forwarded are the bytes that came. Here it is only found out what
//! they say, and refused what another parser could understand in another way.

mod members;

use members::{Member, find, members};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The longest message, in bytes.
pub const MAX_MESSAGE: usize = 8 << 20;
/// The deepest nesting of arrays and objects.
pub const MAX_DEPTH: usize = 64;
/// The longest method, name of a tool or id, in bytes.
pub const MAX_NAME: usize = 1024;
/// The greatest whole number that every parser of JSON reads as itself.
const MAX_WHOLE: i64 = (1 << 53) - 1;

/// JSON-RPC: the text is no JSON.
pub(crate) const PARSE_ERROR: i32 = -32700;
/// JSON-RPC: the JSON is no request.
pub(crate) const INVALID_REQUEST: i32 = -32600;
/// JSON-RPC: the request's parameters are not those of its method.
pub(crate) const INVALID_PARAMS: i32 = -32602;
/// JSON-RPC: the request cannot be worked.
pub(crate) const INTERNAL_ERROR: i32 = -32603;

/// The id of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// A whole number of at most 53 bits.
    Number(i64),
    /// A text.
    Text(String),
}

impl Id {
    /// As JSON has it.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A message, as far as it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message<'a> {
    /// Something is asked for.
    Request {
        /// The id of its answer.
        id: Id,
        /// What.
        method: String,
        /// The JSON text of its parameters.
        params: Option<&'a str>,
    },
    /// Something is said.
    Notification {
        /// What.
        method: String,
        /// The JSON text of its parameters.
        params: Option<&'a str>,
    },
    /// An answer. One to something that could not be read has no id.
    Response {
        /// The id of the request.
        id: Option<Id>,
        /// The JSON text of the result, or of the error.
        answer: Answer<'a>,
    },
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// A result.
    Result(&'a str),
    /// An error.
    Error(&'a str),
}

/// Why a message is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Malformed {
    /// The code of the JSON-RPC error.
    pub code: i32,
    /// What is wrong, and what was expected.
    pub what: String,
    /// The id, where it could be read: somebody waits for the answer.
    pub id: Option<Id>,
    /// Whether it is an answer itself: then nobody is to be told.
    pub answer: bool,
}

impl Malformed {
    pub(crate) fn new(code: i32, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            id: None,
            answer: false,
        }
    }
}

/// The method by which a tool is called.
pub(crate) const CALL: &str = "tools/call";

/// The names that count in a message, at its top.
const TOP: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

impl<'a> Message<'a> {
    /// Reads one message.
    ///
    /// # Errors
    ///
    /// [`Malformed`]; nothing of it should be forwarded.
    ///
    /// # Examples
    ///
    /// ```
    /// use ai_audit_mcp_proxy::message::{Id, Message};
    ///
    /// let Message::Request { id, method, .. } =
    ///     Message::read(br#"{"jsonrpc": "2.0", "id": 7, "method": "tools/list"}"#)?
    /// else {
    ///     panic!("it is a request");
    /// };
    /// assert_eq!((id, method.as_str()), (Id::Number(7), "tools/list"));
    /// // Which of the two is the method depends on who reads it.
    /// let two = br#"{"jsonrpc": "2.0", "id": 7, "method": "ping", "method": "tools/call"}"#;
    /// assert!(Message::read(two).is_err());
    /// # Ok::<(), ai_audit_mcp_proxy::message::Malformed>(())
    /// ```
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_MESSAGE {
            return Err(Malformed::new(
                INVALID_REQUEST,
                format!(
                    "a message of {} bytes; expected at most {MAX_MESSAGE}",
                    bytes.len()
                ),
            ));
        }
        let text = core::str::from_utf8(bytes).map_err(|error| {
            Malformed::new(
                PARSE_ERROR,
                format!("byte {}: expected UTF-8", error.valid_up_to()),
            )
        })?;
        let deep = depth(text);
        if deep > MAX_DEPTH {
            return Err(Malformed::new(
                INVALID_REQUEST,
                format!("{deep} levels of arrays and objects; expected at most {MAX_DEPTH}"),
            ));
        }
        // Names once in each object, numbers that are what they look like, no halves of characters.
        ai_audit_json::canonicalize(text)
            .map_err(|error| Malformed::new(PARSE_ERROR, error.to_string()))?;
        let all = members(text).map_err(|()| {
            Malformed::new(
                INVALID_REQUEST,
                "expected one JSON object; lists of messages are of protocols before 2025-06-18",
            )
        })?;
        let (has_result, has_error) = (find(&all, "result"), find(&all, "error"));
        let is_answer = has_result.is_some() || has_error.is_some();
        let id = find(&all, "id").map(|raw| id(raw.get())).transpose();
        let wrong = |what: &str| {
            let mut wrong = Malformed::new(INVALID_REQUEST, what);
            wrong.id = id.as_ref().ok().cloned().flatten().flatten();
            wrong.answer = is_answer;
            wrong
        };
        unlike(&all, &TOP).map_err(|what| wrong(&what))?;
        if find(&all, "jsonrpc").map(RawValue::get) != Some("\"2.0\"") {
            return Err(wrong("jsonrpc: expected \"2.0\""));
        }
        let id = id.as_ref().map_err(|()| {
            wrong("id: expected a text of at most 1024 bytes or a whole number of at most 53 bits")
        })?;
        let params = find(&all, "params").map(RawValue::get);
        let method = match find(&all, "method") {
            None => None,
            Some(raw) => Some(
                text_of(raw.get())
                    .filter(|method| !method.is_empty() && method.len() <= MAX_NAME)
                    .ok_or_else(|| wrong("method: expected a text of 1 to 1024 bytes"))?,
            ),
        };
        match (method, has_result, has_error) {
            (Some(method), None, None) => match id {
                Some(Some(id)) => Ok(Self::Request {
                    id: id.clone(),
                    method: method.into_owned(),
                    params,
                }),
                Some(None) => Err(wrong("id: expected a text or a whole number, found null")),
                None => Ok(Self::Notification {
                    method: method.into_owned(),
                    params,
                }),
            },
            (None, Some(result), None) => match id {
                Some(Some(id)) => Ok(Self::Response {
                    id: Some(id.clone()),
                    answer: Answer::Result(result.get()),
                }),
                _ => Err(wrong("id: expected the id of the request")),
            },
            (None, None, Some(error)) => Ok(Self::Response {
                id: id.clone().flatten(),
                answer: Answer::Error(error.get()),
            }),
            _ => Err(wrong("expected either a method, a result or an error")),
        }
    }

    /// Reads a message of a client's. One that a lenient server may run as a call of a tool is one here too, or
    /// is refused: a call without an id, which asks for no answer, and another spelling of its method.
    ///
    /// # Errors
    ///
    /// [`Malformed`]; nothing of it should be forwarded.
    pub(crate) fn of_client(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let message = Self::read(bytes)?;
        match &message {
            Self::Notification { method, .. } if !method.starts_with("notifications/") => {
                let what = "id: expected one; only notifications/… go without";
                Err(Malformed::new(INVALID_REQUEST, what))
            }
            Self::Request { id, method, .. } if method != CALL && resembles(method) => {
                let mut wrong = Malformed::new(
                    INVALID_REQUEST,
                    format!(
                        "method: expected letters of ASCII, digits and signs, and {CALL} as it is written here"
                    ),
                );
                wrong.id = Some(id.clone());
                Err(wrong)
            }
            _ => Ok(message),
        }
    }
}

/// Whether somebody could take the method for [`CALL`], or could read another one than we do.
fn resembles(method: &str) -> bool {
    let letters = method.chars().filter(char::is_ascii_alphanumeric);
    !method.chars().all(|c| c.is_ascii_graphic())
        || letters
            .map(|c| c.to_ascii_lowercase())
            .eq("toolscall".chars())
}

/// What a `tools/call` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall<'a> {
    /// The tool.
    pub name: String,
    /// The JSON text of the arguments.
    pub arguments: Option<&'a str>,
    /// The trace of `traceparent`, 32 hexadecimal digits; else empty.
    pub trace_id: String,
    /// Whether it speaks 2026-07-28 or later, in which a result may ask for more before the call ends.
    pub interruptible: bool,
    /// Whether it answers what an earlier result asked for.
    pub answers: bool,
    /// The JSON text of the state that it brings back.
    pub state: Option<&'a str>,
}

impl<'a> ToolCall<'a> {
    /// Reads the parameters of a `tools/call`.
    ///
    /// # Errors
    ///
    /// In words, what was expected.
    pub fn read(params: Option<&'a str>) -> Result<Self, String> {
        let expected = || "params: expected an object with the name of a tool".to_owned();
        let all = members(params.unwrap_or("null")).map_err(|()| expected())?;
        unlike(
            &all,
            &[
                "name",
                "arguments",
                "_meta",
                "inputResponses",
                "requestState",
            ],
        )
        .map_err(|what| format!("params: {what}"))?;
        let name = find(&all, "name")
            .and_then(|raw| text_of(raw.get()))
            .filter(|name| !name.is_empty() && name.len() <= MAX_NAME)
            .ok_or("params.name: expected a text of 1 to 1024 bytes")?
            .into_owned();
        let arguments = find(&all, "arguments").map(RawValue::get);
        if arguments.is_some_and(|text| !text.starts_with('{')) {
            return Err("params.arguments: expected an object".into());
        }
        let meta = find(&all, "_meta").and_then(|raw| members(raw.get()).ok());
        let told = |name| {
            let raw = find(meta.as_ref()?, name)?;
            text_of(raw.get())
        };
        let parent = told("traceparent");
        let version = told("io.modelcontextprotocol/protocolVersion");
        Ok(Self {
            name,
            arguments,
            trace_id: parent.and_then(|text| trace_of(&text)).unwrap_or_default(),
            interruptible: version.is_some_and(|version| *version >= *"2026-07-28"),
            answers: ["inputResponses", "requestState"]
                .iter()
                .any(|name| find(&all, name).is_some()),
            state: find(&all, "requestState").map(RawValue::get),
        })
    }
}

/// What a result of a `tools/call` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultKind {
    /// It ended.
    Ok,
    /// It ended, and says that it failed.
    ToolError,
    /// It needs something before it can go on, says what or what is to be brought back, and holds nothing
    /// of a result.
    InputRequired,
}

impl ResultKind {
    /// Of a result's JSON text. What is no result of a tool counts as one that ended.
    #[must_use]
    pub fn of(result: &str) -> Self {
        let Ok(all) = members(result) else {
            return Self::Ok;
        };
        let is = |name, value| find(&all, name).is_some_and(|raw| raw.get() == value);
        let has = |names: [&str; 2]| names.iter().any(|name| find(&all, name).is_some());
        if is("resultType", "\"input_required\"")
            && has(["inputRequests", "requestState"])
            && !has(["content", "structuredContent"])
        {
            Self::InputRequired
        } else if is("isError", "true") {
            Self::ToolError
        } else {
            Self::Ok
        }
    }
}

/// The JSON text of the state that a result wants to have back.
#[must_use]
pub fn request_state(result: &str) -> Option<String> {
    let all = members(result).ok()?;
    find(&all, "requestState").map(|raw| raw.get().to_owned())
}

/// The code of an error's JSON text; 0 where it has none.
#[must_use]
pub fn error_code(error: &str) -> i64 {
    let Ok(all) = members(error) else { return 0 };
    find(&all, "code")
        .and_then(|raw| raw.get().parse().ok())
        .unwrap_or(0)
}

/// The text of a member of parameters, by which a head may name what the body is about.
pub(crate) fn named(params: Option<&str>, member: &str) -> Option<String> {
    let all = members(params?).ok()?;
    let text = text_of(find(&all, member)?.get())?;
    Some(text.into_owned())
}

/// The id that a `notifications/cancelled` names.
#[must_use]
pub fn cancelled(params: Option<&str>) -> Option<Id> {
    let all = members(params?).ok()?;
    id(find(&all, "requestId")?.get()).ok()?
}

/// An id; none where it is null.
fn id(raw: &str) -> Result<Option<Id>, ()> {
    if raw == "null" {
        return Ok(None);
    }
    if let Some(text) = text_of(raw) {
        return match text.len() <= MAX_NAME {
            true => Ok(Some(Id::Text(text.into_owned()))),
            false => Err(()),
        };
    }
    let whole = raw.strip_prefix('-').unwrap_or(raw);
    let plain = whole.bytes().all(|byte| byte.is_ascii_digit()) && raw != "-0";
    let number = raw.parse().ok().filter(|_| plain).ok_or(())?;
    match (-MAX_WHOLE..=MAX_WHOLE).contains(&number) {
        true => Ok(Some(Id::Number(number))),
        false => Err(()),
    }
}

/// The text of a JSON string.
fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    let text: String = serde_json::from_str(raw).ok()?;
    Some(text.into())
}

/// The trace id of a `traceparent` (W3C Trace Context, 3.2).
#[must_use]
pub fn trace_of(traceparent: &str) -> Option<String> {
    let mut parts = traceparent.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, len| {
        text.len() == len
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let some = trace.bytes().any(|byte| byte != b'0');
    (hex(version, 2) && version != "ff" && hex(trace, 32) && hex(span, 16) && some)
        .then(|| trace.to_owned())
}

/// Refuses names that are one of those that count but for case, by which some parsers do not tell names
/// apart.
fn unlike(all: &[Member<'_>], known: &[&str]) -> Result<(), String> {
    for (name, _) in all {
        if known.contains(&name.as_str()) {
            continue;
        }
        let folded = fold(name);
        if let Some(known) = known.iter().find(|known| fold(known) == folded) {
            return Err(format!("{name:?}: expected {known:?}"));
        }
    }
    Ok(())
}

/// Without case; the two characters outside of ASCII that fold into it (Unicode, CaseFolding.txt) as well.
fn fold(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

/// The deepest nesting, whatever else is wrong with the text.
fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}
