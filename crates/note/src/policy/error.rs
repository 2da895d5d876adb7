//! A mistake in a policy file, with its line and word.

use super::escape;
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

/// The most that is shown of a word, in bytes: a key line has about a hundred.
const MAX_SHOWN: usize = 64;

/// What is wrong with a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFileError {
    line: usize,
    /// The word, from 1, with its first bytes; 0 where the line as a whole is meant.
    word: usize,
    found: Vec<u8>,
    reason: Cow<'static, str>,
}

impl PolicyFileError {
    pub(crate) fn at_line(line: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::at_word(line, 0, &[], reason)
    }

    pub(crate) fn at_word(
        line: usize,
        word: usize,
        found: &[u8],
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            line,
            word,
            found: found.iter().copied().take(MAX_SHOWN + 1).collect(),
            reason: reason.into(),
        }
    }

    /// The line, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The word in the line, from 1; `None` where the line as a whole is meant, or what is not
    /// there.
    #[must_use]
    pub const fn word(&self) -> Option<usize> {
        match self.word {
            0 => None,
            word => Some(word),
        }
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy, line {}", self.line)?;
        if self.word > 0 {
            write!(f, ", word {} \"", self.word)?;
            let shown = self.found.get(..MAX_SHOWN);
            escape(f, shown.unwrap_or(&self.found))?;
            f.write_str(if shown.is_some() { "…\"" } else { "\"" })?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl core::error::Error for PolicyFileError {}
