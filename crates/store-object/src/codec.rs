//! How objects are written: numbers big-endian, bytes and lists behind their lengths, nothing behind the end.

use ai_audit_core::Digest;
use ai_audit_store::StoreError;

/// Which kind of object it is, by its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Root,
    Segment,
    Beside,
    Index,
    Doomed,
}

/// The version that this software writes, and the latest that it reads.
const VERSION: u32 = 1;
/// No first line is longer.
const LINE: usize = 64;

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Segment => "segment",
            Self::Beside => "beside",
            Self::Index => "index",
            Self::Doomed => "doomed",
        }
    }
}

pub(crate) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { what: what.into() }
}

pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    *Digest::of(bytes).as_bytes()
}

pub(crate) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// An object while it is written.
#[derive(Debug)]
pub(crate) struct Out(Vec<u8>);

impl Out {
    pub(crate) fn new(kind: Kind) -> Self {
        Self(format!("ai-audit object {} {VERSION}\n", kind.word()).into_bytes())
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn u64(&mut self, number: u64) {
        self.raw(&number.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.raw(&number.to_be_bytes());
    }

    /// A length. What is longer than four bytes tell is refused before: no object is as long.
    pub(crate) fn len(&mut self, len: usize) {
        self.u32(u32::try_from(len).unwrap_or(u32::MAX));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn list<T>(&mut self, items: &[T], mut put: impl FnMut(&mut Self, &T)) {
        self.len(items.len());
        for item in items {
            put(self, item);
        }
    }
}

/// An object while it is read. Its content may be anything.
#[derive(Debug)]
pub(crate) struct In<'a> {
    name: &'a str,
    whole: usize,
    rest: &'a [u8],
}

impl<'a> In<'a> {
    /// Reads the first line.
    pub(crate) fn new(name: &'a str, bytes: &'a [u8], kind: Kind) -> Result<Self, StoreError> {
        let head = bytes.get(..bytes.len().min(LINE)).unwrap_or_default();
        let end = head.iter().position(|byte| *byte == b'\n');
        let line = end.and_then(|end| core::str::from_utf8(head.get(..end)?).ok());
        let version = line
            .and_then(|line| line.strip_prefix("ai-audit object "))
            .and_then(|line| line.strip_prefix(kind.word()))
            .and_then(|line| line.strip_prefix(' '))
            .and_then(|version| version.parse::<u32>().ok());
        match (version, end) {
            (Some(VERSION), Some(end)) => Ok(Self {
                name,
                whole: bytes.len(),
                rest: bytes.get(end + 1..).unwrap_or_default(),
            }),
            (Some(found), _) if found > VERSION => Err(StoreError::TooNew {
                found,
                supported: VERSION,
            }),
            _ => Err(corrupt(format!(
                "object {name} does not begin with the line `ai-audit object {} {VERSION}`",
                kind.word()
            ))),
        }
    }

    /// What is wrong here.
    pub(crate) fn wrong(&self, what: &str) -> StoreError {
        let offset = self.whole - self.rest.len();
        corrupt(format!("object {}, at byte {offset}: {what}", self.name))
    }

    pub(crate) fn raw(&mut self, len: usize) -> Result<&'a [u8], StoreError> {
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.wrong(&format!("it ends; expected {len} more bytes"))),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let mut array = [0; N];
        array.copy_from_slice(self.raw(N)?);
        Ok(array)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, StoreError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, StoreError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn len(&mut self) -> Result<usize, StoreError> {
        let len = self.u32()?;
        usize::try_from(len).map_err(|_| self.wrong("a length that no memory has"))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], StoreError> {
        let len = self.len()?;
        self.raw(len)
    }

    /// A list of items that have at least `least` bytes each, so that memory is taken for what is there alone.
    pub(crate) fn list<T>(
        &mut self,
        least: usize,
        mut take: impl FnMut(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let len = self.len()?;
        if len > self.rest.len() / least.max(1) {
            return Err(self.wrong(&format!("a list of {len}, for which too little follows")));
        }
        let mut items = Vec::with_capacity(len);
        for _ in 0..len {
            items.push(take(self)?);
        }
        Ok(items)
    }

    pub(crate) fn end(self) -> Result<(), StoreError> {
        match self.rest.len() {
            0 => Ok(()),
            more => Err(self.wrong(&format!("{more} bytes behind its end"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let mut out = Out::new(Kind::Segment);
        out.u64(7);
        out.bytes(b"abc");
        out.list(&[1, 2], |out, item| out.u32(*item));
        let bytes = out.end();
        let read = |bytes: &[u8]| {
            let mut object = In::new("o", bytes, Kind::Segment)?;
            let found = (object.u64()?, object.bytes()?.to_vec());
            let list = object.list(4, In::u32)?;
            object.end()?;
            Ok::<_, StoreError>((found, list))
        };
        assert_eq!(read(&bytes).unwrap(), ((7, b"abc".to_vec()), vec![1, 2]));
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "{len}");
        }
        assert!(read(&[&bytes[..], b"x"].concat()).is_err());
        assert!(In::new("o", &bytes, Kind::Index).is_err());
        let newer = b"ai-audit object segment 2\n";
        let error = In::new("o", newer, Kind::Segment).unwrap_err();
        assert!(matches!(error, StoreError::TooNew { found: 2, .. }));
        // A list of four thousand million, in four bytes.
        let mut out = Out::new(Kind::Segment);
        out.u32(u32::MAX);
        let bytes = out.end();
        let mut object = In::new("o", &bytes, Kind::Segment).unwrap();
        assert!(object.list(1, In::u32).is_err());
    }
}
