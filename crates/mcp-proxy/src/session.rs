//! One client and one server: whose messages may pass, and which answers which.

use crate::counts::add;
use crate::gate::{Call, End, Gate, Passage};
use crate::message::{
    Answer, CALL, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, Id, Malformed, Message,
    ResultKind, ToolCall, cancelled, request_state,
};
use ai_audit_intake::CallHeader;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The most requests that may be open in one direction.
pub const MAX_OPEN_REQUESTS: usize = 4096;

/// The open requests of both sides, each side's ids apart.
#[derive(Debug)]
pub(crate) struct Session {
    gate: Arc<Gate>,
    header: CallHeader,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// What the client asked.
    asked: HashMap<Id, Open>,
    /// What the server asked, and until when it may be answered.
    asked_back: HashMap<Id, Instant>,
}

#[derive(Debug)]
struct Open {
    /// When it was asked, or last heard of.
    since: Instant,
    cancelled: Option<Instant>,
    what: Asked,
}

#[derive(Debug)]
enum Asked {
    /// Of another kind than a recorded call.
    Other,
    /// Open for as long as the client likes.
    Lasting,
    Call(Box<Call>),
}

/// What becomes of a client's message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FromClient {
    /// It goes to the server.
    Forward,
    /// It goes to the server, which is to answer the request with this id.
    Ask(Id),
    /// It does not; the client has this answer.
    Answer(String),
    /// It does not, and there is nothing to answer.
    Drop,
}

/// Why a session ends with calls that are open.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending<'a> {
    /// The server is there, and did not answer.
    Silent,
    /// The server is not there any more, or not to be understood. In a few words.
    Gone(&'a str),
}

impl Session {
    pub(crate) fn new(gate: Arc<Gate>, header: CallHeader) -> Self {
        Self {
            gate,
            header,
            table: Mutex::new(Table::default()),
        }
    }

    pub(crate) const fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing that can panic runs under this lock.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message of the client's. One that is to be forwarded may be: a call's intent is durable.
    pub(crate) async fn client_says(&self, bytes: &[u8]) -> FromClient {
        match Message::of_client(bytes) {
            Ok(message) => self.client_said(message).await,
            Err(error) => self.malformed(&error),
        }
    }

    pub(crate) fn malformed(&self, error: &Malformed) -> FromClient {
        add(&self.gate.counts.malformed);
        match error.answer {
            true => FromClient::Drop,
            false => FromClient::Answer(error_text(error.id.as_ref(), error.code, &error.what)),
        }
    }

    pub(crate) async fn client_said(&self, message: Message<'_>) -> FromClient {
        let counts = &self.gate.counts;
        match message {
            Message::Request { id, method, params } => {
                let what = match method.as_str() {
                    "subscriptions/listen" => Asked::Lasting,
                    _ => Asked::Other,
                };
                if let Err(what) = self.reserve(&id, what) {
                    add(&counts.malformed);
                    return FromClient::Answer(error_text(Some(&id), INVALID_REQUEST, what));
                }
                if method == CALL {
                    return self.tool_call(id, params).await;
                }
                add(&counts.forwarded);
                FromClient::Ask(id)
            }
            Message::Notification { method, params } => {
                if method == "notifications/cancelled"
                    && let Some(id) = cancelled(params)
                    && let Some(open) = self.table().asked.get_mut(&id)
                {
                    open.cancelled.get_or_insert_with(Instant::now);
                }
                add(&counts.forwarded);
                FromClient::Forward
            }
            Message::Response { id, .. } => {
                let known = id.is_some_and(|id| self.table().asked_back.remove(&id).is_some());
                match known {
                    true => {
                        add(&counts.forwarded);
                        FromClient::Forward
                    }
                    false => {
                        add(&counts.stray);
                        FromClient::Drop
                    }
                }
            }
        }
    }

