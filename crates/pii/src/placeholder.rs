//! Placeholders: what they look like, where they stand in a text.

use alloc::vec::Vec;

use crate::kind::{MAX_NAME, is_name};

/// The most digits of a placeholder's number.
pub(crate) const MAX_NUMBER_DIGITS: usize = 18;

/// A placeholder in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) name: &'a [u8],
    pub(crate) form: Form,
}

/// What stands behind the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `[NAME]`
    Bare,
    /// `[NAME:0123456789abcdef]`
    Pseudonym,
    /// `[NAME#1]`
    Numbered(u64),
}

/// All text of the form of placeholders, whatever the name, in order. They never overlap.
pub(crate) fn all(text: &[u8]) -> impl Iterator<Item = Found<'_>> {
    memchr::memchr_iter(b'[', text).filter_map(|at| read(text, at))
}

/// The placeholder that begins at a place.
fn read(text: &[u8], start: usize) -> Option<Found<'_>> {
    let rest = &text[start + 1..];
    if !rest.first().is_some_and(u8::is_ascii_uppercase) {
        return None;
    }
    let len = rest
        .iter()
        .take(MAX_NAME + 1)
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_')
        .count();
    let (name, rest) = rest.split_at(len);
    if !is_name(name) {
        return None;
    }
    let (form, tail) = match rest {
        [b']', ..] => (Form::Bare, 0),
        [b':', rest @ ..] => {
            let hex = rest
                .iter()
                .take(17)
                .take_while(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(*byte))
                .count();
            (hex == 16).then_some((Form::Pseudonym, 17))?
        }
        [b'#', rest @ ..] => {
            let digits = rest
                .iter()
                .take(MAX_NUMBER_DIGITS + 1)
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if digits == 0 || digits > MAX_NUMBER_DIGITS {
                return None;
            }
            let number = rest[..digits]
                .iter()
                .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
            (Form::Numbered(number), digits + 1)
        }
        _ => return None,
    };
    (rest.get(tail) == Some(&b']')).then_some(Found {
        start,
        end: start + 1 + len + tail + 1,
        name,
        form,
    })
}

/// Appends `[NAME` and what follows, without the closing bracket.
pub(crate) fn open(name: &str, out: &mut Vec<u8>) {
    out.push(b'[');
    out.extend_from_slice(name.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let text = b"a [EMAIL] [IP_ADDRESS:0123456789abcdef][X1#12] [email] [EMAIL:012] [EMAIL#] [[SECRET]] [A#1234567890123456789]";
        let found: Vec<_> = all(text)
            .map(|one| (&text[one.start..one.end], one.form))
            .collect();
        assert_eq!(
            found,
            [
                (&b"[EMAIL]"[..], Form::Bare),
                (b"[IP_ADDRESS:0123456789abcdef]", Form::Pseudonym),
                (b"[X1#12]", Form::Numbered(12)),
                (b"[SECRET]", Form::Bare),
            ]
        );
    }
}
