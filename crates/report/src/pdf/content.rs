//! A document as the data that the template sets; `report.typ` says the shape.

use super::columns::{is_short, is_tall, shares, width};
use super::faces::Faces;
use super::picture;
use super::words::{Sort, pieces, visible};
use crate::{Block, Document, Fact, Figure, Section, Span, Table, Tone};
use ai_audit_compliance::Status;
use std::collections::BTreeSet;
use typst::foundations::{Array, Dict, IntoValue as _, Value, dict};

/// A receipt as it is named in a line.
pub(super) fn receipt_words(seq: u64) -> String {
    seq.to_string()
}

/// A status, with a sign for who cannot tell the colours apart.
pub(super) fn status_words(status: Status) -> String {
    let sign = match status {
        Status::EvidenceAvailable => '●',
        Status::PartialEvidence => '◐',
        Status::NoEvidence => '○',
        Status::NotAddressable => '–',
    };
    format!("{sign} {}", status.words())
}

/// All that the template sets.
pub(super) fn data(document: &Document, faces: &Faces) -> Dict {
    let mut data = Data {
        faces,
        lacking: 0,
        sections: document.sections.iter().map(|s| s.id.as_str()).collect(),
        annex: annexed(document),
        placed: BTreeSet::new(),
    };
    let title = said(&[&document.title], "Report");
    let facts = data.facts(&document.facts);
    let mut level = 0;
    let mut sections: Vec<Value> = Vec::new();
    let mut seen = BTreeSet::new();
    for section in &document.sections {
        // Headings of PDF/UA never skip a level.
        level = i64::from(section.level.saturating_sub(1).max(1)).min(level + 1);
        let anchor = seen
            .insert(section.id.as_str())
            .then_some(section.id.as_str());
        sections.push(data.section(section, level, anchor).into_value());
    }
    let heading = visible(faces, title, Sort::Title, &mut data.lacking);
    dict! {
        "heading" => heading.as_str(),
        "running" => shortened(&heading),
        "title" => data.pieces(title, Sort::Title),
        "facts" => facts,
        "sections" => sections,
        "lacking" => data.lacking > 0,
    }
}

/// What fits on one line above a page.
fn shortened(title: &str) -> String {
    const FITS: usize = 110;
    if title.chars().count() <= FITS {
        return title.into();
    }
    title.chars().take(FITS).chain(['…']).collect()
}

/// The receipts that have a row in the annex.
fn annexed(document: &Document) -> BTreeSet<u64> {
    let annexes = document
        .sections
        .iter()
        .filter(|section| section.id == crate::compose::RECEIPTS);
    let tables = annexes
        .flat_map(|section| &section.blocks)
        .filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        });
    tables
        .flat_map(|table| &table.rows)
        .filter_map(|row| match row.first().map(Vec::as_slice) {
            Some([Span::Receipt(seq)]) => Some(*seq),
            _ => None,
        })
        .collect()
}

/// What stands in the place of inclusion paths.
const PATHS_ELSEWHERE: &str = "On paper the hashes of the inclusion paths are left out: the report as \
     HTML and as JSON has them.";

/// The annex of receipts without the hashes of their paths, which would be most of the pages and which
/// nobody types off paper; and whether there were any.
fn without_paths(table: &Table) -> (Table, bool) {
    let mut table = table.clone();
    let mut cut = false;
    for cell in table.rows.iter_mut().filter_map(|row| row.last_mut()) {
        let hashes = cell.iter().filter(|span| matches!(span, Span::Code(_)));
        let count = hashes.count();
        if count > 0 {
            *cell = vec![Span::text(crate::text::counted(
                count as u64,
                "hash",
                "hashes",
            ))];
            cut = true;
        }
    }
    (table, cut)
}

struct Data<'a> {
    faces: &'a Faces,
    lacking: u64,
    sections: BTreeSet<&'a str>,
    annex: BTreeSet<u64>,
    /// Receipts whose row in the annex is set already.
    placed: BTreeSet<u64>,
}

