//! A27: a ciphertext is moved elsewhere, or made to open to two texts.

use crate::{key, place};
use ai_audit_core::{Digest, LogId, ReceiptId};
use ai_audit_shredding::{FieldError, Place, SubjectKey};

#[test]
fn a27_a_ciphertext_opens_nowhere_else() {
    let key = key(1, 1);
    let (field, ciphertext) = key.encrypt(&place(), b"a text", [3; 12]).unwrap();
    let opened = key.decrypt(&place(), &field, &ciphertext).unwrap();
    assert_eq!(opened.as_slice(), b"a text");
    let elsewhere = [
        Place {
            receipt: ReceiptId::from_bytes([9; 16]),
            ..place()
        },
        Place {
            field: "output",
            ..place()
        },
    ];
    for place in elsewhere {
        assert_eq!(
            key.decrypt(&place, &field, &ciphertext),
            Err(FieldError::Commitment),
            "{place:?}"
        );
    }
    let log = LogId::from_bytes([9; 32]);
    let there = SubjectKey::new(key.id(), log, &[1; 32]);
    assert_eq!(
        there.decrypt(&place(), &field, &ciphertext),
        Err(FieldError::Commitment)
    );
    // The key does not depend on the subject's name; what is authenticated does.
    let other = Place {
        subject: "person-8",
        ..place()
    };
    assert_eq!(
        key.decrypt(&other, &field, &ciphertext),
        Err(FieldError::NotHere)
    );
    // Even where the mover copies what the receipt there says about its own field.
    let there = Place {
        receipt: ReceiptId::from_bytes([9; 16]),
        ..place()
    };
    let (mut own, _) = key.encrypt(&there, b"another", [4; 12]).unwrap();
    own.nonce = field.nonce;
    own.ciphertext = field.ciphertext;
    assert_eq!(
        key.decrypt(&there, &own, &ciphertext),
        Err(FieldError::NotHere)
    );
}

#[test]
fn a27_another_key_never_gets_as_far_as_the_cipher() {
    let (right, wrong) = (key(1, 1), key(1, 2));
    let (field, ciphertext) = right.encrypt(&place(), b"a text", [3; 12]).unwrap();
    assert_eq!(
        wrong.decrypt(&place(), &field, &ciphertext),
        Err(FieldError::Commitment)
    );
    assert!(right.opens(&place(), &field) && !wrong.opens(&place(), &field));
    let other = key(5, 1);
    assert_eq!(
        other.decrypt(&place(), &field, &ciphertext),
        Err(FieldError::OtherKey { named: field.key })
    );
}

/// The receipt commits to the first key. What opens under the second one, whatever the receipt says
/// besides, is not looked at.
#[test]
fn a27_a_receipt_commits_to_one_key() {
    let (first, second) = (key(1, 1), key(1, 2));
    let (committed, _) = first.encrypt(&place(), b"a text", [3; 12]).unwrap();
    let (mut field, ciphertext) = second.encrypt(&place(), b"another", [3; 12]).unwrap();
    assert!(second.decrypt(&place(), &field, &ciphertext).is_ok());
    field.commitment = committed.commitment;
    for key in [&first, &second] {
        assert!(key.decrypt(&place(), &field, &ciphertext).is_err());
    }
    assert_eq!(
        second.decrypt(&place(), &field, &ciphertext),
        Err(FieldError::Commitment)
    );
}

#[test]
fn a27_every_changed_bit_is_refused() {
    let key = key(1, 1);
    let (field, ciphertext) = key.encrypt(&place(), b"a text", [3; 12]).unwrap();
    for at in 0..ciphertext.len() * 8 {
        let mut changed = ciphertext.clone();
        changed[at / 8] ^= 1 << (at % 8);
        assert_eq!(
            key.decrypt(&place(), &field, &changed),
            Err(FieldError::OtherCiphertext)
        );
        // And where the receipt were changed to fit.
        let mut fits = field;
        fits.ciphertext = Digest::of(&changed);
        assert_eq!(
            key.decrypt(&place(), &fits, &changed),
            Err(FieldError::NotHere)
        );
    }
}
