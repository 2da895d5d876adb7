//! What holds evaluations of contracts against the activations before them.

use crate::{ContractActivation, ContractState};
use ai_audit_core::{DecodeBody, DecodeError, Digest, Kind, PartsHasher, UnverifiedReceipt};
use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;

/// The most contracts and versions that are followed: receipts may be an enemy's.
pub const MAX_CONTRACTS: usize = 1 << 16;

/// Follows a log's receipts: no evaluation comes before its contract's activation.
#[derive(Debug, Clone, Default)]
pub struct ContractAudit {
    active: BTreeSet<Digest>,
    /// By the digest of name and version.
    versions: BTreeMap<Digest, Activated>,
    not_followed: u64,
}

/// An activation that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Activated {
    contract: Digest,
    seq: u64,
}

/// A contract that was changed without a new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// The `seq` of the activation that had this name and version before.
    pub before: u64,
}

/// What does not hold of a contract's receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContractError {
    /// The body does not decode.
    Body(DecodeError),
    /// No activation of this contract is before its evaluation.
    NotActivated(Digest),
}

impl ContractAudit {
    /// Before the first receipt.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            active: BTreeSet::new(),
            versions: BTreeMap::new(),
            not_followed: 0,
        }
    }

    /// Takes the next receipt; those of other kinds change nothing. Tells where an activation has name
    /// and version of one before, and another digest.
    ///
    /// # Errors
    ///
    /// When the body does not decode, or an evaluation's contract was not activated before. Where
    /// receipts before it were not taken, its activation may be among them.
    pub fn push(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
    ) -> Result<Option<Changed>, ContractError> {
        match receipt.header().kind {
            Kind::CONTRACT_ACTIVATION => {
                let found = ContractActivation::decode(receipt).map_err(ContractError::Body)?;
                Ok(self.activate(&found, receipt.header().seq))
            }
            Kind::CONTRACT_STATE => {
                let state = ContractState::decode(receipt).map_err(ContractError::Body)?;
                match self.active.contains(&state.contract) || self.not_followed > 0 {
                    true => Ok(None),
                    false => Err(ContractError::NotActivated(state.contract)),
                }
            }
            _ => Ok(None),
        }
    }

    /// Whether a contract was activated.
    #[must_use]
    pub fn is_active(&self, contract: &Digest) -> bool {
        self.active.contains(contract)
    }

    /// The digest of the contract that was activated last under a name and version.
    #[must_use]
    pub fn version(&self, name: &str, version: &str) -> Option<Digest> {
        let found = self.versions.get(&key(name, version));
        found.map(|activated| activated.contract)
    }

    /// How many activations came after [`MAX_CONTRACTS`]. With one of them, no evaluation is an error
    /// any more.
    #[must_use]
    pub const fn not_followed(&self) -> u64 {
        self.not_followed
    }

    fn activate(&mut self, found: &ContractActivation<'_>, seq: u64) -> Option<Changed> {
        let key = key(found.name.as_str(), found.version.as_str());
        if self.active.len().max(self.versions.len()) >= MAX_CONTRACTS {
            self.not_followed = self.not_followed.saturating_add(1);
            return None;
        }
        self.active.insert(found.contract);
        let contract = found.contract;
        let before = self.versions.insert(key, Activated { contract, seq })?;
        (before.contract != contract).then_some(Changed { before: before.seq })
    }
}

fn key(name: &str, version: &str) -> Digest {
    let mut parts = PartsHasher::new();
    parts.part(name);
    parts.part(version);
    parts.finish()
}

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => write!(f, "{error}"),
            Self::NotActivated(contract) => write!(
                f,
                "an evaluation of contract {contract}, which no receipt before it activates: it was put \
                 there afterwards, or is another one"
            ),
        }
    }
}

impl core::error::Error for ContractError {}
