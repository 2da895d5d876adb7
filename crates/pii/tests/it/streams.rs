//! Streams: the chunks leave no trace.

use crate::texts::{KEY, all, bytes, mixed};
use ai_audit_pii::{Finding, Kind, Mode, RedactLines, RedactStream, Redacted, Redactor};
use proptest::prelude::*;

/// The output of a stream whose chunks end at `cuts`.
fn stream(
    redactor: &Redactor,
    text: &[u8],
    cuts: &[usize],
) -> (Vec<u8>, Vec<Finding>, Vec<Vec<u8>>) {
    let mut stream = RedactStream::new(redactor, Some(&KEY)).unwrap();
    let (mut out, mut findings, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut take = |settled: Redacted<Vec<u8>>| {
        out.extend(settled.text);
        findings.extend(settled.findings);
        values.extend(settled.encrypted.into_iter().map(|span| span.value));
    };
    let mut at = 0;
    for &cut in cuts {
        let cut = cut.clamp(at, text.len());
        take(stream.push(&text[at..cut]));
        at = cut;
    }
    take(stream.push(&text[at..]));
    take(stream.finish());
    (out, findings, values)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn chunks_change_nothing(text in bytes(), cuts in prop::collection::vec(0..200_usize, 0..8)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let redactor = mixed();
        let whole = stream(&redactor, &text, &[]);
        prop_assert_eq!(stream(&redactor, &text, &cuts), whole.clone());
        let each: Vec<usize> = (0..text.len()).collect();
        prop_assert_eq!(stream(&redactor, &text, &each), whole);
    }

    #[test]
    fn lines_are_the_stream_line_by_line(text in bytes()) {
        let redactor = mixed();
        let mut lines = RedactLines::new(&redactor, Some(&KEY)).unwrap();
        let mut all = lines.push(&text);
        all.extend(lines.finish());
        let joined: Vec<u8> = all
            .iter()
            .flat_map(|line| [&line.text[..], line.line_end.as_bytes()].concat())
            .collect();
        let whole = stream(&redactor, &text, &[]);
        // A private key over several lines leaves the ends of its lines.
        if !whole.1.iter().any(|one| one.kind == Kind::PrivateKey) {
            prop_assert_eq!(joined, whole.0);
        }
        prop_assert_eq!(lines.counts().values().sum::<u64>(), whole.1.len() as u64);
        let mut input = Vec::new();
        let ends = all.iter().map(|line| line.line_end.len()).sum::<usize>();
        input.extend_from_slice(&text);
        for (line, source) in all.iter().zip(input.split_inclusive(|&byte| byte == b'\n')) {
            for one in &line.findings {
                prop_assert!(one.start < one.end && one.end <= source.len());
            }
        }
        prop_assert!(ends <= text.len());
    }
}

#[test]
fn an_empty_line_inside_of_a_key_has_no_finding() {
    let redactor = mixed();
    let mut lines = RedactLines::new(&redactor, Some(&KEY)).unwrap();
    let text = b"-----BEGIN PRIVATE KEY-----\n\npassword=hunter22";
    let mut all = lines.push(text);
    all.extend(lines.finish());
    assert_eq!(all.len(), 3);
    assert!(all[1].findings.is_empty(), "{:?}", all[1].findings);
}

const KEY_BLOCK: &str = "a\n-----BEGIN PRIVATE KEY-----\r\nMIIEowIBAAKCAQEA\r\n-----END PRIVATE KEY-----\nbob@example.org\n";

#[test]
fn a_private_key_over_lines_is_found_wherever_the_chunks_end() {
    let redactor = all(Mode::Redact);
    for cut in 0..KEY_BLOCK.len() {
        let (out, findings, _) = stream(&redactor, KEY_BLOCK.as_bytes(), &[cut]);
        assert_eq!(out, b"a\n[PRIVATE_KEY]\n[EMAIL]\n", "{cut}");
        assert_eq!(findings.len(), 2);
    }
    let mut lines = RedactLines::new(&redactor, None).unwrap();
    let all = lines.push(KEY_BLOCK.as_bytes());
    let texts: Vec<&[u8]> = all.iter().map(|line| &line.text[..]).collect();
    assert_eq!(texts, [&b"a"[..], b"[PRIVATE_KEY]", b"", b"", b"[EMAIL]"]);
    assert_eq!((all[2].findings[0].start, all[2].findings[0].end), (0, 16));
}

#[test]
fn a_long_line_is_cut_between_words_and_through_no_finding() {
    let redactor = all(Mode::Redact);
    let filler = "word ".repeat(300_000);
    for shift in 0..20 {
        let lead = "x".repeat(1 + shift);
        let text = format!(
            "{lead} {}4242 4242 4242 4242 {filler}",
            &filler[..1_048_560]
        );
        let (out, findings, _) = stream(&redactor, text.as_bytes(), &[1000, 1_048_570]);
        assert_eq!(findings.len(), 1, "{shift}");
        assert_eq!(out.len(), text.len() - 19 + 13, "{shift}");
    }
}

/// A line that never ends is handed out as it comes: no more than some MiB is held back.
#[test]
fn an_endless_line_is_not_kept() {
    let redactor = all(Mode::Redact);
    let mut stream = RedactStream::new(&redactor, None).unwrap();
    let chunk = vec![b'a'; 1 << 16];
    let mut held = 0;
    for _ in 0..256 {
        held += chunk.len();
        held -= stream.push(&chunk).text.len();
        assert!(held <= 2 << 20, "{held}");
    }
    // Nor a private key without an end.
    let mut stream = RedactStream::new(&redactor, None).unwrap();
    stream.push(b"-----BEGIN PRIVATE KEY-----\n");
    let lines = "MIIEowIBAAKCAQEA\n".repeat(20_000);
    let mut out = 0;
    for _ in 0..8 {
        out += stream.push(lines.as_bytes()).text.len();
    }
    assert!(out > 2 << 20);
}
