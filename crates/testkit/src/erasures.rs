//! Bodies of an erasure: a field under a key, the request to destroy it, the completion.

use ai_audit_core::{Content, Decision, Digest, Encrypted, KeptField, LeafHash, SubjectKeyId};
use ai_audit_shredding::{ErasedSubject, ErasureCompleted, ErasureRequested, KekId};

/// A subject key's id out of one byte.
#[must_use]
pub const fn key_id(byte: u8) -> SubjectKeyId {
    SubjectKeyId::from_bytes([byte; 16])
}

/// A decision on a subject whose input is kept under a key; there is no ciphertext to it.
#[must_use]
pub fn encrypted_decision(subject: &'static str, key: u8) -> Decision<'static> {
    let field = Encrypted {
        key: key_id(key),
        nonce: [1; 12],
        commitment: [2; 32],
        ciphertext: Digest::of(b"ciphertext"),
    };
    Decision {
        subject: subject.into(),
        kept: vec![KeptField {
            name: "input".into(),
            content: Content::Encrypted(field),
        }]
        .into(),
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
