//! What a verifier holds against erasures.

use ai_audit_core::{
    Body, Decision, Draft, Genesis, Head, LeafHash, ReceiptId, SigningKey, Timestamp,
    UnverifiedReceipt,
};
use ai_audit_shredding::{ErasureAudit, ErasureCompleted, ErasureError, ErasureRequested, KekId};
use ai_audit_testkit::erasures::{
    ciphertext, decision_with, encrypted_decision, erasure_completion, erasure_request, key_id,
};

struct Log {
    head: Head,
    key: SigningKey,
    audit: ErasureAudit,
}

impl Log {
    fn new() -> Self {
        let key = |n| SigningKey::from_bytes(&[n; 32]);
        let mut log = Self {
            head: Head::EMPTY,
            key: key(1),
            audit: ErasureAudit::new(),
        };
        let keys = [key(1), key(2), key(3)].map(|key| key.verifying_key());
        let genesis = Genesis::new("example.org", "acme", &keys[0], &keys[1], &keys[2], [0; 16]);
        log.push(&genesis).unwrap();
        log
    }

    fn push(&mut self, body: &impl Body) -> Result<LeafHash, ErasureError> {
        let mut buf = vec![0; 4096];
        let id = ReceiptId::from_parts(Timestamp::from_micros(0), [0; 10]);
        let sealed = Draft::new(id, Timestamp::from_micros(self.head.size()))
            .seal(body, &self.head, &self.key, &mut buf)
            .unwrap();
        self.head = sealed.head();
        let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).unwrap();
        self.audit.push(&receipt).map(|()| receipt.hash())
    }
}

fn decision(key: u8) -> Decision<'static> {
    encrypted_decision("person-7", key)
}

fn completed(request: LeafHash, keys: &[u8]) -> ErasureCompleted<'static> {
    erasure_completion(request, keys, 2)
}

#[test]
fn an_erasure_is_followed_to_its_end() {
    let mut log = Log::new();
    log.push(&decision(5)).unwrap();
    let hash = log.push(&erasure_request(&[5, 6])).unwrap();
    log.push(&completed(hash, &[5, 6])).unwrap();
    // A person who comes back has another key.
    log.push(&decision(7)).unwrap();
    assert!(log.audit.is_destroyed(&key_id(6)) && !log.audit.is_destroyed(&key_id(7)));
    let erasures = log.audit.finish();
    assert_eq!(erasures.under_way(), None);
    let one = erasures.of("person-7").next().unwrap();
    assert_eq!((one.requested, one.completed), (2, Some(3)));
    assert_eq!(erasures.of("person-8").count(), 0);
}

#[test]
fn a_request_without_completion_is_under_way() {
    let mut log = Log::new();
    log.push(&erasure_request(&[5])).unwrap();
    assert_eq!(log.audit.finish().under_way(), Some(1));
}

#[test]
fn a28_a_destroyed_key_is_never_used_again() {
    let mut log = Log::new();
    let hash = log.push(&erasure_request(&[5])).unwrap();
    log.push(&completed(hash, &[5])).unwrap();
    assert_eq!(
        log.push(&decision(5)),
        Err(ErasureError::DestroyedKey {
            key: key_id(5),
            completed: 2
        })
    );
}

#[test]
fn completions_must_fit_their_request() {
    let mut log = Log::new();
    let hash = log.push(&erasure_request(&[5, 6])).unwrap();
    let nowhere = LeafHash::of(b"nowhere");
    let error = log.push(&completed(nowhere, &[5])).unwrap_err();
    assert_eq!(error, ErasureError::NoRequest { request: nowhere });
    for keys in [&[5][..], &[6, 5], &[5, 6, 7]] {
        let mut log = Log::new();
        let hash = log.push(&erasure_request(&[5, 6])).unwrap();
        let error = log.push(&completed(hash, keys)).unwrap_err();
        assert_eq!(error, ErasureError::OtherKeys);
    }
    log.push(&completed(hash, &[5, 6])).unwrap();
    let error = log.push(&completed(hash, &[5, 6])).unwrap_err();
    assert_eq!(error, ErasureError::NoRequest { request: hash });
}

#[test]
fn a28_the_wrapping_key_must_have_been_replaced() {
    let mut log = Log::new();
    let hash = log.push(&erasure_request(&[5])).unwrap();
    let same = ErasureCompleted {
        kek: KekId::from_bytes([1; 16]),
        ..completed(hash, &[5])
    };
    let error = log.push(&same).unwrap_err();
    assert!(matches!(error, ErasureError::SameKek { .. }));
}

