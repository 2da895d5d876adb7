//! Text of anybody's as the pieces that a page is set from.
//!
//! A page has no escaping, but it has other ways to be misled: characters that its fonts lack, that
//! are not to be seen, or that turn the order of what stands beside them, and words that are longer
//! than a line. The first three are shown as their code points, such as `\u{202e}`; long words may
//! be parted.

use super::faces::Faces;
use crate::text::{LONGEST, hides};

/// Longest word of a text that is never parted, in characters.
const WHOLE_TEXT: usize = 24;
/// The same of a literal: hashes and paths stand in narrow columns.
const WHOLE_CODE: usize = 16;
/// Where a long word may be parted: after so many characters.
const PIECE: usize = 8;
/// Combining marks on one letter that are shown as they are; more would paint over other lines.
const MARKS: usize = 4;

/// Where a text stands: how long it may be, and where it may be parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Code,
    /// A heading or a name.
    Title,
    /// Above a column, on every page that the table is on: higher than a page, it would leave no
    /// room for rows on any.
    Head,
}

impl Sort {
    /// The most characters of such a text; what is cut off is marked by `…`.
    const fn most(self) -> usize {
        match self {
            Self::Text | Self::Code => LONGEST,
            Self::Title => 300,
            Self::Head => 80,
        }
    }
}

/// The pieces of a text; a line may end between two. `lacking` counts the characters that would be
/// shown if the fonts had them.
pub(super) fn pieces(faces: &Faces, text: &str, sort: Sort, lacking: &mut u64) -> Vec<String> {
    let shown = visible(faces, text, sort, lacking);
    let whole = match sort {
        Sort::Code => WHOLE_CODE,
        _ => WHOLE_TEXT,
    };
    let mut out = vec![String::new()];
    for word in shown.split_inclusive(' ') {
        if word.chars().count() > whole {
            part(word, &mut out);
        } else if let Some(last) = out.last_mut() {
            last.push_str(word);
        }
    }
    out
}

/// A text with all of it to be seen, in one piece.
pub(super) fn visible(faces: &Faces, text: &str, sort: Sort, lacking: &mut u64) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    let mut shown = 0;
    for c in text.chars() {
        if shown >= sort.most() {
            out.push('…');
            break;
        }
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if is_hidden(c) || marks > MARKS {
            shown += escape(c, &mut out);
        } else if turns_order(c) || !faces.has(c) {
            *lacking = lacking.saturating_add(1);
            shown += escape(c, &mut out);
        } else {
            out.push(c);
            shown += 1;
        }
    }
    out
}

/// Writes a character as its code point; how many characters that are.
fn escape(c: char, out: &mut String) -> usize {
    let escaped = c.escape_unicode();
    out.extend(escaped.clone());
    escaped.len()
}

/// Parts a long word, after punctuation where there is some.
fn part(word: &str, out: &mut Vec<String>) {
    let mut length = 0;
    for c in word.chars() {
        if length >= PIECE && !is_mark(c) {
            out.push(String::new());
            length = 0;
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
        length += 1;
        if length >= PIECE / 2 && matches!(c, '/' | '.' | '_' | '-' | ':' | ',' | '=' | '}') {
            length = PIECE;
        }
    }
}

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// What no form of a report shows, and characters for private use, which PDF/UA does not take.
fn is_hidden(c: char) -> bool {
    hides(c) || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Letters of scripts that are written from right to left: beside them, numbers change their places.
const fn turns_order(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::super::faces::FACES;
    use super::*;

    fn all(text: &str, sort: Sort) -> Vec<String> {
        pieces(&FACES, text, sort, &mut 0)
    }

    #[test]
    fn short_words_stay_whole_and_long_ones_may_be_parted() {
        assert_eq!(all("a word or two", Sort::Text), ["a word or two"]);
        assert_eq!(all("", Sort::Text), [""]);
        assert_eq!(
            all("see 0123456789abcdef0123", Sort::Code),
            ["see 01234567", "89abcdef", "0123"]
        );
        let long = "x".repeat(10_240);
        let parts = all(&long, Sort::Text);
        assert!(parts.iter().all(|piece| piece.len() <= PIECE));
        assert_eq!(parts.concat(), format!("{}…", "x".repeat(LONGEST)));
        assert_eq!(
            all(&long, Sort::Head).concat(),
            format!("{}…", "x".repeat(80))
        );
    }

    #[test]
    fn a40_what_is_not_to_be_seen_is_shown_as_its_code_point() {
        let mut lacking = 0;
        let text = "a\u{202e}b\u{0}c\u{200d}d\u{feff}e\u{e0041}";
        assert_eq!(
            visible(&FACES, text, Sort::Text, &mut lacking),
            "a\\u{202e}b\\u{0}c\\u{200d}d\\u{feff}e\\u{e0041}"
        );
        assert_eq!(lacking, 0);
        assert_eq!(
            visible(&FACES, "日\u{5d0}\u{1f600}", Sort::Text, &mut lacking),
            "\\u{65e5}\\u{5d0}\\u{1f600}"
        );
        assert_eq!(lacking, 3);
        let heap = format!("e{}", "\u{301}".repeat(40));
        let shown = visible(&FACES, &heap, Sort::Text, &mut lacking);
        assert_eq!(shown.matches('\u{301}').count(), MARKS);
        assert_eq!(shown.matches("\\u{301}").count(), 40 - MARKS);
    }
}
