//! The paths of rate and drift alone, followed as a log grows.

use super::data::{CusumFigure, DriftFigure, SprtFigure};
use super::drift::Drift;
use super::event::Event;
use super::mark::Mark;
use super::rates::Rates;
use super::{FigureOptions, Figures};
use ai_audit_analytics::AnalyticsError;
use ai_audit_core::{Decision, DecodeBody as _, Kind, UnverifiedReceipt};
use serde::Serialize;

/// The figures that have a path, of receipts as they stand in a log: for those who look at a log while
/// it grows, such as its keeper. Nothing is verified; what is to be shown to others is for
/// [`Figures`]. Memory is bounded whatever the receipts say, at some 2 MB.
///
/// ```
/// use ai_audit_report::{FigureOptions, Paths};
/// let paths = Paths::new(&FigureOptions::default())?;
/// // paths.push(&receipt) for each receipt of the log, and a look whenever somebody wants one.
/// assert_eq!(paths.now().sprt.observations, 0);
/// # Ok::<(), ai_audit_analytics::AnalyticsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Paths {
    event: Event,
    rates: Rates,
    drift: Drift,
    unreadable: u64,
}

/// The figures of [`Paths`] as they are at one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathData {
    /// Wald's test between two rates.
    pub sprt: SprtFigure,
    /// Page's sum for a change of the rate.
    pub cusum: CusumFigure,
    /// How far windows are from the first decisions.
    pub drift: DriftFigure,
    /// Decisions whose body does not decode; they count nowhere.
    pub unreadable: u64,
}

impl Paths {
    /// Before the first receipt. Of the options those on period and trace count for nothing.
    ///
    /// # Errors
    ///
    /// As [`Figures::new`].
    pub fn new(options: &FigureOptions) -> Result<Self, AnalyticsError> {
        Ok(Self {
            event: options.event.clone(),
            rates: Figures::rates(options)?,
            drift: Figures::drift(options)?,
            unreadable: 0,
        })
    }

    /// Takes the next receipt of the log; those that say no decision change nothing. One that brings a
    /// decision of another system counts as the decision. Gives the decision, where it is one.
    pub fn push<'r>(&mut self, receipt: &UnverifiedReceipt<'r>) -> Option<Decision<'r>> {
        let said = receipt.said();
        if said.kind != Kind::DECISION {
            return None;
        }
        let mark = Mark::of(receipt, &said);
        let Ok(decision) = Decision::decode_said(&said) else {
            self.unreadable += 1;
            return None;
        };
        self.rates.push(&mark, self.event.is(&decision));
        self.drift.push(&mark, &decision);
        Some(decision)
    }

    /// How the figures are now.
    #[must_use]
    pub fn now(&self) -> PathData {
        let (sprt, cusum, _) = self.rates.clone().finish();
        let (drift, _) = self.drift.clone().finish();
        PathData {
            sprt,
            cusum,
            drift,
            unreadable: self.unreadable,
        }
    }
}
