//! Errors of the reader, translated: what was expected, and the byte where it went wrong.

use alloc::string::ToString;

use crate::number::is_number_byte;
use crate::{Error, ErrorKind};

/// White space of the JSON grammar.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Turns the reader's error into ours. `failure` is what the visitor said, if it was the visitor.
pub(crate) fn explain(input: &str, error: &serde_json::Error, failure: Option<ErrorKind>) -> Error {
    let bytes = input.as_bytes();
    let read = bytes_read(bytes, error);
    let (kind, offset) = match failure {
        Some(kind) => {
            let offset = match kind {
                ErrorKind::DuplicateKey(_) => string_start(&bytes[..read]),
                _ => number_start(&bytes[..read]),
            };
            (kind, offset)
        }
        None if error.is_eof() && input.trim_matches(SPACE).is_empty() => (ErrorKind::Empty, 0),
        None if error.is_eof() => (ErrorKind::UnexpectedEnd, bytes.len()),
        None => explain_syntax(bytes, read, &error.to_string()),
    };
    Error::in_text(kind, bytes, offset)
}

/// The reader names its reasons in its messages only. A reason that is not known here is still an
/// error, with a less helpful text.
fn explain_syntax(bytes: &[u8], read: usize, message: &str) -> (ErrorKind, usize) {
    let last = read.saturating_sub(1);
    let reason = message
        .rsplit_once(" at line ")
        .map_or(message, |(reason, _)| reason);
    let expected = match reason {
        "recursion limit exceeded" => return (ErrorKind::TooDeep, last),
        "trailing characters" => return (ErrorKind::TrailingData, last),
        "number out of range" => {
            return (ErrorKind::NumberOverflow, number_start(&bytes[..read]));
        }
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            return (ErrorKind::LoneSurrogate, surrogate_start(&bytes[..read]));
        }
        "expected value" | "expected ident" | "invalid number" => {
            let start = word_start(&bytes[..last]);
            if is_not_finite(&bytes[start..]) {
                return (ErrorKind::NotFinite, start);
            }
            if reason == "invalid number" {
                "a number as JSON writes it, such as -1.5e3"
            } else {
                "a value: null, true, false, a number, a string, an array or an object"
            }
        }
        "expected `:`" => "`:` behind the member name",
        "expected `,` or `]`" => "`,` or `]`",
        "expected `,` or `}`" => "`,` or `}`",
        "key must be a string" => "a member name in double quotes",
        "trailing comma" => "no comma in front of the closing bracket",
        "invalid escape" => r#"one of the escapes \" \\ \/ \b \f \n \r \t \uXXXX"#,
        _ if reason.starts_with("control character") => "control characters as escapes",
        _ => "valid JSON",
    };
    (ErrorKind::Syntax { expected }, last)
}

/// How many bytes the reader had looked at, from its line and column.
fn bytes_read(bytes: &[u8], error: &serde_json::Error) -> usize {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .nth(line - 2)
            .map_or(0, |(newline, _)| newline + 1),
    };
    // Where the reader stands at the end, it counts one more.
    (line_start + error.column()).min(bytes.len())
}

/// Start of the number that ends a text.
fn number_start(read: &[u8]) -> usize {
    read.iter()
        .rposition(|byte| !is_number_byte(*byte))
        .map_or(0, |before| before + 1)
}

/// Start of the member name that was read last: behind it the reader takes no other quote.
fn string_start(read: &[u8]) -> usize {
    let quote = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'"').unwrap_or(0);
    let mut at = quote(read);
    loop {
        at = quote(&read[..at]);
        let backslashes = read[..at]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        // In a string, a quote behind an odd number of backslashes belongs to it.
        if at == 0 || backslashes % 2 == 0 {
            return at;
        }
    }
}

/// Start of the `\u` escape that lacks its other half.
fn surrogate_start(read: &[u8]) -> usize {
    const ESCAPE: usize = "\\uXXXX".len();
    let last = read
        .windows(2)
        .rposition(|pair| pair == b"\\u")
        .unwrap_or(0);
    let is_half = read
        .get(last + 2..last + 4)
        .is_some_and(|hex| matches!(hex, [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F']));
    // A whole character followed where the second half had to be.
    if is_half {
        last
    } else {
        last.saturating_sub(ESCAPE)
    }
}

/// Start of the letters, with a sign, that end a text.
fn word_start(read: &[u8]) -> usize {
    read.iter()
        .rposition(|byte| !byte.is_ascii_alphabetic() && *byte != b'-')
        .map_or(0, |before| before + 1)
}

/// Whether a text starts with what other languages write for NaN and infinities.
fn is_not_finite(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let length = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    ["nan", "infinity", "inf"]
        .iter()
        .any(|name| text[..length].eq_ignore_ascii_case(name.as_bytes()))
}
