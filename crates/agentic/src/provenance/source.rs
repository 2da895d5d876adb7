//! One source: what it is, how far it is trusted, what it said.

use ai_audit_core::{LeafHash, Text, TextDigest};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize};

/// What stands before a source's encoding where it is hashed.
const LABEL: &[u8] = b"ai-audit/source/v1\0";
/// The longest name, in bytes.
const MAX_NAME: usize = 256;
/// The longest URI, in bytes.
const MAX_URI: usize = 2048;

/// How far something is trusted, from 0 (not at all) to 100 (fully). A judgement, not a measurement.
///
/// ```
/// use ai_audit_agentic::Trust;
/// assert!(Trust::new(101).is_err());
/// assert!("20".parse::<Trust>()? < Trust::FULL);
/// # Ok::<(), ai_audit_agentic::TrustError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Trust(u8);

impl Trust {
    /// Not at all.
    pub const NONE: Self = Self(0);
    /// Fully.
    pub const FULL: Self = Self(100);

    /// So many hundredths.
    ///
    /// # Errors
    ///
    /// When it is more than 100.
    pub const fn new(hundredths: u8) -> Result<Self, TrustError> {
        match hundredths {
            0..=100 => Ok(Self(hundredths)),
            _ => Err(TrustError),
        }
    }

    /// In hundredths.
    #[must_use]
    pub const fn hundredths(self) -> u8 {
        self.0
    }
}

/// A trust that is no whole number from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustError;

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a trust from 0 (none) to 100 (full), a whole number")
    }
}

impl core::error::Error for TrustError {}

impl FromStr for Trust {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        text.parse().map_err(|_| TrustError).and_then(Self::new)
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Trust {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hundredths = u8::deserialize(deserializer)?;
        Self::new(hundredths).map_err(serde::de::Error::custom)
    }
}

/// What a source is. Later versions add variants at the end.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceOrigin {
    /// Nobody knows.
    #[default]
    Unknown,
    /// The system's own instructions.
    System,
    /// The person or program that asks.
    User,
    /// A document: a file, a page, a row of a database.
    Document,
    /// A tool's result.
    Tool,
    /// Another agent.
    Agent,
    /// What an agent kept from before.
    Memory,
}

impl SourceOrigin {
    /// All origins, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::System,
        Self::User,
        Self::Document,
        Self::Tool,
        Self::Agent,
        Self::Memory,
    ];

    /// The name in snake_case, as the JSON view writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::System => "system",
            Self::User => "user",
            Self::Document => "document",
            Self::Tool => "tool",
            Self::Agent => "agent",
            Self::Memory => "memory",
        }
    }

    /// The origin of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// A source that went into a decision. Build one from [`Source::new`] with struct update syntax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source<'a> {
    /// What it is.
    pub origin: SourceOrigin,
    /// How far it is trusted.
    pub trust: Trust,
    /// Which one; at most 256 bytes, may be empty.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Where it is; at most 2,048 bytes, may be empty.
    #[serde(borrow)]
    pub uri: Text<'a>,
    /// Digest of what it said.
    pub digest: Option<TextDigest>,
    /// The receipt that recorded it: a tool outcome, another agent's decision.
    pub receipt: Option<LeafHash>,
}

impl<'a> Source<'a> {
    /// A source of which only this is known.
    #[must_use]
    pub fn new(origin: SourceOrigin, trust: Trust, name: impl Into<Text<'a>>) -> Self {
        Self {
            origin,
            trust,
            name: name.into(),
            uri: Text::EMPTY,
            digest: None,
            receipt: None,
        }
    }

    /// Its hash, the leaf of the tree: SHA-256(0x00 ‖ label ‖ encoding).
    #[must_use]
    pub fn hash(&self) -> LeafHash {
        // A vector takes every byte, and plain data always serialises.
        let bytes = postcard::to_extend(self, Vec::from(LABEL)).unwrap_or_default();
        LeafHash::of(&bytes)
    }

    pub(super) fn is_bounded(&self) -> bool {
        self.name.len() <= MAX_NAME && self.uri.len() <= MAX_URI
    }
}
