//! Bodies that decode and do not hold.

use super::*;

/// Bodies that decode and do not hold, or have values without meaning.
pub(super) fn values(maker: &mut Maker<'_>) {
    let id = ReceiptId::from_bytes([0; 16]);
    for (name, number) in [
        ("not a number", f64::NAN),
        ("infinite", f64::INFINITY),
        ("negative zero", -0.0),
    ] {
        let score = Check {
            score: Some(number),
            ..Check::default()
        };
        let threshold = Check {
            threshold: Some(number),
            ..Check::default()
        };
        for (field, check) in [("score", score), ("threshold", threshold)] {
            let body = Decision {
                checks: vec![check].into(),
                ..decision(&id)
            };
            maker.body(&format!("a check's {field} is {name}"), 2, &body);
        }
    }
    let start = maker.body_offset(3);
    for (name, at, byte) in [
        ("option tag 2", 0, 2),
        ("an action that is not known", 7, 6),
        ("more checks than bytes", 6, 0x7f),
        ("a text longer than the body", 1, 0x7f),
    ] {
        maker.signed(name, Stage::Body, 3, |payload| payload[start + at] = byte);
    }
    let start = maker.body_offset(1);
    maker.signed("boolean 2", Stage::Body, 1, |payload| {
        *payload.last_mut().unwrap() = 2
    });
    maker.signed("a text that is no UTF-8", Stage::Body, 1, |payload| {
        payload[start + 1] = 0xc0
    });
    let (from, to) = (at(2), at(1));
    maker.body(
        "a gap that ends before it begins",
        5,
        &Gap {
            from,
            to,
            lost: None,
            reason: String::new().into(),
        },
    );
    maker.body(
        "a clock anomaly that is none",
        4,
        &ClockAnomaly {
            observed: at(1),
            last: at(1),
        },
    );
    let good = genesis(maker.log);
    for name in ["", "two words", "a+b", "line\nbreak"] {
        let body = Genesis {
            name: name.into(),
            ..good.clone()
        };
        maker.body(&format!("genesis: name {name:?}"), 0, &body);
    }
    let body = Genesis {
        recovery_key: good.receipt_key,
        ..good.clone()
    };
    maker.body("genesis: one key with two purposes", 0, &body);
    let entry = |name: &'static str| PolicyEntry {
        name: name.into(),
        value: "1".into(),
    };
    for (name, entries) in [
        ("out of order", vec![entry("b"), entry("a")]),
        ("twice", vec![entry("a"), entry("a")]),
    ] {
        let body = Genesis {
            policy: entries.into(),
            ..good.clone()
        };
        maker.body(&format!("genesis: policy entries {name}"), 0, &body);
    }
    let recovery = maker.log.recovery_key.verifying_key();
    for (name, key) in [
        ("of small order", [&[1][..], &[0; 31]].concat()),
        (
            "in a non-canonical encoding",
            [&[0xee][..], &[0xff; 30], &[0x7f]].concat(),
        ),
        ("that is no point", [&[2][..], &[0; 31]].concat()),
    ] {
        maker.signed(
            &format!("genesis: a key {name}"),
            Stage::Body,
            0,
            |payload| {
                let at = payload
                    .windows(32)
                    .position(|w| w == recovery.as_bytes())
                    .unwrap();
                payload[at..at + 32].copy_from_slice(&key);
            },
        );
    }
}
