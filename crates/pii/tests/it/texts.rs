//! Texts for the properties: values of every kind, glued together in ways that nobody writes.

use ai_audit_pii::{Kind, Mode, Policy, PseudonymKey, Redactor};
use proptest::prelude::*;

/// Values, halves of values, words that count, separators, placeholders, escapes.
const PARTS: &[&str] = &[
    "bob@example.org",
    "jörg@müller.de",
    "\"john doe\"@example.org",
    "a@b.co",
    "@",
    "4242 4242 4242 4242",
    "4242424242424242",
    "3782 822463 10005",
    "4242",
    "DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "536-22-8726",
    "SSN 536228726",
    "10.1.2.3",
    "::1",
    "2001:db8::1",
    "fe80::1%eth0",
    "00:1b:44:11:3a:b7",
    "001b.4411.3ab7",
    "+49 30 901820",
    "+1 (212) 555-0123 ext. 4",
    "020 7946 0958",
    "tel ",
    "card: ",
    "password=hunter22",
    "token: ",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_aB3dE6gH9jK2mN5paB3dE6gH9jK2mN5paB3d",
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.",
    "https://user:pa55@host.example/x",
    "-----BEGIN PRIVATE KEY-----",
    "MIIEowIBAAKCAQEA",
    "-----END PRIVATE KEY-----",
    "[EMAIL]",
    "[PHONE:0123456789abcdef]",
    "[IBAN#1]",
    "[X#12]",
    "[",
    "]",
    "\n",
    "\r\n",
    "\\n",
    "\\u003c",
    "\\",
    " ",
    " ",
    ".",
    "-",
    ":",
    "/",
    "(0)",
    "\u{a0}",
    "卡",
    "é",
    "\u{10ffff}",
    "1",
    "42",
    "1234",
    "x",
    "_",
    "#",
    "=",
    "ORD-123",
];

pub(crate) fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        12 => prop::sample::select(PARTS).prop_map(String::from),
        2 => "[0-9 .-]{1,12}",
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

/// The same with bytes that are no text between.
pub(crate) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => text().prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..9),
    ];
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

/// A policy with every kind in one mode, and a kind of its own.
pub(crate) fn all(mode: Mode) -> Redactor {
    let policy = Policy::new(mode)
        .with_custom("ORDER", "ORD-[0-9]{3}", None)
        .unwrap();
    Redactor::new(&policy).unwrap()
}

/// A different mode for every kind.
pub(crate) fn mixed() -> Redactor {
    let modes = [
        Mode::Encrypt,
        Mode::Mask,
        Mode::Redact,
        Mode::Pseudonymize,
        Mode::Off,
    ];
    let policy = Kind::BUILT_IN
        .iter()
        .zip(modes.iter().cycle())
        .fold(Policy::default(), |policy, (kind, mode)| {
            policy.with_mode(*kind, *mode)
        });
    Redactor::new(&policy).unwrap()
}

pub(crate) static KEY: PseudonymKey = PseudonymKey::new([7; 32]);
