//! The two tests of a rate: what they found, their paths and their alarms.

use super::{cells, figure};
use crate::charts;
use crate::compose::cells::{between, fact, measured, number, percent, sealed, table, text};
use crate::document::{Block, Fact, Figure, Span, Table};
use crate::figures::{Alarm, Between, CusumFigure, SprtFigure, Stretch, rows};
use crate::text::{clean_to, counted, grouped};

/// The table behind a path: its stretches, put together to a few rows.
fn path(caption: &str, path: &[Stretch]) -> Table {
    let mut behind = table(
        caption,
        &[
            ("Decisions", false),
            ("Least", true),
            ("Greatest", true),
            ("Last", true),
            ("Receipts, first and last", false),
        ],
    );
    for part in rows(path) {
        let (Some(first), Some(last)) = (part.first(), part.last()) else {
            continue;
        };
        let least = part.iter().map(|s| s.least).fold(f64::INFINITY, f64::min);
        let greatest = part
            .iter()
            .map(|s| s.greatest)
            .fold(f64::NEG_INFINITY, f64::max);
        behind.rows.push(vec![
            text(format!("{} to {}", grouped(first.from), grouped(last.to))),
            text(measured(least)),
            text(measured(greatest)),
            text(measured(last.last)),
            between(first.receipts.first, last.receipts.last),
        ]);
    }
    behind
}

fn alarms(caption: &str, alarms: &[Alarm], all: u64) -> Vec<Block> {
    if alarms.is_empty() {
        return Vec::new();
    }
    let mut behind = table(
        caption,
        &[
            ("At receipt", false),
            ("Sealed", false),
            ("Events", true),
            ("Among decisions", true),
            ("Since receipt", false),
        ],
    );
    for alarm in alarms {
        behind.rows.push(vec![
            vec![Span::Receipt(alarm.seq)],
            sealed(alarm.sealed_at, alarm.imported_of),
            number(alarm.events),
            number(alarm.observations),
            vec![Span::Receipt(alarm.since)],
        ]);
    }
    let mut blocks = vec![Block::Table(behind)];
    let more = all.saturating_sub(alarms.len() as u64);
    if more > 0 {
        blocks.push(Block::Text(text(format!(
            "And {}.",
            counted(more, "more alarm", "more alarms")
        ))));
    }
    blocks
}

fn event_fact(event: &str, events: u64, observations: u64, receipts: Option<Between>) -> Vec<Span> {
    let mut spans = vec![
        Span::Code(clean_to(event, 100)),
        Span::text(format!(
            ": {} of {} decisions, receipts ",
            grouped(events),
            grouped(observations)
        )),
    ];
    spans.extend(receipts.map(cells).unwrap_or_default());
    spans
}

/// The sequential test.
pub(super) fn sprt(data: &SprtFigure) -> Vec<Block> {
    let outcome = if data.rejected > 0 {
        format!(
            "{} found the rate to be {} rather than {}: that many alarms.",
            counted(data.rejected, "test", "tests"),
            percent(data.p1),
            percent(data.p0)
        )
    } else {
        "No test raised an alarm.".into()
    };
    let facts = vec![
        fact(
            "Event",
            event_fact(&data.event, data.events, data.observations, data.receipts),
        ),
        fact(
            "Question",
            text(format!(
                "is the rate {} as usual (p0), or {} (p1)?",
                percent(data.p0),
                percent(data.p1)
            )),
        ),
        fact(
            "Risks of one test",
            text(format!("alpha {}, beta {}", data.alpha, data.beta)),
        ),
        fact(
            "Outcome",
            text(format!(
                "{outcome} {} found it to be {}.",
                counted(data.accepted, "test", "tests"),
                percent(data.p0)
            )),
        ),
    ];
    let description = format!(
        "The path of the log-likelihood ratio after each decision, between the boundaries {} and {}; \
         it begins anew at 0 whenever it reaches one. {outcome}",
        measured(data.lower),
        measured(data.upper)
    );
    let title = String::from("Wald's sequential test: path and boundaries");
    let chart = figure(
        "chart-sprt",
        title,
        description,
        path("The path of the sequential test", &data.path),
        |words| charts::sprt(data, words),
    );
    blocks(
        facts,
        chart,
        alarms("Alarms of the sequential test", &data.alarms, data.rejected),
    )
}

/// The cumulative sum.
pub(super) fn cusum(data: &CusumFigure) -> Vec<Block> {
    let outcome = match data.alarm_count {
        0 => String::from("No alarm."),
        count => format!("{}.", counted(count, "alarm", "alarms")),
    };
    let facts = vec![
        fact(
            "Event",
            event_fact(&data.event, data.events, data.observations, data.receipts),
        ),
        fact(
            "Question",
            text(format!(
                "did the rate change from {} to {}?",
                percent(data.p0),
                percent(data.p1)
            )),
        ),
        fact(
            "Threshold",
            text(format!(
                "{}: a false alarm every {:.0} decisions on average",
                measured(data.threshold),
                data.run_length
            )),
        ),
        fact("Outcome", text(&*outcome)),
    ];
    let description = format!(
        "The path of the cumulative sum after each decision, from 0 up to the threshold {}. {outcome}",
        measured(data.threshold)
    );
    let title = String::from("Page's cumulative sum: path and threshold");
    let chart = figure(
        "chart-cusum",
        title,
        description,
        path("The path of the cumulative sum", &data.path),
        |words| charts::cusum(data, words),
    );
    blocks(
        facts,
        chart,
        alarms(
            "Alarms of the cumulative sum",
            &data.alarms,
            data.alarm_count,
        ),
    )
}

/// What was found, how it came to it, and the alarms on the way.
fn blocks(facts: Vec<Fact>, chart: Figure, alarms: Vec<Block>) -> Vec<Block> {
    let mut blocks = vec![Block::Facts(facts), Block::Figure(chart)];
    blocks.extend(alarms);
    blocks
}
