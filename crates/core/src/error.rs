//! Why bytes are no receipt.

use core::fmt;

/// Bytes from outside that do not decode: where, which field, what was expected.
///
/// Offsets count bytes from the start of the sealed receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    /// Byte offset of the field that could not be taken.
    pub offset: usize,
    /// Its name, as the specification writes it.
    pub field: &'static str,
    /// What should have been there.
    pub expected: &'static str,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            offset,
            field,
            expected,
        } = self;
        write!(f, "{field} at byte {offset}: expected {expected}")
    }
}

impl core::error::Error for DecodeError {}
