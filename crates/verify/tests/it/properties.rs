//! Properties: honest logs verify, changed ones do not, nothing panics.

use crate::logs::{Log, verify};
use ai_audit_core::{Exit, Question, UnverifiedReceipt};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{LogVerifier, ReceiptProof, SelectionVerifier, TrustPolicy};
use proptest::prelude::*;

/// Numbers at the ends of their range, and some between.
fn extreme() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..4u64,
        (u64::MAX - 4)..=u64::MAX,
        Just(u64::from(u32::MAX)),
        any::<u64>()
    ]
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_log_verifies_and_any_flipped_bit_does_not(
        kinds in prop::collection::vec(0..3u8, 0..12), place: prop::sample::Index,
        byte: prop::sample::Index, bit in 0..8u8,
    ) {
        let mut log = Log::new(7);
        for kind in kinds {
            match kind {
                0 => { log.decide("a model"); }
                1 => { log.intend(); }
                _ => { let intent = log.intend(); log.outcome(intent); }
            }
        }
        let policy = log.policy();
        prop_assert_eq!(verify(&policy, &log.sealed).exit(&Question::DEFAULT), Exit::Verified);
        let mut sealed = log.sealed.clone();
        let place = place.index(sealed.len());
        let byte = byte.index(sealed[place].len());
        sealed[place][byte] ^= 1 << bit;
        prop_assert_eq!(verify(&policy, &sealed).exit(&Question::DEFAULT), Exit::Failed);
    }

    #[test]
    fn no_bytes_panic(receipts in prop::collection::vec(any::<Vec<u8>>(), 0..4), text: Vec<u8>) {
        let log = Log::of(1, 3);
        let policy = TrustPolicy::new();
        let mut verifier = LogVerifier::new(&policy);
        for sealed in &receipts {
            verifier.push(sealed);
        }
        prop_assert!(!verifier.finish().verdict.integrity.is_verified());
        let note = log.checkpoint();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
        for sealed in &receipts {
            verifier.push(sealed, vec![]);
        }
        prop_assert!(!verifier.finish().verdict.integrity.is_verified());
        prop_assert!(ReceiptProof::parse(&text).is_err());
    }

    /// Well-formed receipts whose fields an enemy chose: bytes at random rarely get past the first.
    #[test]
    fn no_header_panics(
        fields in prop::collection::vec((extreme(), extreme(), any::<u16>(), any::<bool>(), "[a-z]{0,3}"), 1..5),
        body: Vec<u8>,
    ) {
        let log = Log::of(1, 3);
        let policy = log.policy();
        let mut receipts: Vec<Vec<u8>> = fields
            .iter()
            .map(|(seq, time, kind, genesis, text)| {
                // The header as docs/spec/receipt.md has it.
                let mut sealed = vec![1];
                let id = if *genesis { [0; 32] } else { *log.head.log_id().as_bytes() };
                sealed.extend_from_slice(&id);
                varint(&mut sealed, (*seq).min(u64::MAX - 1));
                sealed.extend_from_slice(&[7; 32]);
                varint(&mut sealed, (*time).min(253_402_300_799_999_999));
                sealed.extend_from_slice(&[9; 16]);
                sealed.extend_from_slice(log.receipt_key.verifying_key().id().as_bytes());
                sealed.push(0);
                varint(&mut sealed, u64::from(if *genesis { 0 } else { kind % 30 }));
                for _ in 0..3 {
                    varint(&mut sealed, text.len() as u64);
                    sealed.extend_from_slice(text.as_bytes());
                }
                sealed.extend_from_slice(&body);
                sealed.extend_from_slice(&[0; 64]);
                sealed
            })
            .collect();
        for sealed in &receipts {
            prop_assert!(UnverifiedReceipt::parse(sealed).is_ok(), "the test makes no receipts");
        }
        receipts.insert(1, b"none".to_vec());
        for first in [None, Some(&log.sealed[0])] {
            let note = log.checkpoint();
            let checkpoint = Checkpoint::parse(note.text()).unwrap();
            let mut whole = LogVerifier::new(&policy);
            let mut selection = SelectionVerifier::new(&policy, note, checkpoint);
            for sealed in first.into_iter().chain(&receipts) {
                prop_assert!(whole.push(sealed).is_none() || Some(sealed) == first);
                selection.push(sealed, vec![]);
            }
            prop_assert!(whole.finish().verdict.integrity.is_failed());
            prop_assert!(selection.finish().verdict.integrity.is_failed());
        }
    }
}
