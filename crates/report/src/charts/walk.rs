//! The paths of the two tests of a rate, with their boundaries.

use super::Words;
use super::palette::{ALERT, BAND, BLUE, GREEN, dashed};
use super::plot::{Drawn, Plot, chart, real, short};
use crate::figures::{Alarm, CusumFigure, SprtFigure, Stretch};
use crate::text::grouped;

/// About how many labels stand below.
const LABELS: u64 = 6;

/// The path of the sequential test between its two boundaries.
pub(crate) fn sprt(figure: &SprtFigure, words: Words<'_>) -> String {
    let y = reach(&figure.path, (figure.lower, figure.upper));
    path_chart(words, &figure.path, &figure.alarms, y, |plot| {
        plot.level(figure.upper, dashed(ALERT))?;
        plot.beside("p1 holds", figure.upper, ALERT)?;
        plot.level(figure.lower, dashed(GREEN))?;
        plot.beside("p0 holds", figure.lower, GREEN)
    })
}

/// The path of the cumulative sum under its threshold.
pub(crate) fn cusum(figure: &CusumFigure, words: Words<'_>) -> String {
    let y = reach(&figure.path, (0.0, figure.threshold));
    path_chart(words, &figure.path, &figure.alarms, y, |plot| {
        plot.level(figure.threshold, dashed(ALERT))?;
        let label = format!("alarm {}", short(figure.threshold));
        plot.beside(&label, figure.threshold, ALERT)
    })
}

/// From the least to the greatest, with some room.
fn reach(path: &[Stretch], (mut low, mut high): (f64, f64)) -> (f64, f64) {
    for stretch in path {
        (low, high) = (low.min(stretch.least), high.max(stretch.greatest));
    }
    let room = 0.08 * (high - low);
    (if low < 0.0 { low - room } else { low }, high + room)
}

fn path_chart(
    words: Words<'_>,
    path: &[Stretch],
    alarms: &[Alarm],
    y: (f64, f64),
    boundaries: impl FnOnce(&Plot<'_>) -> Drawn,
) -> String {
    let Some(last) = path.last() else {
        return String::new();
    };
    let x = (0.0, real(last.to));
    chart(words, x, y, |plot| {
        let step = round_step(last.to.div_ceil(LABELS));
        let ticks: Vec<(f64, String)> = (0..=LABELS + 1)
            .map_while(|place| step.checked_mul(place))
            .take_while(|place| *place <= last.to)
            .map(|place| (real(place), grouped(place)))
            .collect();
        plot.axes(&ticks, "decisions", "log-likelihood ratio, nats", short)?;
        let joined = path.iter().any(|stretch| stretch.to > stretch.from);
        if joined {
            let above = path.iter().map(|s| (real(s.to), s.greatest));
            let below = path.iter().rev().map(|s| (real(s.to), s.least));
            plot.fill(above.chain(below), BAND)?;
        }
        boundaries(plot)?;
        let values = path.iter().map(|stretch| (real(stretch.to), stretch.last));
        plot.line([(0.0, 0.0)].into_iter().chain(values), BLUE, 4)?;
        for alarm in alarms {
            let within =
                |stretch: &&Stretch| (stretch.from..=stretch.to).contains(&alarm.observation);
            if let Some(stretch) = path.iter().find(within) {
                plot.flag((real(alarm.observation), stretch.greatest), ALERT)?;
            }
        }
        let mut legend = vec![(BLUE, String::from("path"))];
        if joined {
            legend.push((BAND, "least to greatest".into()));
        }
        if !alarms.is_empty() {
            legend.push((ALERT, "alarm (triangle)".into()));
        }
        plot.legend(&legend)
    })
}

/// 1, 2 or 5 times a power of ten, at least so much.
fn round_step(least: u64) -> u64 {
    let mut ten = 1u64;
    loop {
        for times in [1, 2, 5] {
            let step = ten.saturating_mul(times);
            if step >= least {
                return step;
            }
        }
        ten = ten.saturating_mul(10);
        if ten == u64::MAX {
            return ten;
        }
    }
}
