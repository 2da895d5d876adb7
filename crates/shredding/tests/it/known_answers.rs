//! Keys, commitment, ciphertext and wrapped key as `docs/spec/vectors/fields.json` has them, which
//! was not made by this code.

use crate::vectors::unhex;
use ai_audit_core::{DigestSecret, LogId, ReceiptId, SubjectKeyId};
use ai_audit_shredding::{Kek, KekId, KeyWrapper as _, Place, SubjectKey};
use serde_json::Value;

struct Answers(Value);

impl Answers {
    fn read() -> Self {
        let text = include_str!("../../../../docs/spec/vectors/fields.json");
        Self(serde_json::from_str(text).unwrap())
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    fn bytes<const N: usize>(&self, name: &str) -> [u8; N] {
        unhex(self.text(name)).try_into().unwrap()
    }

    fn key(&self) -> SubjectKey {
        let id = SubjectKeyId::from_bytes(self.bytes("key_id"));
        SubjectKey::new(id, self.log(), &self.bytes("key"))
    }

    fn log(&self) -> LogId {
        LogId::from_bytes(self.bytes("log_id"))
    }
}

#[test]
fn a_field_is_encrypted_byte_for_byte() {
    let answers = Answers::read();
    let place = Place {
        receipt: ReceiptId::from_bytes(answers.bytes("receipt_id")),
        subject: answers.text("subject"),
        field: answers.text("field"),
    };
    let text = answers.text("text").as_bytes();
    let (field, ciphertext) = answers
        .key()
        .encrypt(&place, text, answers.bytes("nonce"))
        .unwrap();
    assert_eq!(field.key.as_bytes(), &answers.bytes("key_id"));
    assert_eq!(field.commitment, answers.bytes("commitment"));
    assert_eq!(ciphertext, unhex(answers.text("ciphertext")));
    assert_eq!(
        field.ciphertext.as_bytes(),
        &answers.bytes("ciphertext_digest")
    );
    let opened = answers.key().decrypt(&place, &field, &ciphertext).unwrap();
    assert_eq!(opened.as_slice(), text);
}

#[test]
fn what_hangs_on_a_subject_key_is_derived_byte_for_byte() {
    let answers = Answers::read();
    let key = answers.key();
    assert_eq!(*key.pseudonym_key(), answers.bytes("pseudonym_key"));
    // The secret shows nothing of itself but what is derived from it.
    let expected = DigestSecret::from_bytes(answers.bytes("digest_secret"));
    assert_eq!(
        key.digest_secret().canonical_key().as_bytes(),
        expected.canonical_key().as_bytes()
    );
}

#[test]
fn a_subject_key_is_wrapped_byte_for_byte() {
    let answers = Answers::read();
    let kek = Kek::new(
        KekId::from_bytes(answers.bytes("kek_id")),
        &answers.bytes("kek"),
    );
    let (log, subject, key) = (answers.log(), answers.text("subject"), answers.key());
    let wrapped = kek
        .wrap(subject, &key, answers.bytes("wrap_nonce"))
        .unwrap();
    assert_eq!(wrapped, unhex(answers.text("wrapped")));
    let unwrapped = kek.unwrap(&log, subject, key.id(), &wrapped).unwrap();
    assert_eq!(*unwrapped.pseudonym_key(), answers.bytes("pseudonym_key"));
}
