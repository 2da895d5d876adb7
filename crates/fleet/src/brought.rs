//! What the verifier brought of members besides their logs: checkpoints and revocations.

use crate::{FleetReport, MemberReport};
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_verify::{Pin, TrustPolicy};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::Serialize;

/// What the verifier brought of a log, and nothing at hand answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unheld {
    /// The log's origin: a member's, or that of a key line which the verifier pinned.
    pub origin: String,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// How many revocations.
    pub revocations: u64,
    /// Whether it is of a member that was dropped, and whose key line the verifier did not pin. It leaves nothing
    /// open then: the log of a machine that is gone is asked for by nobody.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub dropped: bool,
}

impl fmt::Display for Unheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: u64, what: &str| match number {
            0 => None,
            1 => Some(format!("a {what}")),
            _ => Some(format!("{number} {what}s")),
        };
        let checkpoints = count(self.checkpoints, "checkpoint");
        let revocations = count(self.revocations, "revocation");
        let brought = match (checkpoints, revocations) {
            (Some(one), Some(other)) => format!("{one} and {other}"),
            (one, other) => one.or(other).unwrap_or_default(),
        };
        let then = match self.dropped {
            true => "the member was dropped, so that leaves nothing open",
            false => "bring the log too (of a member by --member)",
        };
        write!(
            f,
            "{}: you brought {brought} of it, and no log here is that one, so it was held against nothing: {then}",
            self.origin
        )
    }
}

impl FleetReport {
    /// Notes what the verifier brought of members of which no log was [held](FleetReport::hold), and of other
    /// logs whose key lines he pinned. A checkpoint that has the size of the last one taken is held against
    /// that one: it says the same, or convicts the member. So do two of one size with two roots.
    ///
    /// To be called once, when all logs were held. `own` is the origin of the fleet log. Returns how many
    /// checkpoints and revocations are of logs that nobody asked for.
    pub fn account_for(&mut self, own: &str, policy: &TrustPolicy) -> u64 {
        // Looked up before a checkpoint convicts anybody: in which order they were brought must not matter.
        let members = self.members.iter();
        let held: BTreeSet<String> = members
            .filter(|member| !member.evidence.is_empty())
            .map(|member| member.origin.clone())
            .collect();
        self.compare_brought(policy);
        let mut unheld: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        let mut strange = 0;
        let revocations = policy.revocations().iter();
        let revocations = revocations.map(|one| (one.origin(), None::<(&SignedNote, &Checkpoint)>));
        let checkpoints = policy.checkpoints().iter();
        let checkpoints = checkpoints.map(|(note, one)| (one.origin.as_str(), Some((note, one))));
        for (origin, shown) in revocations.chain(checkpoints) {
            if origin == own || held.contains(origin) {
                continue;
            }
            let member = self.members.iter_mut().find(|one| one.origin == origin);
            let answered = match (member, shown) {
                (Some(member), Some((note, checkpoint))) => answers(member, note, checkpoint),
                (None, _) if !is_pinned(policy, origin) => {
                    strange += 1;
                    continue;
                }
                _ => false,
            };
            if answered {
                continue;
            }
            let (checkpoints, revocations) = unheld.entry(origin).or_default();
            match shown {
                Some(_) => *checkpoints += 1,
                None => *revocations += 1,
            }
        }
        let told = |(origin, (checkpoints, revocations)): (&str, (u64, u64))| Unheld {
            origin: origin.into(),
            checkpoints,
            revocations,
            dropped: self.has_dropped(origin) && !is_pinned(policy, origin),
        };
        let unheld: Vec<Unheld> = unheld.into_iter().map(told).collect();
        self.unheld = unheld;
        strange
    }

    fn has_dropped(&self, origin: &str) -> bool {
        let mut members = self.members.iter();
        members.any(|member| member.origin == origin && !member.present)
    }
}

fn is_pinned(policy: &TrustPolicy, origin: &str) -> bool {
    let mut pins = policy.pins().iter();
    pins.any(|pin| matches!(pin, Pin::Log(line) if line.name() == origin))
}

/// Whether a checkpoint of a member of which no log is here was held against the last one taken.
fn answers(member: &mut MemberReport, note: &SignedNote, checkpoint: &Checkpoint) -> bool {
    let size = checkpoint.size.as_u64();
    if member.size != Some(size) {
        return false;
    }
    if member.root == Some(checkpoint.root) {
        return true;
    }
    let signed = VKey::parse(&member.key).is_ok_and(|line| note.verify(&line).is_ok());
    if signed {
        let why =
            format!("it has {size} receipts, as the last one in the fleet log, and another root");
        member.convict("the checkpoint that you brought", size, &why);
    }
    signed
}
