//! All gaps that are looked for, found or not.

use super::cells::{number, receipts, section, sentence, table, text};
use crate::document::{Block, Section, Span, Tone};
use ai_audit_compliance::{Crosswalk, GapState};

/// The section.
pub(super) fn gaps(crosswalk: &Crosswalk) -> Section {
    let mut section = section("gaps", 2, "Gaps");
    section.new_page = true;
    section.blocks.push(Block::Text(text(
        "What may be missing from this log, or wrong with how it was kept. What is open at the end is \
         held against the time of this report.",
    )));
    let mut table = table(
        "Gaps, whether each is there, and what to do",
        &[
            ("Gap", false),
            ("State", false),
            ("Times", true),
            ("What the log shows", false),
            ("What to do", false),
            ("Basis", false),
            ("Receipts", false),
        ],
    );
    for gap in &crosswalk.gaps {
        let tone = match gap.state {
            GapState::Found => Tone::Bad,
            GapState::Clear => Tone::Good,
            GapState::CannotTell => Tone::Open,
        };
        table.rows.push(vec![
            vec![
                Span::Strong(gap.title.into()),
                Span::text(" "),
                Span::Code(gap.id.into()),
            ],
            vec![Span::Toned(tone, gap.state.words().into())],
            number(gap.count),
            text(sentences(&gap.says)),
            text(sentences(std::slice::from_ref(&gap.advice))),
            text(gap.basis),
            receipts(&gap.pointers),
        ]);
    }
    section.blocks.push(Block::Table(table));
    section
}

fn sentences(words: &[String]) -> String {
    let there = words.iter().filter(|one| !one.trim().is_empty());
    there.map(|one| sentence(one)).collect::<Vec<_>>().join(" ")
}
