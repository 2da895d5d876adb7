//! A30: overlapping personal data gives the same output each time, by a written rule.

use crate::texts::all;
use ai_audit_pii::{Kind, Mode, Policy, Redactor};

/// Texts in which several kinds claim the same bytes, and what the rule gives.
const OVERLAPS: &[(&str, &str)] = &[
    // The kind that is first in the table: a key before an address, an address before a number.
    ("password=bob@example.org1x", "password=[SECRET]"),
    ("+4915112345678@example.org", "+[EMAIL]"),
    (
        "https://bob:4242424242424242@example.org/",
        "https://[URL_CREDENTIALS]@example.org/",
    ),
    ("root@[192.168.0.1]", "[EMAIL]"),
    // A card before a telephone number, a number of the SSA before it too.
    ("card 4242 4242 4242 4242 0", "card [CREDIT_CARD] 0"),
    ("call 536-22-8726", "call [US_SSN]"),
    ("::ffff:10.1.2.3", "[IP_ADDRESS]"),
    // The longer of the same kind.
    ("bob@mail.example.org", "[EMAIL]"),
    // Neighbours stay two.
    ("bob@example.org,al@example.org", "[EMAIL],[EMAIL]"),
    // A repeat where borders hid it.
    (
        "4242424242424242 x4242424242424242x",
        "[CREDIT_CARD] x[CREDIT_CARD]x",
    ),
];

#[test]
fn a30_overlaps_are_decided_by_the_written_rule() {
    let redactor = all(Mode::Redact);
    for (text, expected) in OVERLAPS {
        assert_eq!(
            redactor.redact(text, None).unwrap().text,
            *expected,
            "{text}"
        );
    }
}

#[test]
fn a30_the_same_each_time_and_in_every_thread() {
    let text: String = OVERLAPS
        .iter()
        .map(|(text, _)| format!("{text}\n"))
        .collect();
    let first = all(Mode::Redact).redact(&text, None).unwrap();
    for _ in 0..8 {
        let again = std::thread::scope(|scope| {
            scope
                .spawn(|| all(Mode::Redact).redact(&text, None).unwrap())
                .join()
                .unwrap()
        });
        assert_eq!(again, first);
    }
}

#[test]
fn a30_custom_kinds_come_first_by_name() {
    let policy = |names: [&str; 2]| {
        names.iter().fold(Policy::default(), |policy, name| {
            policy.with_custom(name, r"[a-z]+@[a-z.]+", None).unwrap()
        })
    };
    // In whatever order they were given.
    for names in [["ZULU", "ALPHA"], ["ALPHA", "ZULU"]] {
        let redactor = Redactor::new(&policy(names)).unwrap();
        let redacted = redactor.redact("bob@example.org", None).unwrap();
        assert_eq!(redacted.text, "[ALPHA]");
    }
    // A kind that is off claims nothing.
    let off = Policy::default().with_mode(Kind::Email, Mode::Off);
    let redacted = Redactor::new(&off).unwrap().redact("root@[10.1.2.3]", None);
    assert_eq!(redacted.unwrap().text, "root@[[IP_ADDRESS]]");
}
