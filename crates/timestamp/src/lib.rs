//! RFC 3161 timestamps: requests, responses, and verifying tokens under trusted certificates.
//!
//! | what | type |
//! |---|---|
//! | ask an authority: the bytes to POST | [`TimestampRequest`] |
//! | its answer | [`TimestampResponse`] |
//! | the token in it, which is kept | [`TimestampToken`] |
//! | certificates that the verifier trusts | [`TrustedCertificates`] |
//! | what a trusted authority said | [`VerifiedTimestamp`], from [`TimestampToken::verify`] |
//!
//! Tokens are read strictly, as DER of at most [`MAX_TOKEN_LEN`] bytes. Accepted are SHA-256,
//! SHA-384 and SHA-512, signatures by RSA PKCS#1 v1.5 (2048 to 4096 bits), ECDSA on P-256 and
//! P-384, and Ed25519. There is no clock and no network here: paths are verified at the time of the
//! token, and whether a certificate was revoked is not looked up.
//!
//! # Example
//!
//! ```
//! use ai_audit_timestamp::{TimestampError, TimestampToken, TrustedCertificates};
//!
//! /// The time by which the message was there, if a trusted authority says so.
//! fn bound(message: &[u8], token: &[u8], pem: &[u8]) -> Result<String, TimestampError> {
//!     let mut trusted = TrustedCertificates::new();
//!     trusted.add_file(pem)?;
//!     let timestamp = TimestampToken::read(token)?.verify(message, &trusted)?;
//!     Ok(timestamp.latest().to_string())
//! }
//! assert!(bound(b"text", b"no token", b"no certificate").is_err());
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod algorithms;
mod attributes;
mod certificate;
mod error;
mod hash;
mod info;
mod oid;
mod request;
mod response;
mod token;
mod verify;

pub use certificate::TrustedCertificates;
pub use error::TimestampError;
pub use hash::HashAlgorithm;
pub use request::{NONCE_LEN, TimestampRequest};
pub use response::TimestampResponse;
pub use token::{MAX_TOKEN_LEN, TimestampToken};
pub use verify::VerifiedTimestamp;
