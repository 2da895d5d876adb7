//! Why a timestamp is not accepted.

use alloc::string::String;
use core::fmt;

/// Why bytes are no timestamp token, or a token proves nothing here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimestampError {
    /// There are more bytes than any token has.
    TooLong {
        /// How many there are.
        found: usize,
        /// How many there may be.
        allowed: usize,
    },
    /// The bytes do not have the form of RFC 3161 and RFC 5652 in DER.
    Form {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The authority answered that it grants no timestamp.
    NotGranted {
        /// Its status (RFC 3161 section 2.4.2).
        status: u64,
        /// Its own words, if any, with control characters replaced.
        text: String,
    },
    /// An algorithm that is not accepted.
    Algorithm {
        /// What it is used for.
        part: &'static str,
        /// Its object identifier.
        oid: String,
    },
    /// The token is over something else.
    Imprint,
    /// The token answers another request.
    Nonce,
    /// The token was given under another policy than the one asked for.
    Policy {
        /// The policy asked for.
        expected: String,
        /// The token's.
        found: String,
    },
    /// A signed attribute is missing, there twice, or says something else than the token.
    Attribute {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The signer's certificate is neither in the token nor among the trusted ones.
    NoCertificate,
    /// The signature does not verify under the signer's key.
    Signature,
    /// The signer's certificate is not one for signing timestamps.
    Purpose {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No path leads from the signer's certificate to a trusted one at the time of the token.
    Untrusted {
        /// Why.
        reason: String,
    },
    /// A trusted certificate cannot be read.
    Certificate {
        /// What is wrong with it.
        reason: String,
    },
}

impl TimestampError {
    /// For a part that is not the DER that it should be.
    pub(crate) fn form(part: &'static str) -> impl Fn(der::Error) -> Self {
        move |error| Self::Form {
            part,
            reason: alloc::format!("{error}"),
        }
    }

    /// For a part that has a form of its own.
    pub(crate) fn odd(part: &'static str, reason: &str) -> Self {
        Self::Form {
            part,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found, allowed } => {
                write!(f, "timestamp: {found} bytes, {allowed} at most are read")
            }
            Self::Form { part, reason } => write!(f, "timestamp, {part}: {reason}"),
            Self::NotGranted { status, text } => {
                let meaning = match status {
                    2 => "rejected",
                    3 => "waiting",
                    4 => "revocation warning",
                    5 => "revoked",
                    _ => "unknown",
                };
                write!(f, "the authority grants no timestamp: status {status}, {meaning}")?;
                if text.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": {text}")
                }
            }
            Self::Algorithm { part, oid } => write!(
                f,
                "timestamp, {part}: algorithm {oid} is not accepted (SHA-256, SHA-384, SHA-512; RSA PKCS#1 v1.5 of 2048 to 4096 bits, ECDSA on P-256 or P-384, Ed25519)"
            ),
            Self::Imprint => f.write_str("the timestamp is over something else"),
            Self::Nonce => f.write_str("the timestamp answers another request: its nonce differs"),
            Self::Policy { expected, found } => {
                write!(f, "the timestamp's policy is {found}, {expected} was asked for")
            }
            Self::Attribute { name, reason } => {
                write!(f, "timestamp, signed attribute {name}: {reason}")
            }
            Self::NoCertificate => f.write_str(
                "the certificate that signed the timestamp is neither in it nor among the trusted ones",
            ),
            Self::Signature => f.write_str("the timestamp's signature does not verify"),
            Self::Purpose { reason } => write!(f, "the timestamp's signer: {reason}"),
            Self::Untrusted { reason } => write!(
                f,
                "no trusted certificate leads to the timestamp's signer: {reason}"
            ),
            Self::Certificate { reason } => write!(f, "certificate: {reason}"),
        }
    }
}

impl core::error::Error for TimestampError {}
