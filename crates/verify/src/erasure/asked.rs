//! The subject that the erasure line is asked for.

use super::Seen;
use ai_audit_core::UnverifiedReceipt;
use ai_audit_core::{Decision, DecodeBody as _, Kind, Status, SubjectKeyId};
use ai_audit_shredding::{Access, ErasureAudit, ErasureError, ErasureRequested, Erasures};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What is said where no receipt of a log names him: a name that is written otherwise is another one, and
/// nobody must take the answer for one about him.
pub(super) const NOT_NAMED: &str =
    "no receipt here names this subject: names are compared as they are written";

/// What was seen of one subject.
#[derive(Debug)]
pub(super) struct Asked<'p> {
    pub(super) subject: &'p str,
    /// What does not hold about others, the first time.
    pub(super) others: Option<Status>,
    /// Whether a receipt names him.
    named: bool,
    /// The keys that requests name as his.
    own_keys: BTreeSet<SubjectKeyId>,
    /// The last receipt that keeps a text of his encrypted, and the key.
    last_kept: Option<(u64, SubjectKeyId)>,
}

impl<'p> Asked<'p> {
    pub(super) const fn new(subject: &'p str) -> Self {
        Self {
            subject,
            others: None,
            named: false,
            own_keys: BTreeSet::new(),
            last_kept: None,
        }
    }

    /// Takes the next receipt: whether it names the subject. A body that does not decode names nobody.
    pub(super) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) -> bool {
        let names = match receipt.header().kind {
            Kind::DECISION => Decision::decode(receipt).is_ok_and(|decision| {
                let his = decision.subject == self.subject;
                if his {
                    self.keeps(receipt.header().seq, &decision);
                }
                his
            }),
            Kind::ERASURE_REQUESTED => {
                ErasureRequested::decode(receipt).is_ok_and(|request| self.names_keys(&request))
            }
            Kind::ACCESS => Access::decode(receipt).is_ok_and(|body| body.subject == self.subject),
            _ => false,
        };
        self.named |= names;
        names
    }

    /// Takes the keys that a request names as his; whether it names him.
    fn names_keys(&mut self, request: &ErasureRequested<'_>) -> bool {
        let his = request
            .subjects
            .iter()
            .filter(|one| one.subject == self.subject);
        let mut names = false;
        for one in his {
            names = true;
            self.own_keys.extend(one.keys.iter().copied());
        }
        names
    }

    fn keeps(&mut self, seq: u64, decision: &Decision<'_>) {
        if let Some((_, field)) = decision.encrypted().last() {
            self.last_kept = Some((seq, field.key));
        }
    }

    /// The first field of a receipt under a destroyed key of his, whomever the receipt names, and whatever
    /// else does not hold about it.
    pub(super) fn comes_back(
        &self,
        audit: &ErasureAudit,
        receipt: &UnverifiedReceipt<'_>,
    ) -> Option<ErasureError> {
        if receipt.header().kind != Kind::DECISION {
            return None;
        }
        let decision = Decision::decode(receipt).ok()?;
        decision.encrypted().find_map(|(_, field)| {
            let key = field.key;
            let completed = audit.destroyed_by(&key)?;
            let his = self.own_keys.contains(&key);
            his.then_some(ErasureError::DestroyedKey { key, completed })
        })
    }

    /// The answer where no request names him.
    pub(super) fn without_erasure(&self, seen: &Seen) -> Status {
        if !seen.whole {
            let part = "no erasure of the subject is recorded in the part of the log that is here";
            match self.named {
                true => Status::unverified(part),
                false => Status::unverified(format!("{part}; {NOT_NAMED}")),
            }
        } else if self.named {
            Status::unverified("nothing of the subject was erased")
        } else if !seen.sound {
            Status::unverified("integrity failed, so whether the subject is named cannot be told")
        } else if seen.deleted {
            Status::unverified(
                "nothing that is here names the subject; the bytes of some receipts are deleted",
            )
        } else {
            Status::unverified(NOT_NAMED)
        }
    }

    /// What is worth knowing of him.
    pub(super) fn tell(&self, erasures: &Erasures, remarks: &mut Vec<String>) {
        let last = erasures
            .of(self.subject)
            .filter_map(|one| Some((one.requested, one.completed?)))
            .max_by_key(|(_, completed)| *completed);
        if let Some((requested, completed)) = last {
            remarks.push(format!(
                "the subject's last erasure was asked for in receipt {requested} and completed in {completed}"
            ));
            if let Some((seq, key)) = self.last_kept
                && seq > completed
            {
                remarks.push(format!(
                    "the subject was recorded again after it: receipt {seq} keeps a text under key {key}"
                ));
            }
        }
        if let Some(others) = &self.others {
            remarks.push(format!(
                "what the log says of the erasures of others does not hold: {others}"
            ));
        }
    }
}
