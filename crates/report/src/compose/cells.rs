//! Pieces of which sections are made.

use crate::document::{Fact, Section, Span, Table};
use crate::figures::FARTHEST_SCORE;
use crate::text::grouped;
use ai_audit_compliance::Coverage;
use ai_audit_core::Timestamp;

pub(super) fn text(text: impl Into<String>) -> Vec<Span> {
    vec![Span::text(text)]
}

pub(super) fn number(count: u64) -> Vec<Span> {
    text(grouped(count))
}

pub(super) fn code(text: impl Into<String>) -> Vec<Span> {
    vec![Span::Code(text.into())]
}

/// When a receipt was sealed; of an imported record also when it says that it was made.
pub(super) fn sealed(sealed_at: Timestamp, imported_of: Option<Timestamp>) -> Vec<Span> {
    text(match imported_of {
        Some(made) => format!("{}; imported, of {}", moment(sealed_at), moment(made)),
        None => moment(sealed_at),
    })
}

pub(super) fn fact(name: &str, value: Vec<Span>) -> Fact {
    Fact {
        name: name.into(),
        value,
    }
}

pub(super) fn section(id: impl Into<String>, level: u8, title: impl Into<String>) -> Section {
    Section {
        id: id.into(),
        level,
        title: title.into(),
        new_page: false,
        blocks: Vec::new(),
    }
}

/// A table's head: titles, and whether each column holds numbers.
pub(super) fn table(caption: impl Into<String>, head: &[(&str, bool)]) -> Table {
    Table {
        caption: caption.into(),
        head: head.iter().map(|column| column.0.into()).collect(),
        numeric: head.iter().map(|column| column.1).collect(),
        rows: Vec::new(),
    }
}

/// `receipts 3, 7 and 12`; nothing where there are none.
pub(super) fn receipts(seqs: &[u64]) -> Vec<Span> {
    let mut spans = Vec::new();
    for (place, seq) in seqs.iter().enumerate() {
        let before = match (place, seqs.len()) {
            (0, 1) => "receipt ",
            (0, _) => "receipts ",
            (_, len) if place + 1 == len => " and ",
            _ => ", ",
        };
        spans.push(Span::text(before));
        spans.push(Span::Receipt(*seq));
    }
    spans
}

/// The first and the last receipt: `3 to 12`.
pub(super) fn between(first: u64, last: u64) -> Vec<Span> {
    if first == last {
        return vec![Span::Receipt(first)];
    }
    vec![
        Span::Receipt(first),
        Span::text(" to "),
        Span::Receipt(last),
    ]
}

/// What a selector found, as a sentence with its receipts.
pub(super) fn found(coverage: &Coverage) -> Vec<Span> {
    if coverage.m == 0 {
        return text(format!("No {}. ", coverage.says));
    }
    let words = coverage.words();
    if coverage.pointers.is_empty() {
        return text(format!("{words}. "));
    }
    let mut spans = text(format!("{words} ("));
    spans.extend(receipts(&coverage.pointers));
    spans.push(Span::text("). "));
    spans
}

/// A time to the second.
pub(super) fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    match text.get(..19) {
        Some(seconds) => format!("{} UTC", seconds.replace('T', " ")),
        None => text,
    }
}

/// A part as a percentage.
pub(super) fn percent(part: f64) -> String {
    format!("{:.2} %", 100.0 * part)
}

/// A number of a measurement. Scores are cut at [`FARTHEST_SCORE`], and said to be.
pub(super) fn measured(number: f64) -> String {
    if number >= FARTHEST_SCORE {
        return "1e15 or more".into();
    }
    if number <= -FARTHEST_SCORE {
        return "-1e15 or less".into();
    }
    if number != 0.0 && number.abs() < 0.001 {
        return format!("{number:.2e}");
    }
    format!("{number:.3}")
}

/// With a capital letter and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let mut chars = words.trim().chars();
    let mut out: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    out.push_str(chars.as_str());
    if !out.ends_with(['.', '?', '!']) {
        out.push('.');
    }
    out
}
