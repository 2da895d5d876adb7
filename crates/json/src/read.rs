//! From JSON text to canonical text: `serde_json` reads, the visitor here writes as it goes.

use alloc::borrow::Cow;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::String;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::explain::explain;
use crate::number::{self, find_large_integer, may_be_long_integer};
use crate::sink::Sink;
use crate::{Error, ErrorKind};

/// How many arrays and objects may be nested in each other: `[]` is one level.
///
/// It is the bound at which `serde_json` stops, so that whatever this crate writes can be read there.
pub const MAX_DEPTH: usize = 127;

/// The name under which `serde_json` passes numbers when built with `arbitrary_precision`.
const FOREIGN_NUMBER: &str = "$serde_json::private::Number";

/// Gives the canonical form of a JSON text.
///
/// # Errors
///
/// Whatever the [crate documentation](crate#what-is-refused) lists, with the place.
///
/// # Examples
///
/// ```
/// use ai_audit_json::canonicalize;
///
/// assert_eq!(canonicalize(r#"{ "b": "\u20ac", "a": 4.50 }"#)?, r#"{"a":4.5,"b":"€"}"#);
/// # Ok::<(), ai_audit_json::Error>(())
/// ```
pub fn canonicalize(input: &str) -> Result<String, Error> {
    let mut out = String::new();
    canonicalize_into(input, &mut out)?;
    Ok(out)
}

/// Gives the canonical form of a JSON text that comes as bytes.
///
/// # Errors
///
/// As [`canonicalize`], and [`ErrorKind::InvalidUtf8`] with the offset of the first bad byte.
pub fn canonicalize_bytes(input: &[u8]) -> Result<String, Error> {
    match core::str::from_utf8(input) {
        Ok(text) => canonicalize(text),
        Err(error) => Err(Error::in_text(
            ErrorKind::InvalidUtf8,
            input,
            error.valid_up_to(),
        )),
    }
}

/// Appends the canonical form of a JSON text to a string, to reuse its memory.
///
/// # Errors
///
/// As [`canonicalize`]; the string is then what it was before.
pub fn canonicalize_into(input: &str, out: &mut String) -> Result<(), Error> {
    let before = out.len();
    // Few texts have a canonical form longer than themselves.
    out.reserve(input.len());
    let result = run(input, out, false);
    if result.is_err() {
        out.truncate(before);
    }
    match result {
        // Found where the object ends; go again to learn where the second of the names is.
        Err(Error {
            kind: ErrorKind::DuplicateKey(name),
            offset,
            ..
        }) => Err(match run(input, &mut String::new(), true) {
            Err(error) => error,
            Ok(()) => Error::in_text(ErrorKind::DuplicateKey(name), input.as_bytes(), offset),
        }),
        other => other,
    }
}

/// Whether a text is exactly the canonical form of itself. Texts that are refused are not.
///
/// # Examples
///
/// ```
/// use ai_audit_json::is_canonical;
///
/// assert!(is_canonical(r#"{"a":1,"b":[]}"#));
/// assert!(!is_canonical(r#"{"b":[],"a":1}"#));
/// assert!(!is_canonical("1.0"));
/// assert!(!is_canonical("nonsense"));
/// ```
#[must_use]
pub fn is_canonical(input: &str) -> bool {
    canonicalize(input).is_ok_and(|canonical| canonical == input)
}

fn run(input: &str, out: &mut String, stop_at_duplicate: bool) -> Result<(), Error> {
    let mut state = State {
        sink: Sink::new(out),
        failure: None,
        long_integer: false,
        stop_at_duplicate,
    };
    let mut reader = serde_json::Deserializer::from_str(input);
    let result = ValueSeed(&mut state)
        .deserialize(&mut reader)
        .and_then(|()| reader.end());
    match result {
        Err(error) => Err(explain(input, &error, state.failure)),
        Ok(()) if state.long_integer => match find_large_integer(input) {
            None => Ok(()),
            Some(offset) => Err(Error::in_text(
                ErrorKind::IntegerRange,
                input.as_bytes(),
                offset,
            )),
        },
        Ok(()) => Ok(()),
    }
}

struct State<'de, 'o> {
    sink: Sink<'de, 'o>,
    /// Why the visitor gave up; its error type cannot carry it.
    failure: Option<ErrorKind>,
    /// A number was seen that might be an integer too long for 64 bits.
    long_integer: bool,
    /// Look at each name when it comes: slower, but the reader's position is that of the name.
    stop_at_duplicate: bool,
}

impl State<'_, '_> {
    fn fail<T, E: serde::de::Error>(&mut self, kind: ErrorKind) -> Result<T, E> {
        self.failure = Some(kind);
        Err(E::custom("refused"))
    }
}

/// Writes one value.
struct ValueSeed<'s, 'de, 'o>(&'s mut State<'de, 'o>);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.sink.out.push_str("null");
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0
            .sink
            .out
            .push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        number::write_integer(self.0.sink.out, false, value.into())
            .or_else(|kind| self.0.fail(kind))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        let magnitude = value.unsigned_abs().into();
        number::write_integer(self.0.sink.out, value < 0, magnitude)
            .or_else(|kind| self.0.fail(kind))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.0.long_integer |= may_be_long_integer(value);
        number::write_f64(self.0.sink.out, value).or_else(|kind| self.0.fail(kind))
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.sink.string(value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let state = self.0;
        state.sink.out.push('[');
        let empty = state.sink.out.len();
        loop {
            // The comma is written first, because the item writes itself while it is read.
            let before = state.sink.out.len();
            if before > empty {
                state.sink.out.push(',');
            }
            if items.next_element_seed(ValueSeed(state))?.is_none() {
                state.sink.out.truncate(before);
                break;
            }
        }
        state.sink.out.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let state = self.0;
        let object = state.sink.begin_object();
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key_seed(NameSeed)? {
            if name == FOREIGN_NUMBER && !reads_plain_numbers() {
                return state.fail(ErrorKind::Unsupported(
                    "serde_json is built with arbitrary_precision, which hides numbers",
                ));
            }
            if state.stop_at_duplicate && !names.insert(name.clone()) {
                return state.fail(ErrorKind::DuplicateKey(name.into_owned()));
            }
            state.sink.begin_member(object, name);
            members.next_value_seed(ValueSeed(state))?;
            state.sink.end_member();
        }
        state
            .sink
            .end_object(object)
            .or_else(|name| state.fail(ErrorKind::DuplicateKey(name)))
    }
}

/// Takes the name of a member, borrowed where it has no escapes.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// Whether `serde_json` gives numbers as numbers: a probe, since features of another crate cannot be
/// asked for. A fraction, because short integers stay integers in any build.
fn reads_plain_numbers() -> bool {
    struct Probe;
    impl Visitor<'_> for Probe {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
            Ok(true)
        }
    }
    serde_json::Deserializer::from_str("0.5")
        .deserialize_any(Probe)
        .is_ok()
}
