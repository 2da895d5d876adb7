//! A fleet log followed receipt by receipt: who is in the roster, and what was taken of whom.

mod held;
mod state;

use crate::member::cut;
use crate::{FleetProblem, Member, When};
use ai_audit_core::{Body as _, DecodeBody as _, Kind, Timestamp, UnverifiedReceipt};
use ai_audit_note::{FleetRoster, MemberCheckpoint, MemberSeen};
use ai_audit_verify::Equivocation;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use serde::Serialize;
pub use state::FleetState;

/// The most members that are followed, those that were dropped counted.
pub const MAX_MEMBERS: usize = 100_000;
/// The most faults that are kept; more are counted.
pub const MAX_FAULTS: usize = 1000;
/// The most bytes of what is said of a fault: it may name an origin that nobody has, as long as a receipt.
const MAX_FAULT: usize = 1024;

/// A fleet, as its log tells of it up to some receipt.
///
/// It is fed in the order of the log. Whether its receipts are signed is the caller's matter, who has them
/// from a verifier ([`FleetObserver`](crate::FleetObserver)) or trusts his own log; what members signed is
/// verified here, under the key lines of the roster.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    members: BTreeMap<String, Member>,
    faults: Vec<FleetFault>,
    more_faults: u64,
    until: Option<Timestamp>,
    time: Option<Timestamp>,
    last: Option<u64>,
}

/// A receipt of the fleet log that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FleetFault {
    /// Its `seq`.
    pub receipt: u64,
    /// What does not hold; its beginning, where that is long.
    pub reason: String,
}

/// What a receipt changes: the members as they are after it.
type Changed = BTreeMap<String, Member>;

impl Fleet {
    /// A fleet of nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at nothing that was sealed after this time.
    #[must_use]
    pub const fn until(mut self, time: Timestamp) -> Self {
        self.until = Some(time);
        self
    }

    /// Takes the next receipt of the log, of whatever kind. One that does not hold is a fault, and
    /// changes nothing.
    pub fn push(&mut self, receipt: &UnverifiedReceipt<'_>) {
        let header = receipt.header();
        let when = When {
            seq: header.seq,
            at: header.sealed_at,
        };
        if self.until.is_some_and(|until| when.at > until) {
            return;
        }
        self.time = Some(when.at);
        let outcome = match header.kind {
            Kind::FLEET_ROSTER => FleetRoster::decode(receipt)
                .map_err(FleetProblem::Body)
                .and_then(|body| self.take_roster(&body, when)),
            Kind::MEMBER_CHECKPOINT => MemberCheckpoint::decode(receipt)
                .map_err(FleetProblem::Body)
                .and_then(|body| self.take_checkpoint(&body, when)),
            _ => return,
        };
        self.last = Some(when.seq);
        if let Err(problem) = outcome {
            if self.faults.len() < MAX_FAULTS {
                self.faults.push(FleetFault {
                    receipt: when.seq,
                    reason: cut(&problem.to_string(), MAX_FAULT),
                });
            } else {
                self.more_faults = self.more_faults.saturating_add(1);
            }
        }
    }

    /// Takes a change of the roster that stands at this place of the log.
    ///
    /// # Errors
    ///
    /// When it does not hold. Nothing is changed then.
    pub fn take_roster(
        &mut self,
        roster: &FleetRoster<'_>,
        when: When,
    ) -> Result<(), FleetProblem> {
        let changed = self.roster(roster, when)?;
        self.members.extend(changed);
        Ok(())
    }

    /// Takes what a member showed, at this place of the log.
    ///
    /// # Errors
    ///
    /// When it does not hold. Nothing is changed then.
    pub fn take_checkpoint(
        &mut self,
        body: &MemberCheckpoint<'_>,
        when: When,
    ) -> Result<(), FleetProblem> {
        let (origin, member) = self.checkpoint(body, when)?;
        self.members.insert(origin, member);
        Ok(())
    }

    /// Whether a change of the roster would hold, if it were sealed next. Ask before sealing: a fault stands
    /// in the log for ever.
    ///
    /// # Errors
    ///
    /// What does not hold.
    pub fn check_roster(&self, roster: &FleetRoster<'_>) -> Result<(), FleetProblem> {
        self.roster(roster, self.next()).map(drop)
    }

