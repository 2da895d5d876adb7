//! Any text at any place opens there; nothing else does, and nothing panics.

use crate::key;
use ai_audit_core::{Digest, ReceiptId};
use ai_audit_shredding::{FieldError, Kek, KekId, MAX_NAME, MAX_TEXT, Place};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn round_trip(
        text in vec(any::<u8>(), 0..300),
        receipt in any::<[u8; 16]>(), nonce in any::<[u8; 12]>(),
        subject in "[a-zé]{0,40}", field in "[a-z.]{0,40}",
    ) {
        let place = Place {
            receipt: ReceiptId::from_bytes(receipt),
            subject: &subject,
            field: &field,
        };
        let key = key(3, 4);
        let (says, ciphertext) = key.encrypt(&place, &text, nonce).unwrap();
        prop_assert_eq!(ciphertext.len(), text.len() + 16);
        prop_assert_eq!(key.decrypt(&place, &says, &ciphertext).unwrap().to_vec(), text);
    }

    #[test]
    fn any_bytes_are_refused(bytes in vec(any::<u8>(), 0..100)) {
        let key = key(3, 4);
        let (mut says, _) = key.encrypt(&crate::place(), b"text", [0; 12]).unwrap();
        let opened = key.decrypt(&crate::place(), &says, &bytes);
        prop_assert_eq!(opened, Err(FieldError::OtherCiphertext));
        // And where the receipt names them.
        says.ciphertext = Digest::of(&bytes);
        let opened = key.decrypt(&crate::place(), &says, &bytes);
        prop_assert_eq!(opened, Err(FieldError::NotHere));
    }
}

#[test]
fn names_and_texts_have_a_limit() {
    let key = key(3, 4);
    let long = "x".repeat(MAX_NAME + 1);
    for place in [
        Place {
            subject: &long,
            ..crate::place()
        },
        Place {
            field: &long,
            ..crate::place()
        },
    ] {
        let error = key.encrypt(&place, b"", [0; 12]).unwrap_err();
        assert!(matches!(
            error,
            FieldError::TooLong {
                len: 256,
                most: 255,
                ..
            }
        ));
    }
    let text = vec![0; MAX_TEXT + 1];
    let error = key.encrypt(&crate::place(), &text, [0; 12]).unwrap_err();
    assert!(error.to_string().starts_with("text of 16777217 bytes"));
    // Nor are longer ones read that somebody else encrypted.
    let (mut says, _) = key.encrypt(&crate::place(), b"", [0; 12]).unwrap();
    let ciphertext = vec![0; MAX_TEXT + 17];
    says.ciphertext = Digest::of(&ciphertext);
    let error = key
        .decrypt(&crate::place(), &says, &ciphertext)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("ciphertext of 16777233 bytes")
    );
    let long = Place {
        subject: &long,
        ..crate::place()
    };
    assert!(!key.opens(&long, &says));
}

#[test]
fn secrets_say_nothing() {
    let key = key(3, 0xab);
    let kek = Kek::new(KekId::from_bytes([1; 16]), &[0xab; 32]);
    let shown = format!("{key:?} {kek:?}");
    assert!(!shown.contains("abab") && !shown.contains("171"), "{shown}");
}
