//! What somebody might hand in as a note.

use ai_audit_core::{Digest, KeyError, NodeHash, SigningKey, Timestamp, VerifyingKey};
use ai_audit_merkle::{LeafIndex, TreeSize};
use ai_audit_note::{
    Checkpoint, CheckpointError, MAX_NOTE_LEN, MAX_SIGNATURES, NoteError, NoteSignature,
    SignedNote, TlogProof, VKey, VKeyError, cosign,
};
use base64ct::{Base64, Encoding};

const ORIGIN: &str = "example.org/log";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn line() -> VKey {
    VKey::ed25519(ORIGIN, key().verifying_key()).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: ORIGIN.into(),
        size: TreeSize::new(7),
        root: NodeHash::from_bytes([9; 32]),
        extensions: vec![],
    }
}

#[test]
fn a_checkpoint_of_another_origin_or_key_is_refused() {
    let note = checkpoint().sign(&key()).unwrap().to_string();
    assert_eq!(Checkpoint::open(note.as_bytes(), &line()), Ok(checkpoint()));
    // Signed by the right key under the right name, but the text says another log.
    let other = Checkpoint {
        origin: "example.org/other".into(),
        ..checkpoint()
    };
    let note = SignedNote::sign(&other.to_text(), ORIGIN, &key())
        .unwrap()
        .to_string();
    assert!(matches!(
        Checkpoint::open(note.as_bytes(), &line()),
        Err(CheckpointError::Origin { .. })
    ));
    // Another key of the same name.
    let forged = checkpoint()
        .sign(&SigningKey::from_bytes(&[2; 32]))
        .unwrap()
        .to_string();
    assert_eq!(
        Checkpoint::open(forged.as_bytes(), &line()),
        Err(CheckpointError::Note(NoteError::NotSigned {
            name: ORIGIN.into(),
            hash: line().hash(),
        }))
    );
    // The same, pretending to be the pinned key: its hash before another key's signature.
    let theirs = SignedNote::parse(forged.as_bytes()).unwrap();
    let mut blob = line().hash().to_vec();
    blob.extend_from_slice(theirs.signatures()[0].bytes());
    let base64 = Base64::encode_string(&blob);
    let forged = format!("{}\n\u{2014} {ORIGIN} {base64}\n", theirs.text());
    assert_eq!(
        Checkpoint::open(forged.as_bytes(), &line()),
        Err(CheckpointError::Note(NoteError::Signature { number: 1 }))
    );
    // The right key and hash under another name.
    let note = checkpoint().sign(&key()).unwrap().to_string();
    let renamed = note.replace("\u{2014} example.org/log ", "\u{2014} example.org/else ");
    assert_ne!(renamed, note);
    assert!(matches!(
        Checkpoint::open(renamed.as_bytes(), &line()),
        Err(CheckpointError::Note(NoteError::NotSigned { .. }))
    ));
}

#[test]
fn one_bad_signature_of_a_known_key_refuses_the_note() {
    let good = checkpoint().sign(&key()).unwrap();
    let other = SignedNote::sign("another text\n", ORIGIN, &key()).unwrap();
    let mut both = good.clone();
    both.add(other.signatures()[0].clone()).unwrap();
    assert_eq!(
        both.verify(&line()),
        Err(NoteError::Signature { number: 2 })
    );
    let mut twice = good.clone();
    twice.add(good.signatures()[0].clone()).unwrap();
    assert_eq!(twice.verify(&line()), Ok(()));
}

/// The last empty line separates: signature lines further up are text.
#[test]
fn signatures_within_the_text_count_for_nothing() {
    let good = checkpoint().sign(&key()).unwrap().to_string();
    let mallory = SigningKey::from_bytes(&[66; 32]);
    let wrapped = SignedNote::sign(&good, "mallory", &mallory).unwrap();
    let read = SignedNote::parse(wrapped.to_string().as_bytes()).unwrap();
    assert_eq!((read.text(), read.signatures().len()), (&good[..], 1));
    assert!(matches!(
        read.verify(&line()),
        Err(NoteError::NotSigned { .. })
    ));
    // A text that is only empty lines is a text.
    let empty = SignedNote::sign("\n\n", ORIGIN, &key()).unwrap();
    let read = SignedNote::parse(empty.to_string().as_bytes()).unwrap();
    assert_eq!(read.verify(&line()), Ok(()));
    assert_eq!(read.text(), "\n\n");
}

