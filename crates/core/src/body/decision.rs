//! The decision: what an AI system was asked, what it answered, what was checked, what was done.

use crate::{
    Body, BodyError, Content, Digest, Encrypted, KeptField, Kind, LeafHash, List, Redaction, Text,
    TextDigest, Timestamp,
};
use serde::{Deserialize, Serialize};

/// The body of a decision receipt.
///
/// Texts enter as digests; [`Decision::kept`] holds the few that the caller asked to keep.
/// Build one from [`Decision::new`] with struct update syntax.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "alloc", derive(Deserialize))]
#[cfg_attr(feature = "alloc", serde(bound(deserialize = "'de: 'a")))]
pub struct Decision<'a> {
    /// When the decision was made, if that is not when it was sealed.
    pub occurred_at: Option<Timestamp>,
    /// Pseudonym of the person concerned; empty if none is.
    pub subject: Text<'a>,
    /// Digest of the exact input.
    pub input: Option<TextDigest>,
    /// Digest of the canonical input (NFKC, white space folded, lower case), to match equal inputs.
    pub input_canonical: Option<TextDigest>,
    /// Digest of the exact output.
    pub output: Option<TextDigest>,
    /// Digest of the system's state, over length-prefixed parts.
    pub state: Option<Digest>,
    /// The checks, in the order in which they ran.
    pub checks: List<'a, Check<'a>>,
    /// What was done.
    pub action: Action,
    /// Why, as codes of the caller's.
    pub reason_codes: List<'a, Text<'a>>,
    /// Labels of the caller's.
    pub tags: List<'a, Text<'a>>,
    /// Who runs the model.
    pub provider: Text<'a>,
    /// Which model.
    pub model: Text<'a>,
    /// What it was asked to do, in the words of OpenTelemetry (`chat`, `embeddings` …).
    pub operation: Text<'a>,
    /// Tokens read.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// How long it took, in microseconds.
    pub duration_us: Option<u64>,
    /// Digest of the configuration.
    pub config: Option<Digest>,
    /// Digest of the policy or contract in force.
    pub policy: Option<Digest>,
    /// Texts that are kept beside their digests.
    pub kept: List<'a, KeptField<'a>>,
    /// What was found in the texts, in ascending order of field and kind, each pair once.
    pub redactions: List<'a, Redaction<'a>>,
    /// Hashes of the receipts that this one follows from.
    pub parents: List<'a, LeafHash>,
}

impl Decision<'_> {
    /// A decision that says nothing yet but [`Action::Allow`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What it says of the texts that are kept encrypted, by name, in the order of their ciphertexts.
    pub fn encrypted(&self) -> impl Iterator<Item = (&str, &Encrypted)> {
        self.kept.iter().filter_map(|kept| match &kept.content {
            Content::Encrypted(encrypted) => Some((kept.name.as_str(), encrypted)),
            Content::Plain(_) => None,
        })
    }
}

/// One check that ran before the decision: a filter, a classifier, a rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Check<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Its version; may be empty.
    #[serde(borrow)]
    pub version: Text<'a>,
    /// What it measured; finite.
    pub score: Option<f64>,
    /// From where on it fires; finite.
    pub threshold: Option<f64>,
    /// Whether it fired.
    pub fired: bool,
    /// More about it, as RFC 8785 canonical JSON; may be empty.
    #[serde(borrow)]
    pub detail: Text<'a>,
}

/// What an AI system did in the end.
///
/// Exhaustive on purpose: another action is another format version.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The answer went out.
    #[default]
    Allow,
    /// The answer was withheld.
    Reject,
    /// It failed and is tried again.
    FailRetry,
    /// The answer came from a cache.
    CacheHit,
    /// A person decides.
    Escalate,
    /// The checks were passed by.
    Bypass,
}

impl Action {
    /// All actions, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Allow,
        Self::Reject,
        Self::FailRetry,
        Self::CacheHit,
        Self::Escalate,
        Self::Bypass,
    ];

    /// The name in snake_case, as the JSON view writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Reject => "reject",
            Self::FailRetry => "fail_retry",
            Self::CacheHit => "cache_hit",
            Self::Escalate => "escalate",
            Self::Bypass => "bypass",
        }
    }

    /// The action of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

impl Body for Decision<'_> {
    const KIND: Kind = Kind::DECISION;

    fn check(&self) -> Result<(), BodyError> {
        let plain = |number: &Option<f64>| {
            // −0.0 and 0.0 are one number and must have one encoding.
            number.is_none_or(|x| x.is_finite() && !(x == 0.0 && x.is_sign_negative()))
        };
        for check in self.checks.iter() {
            if !plain(&check.score) {
                return Err(BodyError {
                    field: "checks.score",
                    expected: FINITE,
                });
            }
            if !plain(&check.threshold) {
                return Err(BodyError {
                    field: "checks.threshold",
                    expected: FINITE,
                });
            }
        }
        let mut before: Option<(&str, &str)> = None;
        for redaction in self.redactions.iter() {
            let pair = (redaction.field.as_str(), redaction.kind.as_str());
            if redaction.count == 0 || before.is_some_and(|before| before >= pair) {
                return Err(BodyError {
                    field: "redactions",
                    expected: "counts above 0 in ascending order of field and kind, each pair once",
                });
            }
            before = Some(pair);
        }
        Ok(())
    }
}

const FINITE: &str = "a finite number other than -0.0";
