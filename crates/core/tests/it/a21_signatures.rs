//! A21: points of small order, encodings that are not canonical, keys with torsion.

use crate::logs::{Log, check, key};
use ai_audit_core::{KeyError, Signature, SignatureError, UnverifiedReceipt, VerifyingKey};

/// The eight points whose order divides 8, in their canonical encodings (y, sign of x).
const SMALL_ORDER: [&str; 8] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

/// Encodings of points by a y of p or more, or with a sign on x = 0.
const NOT_CANONICAL: [&str; 6] = [
    // y = p, p + 1, and both with the sign bit.
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    // y = 1 and y = -1 have x = 0, which has no sign.
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/// The order of the base point, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn bytes(hex: &str) -> [u8; 32] {
    crate::unhex(hex).try_into().unwrap()
}

#[test]
fn a21_small_order_and_non_canonical_keys_are_no_keys() {
    for hex in SMALL_ORDER {
        assert_eq!(
            VerifyingKey::from_bytes(&bytes(hex)),
            Err(KeyError::SmallOrder),
            "{hex}"
        );
        assert_eq!(
            VerifyingKey::from_pinned_bytes(&bytes(hex)),
            Err(KeyError::SmallOrder)
        );
    }
    for hex in NOT_CANONICAL {
        assert_eq!(
            VerifyingKey::from_bytes(&bytes(hex)),
            Err(KeyError::NotAPoint),
            "{hex}"
        );
    }
    // y = 2 lies on no point of the curve.
    let mut none = [0; 32];
    none[0] = 2;
    assert_eq!(VerifyingKey::from_bytes(&none), Err(KeyError::NotAPoint));
}

/// A key plus a point of order 8 verifies some signatures and is never pinned.
#[test]
fn a21_keys_with_torsion_are_never_pinned() {
    // Case 3 of ed25519-speccheck: A and R have torsion, and the strict equation holds.
    let mixed = bytes("cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d");
    assert!(VerifyingKey::from_bytes(&mixed).is_ok());
    assert_eq!(
        VerifyingKey::from_pinned_bytes(&mixed),
        Err(KeyError::Torsion)
    );
    let honest = key(1).verifying_key();
    assert_eq!(
        VerifyingKey::from_pinned_bytes(honest.as_bytes()),
        Ok(honest)
    );
}

#[test]
fn a21_small_order_and_non_canonical_r() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    let receipt = UnverifiedReceipt::parse(&log.sealed[2]).unwrap();
    for hex in SMALL_ORDER.iter().chain(&NOT_CANONICAL) {
        for s in [
            [0; 32],
            *receipt
                .signature()
                .unwrap()
                .as_bytes()
                .last_chunk()
                .unwrap(),
        ] {
            let mut sealed = log.sealed[2].clone();
            let r = sealed.len() - 64;
            sealed[r..r + 32].copy_from_slice(&bytes(hex));
            sealed[r + 32..].copy_from_slice(&s);
            let changed = UnverifiedReceipt::parse(&sealed).unwrap();
            assert_eq!(
                changed.verify_signature(&public),
                Err(SignatureError),
                "{hex}"
            );
        }
    }
}

/// S + L satisfies the equation too; there is one signature, not two.
#[test]
fn a21_s_is_below_the_order() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    for place in 0..log.sealed.len() {
        let mut sealed = log.sealed.clone();
        let start = sealed[place].len() - 32;
        let mut carry = 0;
        for (byte, order) in sealed[place][start..].iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert_eq!(carry, 0, "S + L has 253 bits");
        assert_eq!(check(&sealed, &public).unwrap_err().0, place);
    }
}

#[test]
fn a21_every_path_to_a_key_has_the_same_acceptance() {
    // As bytes, and inside a genesis.
    for hex in SMALL_ORDER.iter().chain(&NOT_CANONICAL) {
        let postcard = postcard::from_bytes::<VerifyingKey>(&bytes(hex));
        assert!(postcard.is_err(), "{hex}");
        let log = Log::new(1);
        let forged = crate::logs::edit(&log.sealed[0], &log.key, |_, body| {
            let recovery = key(3).verifying_key();
            let at = body
                .windows(32)
                .position(|found| found == recovery.as_bytes())
                .unwrap();
            body[at..at + 32].copy_from_slice(&bytes(hex));
        });
        let receipt = UnverifiedReceipt::parse(&forged).unwrap();
        let error = crate::logs::decode(&receipt).unwrap_err();
        assert_eq!(error.field, "recovery_key", "{hex}: {error}");
    }
}

#[test]
fn signatures_of_other_keys_messages_and_labels_do_not_verify() {
    let log = Log::full(1);
    let receipt = UnverifiedReceipt::parse(&log.sealed[1]).unwrap();
    let public = log.key.verifying_key();
    assert_eq!(
        receipt.verify_signature(&key(2).verifying_key()),
        Err(SignatureError)
    );
    // Without the label, a signature over the bare hash is none over the receipt.
    let bare = log.key.sign(receipt.hash().as_bytes());
    assert_eq!(public.verify(receipt.hash().as_bytes(), &bare), Ok(()));
    let mut sealed = log.sealed[1].clone();
    let at = sealed.len() - 64;
    sealed[at..].copy_from_slice(bare.as_bytes());
    let changed = UnverifiedReceipt::parse(&sealed).unwrap();
    assert_eq!(changed.verify_signature(&public), Err(SignatureError));
    assert_eq!(changed.hash(), receipt.hash());
    assert_eq!(Signature::from_bytes(*bare.as_bytes()), bare);
}
