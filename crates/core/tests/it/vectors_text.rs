//! Published vectors of SHA-256, HMAC-SHA-256 and Unicode normalisation.

use crate::{shared, unhex};
use ai_audit_core::{Digest, DisclosureKey, TextDigest, TextHasher, canonical_text};
use std::io::Read;

/// `name = value` lines of a NIST response file, in order.
fn lines(path: &str) -> Option<Vec<(String, String)>> {
    let text = String::from_utf8(shared(path)?).unwrap();
    let pair = |line: &str| {
        let (name, value) = line.split_once(" = ")?;
        (!line.starts_with(['#', '['])).then(|| (name.into(), value.trim().into()))
    };
    Some(text.lines().filter_map(pair).collect())
}

#[test]
fn nist_sha256_messages() {
    for (path, least) in [("SHA256ShortMsg.rsp", 65), ("SHA256LongMsg.rsp", 64)] {
        let Some(lines) = lines(&format!("nist-cavp/SHA256/{path}")) else {
            return;
        };
        let mut count = 0;
        for [(len, bits), (msg, message), (md, digest)] in lines.as_chunks::<3>().0 {
            assert_eq!((&**len, &**msg, &**md), ("Len", "Msg", "MD"));
            let bytes = bits.parse::<usize>().unwrap() / 8;
            let message = &unhex(message)[..bytes];
            assert_eq!(
                Digest::of(message).to_string(),
                *digest,
                "{path}, {bits} bits"
            );
            // The streaming path, in pieces of 63 bytes.
            let mut hasher = TextHasher::plain();
            message.chunks(63).for_each(|piece| hasher.update(piece));
            assert_eq!(hasher.finish(), TextDigest::Plain(digest.parse().unwrap()));
            count += 1;
        }
        assert!(count >= least, "{path}: only {count} cases");
    }
}

#[test]
fn nist_sha256_monte_carlo() {
    let Some(lines) = lines("nist-cavp/SHA256/SHA256Monte.rsp") else {
        return;
    };
    let mut seed: [u8; 32] = unhex(&lines[0].1).try_into().unwrap();
    let mut count = 0;
    for case in lines[1..].chunks_exact(2) {
        let mut last = [seed; 3];
        for _ in 0..1_000 {
            let next = *Digest::of(&last.concat()).as_bytes();
            last = [last[1], last[2], next];
        }
        seed = last[2];
        assert_eq!(
            Digest::from_bytes(seed).to_string(),
            case[1].1,
            "count {}",
            case[0].1
        );
        count += 1;
        if cfg!(miri) {
            // A thousand hashes tell it what a hundred thousand would.
            return;
        }
    }
    assert_eq!(count, 100);
}

/// Keyed text digests are HMAC-SHA-256; ours have keys of 32 bytes.
#[test]
fn wycheproof_hmac_sha256() {
    let Some(bytes) = shared("wycheproof/testvectors_v1/hmac_sha256_test.json") else {
        return;
    };
    let file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let mut count = 0;
    for group in file["testGroups"].as_array().unwrap() {
        if (&group["keySize"], &group["tagSize"]) != (&256.into(), &256.into()) {
            continue;
        }
        for test in group["tests"].as_array().unwrap() {
            let hex = |name: &str| unhex(test[name].as_str().unwrap());
            let mut hasher =
                TextHasher::keyed(&DisclosureKey::from_bytes(hex("key").try_into().unwrap()));
            hasher.update(hex("msg"));
            let tag = Digest::from_bytes(hex("tag").try_into().unwrap());
            let expected = test["result"] == "valid";
            assert_eq!(
                hasher.finish() == TextDigest::Keyed(tag),
                expected,
                "{}",
                test["tcId"]
            );
            count += 1;
        }
    }
    assert!(count > 40, "only {count} cases");
}

/// All columns of a line are one text to NFKC, so they have one canonical form; and where the form
/// is not changed by folding, it is the NFKC column itself.
#[test]
fn unicode_normalization_test() {
    let path = "unicode-normalization/NormalizationTest-15.0.0.txt.gz";
    let Some(packed) = shared(path) else { return };
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_string(&mut text)
        .unwrap();
    let (mut count, mut unfolded) = (0, 0);
    for line in text
        .lines()
        .filter(|line| !line.starts_with(['#', '@']) && !line.is_empty())
    {
        let column = |field: &str| {
            let point = |digits| char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap();
            field.split(' ').map(point).collect::<String>()
        };
        let columns: Vec<String> = line.split(';').take(5).map(column).collect();
        let nfkc = &columns[3];
        let form = canonical_text(nfkc);
        for (n, other) in columns.iter().enumerate() {
            assert_eq!(canonical_text(other), form, "column {n} of {line}");
        }
        // Written down here once more, from the specification: fold, cut, lower case.
        let words: Vec<_> = nfkc
            .split(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
            .filter(|word| !word.is_empty())
            .collect();
        assert_eq!(words.join(" ").to_lowercase(), form, "{line}");
        unfolded += usize::from(*nfkc == form);
        count += 1;
    }
    assert!(
        count > 18_000 && unfolded > 15_000,
        "{count} lines, {unfolded} unfolded"
    );
}

/// What the Python library made of texts: its `canonicalize_input` is the plain digest of our canonical
/// form, its `hash_output` that of the text as it is.
#[test]
fn the_python_librarys_digests_of_texts() {
    let Some(bytes) = shared("python-library-0.4.7/text_hashes.json") else {
        return;
    };
    let file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let texts = file["texts"].as_array().unwrap();
    for case in texts {
        let digest = |name: &str| TextDigest::Plain(case[name].as_str().unwrap().parse().unwrap());
        let text = case["text"].as_str().unwrap();
        let form = canonical_text(text);
        assert_eq!(
            TextDigest::plain(&form),
            digest("canonicalize_input"),
            "{text:?}"
        );
        assert_eq!(TextDigest::plain(text), digest("hash_output"), "{text:?}");
    }
    assert!(texts.len() >= 70, "only {} texts", texts.len());
}

#[test]
fn canonical_texts_fold_spaces_and_case() {
    for (text, form) in [
        ("", ""),
        (" \t\n", ""),
        ("  Ｈello\n\tWORLD ", "hello world"),
        ("a\u{1c}b\u{1f}\u{85}c", "a b c"),
        ("\u{2003}a\u{3000}b\u{2028}", "a b"),
        ("10² ½", "102 1⁄2"),
        ("ΟΔΟΣ", "οδος"),
        ("İ", "i\u{307}"),
        ("a\u{200b}b", "a\u{200b}b"),
    ] {
        assert_eq!(canonical_text(text), form, "{text:?}");
    }
}
