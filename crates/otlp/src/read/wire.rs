//! The wire format of protobuf: fields of a message, one by one, without taking memory.

use crate::Error;

/// What is left of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire<'a> {
    bytes: &'a [u8],
    /// Where in the request it is, for messages.
    at: usize,
}

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Len(Wire<'a>),
    Fixed32,
}

impl<'a> Wire<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The number and the value of the next field; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, Error> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = key >> 3;
        if number == 0 || number >= 1 << 29 {
            return Err(self.expected("a field number from 1 to 536870911"));
        }
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => {
                let bytes = self.take(8)?.bytes;
                Field::Fixed64(u64::from_le_bytes(bytes.try_into().unwrap_or_default()))
            }
            2 => {
                let len = self.varint()?;
                let len = usize::try_from(len).unwrap_or(usize::MAX);
                Field::Len(self.take(len)?)
            }
            5 => {
                self.take(4)?;
                Field::Fixed32
            }
            _ => return Err(self.expected("wire type 0, 1, 2 or 5")),
        };
        Ok(Some((number, field)))
    }

    /// All of it as bytes.
    pub(super) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn expected(&self, what: &str) -> Error {
        Error::malformed(format!("byte {}", self.at), what)
    }

    fn take(&mut self, len: usize) -> Result<Self, Error> {
        let Some((taken, rest)) = self.bytes.split_at_checked(len) else {
            return Err(self.expected("as many bytes as the field says that it has"));
        };
        let at = self.at;
        *self = Self {
            bytes: rest,
            at: at + len,
        };
        Ok(Self { bytes: taken, at })
    }

    /// At most ten bytes, and 64 bits.
    fn varint(&mut self) -> Result<u64, Error> {
        let mut value = 0;
        for (index, byte) in self.bytes.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * index);
            if byte & 0x80 == 0 {
                self.take(index + 1)?;
                return Ok(value);
            }
        }
        Err(self.expected("a number of at most ten bytes"))
    }
}

impl<'a> Field<'a> {
    pub(super) fn len(self, inside: &Wire<'_>) -> Result<Wire<'a>, Error> {
        match self {
            Self::Len(wire) => Ok(wire),
            _ => Err(inside.expected("a field with a length before this")),
        }
    }

    pub(super) fn fixed64(self, inside: &Wire<'_>) -> Result<u64, Error> {
        match self {
            Self::Fixed64(value) => Ok(value),
            _ => Err(inside.expected("a field of eight bytes before this")),
        }
    }

    pub(super) fn varint(self, inside: &Wire<'_>) -> Result<u64, Error> {
        match self {
            Self::Varint(value) => Ok(value),
            _ => Err(inside.expected("a number as a varint before this")),
        }
    }

    pub(super) fn text(self, inside: &Wire<'_>) -> Result<&'a str, Error> {
        let wire = self.len(inside)?;
        str::from_utf8(wire.bytes).map_err(|_| wire.expected("a text in UTF-8"))
    }
}
