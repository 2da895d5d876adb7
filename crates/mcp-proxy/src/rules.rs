//! A contract that calls are held against.

use ai_audit_agentic::{ContractActivation, ContractVerdict};
use ai_audit_contracts::{Contract, State, Verdict};
use ai_audit_core::Text;
use ai_audit_intake::CallState;
use std::collections::HashMap;

/// The most sessions whose states are counted one by one; of those after them each call is the first.
const MAX_SESSIONS: usize = 1 << 16;

/// The contract, and how many calls each session had.
#[derive(Debug)]
pub(crate) struct Rules {
    contract: Contract,
    steps: HashMap<String, u64>,
}

/// A call as a contract sees it.
#[derive(Debug)]
pub(crate) struct Held {
    /// The state's JSON text.
    pub(crate) state: String,
    step: u64,
    verdict: Verdict,
    hard: Vec<String>,
    soft: Vec<String>,
    preconditions: Vec<String>,
}

impl Rules {
    pub(crate) fn new(contract: Contract) -> Self {
        Self {
            contract,
            steps: HashMap::new(),
        }
    }

    /// The receipt by which it takes effect.
    pub(crate) fn activation(&self) -> ContractActivation<'_> {
        ContractActivation {
            contract: self.contract.digest(),
            name: Text::borrowed(self.contract.name()),
            version: Text::borrowed(self.contract.version()),
            description: "given to mcp-proxy".into(),
        }
    }

    /// Holds a call against the contract.
    ///
    /// # Errors
    ///
    /// In words, where it is no state.
    pub(crate) fn hold(
        &mut self,
        session: &str,
        tool: &str,
        arguments: Option<&str>,
    ) -> Result<Held, String> {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let state = format!(
            r#"{{"tool":{},"arguments":{},"session":{}}}"#,
            text(tool),
            arguments.unwrap_or("{}"),
            text(session)
        );
        let parsed = State::parse(&state)
            .map_err(|error| format!("the contract cannot be held against it: {error}"))?;
        let step = match self.steps.get_mut(session) {
            Some(step) => {
                *step += 1;
                *step
            }
            None => {
                if self.steps.len() < MAX_SESSIONS {
                    self.steps.insert(session.to_owned(), 0);
                }
                0
            }
        };
        let found = match step {
            0 => self.contract.evaluate_start(&parsed),
            _ => self.contract.evaluate(&parsed),
        };
        let names = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
        Ok(Held {
            step,
            verdict: found.verdict,
            hard: names(&found.hard),
            soft: names(&found.soft),
            preconditions: names(&found.preconditions),
            state,
        })
    }

    /// What is sealed of it.
    pub(crate) fn sealed<'s>(&self, held: &'s Held) -> CallState<'s> {
        CallState {
            contract: self.contract.digest(),
            step: held.step,
            state: &held.state,
            verdict: match held.verdict {
                Verdict::Compliant => ContractVerdict::Compliant,
                Verdict::SoftViolation => ContractVerdict::SoftViolation,
                Verdict::HardBreach => ContractVerdict::HardBreach,
            },
            hard: held.hard.clone(),
            soft: held.soft.clone(),
            preconditions: held.preconditions.clone(),
        }
    }

    /// Why a call is refused; none where it is not.
    pub(crate) fn refusal(&self, held: &Held) -> Option<String> {
        let broken: Vec<&str> = held
            .hard
            .iter()
            .chain(&held.preconditions)
            .map(String::as_str)
            .collect();
        (held.verdict == Verdict::HardBreach).then(|| {
            format!(
                "refused by contract {} {}: {}",
                self.contract.name(),
                self.contract.version(),
                broken.join(", ")
            )
        })
    }
}
