//! From a crosswalk and figures to a document: what a report says, in which order.

mod annex;
mod case;
mod cells;
mod gaps;
mod statistics;
mod summary;
mod verdict;
mod views;

pub use annex::Recipe;

use crate::document::{Block, Document, Span, Tone};
use crate::figures::FigureData;
use ai_audit_compliance::Crosswalk;

/// The id of the section whose rows are the receipts; there [`Span::Receipt`] in a first cell is where
/// others lead to.
pub const RECEIPTS: &str = "receipts";

/// The id of a framework's section.
fn view_id(place: usize) -> String {
    format!("framework-{place}")
}

/// Makes a report: the verdict first, then a page for management, each framework of the crosswalk in
/// a view of its own, gaps, statistics, one case, and annexes.
///
/// Where nothing counts as evidence, figures are left out, whatever is given.
#[must_use]
pub fn compose(crosswalk: &Crosswalk, figures: Option<&FigureData>, recipe: &Recipe) -> Document {
    let figures = figures.filter(|_| crosswalk.nothing_counts.is_none());
    let mut sections = vec![verdict::verdict(crosswalk)];
    sections.extend(summary::summary(crosswalk));
    for place in 0..crosswalk.frameworks.len() {
        sections.extend(views::view(crosswalk, place));
    }
    sections.push(gaps::gaps(crosswalk));
    match figures {
        Some(data) => {
            sections.extend(statistics::statistics(data));
            let missing = || data.case_not_found.as_deref().map(case::not_found);
            sections.extend(data.case.as_ref().map(case::case).or_else(missing));
        }
        None if crosswalk.nothing_counts.is_some() => {
            let mut none = cells::section("statistics", 2, "Statistics");
            none.blocks.push(Block::Notice(
                Tone::Open,
                vec![Span::text(
                    "Nothing counts as evidence, so there are no figures: see the verdict.",
                )],
            ));
            sections.push(none);
        }
        None => {}
    }
    let named = annex::named(crosswalk, figures);
    sections.push(annex::receipts(crosswalk, &named));
    sections.push(annex::check(crosswalk, recipe, &named));
    Document {
        title: "Evidence report".into(),
        facts: summary::facts(crosswalk),
        sections,
    }
}
