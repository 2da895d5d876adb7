//! Decisions over time, stacked by action.

use super::Words;
use super::palette::{BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, hatched};
use super::plot::{chart, real, short};
use crate::figures::ActionFigure;
use crate::text::grouped;
use ai_audit_core::{Action, Timestamp};
use plotters::style::RGBColor;

/// The colour of each action, in the order of their numbers. All but one are hatched.
const OF_ACTIONS: [RGBColor; 6] = [
    BLUE,
    hatched(VERMILION),
    hatched(PURPLE),
    hatched(SKY),
    hatched(ORANGE),
    hatched(GREEN),
];

/// About how many labels stand below.
const LABELS: usize = 7;

/// Labels of times, spread over buckets.
pub(super) fn ticks(
    buckets: impl ExactSizeIterator<Item = Timestamp>,
    label: impl Fn(Timestamp) -> String,
) -> Vec<(f64, String)> {
    let every = buckets.len().div_ceil(LABELS).max(1);
    let chosen = buckets.step_by(every);
    chosen
        .map(|start| {
            (
                real(start.as_micros()),
                label(start).replace("week of ", ""),
            )
        })
        .collect()
}

/// Bars of decisions, one a bucket.
pub(crate) fn actions(figure: &ActionFigure, words: Words<'_>) -> String {
    let buckets = &figure.buckets;
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        return String::new();
    };
    let x = (real(first.from.as_micros()), real(last.to.as_micros()));
    let sum = |counts: &[u64; 6]| {
        counts
            .iter()
            .fold(0, |sum: u64, count| sum.saturating_add(*count))
    };
    let most = buckets.iter().map(|bucket| sum(&bucket.counts)).max();
    let y = (0.0, real(most.unwrap_or(1)) * 1.05);
    let mut totals = [0u64; 6];
    for bucket in buckets {
        for (total, count) in totals.iter_mut().zip(bucket.counts) {
            *total = total.saturating_add(count);
        }
    }
    chart(words, x, y, |plot| {
        let times = buckets.iter().map(|bucket| bucket.from);
        let ticks = ticks(times, |start| figure.unit.label(start));
        let up = format!("decisions per {}", figure.unit.words());
        plot.axes(&ticks, "UTC", &up, |y| {
            if y.fract() != 0.0 {
                // There is no half a decision.
                String::new()
            } else if (1_000.0..1e6).contains(&y) {
                format!("{}k", short(y / 1_000.0))
            } else {
                short(y)
            }
        })?;
        for bucket in buckets {
            let (from, to) = (real(bucket.from.as_micros()), real(bucket.to.as_micros()));
            let mut below = 0u64;
            for (count, colour) in bucket.counts.into_iter().zip(OF_ACTIONS) {
                if count > 0 {
                    let above = below.saturating_add(count);
                    let (low, high) = (real(below), real(above));
                    plot.bar((from, low), (to, high), colour, 3)?;
                    below = above;
                }
            }
        }
        let entries: Vec<(RGBColor, String)> = Action::ALL
            .iter()
            .zip(OF_ACTIONS)
            .zip(totals)
            .filter(|(_, total)| *total > 0)
            .map(|((action, colour), total)| {
                (colour, format!("{} {}", action.name(), grouped(total)))
            })
            .collect();
        plot.legend(&entries)
    })
}
