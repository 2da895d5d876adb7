//! The genesis: receipt 0, which binds a log's name, tenant, keys and policy.

use crate::{Body, BodyError, Kind, List, Origin, OriginError, Text, VerifyingKey};
use core::fmt;
use serde::{Deserialize, Serialize};

/// The body of receipt 0. Its receipt's hash is the log id.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "alloc", derive(Deserialize))]
#[cfg_attr(feature = "alloc", serde(bound(deserialize = "'de: 'a")))]
pub struct Genesis<'a> {
    /// The name part of the log's origin.
    pub name: Text<'a>,
    /// Whose log it is.
    pub tenant: Text<'a>,
    /// The first receipt key, which signs this receipt and those after it.
    pub receipt_key: VerifyingKey,
    /// The key that signs checkpoints and package manifests.
    pub checkpoint_key: VerifyingKey,
    /// The offline key that can revoke receipt keys.
    pub recovery_key: VerifyingKey,
    /// Makes the origin's digits unguessable before they are published.
    #[serde(with = "crate::codec::hex_or_raw")]
    pub salt: [u8; 16],
    /// What the log promises, as named values in ascending order of their names.
    pub policy: List<'a, PolicyEntry<'a>>,
}

/// One promise of a log, such as `checkpoint-every` = `1000`. The specification lists the names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyEntry<'a> {
    /// The name: lower-case letters, digits and `-`.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Its value.
    #[serde(borrow)]
    pub value: Text<'a>,
}

/// A genesis that cannot stand at the head of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GenesisError {
    /// The name cannot be part of an origin.
    Origin(OriginError),
}

impl fmt::Display for GenesisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(error) => write!(f, "genesis: {error}"),
        }
    }
}

impl core::error::Error for GenesisError {}

impl<'a> Genesis<'a> {
    /// A genesis without policy entries.
    #[must_use]
    pub fn new(
        name: &'a str,
        tenant: &'a str,
        receipt_key: &VerifyingKey,
        checkpoint_key: &VerifyingKey,
        recovery_key: &VerifyingKey,
        salt: [u8; 16],
    ) -> Self {
        Self {
            name: name.into(),
            tenant: tenant.into(),
            receipt_key: *receipt_key,
            checkpoint_key: *checkpoint_key,
            recovery_key: *recovery_key,
            salt,
            policy: List::EMPTY,
        }
    }

    /// The log's origin, computed from the name, the keys and the salt.
    ///
    /// # Errors
    ///
    /// When the name cannot be part of an origin.
    pub fn origin(&self) -> Result<Origin<'_>, GenesisError> {
        Origin::new(
            &self.name,
            &self.receipt_key,
            &self.checkpoint_key,
            &self.recovery_key,
            &self.salt,
        )
        .map_err(GenesisError::Origin)
    }

    /// The value of a policy entry.
    #[must_use]
    pub fn policy_value(&self, name: &str) -> Option<&str> {
        self.policy
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.value.as_str())
    }
}

impl Body for Genesis<'_> {
    const KIND: Kind = Kind::GENESIS;

    fn check(&self) -> Result<(), BodyError> {
        if self.origin().is_err() {
            let expected = "1 to 190 bytes without space, control character or '+'";
            return Err(BodyError {
                field: "name",
                expected,
            });
        }
        let keys = [&self.receipt_key, &self.checkpoint_key, &self.recovery_key];
        if keys[0] == keys[1] || keys[0] == keys[2] || keys[1] == keys[2] {
            let expected = "three different keys: each has one purpose";
            return Err(BodyError {
                field: "recovery_key",
                expected,
            });
        }
        let sorted = self
            .policy
            .windows(2)
            .all(|pair| *pair[0].name < *pair[1].name);
        if !sorted {
            let expected = "names in ascending order, each once";
            return Err(BodyError {
                field: "policy",
                expected,
            });
        }
        Ok(())
    }
}