#[test]
fn texts_that_are_not_signed() {
    let sign = |text: &str| SignedNote::sign(text, ORIGIN, &key()).map(drop);
    for text in [
        "",
        "no newline",
        "carriage\r\n",
        "nul\0\n",
        "next line\u{85}\n",
    ] {
        assert_eq!(sign(text), Err(NoteError::Text), "{text:?}");
    }
    // It would be a cosignature of the same key.
    let cosigned = format!("cosignature/v1\ntime 1\n{}", checkpoint().to_text());
    assert_eq!(sign(&cosigned), Err(NoteError::Text));
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb"] {
        let signed = SignedNote::sign("text\n", name, &key());
        assert_eq!(signed, Err(NoteError::Name), "{name:?}");
        assert_eq!(
            VKey::ed25519(name, key().verifying_key()),
            Err(VKeyError::Name)
        );
    }
    // What is signed can be read: one byte more than fits is refused.
    let rest = SignedNote::sign("\n", ORIGIN, &key()).unwrap().to_string();
    let longest = "x".repeat(MAX_NOTE_LEN - rest.len()) + "\n";
    let note = SignedNote::sign(&longest, ORIGIN, &key()).unwrap();
    assert_eq!(note.to_string().len(), MAX_NOTE_LEN);
    assert!(SignedNote::parse(note.to_string().as_bytes()).is_ok());
    assert_eq!(sign(&format!("x{longest}")), Err(NoteError::TooLong));
    let longer = format!("x{note}");
    let refused = SignedNote::parse(longer.as_bytes());
    assert!(matches!(refused, Err(NoteError::Form { offset, .. }) if offset == MAX_NOTE_LEN));
}

#[test]
fn errors_say_where_and_what() {
    let note = checkpoint().sign(&key()).unwrap().to_string();
    let at = |text: &str| SignedNote::parse(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        at(&note.replacen('\n', "\r\n", 1)),
        "note at byte 15: expected no control character but the newline"
    );
    assert_eq!(
        at("a\n\n\u{2014} b AAAA\n"),
        "note at byte 9: expected base64 of 4 bytes of key hash and a signature"
    );
    assert_eq!(
        at("a\n\n\u{2014} b\n"),
        "note at byte 8: expected a space and base64 after the key name"
    );
    assert!(at("a\n\n").starts_with("note at byte 3: expected a signature line"));
    let text = checkpoint().to_text().replace("\n7\n", "\n07\n");
    assert_eq!(
        Checkpoint::parse(&text).unwrap_err().to_string(),
        "checkpoint, line 2: expected the tree size, a decimal number below 2^64 without sign or \
         leading zeros"
    );
    let file = b"c2sp.org/tlog-proof@v1\nindex 3\nAA==\n\n";
    assert_eq!(
        TlogProof::parse(file).unwrap_err().to_string(),
        "proof file, line 3: expected a hash of the path, 32 bytes in canonical base64"
    );
    let file = b"c2sp.org/tlog-proof@v1\nindex 3\n\ntext\n";
    assert_eq!(
        TlogProof::parse(file).unwrap_err().to_string(),
        "proof file, checkpoint from byte 32: note at byte 5: expected an empty line between text \
         and signatures"
    );
    let file = b"c2sp.org/tlog-proof@v1\nindex 3\n\xff";
    assert_eq!(
        TlogProof::parse(file).unwrap_err().to_string(),
        "proof file, line 3: expected UTF-8"
    );
}

