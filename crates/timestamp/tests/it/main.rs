//! Tests of timestamps: published vectors, an authority of our own, OpenSSL's, hostile bytes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod attacks;
mod hostile;
mod openssl;
mod requests;
mod vectors;

use ai_audit_core::Timestamp;
use ai_audit_testkit::tsa::Authority;
use ai_audit_timestamp::{TimestampError, TimestampToken, TrustedCertificates, VerifiedTimestamp};

/// What the tests have stamped.
const MESSAGE: &[u8] = b"example.org/log\n7\nroot\n";

/// 2026-09-21.
fn time() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn trusting(certificates: &[&[u8]]) -> TrustedCertificates {
    let mut trusted = TrustedCertificates::new();
    for certificate in certificates {
        trusted.add_der(certificate).unwrap();
    }
    trusted
}

/// Verifies a token over [`MESSAGE`] under an authority's root.
fn verify(token: &[u8], authority: &Authority) -> Result<VerifiedTimestamp, TimestampError> {
    TimestampToken::read(token)?.verify(MESSAGE, &trusting(&[&authority.root]))
}
