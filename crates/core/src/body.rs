//! Bodies: what a receipt says, and how its bytes are read back.

pub(crate) mod batch;
pub(crate) mod control;
pub(crate) mod decision;
pub(crate) mod genesis;
pub(crate) mod imported;
pub(crate) mod kept;
pub(crate) mod keys;
pub(crate) mod policy;
#[cfg(feature = "alloc")]
pub(crate) mod said;

use crate::receipt::SameBytes;
use crate::{DecodeError, Kind, UnverifiedReceipt};
use core::cell::Cell;
use core::fmt;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, forward_to_deserialize_any};

/// A body of one kind. Crates above define their own by implementing this.
///
/// Its serde form in postcard is its byte form, so fields, their order and their types are part of
/// the specification. Its serde form in a human-readable format is the JSON view.
pub trait Body: Serialize {
    /// The kind, from the registry of the specification.
    const KIND: Kind;

    /// Checks what the types cannot express. Called before sealing and after decoding.
    ///
    /// # Errors
    ///
    /// Names the field that does not hold, and what was expected.
    fn check(&self) -> Result<(), BodyError> {
        Ok(())
    }
}

/// A rule of a body that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyError {
    /// The field.
    pub field: &'static str,
    /// What it should be.
    pub expected: &'static str,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.field, self.expected)
    }
}

impl core::error::Error for BodyError {}

/// Bodies that can be read from a receipt. Implemented for all that serde can decode.
pub trait DecodeBody<'a>: Body + Deserialize<'a> {
    /// Decodes the body of `receipt`, which must be of this kind and in canonical form: a body that
    /// would not encode to the same bytes again is refused.
    ///
    /// # Errors
    ///
    /// Offset, field and expectation of the first thing that does not hold.
    fn decode(receipt: &UnverifiedReceipt<'a>) -> Result<Self, DecodeError> {
        if receipt.header().kind != Self::KIND {
            let expected = Self::KIND.name().unwrap_or("the kind that was asked for");
            return Err(DecodeError {
                offset: receipt.kind_offset(),
                field: "kind",
                expected,
            });
        }
        let start = receipt.body_offset();
        decode_body(receipt.body()).map_err(|error| DecodeError {
            offset: start + error.offset,
            ..error
        })
    }

    /// Decodes what a receipt says, where that is of this kind: its own body, or that of a record that
    /// it brings from another system.
    ///
    /// # Errors
    ///
    /// As [`DecodeBody::decode`].
    #[cfg(feature = "alloc")]
    fn decode_said(said: &crate::Said<'a>) -> Result<Self, DecodeError> {
        if said.kind != Self::KIND {
            let expected = Self::KIND.name().unwrap_or("the kind that was asked for");
            return Err(DecodeError {
                offset: said.offset,
                field: "kind",
                expected,
            });
        }
        decode_body(said.body).map_err(|error| DecodeError {
            offset: said.offset + error.offset,
            ..error
        })
    }
}

impl<'a, T: Body + Deserialize<'a>> DecodeBody<'a> for T {}

/// Decodes the bytes of a body outside of a receipt, as [`encode_body`](crate::encode_body) made them.
///
/// # Errors
///
/// Offset, field and expectation of the first thing that does not hold; also where the value has another
/// encoding than these bytes.
pub fn decode_body<'a, T: Body + Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, DecodeError> {
    let field = Cell::new("body");
    let mut inner = postcard::Deserializer::from_bytes(bytes);
    let decoded = T::deserialize(Named {
        inner: &mut inner,
        field: &field,
    });
    let rest = inner.finalize().unwrap_or(&[]).len();
    let body = decoded.map_err(|error| DecodeError {
        offset: bytes.len() - rest,
        field: field.get(),
        expected: match error {
            postcard::Error::DeserializeUnexpectedEnd => "more bytes",
            postcard::Error::DeserializeBadVarint => "a varint of at most its type's width",
            postcard::Error::DeserializeBadBool => "a boolean of 0 or 1",
            postcard::Error::DeserializeBadOption => "an option tag of 0 or 1",
            postcard::Error::DeserializeBadEnum => "a known variant",
            postcard::Error::DeserializeBadUtf8 => "UTF-8",
            _ => "a value in the field's range",
        },
    })?;
    if rest != 0 {
        let offset = bytes.len() - rest;
        return Err(DecodeError {
            offset,
            field: "body",
            expected: "no bytes after the last field",
        });
    }
    SameBytes::check(&body, bytes).map_err(|offset| DecodeError {
        offset,
        field: "body",
        expected: "the canonical encoding",
    })?;
    body.check().map_err(|error| DecodeError {
        offset: 0,
        field: error.field,
        expected: error.expected,
    })?;
    Ok(body)
}

/// Passes the body's struct on to postcard field by field and remembers the name of the field, so
/// that an error can say it.
struct Named<'d, 'a> {
    inner: &'d mut postcard::Deserializer<'a, postcard::de_flavors::Slice<'a>>,
    field: &'d Cell<&'static str>,
}

impl<'de> Deserializer<'de> for Named<'_, 'de> {
    type Error = postcard::Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, postcard::Error> {
        visitor.visit_seq(NamedFields {
            inner: self.inner,
            field: self.field,
            names: fields.iter(),
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, postcard::Error> {
        // Bodies are structs; nothing else reaches this.
        Err(postcard::Error::WontImplement)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct NamedFields<'d, 'a> {
    inner: &'d mut postcard::Deserializer<'a, postcard::de_flavors::Slice<'a>>,
    field: &'d Cell<&'static str>,
    names: core::slice::Iter<'static, &'static str>,
}

impl<'de> SeqAccess<'de> for NamedFields<'_, 'de> {
    type Error = postcard::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, postcard::Error> {
        let Some(name) = self.names.next() else {
            return Ok(None);
        };
        self.field.set(name);
        seed.deserialize(&mut *self.inner).map(Some)
    }
}
