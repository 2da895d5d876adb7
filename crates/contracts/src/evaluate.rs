//! A state held against a contract.

use crate::{Contract, Rule, State};
use serde::Serialize;
use std::fmt;

/// What a state comes to. The greater is the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every rule holds.
    Compliant,
    /// Soft rules are broken, and no hard one.
    SoftViolation,
    /// A hard rule is broken.
    HardBreach,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compliant => "compliant",
            Self::SoftViolation => "soft_violation",
            Self::HardBreach => "hard_breach",
        })
    }
}

/// The rules that a state breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evaluation<'c> {
    /// What it comes to.
    pub verdict: Verdict,
    /// Broken hard rules, in the contract's order.
    pub hard: Vec<&'c str>,
    /// Broken soft rules, in the contract's order.
    pub soft: Vec<&'c str>,
    /// Broken preconditions, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preconditions: Vec<&'c str>,
}

impl Contract {
    /// Holds a state against hard and soft rules.
    ///
    /// # Examples
    ///
    /// ```
    /// use ai_audit_contracts::{Contract, State, Verdict};
    ///
    /// let contract = Contract::parse(
    ///     r#"{"name": "c", "version": "1", "invariants": {"hard":
    ///         [{"name": "no-pii-leak", "check": {"field": "output.pii", "equals": false}}]}}"#,
    /// )?;
    /// let found = contract.evaluate(&State::parse(r#"{"output": {"pii": true}}"#)?);
    /// assert_eq!((found.verdict, found.hard), (Verdict::HardBreach, vec!["no-pii-leak"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn evaluate(&self, state: &State) -> Evaluation<'_> {
        let hard = broken(self.hard.iter(), state);
        let soft = broken(self.soft.iter().map(|soft| &soft.rule), state);
        let verdict = match (hard.is_empty(), soft.is_empty()) {
            (false, _) => Verdict::HardBreach,
            (true, false) => Verdict::SoftViolation,
            (true, true) => Verdict::Compliant,
        };
        Evaluation {
            verdict,
            hard,
            soft,
            preconditions: Vec::new(),
        }
    }

    /// Holds the first state of a session against the preconditions as well. A broken one is a hard
    /// breach: the session should not have begun.
    #[must_use]
    pub fn evaluate_start(&self, state: &State) -> Evaluation<'_> {
        let mut evaluation = self.evaluate(state);
        evaluation.preconditions = broken(self.preconditions.iter(), state);
        if !evaluation.preconditions.is_empty() {
            evaluation.verdict = Verdict::HardBreach;
        }
        evaluation
    }
}

fn broken<'c>(rules: impl Iterator<Item = &'c Rule>, state: &State) -> Vec<&'c str> {
    let broken = rules.filter(|rule| !rule.check.holds(state));
    broken.map(Rule::name).collect()
}
