//! Figures over the decisions of the period, each with the table behind it.

use super::cells::{between, fact, measured, moment, number, percent, section, table, text};
use crate::charts::{self, Words};
use crate::document::{Block, Figure, Section, Span, Table, Tone};
use crate::figures::{
    ActionFigure, Alarm, Between, CheckFigure, CusumFigure, DriftFigure, FARTHEST_SCORE,
    FigureData, SprtFigure, Stretch, rows,
};
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
    sprt_section.blocks.extend(sprt(&data.sprt));
    sections.push(sprt_section);
    let mut cusum_section = section("statistics-cusum", 3, "Change of a rate");
    cusum_section.blocks.extend(cusum(&data.cusum));
    sections.push(cusum_section);
    let mut drift_section = section("statistics-drift", 3, "Drift");
    drift_section.blocks.extend(drift(&data.drift));
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
            text(moment(alarm.sealed_at)),
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

fn sprt(data: &SprtFigure) -> Vec<Block> {
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
    let behind = path("The path of the sequential test", &data.path);
    let mut blocks = vec![
        Block::Facts(facts),
        Block::Figure(figure("chart-sprt", title, description, behind, |words| {
            charts::sprt(data, words)
        })),
    ];
    blocks.extend(alarms(
        "Alarms of the sequential test",
        &data.alarms,
        data.rejected,
    ));
    blocks
}

fn cusum(data: &CusumFigure) -> Vec<Block> {
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
    let behind = path("The path of the cumulative sum", &data.path);
    let mut blocks = vec![
        Block::Facts(facts),
        Block::Figure(figure("chart-cusum", title, description, behind, |words| {
            charts::cusum(data, words)
        })),
    ];
    blocks.extend(alarms(
        "Alarms of the cumulative sum",
        &data.alarms,
        data.alarm_count,
    ));
    blocks
}

fn drift(data: &DriftFigure) -> Vec<Block> {
    if data.shown.is_empty() {
        return vec![Block::Text(text(format!(
            "Too few decisions: drift needs a baseline of {} and a whole window of {}.",
            grouped(data.baseline.into()),
            grouped(data.window.into())
        )))];
    }
    let flagged = data.shown.iter().filter(|window| window.flagged).count() as u64;
    let outcome = match flagged {
        0 => String::from("No window is flagged."),
        count => format!("{} flagged.", counted(count, "window is", "windows are")),
    };
    let facts = vec![
        fact("Counted", vec![Span::Code(data.over.into())]),
        fact(
            "Windows",
            text(format!(
                "{} of {} decisions each, against the first {}; {} behind the last whole window",
                grouped(data.windows),
                grouped(data.window.into()),
                grouped(data.baseline.into()),
                grouped(data.left_over)
            )),
        ),
        fact(
            "Flagged",
            text(format!(
                "where chance alone gives that in at most {:.1e} of cases: alpha {} divided by the number of windows",
                data.level, data.alpha
            )),
        ),
        fact("Outcome", text(&*outcome)),
    ];
    let mut behind = table(
        "Windows, how far each is from the baseline, and what changed most",
        &[
            ("Receipts, first and last", false),
            ("Stands for", true),
            ("Divergence, bits", true),
            ("Probability", true),
            ("Flagged", false),
            ("Most changed", false),
            ("Before", true),
            ("In the window", true),
        ],
    );
    for window in &data.shown {
        behind.rows.push(vec![
            cells(window.receipts),
            number(window.of),
            text(measured(window.bits)),
            text(format!("{:.1e}", window.p)),
            vec![if window.flagged {
                Span::Toned(Tone::Bad, "flagged".into())
            } else {
                Span::text("no")
            }],
            text(&*window.most),
            text(percent(window.before)),
            text(percent(window.within)),
        ]);
    }
    let description = format!(
        "Each point is a window: at height y, chance alone makes a window differ so much from the \
         baseline once in 10^y times. From the dashed line on it is flagged. {outcome}"
    );
    let title = format!("Drift of {} over time", data.over);
    vec![
        Block::Facts(facts),
        Block::Figure(figure("chart-drift", title, description, behind, |words| {
            charts::drift(data, words)
        })),
    ]
}
