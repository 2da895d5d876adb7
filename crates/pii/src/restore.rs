//! Puts values back in place of numbered placeholders.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::placeholder::{self, Form};

/// Why values could not be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// The numbered placeholders are not 1, 2, 3 … in order: the text is not the output of one
    /// redaction.
    OutOfOrder {
        /// Where the placeholder stands, in bytes.
        at: usize,
        /// The number that should be there.
        expected: u64,
        /// The number that is.
        found: u64,
    },
    /// There are more or fewer placeholders than values.
    Count {
        /// Numbered placeholders in the text.
        placeholders: usize,
        /// Values given.
        values: usize,
    },
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfOrder {
                at,
                expected,
                found,
            } => write!(
                f,
                "the placeholder at byte {at} has the number {found}, expected {expected}: the text is not a whole redacted text"
            ),
            Self::Count {
                placeholders,
                values,
            } => {
                write!(
                    f,
                    "the text has {placeholders} numbered placeholders, but {values} values were given"
                )
            }
        }
    }
}

impl core::error::Error for RestoreError {}

/// Replaces the numbered placeholders of a redacted text by the values of its spans, in order. With a
/// policy that encrypts, what looked like one in the input is a span itself, so nothing is confused.
///
/// # Errors
/// When the placeholders and the values do not belong together.
///
/// # Examples
///
/// ```
/// use ai_audit_pii::{Kind, Mode, Policy, Redactor, restore};
///
/// let policy = Policy::default().with_mode(Kind::Email, Mode::Encrypt);
/// let text = "[EMAIL#1] from bob@example.org";
/// let redacted = Redactor::new(&policy)?.redact(text, None)?;
/// assert_eq!(redacted.text, "[PLACEHOLDER#1] from [EMAIL#2]");
/// let values: Vec<_> = redacted.encrypted.iter().map(|span| &span.value).collect();
/// assert_eq!(restore(&redacted.text, &values)?, text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn restore<V: AsRef<[u8]>>(text: &str, values: &[V]) -> Result<String, RestoreError> {
    let restored = restore_bytes(text.as_bytes(), values)?;
    Ok(String::from_utf8(restored)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The same for bytes.
///
/// # Errors
/// When the placeholders and the values do not belong together.
pub fn restore_bytes<V: AsRef<[u8]>>(text: &[u8], values: &[V]) -> Result<Vec<u8>, RestoreError> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    let mut count = 0;
    let mut expected = 0;
    for one in placeholder::all(text) {
        let Form::Numbered(found) = one.form else {
            continue;
        };
        expected += 1;
        if found != expected {
            return Err(RestoreError::OutOfOrder {
                at: one.start,
                expected,
                found,
            });
        }
        if let Some(value) = values.get(count) {
            out.extend_from_slice(&text[at..one.start]);
            out.extend_from_slice(value.as_ref());
            at = one.end;
        }
        count += 1;
    }
    if count != values.len() {
        return Err(RestoreError::Count {
            placeholders: count,
            values: values.len(),
        });
    }
    out.extend_from_slice(&text[at..]);
    Ok(out)
}
