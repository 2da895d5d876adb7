//! What holds for every text.

use crate::texts::{KEY, all, bytes, mixed, text};
use ai_audit_pii::{Finding, Mode, RedactStream, Redactor, restore, restore_bytes};
use proptest::prelude::*;

/// What of an output is no placeholder.
fn outside(output: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = vec![Vec::new()];
    let mut at = 0;
    while at < output.len() {
        let len = placeholder(&output[at..]);
        if len > 0 {
            pieces.push(Vec::new());
        } else {
            pieces.last_mut().unwrap().push(output[at]);
        }
        at += len.max(1);
    }
    pieces
}

/// The length of `[NAME]`, `[NAME:…]` or `[NAME#n]` at the beginning.
fn placeholder(text: &[u8]) -> usize {
    let Some(end) = text.iter().position(|&byte| byte == b']') else {
        return 0;
    };
    let inner = &text[1.min(end)..end];
    let name = inner
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_')
        .count();
    let tail = &inner[name..];
    let fits = tail.is_empty()
        || (tail[0] == b':' && tail.len() == 17 && tail[1..].iter().all(u8::is_ascii_hexdigit))
        || (tail[0] == b'#' && tail.len() > 1 && tail[1..].iter().all(u8::is_ascii_digit));
    if text[0] == b'[' && name > 0 && inner[0].is_ascii_uppercase() && fits {
        end + 1
    } else {
        0
    }
}

fn contains(text: &[u8], value: &[u8]) -> bool {
    text.windows(value.len()).any(|window| window == value)
}

/// Values below this length are parts of too many words to be looked for again.
fn is_long_enough(value: &[u8]) -> bool {
    value.len() >= 4 || (value.len() >= 3 && value.contains(&b':'))
}

fn in_order(findings: &[Finding]) -> bool {
    findings.iter().all(|one| one.start < one.end)
        && findings.windows(2).all(|two| two[0].end <= two[1].start)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_found_value_stands_in_the_output(text in bytes(), mode in 0..3) {
        let mode = [Mode::Redact, Mode::Pseudonymize, Mode::Encrypt][usize::try_from(mode).unwrap()];
        let redacted = all(mode).redact_bytes(&text, Some(&KEY)).unwrap();
        let pieces = outside(&redacted.text);
        for one in &redacted.findings {
            let value = &text[one.start..one.end];
            prop_assert!(
                !is_long_enough(value) || !pieces.iter().any(|piece| contains(piece, value)),
                "{:?} in {:?}", String::from_utf8_lossy(value), String::from_utf8_lossy(&redacted.text)
            );
        }
    }

    #[test]
    fn redacting_twice_changes_nothing(text in bytes()) {
        let redactor = all(Mode::Redact);
        let once = redactor.redact_bytes(&text, None).unwrap().text;
        let twice = redactor.redact_bytes(&once, None).unwrap();
        prop_assert_eq!(String::from_utf8_lossy(&twice.text), String::from_utf8_lossy(&once));
        prop_assert!(twice.findings.is_empty());
    }

    #[test]
    fn what_is_no_finding_stays(text in bytes()) {
        let redacted = all(Mode::Redact).redact_bytes(&text, None).unwrap();
        prop_assert!(in_order(&redacted.findings));
        let mut expected = Vec::new();
        let mut at = 0;
        for one in &redacted.findings {
            expected.extend_from_slice(&text[at..one.start]);
            expected.extend_from_slice(format!("[{}]", one.kind).as_bytes());
            at = one.end;
        }
        expected.extend_from_slice(&text[at..]);
        prop_assert_eq!(String::from_utf8_lossy(&redacted.text), String::from_utf8_lossy(&expected));
        let counted: u64 = redacted.counts.values().sum();
        prop_assert_eq!(counted, redacted.findings.len() as u64);
    }

    #[test]
    fn text_stays_text(text in text()) {
        for redactor in [all(Mode::Redact), all(Mode::Mask), mixed()] {
            let bytes = redactor.redact_bytes(text.as_bytes(), Some(&KEY)).unwrap();
            prop_assert!(std::str::from_utf8(&bytes.text).is_ok());
            for one in &bytes.findings {
                prop_assert!(text.is_char_boundary(one.start) && text.is_char_boundary(one.end));
            }
        }
    }

    #[test]
    fn the_output_hangs_on_text_and_policy_alone(text in bytes()) {
        let of = |redactor: &Redactor| redactor.redact_bytes(&text, Some(&KEY)).unwrap();
        prop_assert_eq!(of(&mixed()), of(&mixed()));
        let redactor = mixed();
        let elsewhere = std::thread::scope(|scope| scope.spawn(|| of(&redactor)).join().unwrap());
        prop_assert_eq!(of(&redactor), elsewhere);
    }

    #[test]
    fn the_spans_of_an_output_are_numbered_in_order(text in bytes()) {
        let redacted = mixed().redact_bytes(&text, Some(&KEY)).unwrap();
        let numbers: Vec<u64> = redacted.encrypted.iter().map(|span| span.number).collect();
        prop_assert_eq!(numbers, (1..=redacted.encrypted.len() as u64).collect::<Vec<_>>());
        for span in &redacted.encrypted {
            prop_assert_eq!(&span.value[..], &text[span.start..span.end]);
        }
        let mut values: Vec<&[u8]> = redacted.encrypted.iter().map(|span| &span.value[..]).collect();
        prop_assert!(restore_bytes(&redacted.text, &values).is_ok());
        values.push(b"x");
        prop_assert!(restore_bytes(&redacted.text, &values).is_err());
    }

    #[test]
    fn bytes_encrypted_come_back(text in bytes()) {
        let redacted = all(Mode::Encrypt).redact_bytes(&text, None).unwrap();
        let values: Vec<_> = redacted.encrypted.iter().map(|span| &span.value).collect();
        prop_assert_eq!(restore_bytes(&redacted.text, &values).unwrap(), text);
    }

    #[test]
    fn everything_encrypted_comes_back_byte_for_byte(text in text()) {
        let redacted = all(Mode::Encrypt).redact(&text, None).unwrap();
        let values: Vec<_> = redacted.encrypted.iter().map(|span| &span.value).collect();
        prop_assert_eq!(restore(&redacted.text, &values).unwrap(), text);
    }

    #[test]
    fn a_stream_of_one_line_is_the_whole(text in bytes()) {
        let text: Vec<u8> = text.into_iter().filter(|byte| *byte != b'\n').collect();
        let redactor = mixed();
        let whole = redactor.redact_bytes(&text, Some(&KEY)).unwrap();
        let mut stream = RedactStream::new(&redactor, Some(&KEY)).unwrap();
        let mut out = stream.push(&text).text;
        out.extend(stream.finish().text);
        prop_assert_eq!(out, whole.text);
    }
}
