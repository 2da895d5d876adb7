//! Published vectors of C2SP, Go's sumdb, Tessera and Sunlight.

use ai_audit_core::SigningKey;
use ai_audit_note::{Checkpoint, SignedNote, VKey, VKeyKind};
use base64ct::{Base64, Encoding};
use serde_json::Value;

fn cases() -> Option<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/signed-note/signed_note_cases.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("SKIPPED: signed-note vectors: ../shared is absent");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn key_lines() {
    let Some(cases) = cases() else { return };
    let lines = cases["vkeys"].as_array().unwrap();
    assert!(lines.len() >= 9);
    for case in lines {
        let line = case["vkey"].as_str().unwrap();
        let parsed = VKey::parse(line);
        assert_eq!(parsed.is_ok(), case["want"] == "ok", "{line}: {parsed:?}");
        if let Ok(key) = parsed {
            assert_eq!(key.to_string(), line);
        }
    }
}

#[test]
fn notes() {
    let Some(cases) = cases() else { return };
    let notes = cases["notes"].as_array().unwrap();
    assert!(!notes.is_empty());
    for case in notes {
        let name = case["name"].as_str().unwrap();
        let bytes = Base64::decode_vec(case["note_b64"].as_str().unwrap()).unwrap();
        let keys: Vec<VKey> = case["vkeys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| VKey::parse(line.as_str().unwrap()).unwrap())
            .collect();
        // As the specification has it: a bad signature of a known key rejects, none verified rejects.
        let outcome = SignedNote::parse(&bytes).ok().and_then(|note| {
            let mut verified = 0;
            for key in &keys {
                let by_key = |s: &&ai_audit_note::NoteSignature| {
                    s.name() == key.name() && s.hash() == key.hash()
                };
                if !note.signatures().iter().any(|signature| by_key(&signature)) {
                    continue;
                }
                match key.kind() {
                    VKeyKind::Ed25519 => note.verify(key).ok()?,
                    VKeyKind::CosignatureV1 => note.verify_cosignature(key).map(drop).ok()?,
                }
                verified += 1;
            }
            assert_eq!(note.to_string().as_bytes(), bytes, "{name}");
            (verified > 0).then_some(verified)
        });
        assert_eq!(outcome.is_some(), case["want"] == "ok", "{name}");
        if let (Some(expected), Some(found)) = (case["verified"].as_u64(), outcome) {
            assert_eq!(found, expected, "{name}");
        }
    }
}

#[test]
fn signing_gives_the_published_signature() {
    let Some(cases) = cases() else { return };
    for case in cases["skeys"].as_array().unwrap() {
        let skey = case["skey"].as_str().unwrap();
        let seed = Base64::decode_vec(skey.splitn(5, '+').nth(4).unwrap()).unwrap();
        let key = SigningKey::from_bytes(seed[1..].try_into().unwrap());
        let name = skey.split('+').nth(2).unwrap();
        let line = VKey::ed25519(name, key.verifying_key()).unwrap();
        assert_eq!(line.to_string(), case["vkey"].as_str().unwrap());
        let note = SignedNote::sign(case["text"].as_str().unwrap(), name, &key).unwrap();
        let expected = case["signature_line"].as_str().unwrap();
        assert_eq!(format!("{}\n", note.signatures()[0]), expected);
    }
}

#[test]
fn checkpoint_body() {
    let Some(cases) = cases() else { return };
    let case = &cases["checkpoint_body"];
    let body = case["body"].as_str().unwrap();
    let checkpoint = Checkpoint::parse(body).unwrap();
    assert_eq!(checkpoint.to_text(), body);
    assert_eq!(checkpoint.origin, case["origin"].as_str().unwrap());
    assert_eq!(checkpoint.size.as_u64(), case["size"].as_u64().unwrap());
    for body in case["reject_bodies"].as_array().unwrap() {
        assert!(Checkpoint::parse(body.as_str().unwrap()).is_err(), "{body}");
    }
}
