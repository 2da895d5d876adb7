//! Control bodies that the writer of a log seals by itself.

use crate::{Body, BodyError, Kind, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// The writer opened the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start<'a> {
    /// Name and version of the software.
    #[serde(borrow)]
    pub software: Text<'a>,
    /// How many receipts the log held, this one not counted.
    pub size: u64,
    /// Whether the writer before stopped in order. `false` after a crash.
    pub clean: bool,
}

/// The writer closed the log in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop<'a> {
    /// Why; may be empty.
    #[serde(borrow)]
    pub reason: Text<'a>,
    /// How many receipts the log held, this one not counted.
    pub size: u64,
}

/// Receipts that should be here and are not: a declared loss or outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap<'a> {
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// How many are lost, where that is known.
    pub lost: Option<u64>,
    /// Why.
    #[serde(borrow)]
    pub reason: Text<'a>,
}

/// The writer's clock showed an earlier time than the receipt before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockAnomaly {
    /// What the clock showed.
    pub observed: Timestamp,
    /// The time of the receipt before, which this one takes over.
    pub last: Timestamp,
}

impl Body for Start<'_> {
    const KIND: Kind = Kind::START;
}

impl Body for Stop<'_> {
    const KIND: Kind = Kind::STOP;
}

impl Body for Gap<'_> {
    const KIND: Kind = Kind::GAP;

    fn check(&self) -> Result<(), BodyError> {
        if self.from > self.to {
            return Err(BodyError {
                field: "to",
                expected: "a time not before `from`",
            });
        }
        Ok(())
    }
}

impl Body for ClockAnomaly {
    const KIND: Kind = Kind::CLOCK_ANOMALY;

    fn check(&self) -> Result<(), BodyError> {
        if self.observed >= self.last {
            return Err(BodyError {
                field: "observed",
                expected: "a time before `last`",
            });
        }
        Ok(())
    }
}
