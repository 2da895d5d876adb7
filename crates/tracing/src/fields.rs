//! The fields of events and spans, as those of a record line.

use core::fmt;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};

/// What an event gets from the spans around it.
const INHERITED: [&str; 4] = ["trace_id", "session_id", "actor", "subject"];
/// Fields of a record line that are lists of texts.
const TEXTS: [&str; 3] = ["reason_codes", "tags", "state"];
/// Fields that are any JSON, or lists of something else than texts.
const JSON: [&str; 4] = ["checks", "config", "policy", "parents"];

/// Fields while they are visited.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    fields: Map<String, Value>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        let name = field.name();
        // What an event is called is for people; `log.` fields are a bridge's own.
        if name != "message" && !name.starts_with("log.") {
            self.fields.insert(name.to_owned(), value);
        }
    }

    fn add_text(&mut self, field: &Field, text: String) {
        let value = match field.name() {
            name if TEXTS.contains(&name) => match serde_json::from_str(&text) {
                Ok(list @ Value::Array(_)) => list,
                _ => Value::Array(vec![Value::String(text)]),
            },
            name if JSON.contains(&name) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            _ => Value::String(text),
        };
        self.add(field, value);
    }

    /// Takes over what is missing from a span around it.
    pub(crate) fn inherit(&mut self, span: &Self) {
        for name in INHERITED {
            if let Some(value) = span.fields.get(name)
                && !self.fields.contains_key(name)
            {
                self.fields.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// As a record line.
    pub(crate) fn into_line(self) -> Vec<u8> {
        Value::Object(self.fields).to_string().into_bytes()
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_text(field, format!("{value:?}"));
    }
}
