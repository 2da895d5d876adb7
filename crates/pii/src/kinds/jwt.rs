//! JSON web tokens in compact form: RFC 7515 §3.1 (three parts) and RFC 7516 §3.1 (five).

use alloc::vec::Vec;

use crate::text::{before, ends_escape};

/// How much of the first part is decoded to see what it is.
const MAX_HEADER: usize = 4096;

/// Whether a word that begins so can be one: the base64url of `{"`, or of `{` and white space.
pub(crate) fn may_begin(text: &[u8], at: usize) -> bool {
    matches!(
        text.get(at..at + 3),
        Some([b'e', b'y', b'J' | b'A' | b'I'] | [b'e', b'w', b'o' | b'0' | b'k'])
    )
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The token that begins at `start`.
pub(crate) fn find(text: &[u8], start: usize) -> Option<(usize, usize)> {
    let free = before(text, start).is_none_or(|byte| !is_base64url(byte) && byte != b'.')
        || ends_escape(text, start);
    if !free || !may_begin(text, start) {
        return None;
    }
    let header = part(text, start);
    if text.get(header) != Some(&b'.')
        || header - start > MAX_HEADER
        || !names_algorithm(&text[start..header])
    {
        return None;
    }
    let mut end = header;
    let mut parts = 1;
    let mut second = 0;
    while parts < 5 && text.get(end) == Some(&b'.') {
        let next = part(text, end + 1);
        // The signature of an unsecured token, and the key of a direct encryption, are empty.
        if next == end + 1 && parts != 2 && parts != 1 {
            break;
        }
        parts += 1;
        if parts == 2 {
            second = next - end - 1;
        }
        end = next;
    }
    if parts == 4 {
        // A sentence goes on behind three parts.
        end = header;
        for _ in 0..2 {
            end = part(text, end + 1);
        }
    }
    (parts >= 3 && (second > 0 || parts == 5)).then_some((start, end))
}

/// Where the part that begins at `start` ends.
fn part(text: &[u8], start: usize) -> usize {
    start
        + text[start..]
            .iter()
            .take_while(|&&byte| is_base64url(byte))
            .count()
}

/// Whether it decodes to an object with the member that every header must have (RFC 7515 §4.1.1).
fn names_algorithm(header: &[u8]) -> bool {
    let decoded = decode(header);
    decoded.first() == Some(&b'{') && memchr::memmem::find(&decoded, b"\"alg\"").is_some()
}

fn decode(part: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(part.len() / 4 * 3 + 3);
    for four in part.chunks(4) {
        let bits = four
            .iter()
            .fold(0_u32, |bits, &byte| bits << 6 | sextet(byte));
        let bits = bits << (6 * (4 - four.len()));
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(&bytes[..four.len().saturating_sub(1)]);
    }
    out
}

fn sextet(byte: u8) -> u32 {
    u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' => 62,
        _ => 63,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Of RFC 7519 §3.1 and §6.1.
    const SIGNED: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const UNSECURED: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";

    #[test]
    fn tokens_of_the_standard() {
        assert_eq!(find(SIGNED.as_bytes(), 0), Some((0, SIGNED.len())));
        assert_eq!(find(UNSECURED.as_bytes(), 0), Some((0, UNSECURED.len())));
        let text = format!("{SIGNED}. Next");
        assert_eq!(find(text.as_bytes(), 0), Some((0, SIGNED.len())));
        assert_eq!(find(b"eyJ0eXAiOiJKV1QiLA0K.a.b", 0), None, "no algorithm");
    }
}
