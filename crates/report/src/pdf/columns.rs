//! How wide the columns of a table are.
//!
//! The typesetter could find out, but would set every cell several times for it; a report has
//! tables of hundreds of rows. Letters are counted instead.

use crate::text::LONGEST;
use crate::{Span, Table};

/// Letters that fit beside each other in a table of a page's width, without what cells keep free.
const LINE: f64 = 122.0;
/// What a cell keeps free, in letters.
const FREE: f64 = 1.9;
/// A column never asks for more than this, however long its texts are.
const MOST: f64 = 110.0;
/// The longest word that a column makes room for; longer ones may be parted.
const WORD: f64 = 17.0;
/// Letters of the monospaced face in letters of the text face.
const MONO: f64 = 1.12;

/// Lines of a row that may stand across two pages; shorter ones stay together.
const TALL: f64 = 25.0;

/// Whether a row is too tall to be kept on one page, in columns of these shares.
pub(super) fn is_tall(row: &[Vec<Span>], shares: &[f64]) -> bool {
    let line = LINE / shares.iter().sum::<f64>().max(1.0);
    row.iter().zip(shares).any(|(cell, share)| {
        let all: f64 = cell.iter().map(width).sum();
        all / (share * line - FREE).max(1.0) > TALL
    })
}

/// Shares of the columns in the width of the page, in the order of the columns.
pub(super) fn shares(table: &Table) -> Vec<f64> {
    let mut least = Vec::with_capacity(table.head.len());
    let mut wanted = Vec::with_capacity(table.head.len());
    for (column, head) in table.head.iter().enumerate() {
        // Heads are bold.
        let (mut word, mut all) = (longest_word(head) * 1.1, letters(head) * 1.1);
        for cell in table.rows.iter().filter_map(|row| row.get(column)) {
            for span in cell {
                let (text, factor) = shown(span);
                let whole = matches!(span, Span::Code(code) if is_short(code));
                let longest = if whole {
                    letters(&text)
                } else {
                    longest_word(&text)
                };
                word = word.max(longest * factor);
            }
            all = all.max(cell.iter().map(width).sum());
        }
        // What names a row stays on one line where it is short.
        if column == 0 && all <= WORD {
            word = all;
        }
        let numeric = table.numeric.get(column).copied().unwrap_or_default();
        let word = if numeric {
            all.min(MOST)
        } else {
            word.min(WORD)
        };
        least.push(word + FREE);
        wanted.push(all.min(MOST).max(word) + FREE);
    }
    let (all_least, all_wanted): (f64, f64) = (least.iter().sum(), wanted.iter().sum());
    if all_wanted <= LINE || all_wanted <= all_least {
        return wanted;
    }
    // Every column has its longest word; what is left goes to those that want more.
    let left = (LINE - all_least).max(0.0) / (all_wanted - all_least);
    least
        .iter()
        .zip(&wanted)
        .map(|(least, wanted)| least + (wanted - least) * left)
        .collect()
}

/// The width of a text in letters, on one line.
pub(super) fn width(span: &Span) -> f64 {
    let (text, factor) = shown(span);
    letters(&text) * factor
}

fn shown(span: &Span) -> (String, f64) {
    match span {
        Span::Text(text) | Span::Section { text, .. } => (text.clone(), 1.0),
        Span::Strong(text) | Span::Toned(_, text) => (text.clone(), 1.1),
        Span::Code(text) => (text.clone(), MONO),
        Span::Status(status) => (super::content::status_words(*status), 1.1),
        Span::Receipt(seq) => (super::content::receipt_words(*seq), 1.0),
    }
}

/// Whether a literal never ends a line in its middle.
pub(super) fn is_short(code: &str) -> bool {
    letters(code) <= 16.0
}

fn letters(text: &str) -> f64 {
    f64::from(u32::try_from(text.chars().take(LONGEST).count()).unwrap_or(u32::MAX))
}

fn longest_word(text: &str) -> f64 {
    text.split(' ').map(letters).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(head: &[&str], rows: &[&[&str]]) -> Table {
        Table {
            head: head.iter().map(ToString::to_string).collect(),
            numeric: vec![false; head.len()],
            rows: rows
                .iter()
                .map(|row| row.iter().map(|cell| vec![Span::text(*cell)]).collect())
                .collect(),
            ..Table::default()
        }
    }

    #[test]
    fn long_texts_get_what_short_ones_leave() {
        let long = "a sentence of several words ".repeat(6);
        let shares = shares(&table(&["id", "what it says"], &[&["A.2.2", &long]]));
        assert!(shares[1] > 4.0 * shares[0], "{shares:?}");
        // The short column keeps room for its longest word.
        assert!(shares[0] >= 5.0 + FREE);
    }

    #[test]
    fn a_column_never_asks_for_all_of_a_long_word() {
        let word = "f".repeat(10_240);
        let shares = shares(&table(&["a", "b"], &[&[&word, "short"]]));
        assert!(
            shares.iter().sum::<f64>() <= LINE && shares[1] > 5.0,
            "{shares:?}"
        );
    }
}