    /// The same of what a member showed.
    ///
    /// # Errors
    ///
    /// What does not hold.
    pub fn check_checkpoint(&self, body: &MemberCheckpoint<'_>) -> Result<(), FleetProblem> {
        self.checkpoint(body, self.next()).map(drop)
    }

    /// All members, those that were dropped as well, by origin.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// The member of an origin, also where it was dropped.
    #[must_use]
    pub fn member(&self, origin: &str) -> Option<&Member> {
        self.members.get(origin)
    }

    /// The receipts that do not hold, at most [`MAX_FAULTS`].
    #[must_use]
    pub fn faults(&self) -> &[FleetFault] {
        &self.faults
    }

    /// How many more of them there were.
    #[must_use]
    pub const fn more_faults(&self) -> u64 {
        self.more_faults
    }

    /// When the last receipt that was looked at was sealed.
    #[must_use]
    pub const fn time(&self) -> Option<Timestamp> {
        self.time
    }

    /// The `seq` of the last receipt that says something of the fleet.
    #[must_use]
    pub const fn last(&self) -> Option<u64> {
        self.last
    }

    /// A place behind all that was seen. Nothing that is only checked is kept, so its number does not matter.
    fn next(&self) -> When {
        When {
            seq: self.last.map_or(0, |last| last.saturating_add(1)),
            at: self.time.unwrap_or(Timestamp::from_micros(0)),
        }
    }

    fn roster(&self, roster: &FleetRoster<'_>, when: When) -> Result<Changed, FleetProblem> {
        roster.check().map_err(FleetProblem::Rule)?;
        let mut changed = Changed::new();
        let reason = roster.reason.as_str();
        for one in roster.dropped.as_slice() {
            let origin = one.origin.as_str();
            let mut member = match self.members.get(origin) {
                Some(member) if member.present => member.clone(),
                _ => {
                    return Err(FleetProblem::NotMember {
                        origin: origin.into(),
                    });
                }
            };
            if let Some(shown) = &one.checkpoint {
                member.take(shown, when)?;
            }
            member.count_lapse(when);
            member.present = false;
            member.changed(when, false, reason);
            changed.insert(origin.into(), member);
        }
        let mut new = 0;
        for one in roster.added.as_slice() {
            // It was checked above.
            let Ok(key) = one.key_line() else {
                continue;
            };
            let origin = key.name().to_string();
            let known = changed.get(&origin).or_else(|| self.members.get(&origin));
            let mut member = match known {
                Some(known) if known.present => return Err(FleetProblem::Member { origin }),
                Some(known) if known.key != key => return Err(FleetProblem::OtherKey { origin }),
                Some(known) => {
                    let mut known = known.clone();
                    known.owes_within(one.interval);
                    known
                }
                None => {
                    new += 1;
                    Member::new(key, one.interval, when)
                }
            };
            if self.members.len() + new > MAX_MEMBERS {
                return Err(FleetProblem::TooMany);
            }
            if let Some(shown) = &one.checkpoint {
                member.take(shown, when)?;
            }
            member.present = true;
            member.changed(when, true, reason);
            changed.insert(origin, member);
        }
        Ok(changed)
    }

    fn checkpoint(
        &self,
        body: &MemberCheckpoint<'_>,
        when: When,
    ) -> Result<(String, Member), FleetProblem> {
        body.check().map_err(FleetProblem::Rule)?;
        let present = |origin: &str| match self.members.get(origin) {
            Some(member) if member.present => Ok(member.clone()),
            _ => Err(FleetProblem::NotMember {
                origin: origin.into(),
            }),
        };
        let member = match &body.seen {
            MemberSeen::Continues(shown) => {
                let origin = match shown.checkpoint() {
                    Ok((_, checkpoint)) => checkpoint.origin,
                    // It was checked above.
                    Err(_) => String::new(),
                };
                let mut member = present(&origin)?;
                member.take(shown, when)?;
                member
            }
            MemberSeen::Contradicts(proof) => {
                let proof = Equivocation::parse(proof.as_bytes())
                    .map_err(|error| FleetProblem::NotConvicted { error })?;
                // Who was dropped is convicted, too, or dropping a member would hide what it had signed.
                let mut member = match self.members.get(proof.origin()) {
                    Some(member) => member.clone(),
                    None => present(proof.origin())?,
                };
                member.convict(&proof, when)?;
                member
            }
        };
        Ok((member.origin().into(), member))
    }
}