#[test]
fn key_lines_have_one_form() {
    let text = line().to_string();
    let (name, rest) = text.split_once('+').unwrap();
    let (hash, base64) = rest.split_once('+').unwrap();
    let with = |key: &[u8]| {
        let line = format!("{name}+{hash}+{}", Base64::encode_string(key));
        VKey::parse(&line).unwrap_err()
    };
    let key = Base64::decode_vec(base64).unwrap();
    assert_eq!(with(&[]), VKeyError::Length { found: 0 });
    assert_eq!(with(&key[..32]), VKeyError::Length { found: 31 });
    assert_eq!(with(&[&[6], &key[1..]].concat()), VKeyError::Type(6));
    // Another type of the same key has another hash.
    let other = with(&[&[4], &key[1..]].concat());
    assert!(matches!(other, VKeyError::Hash { .. }), "{other}");
    for (line, error) in [
        (String::new(), VKeyError::Parts),
        (format!("{name}+{hash}"), VKeyError::Parts),
        (format!("+{hash}+{base64}"), VKeyError::Name),
        (format!(" {text}"), VKeyError::Name),
        (format!("{name}+0{hash}+{base64}"), VKeyError::HashForm),
        (format!("{name}+ABCDEF01+{base64}"), VKeyError::HashForm),
        (format!("{name}++abcdef0+{base64}"), VKeyError::HashForm),
        (format!("{text}\n"), VKeyError::Base64),
        (format!("{text}="), VKeyError::Base64),
    ] {
        assert_eq!(VKey::parse(&line), Err(error), "{line:?}");
    }
}

/// A key line that is right in its form, of whatever bytes.
fn line_of(key: &[u8; 32]) -> String {
    let mut bytes = format!("{ORIGIN}\n\u{1}").into_bytes();
    bytes.extend_from_slice(key);
    let hash = &Digest::of(&bytes).to_string()[..8];
    let base64 = Base64::encode_string(&[&[1], &key[..]].concat());
    format!("{ORIGIN}+{hash}+{base64}")
}

#[test]
fn key_lines_of_weak_points_are_refused() {
    let good = key().verifying_key();
    assert_eq!(line_of(good.as_bytes()), line().to_string());
    let pin = |bytes: &[u8; 32]| VKey::parse(&line_of(bytes)).map(drop);
    let error = |error| Err(VKeyError::Key(error));
    // The identity: under it a signature can verify for many messages.
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(pin(&identity), error(KeyError::SmallOrder));
    assert_eq!(pin(&[0xff; 32]), error(KeyError::NotAPoint));
    // The base point plus a point of order eight: large order, so a key that may be met but not
    // pinned.
    let mixed: Digest = "98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b7819"
        .parse()
        .unwrap();
    assert!(VerifyingKey::from_bytes(mixed.as_bytes()).is_ok());
    assert_eq!(pin(mixed.as_bytes()), error(KeyError::Torsion));
}

#[test]
fn forms_of_a_note_that_are_refused() {
    let note = checkpoint().sign(&key()).unwrap().to_string();
    let signature = note.lines().last().unwrap();
    let cases = [
        ("no newline at the end", note.trim_end().to_string()),
        ("carriage returns", note.replace('\n', "\r\n")),
        ("a tab", note.replacen('7', "\t7", 1)),
        ("a hyphen for the dash", note.replace('\u{2014}', "-")),
        ("two spaces", note.replace(" example", "  example")),
        ("no text", format!("\n{signature}\n")),
        ("only signatures", format!("{signature}\n")),
        ("a second newline at the end", format!("{note}\n")),
        ("a space at the end", note.trim_end().to_string() + " \n"),
        ("no space before base64", note.replace("log ", "log")),
        (
            "the other base64 alphabet",
            format!("text\n\n\u{2014} {ORIGIN} AAAAAA-_\n"),
        ),
        (
            "a no-break space in the name",
            note.replace("\u{2014} example", "\u{2014} ex\u{a0}ample"),
        ),
        ("no signature", format!("{}\n", checkpoint().to_text())),
        (
            "base64 without padding",
            note.replace("=\n\n", "\n\n")
                .trim_end_matches("=\n")
                .to_string()
                + "\n",
        ),
        (
            "an empty signature",
            format!("text\n\n\u{2014} {ORIGIN} AAAAAA==\n"),
        ),
        (
            "a plus in the name",
            note.replace("\u{2014} example", "\u{2014} ex+ample"),
        ),
    ];
    for (what, text) in cases {
        let refused = match SignedNote::parse(text.as_bytes()) {
            Err(NoteError::Form { offset, .. }) => offset <= text.len(),
            _ => false,
        };
        assert!(refused, "{what}");
    }
    assert!(SignedNote::parse(b"\xff\n\n").is_err());
    assert!(SignedNote::parse(b"").is_err());
}

