//! Figures over the decisions of the period, each with the table behind it.

mod drift;
mod rates;

use super::cells::{between, measured, number, section, table, text};
use crate::charts::{self, Words};
use crate::document::{Block, Figure, Section, Span, Table, Tone};
use crate::figures::{ActionFigure, Between, CheckFigure, FARTHEST_SCORE, FigureData};
use crate::text::{clean_to, counted, grouped};
use ai_audit_core::Action;

/// The sections of the statistics.
pub(super) fn statistics(data: &FigureData) -> Vec<Section> {
    let mut head = section("statistics", 2, "Statistics");
    head.new_page = true;
    let mut words = format!(
        "Over {} of the period. Everything is computed from the receipts, in their order, so that \
         whoever has the log gets the same numbers. The tests assume that decisions are independent \
         of each other; events that come in bursts raise alarms earlier.",
        counted(data.decisions, "verified decision", "verified decisions")
    );
    if data.imported > 0 {
        words.push_str(&format!(
            " Of them {} from another system, and {} by the time that its record gives itself.",
            counted(data.imported, "was imported", "were imported"),
            if data.imported == 1 {
                "counts"
            } else {
                "each counts"
            },
        ));
        if data.unproven > 0 {
            words.push_str(&format!(
                " For {} of these no signature of their own was found to hold.",
                grouped(data.unproven)
            ));
        }
    }
    if data.unreadable > 0 {
        words.push_str(&format!(
            " {} could not be read and count nowhere.",
            counted(data.unreadable, "decision", "decisions")
        ));
    }
    head.blocks.push(Block::Text(text(words)));
    let mut sections = vec![head];
    if data.decisions == 0 {
        return sections;
    }
    let mut over_time = section("statistics-actions", 3, "Decisions over time");
    over_time.blocks.push(Block::Figure(actions(&data.actions)));
    sections.push(over_time);
    sections.push(checks(data));
    let mut sprt_section = section("statistics-sprt", 3, "Sequential test of a rate");
    sprt_section.blocks.extend(rates::sprt(&data.sprt));
    sections.push(sprt_section);
    let mut cusum_section = section("statistics-cusum", 3, "Change of a rate");
    cusum_section.blocks.extend(rates::cusum(&data.cusum));
    sections.push(cusum_section);
    let mut drift_section = section("statistics-drift", 3, "Drift");
    drift_section.blocks.extend(drift::drift(&data.drift));
    sections.push(drift_section);
    sections
}

fn cells(receipts: Between) -> Vec<Span> {
    between(receipts.first, receipts.last)
}

/// A figure of which the picture is drawn with the words that stand beside it.
fn figure(
    id: &str,
    title: String,
    description: String,
    table: Table,
    draw: impl FnOnce(Words<'_>) -> String,
) -> Figure {
    let svg = draw(Words {
        id,
        title: &title,
        description: &description,
    });
    Figure {
        id: id.into(),
        title,
        description,
        svg,
        table,
    }
}

fn actions(figure_data: &ActionFigure) -> Figure {
    let mut totals = [0u64; 6];
    for bucket in &figure_data.buckets {
        for (total, count) in totals.iter_mut().zip(bucket.counts) {
            *total = total.saturating_add(count);
        }
    }
    let seen: Vec<usize> = (0..6)
        .filter(|at| totals.get(*at).is_some_and(|t| *t > 0))
        .collect();
    let name = |at: &usize| Action::ALL.get(*at).map_or("", |action| action.name());
    let unit = figure_data.unit.words();
    let mut head = vec![(unit, false)];
    head.extend(seen.iter().map(|at| (name(at), true)));
    head.push(("Receipts, first and last", false));
    let mut behind = table(format!("Decisions by action, by {unit} (UTC)"), &head);
    for bucket in &figure_data.buckets {
        let mut row = vec![text(figure_data.unit.label(bucket.from))];
        row.extend(
            seen.iter()
                .map(|at| number(bucket.counts.get(*at).copied().unwrap_or(0))),
        );
        row.push(cells(bucket.receipts));
        behind.rows.push(row);
    }
    let counts: Vec<String> = seen
        .iter()
        .map(|at| {
            format!(
                "{} {}",
                grouped(totals.get(*at).copied().unwrap_or(0)),
                name(at)
            )
        })
        .collect();
    let description = format!(
        "Stacked bars, one for each {unit} in which something was decided; in all {}.",
        counts.join(", ")
    );
    let title = format!("Decisions by action, by {unit}");
    figure("chart-actions", title, description, behind, |words| {
        charts::actions(figure_data, words)
    })
}

fn checks(data: &FigureData) -> Section {
    let mut section = section("statistics-checks", 3, "Checks and their thresholds");
    if data.checks.is_empty() {
        section
            .blocks
            .push(Block::Text(text("No check ran before any decision.")));
        return section;
    }
    for (place, check) in data.checks.iter().enumerate() {
        section.blocks.push(Block::Figure(scores(place, check)));
    }
    if data.checks_left_out > 0 {
        section.blocks.push(Block::Notice(
            Tone::Open,
            text(format!(
                "{} of further checks have no figure: only the first 32 checks do.",
                counted(data.checks_left_out, "result", "results")
            )),
        ));
    }
    section
}

fn scores(place: usize, check: &CheckFigure) -> Figure {
    let name = clean_to(&check.name, 60);
    let unit = check.unit.words();
    let mut behind = table(
        format!("Check {name}, by {unit} (UTC)"),
        &[
            (unit, false),
            ("Ran", true),
            ("Fired", true),
            ("Median", true),
            ("Middle half", true),
            ("95 % below", true),
            ("Greatest", true),
            ("Threshold", true),
            ("Receipts, first and last", false),
        ],
    );
    for bucket in &check.buckets {
        let of = |pick: fn(&crate::figures::Scores) -> String| {
            text(bucket.scores.as_ref().map_or_else(|| "none".into(), pick))
        };
        behind.rows.push(vec![
            text(check.unit.label(bucket.from)),
            number(bucket.runs),
            number(bucket.fired),
            of(|scores| measured(scores.median)),
            of(|scores| {
                format!(
                    "{} to {}",
                    measured(scores.quarter),
                    measured(scores.three_quarters)
                )
            }),
            of(|scores| measured(scores.high)),
            of(|scores| measured(scores.greatest)),
            text(match bucket.thresholds {
                None => "none".into(),
                Some((low, high)) if low < high => {
                    format!("{} to {}", measured(low), measured(high))
                }
                Some((low, _)) => measured(low),
            }),
            cells(bucket.receipts),
        ]);
    }
    let (ran, fired) = (
        counted(check.runs, "time", "times"),
        counted(check.fired, "time", "times"),
    );
    let description = if check.scores == 0 {
        format!("It ran {ran} without a score and fired {fired}.")
    } else {
        format!(
            "It ran {ran}, had {} and fired {fired}. The box is the middle half of the scores, the \
             line across it the median; the dashed line is the threshold.",
            counted(check.scores, "score", "scores")
        )
    };
    let cut = check.buckets.iter().any(|bucket| {
        let scores = bucket.scores.map(|scores| [scores.least, scores.greatest]);
        let thresholds = bucket.thresholds.map(|(low, high)| [low, high]);
        let mut all = scores.into_iter().chain(thresholds).flatten();
        all.any(|number| number.abs() >= FARTHEST_SCORE)
    });
    let description = if cut {
        format!("{description} What is beyond 1e15 or -1e15 is cut to that.")
    } else {
        description
    };
    let id = format!("chart-check-{place}");
    figure(&id, format!("Check {name}"), description, behind, |words| {
        charts::scores(check, words)
    })
}
