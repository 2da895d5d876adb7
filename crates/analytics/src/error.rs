//! What analytics refuse, and why.

use alloc::string::String;
use core::fmt;

/// Why a test, a state or a value was refused.
#[derive(Debug, Clone, PartialEq)]
pub enum AnalyticsError {
    /// A parameter is outside its range.
    Parameter {
        /// Its name.
        name: &'static str,
        /// What it was.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// A value is NaN or infinite.
    NotFinite {
        /// What it belongs to, such as a check's name.
        what: String,
        /// Its place, from 0.
        place: u64,
        /// What it was.
        value: f64,
    },
    /// A state that was read back contradicts itself.
    State {
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// An exact computation would take too long: the two rates are too close to each other.
    TooLong {
        /// What was to be computed.
        what: &'static str,
        /// After how many steps it was given up.
        steps: u64,
    },
}

impl fmt::Display for AnalyticsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter {
                name,
                value,
                expected,
            } => write!(f, "{name} is {value}: expected {expected}"),
            Self::NotFinite { what, place, value } => {
                write!(
                    f,
                    "{what}: value {place} is {value}: expected a finite number"
                )
            }
            Self::State { field, expected } => {
                write!(f, "state, field {field}: expected {expected}")
            }
            Self::TooLong { what, steps } => write!(
                f,
                "{what}: not known after {steps} steps; choose rates that are further apart"
            ),
        }
    }
}

impl core::error::Error for AnalyticsError {}

/// Takes a number between 0 and 1, both excluded.
pub(crate) fn open_unit(name: &'static str, value: f64) -> Result<f64, AnalyticsError> {
    if value > 0.0 && value < 1.0 {
        return Ok(value);
    }
    Err(AnalyticsError::Parameter {
        name,
        value,
        expected: "a number between 0 and 1, both excluded",
    })
}
