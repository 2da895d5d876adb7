//! What goes into the log, as the caller says.

use http::{request, response};
use serde_json::Value;

/// What a service answered.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// A response; its body has not begun.
    Response(&'a response::Parts),
    /// None: the service failed. What its error says is not given on, since it may be about anything.
    Failed,
}

/// A step that is about to be done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Intent {
    /// The trace that it belongs to; not empty.
    pub trace_id: String,
    /// The session; may be empty.
    pub session_id: String,
    /// Who does it, as a pseudonym; may be empty.
    pub actor: String,
    /// What is called; not empty.
    pub tool: String,
    /// With what: a text or any JSON, of which digests are kept.
    pub arguments: Option<Value>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// `ok`, `error`, `denied`, `timed_out` or `unknown`.
    pub status: &'static str,
    /// A class of error such as `timeout`; may be empty.
    pub error: String,
    /// With what result: a text or any JSON, of which digests are kept.
    pub result: Option<Value>,
}

impl Outcome {
    /// By the status of a response: `ok` below 400, `denied` for 401 and 403, else `error` with the
    /// status as its class; `error` where there is no response.
    #[must_use]
    pub fn of(answer: Answer<'_>) -> Self {
        let Answer::Response(response) = answer else {
            return Self::new("error", "service");
        };
        match response.status.as_u16() {
            ..=399 => Self::new("ok", ""),
            401 | 403 => Self::new("denied", ""),
            other => Self::new("error", &format!("http_{other}")),
        }
    }

    pub(crate) fn new(status: &'static str, error: &str) -> Self {
        Self {
            status,
            error: error.to_owned(),
            result: None,
        }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Step {
    /// Nothing is recorded of it.
    Nothing,
    /// What the response says is recorded as a decision ([`Audit::decision`]).
    #[default]
    Decision,
    /// It is recorded before it is done, and what came of it afterwards ([`Audit::outcome`]).
    Action(Intent),
}

/// Says what goes into the log. It sees heads, not bodies; what it needs of a body, the service can put
/// into the extensions of its response.
///
/// It runs on the threads of the runtime, so it should be quick.
pub trait Audit: Send + Sync + 'static {
    /// What a request asks for.
    fn step(&self, request: &request::Parts) -> Step {
        let _ = request;
        Step::Decision
    }

    /// The decision that an answer states, as a record line
    /// ([`RecordLines`](ai_audit_ingest::RecordLines) has its fields); `None` where it states none.
    fn decision(&self, request: &request::Parts, answer: Answer<'_>) -> Option<Value> {
        let _ = (request, answer);
        None
    }

    /// What came of an action.
    fn outcome(&self, request: &request::Parts, answer: Answer<'_>) -> Outcome {
        let _ = request;
        Outcome::of(answer)
    }
}

/// Records the decisions that `of` finds in responses; a request whose service failed has none.
pub fn decisions<F>(of: F) -> impl Audit
where
    F: Fn(&request::Parts, &response::Parts) -> Option<Value> + Send + Sync + 'static,
{
    Decisions(of)
}

struct Decisions<F>(F);

impl<F> Audit for Decisions<F>
where
    F: Fn(&request::Parts, &response::Parts) -> Option<Value> + Send + Sync + 'static,
{
    fn decision(&self, request: &request::Parts, answer: Answer<'_>) -> Option<Value> {
        match answer {
            Answer::Response(response) => self.0(request, response),
            Answer::Failed => None,
        }
    }
}
