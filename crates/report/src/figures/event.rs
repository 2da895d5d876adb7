//! What counts as an event of a rate.

use ai_audit_core::{Action, Decision};
use std::fmt;
use std::str::FromStr;

/// What counts as 1; all else counts as 0.
///
/// ```
/// use ai_audit_report::Event;
/// let event: Event = "action=reject,escalate".parse()?;
/// assert_eq!(event.to_string(), "action=reject,escalate");
/// assert!("action=refuse".parse::<Event>().is_err());
/// # Ok::<(), ai_audit_report::EventError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A decision with one of these actions: `action=reject,escalate`.
    Actions(Vec<Action>),
    /// A decision in which the check of this name fired: `check=toxicity`.
    Check(String),
    /// A decision in which any check fired: `check=*`.
    AnyCheck,
}

/// A text that names no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {text:?}: expected action=NAME,... (one of {known}), check=NAME or check=*")]
pub struct EventError {
    text: String,
    known: String,
}

impl FromStr for Event {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        let wrong = || EventError {
            text: text.into(),
            known: Action::ALL.map(Action::name).join(", "),
        };
        match text.split_once('=') {
            Some(("action", names)) => {
                let actions = names.split(',').map(Action::from_name);
                let actions: Option<Vec<Action>> = actions.collect();
                actions.map(Self::Actions).ok_or_else(wrong)
            }
            Some(("check", "*")) => Ok(Self::AnyCheck),
            Some(("check", name)) if !name.is_empty() => Ok(Self::Check(name.into())),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Actions(actions) => {
                let names: Vec<&str> = actions.iter().map(|action| action.name()).collect();
                write!(f, "action={}", names.join(","))
            }
            Self::Check(name) => write!(f, "check={name}"),
            Self::AnyCheck => f.write_str("check=*"),
        }
    }
}

impl Event {
    /// Whether a decision is one.
    #[must_use]
    pub fn is(&self, decision: &Decision<'_>) -> bool {
        let mut fired = decision.checks.iter().filter(|check| check.fired);
        match self {
            Self::Actions(actions) => actions.contains(&decision.action),
            Self::Check(name) => fired.any(|check| check.name == name.as_str()),
            Self::AnyCheck => fired.next().is_some(),
        }
    }
}
