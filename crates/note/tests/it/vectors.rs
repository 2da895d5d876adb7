//! Published vectors of C2SP, Go's sumdb, Tessera and Sunlight.

use ai_audit_core::SigningKey;
use ai_audit_note::{Checkpoint, NoteError, SignedNote, VKey, VKeyKind};
use base64ct::{Base64, Encoding};
use serde_json::Value;
use std::collections::BTreeSet;

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
    assert!(notes.len() >= 20);
    let mut seen = BTreeSet::new();
    for case in notes {
        let name = case["name"].as_str().unwrap();
        let bytes = Base64::decode_vec(case["note_b64"].as_str().unwrap()).unwrap();
        let keys: Vec<VKey> = case["vkeys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| VKey::parse(line.as_str().unwrap()).unwrap())
            .collect();
        let outcome = judge(&bytes, &keys);
        let want = case["want"].as_str().unwrap();
        let (kind, verified) = match &outcome {
            Ok(verified) => ("ok", *verified),
            Err(NoteError::Form { .. }) => ("reject-malformed", 0),
            Err(NoteError::Signature { .. }) => ("reject-invalid-signature", 0),
            Err(NoteError::NotSigned { .. }) => ("reject-unverified", 0),
            Err(_) => ("another error", 0),
        };
        assert_eq!(kind, want, "{name}: {outcome:?}");
        if let Some(expected) = case["verified"].as_u64() {
            assert_eq!(verified, expected, "{name}");
        }
        seen.insert(kind);
    }
    assert_eq!(seen.len(), 4, "verdicts in the vectors: {seen:?}");
}

/// How many keys verified, as the specification has it: unknown keys are ignored, a bad signature
/// of a known key rejects the note, and so does no signature of a known one.
fn judge(bytes: &[u8], keys: &[VKey]) -> Result<u64, NoteError> {
    let note = SignedNote::parse(bytes)?;
    assert_eq!(note.to_string().as_bytes(), bytes);
    let mut verified = 0;
    let mut missing = NoteError::NotSigned {
        name: "any".into(),
        hash: [0; 4],
    };
    for key in keys {
        let outcome = match key.kind() {
            VKeyKind::Ed25519 => note.verify(key),
            VKeyKind::CosignatureV1 => note.verify_cosignature(key).map(drop),
        };
        match outcome {
            Ok(()) => verified += 1,
            Err(error @ NoteError::NotSigned { .. }) => missing = error,
            Err(error) => return Err(error),
        }
    }
    if verified > 0 {
        Ok(verified)
    } else {
        Err(missing)
    }
}

#[test]
fn note_files() {
    for (file, name) in [
        ("c2sp_example.note", "example.com/foo"),
        ("peter_enoch.note", "PeterNeumann"),
    ] {
        let path = format!(
            "{}/../../../shared/vectors/signed-note/{file}",
            env!("CARGO_MANIFEST_DIR")
        );
        let (Ok(bytes), Some(cases)) = (std::fs::read(path), cases()) else {
            println!("SKIPPED: {file}: ../shared is absent");
            continue;
        };
        let lines = cases["vkeys"].as_array().unwrap().iter();
        let line = lines
            .filter_map(|case| case["vkey"].as_str())
            .find(|line| line.starts_with(name))
            .unwrap();
        let keys = [VKey::parse(line).unwrap()];
        assert_eq!(judge(&bytes, &keys), Ok(1), "{file}");
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
    let root = Base64::decode_vec(case["root_hash_b64"].as_str().unwrap()).unwrap();
    assert_eq!(checkpoint.root.as_bytes()[..], root);
    for body in case["reject_bodies"].as_array().unwrap() {
        assert!(Checkpoint::parse(body.as_str().unwrap()).is_err(), "{body}");
    }
}
