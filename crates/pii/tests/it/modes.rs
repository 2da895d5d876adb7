//! What each mode puts in place of a value of each kind.

use crate::texts::{KEY, all};
use ai_audit_pii::{Kind, Mode, Policy, PseudonymKey, RedactError, Redactor};

/// A value of each kind in a text that shows it, and its masked form.
const VALUES: &[(Kind, &str, &str)] = &[
    (
        Kind::PrivateKey,
        "-----BEGIN EC PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END EC PRIVATE KEY-----",
        "***",
    ),
    (
        Kind::Jwt,
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.c2ln",
        "***",
    ),
    (Kind::ApiKey, "AKIAIOSFODNN7EXAMPLE", "***"),
    (Kind::Email, "alice@company.com", "a***@c***.com"),
    (
        Kind::Iban,
        "DE89 3704 0044 0532 0130 00",
        "DE** **** **** **** **30 00",
    ),
    (
        Kind::CreditCard,
        "4242-4242-4242-4242",
        "****-****-****-4242",
    ),
    (Kind::UsSsn, "536-22-8726", "***-**-8726"),
    (Kind::IpAddress, "192.0.2.7", "192.0.*.*"),
    (Kind::IpAddress, "2001:db8::1", "2001:***"),
    (Kind::MacAddress, "00:1b:44:11:3a:b7", "00:1b:44:**:**:**"),
    (Kind::Phone, "+49 30 901820", "+** ** **1820"),
];

#[test]
fn each_kind_in_each_mode() {
    for (kind, value, masked) in VALUES {
        let shown = |mode: Mode| all(mode).redact(value, Some(&KEY)).unwrap();
        assert_eq!(shown(Mode::Redact).text, format!("[{kind}]"));
        assert_eq!(shown(Mode::Mask).text, *masked);
        let pseudonym = shown(Mode::Pseudonymize).text;
        assert!(pseudonym.starts_with(&format!("[{kind}:")), "{pseudonym}");
        assert_eq!(pseudonym.len(), kind.name().len() + 19);
        let encrypted = shown(Mode::Encrypt);
        assert_eq!(encrypted.text, format!("[{kind}#1]"));
        assert_eq!(encrypted.encrypted[0].value, value.as_bytes());
        assert_eq!(shown(Mode::Off).text, *value);
        assert_eq!(shown(Mode::Redact).counts[kind], 1);
    }
}

#[test]
fn a_kind_that_is_off_is_left_alone_by_all() {
    for (kind, value, _) in VALUES {
        let policy = Policy::new(Mode::Off).with_mode(*kind, Mode::Redact);
        let only = Redactor::new(&policy).unwrap();
        assert_eq!(only.redact(value, None).unwrap().text, format!("[{kind}]"));
        assert_eq!(only.find("nothing of it").len(), 0);
    }
}

/// The construction of the specification, computed by Python's hmac:
/// hmac(07*32, b"ai-audit/pii/pseudonym/v1\0EMAIL\0alice@company.com").
#[test]
fn pseudonyms_are_those_of_the_specification() {
    let redactor = all(Mode::Pseudonymize);
    let redacted = redactor.redact("Alice@Company.com", Some(&KEY)).unwrap();
    assert_eq!(redacted.text, "[EMAIL:7addde9fddcd01ab]");
}

#[test]
fn without_a_key_nothing_is_pseudonymized() {
    let redactor = all(Mode::Pseudonymize);
    assert!(redactor.needs_key());
    let refused = redactor.redact("nothing to find", None);
    assert_eq!(refused.unwrap_err(), RedactError::NoKey);
    assert!(!all(Mode::Redact).needs_key());
    assert_eq!(
        format!("{:?}", PseudonymKey::new([9; 32])),
        "PseudonymKey(..)"
    );
}

#[test]
fn values_do_not_show_in_debug_output() {
    let redacted = all(Mode::Encrypt)
        .redact("to bob@example.org", None)
        .unwrap();
    assert!(!format!("{redacted:?}").contains("bob"));
}