#[test]
fn bodies_that_say_nothing_are_not_sealed() {
    let nobody = ErasureRequested {
        subjects: Vec::new().into(),
        ..erasure_request(&[5])
    };
    let unreasoned = ErasureRequested {
        reason: "".into(),
        ..erasure_request(&[5])
    };
    for bad in [
        nobody,
        unreasoned,
        erasure_request(&[]),
        erasure_request(&[5, 5]),
    ] {
        assert!(bad.check().is_err(), "{bad:?}");
    }
    let hash = LeafHash::of(b"");
    assert!(completed(hash, &[]).check().is_err());
    assert!(completed(hash, &[1, 1]).check().is_err());
}

/// Every copy that was made under the first key would open again.
#[test]
fn a28_a_wrapping_key_that_was_replaced_never_comes_back() {
    let mut log = Log::new();
    let hash = log.push(&erasure_request(&[5])).unwrap();
    log.push(&completed(hash, &[5])).unwrap();
    let second = ErasureRequested {
        kek: KekId::from_bytes([2; 16]),
        ..erasure_request(&[6])
    };
    let hash = log.push(&second).unwrap();
    let back = ErasureCompleted {
        kek: KekId::from_bytes([1; 16]),
        ..completed(hash, &[6])
    };
    let error = log.push(&back).unwrap_err();
    assert!(matches!(error, ErasureError::SameKek { .. }));
}

/// What is destroyed was never his; the key on which his fields hang lives on.
#[test]
fn a50_an_erasure_of_a_key_that_was_never_the_subjects_fails() {
    let mut log = Log::new();
    log.push(&decision(5)).unwrap();
    let error = log.push(&erasure_request(&[6])).unwrap_err();
    assert_eq!(error, ErasureError::KeyNotNamed { key: key_id(5) });
    assert!(!error.is_absence());
    // Nor does it help to use the second key beside, or between request and completion.
    let mut log = Log::new();
    log.push(&decision(5)).unwrap();
    let error = log.push(&decision(6)).unwrap_err();
    let second = ErasureError::SecondKey {
        key: key_id(6),
        in_use: key_id(5),
    };
    assert_eq!(error, second);
    let mut log = Log::new();
    log.push(&decision(5)).unwrap();
    log.push(&erasure_request(&[5])).unwrap();
    assert_eq!(log.push(&decision(6)).unwrap_err(), second);
}

#[test]
fn subjects_have_keys_of_their_own() {
    let mut log = Log::new();
    log.push(&encrypted_decision("person-8", 8)).unwrap();
    log.push(&encrypted_decision("", 9)).unwrap();
    log.push(&decision(5)).unwrap();
    // Of one of whom nothing is encrypted any key may be named: his digests hang on it.
    let hash = log.push(&erasure_request(&[5, 6])).unwrap();
    log.push(&completed(hash, &[5, 6])).unwrap();
    log.push(&encrypted_decision("person-8", 8)).unwrap();
    log.push(&encrypted_decision("", 9)).unwrap();
    log.push(&decision(7)).unwrap();
}

/// A decision on `person-8` with a field under each of these keys.
fn fields_of_8(keys: [u8; 2]) -> Decision<'static> {
    decision_with("person-8", &keys.map(|key| ciphertext(key, b"bytes")))
}

/// What may be for want of a receipt hides nothing that is not, wherever it stands.
#[test]
fn a127_a_second_key_hides_no_field_under_a_destroyed_one() {
    for keys in [[6, 5], [5, 6], [8, 5], [5, 8]] {
        let mut log = Log::new();
        log.push(&encrypted_decision("person-8", 8)).unwrap();
        log.push(&decision(5)).unwrap();
        let hash = log.push(&erasure_request(&[5])).unwrap();
        log.push(&completed(hash, &[5])).unwrap();
        assert_eq!(log.audit.destroyed_by(&key_id(5)), Some(4));
        let error = log.push(&fields_of_8(keys)).unwrap_err();
        let destroyed = ErasureError::DestroyedKey {
            key: key_id(5),
            completed: 4,
        };
        assert_eq!(error, destroyed, "{keys:?}");
        assert!(!error.is_absence());
    }
}

/// The fields beside one under a destroyed key count as ever.
#[test]
fn a127_the_other_field_is_under_the_key_in_use() {
    for keys in [[8, 5], [5, 8]] {
        let mut log = Log::new();
        let hash = log.push(&erasure_request(&[5])).unwrap();
        log.push(&completed(hash, &[5])).unwrap();
        log.push(&fields_of_8(keys)).unwrap_err();
        let error = log.push(&encrypted_decision("person-8", 9)).unwrap_err();
        let second = ErasureError::SecondKey {
            key: key_id(9),
            in_use: key_id(8),
        };
        assert_eq!(error, second, "{keys:?}");
    }
}
