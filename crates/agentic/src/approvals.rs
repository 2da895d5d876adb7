//! Rules that a tool needs approvals, and what holds them against a log.

mod audit;

pub use audit::{ApprovalAudit, ApprovalError, Standing, WaitingIntent};

use ai_audit_core::{Digest, VerifyingKey};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use serde::Deserialize;

/// Policy entry that holds a log's own rules.
pub const APPROVALS_POLICY: &str = "approvals";
/// The most rules of a set.
pub const MAX_RULES: usize = 64;
/// The most keys of a rule.
pub const MAX_RULE_KEYS: usize = 64;

/// Which tools need approvals, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalRules {
    rules: BTreeMap<String, ApprovalRule>,
}

/// How many approvals a tool needs, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRule {
    needed: usize,
    keys: Vec<VerifyingKey>,
}

/// A rule as JSON has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    needed: usize,
    keys: Vec<String>,
}

/// Why rules cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRuleError {
    reason: String,
}

impl fmt::Display for ApprovalRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl core::error::Error for ApprovalRuleError {}

fn refused(reason: impl Into<String>) -> ApprovalRuleError {
    ApprovalRuleError {
        reason: reason.into(),
    }
}

impl ApprovalRule {
    /// A rule: `needed` of these keys.
    ///
    /// # Errors
    ///
    /// When `needed` is not 1 to the number of keys, a key is named twice, or there are more than
    /// [`MAX_RULE_KEYS`].
    pub fn new(needed: usize, keys: Vec<VerifyingKey>) -> Result<Self, ApprovalRuleError> {
        let different: BTreeSet<&[u8; 32]> = keys.iter().map(VerifyingKey::as_bytes).collect();
        if different.len() != keys.len() {
            return Err(refused("a key is named twice"));
        }
        if keys.len() > MAX_RULE_KEYS || !(1..=keys.len()).contains(&needed) {
            return Err(refused(format!(
                "{needed} approvals of {} keys; expected 1 to as many as there are keys, {MAX_RULE_KEYS} at most",
                keys.len()
            )));
        }
        Ok(Self { needed, keys })
    }

    /// The same from keys in 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// As [`ApprovalRule::new`], and where one is no key.
    pub fn from_hex<'k>(
        needed: usize,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Result<Self, ApprovalRuleError> {
        let keys = keys.into_iter().map(|text| {
            let wrong = || {
                refused(format!(
                    "key {text:?}: expected 64 lower-case hexadecimal digits"
                ))
            };
            let bytes: Digest = text.parse().map_err(|_| wrong())?;
            // A key has one form, or the same one could stand twice.
            if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return Err(wrong());
            }
            VerifyingKey::from_bytes(bytes.as_bytes())
                .map_err(|error| refused(format!("key {text}: {error}")))
        });
        Self::new(needed, keys.collect::<Result<_, _>>()?)
    }

    /// How many different keys have to approve.
    #[must_use]
    pub const fn needed(&self) -> usize {
        self.needed
    }

    /// The keys that can.
    #[must_use]
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }
}

impl ApprovalRules {
    /// No rules.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rules: BTreeMap::new(),
        }
    }

    /// Adds a rule for a tool.
    ///
    /// # Errors
    ///
    /// When the tool has no name or a rule already, or there are [`MAX_RULES`].
    pub fn add(&mut self, tool: &str, rule: ApprovalRule) -> Result<(), ApprovalRuleError> {
        if tool.is_empty() {
            return Err(refused("a rule for a tool without a name"));
        }
        if self.rules.len() >= MAX_RULES {
            return Err(refused(format!("more than {MAX_RULES} rules")));
        }
        match self.rules.insert(tool.into(), rule) {
            None => Ok(()),
            Some(_) => Err(refused(format!("two rules for the tool {tool:?}"))),
        }
    }

    /// Reads the policy entry `approvals`: JSON, strictly.
    ///
    /// # Errors
    ///
    /// Where it is not what `docs/spec/approvals.md` says.
    pub fn from_json(json: &str) -> Result<Self, ApprovalRuleError> {
        // Twice the same member is no JSON there.
        let canonical =
            ai_audit_json::canonicalize(json).map_err(|error| refused(error.to_string()))?;
        let raw: BTreeMap<String, Raw> =
            serde_json::from_str(&canonical).map_err(|error| refused(error.to_string()))?;
        let mut rules = Self::new();
        for (tool, Raw { needed, keys }) in raw {
            let rule = ApprovalRule::from_hex(needed, keys.iter().map(String::as_str))
                .map_err(|error| refused(format!("tool {tool:?}: {error}")))?;
            rules.add(&tool, rule)?;
        }
        Ok(rules)
    }

    /// The rule of a tool.
    #[must_use]
    pub fn of(&self, tool: &str) -> Option<&ApprovalRule> {
        self.rules.get(tool)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
