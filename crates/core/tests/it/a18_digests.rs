//! A18, A19: digests that keep apart what is not the same; A26 in part: keyed ones say nothing.

use ai_audit_core::{
    Digest, DigestSecret, DisclosureKey, PartsHasher, ReceiptId, TextDigest, TextHasher, Timestamp,
    canonical_text,
};

fn parts(parts: &[&str]) -> Digest {
    let mut hasher = PartsHasher::new();
    for part in parts {
        hasher.part(part);
    }
    hasher.finish()
}

#[test]
fn a18_borders_of_parts_count() {
    let same = parts(&["a|b", "c"]);
    for other in [
        &["a", "b|c"][..],
        &["a|bc"],
        &["a|b", "c", ""],
        &["", "a|b", "c"],
        &["c", "a|b"],
        &["a|b\0\0\0\0\0\0\0\x01c"],
        &[],
        &[""],
    ] {
        assert_ne!(same, parts(other), "{other:?}");
    }
    assert_ne!(parts(&[]), parts(&[""]));
    assert_eq!(same, parts(&["a|b", "c"]));
    // As the specification writes it.
    let mut bytes = b"ai-audit/parts/v1\0".to_vec();
    for part in ["a|b", "c"] {
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    assert_eq!(same, Digest::of(&bytes));
}

#[test]
fn a19_exact_digests_keep_apart_what_canonical_ones_match() {
    for (one, two) in [
        ("10²", "102"),
        ("Refund", "refund"),
        ("Ｒefund", "Refund"),
        ("a b", "a\u{a0}\t b"),
        ("é", "e\u{301}"),
        (" a", "a\n"),
        ("ﬁle", "file"),
    ] {
        assert_ne!(
            TextDigest::plain(one),
            TextDigest::plain(two),
            "{one:?} {two:?}"
        );
        assert_eq!(canonical_text(one), canonical_text(two), "{one:?} {two:?}");
    }
    for (one, two) in [("10²", "1002"), ("ab", "a b"), ("a", "b"), ("", "a")] {
        assert_ne!(canonical_text(one), canonical_text(two), "{one:?} {two:?}");
    }
}

#[test]
fn keys_of_digests_are_one_for_each_receipt_and_field() {
    let secret = DigestSecret::from_bytes([9; 32]);
    let id = |n| ReceiptId::from_parts(Timestamp::from_micros(0), [n; 10]);
    let exact = |n, field| *secret.exact_key(&id(n), field).as_bytes();
    let all = [
        exact(1, "input"),
        exact(1, "output"),
        exact(2, "input"),
        *secret.canonical_key().as_bytes(),
        *DigestSecret::from_bytes([8; 32])
            .exact_key(&id(1), "input")
            .as_bytes(),
    ];
    for (i, one) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|other| one != other), "key {i} repeats");
    }
    assert_eq!(exact(1, "input"), exact(1, "input"));
}

#[test]
fn disclosure_shows_one_text_and_no_other() {
    let secret = DigestSecret::from_bytes([9; 32]);
    let id = ReceiptId::from_parts(Timestamp::from_micros(0), [1; 10]);
    let key = secret.exact_key(&id, "input");
    let digest = TextDigest::keyed("+49 170 1234567", &key);
    assert!(digest.matches("+49 170 1234567", Some(&key)));
    assert!(!digest.matches("+49 170 1234568", Some(&key)));
    assert!(!digest.matches("+49 170 1234567", None));
    assert!(!digest.matches("+49 170 1234567", Some(&secret.exact_key(&id, "output"))));
    let handed = DisclosureKey::from_bytes(*key.as_bytes());
    assert!(digest.matches("+49 170 1234567", Some(&handed)));
    // A plain digest of the same text is another digest, and needs no key.
    let plain = TextDigest::plain("+49 170 1234567");
    assert_ne!(plain, digest);
    assert!(plain.matches("+49 170 1234567", None) && plain.matches("+49 170 1234567", Some(&key)));
    // Pieces make no difference.
    let mut hasher = TextHasher::keyed(&key);
    for piece in ["+49 ", "170", "", " 1234567"] {
        hasher.update(piece);
    }
    assert_eq!(hasher.finish(), digest);
    // Secrets do not show.
    let shown = format!("{secret:?} {key:?} {:?}", TextHasher::keyed(&key));
    assert_eq!(
        shown,
        "DigestSecret(secret) DisclosureKey(secret) TextHasher(..)"
    );
}