impl Data<'_> {
    fn pieces(&mut self, text: &str, sort: Sort) -> Array {
        pieces(self.faces, text, sort, &mut self.lacking)
            .into_iter()
            .map(|piece| piece.into_value())
            .collect()
    }

    fn section(&mut self, section: &Section, level: i64, anchor: Option<&str>) -> Dict {
        // A heading of PDF/UA says something.
        let title = said(&[&section.title, &section.id], "Section");
        let annex = section.id == crate::compose::RECEIPTS;
        let mut blocks: Vec<Value> = Vec::new();
        for block in &section.blocks {
            match block {
                Block::Table(table) if annex => {
                    let (table, cut) = without_paths(table);
                    if cut {
                        let note = [Span::text(PATHS_ELSEWHERE)];
                        blocks.push(dict! { "k" => "text", "v" => self.spans(&note) }.into_value());
                    }
                    blocks.push(self.table(&table, annex).into_value());
                }
                block => blocks.push(self.block(block, annex).into_value()),
            }
        }
        dict! {
            "level" => level,
            "title" => self.pieces(title, Sort::Title),
            "at" => anchor.map(section_label),
            "new-page" => section.new_page,
            "together" => is_small(section),
            "blocks" => blocks,
        }
    }

    fn block(&mut self, block: &Block, annex: bool) -> Dict {
        match block {
            Block::Text(spans) => dict! { "k" => "text", "v" => self.spans(spans) },
            Block::Notice(tone, spans) => dict! {
                "k" => "notice",
                "tone" => tone_name(*tone),
                "v" => self.spans(spans),
            },
            Block::Facts(facts) => dict! { "k" => "facts", "v" => self.facts(facts) },
            Block::List(points) => dict! { "k" => "list", "v" => self.points(points) },
            Block::Steps(points) => dict! { "k" => "steps", "v" => self.points(points) },
            Block::Table(table) => self.table(table, annex),
            Block::Figure(figure) => self.figure(figure),
        }
    }

    fn facts(&mut self, facts: &[Fact]) -> Dict {
        let width = facts.iter().map(|fact| fact.name.chars().count()).max();
        let them: Vec<Value> = facts
            .iter()
            .map(|fact| {
                dict! {
                    "name" => self.pieces(&fact.name, Sort::Title),
                    "value" => self.spans(&fact.value),
                }
                .into_value()
            })
            .collect();
        // Half an em is a letter, roughly.
        let width = u8::try_from(width.unwrap_or_default()).unwrap_or(u8::MAX);
        dict! { "width" => (f64::from(width) * 0.5).clamp(6.0, 14.0), "them" => them }
    }

    fn points(&mut self, points: &[Vec<Span>]) -> Array {
        points
            .iter()
            .map(|spans| self.spans(spans).into_value())
            .collect()
    }

    fn table(&mut self, table: &Table, annex: bool) -> Dict {
        let columns = table.head.len();
        let head: Vec<Value> = table
            .head
            .iter()
            .map(|title| self.pieces(title, Sort::Head).into_value())
            .collect();
        let shares = shares(table);
        let mut cells: Vec<Value> = Vec::with_capacity(columns * table.rows.len());
        for row in &table.rows {
            let tall = is_tall(row, &shares);
            for column in 0..columns {
                let spans = row.get(column).map_or(&[][..], Vec::as_slice);
                let cell = match spans {
                    [Span::Receipt(seq)] if annex && column == 0 && self.placed.insert(*seq) => {
                        let mut cell = self.plain(&receipt_words(*seq), "text", Sort::Text);
                        cell.insert("at".into(), receipt_label(*seq).into_value());
                        std::iter::once(cell.into_value()).collect()
                    }
                    spans => self.spans(spans),
                };
                cells.push(dict! { "v" => cell, "tall" => tall }.into_value());
            }
        }
        let numeric: Vec<Value> = (0..columns)
            .map(|column| {
                table
                    .numeric
                    .get(column)
                    .copied()
                    .unwrap_or_default()
                    .into_value()
            })
            .collect();
        let shares: Vec<Value> = shares.into_iter().map(|share| share.into_value()).collect();
        dict! {
            "k" => "table",
            "caption" => self.pieces(&table.caption, Sort::Text),
            "columns" => shares,
            "numeric" => numeric,
            "head" => head,
            "cells" => cells,
        }
    }

    fn figure(&mut self, figure: &Figure) -> Dict {
        dict! {
            "k" => "figure",
            "title" => self.pieces(&figure.title, Sort::Title),
            "alt" => visible(self.faces, said(&[&figure.description, &figure.title], "Figure"), Sort::Text, &mut self.lacking),
            "description" => self.pieces(&figure.description, Sort::Text),
            "svg" => picture::for_paper(&figure.svg, self.faces, &mut self.lacking),
            "table" => self.table(&figure.table, false),
        }
    }

    fn spans(&mut self, spans: &[Span]) -> Array {
        spans
            .iter()
            .map(|span| self.span(span).into_value())
            .collect()
    }

    fn span(&mut self, span: &Span) -> Dict {
        match span {
            Span::Text(text) => self.plain(text, "text", Sort::Text),
            Span::Strong(text) => self.plain(text, "strong", Sort::Text),
            Span::Code(text) if is_short(text) => self.plain(text, "short-code", Sort::Code),
            Span::Code(text) => self.plain(text, "code", Sort::Code),
            Span::Status(status) => {
                let tone = match status {
                    Status::EvidenceAvailable => Tone::Good,
                    Status::PartialEvidence => Tone::Open,
                    Status::NoEvidence => Tone::Bad,
                    Status::NotAddressable => Tone::Plain,
                };
                self.plain(&status_words(*status), tone_name(tone), Sort::Text)
            }
            Span::Toned(tone, text) => self.plain(text, tone_name(*tone), Sort::Text),
            Span::Receipt(seq) => {
                let mut span = self.plain(&receipt_words(*seq), "text", Sort::Text);
                if self.annex.contains(seq) {
                    span.insert("to".into(), receipt_label(*seq).into_value());
                }
                span
            }
            Span::Section { id, text } => {
                let mut span = self.plain(text, "text", Sort::Text);
                if self.sections.contains(id.as_str()) {
                    span.insert("to".into(), section_label(id).into_value());
                }
                span
            }
        }
    }

    fn plain(&mut self, text: &str, kind: &'static str, sort: Sort) -> Dict {
        dict! {
            "k" => kind,
            "v" => self.pieces(text, sort),
            "to" => Value::None,
            "at" => Value::None,
        }
    }
}

/// Whether a section is so small that it should not be parted by the end of a page.
fn is_small(section: &Section) -> bool {
    const LETTERS: f64 = 1_500.0;
    let mut letters = 0.0;
    let mut add = |spans: &[Span]| letters += 60.0 + spans.iter().map(width).sum::<f64>();
    for block in &section.blocks {
        match block {
            Block::Text(spans) | Block::Notice(_, spans) => add(spans),
            Block::Facts(facts) => facts.iter().for_each(|fact| add(&fact.value)),
            Block::List(points) | Block::Steps(points) => points.iter().for_each(|p| add(p)),
            Block::Table(_) | Block::Figure(_) => return false,
        }
    }
    section.level > 2 && !section.blocks.is_empty() && letters < LETTERS
}

/// The first of these that says something.
fn said<'a>(them: &[&'a str], otherwise: &'a str) -> &'a str {
    let mut them = them.iter().map(|text| text.trim());
    them.find(|text| !text.is_empty()).unwrap_or(otherwise)
}

fn section_label(id: &str) -> String {
    format!("section-{id}")
}

fn receipt_label(seq: u64) -> String {
    format!("receipt-{seq}")
}

const fn tone_name(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Open => "open",
        Tone::Plain => "plain",
    }
}
