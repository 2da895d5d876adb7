//! A29: nonces run out, or come again after a backup is written on.

use crate::{key, place};
use ai_audit_core::{LogId, ReceiptId, SubjectKeyId};
use ai_audit_shredding::{Place, SubjectKey};
use std::collections::HashSet;

/// With one nonce for all, which is the worst that a restored counter can do: no two fields share a
/// key, so equal texts have ciphertexts that have nothing in common.
#[test]
fn a29_each_receipt_and_field_has_a_key_of_its_own() {
    let key = key(1, 1);
    let mut seen = HashSet::new();
    for n in 0..500_u16 {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        for field in ["input", "output"] {
            let place = Place {
                receipt: ReceiptId::from_bytes(id),
                field,
                ..place()
            };
            let (says, ciphertext) = key.encrypt(&place, &[0; 32], [0; 12]).unwrap();
            assert!(seen.insert(ciphertext[..16].to_vec()), "a key stream twice");
            assert!(seen.insert(says.commitment.to_vec()), "a commitment twice");
        }
    }
}

#[test]
fn a29_keys_of_the_same_bytes_in_two_logs_have_nothing_in_common() {
    let [here, there] = [1, 8].map(|log| {
        let log = LogId::from_bytes([log; 32]);
        let key = SubjectKey::new(SubjectKeyId::from_bytes([1; 16]), log, &[5; 32]);
        key.encrypt(&place(), &[0; 32], [0; 12]).unwrap().1
    });
    assert_ne!(here[..32], there[..32]);
}
