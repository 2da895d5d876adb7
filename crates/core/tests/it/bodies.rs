//! What the types of a body cannot express: rules that hold before sealing and after decoding.

use ai_audit_core::{Body as _, BodyError, Decision, PolicyChange, PolicyEntry, Redaction};

fn change(entries: &[(&'static str, &'static str)]) -> Result<(), BodyError> {
    let entries = entries.iter().map(|(name, value)| PolicyEntry {
        name: (*name).into(),
        value: (*value).into(),
    });
    PolicyChange {
        policy: entries.collect(),
        reason: "".into(),
    }
    .check()
}

#[test]
fn a_policy_change_has_entries_in_order() {
    assert_eq!(change(&[("a", "1"), ("redaction", "")]), Ok(()));
    for refused in [&[][..], &[("b", ""), ("a", "")], &[("a", ""), ("a", "")]] {
        assert_eq!(change(refused).unwrap_err().field, "policy", "{refused:?}");
    }
}

#[test]
fn what_verification_reads_from_the_genesis_cannot_be_changed() {
    for name in ["keys", "receipt-key", "receipt-seal", "retention-days"] {
        let error = change(&[(name, "1")]).unwrap_err();
        assert_eq!(
            error.expected, "no name that only a genesis can set",
            "{name}"
        );
    }
}

#[test]
fn redactions_are_counted_once_in_order() {
    let redactions = |found: &[(&'static str, &'static str, u64)]| {
        let found = found.iter().map(|(field, kind, count)| Redaction {
            field: (*field).into(),
            kind: (*kind).into(),
            count: *count,
        });
        Decision {
            redactions: found.collect(),
            ..Decision::new()
        }
        .check()
    };
    let good = [
        ("input", "EMAIL", 1),
        ("input", "PHONE", 2),
        ("output", "EMAIL", 3),
    ];
    assert_eq!(redactions(&good), Ok(()));
    for refused in [
        [("input", "EMAIL", 0), ("input", "PHONE", 1)],
        [("input", "EMAIL", 1), ("input", "EMAIL", 1)],
        [("input", "PHONE", 1), ("input", "EMAIL", 1)],
        [("output", "EMAIL", 1), ("input", "PHONE", 1)],
    ] {
        assert_eq!(redactions(&refused).unwrap_err().field, "redactions");
    }
}
