//! Pseudonyms: the same value under the same key has the same token, and no other key has it.

use alloc::vec::Vec;
use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::kind::Kind;
use crate::kinds::{ip, phone};

/// What sets these digests apart from all others under the same key.
const LABEL: &[u8] = b"ai-audit/pii/pseudonym/v1";

/// A key for pseudonyms: 32 bytes, wiped when dropped. Whoever destroys it makes its pseudonyms
/// unguessable.
pub struct PseudonymKey([u8; 32]);

impl PseudonymKey {
    /// Takes the key's bytes, which must come from a random source or a key derivation.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Appends the token of a value: 16 lower-case hex digits.
    pub(crate) fn token(&self, kind: Kind, value: &[u8], out: &mut Vec<u8>) {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            // HMAC takes keys of any length.
            return;
        };
        for part in [LABEL, &[0], kind.name().as_bytes(), &[0]] {
            mac.update(part);
        }
        let mut normal = normal_form(kind, value);
        mac.update(&normal);
        normal.zeroize();
        for &byte in mac.finalize().into_bytes().iter().take(8) {
            push_hex(byte, out);
        }
    }
}

impl Drop for PseudonymKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for PseudonymKey {}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(..)")
    }
}

/// Appends a byte as two hex digits.
pub(crate) fn push_hex(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 15)]);
}

/// The form that all ways to write a value share.
fn normal_form(kind: Kind, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 2);
    match kind {
        Kind::Email => out.extend(value.iter().map(u8::to_ascii_lowercase)),
        Kind::CreditCard | Kind::UsSsn => {
            out.extend(value.iter().filter(|byte| byte.is_ascii_digit()))
        }
        Kind::Phone => phone::normal(value, &mut out),
        Kind::Iban => out.extend(
            value
                .iter()
                .filter(|byte| byte.is_ascii_alphanumeric())
                .map(u8::to_ascii_uppercase),
        ),
        Kind::MacAddress => {
            out.extend(
                value
                    .iter()
                    .filter(|byte| byte.is_ascii_hexdigit())
                    .map(u8::to_ascii_lowercase),
            );
        }
        Kind::IpAddress => ip::normal(value, &mut out),
        _ => out.extend_from_slice(value),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(key: u8, kind: Kind, value: &str) -> String {
        let mut out = Vec::new();
        PseudonymKey::new([key; 32]).token(kind, value.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_value_has_one_token_under_one_key() {
        for (kind, one, other) in [
            (Kind::Email, "A.B@Example.org", "a.b@example.org"),
            (Kind::CreditCard, "4242 4242 4242 4242", "4242424242424242"),
            (
                Kind::Iban,
                "de89 3704 0044 0532 0130 00",
                "DE89370400440532013000",
            ),
            (Kind::MacAddress, "00-1B-44-11-3A-B7", "00:1b:44:11:3a:b7"),
            (Kind::IpAddress, "2001:DB8:0::1", "2001:db8::1"),
        ] {
            assert_eq!(token(1, kind, one), token(1, kind, other), "{kind}");
            assert_ne!(token(1, kind, one), token(2, kind, one), "{kind}");
        }
        assert_ne!(token(1, Kind::Email, "x"), token(1, Kind::Secret, "x"));
        assert_eq!(token(1, Kind::Email, "x").len(), 16);
    }
}
