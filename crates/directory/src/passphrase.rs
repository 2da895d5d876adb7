//! The passphrase under which a key-encryption key is kept, or the password of a server.

use crate::DirectoryError;
use crate::key_files::read_secret;
use core::fmt;
use std::path::Path;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A passphrase: not empty, wiped when the last copy of its handle is dropped, never shown.
#[derive(Clone)]
pub struct Passphrase(Arc<Zeroizing<String>>);

impl Passphrase {
    /// Takes a passphrase. None where it is empty.
    ///
    /// ```
    /// use ai_audit_directory::Passphrase;
    /// let passphrase = Passphrase::new("correct horse".into()).unwrap();
    /// assert_eq!(format!("{passphrase:?}"), "Passphrase(…)");
    /// assert!(Passphrase::new(String::new()).is_none());
    /// ```
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        (!text.is_empty()).then(|| Self(Arc::new(text)))
    }

    /// Reads a file: all of it but the line's end at its end.
    pub(crate) fn read(path: &Path, private_only: bool) -> Result<Self, DirectoryError> {
        let mut text = read_secret(path, private_only)?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let len = line.strip_suffix('\r').unwrap_or(line).len();
        text.truncate(len);
        Self::new(std::mem::take(&mut *text)).ok_or_else(|| DirectoryError::Key {
            path: path.into(),
            what: "expected a passphrase, found nothing".into(),
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl PartialEq for Passphrase {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for Passphrase {}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
