//! Published Ed25519 vectors: what verifies is what a strict verifier accepts, and no more.

use crate::{shared, unhex};
use ai_audit_core::{BulkVerifier, KeyError, Signature, SigningKey, VerifyingKey};
use serde_json::Value;

fn hex(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap())
}

/// Verifies from bytes, alone and as one of many, which must say the same; anything of a wrong length,
/// and a key that is none, is a refusal.
fn verifies(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(public), Ok(signature)) = (public.try_into(), signature.try_into()) else {
        return false;
    };
    VerifyingKey::from_bytes(public).is_ok_and(|key| {
        let signature = Signature::from_bytes(signature);
        let alone = key.verify(message, &signature).is_ok();
        let mut bulk = BulkVerifier::eager();
        assert_eq!(bulk.verify(&key, message, &signature).is_ok(), alone);
        // Together with another one: neither outcome is the other's.
        let both = [(message, signature), (b"another".as_slice(), signature)];
        let each = bulk.verify_each(&key, &both);
        let other = key.verify(b"another", &signature).is_ok();
        assert_eq!(each, [alone, other]);
        alone
    })
}

#[test]
fn rfc_8032_section_7_1() {
    let Some(bytes) = shared("ed25519-rfc8032/rfc8032_s7_1.json") else {
        return;
    };
    let cases: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(cases.len(), 5);
    for case in &cases {
        let key = SigningKey::from_bytes(&hex(&case["seed"]).try_into().unwrap());
        let (message, signature) = (hex(&case["message"]), hex(&case["signature"]));
        assert_eq!(
            key.verifying_key().as_bytes()[..],
            hex(&case["public"]),
            "{}",
            case["name"]
        );
        assert_eq!(
            key.sign(&message).as_bytes()[..],
            signature,
            "{}",
            case["name"]
        );
        assert!(
            verifies(&hex(&case["public"]), &message, &signature),
            "{}",
            case["name"]
        );
        let mut other = message.clone();
        other.push(0);
        assert!(
            !verifies(&hex(&case["public"]), &other, &signature),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn rfc_8032_authors_first_256_lines() {
    let Some(bytes) = shared("ed25519-rfc8032/sign_input_first256.txt") else {
        return;
    };
    let text = String::from_utf8(bytes).unwrap();
    let mut count = 0;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let fields: Vec<_> = line.split(':').map(unhex).collect();
        let seed = *fields[0].first_chunk().unwrap();
        let (public, message, signature) = (&fields[1], &fields[2], &fields[3][..64]);
        let key = SigningKey::from_bytes(&seed);
        assert_eq!(&key.verifying_key().as_bytes()[..], public);
        assert_eq!(&key.sign(message).as_bytes()[..], signature, "line {count}");
        assert!(verifies(public, message, signature), "line {count}");
        let pinned = VerifyingKey::from_pinned_bytes(key.verifying_key().as_bytes());
        assert_eq!(pinned, Ok(key.verifying_key()));
        count += 1;
    }
    assert_eq!(count, 256);
}

/// The cases on which implementations disagree: of the 12 only number 3 is accepted, and its key,
/// which has torsion, is never pinned.
#[test]
fn a21_ed25519_speccheck_is_decided_strictly() {
    let Some(bytes) = shared("ed25519-speccheck/cases.json") else {
        return;
    };
    let Some(outcomes) = shared("ed25519-speccheck/dalek_2.2.0_outcomes.json") else {
        return;
    };
    let cases: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
    let outcomes: Vec<Value> = serde_json::from_slice(&outcomes).unwrap();
    assert_eq!((cases.len(), outcomes.len()), (12, 12));
    let mut accepted = Vec::new();
    for (n, (case, outcome)) in cases.iter().zip(&outcomes).enumerate() {
        let public = hex(&case["pub_key"]);
        let found = verifies(&public, &hex(&case["message"]), &hex(&case["signature"]));
        assert_eq!(
            found,
            outcome["verify_strict"].as_bool().unwrap(),
            "case {n}"
        );
        let pinned = VerifyingKey::from_pinned_bytes(&public.try_into().unwrap());
        if found {
            accepted.push(n);
            assert_eq!(pinned, Err(KeyError::Torsion), "case {n}");
        }
    }
    assert_eq!(accepted, [3]);
}

#[test]
fn wycheproof_ed25519() {
    let Some(bytes) = shared("wycheproof/testvectors_v1/ed25519_test.json") else {
        return;
    };
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let public = hex(&group["publicKey"]["pk"]);
        for test in group["tests"].as_array().unwrap() {
            let found = verifies(&public, &hex(&test["msg"]), &hex(&test["sig"]));
            let expected = match test["result"].as_str().unwrap() {
                "valid" => true,
                "invalid" => false,
                other => panic!("test {}: unknown result {other}", test["tcId"]),
            };
            assert_eq!(
                found, expected,
                "test {}: {}",
                test["tcId"], test["comment"]
            );
            *if expected { &mut valid } else { &mut invalid } += 1;
        }
    }
    assert_eq!(valid + invalid, file["numberOfTests"].as_u64().unwrap());
    assert!(
        valid > 50 && invalid > 50,
        "{valid} valid, {invalid} invalid"
    );
}
