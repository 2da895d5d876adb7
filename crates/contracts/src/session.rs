//! One session: is the contract kept, and do broken soft rules hold again in time?

use crate::bounds::float;
use crate::{Contract, Evaluation, Verdict};
use serde::Serialize;

/// Follows the states of one session.
///
/// # Examples
///
/// ```
/// use ai_audit_contracts::{Contract, Kept, Session, State};
///
/// let contract = Contract::parse(
///     r#"{"name": "c", "version": "1", "satisfaction": {"p": 0.9, "delta": 0, "k": 1},
///         "invariants": {"soft": [{"name": "tone", "check": {"field": "tone", "gte": 0.7}}]}}"#,
/// )?;
/// let mut session = Session::new(&contract);
/// for tone in ["0.9", "0.1", "0.8", "0.2"] {
///     let state = State::parse(&format!(r#"{{"tone": {tone}}}"#))?;
///     session.push(&contract.evaluate(&state));
/// }
/// // Back after one state the first time; nobody knows about the second.
/// assert_eq!(session.kept(), Kept::Open);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Session<'c> {
    contract: &'c Contract,
    states: u64,
    hard_breaches: u64,
    above: Watch,
    /// One for each soft rule.
    rules: Vec<Watch>,
    greatest: f64,
}

/// Whether a session keeps its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It ended while a recovery was under way and in time.
    Open,
}

/// Times at which something was broken, and how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Episodes {
    /// Those that ended within their window.
    pub in_time: u64,
    /// Those that did not.
    pub late: u64,
    /// Those whose window had not passed at the end of the session.
    pub open: u64,
    /// States from the break to the longest recovery, in time or not.
    pub longest: u64,
}

impl Episodes {
    /// All that began.
    #[must_use]
    pub const fn begun(&self) -> u64 {
        self.in_time + self.late + self.open
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.in_time += other.in_time;
        self.late += other.late;
        self.open += other.open;
        self.longest = self.longest.max(other.longest);
    }
}

/// Follows one thing that may be broken.
#[derive(Debug, Clone, Default)]
struct Watch {
    window: u64,
    /// States since the one that broke it.
    since: Option<u64>,
    done: Episodes,
}

impl Watch {
    fn see(&mut self, broken: bool) {
        match (self.since, broken) {
            (None, false) => {}
            (None, true) => self.since = Some(0),
            (Some(states), true) => self.since = Some(states + 1),
            (Some(states), false) => {
                let took = states + 1;
                self.done.longest = self.done.longest.max(took);
                match took <= self.window {
                    true => self.done.in_time += 1,
                    false => self.done.late += 1,
                }
                self.since = None;
            }
        }
    }

    /// As if the session ended now.
    fn episodes(&self) -> Episodes {
        let mut all = self.done;
        match self.since {
            // At the window's last state it was still broken.
            Some(states) if states >= self.window => all.late += 1,
            Some(_) => all.open += 1,
            None => {}
        }
        all
    }
}

impl<'c> Session<'c> {
    /// Before the first state.
    #[must_use]
    pub fn new(contract: &'c Contract) -> Self {
        let watch = |window| Watch {
            window,
            ..Watch::default()
        };
        Self {
            contract,
            states: 0,
            hard_breaches: 0,
            above: watch(contract.satisfaction.k),
            rules: contract
                .soft
                .iter()
                .map(|soft| watch(soft.window))
                .collect(),
            greatest: 0.0,
        }
    }

    /// Takes the evaluation of the next state under the same contract.
    pub fn push(&mut self, evaluation: &Evaluation<'_>) {
        self.states += 1;
        self.hard_breaches += u64::from(evaluation.verdict == Verdict::HardBreach);
        let mut broken = 0_u64;
        for (watch, soft) in self.rules.iter_mut().zip(&self.contract.soft) {
            let now = evaluation.soft.contains(&soft.rule.name.as_str());
            broken += u64::from(now);
            watch.see(now);
        }
        let deviation = match self.rules.len() {
            0 => 0.0,
            rules => float(broken) / float(rules as u64),
        };
        self.greatest = self.greatest.max(deviation);
        // A third of the rules is not more than a delta of 1/3 that was written in decimals.
        self.above
            .see(deviation > self.contract.satisfaction.delta + 1e-9);
    }

    /// Whether the contract is kept, as if the session ended now.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let above = self.above.episodes();
        if self.hard_breaches > 0 || above.late > 0 {
            Kept::No
        } else if above.open > 0 {
            Kept::Open
        } else {
            Kept::Yes
        }
    }

    /// The number of states.
    #[must_use]
    pub const fn states(&self) -> u64 {
        self.states
    }

    /// How many of them are hard breaches.
    #[must_use]
    pub const fn hard_breaches(&self) -> u64 {
        self.hard_breaches
    }

    /// The greatest share of soft rules that one state broke, 0 to 1.
    #[must_use]
    pub const fn greatest_deviation(&self) -> f64 {
        self.greatest
    }

    /// How often the share of broken soft rules went above delta.
    #[must_use]
    pub fn above_delta(&self) -> Episodes {
        self.above.episodes()
    }

    /// The episodes of each soft rule, in the contract's order.
    pub fn rules(&self) -> impl Iterator<Item = (&'c str, Episodes)> {
        let names = self.contract.soft.iter().map(|soft| soft.rule.name());
        names.zip(self.rules.iter().map(Watch::episodes))
    }
}
