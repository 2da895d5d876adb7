//! What a proof of equivocation comes to under a trust policy.

use super::{Equivocation, EquivocationError};
use crate::{Pin, TrustPolicy};
use ai_audit_core::{Exit, NodeHash, Question, Status, Verdict};
use ai_audit_note::{Checkpoint, NoteError, VKey};
use alloc::format;
use alloc::string::{String, ToString};
use serde::Serialize;

/// The outcome of verifying a proof of equivocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EquivocationReport {
    /// Integrity fails where the proof holds (the log is what failed) and where it does not (the
    /// file is). It is never verified.
    pub verdict: Verdict,
    /// Which of the two it is.
    pub equivocation: EquivocationClaim,
}

/// What the file claims, and whether it is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EquivocationClaim {
    /// Whether it is true.
    pub status: EquivocationStatus,
    /// Why it is refuted or unverified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The log, where the file could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The key line under which both signatures were verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The smaller checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smaller: Option<ClaimedCheckpoint>,
    /// The larger one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub larger: Option<ClaimedCheckpoint>,
    /// Root of the larger one's history at the smaller size, where the sizes differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_at_smaller: Option<NodeHash>,
}

/// What a checkpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClaimedCheckpoint {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: NodeHash,
}

/// Whether a claimed equivocation is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EquivocationStatus {
    /// The log with the pinned key signed two histories.
    Proved,
    /// This file does not show it. It says nothing about the log.
    Refuted,
    /// Nobody pinned a key of this log, so anybody may have made it.
    Unverified,
}

impl Equivocation {
    /// Verifies a proof file under a trust policy. Whatever is wrong with it is in the report.
    #[must_use]
    pub fn judge(bytes: &[u8], policy: &TrustPolicy) -> EquivocationReport {
        match Self::parse(bytes) {
            Ok(proof) => proof.judge_parsed(policy),
            Err(error) => EquivocationReport::refuted(EquivocationClaim::unread(), &error),
        }
    }

    fn judge_parsed(&self, policy: &TrustPolicy) -> EquivocationReport {
        let said = |checkpoint: &Checkpoint| ClaimedCheckpoint {
            size: checkpoint.size.as_u64(),
            root: checkpoint.root,
        };
        let mut claim = EquivocationClaim {
            origin: Some(self.origin().into()),
            smaller: Some(said(self.smaller().1)),
            larger: Some(said(self.larger().1)),
            root_at_smaller: self.nodes().map(|nodes| nodes.root),
            ..EquivocationClaim::unread()
        };
        let mut refused = None;
        for pin in policy.pins() {
            let key = match pin {
                Pin::Log(line) if line.name() == self.origin() => line.clone(),
                Pin::Log(_) => continue,
                // A bare key says nothing of the origin; that both notes say it is enough.
                Pin::Key(key) => match VKey::ed25519(self.origin(), *key) {
                    Ok(line) => line,
                    Err(_) => continue,
                },
            };
            match self.verify(&key) {
                Ok(()) => {
                    claim.key = Some(key.to_string());
                    return EquivocationReport::proved(claim, self);
                }
                // A bare key that signed neither is another log's, for all that is known.
                Err(EquivocationError::NotSigned {
                    error: NoteError::NotSigned { .. },
                    ..
                }) if matches!(pin, Pin::Key(_)) => {}
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) => EquivocationReport::refuted(claim, &error),
            None => EquivocationReport::unverified(claim, policy.pins().is_empty()),
        }
    }
}

impl EquivocationReport {
    /// What it comes to when these questions are asked; never [`Exit::Verified`].
    #[must_use]
    pub fn exit(&self, asked: &[Question]) -> Exit {
        match self.verdict.exit(asked) {
            Exit::Verified => Exit::Unverified,
            other => other,
        }
    }

    fn proved(claim: EquivocationClaim, proof: &Equivocation) -> Self {
        let (a, b) = (proof.smaller().1.size, proof.larger().1.size);
        let sizes = if a == b {
            format!("two roots for size {a}")
        } else {
            format!("a checkpoint of size {b} that does not continue that of size {a}")
        };
        let reason = format!("the log signed two histories: {sizes}");
        Self::new(claim, EquivocationStatus::Proved, Status::failed(reason))
    }

    fn refuted(mut claim: EquivocationClaim, error: &EquivocationError) -> Self {
        claim.reason = Some(error.to_string());
        let reason = format!("this is no proof of equivocation: {error}");
        Self::new(claim, EquivocationStatus::Refuted, Status::failed(reason))
    }

    fn unverified(mut claim: EquivocationClaim, no_pin: bool) -> Self {
        let why = if no_pin {
            "no key was pinned; anybody can make two keys say anything"
        } else {
            "none of the pinned keys is of this log"
        };
        claim.reason = Some(why.into());
        Self::new(
            claim,
            EquivocationStatus::Unverified,
            Status::unverified(why),
        )
    }

    fn new(mut claim: EquivocationClaim, status: EquivocationStatus, integrity: Status) -> Self {
        claim.status = status;
        Self {
            verdict: Verdict {
                integrity,
                attribution: Status::NotApplicable,
                completeness: Status::NotApplicable,
                time: Status::NotApplicable,
                erasure: Status::NotApplicable,
            },
            equivocation: claim,
        }
    }
}

impl EquivocationClaim {
    const fn unread() -> Self {
        Self {
            status: EquivocationStatus::Unverified,
            reason: None,
            origin: None,
            key: None,
            smaller: None,
            larger: None,
            root_at_smaller: None,
        }
    }
}