    fn reserve(&self, id: &Id, what: Asked) -> Result<(), &'static str> {
        let mut table = self.table();
        if table.asked.contains_key(id) {
            return Err("id: a request with this id is open");
        }
        if table.asked.len() >= MAX_OPEN_REQUESTS {
            return Err("4096 requests are open; expected answers to some of them first");
        }
        let open = Open {
            since: Instant::now(),
            cancelled: None,
            what,
        };
        table.asked.insert(id.clone(), open);
        Ok(())
    }

    async fn tool_call(&self, id: Id, params: Option<&str>) -> FromClient {
        let refused = |code, what: &str| {
            self.table().asked.remove(&id);
            FromClient::Answer(error_text(Some(&id), code, what))
        };
        let asked = match ToolCall::read(params) {
            Ok(asked) => asked,
            Err(what) => {
                add(&self.gate.counts.malformed);
                return refused(INVALID_PARAMS, &what);
            }
        };
        match self.gate.call(&id, &asked, &self.header).await {
            Passage::Forward(call) => {
                if let Some(call) = call {
                    let mut table = self.table();
                    let before = table.asked.remove(&id);
                    let open = Open {
                        since: call.began,
                        cancelled: before.and_then(|open| open.cancelled),
                        what: Asked::Call(Box::new(call)),
                    };
                    table.asked.insert(id.clone(), open);
                }
                add(&self.gate.counts.forwarded);
                FromClient::Ask(id)
            }
            Passage::Refused(why) => {
                self.table().asked.remove(&id);
                FromClient::Answer(refusal_text(&id, &why))
            }
            Passage::Unfit(why) => refused(INVALID_PARAMS, &why),
            Passage::Failed => refused(
                INTERNAL_ERROR,
                "the audit log takes nothing now, and without an intent in it no tool is called",
            ),
        }
    }

    /// Takes a message of the server's: whether it is to be forwarded. What a call gave is recorded then.
    pub(crate) async fn server_says(&self, bytes: &[u8]) -> bool {
        let counts = &self.gate.counts;
        let Ok(message) = Message::read(bytes) else {
            add(&counts.malformed);
            return false;
        };
        match message {
            Message::Notification { method, params } => {
                if method == "notifications/cancelled"
                    && let Some(id) = cancelled(params)
                    && let Some(until) = self.table().asked_back.get_mut(&id)
                {
                    *until = (*until).min(Instant::now() + self.gate.options.grace);
                }
            }
            Message::Request { id, .. } => {
                let until = Instant::now() + self.gate.options.timeout;
                let mut table = self.table();
                if table.asked_back.len() >= MAX_OPEN_REQUESTS || table.asked_back.contains_key(&id)
                {
                    add(&counts.malformed);
                    return false;
                }
                table.asked_back.insert(id, until);
            }
            Message::Response { id, answer } => {
                let open = id.and_then(|id| self.table().asked.remove(&id));
                let Some(open) = open else {
                    add(&counts.stray);
                    return false;
                };
                if let Asked::Call(call) = open.what {
                    self.answered(*call, answer).await;
                }
            }
        }
        add(&counts.forwarded);
        true
    }

    async fn answered(&self, call: Call, answer: Answer<'_>) {
        if let Answer::Result(result) = answer
            && call.interruptible
            && ResultKind::of(result) == ResultKind::InputRequired
        {
            let given_up = self.gate.waiting.keep(call, request_state(result));
            if let Some(call) = given_up {
                self.gate.outcome(&call, End::Failed(NOT_GIVEN)).await;
            }
            return;
        }
        self.gate.outcome(&call, End::Answered(answer)).await;
    }

    /// Hears of a request: one that is no call waits by silence.
    pub(crate) fn heard_of(&self, id: &Id) {
        if let Some(open) = self.table().asked.get_mut(id)
            && matches!(open.what, Asked::Other)
        {
            open.since = Instant::now();
        }
    }

    /// Gives up what waits for too long, in both directions; what the client is told of each.
    pub(crate) async fn sweep(&self) -> Vec<String> {
        let options = &self.gate.options;
        let late = |open: &Open| {
            let lasting = matches!(open.what, Asked::Lasting);
            (!lasting && open.since.elapsed() >= options.timeout)
                || open
                    .cancelled
                    .is_some_and(|at| at.elapsed() >= options.grace)
        };
        let late: Vec<(Id, Open)> = {
            let mut table = self.table();
            let now = Instant::now();
            table.asked_back.retain(|_, until| *until > now);
            let ids: Vec<Id> = table
                .asked
                .iter()
                .filter(|(_, open)| late(open))
                .map(|(id, _)| id.clone())
                .collect();
            ids.into_iter()
                .filter_map(|id| table.asked.remove_entry(&id))
                .collect()
        };
        let mut answers = Vec::new();
        for (id, open) in late {
            let end = match open.cancelled {
                Some(_) => End::Failed(CANCELLED),
                None => End::TimedOut(""),
            };
            if let Asked::Call(call) = &open.what {
                self.gate.outcome(call, end).await;
            }
            // Who cancels waits for nothing.
            if open.cancelled.is_some() {
                continue;
            }
            let what = format!("no answer in {} s", options.timeout.as_secs());
            answers.push(error_text(Some(&id), INTERNAL_ERROR, &what));
        }
        answers
    }

    /// Whether a request is open.
    pub(crate) fn is_open(&self, id: &Id) -> bool {
        self.table().asked.contains_key(id)
    }

    /// Whether the client waits for anything.
    pub(crate) fn is_idle(&self) -> bool {
        self.table().asked.is_empty()
    }

    /// Ends one request that will not be answered; what its client is told.
    pub(crate) async fn give_up(&self, id: &Id, ending: Ending<'_>) -> Option<String> {
        let open = self.table().asked.remove(id)?;
        Some(self.ended(id, open, ending).await)
    }

    /// Ends all requests that are open; what the client is told of each.
    pub(crate) async fn end(&self, ending: Ending<'_>) -> Vec<String> {
        let open: Vec<(Id, Open)> = self.table().asked.drain().collect();
        let mut answers = Vec::with_capacity(open.len());
        for (id, open) in open {
            answers.push(self.ended(&id, open, ending).await);
        }
        answers
    }

    async fn ended(&self, id: &Id, open: Open, ending: Ending<'_>) -> String {
        if let Asked::Call(call) = open.what {
            let end = match (ending, open.cancelled) {
                (_, Some(_)) => End::Failed(CANCELLED),
                (Ending::Silent, None) => End::TimedOut(""),
                (Ending::Gone(why), None) => End::Failed(why),
            };
            self.gate.outcome(&call, end).await;
        }
        let what = match ending {
            Ending::Silent => "no answer before the end",
            Ending::Gone(why) => why,
        };
        error_text(Some(id), INTERNAL_ERROR, what)
    }
}

/// The error of a call with which nobody went on.
pub(crate) const NOT_GIVEN: &str = "input required, and not given";
const CANCELLED: &str = "cancelled";

/// A JSON-RPC error. Without an id where none could be read, as both protocols have it.
pub(crate) fn error_text(id: Option<&Id>, code: i32, what: &str) -> String {
    let id = id.map_or_else(String::new, |id| format!(r#""id":{},"#, id.to_json()));
    let what = serde_json::Value::from(format!("ai-audit mcp-proxy: {what}"));
    format!(r#"{{"jsonrpc":"2.0",{id}"error":{{"code":{code},"message":{what}}}}}"#)
}

/// The result of a call that a rule refuses: the model reads it, and can do something else.
fn refusal_text(id: &Id, why: &str) -> String {
    let (id, why) = (id.to_json(), serde_json::Value::from(why));
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"complete","content":[{{"type":"text","text":{why}}}],"isError":true}}}}"#
    )
}
