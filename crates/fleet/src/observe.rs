//! A fleet log followed while it is verified.

use crate::{Fleet, FleetReport};
use ai_audit_core::Timestamp;
use ai_audit_verify::{Observed, Observer, Report};
use alloc::format;

/// Follows a fleet while its log is verified. Receipts that are not verified do not count.
///
/// ```
/// use ai_audit_fleet::FleetObserver;
/// use ai_audit_verify::{LogVerifier, TrustPolicy};
/// let policy = TrustPolicy::new(); // with the fleet's key line pinned, and a checkpoint
/// let mut observer = FleetObserver::new(None);
/// let mut verifier = LogVerifier::new(&policy);
/// // verifier.push_all(&mut source, size, &mut observer)?;
/// # let _ = &mut observer;
/// let report = observer.finish(&verifier.finish());
/// // There was no log.
/// assert!(report.unknown.is_some() && report.members.is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct FleetObserver {
    fleet: Fleet,
    at: Option<Timestamp>,
    deleted: u64,
    /// Receipts that no key vouches for one by one.
    uncounted: u64,
    part: bool,
}

impl FleetObserver {
    /// As of this time; without, as of the last receipt of the log. What was sealed after it is not looked at.
    #[must_use]
    pub fn new(at: Option<Timestamp>) -> Self {
        Self {
            fleet: at.map_or_else(Fleet::new, |time| Fleet::new().until(time)),
            at,
            deleted: 0,
            uncounted: 0,
            part: false,
        }
    }

    /// What the fleet comes to, when `report` is what the verification of its log said.
    ///
    /// Verify it without [`min_size`](ai_audit_verify::TrustPolicy::min_size): a number of receipts says how
    /// many there are and not which, and what a thief of the receipt key appended would count as covered.
    #[must_use]
    pub fn finish(self, report: &Report) -> FleetReport {
        let mut fleet = self.fleet.report(self.at);
        let verdict = &report.verdict;
        if !verdict.integrity.is_verified() || !verdict.attribution.is_verified() {
            fleet.members.clear();
            fleet.faults.clear();
            fleet.more_faults = 0;
            fleet.partial = true;
            fleet.unknown = Some(
                "integrity and attribution of the fleet log are not both verified, so nothing in it counts: pin its key line (log.pub)"
                    .into(),
            );
            return fleet;
        }
        let covered = match report.complete_to {
            Some(size) if verdict.completeness.is_verified() => size,
            _ => 0,
        };
        fleet.partial = self.part || self.deleted > 0 || self.uncounted > 0;
        fleet.unknown = if self.part {
            Some("this is a part of the fleet log: a roster may stand in the rest, so neither faults nor absent members are proven".into())
        } else if self.deleted > 0 {
            Some(format!(
                "the bytes of {} receipts of the fleet log are deleted: a roster may have been among them, so neither faults nor absent members are proven",
                self.deleted
            ))
        } else if self.uncounted > 0 {
            Some(format!(
                "{} receipts of the fleet log count for nothing, since no key line leads to their key: pin the log's key line (log.pub), not a bare key",
                self.uncounted
            ))
        } else if fleet.members.is_empty() {
            Some(
                "the log has no roster that counts: it is no fleet log, or its key line is not what was pinned"
                    .into(),
            )
        } else {
            let last = self.fleet.last().filter(|last| *last >= covered);
            let nobody = !fleet.members.iter().any(|member| member.present);
            match last {
                Some(last) => Some(format!(
                    "receipt {last} says something of the fleet, and no checkpoint that you trust covers more than {covered} receipts: bring a newer checkpoint of the fleet log (--checkpoint)"
                )),
                None if nobody => Some("nobody is in the roster any more: all were dropped".into()),
                None => None,
            }
        };
        fleet
    }
}

impl Observer for FleetObserver {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        match seen {
            Observed::Verified { receipt, path } => {
                self.part |= path.is_some();
                self.fleet.push(receipt);
            }
            Observed::Deleted { .. } => self.deleted = self.deleted.saturating_add(1),
            Observed::Unverified { .. } => self.uncounted = self.uncounted.saturating_add(1),
        }
    }
}
