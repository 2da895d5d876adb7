//! Records of another system, brought into a log: what was gone through, and each record of it.

use crate::{
    Body, BodyError, Digest, Kind, LeafHash, List, Signature, Text, Timestamp, VerifyingKey,
};
use core::fmt;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A step of an import: the source as a whole, or one record of it.
///
/// A source comes first; its records follow in the order in which they stood there, each naming the
/// source's receipt. Specified in `docs/spec/imported.md`.
///
/// ```
/// use ai_audit_core::{
///     Bytes, Decision, Imported, ImportedBody, ImportedItem, ImportedRecord, Kind, LeafHash,
///     decode_body, encode_body,
/// };
///
/// let says = encode_body(&Decision { model: "gpt-4o".into(), ..Decision::new() })?;
/// let imported = Imported {
///     record: ImportedRecord::Item(ImportedItem {
///         source: LeafHash::of(b"the source's receipt"),
///         index: 0,
///         id: "r-1".into(),
///         tenant: "".into(),
///         occurred_at: None,
///         original: r#"{"model_id":"gpt-4o"}"#.into(),
///         hash: None,
///         signature: None,
///         key: None,
///         finding: "it has no signature".into(),
///         content: Some(ImportedBody { kind: Kind::DECISION, body: Bytes(&says) }),
///     }),
/// };
/// let bytes = encode_body(&imported)?;
/// assert_eq!(decode_body::<Imported<'_>>(&bytes)?, imported);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "alloc", derive(Deserialize))]
pub struct Imported<'a> {
    /// Which of the two.
    #[cfg_attr(feature = "alloc", serde(borrow))]
    pub record: ImportedRecord<'a>,
}

/// What an import receipt brings.
///
/// Exhaustive on purpose: another step is another format version.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "alloc", derive(Deserialize))]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "one is held at a time, and without the feature `alloc` there is nothing to box it in"
)]
pub enum ImportedRecord<'a> {
    /// Where records came from, and what its verification said.
    #[cfg_attr(feature = "alloc", serde(borrow))]
    Source(ImportedSource<'a>),
    /// One record.
    #[cfg_attr(feature = "alloc", serde(borrow))]
    Item(ImportedItem<'a>),
}

/// Where records came from, as it was found when they were imported.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "alloc", derive(Deserialize))]
#[cfg_attr(feature = "alloc", serde(bound(deserialize = "'de: 'a")))]
pub struct ImportedSource<'a> {
    /// The system that made them, such as `ai-audit-trail`; not empty.
    pub system: Text<'a>,
    /// In which form they came: `package`, `receipts`, `redis` or `postgres`.
    pub form: Text<'a>,
    /// File name or address, without folders and secrets.
    pub name: Text<'a>,
    /// SHA-256 of the source's bytes: of the file; of a server, of the records, a line feed after each.
    pub digest: Digest,
    /// How many bytes that was over.
    pub size: u64,
    /// How many records follow.
    pub items: u64,
    /// The keys that the importer trusted for them; none where he trusted none.
    pub keys: List<'a, VerifyingKey>,
    /// Are these the bytes that were signed, in their order?
    pub integrity: ImportedAnswer<'a>,
    /// Were they signed by one of the keys?
    pub attribution: ImportedAnswer<'a>,
    /// Is nothing missing at the ends?
    pub completeness: ImportedAnswer<'a>,
    /// The source's other files, by name, as they were: manifest, metadata, keys.
    pub files: List<'a, ImportedFile<'a>>,
}

/// The answer to a question about a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportedAnswer<'a> {
    /// It was checked and held.
    Verified,
    /// It was checked and did not hold; why.
    #[serde(borrow)]
    Failed(Text<'a>),
    /// It could not be checked; what was missing.
    #[serde(borrow)]
    Unverified(Text<'a>),
}

/// A file beside the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFile<'a> {
    /// Its name in the source.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Its contents.
    #[serde(borrow)]
    pub contents: Text<'a>,
}

/// One record of another system, with the proof that it brought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportedItem<'a> {
    /// Hash of the receipt that describes the source.
    pub source: LeafHash,
    /// Its place in the source, from 0.
    pub index: u64,
    /// The record's own id; may be empty.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Whose it was there; may be empty.
    #[serde(borrow)]
    pub tenant: Text<'a>,
    /// When it says that it was made.
    pub occurred_at: Option<Timestamp>,
    /// The record's bytes as they were, hash and signature included.
    #[serde(borrow)]
    pub original: Text<'a>,
    /// SHA-256 of the bytes that it signs; none where they could not be rebuilt.
    pub hash: Option<Digest>,
    /// Its signature, where it has the form of one.
    pub signature: Option<Signature>,
    /// The key under which the signature was found to hold; none where it was not.
    pub key: Option<VerifyingKey>,
    /// What did not hold, or could not be checked; empty where all of it held under `key`.
    #[serde(borrow)]
    pub finding: Text<'a>,
    /// What the record says, as a body of this format; none where there is no such body.
    #[serde(borrow)]
    pub content: Option<ImportedBody<'a>>,
}

/// A body inside of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedBody<'a> {
    /// Its kind; never `imported`.
    pub kind: Kind,
    /// Its bytes, as a receipt of that kind would have them.
    #[serde(borrow)]
    pub body: Bytes<'a>,
}

/// Bytes of any length: their number, then they as they are; hexadecimal digits in the JSON view.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(self.0)
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = Bytes<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Bytes<'de>, E> {
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_bytes(Borrowed)
    }
}

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hex::write(f, self.0)
    }
}

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({self})")
    }
}

impl Body for Imported<'_> {
    const KIND: Kind = Kind::IMPORTED;

    fn check(&self) -> Result<(), BodyError> {
        let wrong = |field, expected| Err(BodyError { field, expected });
        match &self.record {
            ImportedRecord::Source(source) => {
                if source.system.is_empty() {
                    return wrong("system", "the name of the system that made the records");
                }
                if !source.files.is_sorted_by(|a, b| *a.name < *b.name) {
                    return wrong("files", "names in strictly ascending order");
                }
            }
            ImportedRecord::Item(item) => {
                if item.key.is_some() != item.finding.is_empty() {
                    return wrong(
                        "finding",
                        "a text exactly where no key holds the record's signature",
                    );
                }
                if item.key.is_some() && (item.hash.is_none() || item.signature.is_none()) {
                    return wrong("key", "a hash and a signature beside it");
                }
                if (item.content).is_some_and(|content| content.kind == Kind::IMPORTED) {
                    return wrong("content.kind", "a kind other than imported");
                }
            }
        }
        Ok(())
    }
}
