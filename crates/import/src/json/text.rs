//! The insides of JSON strings: finding what ends or escapes, taking escapes away.

use alloc::borrow::Cow;
use alloc::string::String;

use super::read::{Node, Sort};

impl Node {
    /// The value as it stands in the text; of strings what stands between the quotes.
    pub(crate) fn raw<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// The characters of a string, without escapes.
    pub(crate) fn string<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let raw = self.raw(text);
        if self.sort == Sort::Escaped {
            Cow::Owned(unescape(raw))
        } else {
            Cow::Borrowed(raw)
        }
    }
}

/// The index of the first byte from `at` on that ends a plain string: a quote, a backslash, a
/// control character or the end.
pub(crate) fn next_special(bytes: &[u8], mut at: usize) -> usize {
    // Eight bytes at a time. In each byte of the word, the highest bit says whether it is one of
    // them: x - n borrows into it where x < n, as long as x itself is below 0x80.
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * 0x22);
        let backslash = word ^ (ONES * 0x5c);
        let found = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let found = found & HIGHS;
        if found != 0 {
            // A borrow can only mark bytes above the first that is marked rightly.
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'))
        .unwrap_or(rest.len())
}

pub(crate) fn hex_digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

/// Takes the escapes out of a string that was read already.
pub(crate) fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let (c, used) = one_escape(escape);
        out.push(c);
        rest = escape.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The character of the escape that begins behind a backslash, and its length.
fn one_escape(escape: &str) -> (char, usize) {
    let c = match escape.as_bytes().first() {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let unit = |at| {
                let digits = escape.get(at..at + 4);
                digits
                    .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                    .unwrap_or(0)
            };
            let high = unit(1);
            if !(0xd800..0xdc00).contains(&high) {
                return (char::from_u32(high).unwrap_or_default(), 5);
            }
            let low = unit(7);
            let point = 0x1_0000 + ((high & 0x3ff) << 10 | low & 0x3ff);
            return (char::from_u32(point).unwrap_or_default(), 11);
        }
        Some(byte) => char::from(*byte),
        None => return (char::default(), 0),
    };
    (c, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn specials_are_found_where_they_are(bytes in prop::collection::vec(
            prop_oneof![4 => 0x1eu8..0x24, 4 => 0x5au8..0x5f, 4 => any::<u8>(), 9 => Just(b'a')], 0..40,
        ), at in 0usize..41) {
            let rest = bytes.get(at..).unwrap_or_default();
            let plain = rest.iter().position(|b| *b < 0x20 || *b == b'"' || *b == b'\\');
            prop_assert_eq!(next_special(&bytes, at), at + plain.unwrap_or(rest.len()));
        }
    }
}