#[test]
fn more_signatures_than_anybody_needs_are_refused() {
    let note = checkpoint().sign(&key()).unwrap().to_string();
    let signature = note.lines().last().unwrap();
    let many = |count: usize| note.clone() + &format!("{signature}\n").repeat(count - 1);
    assert!(SignedNote::parse(many(MAX_SIGNATURES).as_bytes()).is_ok());
    let refused = SignedNote::parse(many(MAX_SIGNATURES + 1).as_bytes());
    let last = many(MAX_SIGNATURES).len();
    assert!(matches!(refused, Err(NoteError::Form { offset, .. }) if offset == last));
    let mut full = SignedNote::parse(many(MAX_SIGNATURES).as_bytes()).unwrap();
    assert_eq!(full.verify(&line()), Ok(()));
    let more = NoteSignature::parse(signature).unwrap();
    assert_eq!(full.add(more), Err(NoteError::TooManySignatures));
}

#[test]
fn base64_has_one_form() {
    let note = checkpoint().sign(&key()).unwrap().to_string();
    // 68 bytes leave bits in the last character that count for nothing.
    let position = note.rfind('=').unwrap() - 1;
    let last = note.as_bytes()[position];
    let replacements = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9');
    let canonical = replacements.filter(|replacement| {
        let mut bytes = note.clone().into_bytes();
        bytes[position] = *replacement;
        SignedNote::parse(&bytes).is_ok()
    });
    // One padding character: two idle bits, so one letter in four is canonical.
    assert!(canonical.count() <= 16);
    for replacement in b'A'..=b'z' {
        if replacement != last {
            let mut bytes = note.clone().into_bytes();
            bytes[position] = replacement;
            let verified = Checkpoint::open(&bytes, &line());
            assert!(verified.is_err(), "{}", char::from(replacement));
        }
    }
}

