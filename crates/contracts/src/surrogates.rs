//! JSON writes characters beyond U+FFFF as two escapes, which YAML does not read.

use crate::problem::Place;
use std::borrow::Cow;

/// A JSON text in which such pairs are YAML's one escape, and where they were.
pub(crate) struct Joined<'t> {
    pub(crate) text: Cow<'t, str>,
    /// Places in `text` behind each pair.
    pairs: Vec<Place>,
}

/// How many characters shorter YAML's escape is.
const SHORTER: usize = 2;

impl<'t> Joined<'t> {
    /// Leaves all but flow mappings as they are: elsewhere `\ud83d` may stand for itself.
    pub(crate) fn of(text: &'t str) -> Self {
        let mut joined = Joined {
            text: Cow::Borrowed(text),
            pairs: Vec::new(),
        };
        if !text.trim_start().starts_with('{') || !text.contains(r"\u") {
            return joined;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut place = Place { line: 1, column: 1 };
        while let Some(c) = rest.chars().next() {
            let mut length = c.len_utf8();
            if let Some(c) = pair(rest) {
                out += &format!(r"\U{:08X}", u32::from(c));
                length = 12;
                place.column += length - SHORTER;
                joined.pairs.push(place);
            } else if c == '\\' {
                // What is escaped begins no escape.
                length += rest.chars().nth(1).map_or(0, char::len_utf8);
                let escape = rest.get(..length).unwrap_or_default();
                out += escape;
                place.column += escape.chars().count();
            } else {
                out.push(c);
                place = match c {
                    '\n' => Place {
                        line: place.line + 1,
                        column: 1,
                    },
                    _ => Place {
                        column: place.column + 1,
                        ..place
                    },
                };
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        joined.text = Cow::Owned(out);
        joined
    }

    /// A place in `text` as it is in the file.
    pub(crate) fn original(&self, place: Place) -> Place {
        let before = |pair: &&Place| pair.line == place.line && pair.column <= place.column;
        let pairs = self.pairs.iter().filter(before).count();
        Place {
            column: place.column + SHORTER * pairs,
            ..place
        }
    }
}

/// The character of two escapes at the beginning of a text.
fn pair(text: &str) -> Option<char> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(r"\u")?;
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let mut decoded = char::decode_utf16([unit(0)?, unit(6)?]);
    match (decoded.next(), decoded.next()) {
        (Some(Ok(c)), None) => Some(c),
        _ => None,
    }
}
