//! Strict JSON as values, and taking fields out of an object.

use crate::error::{Problem, shown};
use serde_json::{Map, Value};

/// An object whose fields are taken one by one.
pub(crate) struct Fields {
    fields: Map<String, Value>,
}

/// Reads bytes strictly: duplicate keys, lone surrogates, numbers out of range and the like are
/// refused. The value is that of the RFC 8785 canonical form.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, Problem> {
    let canonical = ai_audit_json::canonicalize_bytes(bytes)
        .map_err(|error| Problem::new(format!("no strict JSON: {error}")))?;
    // What has a canonical form is JSON.
    serde_json::from_str(&canonical).map_err(|error| Problem::new(format!("no JSON: {error}")))
}

/// The canonical form of a value that was read strictly.
pub(crate) fn canonical(value: &Value) -> Result<String, Problem> {
    ai_audit_json::to_canonical(value).map_err(|error| Problem::new(error.to_string()))
}

impl Fields {
    /// The fields of an object, none of which may be unknown.
    pub(crate) fn new(value: Value, known: &[&str]) -> Result<Self, Problem> {
        let Value::Object(fields) = value else {
            return Err(Problem::new("expected a JSON object"));
        };
        if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
            let message = format!("unknown; known are {}", known.join(", "));
            return Err(Problem::of(shown(name), message));
        }
        Ok(Self { fields })
    }

    /// A field, unless it is absent or null.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::of(name, "expected a text")),
        }
    }

    /// A text, empty where there is none.
    pub(crate) fn text_or_empty(&mut self, name: &str) -> Result<String, Problem> {
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, Problem> {
        let expected = || Problem::of(name, "expected a list of texts");
        let list = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(expected()),
        };
        list.into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(expected()),
            })
            .collect()
    }

    /// A whole number from 0 on.
    pub(crate) fn whole(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| Problem::of(name, "expected a whole number from 0 on")),
        }
    }

    /// A finite number. Minus zero is zero.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<f64>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if number.is_finite() => Ok(Some(number + 0.0)),
                _ => Err(Problem::of(name, "expected a number")),
            },
        }
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Problem::of(name, "expected true or false")),
        }
    }

    /// A list of anything.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<Value>, Problem> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(Problem::of(name, "expected a list")),
        }
    }
}

/// A text as it is; any other value as its canonical form.
pub(crate) fn text_of(value: Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text),
        other => canonical(&other),
    }
}
