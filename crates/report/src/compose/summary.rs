//! One page for who has one minute: what the log is, what was found, what is not said.

use super::cells::{fact, moment, number, receipts, section, table, text};
use crate::document::{Block, Fact, Section, Span, Table, Tone};
use crate::text::{counted, grouped};
use ai_audit_compliance::{Crosswalk, GapState, Period, Status, StatusCounts};

/// What a report does not say; always there, in these words.
const NOT_SAID: [&str; 3] = [
    "It does not say that anybody meets a law or a standard: people judge that, and with more than a log.",
    "It does not say that what was recorded is true, or that all was recorded: what never reached the log is not in it.",
    "It says nothing for or against a requirement that is not addressable by a log: other evidence must show that.",
];

/// What stands under the title.
pub(super) fn facts(crosswalk: &Crosswalk) -> Vec<Fact> {
    let origin = crosswalk.origin.as_deref();
    let mut facts = vec![fact(
        "Log",
        match origin {
            Some(origin) => vec![Span::Strong(origin.into())],
            None => text("unknown: its first receipt was not read"),
        },
    )];
    if !crosswalk.tenant.is_empty() {
        facts.push(fact("Kept for", text(&*crosswalk.tenant)));
    }
    facts.push(fact("Period", text(period(&crosswalk.period))));
    facts.push(fact("Made as of", text(moment(crosswalk.at))));
    facts
}

pub(super) fn period(period: &Period) -> String {
    match (period.from, period.to) {
        (None, None) => "the whole log".into(),
        (Some(from), None) => format!("from {}", moment(from)),
        (None, Some(to)) => format!("before {}", moment(to)),
        (Some(from), Some(to)) => format!("from {} to before {}", moment(from), moment(to)),
    }
}

/// Counts of the four statuses as cells of a row.
pub(super) fn status_cells(counts: &StatusCounts) -> impl Iterator<Item = Vec<Span>> + use<> {
    Status::ALL
        .map(|status| counts.of(status))
        .into_iter()
        .map(number)
}

/// The columns of the four statuses.
pub(super) const STATUS_HEAD: [(&str, bool); 4] = [
    ("Evidence available", true),
    ("Partial evidence", true),
    ("No evidence", true),
    ("Not addressable by a log", true),
];

/// The sections of the page.
pub(super) fn summary(crosswalk: &Crosswalk) -> Vec<Section> {
    let mut what = section("summary", 2, "Summary");
    what.blocks.push(Block::Facts(log_facts(crosswalk)));
    if !crosswalk.whole {
        what.blocks.push(Block::Notice(
            Tone::Open,
            text(
                "The evidence is a selection of the log. Counts are of the receipts in it, not of all \
                 that the log has.",
            ),
        ));
    }
    let mut found = section("summary-frameworks", 3, "Evidence by framework");
    found.blocks.push(Block::Text(text(
        "How many requirements of each framework this log holds evidence for.",
    )));
    found.blocks.push(Block::Table(frameworks(crosswalk)));
    let mut gaps = section("summary-gaps", 3, "Gaps that were found");
    gaps.blocks.push(gaps_found(crosswalk));
    let mut not_said = section("summary-limits", 3, "What this report does not say");
    let sentences = NOT_SAID.iter().map(|sentence| text(*sentence));
    not_said.blocks.push(Block::List(sentences.collect()));
    vec![what, found, gaps, not_said]
}

fn log_facts(crosswalk: &Crosswalk) -> Vec<Fact> {
    let counts = &crosswalk.counts;
    let mut facts = Vec::new();
    if let Some(id) = crosswalk.log_id {
        facts.push(fact("Log id", vec![Span::Code(id.to_string())]));
    }
    let mut all = counted(counts.receipts, "receipt", "receipts");
    if counts.receipts > 0 && crosswalk.whole {
        all = format!("{all}, numbered 0 to {}", grouped(counts.receipts - 1));
    }
    facts.push(fact("In the evidence", text(all)));
    let mut verified = format!("{} verified", grouped(counts.verified));
    if counts.deleted > 0 {
        verified = format!(
            "{verified}; {} deleted, which count nowhere",
            grouped(counts.deleted)
        );
    }
    facts.push(fact("Of these", text(verified)));
    facts.push(fact("In the period", {
        let count = counted(counts.in_period, "receipt", "receipts");
        let sealed = crosswalk.first_sealed_at.zip(crosswalk.last_sealed_at);
        text(match sealed {
            Some((first, last)) => format!(
                "{count}, sealed from {} to {} by the log's own clock",
                moment(first),
                moment(last)
            ),
            None => count,
        })
    }));
    let imported = &crosswalk.imported;
    if let (Some(first), Some(last)) = (imported.from, imported.to) {
        let mut said = format!(
            "{} and {} from another system, which give themselves times from {} to {}",
            counted(imported.decisions, "decision", "decisions"),
            counted(imported.tool_outcomes, "tool outcome", "tool outcomes"),
            moment(first),
            moment(last)
        );
        if imported.unproven > 0 {
            said.push_str(&format!(
                "; for {} of them no signature of their own was found to hold",
                grouped(imported.unproven)
            ));
        }
        facts.push(fact("Imported", text(said)));
    }
    if let Some(tree) = crosswalk.tree {
        facts.push(fact(
            "Tree",
            vec![
                Span::text(format!("size {}, root ", grouped(tree.size))),
                Span::Code(tree.root.to_string()),
            ],
        ));
    }
    facts
}

fn frameworks(crosswalk: &Crosswalk) -> Table {
    let mut head = vec![("Framework", false)];
    head.extend(STATUS_HEAD);
    head.push(("All", true));
    let mut table = table("Requirements by status", &head);
    for (place, framework) in crosswalk.frameworks.iter().enumerate() {
        let name = Span::Section {
            id: super::view_id(place),
            text: framework.name.clone(),
        };
        let mut row = vec![vec![name, Span::text(format!(", {}", framework.edition))]];
        row.extend(status_cells(&framework.totals));
        row.push(number(framework.controls.len() as u64));
        table.rows.push(row);
    }
    table
}

fn gaps_found(crosswalk: &Crosswalk) -> Block {
    let of = |state| crosswalk.gaps.iter().filter(move |gap| gap.state == state);
    let mut points: Vec<Vec<Span>> = Vec::new();
    for gap in of(GapState::Found) {
        let said = gap.says.first().map_or_else(
            || counted(gap.count, "time", "times"),
            |said| said.trim_end_matches('.').to_owned(),
        );
        let mut point = vec![
            Span::Toned(Tone::Bad, "found".into()),
            Span::text(" "),
            Span::Strong(gap.title.into()),
            Span::text(format!(": {said}")),
        ];
        if !gap.pointers.is_empty() {
            point.push(Span::text(" ("));
            point.extend(receipts(gap.pointers.get(..3).unwrap_or(&gap.pointers)));
            point.push(Span::text(")"));
        }
        point.push(Span::text("."));
        points.push(point);
    }
    let open: Vec<&str> = of(GapState::CannotTell).map(|gap| gap.title).collect();
    if !open.is_empty() {
        points.push(vec![
            Span::Toned(Tone::Open, "cannot tell".into()),
            Span::text(format!(" {}", open.join("; "))),
        ]);
    }
    let clear = of(GapState::Clear).count() as u64;
    points.push(vec![
        Span::Toned(Tone::Good, "clear".into()),
        Span::text(format!(
            " {} ",
            counted(clear, "other check", "other checks")
        )),
        Span::Section {
            id: "gaps".into(),
            text: "in the list of gaps".into(),
        },
    ]);
    Block::List(points)
}
