//! Errors: what was wrong, where in the text or value, and what was expected there.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use crate::read::MAX_DEPTH;

/// Why a text or value has no canonical form, and where.
///
/// # Examples
///
/// ```
/// use ai_audit_json::{ErrorKind, canonicalize};
///
/// let error = canonicalize("[1,\n 9007199254740993]").unwrap_err();
/// assert_eq!(error.kind, ErrorKind::IntegerRange);
/// assert_eq!((error.offset, error.line, error.column), (5, 2, 2));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// What was wrong.
    pub kind: ErrorKind,
    /// Byte offset in the text, from 0. It is 0 for values in memory, which have a `path`.
    pub offset: usize,
    /// Line in the text, from 1; 0 for values in memory.
    pub line: usize,
    /// Column in bytes, from 1; 0 for values in memory.
    pub column: usize,
    /// Place in a value in memory, such as `/messages/3/content`; empty for texts and for the value
    /// as a whole.
    pub path: String,
}

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is empty or has white space only.
    Empty,
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// The text breaks the JSON grammar.
    Syntax {
        /// What the grammar has there.
        expected: &'static str,
    },
    /// The text stops inside of a value.
    UnexpectedEnd,
    /// Something follows the value.
    TrailingData,
    /// An object has this member name twice.
    DuplicateKey(String),
    /// A `\u` escape is half of a surrogate pair.
    LoneSurrogate,
    /// The number is larger than every double.
    NumberOverflow,
    /// The integer is beyond ±2^53, or the double would be written as one that is.
    IntegerRange,
    /// The number is NaN or an infinity.
    NotFinite,
    /// More than [`MAX_DEPTH`] arrays and objects are nested.
    TooDeep,
    /// The value in memory has no JSON form, or none that can be told here; says which.
    Unsupported(&'static str),
    /// The value in memory refused to be serialized, in its own words.
    Custom(String),
}

impl Error {
    /// An error at a byte offset of a text; line and column are counted here.
    pub(crate) fn in_text(kind: ErrorKind, text: &[u8], offset: usize) -> Self {
        let before = &text[..offset.min(text.len())];
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        Self {
            kind,
            offset: before.len(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            column: 1 + before.len() - line_start,
            path: String::new(),
        }
    }

    /// An error in a value in memory.
    pub(crate) fn in_value(kind: ErrorKind) -> Self {
        Self {
            kind,
            offset: 0,
            line: 0,
            column: 0,
            path: String::new(),
        }
    }

    /// Puts a step in front of the path, on the way out of a value in memory.
    #[must_use]
    pub(crate) fn below(mut self, step: impl fmt::Display) -> Self {
        self.path = format!("/{step}{}", self.path);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt_what(f)?;
        if self.line > 0 {
            let Self {
                offset,
                line,
                column,
                ..
            } = self;
            write!(f, " at byte {offset} (line {line}, column {column})")?;
        } else if !self.path.is_empty() {
            write!(f, " at {}", shown(&self.path))?;
        }
        self.kind.fmt_expected(f)
    }
}

impl core::error::Error for Error {}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::in_value(ErrorKind::Custom(message.to_string()))
    }
}

impl ErrorKind {
    fn fmt_what(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no JSON value",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::Syntax { .. } => "invalid JSON",
            Self::UnexpectedEnd => "JSON text ends too early",
            Self::TrailingData => "data behind the JSON value",
            Self::DuplicateKey(name) => {
                return write!(f, "duplicate member name {}", shown(name));
            }
            Self::LoneSurrogate => "half of a surrogate pair",
            Self::NumberOverflow => "number too large for a double",
            Self::IntegerRange => "integer beyond ±2^53",
            Self::NotFinite => "number that is not finite",
            Self::TooDeep => "arrays and objects nested too deep",
            Self::Unsupported(what) => what,
            Self::Custom(message) => message,
        })
    }

    fn fmt_expected(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = match self {
            Self::Empty => "one value",
            Self::InvalidUtf8 => "UTF-8 text",
            Self::Syntax { expected } => expected,
            Self::UnexpectedEnd => "the rest of the value",
            Self::TrailingData => "the end of the text",
            Self::DuplicateKey(_) => "each name once in an object",
            Self::LoneSurrogate => "a high half followed by a low half, as in \\ud83d\\ude00",
            Self::NumberOverflow => "a magnitude below 1.8e308",
            Self::IntegerRange => "a smaller number, or the digits as a string",
            Self::NotFinite => "a finite number, a string or null",
            Self::TooDeep => return write!(f, ", expected at most {MAX_DEPTH} levels"),
            Self::Unsupported(_) | Self::Custom(_) => return Ok(()),
        };
        write!(f, ", expected {expected}")
    }
}

/// Text of unknown origin for a message: quoted, control characters escaped, cut to 64 characters.
fn shown(text: &str) -> String {
    match text.char_indices().nth(64) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}
