//! Whether the witnesses that a verifier trusts cosigned a checkpoint, and recently enough.

use crate::TrustPolicy;
use crate::report::WitnessFinding;
use ai_audit_core::{Timestamp, VerifyingKey};
use ai_audit_note::{Policy, QuorumOutcome, SignedNote, WitnessStatus};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// What the witnesses say of one checkpoint that the log signed.
#[derive(Debug)]
pub(crate) struct Judgement {
    size: u64,
    outcome: QuorumOutcome,
    /// Whether the quorum is there and not too old, or what keeps it from making a log complete.
    pub(crate) accepted: Result<(), String>,
}

impl Judgement {
    /// Judges a checkpoint's note, where the policy has witnesses. `own` are keys of the log.
    pub(crate) fn of(
        policy: &TrustPolicy,
        note: &SignedNote,
        size: u64,
        own: &[VerifyingKey],
    ) -> Option<Self> {
        let witnesses = policy.quorum()?;
        let mut outcome = match policy.verification_time() {
            Some(now) => witnesses.judge_until(note, later(now, policy.skew())),
            None => witnesses.judge(note),
        };
        // Somebody who watches himself is no witness, whoever wrote it into the policy.
        let mut dependent = false;
        for (witness, found) in witnesses.witnesses().iter().zip(&mut outcome.witnesses) {
            if own.contains(witness.key().key()) {
                found.status = WitnessStatus::NotIndependent;
                dependent = true;
            }
        }
        if dependent {
            outcome = witnesses.count(outcome.witnesses);
        }
        let accepted = accept(policy, witnesses, size, &outcome);
        Some(Self {
            size,
            outcome,
            accepted,
        })
    }

    /// The size that it makes a log complete to.
    pub(crate) fn complete_to(&self) -> Option<u64> {
        self.accepted.is_ok().then_some(self.size)
    }

    /// Whether the quorum is there, however old.
    pub(crate) const fn satisfied(&self) -> bool {
        self.outcome.satisfied
    }

    /// The quorum's name, and the times that it bounds receipts with: not later, not before.
    pub(crate) fn times(&self) -> Option<(String, Timestamp, Timestamp)> {
        let quorum = self.outcome.quorum.as_ref()?;
        let outcome = Some(&self.outcome).filter(|outcome| outcome.satisfied)?;
        Some((
            quorum.name.to_string(),
            outcome.not_later?,
            outcome.not_before?,
        ))
    }

    /// The one of two that tells more: that makes complete, or has the quorum, or is newer.
    pub(crate) fn better(self, other: Option<Self>) -> Self {
        let rank = |one: &Self| (one.accepted.is_ok(), one.outcome.satisfied, one.size);
        match other {
            Some(other) if rank(&other) > rank(&self) => other,
            _ => self,
        }
    }

    /// How many of the quorum there are, and who, in words.
    pub(crate) fn describe(&self) -> String {
        format!("checkpoint of size {}: {}", self.size, self.outcome)
    }

    /// Each witness's part, for the report.
    pub(crate) fn findings(&self) -> Vec<WitnessFinding> {
        let findings = self.outcome.witnesses.iter().map(|witness| {
            let (status, time) = match &witness.status {
                WitnessStatus::Cosigned { last, .. } => ("cosigned", Some(*last)),
                WitnessStatus::Missing => ("missing", None),
                WitnessStatus::Future { time } => ("future", Some(*time)),
                WitnessStatus::NotIndependent => ("not_independent", None),
                _ => ("invalid", None),
            };
            let reason = matches!(status, "invalid" | "future" | "not_independent");
            WitnessFinding {
                name: witness.name.to_string(),
                status,
                time,
                reason: reason.then(|| witness.status.to_string()),
                checkpoint: self.size,
            }
        });
        findings.collect()
    }
}

fn accept(
    policy: &TrustPolicy,
    witnesses: &Policy,
    size: u64,
    outcome: &QuorumOutcome,
) -> Result<(), String> {
    if witnesses.quorum().is_none() {
        return Err("the policy asks for no quorum".into());
    }
    let what = format!("checkpoint of size {size}");
    if size == 0 {
        return Err(format!("{what}: it covers not even the genesis"));
    }
    let Some(time) = outcome.not_before.filter(|_| outcome.satisfied) else {
        return Err(format!("{what}: {outcome}"));
    };
    let Some(limit) = policy.age_limit() else {
        return Err(format!(
            "{what} has its quorum, and the policy has no max-age: it may be any earlier one"
        ));
    };
    let Some(now) = policy.verification_time() else {
        return Err(format!(
            "{what} has its quorum, but how old it is cannot be told without the time of verification"
        ));
    };
    let age = Duration::from_micros(now.as_micros().saturating_sub(time.as_micros()));
    if age <= limit {
        return Ok(());
    }
    Err(format!(
        "{what} has its quorum, but the quorum vouches for it at {time} only: that is {} ago, {} more \
         than max-age allows",
        spoken(age),
        spoken(age - limit),
    ))
}

/// A time so much later, or the last there is.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
    Timestamp::from_micros(time.as_micros().saturating_add(by))
}

/// A duration in its two largest units.
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => format!("{minutes} min {rest} s"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_for_people() {
        let of = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!(of(59), "59 s");
        assert_eq!(of(61), "1 min 1 s");
        assert_eq!(of(3_600), "1 h 0 min");
        assert_eq!(of(90_000), "1 d 1 h");
        assert_eq!(later(Timestamp::MAX, Duration::MAX), Timestamp::MAX);
    }
}
