//! Statistics over decisions: is the system still behaving, did what it does drift, what are its figures.
//!
//! Everything takes one observation at a time, in constant time and memory, and every state can be
//! written and read back with serde. What is computed, and under which assumptions, is in
//! `docs/spec/statistics.md`, so that anybody can compute it again from the receipts.
//!
//! | need | use |
//! |---|---|
//! | decide between two rates | [`Sprt`] with a [`SprtPlan`] |
//! | notice that a rate has changed | [`Cusum`] with a [`CusumPlan`] |
//! | know a rate, whenever somebody looks | [`ConfidenceSequence`] |
//! | notice that actions, models or check outcomes shift | [`DriftMonitor`], [`Divergence`] |
//! | notice that scores shift | [`ScoreMonitor`], [`ScoreDrift`] |
//! | figures over all decisions, per tenant, model, day | [`Summary`] |
//! | quantiles of a stream | [`Quantiles`] |
//! | simulate | [`SplitMix64`] |
//!
//! # Example
//!
//! ```
//! use ai_audit_analytics::{Cusum, CusumPlan, Shift};
//! use ai_audit_core::Action;
//!
//! // Usually one of a hundred answers is rejected; five of a hundred are to be noticed. A false alarm
//! // about every 10,000 decisions can be borne.
//! let plan = CusumPlan::for_run_length(Shift::new(0.01, 0.05)?, 10_000.0)?;
//! let mut cusum = Cusum::new(plan);
//! for action in [Action::Allow, Action::Reject, Action::Allow] {
//!     assert!(!cusum.push(action == Action::Reject));
//! }
//! # Ok::<(), ai_audit_analytics::AnalyticsError>(())
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod categories;
mod confidence;
mod cusum;
mod divergence;
mod drift;
mod error;
mod interval;
mod kolmogorov;
mod quantiles;
mod random;
mod scores;
mod significance;
mod sprt;
mod summary;
mod walk;

pub use categories::{Categories, MAX_CATEGORIES, MAX_NAME, REST};
pub use confidence::ConfidenceSequence;
pub use cusum::{Cusum, CusumPlan};
pub use divergence::{Contribution, Divergence};
pub use drift::{Baseline, DriftMonitor, MAX_WINDOW};
pub use error::AnalyticsError;
pub use interval::Interval;
pub use quantiles::Quantiles;
pub use random::SplitMix64;
pub use scores::{MAX_SCORES, ScoreDrift, ScoreMonitor};
pub use significance::{G, Significance, chi_square_tail};
pub use sprt::{Sprt, SprtBehaviour, SprtDecision, SprtLimits, SprtLines, SprtPlan};
pub use summary::{CheckReport, CountReport, GroupReport, Spread, Summary, SummaryReport};
pub use walk::Shift;
