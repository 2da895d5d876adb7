//! Contracts in the log: one takes effect, a state was held against one.

use crate::JsonDigest;
use ai_audit_core::{Body, BodyError, Digest, Kind, LeafHash, List, Text};
use alloc::collections::BTreeSet;
use serde::{Deserialize, Serialize};

/// A contract takes effect. Sealed before the first evaluation; never deleted.
///
/// # Examples
///
/// ```
/// use ai_audit_agentic::ContractActivation;
/// use ai_audit_core::{Body as _, Digest};
///
/// let file = b"name: support\nversion: '1.0.0'\n";
/// let activation = ContractActivation {
///     contract: Digest::of(file),
///     name: "support".into(),
///     version: "1.0.0".into(),
///     description: "first version".into(),
/// };
/// assert!(activation.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractActivation<'a> {
    /// SHA-256 of the contract file's bytes.
    pub contract: Digest,
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Its version.
    #[serde(borrow)]
    pub version: Text<'a>,
    /// What changed, or why; may be empty.
    #[serde(borrow)]
    pub description: Text<'a>,
}

/// A state was held against a contract. The session is the header's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ContractState<'a> {
    /// The contract, activated before.
    pub contract: Digest,
    /// The number of the state in its session, from 0.
    pub step: u64,
    /// Digest of the state.
    pub state: Option<JsonDigest>,
    /// What the broken rules come to.
    pub verdict: ContractVerdict,
    /// Broken hard rules, in the contract's order.
    pub hard: List<'a, Text<'a>>,
    /// Broken soft rules, in the contract's order.
    pub soft: List<'a, Text<'a>>,
    /// Broken preconditions, where they were asked for.
    pub preconditions: List<'a, Text<'a>>,
    /// Hashes of the receipts that it is about.
    pub parents: List<'a, LeafHash>,
}

/// What a state comes to under a contract. The greater is the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractVerdict {
    /// No rule is broken.
    Compliant,
    /// Soft rules are, and no hard one.
    SoftViolation,
    /// A hard rule is, or a precondition.
    HardBreach,
}

impl Body for ContractActivation<'_> {
    const KIND: Kind = Kind::CONTRACT_ACTIVATION;

    fn check(&self) -> Result<(), BodyError> {
        let texts = [("name", &self.name), ("version", &self.version)];
        match texts.into_iter().find(|(_, text)| text.is_empty()) {
            Some((field, _)) => Err(BodyError {
                field,
                expected: "the contract's own, not empty",
            }),
            None => Ok(()),
        }
    }
}

impl Body for ContractState<'_> {
    const KIND: Kind = Kind::CONTRACT_STATE;

    fn check(&self) -> Result<(), BodyError> {
        for (field, list) in [
            ("hard", &self.hard),
            ("soft", &self.soft),
            ("preconditions", &self.preconditions),
        ] {
            let mut names = BTreeSet::new();
            for name in list.as_slice() {
                if name.is_empty() || !names.insert(name.as_str()) {
                    return Err(BodyError {
                        field,
                        expected: "names of rules, each once",
                    });
                }
            }
        }
        let broken = |list: &List<'_, Text<'_>>| !list.as_slice().is_empty();
        let verdict = if broken(&self.hard) || broken(&self.preconditions) {
            ContractVerdict::HardBreach
        } else if broken(&self.soft) {
            ContractVerdict::SoftViolation
        } else {
            ContractVerdict::Compliant
        };
        if verdict != self.verdict {
            return Err(BodyError {
                field: "verdict",
                expected: "the one that the broken rules make",
            });
        }
        Ok(())
    }
}
