//! From values in memory to canonical text: a serializer that writes into the same sink.

use alloc::borrow::Cow;
use alloc::string::String;

use serde::Serialize;
use serde::ser::Serializer;

use crate::number;
use crate::read::MAX_DEPTH;
use crate::sink::{OpenObject, Sink};
use crate::{Error, ErrorKind};

mod compound;
mod name;

use compound::{Array, Object};

/// Names of structs by which `serde_json` passes text through serializers of its own only.
const FOREIGN_PREFIX: &str = "$serde_json::private::";

/// Gives the canonical form of a value in memory, in the shape that `serde_json` would give it.
///
/// An `f32` is written as the double of the same value. Map keys may be strings, characters,
/// integers, booleans and unit variants.
///
/// # Errors
///
/// [`ErrorKind::IntegerRange`], [`ErrorKind::NotFinite`], [`ErrorKind::DuplicateKey`] and
/// [`ErrorKind::TooDeep`] as for texts, [`ErrorKind::Unsupported`] for other map keys and for raw
/// text of `serde_json`, [`ErrorKind::Custom`] when the value itself gives up. [`Error::path`] says
/// where in the value.
///
/// # Examples
///
/// ```
/// use ai_audit_json::to_canonical;
/// use serde_json::json;
///
/// let value = json!({ "b": [1.0, null], "a": "€" });
/// assert_eq!(to_canonical(&value)?, r#"{"a":"€","b":[1,null]}"#);
///
/// let error = to_canonical(&json!({ "ids": [1, u64::MAX] })).unwrap_err();
/// assert_eq!(error.path, "/ids/1");
/// # Ok::<(), ai_audit_json::Error>(())
/// ```
pub fn to_canonical<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    let mut out = String::new();
    let mut writer = Writer {
        sink: Sink::new(&mut out),
        depth: 0,
    };
    value.serialize(&mut writer)?;
    Ok(out)
}

struct Writer<'o> {
    sink: Sink<'static, 'o>,
    /// Arrays and objects that are open.
    depth: usize,
}

impl<'o> Writer<'o> {
    fn integer(&mut self, negative: bool, magnitude: u128) -> Result<(), Error> {
        number::write_integer(self.sink.out, negative, magnitude).map_err(Error::in_value)
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::in_value(ErrorKind::TooDeep));
        }
        Ok(())
    }

    fn begin_object(&mut self) -> Result<OpenObject, Error> {
        self.enter()?;
        Ok(self.sink.begin_object())
    }

    fn end_object(&mut self, object: OpenObject) -> Result<(), Error> {
        self.depth -= 1;
        self.sink
            .end_object(object)
            .map_err(|name| Error::in_value(ErrorKind::DuplicateKey(name)))
    }

    /// Opens `{"Variant":`, the shape of an enum variant that has content.
    fn begin_variant(&mut self, variant: &'static str) -> Result<Outer, Error> {
        let object = self.begin_object()?;
        self.sink.begin_member(object, Cow::Borrowed(variant));
        Ok(Outer { object, variant })
    }

    fn end_variant(&mut self, outer: Option<Outer>) -> Result<(), Error> {
        let Some(outer) = outer else { return Ok(()) };
        self.sink.end_member();
        self.end_object(outer.object)
    }

    fn array(&mut self, outer: Option<Outer>) -> Result<Array<'_, 'o>, Error> {
        self.enter().map_err(|error| within(outer, error))?;
        self.sink.out.push('[');
        Ok(Array {
            writer: self,
            count: 0,
            outer,
        })
    }

    fn object(&mut self, outer: Option<Outer>) -> Result<Object<'_, 'o>, Error> {
        let object = self.begin_object().map_err(|error| within(outer, error))?;
        Ok(Object {
            writer: self,
            object,
            name: String::new(),
            outer,
        })
    }
}

/// The object that stands around the content of an enum variant.
#[derive(Clone, Copy)]
struct Outer {
    object: OpenObject,
    variant: &'static str,
}

fn within(outer: Option<Outer>, error: Error) -> Error {
    match outer {
        None => error,
        Some(outer) => error.below(outer.variant),
    }
}

macro_rules! signed {
    ($($method:ident($type:ty)),*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.integer(value < 0, value.unsigned_abs().into())
        }
    )*};
}

macro_rules! unsigned {
    ($($method:ident($type:ty)),*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.integer(false, value.into())
        }
    )*};
}

impl<'w, 'o> Serializer for &'w mut Writer<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Array<'w, 'o>;
    type SerializeTuple = Array<'w, 'o>;
    type SerializeTupleStruct = Array<'w, 'o>;
    type SerializeTupleVariant = Array<'w, 'o>;
    type SerializeMap = Object<'w, 'o>;
    type SerializeStruct = Object<'w, 'o>;
    type SerializeStructVariant = Object<'w, 'o>;

    signed!(
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_i128(i128)
    );
    unsigned!(
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_u128(u128)
    );

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.sink.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        number::write_f64(self.sink.out, value).map_err(Error::in_value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.sink.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.sink.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let outer = self.begin_variant(variant)?;
        value
            .serialize(&mut *self)
            .map_err(|error| error.below(variant))?;
        self.end_variant(Some(outer))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        self.array(None)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        self.array(None)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        self.array(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        let outer = self.begin_variant(variant)?;
        self.array(Some(outer))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        self.object(None)
    }

    fn serialize_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, Error> {
        if name.starts_with(FOREIGN_PREFIX) {
            return Err(Error::in_value(ErrorKind::Unsupported(
                "value holds raw text (RawValue, or a number under arbitrary_precision) that only serde_json \
                 can write",
            )));
        }
        self.object(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        let outer = self.begin_variant(variant)?;
        self.object(Some(outer))
    }
}
