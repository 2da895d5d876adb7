//! Lines of a policy file and their words.

use super::{MAX_POLICY_ENTRIES, MAX_POLICY_LEN, PolicyFileError};
use crate::lines::DECIMAL;
use crate::{VKey, VKeyKind};
use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

/// The longest line has a group's head and every witness and group as a member, and one word more.
const MAX_WORDS: usize = 3 + 2 * MAX_POLICY_ENTRIES + 1;

/// A line of a policy file that is neither empty nor a comment.
#[derive(Debug, Clone)]
pub struct PolicyLine<'a> {
    number: usize,
    words: Vec<&'a [u8]>,
}

impl<'a> PolicyLine<'a> {
    /// The line, from 1.
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// How many words it has: at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a line is never empty")]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// A word by its index, from 0; empty where the line has no such word.
    #[must_use]
    pub fn word(&self, index: usize) -> &'a [u8] {
        self.get(index).unwrap_or_default()
    }

    /// A word by its index, from 0, where there is one.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.words.get(index).copied()
    }

    /// That something is wrong with a word, by its index, or missing after the last.
    #[must_use]
    pub fn error(&self, index: usize, reason: impl Into<Cow<'static, str>>) -> PolicyFileError {
        match self.get(index) {
            Some(found) => PolicyFileError::at_word(self.number, index + 1, found, reason),
            None => PolicyFileError::at_line(self.number, reason),
        }
    }

    /// Checks that the line has these words, which are named as they should be called, and at most
    /// `more` others.
    ///
    /// # Errors
    ///
    /// Names the first word that is missing or too many.
    pub fn expect_words(&self, names: &[&str], more: usize) -> Result<(), PolicyFileError> {
        if let Some(missing) = names.get(self.len()) {
            let place = self.len() + 1;
            return Err(self.error(
                self.len(),
                format!("expected {missing} as word {place}, found the end of the line"),
            ));
        }
        let most = names.len().saturating_add(more);
        if self.len() > most {
            return Err(self.error(most, "expected the end of the line"));
        }
        Ok(())
    }

    /// Reads a word as a number in the one decimal form that it has.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn decimal(&self, index: usize) -> Result<u64, PolicyFileError> {
        core::str::from_utf8(self.word(index))
            .ok()
            .and_then(crate::lines::decimal)
            .ok_or_else(|| self.error(index, format!("expected {DECIMAL}")))
    }

    /// Reads a word as a key line of this kind.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn vkey(&self, index: usize, kind: VKeyKind) -> Result<VKey, PolicyFileError> {
        let text = core::str::from_utf8(self.word(index))
            .map_err(|_| self.error(index, "expected a key line in UTF-8"))?;
        let key = VKey::parse(text).map_err(|error| self.error(index, format!("{error}")))?;
        if key.kind() == kind {
            return Ok(key);
        }
        Err(self.error(
            index,
            match kind {
                VKeyKind::Ed25519 => "expected a log's key line, type 1, found a witness's, type 4",
                VKeyKind::CosignatureV1 => {
                    "expected a witness's key line, type 4, found a log's, type 1"
                }
            },
        ))
    }
}

/// The lines that say something, one after the other.
pub(super) fn split(
    bytes: &[u8],
) -> Result<impl Iterator<Item = Result<PolicyLine<'_>, PolicyFileError>>, PolicyFileError> {
    if bytes.len() > MAX_POLICY_LEN {
        return Err(PolicyFileError::at_line(
            1,
            format!(
                "expected a file of at most {MAX_POLICY_LEN} bytes, found {}",
                bytes.len()
            ),
        ));
    }
    // A file that was cut off must not read as a laxer policy.
    let text = match bytes {
        [] => bytes,
        [text @ .., b'\n'] => text,
        _ => {
            let last = 1 + bytes.iter().filter(|byte| **byte == b'\n').count();
            return Err(PolicyFileError::at_line(
                last,
                "expected a line feed at the end of the last line",
            ));
        }
    };
    Ok(text
        .split(|byte| *byte == b'\n')
        .zip(1..)
        .filter_map(|(line, number)| words(line, number).transpose()))
}

fn words(line: &[u8], number: usize) -> Result<Option<PolicyLine<'_>>, PolicyFileError> {
    let mut words = Vec::new();
    let mut comment = false;
    let separated = line.split(|byte| matches!(byte, b' ' | b'\t'));
    for (word, place) in separated.filter(|word| !word.is_empty()).zip(1..) {
        // In comments too: what a terminal shows of a file must be what is in it.
        if let Some(byte) = word.iter().find(|byte| byte.is_ascii_control()) {
            let reason = match byte {
                b'\r' => {
                    "expected lines that end in a line feed alone, found a carriage return".into()
                }
                byte => format!("expected no control character, found 0x{byte:02x}"),
            };
            return Err(PolicyFileError::at_word(number, place, word, reason));
        }
        comment |= place == 1 && word.starts_with(b"#");
        if comment {
            continue;
        }
        if words.len() == MAX_WORDS {
            let reason = format!("expected at most {MAX_WORDS} words");
            return Err(PolicyFileError::at_word(number, place, word, reason));
        }
        words.push(word);
    }
    Ok((!words.is_empty()).then_some(PolicyLine { number, words }))
}
