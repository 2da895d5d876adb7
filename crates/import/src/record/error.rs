//! Why something is no record.

use core::fmt;

use crate::JsonError;

/// Why a text is no record of the Python library. Offsets are bytes of the text, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// The text is refused as JSON.
    Json(JsonError),
    /// It is JSON, but none of the four records.
    Unknown {
        /// Where the value begins.
        offset: usize,
    },
    /// A member is not what the library writes there.
    Field {
        /// The member's name.
        field: &'static str,
        /// Where its value begins.
        offset: usize,
        /// What should be there.
        expected: &'static str,
    },
}

impl RecordError {
    /// Where it is, in bytes from the text's beginning.
    #[must_use]
    pub const fn offset(&self) -> usize {
        match self {
            Self::Json(error) => error.offset,
            Self::Unknown { offset } | Self::Field { offset, .. } => *offset,
        }
    }
}

impl From<JsonError> for RecordError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Unknown { offset } => write!(
                f,
                "no record at byte {offset}, expected an object with receipt_id, checks and action \
                 (decision), receipt_id and tool_name (tool call), batch_id, merkle_root and \
                 receipt_ids (batch seal) or epoch_id, merkle_root and first_receipt_hash (epoch \
                 seal)"
            ),
            Self::Field {
                field,
                offset,
                expected,
            } => write!(f, "{field} at byte {offset}: expected {expected}"),
        }
    }
}

impl core::error::Error for RecordError {}
