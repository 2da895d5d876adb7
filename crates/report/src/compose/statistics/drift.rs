//! Drift: windows of decisions, and how far each is from the first ones.

use super::{cells, figure};
use crate::charts;
use crate::compose::cells::{fact, measured, number, percent, table, text};
use crate::document::{Block, Span, Tone};
use crate::figures::DriftFigure;
use crate::text::{counted, grouped};

/// Windows against the baseline.
pub(super) fn drift(data: &DriftFigure) -> Vec<Block> {
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
