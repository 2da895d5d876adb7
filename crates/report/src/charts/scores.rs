//! The scores of one check over time, against its thresholds.

use super::Words;
use super::actions::ticks;
use super::palette::{ALERT, BAND, BLUE, MUTED, dashed};
use super::plot::{chart, real, short, within};
use crate::figures::{CheckFigure, FARTHEST_SCORE};

/// A box from quarter to three quarters in each bucket, its median across it, a line to the 95 %; and
/// the thresholds.
pub(crate) fn scores(figure: &CheckFigure, words: Words<'_>) -> String {
    let buckets = &figure.buckets;
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        return String::new();
    };
    let x = (real(first.from.as_micros()), real(last.to.as_micros()));
    let highs = buckets.iter().flat_map(|bucket| {
        let scores = bucket.scores.map(|scores| [scores.least, scores.high]);
        let thresholds = bucket.thresholds.map(|(low, high)| [low, high]);
        scores.into_iter().chain(thresholds).flatten()
    });
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in highs.map(|value| within(value, FARTHEST_SCORE)) {
        (low, high) = (low.min(value), high.max(value));
    }
    if low > high {
        return String::new();
    }
    // Most scores are from 0 on, and then the axis is.
    let low = if low >= 0.0 { 0.0 } else { low };
    let room = 0.06 * (high - low);
    let y = (if low < 0.0 { low - room } else { low }, high + room);
    chart(words, x, y, |plot| {
        let times = buckets.iter().map(|bucket| bucket.from);
        let ticks = ticks(times, |start| figure.unit.label(start));
        let up = format!("score, by {}", figure.unit.words());
        plot.axes(&ticks, "UTC", &up, short)?;
        let mut threshold = None;
        for bucket in buckets {
            let (from, to) = (real(bucket.from.as_micros()), real(bucket.to.as_micros()));
            let middle = f64::midpoint(from, to);
            if let Some(scores) = bucket.scores {
                plot.line([(middle, scores.least), (middle, scores.high)], MUTED, 2)?;
                plot.bar((from, scores.quarter), (to, scores.three_quarters), BAND, 4)?;
                plot.line([(from, scores.median), (to, scores.median)], BLUE, 5)?;
            }
            if let Some((low, high)) = bucket.thresholds {
                for value in [low, high] {
                    plot.line([(from, value), (to, value)], dashed(ALERT), 4)?;
                }
                threshold = Some(high);
            }
        }
        if let Some(threshold) = threshold {
            plot.beside(&format!("fires {}", short(threshold)), threshold, ALERT)?;
        }
        plot.legend(&[
            (BLUE, "median".into()),
            (BAND, "middle half".into()),
            (MUTED, "least to 95 %".into()),
            (ALERT, "threshold (dashed)".into()),
        ])
    })
}
