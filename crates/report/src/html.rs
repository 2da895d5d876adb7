//! A report as one HTML file: no script, no request to anywhere, readable offline, printed, and without
//! seeing it.

mod blocks;
mod icons;

use crate::charts::palette::variables;
use crate::document::{Block, Document, Section, Span};
use crate::text::{clean, clean_to};
use base64ct::{Base64, Encoding as _};
use blocks::{Page, Place};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// What does not depend on the report; its colours are put in front.
const STYLE: &str = include_str!("html/style.css");

/// Writes a report as one self-contained HTML file.
///
/// Its content policy allows nothing but the one style sheet in it, by its hash; so even a text that
/// were not escaped could load and run nothing.
#[must_use]
pub fn html(document: &Document) -> String {
    let style = style();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        Base64::encode_string(&Sha256::digest(style.as_bytes()))
    );
    let page = Page {
        receipts: receipts(document),
    };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (page_title(document)) }
                style { (PreEscaped(style)) }
            }
            body {
                a class="skip" href="#report" { "Skip to the report" }
                header class="top" {
                    h1 { (clean(&document.title)) }
                    (page.facts(&document.facts))
                }
                div class="layout" {
                    (contents(document))
                    main id="report" {
                        @for section in &document.sections { (part(&page, section)) }
                    }
                }
            }
        }
    };
    let mut out = markup.into_string();
    out.push('\n');
    out
}

/// What a tab is called: the title, and which log it is of.
fn page_title(document: &Document) -> String {
    let log = document.facts.first().and_then(|fact| fact.value.first());
    match log {
        Some(Span::Strong(log)) => format!("{}: {}", clean(&document.title), clean_to(log, 80)),
        _ => clean(&document.title),
    }
}

fn style() -> String {
    let (light, dark) = (variables(false), variables(true));
    format!(
        ":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n\
         @media print{{:root{{{light}}}}}\n{STYLE}"
    )
}

/// The receipts that have a row in the annex, to which others can lead.
fn receipts(document: &Document) -> BTreeSet<u64> {
    let annex = document
        .sections
        .iter()
        .filter(|section| section.id == crate::compose::RECEIPTS);
    let blocks = annex.flat_map(|section| &section.blocks);
    let rows = blocks.filter_map(|block| match block {
        Block::Table(table) => Some(&table.rows),
        _ => None,
    });
    rows.flatten()
        .filter_map(|row| match row.first()?.first()? {
            Span::Receipt(seq) => Some(*seq),
            _ => None,
        })
        .collect()
}

fn contents(document: &Document) -> Markup {
    html! {
        nav aria-label="Contents" {
            p class="nav-title" { "Contents" }
            ol {
                @for section in document.sections.iter().filter(|section| section.level == 2) {
                    li { a href={ "#" (section.id) } { (clean(&section.title)) } }
                }
            }
        }
    }
}

fn part(page: &Page, section: &Section) -> Markup {
    let title = clean(&section.title);
    let place = if section.id == crate::compose::RECEIPTS {
        Place::Annex
    } else if section.blocks.len() == 1 && section.level > 2 {
        Place::Alone
    } else {
        Place::Beside
    };
    let class = match (section.level, section.new_page) {
        (2, true) => "part page",
        (2, false) => "part",
        _ => "sub",
    };
    html! {
        section id=(section.id) class=(class) {
            @match section.level {
                0..=2 => h2 { (title) },
                3 => h3 { (title) },
                _ => h4 { (title) },
            }
            @for block in &section.blocks { (page.block(block, place)) }
        }
    }
}
