//! Strict JSON and its canonical form ([RFC 8785]), for hashing.
//!
//! Two JSON texts that mean the same have one canonical text, and so one hash. Whatever could mean
//! two things to two readers is refused instead of repaired.
//!
//! ```
//! use ai_audit_json::{ErrorKind, canonicalize, is_canonical};
//!
//! let canonical = canonicalize(r#" { "tool": "search", "\u0061rgs": [1.0, 1E30, -0] } "#)?;
//! assert_eq!(canonical, r#"{"args":[1,1e+30,0],"tool":"search"}"#);
//! assert!(is_canonical(&canonical));
//!
//! let error = canonicalize(r#"{"a": 1, "\u0061": 2}"#).unwrap_err();
//! assert_eq!(error.kind, ErrorKind::DuplicateKey("a".into()));
//! assert_eq!(error.offset, 9);
//! assert_eq!(
//!     error.to_string(),
//!     r#"duplicate member name "a" at byte 9 (line 1, column 10), expected each name once in an object"#
//! );
//! # Ok::<(), ai_audit_json::Error>(())
//! ```
//!
//! # The canonical form
//!
//! - No white space between tokens.
//! - Members are sorted by the UTF-16 code units of their names, at every level.
//! - Numbers are doubles in the form that ECMAScript gives them; `-0` is `0`.
//! - Strings are UTF-8 with the fewest escapes: `\"`, `\\`, `\b`, `\f`, `\n`, `\r`, `\t`, and
//!   `\u00xx` in lower case for the other characters below U+0020.
//! - No Unicode normalisation: two spellings of one accent are two strings.
//!
//! # What is refused
//!
//! | input | [`ErrorKind`] |
//! |---|---|
//! | nothing, or white space only | `Empty` |
//! | bytes that are not UTF-8 | `InvalidUtf8` |
//! | text that breaks the grammar, or stops too early, or goes on behind the value | `Syntax`, `UnexpectedEnd`, `TrailingData` |
//! | one name twice in an object, also when the escapes differ | `DuplicateKey` |
//! | half of a surrogate pair (`"\ud800"`) | `LoneSurrogate` |
//! | a number that a double cannot reach (`1e400`) | `NumberOverflow` |
//! | an integer beyond ±2^53 | `IntegerRange` |
//! | `NaN`, `Infinity` | `NotFinite` |
//! | more than [`MAX_DEPTH`] nested arrays and objects | `TooDeep` |
//!
//! About integers: doubles beyond ±[`MAX_INTEGER`] skip integers, so that `9007199254740993` would
//! silently become its neighbour. Integer literals out there are refused, whatever their length.
//! Decimal and exponent forms are doubles by their looks and are taken, `1E30` for example, with one
//! exception: values between 2^53 and 10^21 whose canonical form would itself be such an integer
//! literal (`1e20` is `100000000000000000000`). So every text that this crate writes is one that it
//! accepts, and canonicalizing twice changes nothing. Carry large integers as strings.
//!
//! # Costs
//!
//! Time grows with the text (objects out of order are sorted, and moved once per level). Memory: the
//! output, one small entry for each member of the objects that are open, and at most one more copy
//! of the largest object that is out of order; nothing is allocated because of a number that the
//! text claims. Depth is bounded, so the stack is too.
//!
//! # Building
//!
//! `no_std` with `alloc`. Cargo unites features over a build: if another crate turns on
//! `arbitrary_precision` of `serde_json`, fractions and exponents in texts and all numbers in a
//! `serde_json::Value` are refused with [`ErrorKind::Unsupported`] rather than hashed wrongly.
//!
//! [RFC 8785]: https://www.rfc-editor.org/rfc/rfc8785

#![no_std]

extern crate alloc;

mod error;
mod explain;
mod number;
mod read;
mod sink;
mod write;

pub use error::{Error, ErrorKind};
pub use number::{MAX_INTEGER, format_number};
pub use read::{MAX_DEPTH, canonicalize, canonicalize_bytes, canonicalize_into, is_canonical};
pub use write::to_canonical;
