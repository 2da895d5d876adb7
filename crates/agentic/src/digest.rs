//! Digests of JSON values, and of texts that are none.

use ai_audit_core::{DisclosureKey, TextDigest};
use serde::{Deserialize, Serialize};

/// The digest of arguments or of a result, and in which form they were hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonDigest {
    /// Of the RFC 8785 canonical form of a JSON value.
    Canonical(TextDigest),
    /// Of the bytes as they were: a text that is no JSON, or none that has a canonical form.
    Raw(TextDigest),
}

impl JsonDigest {
    /// The digest of a JSON text's canonical form, keyed where a key is given.
    ///
    /// # Errors
    ///
    /// When the text is no JSON, or has no canonical form: duplicate keys, lone surrogates, numbers
    /// out of range.
    pub fn of_json(json: &str, key: Option<&DisclosureKey>) -> Result<Self, ai_audit_json::Error> {
        let canonical = ai_audit_json::canonicalize(json)?;
        Ok(Self::Canonical(digest(&canonical, key)))
    }

    /// The digest of a text as it is.
    #[must_use]
    pub fn of_text(text: &str, key: Option<&DisclosureKey>) -> Self {
        Self::Raw(digest(text, key))
    }

    /// The digest of a JSON text's canonical form where it has one, else of the text as it is.
    #[must_use]
    pub fn of_either(text: &str, key: Option<&DisclosureKey>) -> Self {
        Self::of_json(text, key).unwrap_or_else(|_| Self::of_text(text, key))
    }

    /// Whether this is the digest of `text`, in the form in which it was hashed.
    #[must_use]
    pub fn matches(&self, text: &str, key: Option<&DisclosureKey>) -> bool {
        match self {
            Self::Raw(digest) => digest.matches(text, key),
            Self::Canonical(digest) => ai_audit_json::canonicalize(text)
                .is_ok_and(|canonical| digest.matches(&canonical, key)),
        }
    }

    /// The digest, without its form.
    #[must_use]
    pub const fn text_digest(&self) -> TextDigest {
        let (Self::Canonical(digest) | Self::Raw(digest)) = self;
        *digest
    }
}

fn digest(text: &str, key: Option<&DisclosureKey>) -> TextDigest {
    match key {
        Some(key) => TextDigest::keyed(text, key),
        None => TextDigest::plain(text),
    }
}
