//! Bodies of an erasure: fields under a key, the request to destroy it, the completion.

use ai_audit_core::{Content, Decision, Digest, Encrypted, KeptField, LeafHash, SubjectKeyId};
use ai_audit_shredding::{ErasedSubject, ErasureCompleted, ErasureRequested, KekId, MAX_TEXT};
use ai_audit_store::Ciphertext;

// Crates of one layer, which cannot see each other, have one bound.
const _: () = assert!(Ciphertext::MAX_LEN == MAX_TEXT + 16);

/// A subject key's id out of one byte.
#[must_use]
pub const fn key_id(byte: u8) -> SubjectKeyId {
    SubjectKeyId::from_bytes([byte; 16])
}

/// A decision on a subject whose input is kept under a key; there is no ciphertext to it.
#[must_use]
pub fn encrypted_decision(subject: &'static str, key: u8) -> Decision<'static> {
    decision_with(subject, &[ciphertext(key, b"ciphertext")])
}

/// Bytes under a key.
#[must_use]
pub fn ciphertext(key: u8, bytes: &[u8]) -> Ciphertext {
    Ciphertext {
        key: key_id(key),
        bytes: bytes.to_vec(),
    }
}

/// A decision on a subject that names these ciphertexts, as `input`, `field-1`, `field-2` and so on,
/// with a text that is kept in the clear behind the first.
#[must_use]
pub fn decision_with(subject: &'static str, ciphertexts: &[Ciphertext]) -> Decision<'static> {
    let mut kept: Vec<KeptField<'_>> = (0..)
        .zip(ciphertexts)
        .map(|(number, ciphertext)| KeptField {
            name: match number {
                0 => "input".into(),
                _ => format!("field-{number}").into(),
            },
            content: Content::Encrypted(Encrypted {
                key: ciphertext.key,
                nonce: [1; 12],
                commitment: [2; 32],
                ciphertext: Digest::of(&ciphertext.bytes),
            }),
        })
        .collect();
    if kept.len() > 1 {
        let (name, content) = ("in the clear".into(), Content::Plain("text".into()));
        kept.insert(1, KeptField { name, content });
    }
    Decision {
        subject: subject.into(),
        kept: kept.into(),
        ..Decision::new()
    }
}

/// A request to destroy keys of `person-7`, which key-encryption key 1 wraps.
#[must_use]
pub fn erasure_request(keys: &[u8]) -> ErasureRequested<'static> {
    ErasureRequested {
        subjects: vec![ErasedSubject {
            subject: "person-7".into(),
            keys: keys.iter().map(|key| key_id(*key)).collect(),
        }]
        .into(),
        reason: "asked for it".into(),
        legal_basis: "GDPR Art. 17(1)(b)".into(),
        requested_by: "person-7".into(),
        kek: KekId::from_bytes([1; 16]),
    }
}

/// Its completion, after which the key-encryption key of this number wraps the others.
#[must_use]
pub fn erasure_completion(request: LeafHash, keys: &[u8], kek: u8) -> ErasureCompleted<'static> {
    ErasureCompleted {
        request,
        keys: keys.iter().map(|key| key_id(*key)).collect(),
        kek: KekId::from_bytes([kek; 16]),
        ciphertexts: 1,
    }
}
