//! The public face: a compiled policy that finds and replaces.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use regex::bytes::Regex;

use crate::candidate::{Candidate, FIRST_BUILT_IN, PLACEHOLDER_RANK};
use crate::kind::Kind;
use crate::policy::{Mode, Policy, PolicyError};
use crate::pseudonym::PseudonymKey;
use crate::render::Renderer;
use crate::scan::KindSet;
use crate::settle::settle;

/// A value found in a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Where it begins, in bytes of the input.
    pub start: usize,
    /// Where it ends, in bytes of the input.
    pub end: usize,
    /// How sure that is, 0 to 1; below 0.5 it was redacted for caution.
    pub confidence: f32,
}

/// A value that stands in the output as a numbered placeholder.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptedSpan {
    /// The number in the placeholder, from 1.
    pub number: u64,
    /// What it is; [`Kind::Placeholder`] for input that looked like a numbered placeholder.
    pub kind: Kind,
    /// Where it began, in bytes of the input.
    pub start: usize,
    /// Where it ended, in bytes of the input.
    pub end: usize,
    /// The value itself, to be encrypted.
    pub value: Vec<u8>,
}

impl fmt::Debug for EncryptedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedSpan")
            .field("number", &self.number)
            .field("kind", &self.kind)
            .field("start", &self.start)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

/// A redacted text. `T` is `String` or, for bytes that need not be UTF-8, `Vec<u8>`.
#[derive(Clone, Debug, PartialEq)]
pub struct Redacted<T = String> {
    /// The text with every finding replaced.
    pub text: T,
    /// What was found, by place.
    pub findings: Vec<Finding>,
    /// How many of each kind.
    pub counts: BTreeMap<Kind, u64>,
    /// The values of numbered placeholders, in order.
    pub encrypted: Vec<EncryptedSpan>,
}

/// Why a text could not be redacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedactError {
    /// The policy pseudonymizes, and no key was given.
    NoKey,
    /// The text is no JSON document.
    NotJson {
        /// The line where that shows, from 1; 0 if it ends too early.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}

impl fmt::Display for RedactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str("the redaction policy pseudonymizes some kinds, which needs a pseudonym key: give one, or choose another mode"),
            Self::NotJson { line, column } => write!(
                f,
                "the text is no JSON document: line {line}, column {column} cannot be read; redact it as plain text"
            ),
        }
    }
}

impl core::error::Error for RedactError {}

/// Finds and replaces by a policy. Made once, used for any number of texts, from any thread.
///
/// # Examples
///
/// ```
/// use ai_audit_pii::{Policy, Redactor};
///
/// let redactor = Redactor::new(&Policy::default())?;
/// let redacted = redactor.redact("mail bob@example.org or call +49 30 901820", None)?;
/// assert_eq!(redacted.text, "mail [EMAIL] or call [PHONE]");
/// assert_eq!(redacted.findings[0].start, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Redactor {
    /// Built-in kinds that are looked for.
    pub(crate) on: KindSet,
    /// Custom kinds that are looked for, by rank.
    pub(crate) patterns: Vec<(u8, Regex)>,
    /// Names of custom kinds by rank, those that are off among them.
    pub(crate) custom: Vec<(Kind, Mode)>,
    /// Modes of built-in kinds.
    built_in: [Mode; Kind::BUILT_IN.len()],
    pub(crate) encrypts: bool,
    pseudonymizes: bool,
}

impl Redactor {
    /// Compiles a policy.
    ///
    /// # Errors
    /// When a custom pattern does not compile. Nothing is ever skipped.
    pub fn new(policy: &Policy) -> Result<Self, PolicyError> {
        let mut on = KindSet::default();
        for kind in Kind::BUILT_IN {
            if policy.mode(kind) != Mode::Off {
                on.insert(kind);
            }
        }
        let mut patterns = Vec::new();
        let mut custom = Vec::new();
        for (rank, (name, entry)) in (0_u8..).zip(policy.custom()) {
            let kind = Kind::Custom(name);
            let mode = policy.mode(kind);
            if mode != Mode::Off {
                let pattern = crate::custom::compile(&entry.pattern).map_err(|reason| {
                    PolicyError::new(
                        alloc::format!("custom kind {:?}, pattern", name.as_str()),
                        reason,
                    )
                })?;
                patterns.push((rank, pattern));
            }
            custom.push((kind, mode));
        }
        Ok(Self {
            on,
            patterns,
            custom,
            built_in: Kind::BUILT_IN.map(|kind| policy.mode(kind)),
            encrypts: policy.encrypts(),
            pseudonymizes: policy.pseudonymizes(),
        })
    }

