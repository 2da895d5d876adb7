//! The policy receipt: entries of a log's policy change from here on.

use crate::{Body, BodyError, Kind, List, PolicyEntry, Text};
#[cfg(feature = "alloc")]
use serde::Deserialize;
use serde::Serialize;

/// Names that verification reads from the genesis, and that therefore stand for good.
const FIXED: [&str; 4] = ["keys", "receipt-key", "receipt-seal", "retention-days"];

/// Changes entries of the log's policy from this receipt on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "alloc", derive(Deserialize))]
#[cfg_attr(feature = "alloc", serde(bound(deserialize = "'de: 'a")))]
pub struct PolicyChange<'a> {
    /// The entries, in strictly ascending order of their names. An empty value removes one.
    pub policy: List<'a, PolicyEntry<'a>>,
    /// Why; may be empty.
    pub reason: Text<'a>,
}

impl Body for PolicyChange<'_> {
    const KIND: Kind = Kind::POLICY;

    fn check(&self) -> Result<(), BodyError> {
        let refused = |expected| {
            Err(BodyError {
                field: "policy",
                expected,
            })
        };
        let mut before: Option<&str> = None;
        for entry in self.policy.iter() {
            let name = entry.name.as_str();
            if before.is_some_and(|before| before >= name) {
                return refused("names in strictly ascending order");
            }
            if FIXED.contains(&name) {
                return refused("no name that only a genesis can set");
            }
            before = Some(name);
        }
        if before.is_none() {
            return refused("at least one entry");
        }
        Ok(())
    }
}
