//! `ai-audit analyze`: its flags and help.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Asks of a log's decisions whether the system still behaves: rates, changes, drift.
#[derive(Debug, Args)]
#[command(after_help = "\
Everything is computed from the receipts, in their order, so whoever has the
log gets the same numbers. Formulas: docs/spec/statistics.md.

  ai-audit analyze rate audit                  how often answers are withheld
  ai-audit analyze sprt audit --p0 0.01 --p1 0.05     which of two rates it is
  ai-audit analyze cusum audit --p0 0.01 --p1 0.05    when the rate changed
  ai-audit analyze drift audit                 whether actions shifted
  ai-audit analyze scores audit --check toxicity      whether scores shifted

What counts as an event is said by --event:
  action=reject,escalate    one of these actions (this is the default)
  check=toxicity            the check of this name fired
  check=*                   any check fired

The tests assume that decisions are independent of each other. Events that come
in bursts raise alarms earlier. None of this certifies a system.")]
pub(crate) struct Analyze {
    #[command(subcommand)]
    pub(crate) command: AnalyzeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AnalyzeCommand {
    Rate(Rate),
    Sprt(SprtArgs),
    Cusum(CusumArgs),
    Drift(Drift),
    Scores(Scores),
}

/// Which decisions are looked at.
#[derive(Debug, Args)]
pub(crate) struct Observed {
    /// The log directory.
    pub(crate) dir: PathBuf,
    /// The log in it.
    #[arg(long, default_value = "default")]
    pub(crate) log: String,
    /// Only decisions of this model.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Only decisions sealed at or after this time, imported ones made then (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only decisions sealed before this time, imported ones made then (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// End with exit code 1 where there is an alarm, and with 3 where there was too little to test.
    #[arg(long)]
    pub(crate) alarm_fails: bool,
}

/// How often an event occurs, with bounds that hold whenever one looks.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit analyze rate audit
  ai-audit analyze rate audit --event check=toxicity --json
  ai-audit analyze rate audit --max 0.02 --alarm-fails

The bounds are a confidence sequence: with probability 1 - alpha all of them,
at every moment, contain the rate, if it does not change. So one may look each
hour, and stop when one has seen enough.")]
pub(crate) struct Rate {
    #[command(flatten)]
    pub(crate) observed: Observed,
    /// What counts as an event.
    #[arg(long, default_value = "action=reject,escalate")]
    pub(crate) event: String,
    /// How often the bounds may be wrong.
    #[arg(long, default_value_t = 0.05)]
    pub(crate) alpha: f64,
    /// The most that the rate may be; an alarm when it is above for certain.
    #[arg(long, value_name = "RATE")]
    pub(crate) max: Option<f64>,
}

/// Wald's sequential test between two rates; begins anew after each decision.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit analyze sprt audit --p0 0.01 --p1 0.05
  ai-audit analyze sprt audit --p0 0.001 --p1 0.01 --event check=jailbreak
  ai-audit analyze sprt audit --p0 0.01 --p1 0.05 --strict --json

Each test that rejects p0 is an alarm. alpha and beta are those of one test; the
exact ones are printed beside them. A p1 below p0 watches for a rate that falls,
such as that of a filter that went silent. JSON lists the first 1000 alarms.")]
pub(crate) struct SprtArgs {
    #[command(flatten)]
    pub(crate) observed: Observed,
    /// What counts as an event.
    #[arg(long, default_value = "action=reject,escalate")]
    pub(crate) event: String,
    /// The rate as usual.
    #[arg(long)]
    pub(crate) p0: f64,
    /// The rate that is to be noticed.
    #[arg(long)]
    pub(crate) p1: f64,
    /// How often p0 may be rejected wrongly.
    #[arg(long, default_value_t = 0.01)]
    pub(crate) alpha: f64,
    /// How often p0 may be accepted wrongly.
    #[arg(long, default_value_t = 0.01)]
    pub(crate) beta: f64,
    /// Keep alpha and beta for certain, by longer tests; else Wald's limits keep them about.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Page's cumulative sum: notices that the rate changed, and about when.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit analyze cusum audit --p0 0.01 --p1 0.05
  ai-audit analyze cusum audit --p0 0.01 --p1 0.05 --run-length 100000
  ai-audit analyze cusum audit --p0 0.2 --p1 0.05 --event check=toxicity

The threshold follows from the average number of decisions between two false
alarms that you can bear. JSON lists the first 1000 alarms.")]
pub(crate) struct CusumArgs {
    #[command(flatten)]
    pub(crate) observed: Observed,
    /// What counts as an event.
    #[arg(long, default_value = "action=reject,escalate")]
    pub(crate) event: String,
    /// The rate as usual.
    #[arg(long)]
    pub(crate) p0: f64,
    /// The rate that is to be noticed.
    #[arg(long)]
    pub(crate) p1: f64,
    /// Decisions between two false alarms, on average, at p0.
    #[arg(long, value_name = "DECISIONS", default_value_t = 10_000.0)]
    pub(crate) run_length: f64,
}

/// What windows are, and when they differ.
#[derive(Debug, Args)]
pub(crate) struct Windows {
    /// Length of a window, in observations.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) window: u32,
    /// Length of the baseline: the first observations.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) baseline: u32,
    /// How often a log without drift may have a window that is flagged.
    #[arg(long, default_value_t = 0.01)]
    pub(crate) alpha: f64,
}

/// Whether actions, models or fired checks shift, window by window.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit analyze drift audit
  ai-audit analyze drift audit --over checks --window 200 --baseline 2000
  ai-audit analyze drift audit --over model --slow --json

Each window is compared with the baseline: their Jensen-Shannon divergence in
bits (0 the same, 1 nothing in common), the probability that chance alone does
that, and the category that contributes most. alpha is divided by the number of
windows. With --slow the baseline is everything before the window, older
decisions counting less. JSON lists the ten categories that contribute most.")]
pub(crate) struct Drift {
    #[command(flatten)]
    pub(crate) observed: Observed,
    /// What is counted: the action, the model, or the set of checks that fired.
    #[arg(long, value_enum, default_value = "action")]
    pub(crate) over: Over,
    #[command(flatten)]
    pub(crate) windows: Windows,
    /// Let the baseline follow, and hold about as many as --baseline says.
    #[arg(long)]
    pub(crate) slow: bool,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Over {
    Action,
    Model,
    Checks,
}

/// Whether the scores of a check shift, window by window.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ai-audit analyze scores audit --check toxicity
  ai-audit analyze scores audit --check toxicity --window 200 --json

Each window is compared with the baseline by the Kolmogorov-Smirnov test, and by
the population stability index (from 0.1 some, from 0.25 much; by habit, which
is no test). alpha is divided by the number of windows.")]
pub(crate) struct Scores {
    #[command(flatten)]
    pub(crate) observed: Observed,
    /// The check.
    #[arg(long, value_name = "NAME")]
    pub(crate) check: String,
    #[command(flatten)]
    pub(crate) windows: Windows,
}
