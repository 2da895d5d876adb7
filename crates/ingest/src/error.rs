//! What is wrong with a line or a conversation, where, and whether reading can go on.

use std::fmt::Write as _;
use std::io;

/// A line or a conversation that cannot be taken.
///
/// As one sentence: ``line 7: field `actoin`: unknown; known are input, output, …``. It says where
/// and what was expected, and repeats no text of the input but field names, roles and short codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {}{message}", of_field(.field.as_deref()))]
pub struct IngestError {
    /// Which line or conversation, counted from 1: `line 7`, `conversation 3`.
    pub place: String,
    /// The field inside of it, if it is one: `checks[0].score`, `messages[4].role`.
    pub field: Option<String>,
    /// What is wrong and what was expected.
    pub message: String,
    /// Whether nothing more can be read. After other errors the next line or conversation can.
    pub fatal: bool,
}

fn of_field(field: Option<&str>) -> String {
    field.map_or_else(String::new, |field| format!("field `{field}`: "))
}

impl IngestError {
    pub(crate) fn fatal(place: String, message: impl Into<String>) -> Self {
        Self {
            place,
            field: None,
            message: message.into(),
            fatal: true,
        }
    }

    pub(crate) fn from_io(place: String, error: &io::Error) -> Self {
        Self::fatal(place, format!("cannot be read: {error}"))
    }
}

/// An error before its place is known.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) field: Option<String>,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            field: None,
            message: message.into(),
        }
    }

    pub(crate) fn of(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            message: message.into(),
        }
    }

    /// Puts a step in front of the field.
    pub(crate) fn below(mut self, step: &str) -> Self {
        self.field = Some(match self.field {
            None => step.into(),
            Some(field) if field.starts_with('[') => format!("{step}{field}"),
            Some(field) => format!("{step}.{field}"),
        });
        self
    }

    pub(crate) fn at(self, place: String) -> IngestError {
        IngestError {
            place,
            field: self.field,
            message: self.message,
            fatal: false,
        }
    }
}

/// A name of unknown origin for a message: on one line, cut to 64 characters.
pub(crate) fn shown(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if i == 64 {
            out.push_str("...");
            break;
        }
        let _ = write!(out, "{}", c.escape_debug());
    }
    out
}
