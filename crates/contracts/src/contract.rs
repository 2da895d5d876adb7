//! A contract as it was read: what an agent has to keep to.

use crate::check::Check;
use crate::problem::{Problem, Problems};
use crate::read;
use ai_audit_core::Digest;

/// The longest contract file, in bytes.
pub const MAX_CONTRACT: usize = 1 << 18;

/// A behavioural contract.
#[derive(Debug, Clone)]
pub struct Contract {
    pub(crate) digest: Digest,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) preconditions: Vec<Rule>,
    pub(crate) hard: Vec<Rule>,
    pub(crate) soft: Vec<SoftRule>,
    pub(crate) strategies: Vec<Strategy>,
    pub(crate) satisfaction: Satisfaction,
    pub(crate) drift: Drift,
    pub(crate) reliability: Reliability,
    pub(crate) warnings: Vec<Problem>,
}

/// A rule: a name and what must be true.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(crate) name: String,
    pub(crate) check: Check,
}

/// A rule that may be broken for a while.
#[derive(Debug, Clone)]
pub struct SoftRule {
    pub(crate) rule: Rule,
    pub(crate) recovery: Option<String>,
    pub(crate) window: u64,
}

/// What is to be done when a soft rule is broken. Carried for whoever acts on it; nothing here does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strategy {
    /// Its name.
    pub name: String,
    /// One of `inject_correction`, `reduce_autonomy`, `pause_and_escalate`, `graceful_shutdown`.
    pub kind: String,
    /// What is done, in words.
    pub actions: Vec<String>,
    /// How often it is tried, 1 to 100.
    pub max_attempts: u64,
    /// The strategy after it.
    pub fallback: Option<String>,
}

/// The target of (p, δ, k)-satisfaction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Satisfaction {
    /// The share of sessions that keep the contract, above 0 and at most 1.
    pub p: f64,
    /// The share of soft rules that may be broken in a state, 0 to 1.
    pub delta: f64,
    /// Within how many states the share is back at `delta`, 1 to 1000.
    pub k: u64,
}

/// How drift is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// The weight of the loss of compliance, 0 to 1.
    pub compliance: f64,
    /// The weight of the divergence of verdicts, 0 to 1.
    pub distributional: f64,
    /// States in a window, 1 to 10,000.
    pub window: u64,
    /// From here on drift is worth a look, 0 to 1.
    pub warning: f64,
    /// From here on it is serious, 0 to 1.
    pub critical: f64,
}

/// The weights of the reliability index, each 0 to 1, and what is wanted of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    /// Of the share of rules that hold.
    pub compliance: f64,
    /// Of steadiness.
    pub drift: f64,
    /// Of how rarely something happens.
    pub event_freq: f64,
    /// Of the share of recoveries in time.
    pub recovery_success: f64,
    /// The least index with which the agent is to be used, 0 to 1.
    pub deployment_threshold: f64,
}

impl Default for Satisfaction {
    fn default() -> Self {
        Self {
            p: 0.95,
            delta: 0.1,
            k: 3,
        }
    }
}

impl Default for Drift {
    fn default() -> Self {
        Self {
            compliance: 0.6,
            distributional: 0.4,
            window: 50,
            warning: 0.3,
            critical: 0.6,
        }
    }
}

impl Default for Reliability {
    fn default() -> Self {
        Self {
            compliance: 0.35,
            drift: 0.25,
            event_freq: 0.2,
            recovery_success: 0.2,
            deployment_threshold: 0.9,
        }
    }
}

impl Contract {
    /// Reads a contract: YAML 1.2 or JSON, ContractSpec 0.1 or without a `contractspec` line.
    ///
    /// # Errors
    ///
    /// All mistakes that are found, each with line and column.
    ///
    /// # Examples
    ///
    /// ```
    /// use ai_audit_contracts::Contract;
    ///
    /// let text = "
    /// name: support
    /// version: '1.0.0'
    /// invariants:
    ///   hard:
    ///     - name: no-pii-leak
    ///       check: {field: output.pii_detected, equals: false}
    /// ";
    /// let contract = Contract::parse(text)?;
    /// assert_eq!(contract.hard()[0].name(), "no-pii-leak");
    ///
    /// let problems = Contract::parse(&text.replace("equals", "equal")).unwrap_err();
    /// assert!(problems.to_string().starts_with("line 7, column 43: `equal`"));
    /// # Ok::<(), ai_audit_contracts::Problems>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, Problems> {
        read::contract(text)
    }

    /// SHA-256 of the file's bytes.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What must hold when a session begins.
    #[must_use]
    pub fn preconditions(&self) -> &[Rule] {
        &self.preconditions
    }

    /// Hard rules: the invariants, then those of governance.
    #[must_use]
    pub fn hard(&self) -> &[Rule] {
        &self.hard
    }

    /// Soft rules: the invariants, then those of governance.
    #[must_use]
    pub fn soft(&self) -> &[SoftRule] {
        &self.soft
    }

    /// The strategies of recovery.
    #[must_use]
    pub fn strategies(&self) -> &[Strategy] {
        &self.strategies
    }

    /// The target, by default p 0.95, δ 0.1, k 3.
    #[must_use]
    pub const fn satisfaction(&self) -> Satisfaction {
        self.satisfaction
    }

    /// How drift is measured.
    #[must_use]
    pub const fn drift(&self) -> Drift {
        self.drift
    }

    /// The weights of the reliability index.
    #[must_use]
    pub const fn reliability(&self) -> Reliability {
        self.reliability
    }

    /// What is not wrong and may not be meant.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }
}

impl Rule {
    /// Its name, of which a contract has one only.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What must be true.
    #[must_use]
    pub const fn check(&self) -> &Check {
        &self.check
    }
}

impl SoftRule {
    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The strategy of recovery, by name.
    #[must_use]
    pub fn recovery(&self) -> Option<&str> {
        self.recovery.as_deref()
    }

    /// Within how many states it has to hold again: 1 to 1000, by default 3.
    #[must_use]
    pub const fn window(&self) -> u64 {
        self.window
    }
}
