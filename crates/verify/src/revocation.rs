//! Detached revocations: what the recovery key's holder said, in a file that the auditor holds.

use ai_audit_core::{DecodeError, KeyRevocation};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64ct::{Base64, Encoding as _};
use core::fmt;

const LABEL: &str = "ai-audit/revocation/v1";
/// Longest body that is taken, in bytes: what a receipt could hold.
const MAX_BODY: usize = ai_audit_core::MAX_PAYLOAD_LEN;

/// A revocation of a receipt key outside of its log (`docs/spec/keys.md`).
///
/// Its signature is verified with the log at hand, whose genesis names the recovery key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachedRevocation {
    origin: String,
    body: Vec<u8>,
}

/// A text that is no detached revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationError {
    /// A line is not what it should be.
    Line {
        /// Its number, from 1.
        line: u8,
        /// What was expected there.
        expected: &'static str,
    },
    /// The body does not decode.
    Body(DecodeError),
}

impl DetachedRevocation {
    /// A revocation for the log of this origin, with its body's bytes.
    ///
    /// # Errors
    ///
    /// [`RevocationError::Body`] when they are no revocation's.
    pub fn new(origin: impl Into<String>, body: Vec<u8>) -> Result<Self, RevocationError> {
        KeyRevocation::from_body_bytes(&body).map_err(RevocationError::Body)?;
        let origin = origin.into();
        Ok(Self { origin, body })
    }

    /// Reads the file: label, origin, body in base64, each a line.
    ///
    /// # Errors
    ///
    /// The first line that does not hold.
    pub fn parse(bytes: &[u8]) -> Result<Self, RevocationError> {
        let wrong = |line, expected| RevocationError::Line { line, expected };
        let text = core::str::from_utf8(bytes).map_err(|_| wrong(1, "a text in UTF-8"))?;
        let mut lines = text.split('\n');
        if lines.next() != Some(LABEL) {
            return Err(wrong(1, "ai-audit/revocation/v1"));
        }
        let origin = lines
            .next()
            .filter(|origin| !origin.is_empty())
            .ok_or(wrong(2, "the log's origin"))?;
        let expected = "the revocation in base64";
        let body = lines.next().ok_or(wrong(3, expected))?;
        // Before it is decoded.
        if body.len() > MAX_BODY.div_ceil(3) * 4 {
            return Err(wrong(3, "a revocation of at most 65535 bytes"));
        }
        let body = Base64::decode_vec(body).map_err(|_| wrong(3, expected))?;
        if (lines.next(), lines.next()) != (Some(""), None) {
            return Err(wrong(4, "the end of the file"));
        }
        Self::new(origin, body)
    }

    /// The origin of the log that it is for.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What it says, unverified.
    ///
    /// # Errors
    ///
    /// None: the bytes were decoded once before.
    pub fn revocation(&self) -> Result<KeyRevocation<'_>, DecodeError> {
        KeyRevocation::from_body_bytes(&self.body)
    }
}

impl fmt::Display for DetachedRevocation {
    /// The file's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = Base64::encode_string(&self.body);
        write!(f, "{LABEL}\n{}\n{body}\n", self.origin)
    }
}

impl fmt::Display for RevocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Line { line, expected } => format!("line {line}: expected {expected}"),
            Self::Body(error) => error.to_string(),
        };
        write!(f, "revocation: {why}")
    }
}

impl core::error::Error for RevocationError {}
