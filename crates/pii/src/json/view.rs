//! A JSON document with the escapes of its strings decoded, and where each byte of it came from.

use alloc::vec::Vec;

/// A string without its quotes, a number or a literal: where it stands in the view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) start: usize,
    pub(super) end: usize,
    /// A number, `true`, `false` or `null`.
    pub(super) is_scalar: bool,
    /// Of a member's name: the object it is in.
    pub(super) object: Option<usize>,
}

/// The decoded document.
pub(super) struct View {
    pub(super) text: Vec<u8>,
    pub(super) tokens: Vec<Token>,
    /// Places of the view and of the source from which on both go byte for byte, in order.
    marks: Vec<(usize, usize)>,
}

/// A container that is open: in an object, whether a name comes next.
enum Open {
    Object { number: usize, name: bool },
    Array,
}

impl View {
    /// Decodes a valid document.
    pub(super) fn of(source: &str) -> Self {
        let bytes = source.as_bytes();
        let mut view = Self {
            text: Vec::with_capacity(bytes.len()),
            tokens: Vec::new(),
            marks: Vec::new(),
        };
        let mut open: Vec<Open> = Vec::new();
        let mut objects = 0;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let from = at;
            match byte {
                b'"' => {
                    view.text.push(byte);
                    at = view.string(bytes, at + 1, &mut open);
                    continue;
                }
                b'{' => {
                    objects += 1;
                    let number = objects;
                    open.push(Open::Object { number, name: true });
                }
                b'[' => open.push(Open::Array),
                b'}' | b']' => {
                    open.pop();
                }
                b',' => {
                    if let Some(Open::Object { name, .. }) = open.last_mut() {
                        *name = true;
                    }
                }
                b':' | b' ' | b'\t' | b'\n' | b'\r' => {}
                _ => {
                    let scalar = |byte: &&u8| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
                    };
                    at += bytes[at..].iter().take_while(scalar).count().max(1);
                    let start = view.text.len();
                    view.text.extend_from_slice(&bytes[from..at]);
                    view.token(start, true, None);
                    continue;
                }
            }
            view.text.push(byte);
            at += 1;
        }
        view
    }

    fn token(&mut self, start: usize, is_scalar: bool, object: Option<usize>) {
        self.tokens.push(Token {
            start,
            end: self.text.len(),
            is_scalar,
            object,
        });
    }

    /// Reads the string whose first byte is at `at`; where it ends, behind its quote.
    fn string(&mut self, bytes: &[u8], mut at: usize, open: &mut [Open]) -> usize {
        let start = self.text.len();
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let plain = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            self.text.extend_from_slice(&rest[..plain]);
            at += plain;
            if bytes.get(at) != Some(&b'\\') {
                break;
            }
            let (decoded, len) = unescape(&bytes[at..]);
            self.marks.push((self.text.len(), at));
            let mut buf = [0; 4];
            self.text
                .extend_from_slice(decoded.encode_utf8(&mut buf).as_bytes());
            at += len;
            self.marks.push((self.text.len(), at));
        }
        let object = match open.last_mut() {
            Some(Open::Object { number, name }) if *name => {
                *name = false;
                Some(*number)
            }
            _ => None,
        };
        self.token(start, false, object);
        self.text.push(b'"');
        at + 1
    }

    /// Where a place of the view, between two characters, is in the source.
    pub(super) fn source(&self, at: usize) -> usize {
        let mark = self.marks.partition_point(|(view, _)| *view <= at);
        match mark.checked_sub(1).and_then(|mark| self.marks.get(mark)) {
            Some((view, source)) => source + (at - view),
            None => at,
        }
    }
}

/// What the inside of a string, without its quotes, stands for.
pub(super) fn decoded(inside: &str) -> Vec<u8> {
    let mut view = View {
        text: Vec::with_capacity(inside.len()),
        tokens: Vec::new(),
        marks: Vec::new(),
    };
    view.string(inside.as_bytes(), 0, &mut []);
    // The quote that it would end with.
    view.text.pop();
    view.text
}

/// The character that an escape stands for and the escape's length (RFC 8259 §7). Half of a surrogate
/// pair stands for U+FFFD.
fn unescape(text: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits = core::str::from_utf8(digits).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let simple = match text.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let Some(first) = unit(0) else {
                return (char::REPLACEMENT_CHARACTER, 2);
            };
            let pair = [first, unit(6).unwrap_or(0)];
            return match char::decode_utf16(pair).next() {
                Some(Ok(found)) => (found, if found.len_utf16() == 2 { 12 } else { 6 }),
                _ => (char::REPLACEMENT_CHARACTER, 6),
            };
        }
        Some(&other) => char::from(other),
        None => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (simple, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_decoded_and_places_kept() {
        let source = r#"{"a\n":[1.5e3,"\u00fc\ud83d\ude00x\\",true]}"#;
        let view = View::of(source);
        assert_eq!(
            String::from_utf8_lossy(&view.text),
            "{\"a\n\":[1.5e3,\"ü😀x\\\",true]}"
        );
        let shown: Vec<(&str, bool, Option<usize>)> = view
            .tokens
            .iter()
            .map(|token| {
                let range = view.source(token.start)..view.source(token.end);
                (&source[range], token.is_scalar, token.object)
            })
            .collect();
        assert_eq!(
            shown,
            [
                (r"a\n", false, Some(1)),
                ("1.5e3", true, None),
                (r"\u00fc\ud83d\ude00x\\", false, None),
                ("true", true, None),
            ]
        );
        assert_eq!(unescape(br"\ud83dx"), ('\u{fffd}', 6));
    }
}
