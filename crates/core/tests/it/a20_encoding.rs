//! A20: encodings of the same values in other bytes are refused: overlong varints in every field
//! that has one, bytes after the end, fields in another order.

use crate::logs::{Log, Why, check, decode, edit, hash_of, sign};
use ai_audit_core::{DecodeError, UnverifiedReceipt};

/// Where each varint of a header starts, by the field's name.
fn header_varints(sealed: &[u8]) -> Vec<(&'static str, usize)> {
    let varint = |at: usize| {
        sealed[at..]
            .iter()
            .position(|byte| byte & 0x80 == 0)
            .unwrap()
            + 1
    };
    let text = |at: usize| {
        assert_eq!(
            sealed[at] & 0x80,
            0,
            "a text of the tests is shorter than 128 bytes"
        );
        1 + usize::from(sealed[at])
    };
    let seq = 1 + 32;
    let sealed_at = seq + varint(seq) + 32;
    let kind = sealed_at + varint(sealed_at) + 16 + 8 + 1;
    let trace_id = kind + varint(kind);
    let session_id = trace_id + text(trace_id);
    let actor_id = session_id + text(session_id);
    vec![
        ("seq", seq),
        ("sealed_at", sealed_at),
        ("kind", kind),
        ("trace_id", trace_id),
        ("session_id", session_id),
        ("actor_id", actor_id),
    ]
}

/// Gives the varint at `at` one byte more than it needs.
fn lengthen(payload: &mut Vec<u8>, at: usize) {
    let last = at
        + payload[at..]
            .iter()
            .position(|byte| byte & 0x80 == 0)
            .unwrap();
    payload[last] |= 0x80;
    payload.insert(last + 1, 0);
}

fn refuse(sealed: &[u8]) -> DecodeError {
    match UnverifiedReceipt::parse(sealed) {
        Err(error) => error,
        Ok(receipt) => decode(&receipt).unwrap_err(),
    }
}

#[test]
fn a20_overlong_varint_in_each_header_field() {
    let log = Log::full(1);
    for sealed in &log.sealed {
        for (field, at) in header_varints(sealed) {
            let mut payload = sealed[..sealed.len() - 64].to_vec();
            lengthen(&mut payload, at);
            // Signed with the true key, so that nothing but the encoding is wrong.
            let error = refuse(&sign(&payload, &log.key));
            assert!(error.offset >= at, "{field}: {error}");
            assert!(
                error.field == "header" || error.field == field,
                "{field}: {error}"
            );
        }
    }
}

/// From one place that is tried to the next: a signature takes Miri seconds.
const STEP: usize = if cfg!(miri) { 61 } else { 1 };

/// Overlong varints in bodies: the decoder refuses them although the bytes are signed.
#[test]
fn a20_overlong_varint_in_bodies() {
    let log = Log::full(1);
    let mut found = 0;
    for sealed in &log.sealed {
        let body = UnverifiedReceipt::parse(sealed).unwrap().body_offset();
        for at in (body..sealed.len() - 64).step_by(STEP) {
            if sealed[at] & 0x80 != 0 {
                continue;
            }
            // Whatever this byte is, of a varint or not, a longer form of it is another receipt:
            // decoding never maps it to the same value.
            let mut payload = sealed[..sealed.len() - 64].to_vec();
            payload[at] |= 0x80;
            payload.insert(at + 1, 0);
            let changed = sign(&payload, &log.key);
            let receipt = UnverifiedReceipt::parse(&changed).unwrap();
            match decode(&receipt) {
                Err(error) => {
                    assert!(error.offset >= body, "{error}");
                    found += usize::from(error.expected == "the canonical encoding");
                }
                Ok(()) => assert_ne!(receipt.body(), &sealed[body..sealed.len() - 64]),
            }
        }
    }
    assert!(
        found * STEP > 20,
        "only {found} overlong varints were tried"
    );
}

#[test]
fn a20_a_count_too_large_for_its_type() {
    let log = Log::full(1);
    let (field, seq) = header_varints(&log.sealed[2])[0];
    for (bytes, ok) in [
        (
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01][..],
            false,
        ), // 2^64 - 1
        (
            &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            true,
        ),
        (
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            false,
        ),
        (&[0x80; 11], false),
    ] {
        let mut payload = log.sealed[2][..log.sealed[2].len() - 64].to_vec();
        payload.splice(seq..=seq, bytes.iter().copied());
        let changed = sign(&payload, &log.key);
        match UnverifiedReceipt::parse(&changed) {
            Ok(receipt) => assert!(ok && receipt.header().seq == u64::MAX - 1),
            Err(error) => assert!(
                !ok && error.field == field && error.offset == seq,
                "{error}"
            ),
        }
    }
}

#[test]
fn a20_bytes_after_the_end() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    for (place, whole) in log.sealed.iter().enumerate() {
        // After the signature: what was signed is then another payload.
        let mut sealed = log.sealed.clone();
        sealed[place].push(0);
        assert_eq!(check(&sealed, &public).unwrap_err().0, place);
        // Inside the payload, signed with the true key.
        let mut sealed = log.sealed.clone();
        sealed[place] = edit(whole, &log.key, |_, body| body.push(0));
        let end = sealed[place].len() - 65;
        let error = refuse(&sealed[place]);
        let said = (error.offset, error.expected);
        assert_eq!(said, (end, "no bytes after the last field"), "{place}");
        let found = check(&sealed[..=place], &public).unwrap_err();
        assert_eq!(found, (place, Why::Decode(error)));
    }
}

