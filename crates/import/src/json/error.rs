//! Why a text is refused as JSON, and where.

use alloc::string::String;
use core::fmt;

use super::read::MAX_DEPTH;

/// Why a text is refused as JSON, and where.
///
/// ```
/// use ai_audit_import::Json;
///
/// let error = Json::parse(r#"{"a": 1, "\u0061": 2}"#).unwrap_err();
/// assert_eq!(error.offset, 9);
/// assert_eq!(
///     error.to_string(),
///     r#"member "a" twice in one object at byte 9, expected each name once"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// What was wrong.
    pub kind: JsonErrorKind,
    /// Byte offset in the text, from 0.
    pub offset: usize,
}

/// What was wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The text breaks the grammar of RFC 8259.
    Syntax {
        /// What the grammar has there.
        expected: &'static str,
    },
    /// The text stops inside of a value, or has none.
    UnexpectedEnd,
    /// Something other than white space follows the value.
    TrailingData,
    /// An object has this member name twice, also where the escapes differ.
    DuplicateName(String),
    /// A `\u` escape is half of a surrogate pair.
    LoneSurrogate,
    /// More than 127 arrays and objects are nested in each other.
    TooDeep,
    /// The text has 2^32 bytes or more.
    TooLong,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, expected) = match &self.kind {
            JsonErrorKind::Syntax { expected } => ("no JSON", *expected),
            JsonErrorKind::UnexpectedEnd => ("JSON ends too early", "the rest of a value"),
            JsonErrorKind::TrailingData => ("data behind the JSON value", "the end of the text"),
            JsonErrorKind::DuplicateName(name) => {
                write!(f, "member {} twice in one object", Shown(name))?;
                ("", "each name once")
            }
            JsonErrorKind::LoneSurrogate => (
                "half of a surrogate pair",
                "a high half followed by a low half",
            ),
            JsonErrorKind::TooDeep => {
                let offset = self.offset;
                return write!(
                    f,
                    "arrays and objects nested too deep at byte {offset}, expected at most {MAX_DEPTH} levels"
                );
            }
            JsonErrorKind::TooLong => ("JSON text too long", "less than 2^32 bytes"),
        };
        write!(f, "{what} at byte {}, expected {expected}", self.offset)
    }
}

impl core::error::Error for JsonError {}

/// Text of unknown origin for a message: quoted, control characters escaped, cut to 64 characters.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(64) {
            None => write!(f, "{:?}", self.0),
            Some((end, _)) => write!(f, "{:?}...", self.0.get(..end).unwrap_or_default()),
        }
    }
}
