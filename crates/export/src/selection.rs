//! Which receipts of a log go into a package.

use ai_audit_core::{Header, Kind, SealMode, Timestamp};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// A selection of a log's receipts. Control receipts belong to every selection; a batch seal goes with the
/// receipts that it signs for.
///
/// A tenant has a log of his own, so selecting a tenant is choosing the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    /// The whole log.
    #[default]
    All,
    /// Receipts by `seq`, both ends included.
    Range {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// Receipts of one trace.
    Trace(String),
    /// Receipts of one session.
    Session(String),
    /// Receipts sealed in a span of time.
    Time {
        /// From this time on.
        from: Timestamp,
        /// Before this time.
        to: Timestamp,
    },
}

/// Picks the receipts of a selection in the order of the log, and with batched ones their batch seal, which
/// stands somewhere behind them.
pub(crate) struct Picker<'s> {
    selection: &'s Selection,
    /// Whether a batched receipt was picked whose seal did not come yet.
    waits: bool,
}

impl<'s> Picker<'s> {
    pub(crate) const fn new(selection: &'s Selection) -> Self {
        Self {
            selection,
            waits: false,
        }
    }

    /// Whether the next receipt goes with the selection.
    pub(crate) fn takes(&mut self, header: &Header<'_>) -> bool {
        let belongs = self.selection.contains(header);
        if header.kind == Kind::BATCH_SEAL {
            return core::mem::take(&mut self.waits) || belongs;
        }
        self.waits |= belongs && header.mode == SealMode::Batched;
        belongs
    }
}

impl Selection {
    /// Whether a receipt with this header belongs to the selection.
    #[must_use]
    pub fn contains(&self, header: &Header<'_>) -> bool {
        header.kind.is_control()
            || match self {
                Self::All => true,
                Self::Range { from, to } => (*from..=*to).contains(&header.seq),
                Self::Trace(trace) => header.trace_id == trace,
                Self::Session(session) => header.session_id == session,
                Self::Time { from, to } => header.sealed_at >= *from && header.sealed_at < *to,
            }
    }

    /// Whether a receipt that is no control receipt belongs to it, where its place alone tells.
    pub(crate) fn contains_seq(&self, seq: u64) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Range { from, to } => Some((*from..=*to).contains(&seq)),
            Self::Trace(_) | Self::Session(_) | Self::Time { .. } => None,
        }
    }

    /// Whether it is the whole log.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// The selection in words, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::All => "the whole log".into(),
            Self::Range { from, to } => format!("receipts {from} to {to}"),
            Self::Trace(trace) => format!("trace {trace:?}"),
            Self::Session(session) => format!("session {session:?}"),
            Self::Time { from, to } => format!("receipts sealed from {from} and before {to}"),
        }
    }
}

/// The form in the manifest: a word and its arguments. Times are microseconds since the Unix epoch,
/// texts are JSON strings.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Range { from, to } => write!(f, "range {from} {to}"),
            Self::Trace(trace) => write!(f, "trace {}", Value::from(trace.as_str())),
            Self::Session(session) => write!(f, "session {}", Value::from(session.as_str())),
            Self::Time { from, to } => write!(f, "time {} {}", from.as_micros(), to.as_micros()),
        }
    }
}

impl FromStr for Selection {
    type Err = ParseSelectionError;

    fn from_str(text: &str) -> Result<Self, ParseSelectionError> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let pair = || {
            let (from, to) = rest.split_once(' ').ok_or(ParseSelectionError)?;
            let number = |text: &str| text.parse::<u64>().map_err(|_| ParseSelectionError);
            Ok((number(from)?, number(to)?))
        };
        let string = || serde_json::from_str::<String>(rest).map_err(|_| ParseSelectionError);
        let selection = match word {
            "all" => Self::All,
            "range" => pair().map(|(from, to)| Self::Range { from, to })?,
            "trace" => Self::Trace(string()?),
            "session" => Self::Session(string()?),
            "time" => pair().map(|(from, to)| Self::Time {
                from: Timestamp::from_micros(from),
                to: Timestamp::from_micros(to),
            })?,
            _ => return Err(ParseSelectionError),
        };
        // One selection has one form.
        if selection.to_string() == text {
            Ok(selection)
        } else {
            Err(ParseSelectionError)
        }
    }
}

/// A text that is no selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected all, range A B, trace \"T\", session \"S\" or time A B")]
pub struct ParseSelectionError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_round_trip_and_others_are_refused() {
        let micros = Timestamp::from_micros;
        for selection in [
            Selection::All,
            Selection::Range { from: 3, to: 9 },
            Selection::Trace("a \"b\"\n\u{1b}".into()),
            Selection::Session(String::new()),
            Selection::Time {
                from: micros(1),
                to: micros(2),
            },
        ] {
            assert_eq!(selection.to_string().parse(), Ok(selection));
        }
        for text in [
            "",
            "all ",
            "range 1",
            "range 01 2",
            "trace x",
            "trace \"\\u0061\"",
            "no",
        ] {
            assert!(text.parse::<Selection>().is_err(), "{text}");
        }
    }
}
