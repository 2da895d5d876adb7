//! Many sessions: (p, δ, k)-satisfaction with bounds, and the reliability index.

use crate::bounds::float;
use crate::session::Episodes;
use crate::steadiness::Steadiness;
use crate::{Bounds, Contract, Evaluation, Kept, Session, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// The most sessions that are told apart.
pub const MAX_SESSIONS: usize = 1 << 20;

/// Counts what the states of many sessions come to. Sessions may be interleaved.
#[derive(Debug)]
pub struct Tally<'c> {
    contract: &'c Contract,
    sessions: BTreeMap<String, Session<'c>>,
    verdicts: [u64; 3],
    /// Sum over states of the share of rules that hold.
    compliance: f64,
    steadiness: Steadiness,
}

/// What the bounds say of the contract's target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Satisfied {
    /// Even the lower bound reaches p.
    Satisfied,
    /// Even the upper bound does not.
    Violated,
    /// Neither: more sessions are needed.
    Undecided,
}

/// What was found over all sessions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Sessions with a state at least.
    pub sessions: u64,
    /// States.
    pub states: u64,
    /// States without a broken rule.
    pub compliant: u64,
    /// States that break soft rules only.
    pub soft_violations: u64,
    /// States that break hard rules.
    pub hard_breaches: u64,
    /// Sessions that keep the contract.
    pub kept: u64,
    /// Sessions of which nobody knows yet.
    pub open: u64,
    /// Sessions without a hard breach.
    pub without_breach: u64,
    /// The share of sessions that keep it, in its bounds.
    pub probability: Bounds,
    /// The contract's p.
    pub target: f64,
    /// What the bounds say of it.
    pub satisfaction: Satisfied,
    /// The greatest share of soft rules that one state broke.
    pub greatest_deviation: f64,
    /// States until the share of broken soft rules was back at delta, the longest that it took.
    pub longest_recovery: u64,
    /// Broken soft rules by name, those that were never broken left out.
    pub soft_rules: BTreeMap<String, Episodes>,
    /// The reliability index.
    pub reliability: Index,
}

/// The reliability index and what it is made of; all but `events` are 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Index {
    /// The index.
    pub theta: f64,
    /// Mean share of rules that hold.
    pub compliance: f64,
    /// Drift from the first window to the last.
    pub drift: f64,
    /// Events for each session: hard breaches and begun episodes of soft rules.
    pub events: f64,
    /// Share of episodes that ended in time.
    pub recovery: f64,
    /// The contract's threshold.
    pub threshold: f64,
}

/// There are too many sessions to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_SESSIONS} sessions; count them in parts")]
pub struct TooManySessions;

impl<'c> Tally<'c> {
    /// Before the first state.
    #[must_use]
    pub fn new(contract: &'c Contract) -> Self {
        Self {
            contract,
            sessions: BTreeMap::new(),
            verdicts: [0; 3],
            compliance: 0.0,
            steadiness: Steadiness::new(contract.drift),
        }
    }

    /// How many states of a session were taken.
    #[must_use]
    pub fn states_of(&self, session: &str) -> u64 {
        self.sessions.get(session).map_or(0, Session::states)
    }

    /// Takes the next state of a session.
    ///
    /// # Errors
    ///
    /// When it is one session more than [`MAX_SESSIONS`].
    pub fn push(&mut self, session: &str, found: &Evaluation<'_>) -> Result<(), TooManySessions> {
        if !self.sessions.contains_key(session) {
            if self.sessions.len() >= MAX_SESSIONS {
                return Err(TooManySessions);
            }
            let new = Session::new(self.contract);
            self.sessions.insert(session.into(), new);
        }
        if let Some(one) = self.sessions.get_mut(session) {
            one.push(found);
        }
        if let Some(count) = self.verdicts.get_mut(found.verdict as usize) {
            *count += 1;
        }
        let rules = self.contract.hard.len() + self.contract.soft.len();
        let broken = found.hard.len() + found.soft.len();
        let holding = match rules {
            0 => 1.0,
            rules => 1.0 - float(broken as u64) / float(rules as u64),
        };
        self.compliance += holding;
        self.steadiness.push(found.verdict, holding);
        Ok(())
    }

    /// Whether no state was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The worst verdict of all states; compliant where there are none.
    #[must_use]
    pub const fn worst(&self) -> Verdict {
        match self.verdicts {
            [_, 0, 0] => Verdict::Compliant,
            [_, _, 0] => Verdict::SoftViolation,
            _ => Verdict::HardBreach,
        }
    }

    /// What was found so far, as if every session ended now.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let [compliant, soft_violations, hard_breaches] = self.verdicts;
        let sessions = self.sessions.len() as u64;
        let (mut kept, mut open, mut without_breach) = (0, 0, 0);
        let mut greatest_deviation = 0.0_f64;
        let mut above = Episodes::default();
        let mut all = Episodes::default();
        let mut soft_rules: BTreeMap<String, Episodes> = BTreeMap::new();
        for session in self.sessions.values() {
            kept += u64::from(session.kept() == Kept::Yes);
            open += u64::from(session.kept() == Kept::Open);
            without_breach += u64::from(session.hard_breaches() == 0);
            greatest_deviation = greatest_deviation.max(session.greatest_deviation());
            above.add(&session.above_delta());
            for (name, episodes) in session.rules() {
                all.add(&episodes);
                if episodes.begun() > 0 {
                    soft_rules.entry(name.into()).or_default().add(&episodes);
                }
            }
        }
        let target = self.contract.satisfaction.p;
        let probability = Bounds::of(kept, open, sessions);
        let satisfaction = if probability.lower >= target {
            Satisfied::Satisfied
        } else if probability.upper < target {
            Satisfied::Violated
        } else {
            Satisfied::Undecided
        };
        Summary {
            sessions,
            states: compliant + soft_violations + hard_breaches,
            compliant,
            soft_violations,
            hard_breaches,
            kept,
            open,
            without_breach,
            probability,
            target,
            satisfaction,
            greatest_deviation,
            longest_recovery: above.longest,
            soft_rules,
            reliability: self.index(&all, sessions),
        }
    }

    fn index(&self, episodes: &Episodes, sessions: u64) -> Index {
        let [compliant, soft, hard] = self.verdicts;
        let states = compliant + soft + hard;
        let ended = episodes.in_time + episodes.late;
        let compliance = match states {
            0 => 1.0,
            states => self.compliance / float(states),
        };
        let events = float(hard + episodes.begun()) / float(sessions.max(1));
        let recovery = match ended {
            0 => 1.0,
            ended => float(episodes.in_time) / float(ended),
        };
        let drift = self.steadiness.drift();
        let weights = self.contract.reliability;
        let parts = [
            (weights.compliance, compliance),
            (weights.drift, 1.0 - drift),
            (weights.event_freq, 1.0 / (1.0 + events)),
            (weights.recovery_success, recovery),
        ];
        let whole: f64 = parts.iter().map(|(weight, _)| weight).sum();
        Index {
            theta: parts
                .iter()
                .map(|(weight, part)| weight * part)
                .sum::<f64>()
                / whole,
            compliance,
            drift,
            events,
            recovery,
            threshold: weights.deployment_threshold,
        }
    }
}
