//! What a store of subject keys adds to what the log tells of erasures.

use super::Seen;
use ai_audit_core::{LogId, Status};
use ai_audit_shredding::{Erasures, Remains, SubjectKeys};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What is said where there is no key store.
pub(super) const OFFLINE: &str =
    "erasures were recorded; whether the keys are gone cannot be told offline";

/// The store of subject keys that a verifier has.
#[derive(Default)]
pub(crate) enum KeyStore<'p> {
    /// None.
    #[default]
    None,
    /// It is there, and cannot be opened for this reason.
    Unreadable(String),
    /// It.
    AtHand(&'p dyn SubjectKeys),
}

/// What came of looking into it.
pub(super) enum Found {
    NoStore,
    Unreadable(String),
    Searched(Remains),
}

impl KeyStore<'_> {
    /// Looks for the destroyed keys of one subject, or of all.
    pub(super) fn search(
        &self,
        erasures: &Erasures,
        subject: Option<&str>,
        log: Option<LogId>,
    ) -> Found {
        match self {
            Self::None => Found::NoStore,
            Self::Unreadable(reason) => Found::Unreadable(reason.clone()),
            // In a store of another log none of the keys is there.
            Self::AtHand(keys) if Some(*keys.log()) != log => {
                Found::Unreadable(format!("it has the keys of another log, {}", keys.log()))
            }
            Self::AtHand(keys) => Found::Searched(erasures.remains(subject, *keys)),
        }
    }
}

impl Found {
    /// The failure, where a destroyed key is still there.
    pub(super) fn held(&self) -> Option<Status> {
        let Self::Searched(remains) = self else {
            return None;
        };
        let held = remains.held?;
        Some(Status::failed_at(held.completed, format!("{held}")))
    }

    /// The answer where erasures were recorded, all were completed, and none of the keys was found.
    pub(super) fn status(&self, seen: &Seen, remarks: &mut Vec<String>) -> Status {
        let cannot = |reason: &dyn fmt::Display| {
            Status::unverified(format!(
                "erasures were recorded, and the key store cannot be searched: {reason}"
            ))
        };
        let remains = match self {
            Self::NoStore => return Status::unverified(OFFLINE),
            Self::Unreadable(reason) => return cannot(reason),
            Self::Searched(remains) => remains,
        };
        if let Some(error) = &remains.unreadable {
            return cannot(error);
        }
        if !seen.sound {
            return Status::unverified("integrity failed, so what was erased cannot be told");
        }
        if remains.unknown > 0 {
            remarks.push(format!(
                "the key store has no tombstone of {} of the {} destroyed keys: it may not be the one in which they were destroyed",
                remains.unknown, remains.keys
            ));
        }
        if !seen.whole {
            return Status::unverified(
                "the keys that are destroyed here are not in the key store; what else was erased is in a part of the log that is not here",
            );
        }
        remarks.push(format!(
            "keys destroyed and not in the key store at hand: {}; it tells nothing of copies elsewhere",
            remains.keys
        ));
        Status::Verified
    }
}

impl fmt::Debug for KeyStore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Unreadable(reason) => f.debug_tuple("Unreadable").field(reason).finish(),
            Self::AtHand(keys) => f.debug_tuple("AtHand").field(keys.log()).finish(),
        }
    }
}