#[test]
fn checkpoints_have_one_form() {
    let text = checkpoint().to_text();
    assert_eq!(Checkpoint::parse(&text), Ok(checkpoint()));
    for (from, to) in [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n+7\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n\n"),
        ("\n7\n", "\n18446744073709551616\n"),
        ("\n7\n", "\n"),
        ("\n7\n", "\n 7\n"),
        ("\n7\n", "\n7\r\n"),
        ("=\n", "=\nextension\n\n"),
        ("=\n", "=\ntab\there\n"),
        ("example.org/log\n", "\n"),
        ("=\n", "\n"),
        ("=\n", "=\n\n"),
        ("=\n", "="),
        ("CQkJ", "CQk*"),
        ("CQk=", "CQl="),
        ("CQk=", "CQkJ"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(Checkpoint::parse(&changed).is_err(), "{changed:?}");
    }
    let largest = text.replacen("\n7\n", "\n18446744073709551615\n", 1);
    let read = Checkpoint::parse(&largest).unwrap();
    assert_eq!(read.size, TreeSize::new(u64::MAX));
    // Fields that would be read as other fields are not signed.
    let sneaky = Checkpoint {
        origin: "a\n9\nb".into(),
        ..checkpoint()
    };
    assert!(sneaky.sign(&key()).is_err());
    let sneaky = Checkpoint {
        extensions: vec!["a\n\nb".into()],
        ..checkpoint()
    };
    assert!(sneaky.sign(&key()).is_err());
}

#[test]
fn cosignatures_bind_text_time_and_kind() {
    let witness = SigningKey::from_bytes(&[3; 32]);
    let line = VKey::cosignature("witness.example", witness.verifying_key()).unwrap();
    let mut note = checkpoint().sign(&key()).unwrap();
    let time = Timestamp::from_micros(1_790_000_000_500_000);
    note.add(cosign(&note, "witness.example", &witness, time).unwrap())
        .unwrap();
    let read = SignedNote::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(
        read.verify_cosignature(&line),
        Ok(Timestamp::from_micros(1_790_000_000_000_000))
    );
    // The same key bytes under the note type are another key.
    let plain = VKey::ed25519("witness.example", witness.verifying_key()).unwrap();
    assert_eq!(
        read.verify(&plain),
        Err(NoteError::NotSigned {
            name: "witness.example".into(),
            hash: plain.hash()
        })
    );
    assert_eq!(read.verify(&line), Err(NoteError::Kind));
    // Another text under the same cosignature.
    let mut other = Checkpoint {
        size: TreeSize::new(8),
        ..checkpoint()
    }
    .sign(&key())
    .unwrap();
    other.add(read.signatures()[1].clone()).unwrap();
    // Another time before the same signature.
    let mut blob = line.hash().to_vec();
    blob.extend_from_slice(read.signatures()[1].bytes());
    blob[11] ^= 1;
    let moved = format!("\u{2014} witness.example {}", Base64::encode_string(&blob));
    let mut later = checkpoint().sign(&key()).unwrap();
    later.add(NoteSignature::parse(&moved).unwrap()).unwrap();
    assert_eq!(
        later.verify_cosignature(&line),
        Err(NoteError::Signature { number: 2 })
    );
    // The first of several counts no less than the last.
    let mut twice = checkpoint().sign(&key()).unwrap();
    for micros in [9_000_000, 4_000_000] {
        let time = Timestamp::from_micros(micros);
        let cosignature = cosign(&twice, "witness.example", &witness, time).unwrap();
        twice.add(cosignature).unwrap();
    }
    assert_eq!(
        twice.verify_cosignature(&line),
        Ok(Timestamp::from_micros(9_000_000))
    );
    // A time that no calendar here has, honestly signed.
    let seconds = u64::MAX;
    let message = format!("cosignature/v1\ntime {seconds}\n{}", checkpoint().to_text());
    let mut blob = line.hash().to_vec();
    blob.extend_from_slice(&seconds.to_be_bytes());
    blob.extend_from_slice(witness.sign(message.as_bytes()).as_bytes());
    let far = format!("\u{2014} witness.example {}", Base64::encode_string(&blob));
    let mut note = checkpoint().sign(&key()).unwrap();
    note.add(NoteSignature::parse(&far).unwrap()).unwrap();
    assert_eq!(
        note.verify_cosignature(&line),
        Err(NoteError::CosignatureTime { number: 2 })
    );
    // Only checkpoints are cosigned.
    let plain = SignedNote::sign("some text\n", ORIGIN, &key()).unwrap();
    assert_eq!(
        cosign(&plain, "witness.example", &witness, time),
        Err(NoteError::NoCheckpoint)
    );
    assert_eq!(
        other.verify_cosignature(&line),
        Err(NoteError::Signature { number: 2 })
    );
}

#[test]
fn proof_files_have_one_form() {
    let proof = TlogProof {
        index: LeafIndex::new(3),
        path: vec![NodeHash::from_bytes([1; 32]); 3],
        checkpoint: checkpoint().sign(&key()).unwrap(),
        extra: Some(b"more".to_vec()),
    };
    let text = proof.to_string();
    assert_eq!(TlogProof::parse(text.as_bytes()), Ok(proof));
    for (from, to) in [
        ("@v1", "@v2"),
        ("index 3", "index 03"),
        ("index 3", "index +3"),
        ("index 3\n", ""),
        ("extra bW9yZQ==", "extra bW9yZQ"),
        ("AQEB", "AQE"),
        ("\n\n", "\n"),
        ("index 3", "index 18446744073709551616"),
        ("index 3\n", "index 3\nindex 3\n"),
        ("extra bW9yZQ==\nindex 3", "index 3\nextra bW9yZQ=="),
        ("extra bW9yZQ==", "extra bW9yZQ==\nextra bW9yZQ=="),
        ("c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\r\n"),
        ("c2sp.org/tlog-proof@v1\n", "\nc2sp.org/tlog-proof@v1\n"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(TlogProof::parse(changed.as_bytes()).is_err(), "{changed}");
    }
    let high = TlogProof {
        index: LeafIndex::new(3),
        path: vec![NodeHash::from_bytes([1; 32]); 65],
        checkpoint: checkpoint().sign(&key()).unwrap(),
        extra: None,
    };
    assert!(TlogProof::parse(high.to_string().as_bytes()).is_err());
}
