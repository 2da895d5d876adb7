//! A row of the table: what is measured, beside what, and the bar that it is held to.

use super::quantile;
use serde_json::{Value, json};

/// One row. `cargo xtask bench` reads what it prints.
#[derive(Clone, Debug)]
#[must_use]
pub struct Row {
    group: &'static str,
    work: String,
    beside: &'static str,
    bar: Option<(&'static str, f64)>,
}

impl Row {
    /// A row without a bar.
    pub fn new(group: &'static str, work: &str) -> Self {
        Self {
            group,
            work: work.into(),
            beside: "",
            bar: None,
        }
    }

    /// What it is measured beside, in a word or two.
    pub const fn beside(mut self, what: &'static str) -> Self {
        self.beside = what;
        self
    }

    /// The bar: at most this. Of a pair the ratio is meant, of a figure the figure.
    pub const fn most(mut self, bar: f64) -> Self {
        self.bar = Some(("most", bar));
        self
    }

    /// The bar: at least this.
    pub const fn least(mut self, bar: f64) -> Self {
        self.bar = Some(("least", bar));
        self
    }

    pub const fn group(&self) -> &'static str {
        self.group
    }

    pub fn work(&self) -> &str {
        &self.work
    }

    /// Prints the medians of rounds of nanoseconds, ours and the other's.
    pub(super) fn print_pair(&self, rounds: &[(f64, f64)]) {
        let mut ours: Vec<f64> = rounds.iter().map(|round| round.0).collect();
        let mut bare: Vec<f64> = rounds.iter().map(|round| round.1).collect();
        let mut ratios: Vec<f64> = rounds.iter().map(|(ours, bare)| ours / bare).collect();
        let quartiles = [quantile(&mut ratios, 0.25), quantile(&mut ratios, 0.75)];
        let measured = json!({
            "unit": "ns",
            "ours": quantile(&mut ours, 0.5),
            "bare": quantile(&mut bare, 0.5),
            "ratio": quantile(&mut ratios, 0.5),
            "quartiles": quartiles,
            "rounds": rounds.len(),
        });
        self.print(measured);
    }

    pub(super) fn print_figure(&self, figure: f64, unit: &str) {
        self.print(json!({ "unit": unit, "ours": figure }));
    }

    pub(super) fn print_proportion(&self, ours: f64, bare: f64, unit: &str) {
        self.print(json!({ "unit": unit, "ours": ours, "bare": bare, "ratio": ours / bare }));
    }

    #[allow(
        clippy::print_stdout,
        reason = "standard output is what the caller reads"
    )]
    fn print(&self, mut row: Value) {
        row["group"] = self.group.into();
        row["work"] = self.work.as_str().into();
        row["beside"] = self.beside.into();
        if let Some((kind, bar)) = self.bar {
            row["bar"] = json!({ kind: bar });
        }
        println!("{row}");
    }
}
