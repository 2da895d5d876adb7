//! Words beside a candidate that say what it is.

use alloc::vec::Vec;

use crate::text::is_line_end;

/// How far before a candidate a word counts, in bytes.
const BEFORE: usize = 64;

/// How far behind a candidate a word counts, in bytes.
const BEHIND: usize = 24;

/// A list of words: in lower case; those beyond ASCII are looked for inside of words as well, since
/// not every script parts its words.
pub(crate) struct Words {
    ascii: &'static [&'static str],
    other: &'static [&'static str],
    /// For each first letter, which lengths the words have.
    lengths: [u32; 26],
}

impl Words {
    pub(crate) const fn new(
        ascii: &'static [&'static str],
        other: &'static [&'static str],
    ) -> Self {
        let mut lengths = [0; 26];
        let mut at = 0;
        while at < ascii.len() {
            let word = ascii[at].as_bytes();
            lengths[(word[0] - b'a') as usize] |= 1 << (word.len() & 31);
            at += 1;
        }
        Self {
            ascii,
            other,
            lengths,
        }
    }

    /// Whether it is one of the words in ASCII, in either case.
    fn has(&self, word: &[u8]) -> bool {
        let Some(first) = word.first() else {
            return false;
        };
        let letter = usize::from(first.to_ascii_lowercase().wrapping_sub(b'a'));
        let fits = |lengths: &u32| lengths >> (word.len() & 31) & 1 == 1;
        self.lengths.get(letter).is_some_and(fits)
            && self
                .ascii
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
    }
}

/// How many bytes lie between a candidate at `start` and the nearest such word before it.
pub(crate) fn before(text: &[u8], start: usize, words: &Words) -> Option<usize> {
    let window = window_before(text, start);
    let ascii = last_word(window, words);
    let other = if window.is_ascii() {
        None
    } else {
        let lower = lower_case(window);
        words
            .other
            .iter()
            .filter_map(|word| {
                memchr::memmem::rfind(&lower, word.as_bytes()).map(|at| at + word.len())
            })
            .max()
    };
    ascii.max(other).map(|end| window.len() - end)
}

/// Whether such a word stands a little behind a candidate that ends at `end`.
pub(crate) fn behind(text: &[u8], end: usize, words: &Words) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    let line = rest
        .iter()
        .take(BEHIND)
        .take_while(|&&byte| !is_line_end(byte))
        .count();
    let window = &rest[..line];
    // A word that the window cuts off is none.
    let whole = rest
        .get(line)
        .is_none_or(|byte| !byte.is_ascii_alphabetic());
    let usable = if whole {
        window
    } else {
        let keep = window
            .iter()
            .rposition(|byte| !byte.is_ascii_alphabetic())
            .map_or(0, |at| at + 1);
        &window[..keep]
    };
    if last_word(usable, words).is_some() {
        return true;
    }
    if window.is_ascii() {
        return false;
    }
    let lower = lower_case(window);
    words
        .other
        .iter()
        .any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// The bytes with the capitals of ASCII, Latin-1 and Cyrillic in lower case, at the same places.
fn lower_case(window: &[u8]) -> Vec<u8> {
    let mut lower = window.to_ascii_lowercase();
    let mut at = 0;
    while let Some([first, second]) = lower.get_mut(at..at + 2) {
        match (*first, *second) {
            (0xc3, 0x80..=0x9e) | (0xd0, 0x90..=0x9f) => *second += 0x20,
            (0xd0, 0xa0..=0xaf) => (*first, *second) = (0xd1, *second - 0x20),
            _ => {}
        }
        at += 1;
    }
    lower
}

/// The bytes of the line before `start` that count, the first of them no part of a cut word.
pub(crate) fn window_before(text: &[u8], start: usize) -> &[u8] {
    let from = start.saturating_sub(BEFORE);
    let window = text.get(from..start).unwrap_or_default();
    let line = window
        .iter()
        .rposition(|&byte| is_line_end(byte))
        .map(|at| at + 1);
    let cut = match line {
        Some(cut) => cut,
        None if from == 0 => 0,
        None => window
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric())
            .unwrap_or(window.len()),
    };
    &window[cut..]
}

/// Where the last of the words ends, as a word of its own or a part of a name such as `cardNumber`
/// or `phone_2`.
fn last_word(window: &[u8], words: &Words) -> Option<usize> {
    let mut end = window.len();
    while end > 0 {
        if !window[end - 1].is_ascii_alphabetic() {
            end -= 1;
            continue;
        }
        let mut start = end - 1;
        while start > 0 && window[start - 1].is_ascii_alphabetic() {
            // The hump of a name in camel case begins a word.
            if window[start].is_ascii_uppercase() && window[start - 1].is_ascii_lowercase() {
                break;
            }
            start -= 1;
        }
        // The letter of an escape such as `\n` begins the line, not the word.
        let escape = start > 0 && crate::text::escape_len(window, start - 1) == 2;
        let from = if escape && window[start - 1] == b'\\' {
            start + 1
        } else {
            start
        };
        let word = &window[from..end];
        if words.has(word) {
            return Some(end);
        }
        end = start;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    static WORDS: Words = Words::new(&["card", "karte"], &["卡"]);

    #[test]
    fn words_count_on_the_same_line_and_whole() {
        let find = |text: &str| before(text.as_bytes(), text.len(), &WORDS);
        assert_eq!(find("my card: "), Some(2));
        assert_eq!(find("{\"cardNumber\": \""), Some(10));
        assert_eq!(find("信用卡号"), Some(3));
        assert_eq!(find("discard "), None);
        assert_eq!(find("card\n"), None);
        assert_eq!(find(r"a\ncard: "), Some(2));
        assert_eq!(lower_case("MÓVIL Тел".as_bytes()), "móvil тел".as_bytes());
        assert!(behind(b"4111 (card)", 4, &WORDS));
        assert!(!behind(b"4111 cardboard", 4, &WORDS));
    }

    #[test]
    fn a_word_cut_by_the_window_does_not_count() {
        let text = format!("discard {}", " ".repeat(59));
        assert_eq!(before(text.as_bytes(), 64 + 3, &WORDS), None);
    }
}
