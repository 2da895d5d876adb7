//! Names of logs within a store.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

/// The longest name, in bytes.
const MAX_LEN: usize = 64;

/// The name of a log within its store: 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`, not starting with
/// a `.`.
///
/// It is local to the store and safe as a file name; the log's global name is its origin.
///
/// ```
/// use ai_audit_store::LogName;
/// let name: LogName = "acme-support.2026".parse()?;
/// assert_eq!(name.as_str(), "acme-support.2026");
/// assert_eq!(LogName::default().as_str(), "default");
/// assert!(LogName::new("../etc").is_err());
/// # Ok::<(), ai_audit_store::LogNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogName(Arc<str>);

/// A text that cannot name a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "log name {found:?}: expected 1 to 64 of a-z, 0-9, '.', '_' and '-', not starting with a '.'"
)]
pub struct LogNameError {
    /// The text, cut after 80 characters.
    pub found: String,
}

impl LogName {
    /// Takes a name.
    ///
    /// # Errors
    ///
    /// When the text is no such name.
    pub fn new(name: &str) -> Result<Self, LogNameError> {
        let fits = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if name.is_empty()
            || name.len() > MAX_LEN
            || name.starts_with('.')
            || !name.bytes().all(fits)
        {
            let found = name.chars().take(80).collect();
            return Err(LogNameError { found });
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogName {
    /// `default`: the log of whoever needs only one.
    fn default() -> Self {
        Self("default".into())
    }
}

impl FromStr for LogName {
    type Err = LogNameError;
    fn from_str(text: &str) -> Result<Self, LogNameError> {
        Self::new(text)
    }
}

impl AsRef<str> for LogName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogName({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_names() {
        for name in ["a", "default", "0-9._z", &"x".repeat(64)] {
            assert_eq!(LogName::new(name).unwrap().to_string(), name);
        }
        for name in [
            "",
            ".",
            ".a",
            "A",
            "a/b",
            "a b",
            "ä",
            "a\0",
            &"x".repeat(65),
        ] {
            assert!(LogName::new(name).is_err(), "{name:?}");
        }
    }
}
