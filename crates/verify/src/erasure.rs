//! The erasure line of the verdict: what the log tells of erasures, of all or of one subject, and what
//! a store of subject keys adds to it.

mod asked;
mod store;

use self::asked::Asked;
pub(crate) use self::store::KeyStore;
use crate::{Report, TrustPolicy};
use ai_audit_core::{Kind, LogId, Status, UnverifiedReceipt};
use ai_audit_shredding::{Erasure, ErasureAudit, Erasures};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// Follows the erasures of a log or of a part of it.
#[derive(Debug)]
pub(crate) struct ErasureLine<'p> {
    audit: ErasureAudit,
    asked: Option<Asked<'p>>,
    store: KeyStore<'p>,
    /// Whether a receipt names the subject that is asked for.
    named: bool,
    /// Whether a receipt speaks of erasures.
    any: bool,
    /// The first thing that does not hold, whatever else the log has.
    failed: Option<Status>,
    /// The first thing that does not hold unless receipts are missing here.
    absent: Option<Status>,
}

/// What the other lines found of the receipts that were taken.
#[derive(Debug)]
pub(crate) struct Seen {
    /// All receipts of the log, from its genesis on, were taken.
    pub(crate) whole: bool,
    /// Integrity is verified.
    pub(crate) sound: bool,
    /// The bytes of some are deleted.
    pub(crate) deleted: bool,
    /// The log, where a receipt could be read.
    pub(crate) log: Option<LogId>,
}

/// The answer, and what is worth knowing beside it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) remarks: Vec<String>,
    /// Whether it is unverified because no receipt of the whole log names the subject.
    pub(crate) of_unknown: bool,
}

impl<'p> ErasureLine<'p> {
    /// Expects the first receipt.
    pub(crate) fn new(policy: &'p TrustPolicy) -> Self {
        Self {
            audit: ErasureAudit::new(),
            asked: policy.asked_subject().map(Asked::new),
            store: KeyStore::None,
            named: false,
            any: false,
            failed: None,
            absent: None,
        }
    }

    /// Also asks a key store. To be given before the first receipt.
    pub(crate) fn ask(&mut self, store: KeyStore<'p>) {
        if matches!(store, KeyStore::AtHand(_)) {
            self.audit = ErasureAudit::with_examples();
        }
        self.store = store;
    }

    /// Takes the next receipt. `whole`: all receipts of the log before it were taken.
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>, whole: bool) {
        let (seq, kind) = (receipt.header().seq, receipt.header().kind);
        let outcome = self.audit.push(receipt);
        let names = self.asked.as_mut().is_none_or(|asked| asked.see(receipt));
        self.named |= names;
        // A completion names nobody: whoever is asked for may hang on it.
        let concerns = names || kind == Kind::ERASURE_COMPLETED;
        self.any |= concerns && matches!(kind, Kind::ERASURE_REQUESTED | Kind::ERASURE_COMPLETED);
        let Err(mut error) = outcome else {
            return;
        };
        if let Some(asked) = &mut self.asked
            && !concerns
        {
            let Some(his) = asked.comes_back(&self.audit, receipt) else {
                if whole || !error.is_absence() {
                    let failed = || Status::failed_at(seq, error.to_string());
                    asked.others.get_or_insert_with(failed);
                }
                return;
            };
            error = his;
        }
        if error.is_absence() && !whole {
            self.absent.get_or_insert_with(|| {
                Status::unverified(format!(
                    "receipt {seq}: {error}; or it is in a part of the log that is not here"
                ))
            });
        } else {
            self.failed
                .get_or_insert_with(|| Status::failed_at(seq, error.to_string()));
        }
    }

    /// The answer for the receipts that were taken.
    pub(crate) fn finish(self, seen: &Seen) -> Answer {
        let erasures = self.audit.finish();
        let mut remarks = Vec::new();
        let is_all_here = seen.whole && seen.sound && !seen.deleted;
        let unknown = self.asked.is_some() && !self.named && is_all_here;
        if let Some(asked) = &self.asked {
            asked.tell(&erasures, &mut remarks);
        }
        let subject = self.asked.as_ref().map(|asked| asked.subject);
        let status = self.failed.unwrap_or_else(|| {
            let found = self.store.search(&erasures, subject, seen.log);
            if let Some(held) = found.held() {
                return held;
            }
            if let Some(absent) = self.absent {
                return absent;
            }
            let own = of(&erasures, subject);
            match own.iter().find(|one| one.completed.is_none()) {
                Some(open) => Status::unverified(format!(
                    "the erasure that receipt {} asks for is not completed",
                    open.requested
                )),
                None if own.is_empty() => match &self.asked {
                    Some(asked) => asked.without_erasure(seen),
                    None => recorded(self.any, seen.whole),
                },
                None => found.status(seen, &mut remarks),
            }
        });
        let of_unknown = unknown && matches!(status, Status::Unverified { .. });
        Answer {
            status,
            remarks,
            of_unknown,
        }
    }

    /// The answer for one receipt without the others, of which it says nothing.
    pub(crate) fn of_one(&self) -> Answer {
        Answer {
            status: recorded(self.any, true),
            remarks: Vec::new(),
            of_unknown: false,
        }
    }
}

impl Report {
    /// Whether the erasure line was asked for a subject whom no receipt of a whole log names. Where there are
    /// several logs, he may be in another one.
    #[must_use]
    pub const fn is_of_unknown_subject(&self) -> bool {
        self.of_unknown_subject
    }
}

/// The erasures that are asked for.
fn of<'e>(erasures: &'e Erasures, subject: Option<&'e str>) -> Vec<&'e Erasure> {
    match subject {
        Some(subject) => erasures.of(subject).collect(),
        None => erasures.all.iter().collect(),
    }
}

fn recorded(any: bool, whole: bool) -> Status {
    if any {
        Status::unverified(store::OFFLINE)
    } else if whole {
        Status::NotApplicable
    } else {
        Status::unverified("no erasure is recorded in the part of the log that is here")
    }
}
