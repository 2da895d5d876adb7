//! One instance's view of one log's lease: a state machine that is told what stands there and what time it is.

use super::{Lease, LeaseError, LeaseRules, Leases, check_holder};
use crate::{LogName, StoreError};
use core::time::Duration;

/// The shortest lease that was not given back.
const SHORTEST: Duration = Duration::from_millis(1);

/// Looks after the lease of one log for one instance (`docs/spec/leases.md`).
///
/// Times are durations since any moment, by a clock of this instance that is never set; they are compared
/// with each other alone. Look at the lease several times within a third of its length.
///
/// ```
/// use ai_audit_store::{
///     LeaseError, LeaseKeeper, LeaseRules, LeaseStanding, Leases, LogName, MemoryLeases,
/// };
/// use std::time::Duration;
/// let (leases, log) = (MemoryLeases::new(), LogName::default());
/// let at = Duration::from_secs;
/// let size = || Ok(2); // what the log's head says
/// let look = |keeper: &mut LeaseKeeper, now| -> Result<LeaseStanding, LeaseError> {
///     let found = leases.lease(&log)?;
///     keeper.tend(&leases, &log, found.as_ref(), size, at(now))
/// };
/// let mut a = LeaseKeeper::new("a/1", LeaseRules::default())?;
/// let mut b = LeaseKeeper::new("b/1", LeaseRules::default())?;
/// assert_eq!(look(&mut a, 0)?, LeaseStanding::Taken { fence: 2 });
/// assert_eq!(look(&mut b, 1)?, LeaseStanding::Elsewhere(Some("a/1".into())));
/// // The first one is heard of no more.
/// assert!(a.is_sure(at(8)) && !a.is_sure(at(9)));
/// assert!(matches!(look(&mut b, 11)?, LeaseStanding::Elsewhere(_)));
/// assert_eq!(look(&mut b, 12)?, LeaseStanding::Taken { fence: 2 });
/// # Ok::<(), LeaseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LeaseKeeper {
    holder: String,
    rules: LeaseRules,
    /// What was there when last looked, unless it was ours, and since when.
    seen: Option<(Option<Lease>, Duration)>,
    /// What we wrote last, and when we asked for it.
    held: Option<(Lease, Duration)>,
}

/// What is to be done about a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseStep {
    /// Nothing now.
    Rest,
    /// It is ours: put this in the place of what was read.
    Renew(Lease),
    /// It may be ours: read the log's head, and put [`LeaseKeeper::to_take`] in the place of what was
    /// read.
    Take,
}

/// How it stands with a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseStanding {
    /// It was taken just now. Before anything else goes into the log it must be attached anew: the start
    /// receipt is what shuts others out.
    Taken {
        /// How many receipts the log had.
        fence: u64,
    },
    /// It was ours and nothing is known to the contrary. Ask [`LeaseKeeper::is_sure`] before each append.
    Held,
    /// It is not ours: another's, by its name, or nobody's as yet. A log that was held is to be let go of.
    Elsewhere(Option<String>),
}

impl LeaseKeeper {
    /// For a holder: a name that no two runs of a process share.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] where it is not 1 to 128 printable ASCII characters without a space.
    pub fn new(holder: impl Into<String>, rules: LeaseRules) -> Result<Self, StoreError> {
        let holder = holder.into();
        check_holder(&holder)?;
        Ok(Self {
            holder,
            rules,
            seen: None,
            held: None,
        })
    }

    /// Whether the log may be written to at this time. Only then is nobody else entitled to it, if no clock
    /// runs wrong by more than the margin.
    #[must_use]
    pub fn is_sure(&self, now: Duration) -> bool {
        let sure = self.rules.length.saturating_sub(self.rules.margin);
        self.held
            .as_ref()
            .is_some_and(|(_, asked)| now.saturating_sub(*asked) < sure)
    }

    /// Whether it was ours when it was looked at last, sure or not.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Is not sure of the lease any more: the log was taken over, say. If the record still is ours when it
    /// is looked at next, it is taken anew.
    pub fn forget(&mut self) {
        self.held = None;
    }

