//! One case: what followed from what.

use super::cells::{fact, sealed, section, table, text};
use crate::charts::{self, Words};
use crate::document::{Block, Figure, Section, Span, Tone};
use crate::figures::{CaseFigure, CaseReason};
use crate::text::{clean_to, counted};

/// The section where no receipt has the trace that was asked for.
pub(super) fn not_found(trace_id: &str) -> Section {
    let mut section = section("case", 2, "One case");
    let mut spans = text("No receipt of the period has the trace ");
    spans.push(Span::Code(trace_id.into()));
    spans.push(Span::text(
        ", which was asked for: check its spelling and the period.",
    ));
    section.blocks.push(Block::Notice(Tone::Open, spans));
    section
}

/// The section.
pub(super) fn case(case: &CaseFigure) -> Section {
    let mut section = section("case", 2, "One case");
    section.new_page = true;
    let why = match case.why {
        CaseReason::Asked => "It was asked for.",
        CaseReason::FirstIncident => "It has the first incident or escalated decision.",
        CaseReason::Largest => "No incident and no escalated decision: it has the most receipts.",
    };
    let mut size = format!(
        "{}, {}; {} drawn",
        counted(case.nodes, "receipt", "receipts"),
        counted(case.edges, "reference", "references"),
        case.steps.len()
    );
    if case.cut {
        size.push_str("; it has more than a figure holds");
    }
    section.blocks.push(Block::Facts(vec![
        fact("Trace", vec![Span::Code(case.trace_id.clone())]),
        fact("Why this one", text(why)),
        fact("Size", text(size)),
    ]));
    if !case.problems.is_empty() {
        let mut spans = text("How these receipts refer to each other does not hold everywhere: ");
        spans.push(Span::text(case.problems.join("; ")));
        section.blocks.push(Block::Notice(Tone::Open, spans));
    }
    let mut behind = table(
        "Receipts of the case, in the order of the log",
        &[
            ("Receipt", false),
            ("Sealed", false),
            ("What", false),
            ("Who", false),
            ("Model, tool or step", false),
            ("How it ended", false),
            ("Follows from", false),
        ],
    );
    for step in &case.steps {
        let mut from = Vec::new();
        for parent in &step.parents {
            if !from.is_empty() {
                from.push(Span::text(", "));
            }
            from.push(Span::Receipt(*parent));
        }
        behind.rows.push(vec![
            vec![Span::Receipt(step.seq)],
            sealed(step.sealed_at, step.imported_of),
            text(&*step.sort),
            text(&*step.agent),
            text(&*step.label),
            vec![if step.alarm {
                Span::Toned(Tone::Bad, step.status.clone())
            } else {
                Span::text(&*step.status)
            }],
            from,
        ]);
    }
    let title = format!("Trace {}", clean_to(&case.trace_id, 60));
    let description = format!(
        "{} and what each follows from: parents above children, the critical path emphasised, what \
         is worth a look in red.",
        counted(case.steps.len() as u64, "receipt", "receipts")
    );
    let words = Words {
        id: "chart-case",
        title: &title,
        description: &description,
    };
    let svg = charts::case(&case.svg, words);
    section.blocks.push(Block::Figure(Figure {
        id: "chart-case".into(),
        svg,
        title,
        description,
        table: behind,
    }));
    section
}
