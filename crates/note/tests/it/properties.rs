//! Properties: what is read prints as it was; a changed note is refused or says the same.

use ai_audit_core::{NodeHash, SigningKey, Timestamp};
use ai_audit_merkle::{LeafIndex, TreeSize};
use ai_audit_note::{Checkpoint, NoteSignature, SignedNote, TlogProof, VKey, cosign};
use proptest::prelude::*;

const ORIGIN: &str = "a.b/c";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn line() -> VKey {
    VKey::ed25519(ORIGIN, key().verifying_key()).unwrap()
}

/// A checkpoint that its log and a witness signed.
fn cosigned() -> (SignedNote, VKey) {
    let witness = SigningKey::from_bytes(&[2; 32]);
    let mut note = Checkpoint {
        origin: ORIGIN.into(),
        size: TreeSize::new(1234),
        root: NodeHash::from_bytes([0xa5; 32]),
        extensions: vec!["more é".into()],
    }
    .sign(&key())
    .unwrap();
    let time = Timestamp::from_micros(1_790_000_000_000_000);
    note.add(cosign(&note, "w.example", &witness, time).unwrap())
        .unwrap();
    let line = VKey::cosignature("w.example", witness.verifying_key()).unwrap();
    (note, line)
}

/// One change of bytes, at a place: flip bits, insert, remove, or repeat what is there.
fn change(bytes: &mut Vec<u8>, what: u8, place: prop::sample::Index, byte: u8) {
    let place = place.index(bytes.len());
    match what {
        0 => bytes[place] ^= byte.max(1),
        1 => bytes.insert(place, byte),
        2 => drop(bytes.remove(place)),
        3 => bytes.truncate(place),
        _ => {
            let tail = bytes[place..].to_vec();
            bytes.extend(tail);
        }
    }
}

/// Every single-bit change of a note with one signature is refused: no bit of it is idle.
#[test]
fn every_flipped_bit_is_refused() {
    let (note, _) = cosigned();
    let note = Checkpoint::parse(note.text())
        .unwrap()
        .sign(&key())
        .unwrap();
    let bytes = note.to_string().into_bytes();
    assert!(Checkpoint::open(&bytes, &line()).is_ok());
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            let opened = Checkpoint::open(&changed, &line());
            assert!(opened.is_err(), "byte {place}, bit {bit}: {opened:?}");
        }
    }
}

proptest! {
    #[test]
    fn checkpoints_round_trip(
        size: u64,
        root: [u8; 32],
        extensions in prop::collection::vec("\\PC{1,20}", 0..3),
    ) {
        let root = NodeHash::from_bytes(root);
        let size = TreeSize::new(size);
        let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root, extensions };
        let note = checkpoint.sign(&key()).unwrap().to_string();
        prop_assert_eq!(Checkpoint::open(note.as_bytes(), &line()), Ok(checkpoint));
        prop_assert_eq!(SignedNote::parse(note.as_bytes()).unwrap().to_string(), note);
    }

    #[test]
    fn notes_round_trip(text in "(\\PC|\n){0,80}\n", name in "[^+\\s\\pC]{1,20}", seed: [u8; 32]) {
        let key = SigningKey::from_bytes(&seed);
        let line = VKey::ed25519(&name, key.verifying_key()).unwrap();
        prop_assert_eq!(VKey::parse(&line.to_string()), Ok(line.clone()));
        let note = SignedNote::sign(&text, &name, &key).unwrap();
        let read = SignedNote::parse(note.to_string().as_bytes()).unwrap();
        prop_assert_eq!(read.text(), &text);
        prop_assert_eq!(read.verify(&line), Ok(()));
        prop_assert_eq!(read, note);
    }

    #[test]
    fn proof_files_round_trip(
        index: u64,
        path in prop::collection::vec(any::<[u8; 32]>(), 0..=64),
        extra: Option<Vec<u8>>,
    ) {
        let path = path.into_iter().map(NodeHash::from_bytes).collect();
        let index = LeafIndex::new(index);
        let proof = TlogProof { index, path, checkpoint: cosigned().0, extra };
        prop_assert_eq!(TlogProof::parse(proof.to_string().as_bytes()), Ok(proof));
    }

    /// Changed anywhere, a note is refused or has the signed text still.
    #[test]
    fn a_changed_note_is_refused_or_says_the_same(
        changes in prop::collection::vec((0..5u8, any::<prop::sample::Index>(), any::<u8>()), 1..3),
    ) {
        let (note, witness) = cosigned();
        let mut bytes = note.to_string().into_bytes();
        for (what, place, byte) in changes {
            if !bytes.is_empty() {
                change(&mut bytes, what, place, byte);
            }
        }
        if let Ok(read) = SignedNote::parse(&bytes) {
            prop_assert_eq!(read.to_string().into_bytes(), bytes.clone());
            if read.verify_cosignature(&witness).is_ok() {
                prop_assert_eq!(read.text(), note.text());
            }
        }
        if let Ok(opened) = Checkpoint::open(&bytes, &line()) {
            prop_assert_eq!(opened.to_text(), note.text());
        }
    }

    #[test]
    fn a_changed_proof_file_is_refused_or_prints_as_it_is(
        what in 0..5u8, place: prop::sample::Index, byte: u8,
    ) {
        let path = vec![NodeHash::from_bytes([7; 32]); 3];
        let extra = Some(b"data".to_vec());
        let proof = TlogProof { index: LeafIndex::new(5), path, checkpoint: cosigned().0, extra };
        let mut bytes = proof.to_string().into_bytes();
        change(&mut bytes, what, place, byte);
        if let Ok(read) = TlogProof::parse(&bytes) {
            prop_assert_eq!(read.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn a_changed_key_line_is_refused_or_prints_as_it_is(
        what in 0..5u8, place: prop::sample::Index, byte in 0x20..0x7fu8,
    ) {
        let mut bytes = line().to_string().into_bytes();
        change(&mut bytes, what, place, byte);
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(read) = VKey::parse(&text) {
            prop_assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "(\\PC|\n|\u{2014} |[+=A-Za-z0-9]|AAAA){0,200}") {
        let _ = TlogProof::parse(&bytes);
        for bytes in [&bytes[..], text.as_bytes()] {
            if let Ok(note) = SignedNote::parse(bytes) {
                prop_assert_eq!(note.to_string().into_bytes(), bytes);
            }
        }
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.to_text(), text.clone());
        }
        if let Ok(signature) = NoteSignature::parse(&text) {
            prop_assert_eq!(signature.to_string(), text.clone());
        }
        let _ = VKey::parse(&text);
        // Behind a right beginning, too.
        for start in ["c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\nextra ", "text\n\n"] {
            let bytes = [start.as_bytes(), &bytes].concat();
            let _ = (TlogProof::parse(&bytes), SignedNote::parse(&bytes));
        }
    }
}