    /// Everything that [`redact`](Self::redact) would replace, by place.
    #[must_use]
    pub fn find(&self, text: impl AsRef<[u8]>) -> Vec<Finding> {
        let found = settle(self, text.as_ref());
        found.iter().filter_map(|one| self.finding(one)).collect()
    }

    /// Replaces everything found in a text.
    ///
    /// # Errors
    /// [`RedactError::NoKey`]
    pub fn redact(&self, text: &str, key: Option<&PseudonymKey>) -> Result<Redacted, RedactError> {
        let Redacted {
            text,
            findings,
            counts,
            encrypted,
        } = self.redact_bytes(text.as_bytes(), key)?;
        // Findings begin and end between characters, so that what remains is text.
        let text = String::from_utf8(text)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(Redacted {
            text,
            findings,
            counts,
            encrypted,
        })
    }

    /// The same for bytes; those that are not UTF-8 pass through.
    ///
    /// # Errors
    /// [`RedactError::NoKey`]
    pub fn redact_bytes(
        &self,
        text: &[u8],
        key: Option<&PseudonymKey>,
    ) -> Result<Redacted<Vec<u8>>, RedactError> {
        let mut renderer = Renderer::new(self, key)?;
        let found = settle(self, text);
        let mut out = Vec::with_capacity(text.len());
        renderer.render(text, 0..text.len(), &found, &mut out);
        let findings: Vec<Finding> = found.iter().filter_map(|one| self.finding(one)).collect();
        Ok(Redacted {
            text: out,
            counts: count(&findings),
            findings,
            encrypted: renderer.take_encrypted(),
        })
    }

    /// Whether a key is needed.
    #[must_use]
    pub const fn needs_key(&self) -> bool {
        self.pseudonymizes
    }

    /// The kind of a rank.
    pub(crate) fn kind(&self, rank: u8) -> Kind {
        let built_in = rank
            .checked_sub(FIRST_BUILT_IN)
            .and_then(|index| Kind::BUILT_IN.get(usize::from(index)));
        let custom = self.custom.get(usize::from(rank)).map(|(kind, _)| *kind);
        built_in.copied().or(custom).unwrap_or(Kind::Placeholder)
    }

    /// The mode of a rank.
    pub(crate) fn mode(&self, rank: u8) -> Mode {
        let built_in = rank
            .checked_sub(FIRST_BUILT_IN)
            .and_then(|index| self.built_in.get(usize::from(index)));
        let custom = self.custom.get(usize::from(rank)).map(|(_, mode)| *mode);
        built_in.copied().or(custom).unwrap_or(Mode::Encrypt)
    }

    /// What is told of a candidate; text that only looks like a placeholder is no finding.
    pub(crate) fn finding(&self, one: &Candidate) -> Option<Finding> {
        (one.rank != PLACEHOLDER_RANK).then(|| Finding {
            kind: self.kind(one.rank),
            start: one.start,
            end: one.end,
            confidence: one.confidence,
        })
    }

    /// Whether placeholders of that name are inert.
    pub(crate) fn knows(&self, name: &[u8]) -> bool {
        Kind::BUILT_IN
            .iter()
            .any(|kind| kind.name().as_bytes() == name)
            || self
                .custom
                .iter()
                .any(|(kind, _)| kind.name().as_bytes() == name)
            || (self.encrypts && name == Kind::Placeholder.name().as_bytes())
    }
}

/// How many findings there are of each kind.
pub(crate) fn count(findings: &[Finding]) -> BTreeMap<Kind, u64> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.kind).or_default() += 1;
    }
    counts
}
