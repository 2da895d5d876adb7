//! Anchors: checkpoints, and what third parties signed of them, brought back into the log.

use crate::{Checkpoint, CheckpointError, SignedNote};
use ai_audit_core::{Body, BodyError, Kind, List, NodeHash, Text};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most hashes of a consistency proof, whose trees have fewer than 2^64 leaves.
const MAX_PATH: usize = 65;

/// The body of an anchor receipt: a checkpoint of this log's own, with its cosignatures, and
/// perhaps a timestamp token over it.
///
/// What it claims is held against the log by its verifier: the checkpoint is signed by the log, and
/// the path leads from it to the tree of all receipts before the anchor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anchor<'a> {
    /// The checkpoint's signed note with its cosignatures, exactly as received.
    #[serde(borrow)]
    pub note: Text<'a>,
    /// An RFC 3161 timestamp token over SHA-256, SHA-384 or SHA-512 of the note's text, in DER;
    /// empty where there is none.
    #[serde(borrow)]
    pub token: TokenBytes<'a>,
    /// Consistency proof from the checkpoint's size to the `seq` of the anchor.
    pub path: List<'a, NodeHash>,
}

/// The bytes of a timestamp token: in postcard with their length, in the JSON view hexadecimal.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct TokenBytes<'a>(Cow<'a, [u8]>);

impl Anchor<'_> {
    /// The note and the checkpoint that it holds. Whose word they are, the caller has to see.
    ///
    /// # Errors
    ///
    /// When the note is no signed note, or its text no checkpoint.
    pub fn checkpoint(&self) -> Result<(SignedNote, Checkpoint), CheckpointError> {
        let note = SignedNote::parse(self.note.as_bytes()).map_err(CheckpointError::Note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok((note, checkpoint))
    }
}

impl Body for Anchor<'_> {
    const KIND: Kind = Kind::ANCHOR;

    fn check(&self) -> Result<(), BodyError> {
        let wrong = |field, expected| Err(BodyError { field, expected });
        match self.checkpoint() {
            Ok((_, checkpoint)) if checkpoint.size.as_u64() > 0 => {}
            _ => {
                return wrong(
                    "note",
                    "the signed note of a checkpoint of at least one receipt",
                );
            }
        }
        if self.path.len() > MAX_PATH {
            return wrong("path", "at most 65 hashes");
        }
        Ok(())
    }
}

impl<'a> TokenBytes<'a> {
    /// A token borrowed for as long as the body that holds it.
    #[must_use]
    pub const fn borrowed(bytes: &'a [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

impl From<Vec<u8>> for TokenBytes<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Cow::Owned(bytes))
    }
}

impl fmt::Display for TokenBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenBytes({self})")
    }
}

impl Serialize for TokenBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(self.as_slice())
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for TokenBytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = &'de [u8];
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<&'de [u8], E> {
                Ok(bytes)
            }
        }
        deserializer.deserialize_bytes(Borrow).map(Self::borrowed)
    }
}
