//! Bytes and characters at a place of a text: classes, separators, word borders.

/// Whether a byte is an ASCII letter, digit or underscore: it continues a word.
pub(crate) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The byte before `at`.
pub(crate) fn before(text: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).and_then(|at| text.get(at)).copied()
}

/// Whether nothing before `at` joins a word that begins there. The letters of an escape such as `\n`
/// (RFC 8259 §7) join nothing.
pub(crate) fn starts_word(text: &[u8], at: usize) -> bool {
    before(text, at).is_none_or(|byte| !is_word(byte)) || ends_escape(text, at)
}

/// The length of the escape of an ASCII character that begins at a backslash: `\n`, `\u003c`. That of
/// another character is a letter of a word, and a backslash alone is none.
pub(crate) fn escape_len(text: &[u8], at: usize) -> usize {
    match text.get(at + 1..) {
        Some([b'n' | b'r' | b't' | b'b' | b'f', ..]) => 2,
        Some([b'u', b'0', b'0', b'0'..=b'7', digit, ..]) if digit.is_ascii_hexdigit() => 6,
        _ => 1,
    }
}

/// Whether such an escape ends right before `at`.
pub(crate) fn ends_escape(text: &[u8], at: usize) -> bool {
    [2, 6].iter().any(|&len| {
        at.checked_sub(len)
            .is_some_and(|start| text[start] == b'\\' && escape_len(text, start) == len)
    })
}

/// Whether nothing at `end` continues a word that ends there.
pub(crate) fn ends_word(text: &[u8], end: usize) -> bool {
    text.get(end).is_none_or(|&byte| !is_word(byte))
}

/// Whether a dot, dash, slash or the like ties what begins at `at` to a word or number before it.
pub(crate) fn is_tied_before(text: &[u8], at: usize) -> bool {
    match before(text, at) {
        Some(b'-' | b'.' | b'/' | b'\\' | b'#') => {
            at >= 2 && text.get(at - 2).is_some_and(|&byte| is_word(byte))
        }
        _ => false,
    }
}

/// Whether a dot, dash, slash or colon at `end` goes on with a digit.
pub(crate) fn is_tied_behind(text: &[u8], end: usize) -> bool {
    matches!(text.get(end), Some(b'-' | b'.' | b'/' | b':'))
        && text.get(end + 1).is_some_and(u8::is_ascii_digit)
}

/// The character that begins at `at` and its length in bytes; nothing where it is not UTF-8.
pub(crate) fn char_at(text: &[u8], at: usize) -> Option<(char, usize)> {
    let first = *text.get(at)?;
    let len = match first {
        0..=0x7f => return Some((char::from(first), 1)),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let bytes = text.get(at..at + len)?;
    let decoded = core::str::from_utf8(bytes).ok()?.chars().next()?;
    Some((decoded, len))
}

/// The character that ends right before `end` and where it begins.
pub(crate) fn char_before(text: &[u8], end: usize) -> Option<(char, usize)> {
    (1..=4.min(end)).find_map(|len| {
        let at = end - len;
        if text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
            return None;
        }
        char_at(text, at)
            .filter(|&(_, found)| found == len)
            .map(|(found, _)| (found, at))
    })
}

/// What may part the groups of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    Space,
    Dash,
    Dot,
    Slash,
    Open,
    Close,
}

/// The separator at a place and its length in bytes.
pub(crate) fn separator_at(text: &[u8], at: usize) -> Option<(Separator, usize)> {
    let found = match *text.get(at)? {
        b' ' => (Separator::Space, 1),
        b'-' => (Separator::Dash, 1),
        b'.' => (Separator::Dot, 1),
        b'/' => (Separator::Slash, 1),
        b'(' => (Separator::Open, 1),
        b')' => (Separator::Close, 1),
        byte if byte < 0x80 => return None,
        _ => match char_at(text, at)? {
            ('\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}', len) => {
                (Separator::Space, len)
            }
            ('\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}', len) => (Separator::Dash, len),
            ('\u{ff08}', len) => (Separator::Open, len),
            ('\u{ff09}', len) => (Separator::Close, len),
            _ => return None,
        },
    };
    Some(found)
}

/// Where the line that holds `at` begins and ends, without its line end.
pub(crate) fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_read_in_both_directions() {
        let text = "aé–x".as_bytes();
        assert_eq!(char_at(text, 1), Some(('é', 2)));
        assert_eq!(char_before(text, 3), Some(('é', 1)));
        assert_eq!(char_before(text, 6), Some(('–', 3)));
        assert_eq!(char_before(text, 5), None, "in the middle of a character");
        assert_eq!(char_at(b"\xff", 0), None);
        assert_eq!(char_before(b"\x80", 1), None);
        assert_eq!(separator_at(text, 3), Some((Separator::Dash, 3)));
    }

    #[test]
    fn escapes_join_nothing() {
        for (text, at) in [
            (&br"\nx"[..], 2),
            (br"a\tx", 3),
            (br"\u003cx", 6),
            (br"\\nx", 3),
        ] {
            assert!(starts_word(text, at), "{}", String::from_utf8_lossy(text));
        }
        assert!(!starts_word(br"nx", 1));
        assert!(!starts_word(br"\u00e9x", 6), "a letter");
        assert!(!starts_word(br"\dx", 2));
    }
}
