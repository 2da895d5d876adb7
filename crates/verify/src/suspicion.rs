//! Which receipts a revocation makes suspect, and what is left of it where they were anchored.

use crate::DetachedRevocation;
use ai_audit_core::{KeyChange, KeyHistory, KeyId, Revoked, Status, Timestamp, VerifyingKey};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Follows the ranges of keys and what was revoked of them.
#[derive(Debug)]
pub(crate) struct Suspicion<'p> {
    brought: &'p [DetachedRevocation],
    /// Every key that was valid, with its first `seq`, ascending.
    keys: Vec<(VerifyingKey, u64)>,
    revocations: Vec<Revocation>,
    last_seen: Option<u64>,
}

#[derive(Debug)]
struct Revocation {
    revoked: Revoked,
    /// `seq` of the receipt that says so, and of the one seen before it; none while it is only
    /// detached.
    at: Option<(u64, Option<u64>)>,
}

impl<'p> Suspicion<'p> {
    pub(crate) const fn new(brought: &'p [DetachedRevocation]) -> Self {
        Self {
            brought,
            keys: Vec::new(),
            revocations: Vec::new(),
            last_seen: None,
        }
    }

    /// The genesis was seen: takes the detached revocations of this log.
    ///
    /// # Errors
    ///
    /// Names a revocation that the log's recovery key did not sign.
    pub(crate) fn begin(&mut self, origin: &str, history: &KeyHistory) -> Result<(), String> {
        self.keys.push((*history.valid(), 0));
        for detached in self.brought.iter().filter(|one| one.origin() == origin) {
            let revocation = detached
                .revocation()
                .map_err(|error| format!("the revocation that you brought: {error}"))?;
            revocation
                .verify(history.log_id(), history.recovery())
                .map_err(
                    |_| "the revocation that you brought is not signed by the log's recovery key",
                )?;
            self.revocations.push(Revocation {
                revoked: Revoked {
                    key: revocation.revoked_key,
                    after: revocation.after,
                    compromised_at: revocation.compromised_at,
                    successor: revocation.successor,
                },
                at: None,
            });
        }
        Ok(())
    }

    /// A receipt was seen, in ascending `seq`, and perhaps changed the key.
    ///
    /// # Errors
    ///
    /// When a key takes over that was valid before, or that a receipt before revoked.
    pub(crate) fn see(&mut self, seq: u64, change: Option<&KeyChange>) -> Result<(), String> {
        let next = match change {
            None => None,
            Some(KeyChange::Rotated { new, .. }) => Some((*new, seq.saturating_add(1))),
            Some(KeyChange::Revoked(revoked)) => {
                let at = Some((seq, self.last_seen));
                let mut known = false;
                for one in &mut self.revocations {
                    let same = one.revoked.key == revoked.key
                        && one.revoked.successor == revoked.successor;
                    if same && one.at.is_none() {
                        one.at = at;
                        known |= one.revoked == *revoked;
                    }
                }
                if !known {
                    self.revocations.push(Revocation {
                        revoked: *revoked,
                        at,
                    });
                }
                Some((revoked.successor, seq))
            }
        };
        self.last_seen = Some(seq);
        let Some(next) = next else {
            return Ok(());
        };
        let again = self.keys.iter().any(|(key, _)| *key == next.0);
        // What is revoked in the log is suspect up to there and no further, so it may not come later. The
        // history remembers the last of them, and here are all.
        let revoked = self
            .revocations
            .iter()
            .any(|one| one.at.is_some() && one.revoked.key == next.0);
        self.keys.push(next);
        if revoked {
            return Err(format!(
                "key {} cannot take over: a receipt before this one revoked it",
                next.0.id()
            ));
        }
        if again {
            return Err(format!(
                "key {} was valid before and takes over again",
                next.0.id()
            ));
        }
        Ok(())
    }

    /// Whether the receipt that was seen last is suspect by a detached revocation.
    pub(crate) fn is_now(&self) -> bool {
        self.revocations
            .iter()
            .any(|one| one.at.is_none() && self.range(one).is_some_and(|(from, last)| last >= from))
    }

    /// What the revocations make of the answer on attribution; none where nothing is suspect.
    pub(crate) fn finish(&self, anchored_size: impl Fn(Timestamp) -> u64) -> Option<Status> {
        let mut open = None;
        for one in &self.revocations {
            let Some((from, last)) = self.range(one) else {
                continue;
            };
            let key = one.revoked.key.id();
            let since = one.revoked.compromised_at;
            let first = from.max(anchored_size(since));
            if last >= first {
                return Some(Status::failed_at(first, reason(key, one.revoked.after)));
            }
            if last >= from {
                open.get_or_insert_with(|| {
                    Status::unverified(format!(
                        "{}; a trusted anchor shows that they were in the log before {since}, \
                         when at the earliest somebody else had the key",
                        reason(key, one.revoked.after)
                    ))
                });
            }
        }
        open
    }

    /// The first suspect `seq` of a revocation, and the last receipt that was seen before the
    /// revocation; none where nothing was seen or the key is none of this log's.
    fn range(&self, one: &Revocation) -> Option<(u64, u64)> {
        let place = self
            .keys
            .iter()
            .position(|(key, _)| *key == one.revoked.key)?;
        let first = self.keys.get(place)?.1;
        let from = first.max(one.revoked.after.saturating_add(1));
        // Wherever it was handed on: a thief may have rotated, and every later key hangs on this one.
        let last = match one.at {
            Some((_, before)) => before,
            None => self.last_seen,
        };
        last.map(|last| (from, last))
    }
}

fn reason(key: KeyId, after: u64) -> String {
    format!("key {key} was revoked: receipts after {after} under its authority are suspect")
}