#[test]
fn a20_bytes_missing_at_the_end() {
    let log = Log::full(1);
    for whole in &log.sealed {
        for len in (0..whole.len()).step_by(STEP) {
            let cut = &whole[..len];
            if let Ok(receipt) = UnverifiedReceipt::parse(cut) {
                // What is left parses as a shorter receipt; its signature is gone.
                assert!(receipt.verify_signature(&log.key.verifying_key()).is_err());
            }
        }
        let body = UnverifiedReceipt::parse(whole).unwrap().body_offset();
        for len in (body..whole.len() - 64).step_by(STEP) {
            let short = sign(&whole[..len], &log.key);
            let error = refuse(&short);
            assert!(error.offset <= len, "{error}");
        }
    }
}

#[test]
fn a20_fields_in_another_order() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    // Log id and `prev` have one width, as have the first two keys of a genesis.
    let whole = &log.sealed[2];
    let payload = &whole[..whole.len() - 64];
    let (version, rest) = payload.split_at(1);
    let (log_id, rest) = rest.split_at(32);
    let (seq, rest) = rest.split_at(1);
    let (prev, rest) = rest.split_at(32);
    let mut sealed = log.sealed.clone();
    sealed[2] = sign(&[version, prev, seq, log_id, rest].concat(), &log.key);
    assert_eq!(check(&sealed, &public).unwrap_err().0, 2);
    // `seq` before the log id.
    sealed[2] = sign(&[version, seq, log_id, prev, rest].concat(), &log.key);
    assert_eq!(check(&sealed, &public).unwrap_err().0, 2);
    // Trace and session id change places: a valid receipt of other content, so it needs the key,
    // and the receipt after it shows that it was not there.
    sealed[2] = edit(whole, &log.key, |header, _| {
        (header.trace_id, header.session_id) = (header.session_id, header.trace_id);
    });
    assert_ne!(hash_of(&sealed[2]), hash_of(whole));
    assert_eq!(check(&sealed, &public).unwrap_err().0, 3);
}

/// Values that have two forms in IEEE 754 or none in a text.
#[test]
fn a20_numbers_that_are_not_plain() {
    use ai_audit_core::{Body, Check, Decision};
    for (score, ok) in [
        (0.0, true),
        (-1.5, true),
        (f64::MIN_POSITIVE / 4.0, true),
        (-0.0, false),
        (f64::NAN, false),
        (f64::INFINITY, false),
        (f64::NEG_INFINITY, false),
    ] {
        for check in [
            Check {
                score: Some(score),
                ..Check::default()
            },
            Check {
                threshold: Some(score),
                ..Check::default()
            },
        ] {
            let decision = Decision {
                checks: vec![check].into(),
                ..Decision::new()
            };
            assert_eq!(decision.check().is_ok(), ok, "{score}");
            // A receipt that has it all the same is refused when it is read.
            let mut log = Log::new(1);
            log.push(&Decision::new());
            let forged = edit(&log.sealed[1], &log.key, |_, body| {
                *body = postcard::to_allocvec(&decision).unwrap();
            });
            let receipt = UnverifiedReceipt::parse(&forged).unwrap();
            assert_eq!(decode(&receipt).is_ok(), ok, "{score}");
        }
    }
}

/// Tags and texts that have no meaning in the format.
#[test]
fn a20_values_outside_their_range_name_field_and_offset() {
    let log = Log::full(1);
    let whole = &log.sealed[2];
    let receipt = UnverifiedReceipt::parse(whole).unwrap();
    let body = receipt.body_offset();
    let mode = header_varints(whole)[2].1 - 1;
    for (at, byte, field) in [
        (0, 2, "version"),
        (0, 0, "version"),
        (mode, 2, "mode"),
        (mode + 2, 0xff, "trace_id"),
        (mode + 3, 0xff, "trace_id"),
    ] {
        let mut payload = whole[..whole.len() - 64].to_vec();
        payload[at] = byte;
        let error = UnverifiedReceipt::parse(&sign(&payload, &log.key)).unwrap_err();
        assert_eq!(error.field, field, "{error}");
    }
    let mut payload = whole[..whole.len() - 64].to_vec();
    payload[body] = 2;
    let error = refuse(&sign(&payload, &log.key));
    assert_eq!(
        (error.field, error.expected),
        ("occurred_at", "an option tag of 0 or 1")
    );
    // A time after the year 9999.
    let (_, sealed_at) = header_varints(whole)[1];
    let mut payload = whole[..whole.len() - 64].to_vec();
    let len = payload[sealed_at..]
        .iter()
        .position(|byte| byte & 0x80 == 0)
        .unwrap()
        + 1;
    // 253_402_300_800_000_000 microseconds
    let year_10000 = [0x80, 0xc0, 0xcd, 0xe3, 0xcc, 0x81, 0x91, 0xc2, 0x03];
    payload.splice(sealed_at..sealed_at + len, year_10000);
    let error = refuse(&sign(&payload, &log.key));
    assert_eq!(
        (error.field, error.offset),
        ("sealed_at", sealed_at),
        "{error}"
    );
}
