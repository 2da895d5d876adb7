//! A01, A02: bytes changed, with and without the hashes made to fit again.

use crate::logs::{Log, Why, check, check_one, decision, edit, hash_of, key};
use ai_audit_core::{Chain, ChainError, Decision, DecodeBody, SignatureError, UnverifiedReceipt};

/// Every single bit of every receipt, payload and signature; the receipt is named.
#[test]
fn a01_one_bit_changed_anywhere() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    let mut before = Chain::new();
    for (place, sealed) in log.sealed.iter().enumerate() {
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                check_one(&mut before.clone(), &changed, &public).is_err(),
                "receipt {place}, bit {bit} may change"
            );
        }
        check_one(&mut before, sealed, &public).unwrap();
    }
}

#[test]
fn a01_one_byte_changed_names_the_receipt_in_the_whole_log() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    for place in 0..log.sealed.len() {
        let len = log.sealed[place].len();
        for (offset, with) in [
            (1, 0xff),
            (34, 0x01),
            (len / 2, 0x80),
            (len - 65, 3),
            (len - 1, 9),
        ] {
            let mut sealed = log.sealed.clone();
            sealed[place][offset] ^= with;
            let (found, _) = check(&sealed, &public).unwrap_err();
            assert_eq!(found, place, "byte {offset}");
        }
    }
}

/// The chain alone, without any key, notices a changed payload one receipt later.
#[test]
fn a01_hashes_alone_show_a_changed_payload() {
    let log = Log::full(1);
    let mut sealed = log.sealed.clone();
    let model = sealed[2]
        .windows(6)
        .position(|bytes| bytes == b"gpt-4o")
        .unwrap();
    sealed[2][model] = b'G';
    let mut chain = Chain::new();
    let mut push = |bytes: &[u8]| chain.push(&UnverifiedReceipt::parse(bytes).unwrap());
    for bytes in &sealed[..3] {
        push(bytes).unwrap();
    }
    assert_eq!(push(&sealed[3]), Err(ChainError::Prev));
}

/// The attacker changes a decision and makes all later hashes fit; he has no key of the log.
#[test]
fn a02_edited_and_rehashed() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    let thief = key(66);
    let better = Decision {
        model: "gpt-5".into(),
        ..decision(1)
    };
    let better = postcard::to_allocvec(&better).unwrap();

    // Old signatures under new hashes; his own signature under the log's key id; and under his.
    let keep = |old: &[u8], new: Vec<u8>| [&new[..new.len() - 64], &old[old.len() - 64..]].concat();
    for how in 0..3 {
        let mut sealed = log.sealed.clone();
        for place in 2..sealed.len() {
            let prev = hash_of(&sealed[place - 1]);
            let new = edit(&sealed[place], &thief, |header, body| {
                header.prev = prev;
                if place == 2 {
                    body.clone_from(&better);
                }
                if how == 2 {
                    header.key_id = thief.verifying_key().id();
                }
            });
            sealed[place] = if how == 0 {
                keep(&log.sealed[place], new)
            } else {
                new
            };
        }
        assert_eq!(
            check(&sealed, &public),
            Err((2, Why::Signature(SignatureError))),
            "{how}"
        );
        // Without the signatures it is a fine chain, which is why hashes alone attribute nothing.
        let mut chain = Chain::new();
        for bytes in &sealed {
            chain
                .push(&UnverifiedReceipt::parse(bytes).unwrap())
                .unwrap();
        }
        let receipt = UnverifiedReceipt::parse(&sealed[2]).unwrap();
        assert_eq!(Decision::decode(&receipt).unwrap().model, "gpt-5");
    }
}