    /// Takes notice of what stands there, read before `now`, and tells what is to be done about it.
    pub fn observe(&mut self, record: Option<&Lease>, now: Duration) -> LeaseStep {
        if let Some(ours) = record.filter(|one| one.holder == self.holder && !one.is_free()) {
            self.seen = None;
            let Some((wrote, asked)) = &self.held else {
                // Perhaps the answer to our change was lost.
                return LeaseStep::Take;
            };
            let due = now.saturating_sub(*asked) >= self.rules.length / 3;
            if wrote == ours && !due {
                return LeaseStep::Rest;
            }
            return LeaseStep::Renew(self.next(Some(ours), wrote.fence));
        }
        self.held = None;
        let since = match &self.seen {
            Some((seen, since)) if seen.as_ref() == record => *since,
            _ => {
                self.seen = Some((record.cloned(), now));
                now
            }
        };
        let wait = match record.filter(|one| !one.is_free()) {
            // Whoever altered it gains no more than the longest lease.
            Some(other) => other.length.min(Lease::LONGEST) + self.rules.margin,
            None => Duration::ZERO,
        };
        if now.saturating_sub(since) >= wait + self.rules.patience {
            LeaseStep::Take
        } else {
            LeaseStep::Rest
        }
    }

    /// The record that takes the lease of a log with so many receipts, in the place of what was read.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Behind`] where the log had more when the lease was taken before.
    pub fn to_take(
        &self,
        log: &LogName,
        record: Option<&Lease>,
        size: u64,
    ) -> Result<Lease, LeaseError> {
        match record {
            Some(old) if old.fence > size => Err(LeaseError::Behind {
                log: log.clone(),
                size,
                fence: old.fence,
            }),
            _ => Ok(self.next(record, size)),
        }
    }

    /// A record of ours was put there. `asked` is a time before that was asked for.
    pub fn wrote(&mut self, lease: Lease, asked: Duration) {
        self.seen = None;
        self.held = Some((lease, asked));
    }

    /// Does what is due: `found` is what [`Leases`] had before `now`, and `size` reads how many receipts the
    /// log has, where it is to be taken.
    ///
    /// # Errors
    ///
    /// As [`LeaseKeeper::to_take`]; when the place of the leases or the store fails. What is sure until some
    /// time stays so.
    pub fn tend(
        &mut self,
        leases: &dyn Leases,
        log: &LogName,
        found: Option<&Lease>,
        size: impl FnOnce() -> Result<u64, StoreError>,
        now: Duration,
    ) -> Result<LeaseStanding, LeaseError> {
        match self.observe(found, now) {
            LeaseStep::Rest => {}
            LeaseStep::Renew(lease) => {
                // Where something else is there by now, the next look tells what.
                if leases.replace_lease(log, found, &lease)? {
                    self.wrote(lease, now);
                }
            }
            LeaseStep::Take => {
                let lease = self.to_take(log, found, size()?)?;
                let fence = lease.fence;
                if leases.replace_lease(log, found, &lease)? {
                    self.wrote(lease, now);
                    return Ok(LeaseStanding::Taken { fence });
                }
            }
        }
        if self.held.is_some() {
            return Ok(LeaseStanding::Held);
        }
        let other = found.filter(|one| !one.is_free());
        Ok(LeaseStanding::Elsewhere(
            other.map(|one| one.holder.clone()),
        ))
    }

    /// Gives the lease back, once the log is detached: nobody waits for it then. Tells whether it was ours to
    /// give.
    ///
    /// # Errors
    ///
    /// When the place of the leases does not answer; others then wait as if this process had died.
    pub fn give_back(&mut self, leases: &dyn Leases, log: &LogName) -> Result<bool, StoreError> {
        self.end_at(leases, log, Duration::ZERO)
    }

    /// Gives up a lease with which this holder can do nothing, since it cannot attach the log. Others find one that is over, and
    /// not one that was given back in order: they take it also where they wait for what nobody looks after any more. Tells
    /// whether it was ours to give.
    ///
    /// # Errors
    ///
    /// As [`LeaseKeeper::give_back`].
    pub fn give_up(&mut self, leases: &dyn Leases, log: &LogName) -> Result<bool, StoreError> {
        self.end_at(leases, log, SHORTEST)
    }

    fn end_at(
        &mut self,
        leases: &dyn Leases,
        log: &LogName,
        length: Duration,
    ) -> Result<bool, StoreError> {
        let Some((wrote, _)) = self.held.take() else {
            return Ok(false);
        };
        let last = Lease {
            length,
            ..self.next(Some(&wrote), wrote.fence)
        };
        leases.replace_lease(log, Some(&wrote), &last)
    }

    fn next(&self, record: Option<&Lease>, fence: u64) -> Lease {
        Lease {
            holder: self.holder.clone(),
            changes: record.map_or(0, |old| old.changes.wrapping_add(1)),
            length: self.rules.length,
            fence,
        }
    }
}
