//! Properties: honest logs verify, changed ones do not, nothing panics.

use crate::logs::{Log, verify};
use ai_audit_core::{Exit, Question};
use ai_audit_note::Checkpoint;
use ai_audit_verify::{LogVerifier, ReceiptProof, SelectionVerifier, TrustPolicy};
use proptest::prelude::*;

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
}
