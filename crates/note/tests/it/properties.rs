//! Properties: what is read prints as it was; a changed note is refused or says the same.

use ai_audit_core::{NodeHash, SigningKey};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Checkpoint, SignedNote, TlogProof, VKey};
use proptest::prelude::*;

proptest! {
    #[test]
    fn checkpoints_round_trip(size: u64, root: [u8; 32], extensions in prop::collection::vec("[ -~]{1,20}", 0..3)) {
        let key = SigningKey::from_bytes(&[1; 32]);
        let line = VKey::ed25519("a.b/c", key.verifying_key()).unwrap();
        let root = NodeHash::from_bytes(root);
        let checkpoint = Checkpoint { origin: "a.b/c".into(), size: TreeSize::new(size), root, extensions };
        let note = checkpoint.sign(&key).unwrap().to_string();
        prop_assert_eq!(Checkpoint::open(note.as_bytes(), &line), Ok(checkpoint));
        prop_assert_eq!(SignedNote::parse(note.as_bytes()).unwrap().to_string(), note);
        prop_assert_eq!(VKey::parse(&line.to_string()), Ok(line));
    }

    #[test]
    fn a_flipped_bit_is_refused(byte: prop::sample::Index, bit in 0..8u8) {
        let key = SigningKey::from_bytes(&[1; 32]);
        let line = VKey::ed25519("a.b/c", key.verifying_key()).unwrap();
        let root = NodeHash::EMPTY;
        let checkpoint = Checkpoint { origin: "a.b/c".into(), size: TreeSize::ZERO, root, extensions: vec![] };
        let mut note = checkpoint.sign(&key).unwrap().to_string().into_bytes();
        let place = byte.index(note.len());
        note[place] ^= 1 << bit;
        prop_assert!(Checkpoint::open(&note, &line).is_err());
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "(\\PC|\n|\u{2014} |[+=A-Za-z0-9]){0,200}") {
        let _ = SignedNote::parse(&bytes);
        let _ = TlogProof::parse(&bytes);
        if let Ok(note) = SignedNote::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_string(), text.clone());
            let _ = Checkpoint::parse(note.text());
        }
        if let Ok(proof) = TlogProof::parse(text.as_bytes()) {
            prop_assert_eq!(proof.to_string(), text.clone());
        }
        if let Ok(key) = VKey::parse(&text) {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}
