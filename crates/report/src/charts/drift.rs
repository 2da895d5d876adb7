//! Drift over windows, against its threshold.

use super::Words;
use super::palette::{ALERT, BLUE, dashed};
use super::plot::{chart, real, short};
use crate::figures::DriftFigure;
use crate::text::grouped;

/// Less likely than this is drawn as this.
const LEAST: f64 = 1e-30;
/// About how many labels stand below.
const LABELS: usize = 6;

/// A probability as how many powers of ten it is below 1.
pub(crate) fn powers(p: f64) -> f64 {
    -p.clamp(LEAST, 1.0).log10()
}

/// How unlikely each window is by chance alone, and from where on it is flagged.
pub(crate) fn drift(figure: &DriftFigure, words: Words<'_>) -> String {
    if figure.shown.is_empty() {
        return String::new();
    }
    let limit = powers(figure.level);
    let most = figure.shown.iter().map(|window| powers(window.p));
    let most = most.fold(limit, f64::max);
    let places = || (1u64..).map(real).zip(&figure.shown);
    let x = (0.5, real(figure.shown.len() as u64) + 0.5);
    chart(words, x, (0.0, most * 1.1), |plot| {
        let every = figure.shown.len().div_ceil(LABELS).max(1);
        let ticks: Vec<(f64, String)> = places()
            .step_by(every)
            .map(|(x, window)| (x, grouped(window.receipts.first)))
            .collect();
        let up = "y: by chance alone once in 10^y windows";
        plot.axes(&ticks, "first receipt of the window", up, short)?;
        plot.level(limit, dashed(ALERT))?;
        plot.beside("flagged", limit, ALERT)?;
        plot.line(places().map(|(x, w)| (x, powers(w.p))), BLUE, 4)?;
        for (x, window) in places() {
            let at = (x, powers(window.p));
            if window.flagged {
                plot.flag(at, ALERT)?;
            } else if figure.shown.len() <= 60 {
                plot.dot(at, BLUE)?;
            }
        }
        Ok(())
    })
}
