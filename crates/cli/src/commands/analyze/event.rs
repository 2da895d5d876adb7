//! What counts as an event.

use crate::failure::usage;
use ai_audit_core::{Action, Decision};

/// What counts as 1; all else counts as 0.
#[derive(Debug)]
pub(super) enum Event {
    Actions(Vec<Action>),
    Check(String),
    AnyCheck,
}

impl Event {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        match text.split_once('=') {
            Some(("action", names)) => {
                let action = |name: &str| {
                    Action::from_name(name).ok_or_else(|| {
                        let known: Vec<&str> = Action::ALL.iter().map(|a| a.name()).collect();
                        usage(format!(
                            "--event {text}: there is no action {name:?}; the actions are {}",
                            known.join(", ")
                        ))
                    })
                };
                Ok(Self::Actions(
                    names.split(',').map(action).collect::<Result<_, _>>()?,
                ))
            }
            Some(("check", "*")) => Ok(Self::AnyCheck),
            Some(("check", name)) if !name.is_empty() => Ok(Self::Check(name.into())),
            _ => Err(usage(format!(
                "--event {text}: expected action=NAME,..., check=NAME or check=*"
            ))),
        }
    }

    /// Whether a decision is one.
    pub(super) fn is(&self, decision: &Decision<'_>) -> bool {
        let mut fired = decision.checks.iter().filter(|check| check.fired);
        match self {
            Self::Actions(actions) => actions.contains(&decision.action),
            Self::Check(name) => fired.any(|check| check.name == name.as_str()),
            Self::AnyCheck => fired.next().is_some(),
        }
    }
}
