//! Blocks and spans of a document as HTML.

use super::icons;
use crate::document::{Block, Fact, Figure, Span, Table, Tone};
use crate::text::{clean, counted};
use ai_audit_compliance::Status;
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeSet;

/// More literal pieces than this in one cell are folded.
const FOLDED_FROM: usize = 3;
/// Tables of so many columns of text become lists of cards where the page is narrow.
const STACKED_FROM: usize = 4;

/// What all blocks share.
pub(super) struct Page {
    /// Receipts that have a row to lead to.
    pub(super) receipts: BTreeSet<u64>,
}

/// Where a block stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Among others.
    Beside,
    /// Alone under a heading, which says what a table's caption says.
    Alone,
    /// In the annex of receipts, where first cells are what others lead to.
    Annex,
}

const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Open => "open",
        Tone::Plain => "plain",
    }
}

const fn status_class(status: Status) -> &'static str {
    match status {
        Status::EvidenceAvailable => "status full",
        Status::PartialEvidence => "status half",
        Status::NoEvidence => "status none",
        Status::NotAddressable => "status outside",
    }
}

impl Page {
    /// A block of a section.
    pub(super) fn block(&self, block: &Block, place: Place) -> Markup {
        html! {
            @match block {
                Block::Text(spans) => p { (self.spans(spans)) },
                Block::Notice(tone, spans) => {
                    p class={ "notice " (tone_class(*tone)) } {
                        (icons::tone(*tone)) span { (self.spans(spans)) }
                    }
                },
                Block::Facts(facts) => (self.facts(facts)),
                Block::List(points) => {
                    ul { @for point in points { li { (self.spans(point)) } } }
                },
                Block::Steps(steps) => {
                    ol class="steps" { @for step in steps { li { (self.step(step)) } } }
                },
                Block::Table(table) => (self.table(table, place)),
                Block::Figure(figure) => (self.figure(figure)),
            }
        }
    }

    pub(super) fn facts(&self, facts: &[Fact]) -> Markup {
        html! {
            dl class="facts" {
                @for fact in facts {
                    div { dt { (clean(&fact.name)) } dd { (self.spans(&fact.value)) } }
                }
            }
        }
    }

    fn figure(&self, figure: &Figure) -> Markup {
        let title = clean(&figure.title);
        html! {
            figure id=(figure.id) {
                figcaption {
                    strong { (title) }
                    p { (clean(&figure.description)) }
                }
                @if !figure.svg.is_empty() {
                    div class="plot" role="group" tabindex="0" aria-label={ "Chart: " (title) } {
                        (PreEscaped(&figure.svg))
                    }
                }
                details {
                    summary {
                        "The numbers behind it ("
                        (counted(figure.table.rows.len() as u64, "row", "rows")) ")"
                    }
                    (self.table(&figure.table, Place::Beside))
                }
            }
        }
    }

    fn table(&self, table: &Table, place: Place) -> Markup {
        let annex = place == Place::Annex;
        let caption = clean(&table.caption);
        let numeric = |at: usize| table.numeric.get(at).copied().unwrap_or(false);
        let stacked = table.head.len() >= STACKED_FROM && !table.numeric.contains(&true);
        // Where rows become cards, a browser takes a table for no table: roles say that it is one.
        let role = |name: &'static str| stacked.then_some(name);
        html! {
            div class=(if place == Place::Alone { "scroll quiet" } else { "scroll" }) role="group" tabindex="0" aria-label={ "Table: " (caption) } {
                table class=[stacked.then_some("cards")] role=[role("table")] {
                    caption { (caption) }
                    thead role=[role("rowgroup")] {
                        tr role=[role("row")] {
                            @for (at, title) in table.head.iter().enumerate() {
                                th scope="col" role=[role("columnheader")]
                                    class=[numeric(at).then_some("number")] { (clean(title)) }
                            }
                        }
                    }
                    tbody role=[role("rowgroup")] {
                        @for row in &table.rows {
                            tr role=[role("row")] {
                                @for (at, cell) in row.iter().enumerate() {
                                    @let title = table.head.get(at).map_or("", String::as_str);
                                    @let label = stacked.then(|| clean(title));
                                    @let class = class(title, numeric(at), cell);
                                    @if at == 0 {
                                        th scope="row" role=[role("rowheader")] class=[class]
                                            id=[annex.then(|| anchor(cell)).flatten()] {
                                            (self.cell(cell, annex))
                                        }
                                    } @else {
                                        td role=[role("cell")] class=[class] data-label=[label] {
                                            (self.cell(cell, false))
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn cell(&self, cell: &[Span], anchor: bool) -> Markup {
        if anchor && let [Span::Receipt(seq)] = cell {
            return html! { (seq) };
        }
        let literal = cell.iter().all(|span| matches!(span, Span::Code(_)));
        if literal && cell.len() > FOLDED_FROM {
            return html! {
                details {
                    summary { (cell.len()) " hashes" }
                    ol class="hashes" { @for span in cell { li { (self.span(span)) } } }
                }
            };
        }
        self.spans(cell)
    }

    /// A step: its commands stand in lines of their own.
    fn step(&self, spans: &[Span]) -> Markup {
        html! {
            @for span in spans {
                @match span {
                    Span::Code(text) if text.contains(' ') => {
                        code class="command" { (clean(text)) }
                    },
                    other => (self.span(other)),
                }
            }
        }
    }

    fn spans(&self, spans: &[Span]) -> Markup {
        let literal = |at: usize| matches!(spans.get(at), Some(Span::Code(_)));
        html! {
            @for (at, span) in spans.iter().enumerate() {
                // Two literal pieces beside each other are two.
                @if at > 0 && literal(at) && literal(at - 1) { " " }
                (self.span(span))
            }
        }
    }

    fn span(&self, span: &Span) -> Markup {
        html! {
            @match span {
                Span::Text(text) => (clean(text)),
                Span::Strong(text) => strong { (clean(text)) },
                Span::Code(text) => code { (clean(text)) },
                Span::Status(status) => {
                    span class=(status_class(*status)) {
                        (icons::status(*status)) span { (status.words()) }
                    }
                },
                Span::Toned(tone, text) => {
                    span class={ "tone " (tone_class(*tone)) } {
                        (icons::tone(*tone)) span { (clean(text)) }
                    }
                },
                Span::Receipt(seq) => {
                    @if self.receipts.contains(seq) {
                        a class="receipt" href={ "#r" (seq) } { (seq) }
                    } @else {
                        (seq)
                    }
                },
                Span::Section { id, text } => a href={ "#" (id) } { (clean(text)) },
            }
        }
    }
}

fn class(title: &str, numeric: bool, cell: &[Span]) -> Option<&'static str> {
    if numeric {
        Some("number")
    } else if title.starts_with("Applicable?") && cell.is_empty() {
        Some("blank")
    } else {
        None
    }
}

fn anchor(cell: &[Span]) -> Option<String> {
    match cell {
        [Span::Receipt(seq)] => Some(format!("r{seq}")),
        _ => None,
    }
}
