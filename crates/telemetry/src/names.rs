//! Labels whose number is bounded, whoever names things.

use ai_audit_store::LogName;
use opentelemetry::KeyValue;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Of so many logs figures are told by name.
pub const MAX_LOGS: usize = 64;

/// What the other logs are called together; no log can be called so.
pub const OTHER_LOGS: &str = "other logs";

/// The logs that are told by name: the first that came up.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Mutex<BTreeSet<LogName>>,
}

impl Names {
    /// Whether a log is told by name. There is room for the first ones.
    pub(crate) fn knows(&self, log: &LogName) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(log) {
            return true;
        }
        known.len() < MAX_LOGS && known.insert(log.clone())
    }

    /// A log's label.
    pub(crate) fn label(&self, log: &LogName) -> KeyValue {
        match self.knows(log) {
            true => KeyValue::new("log", log.as_str().to_owned()),
            false => KeyValue::new("log", OTHER_LOGS),
        }
    }
}

/// A method as OpenTelemetry's conventions name it: those of RFC 9110 and PATCH, or `_OTHER`.
pub(crate) fn method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "CONNECT" => "CONNECT",
        "OPTIONS" => "OPTIONS",
        "TRACE" => "TRACE",
        "PATCH" => "PATCH",
        _ => "_OTHER",
    }
}
