//! Arrays and objects of values in memory, with the enum variant around them if there is one.

use alloc::borrow::Cow;
use alloc::string::String;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::name::NameSerializer;
use super::{Outer, Writer, within};
use crate::Error;
use crate::sink::OpenObject;

pub(super) struct Array<'w, 'o> {
    pub(super) writer: &'w mut Writer<'o>,
    pub(super) count: usize,
    pub(super) outer: Option<Outer>,
}

impl Array<'_, '_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if self.count > 0 {
            self.writer.sink.out.push(',');
        }
        value
            .serialize(&mut *self.writer)
            .map_err(|error| within(self.outer, error.below(self.count)))?;
        self.count += 1;
        Ok(())
    }

    fn close(self) -> Result<(), Error> {
        self.writer.sink.out.push(']');
        self.writer.depth -= 1;
        self.writer.end_variant(self.outer)
    }
}

pub(super) struct Object<'w, 'o> {
    pub(super) writer: &'w mut Writer<'o>,
    pub(super) object: OpenObject,
    /// The map key whose value comes next.
    pub(super) name: String,
    pub(super) outer: Option<Outer>,
}

impl Object<'_, '_> {
    fn member<T: Serialize + ?Sized>(
        &mut self,
        name: Cow<'static, str>,
        value: &T,
    ) -> Result<(), Error> {
        let member = self.writer.sink.begin_member(self.object, name);
        match value.serialize(&mut *self.writer) {
            Ok(()) => {
                self.writer.sink.end_member();
                Ok(())
            }
            Err(error) => {
                let error = error.below(self.writer.sink.name(member));
                Err(within(self.outer, error))
            }
        }
    }

    fn close(self) -> Result<(), Error> {
        self.writer
            .end_object(self.object)
            .map_err(|error| within(self.outer, error))?;
        self.writer.end_variant(self.outer)
    }
}

/// The four kinds of arrays and the two kinds of structs differ in the names of their methods.
macro_rules! arrays {
    ($($trait:ident::$method:ident),*) => {$(
        impl $trait for Array<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}

arrays!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! structs {
    ($($trait:ident),*) => {$(
        impl $trait for Object<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.member(Cow::Borrowed(name), value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}

structs!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Object<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.name = key.serialize(NameSerializer)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let name = core::mem::take(&mut self.name);
        self.member(Cow::Owned(name), value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}
