//! Canonical digests of texts beside those of the library, for every code point.

use crate::python::{Writer, run};
use ai_audit_core::{Digest, canonical_text};

/// Where each code point goes: alone, and between a letter and a sigma, whose lower case hangs on whether
/// the word goes on.
const CONTEXTS: [&str; 2] = ["%", "a%Σ"];

/// What versions of Unicode say different things of although both know it, and only beside a sigma: U+0295,
/// and U+02E4 which NFKC makes of it, are lower case in the older ones; U+1171E is a non-spacing mark there.
const CHANGED: [char; 3] = ['\u{295}', '\u{2e4}', '\u{1171e}'];

#[test]
fn every_code_point_that_both_know_has_one_digest() {
    let Some(said) = run(Writer::Newer, "texts.py", &CONTEXTS) else {
        return;
    };
    let (version, cases) = said.split_at(said.iter().position(|byte| *byte == b'\n').unwrap());
    let version = std::str::from_utf8(version).unwrap();
    let number = |part: &str| part.parse::<u8>().unwrap();
    let parts: Vec<u8> = version.split('.').map(number).collect();
    let (major, minor, _) = char::UNICODE_VERSION;
    if (parts[0], parts[1]) > (major, minor) {
        println!(
            "SKIPPED: digests of texts: Python knows Unicode {version}, we know {major}.{minor}"
        );
        return;
    }
    let mut cases = cases[1..].chunks_exact(9);
    for context in CONTEXTS {
        let (mut alike, mut unknown) = (0, 0);
        for point in '\0'..=char::MAX {
            let [known, digest @ ..] = cases.next().unwrap() else {
                unreachable!()
            };
            let text = context.replace('%', &String::from(point));
            let form = Digest::of(canonical_text(&text).as_bytes());
            if form.as_bytes()[..8] == *digest {
                alike += 1;
                continue;
            }
            unknown += 1;
            let expected = *known == 0 || context.contains('Σ') && CHANGED.contains(&point);
            assert!(
                expected,
                "Unicode {version} and ours make two digests of {text:?}"
            );
        }
        println!("{context}: Unicode {version}: {alike} alike, {unknown} not");
        assert!(alike > 1_111_000, "{context}: {alike}");
    }
    assert_eq!(cases.len(), 0);
}
