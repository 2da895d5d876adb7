//! Checkpoints: a log had this many receipts and this root.

use crate::{NoteError, SignedNote, VKey};
use ai_audit_core::{NodeHash, Signer};
use ai_audit_merkle::TreeSize;
use alloc::string::String;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::fmt;

/// What a checkpoint says (C2SP tlog-checkpoint).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Number of leaves.
    pub size: TreeSize,
    /// Root of the tree of that size.
    pub root: NodeHash,
    /// Further lines, whose meaning is the log's.
    pub extensions: Vec<String>,
}

/// Why a text is no checkpoint, or a note none that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointError {
    /// A line is not as it should be.
    Line {
        /// The line, from 1.
        line: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// The checkpoint is another log's.
    Origin {
        /// The origin found.
        found: String,
    },
    /// The note that should hold it.
    Note(NoteError),
}

impl Checkpoint {
    /// Reads a note's text.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Line`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let wrong = |line, expected| Err(CheckpointError::Line { line, expected });
        let Some(body) = text.strip_suffix('\n') else {
            return wrong(text.split('\n').count(), "a newline at the end");
        };
        let mut lines = body.split('\n');
        let origin = lines.next().unwrap_or_default();
        if origin.is_empty() || origin.chars().any(char::is_control) {
            return wrong(1, "an origin");
        }
        let size = lines.next().unwrap_or_default();
        let plain = size == "0" || !size.starts_with('0');
        let size = match size.parse::<u64>() {
            Ok(number) if plain && size.bytes().all(|c| c.is_ascii_digit()) => number,
            _ => return wrong(2, "a decimal size of at most 64 bits without leading zeros"),
        };
        let mut root = [0; 32];
        match Base64::decode(lines.next().unwrap_or_default(), &mut root) {
            Ok(bytes) if bytes.len() == 32 => {}
            _ => return wrong(3, "32 bytes of root in canonical base64"),
        }
        let mut extensions = Vec::new();
        for (index, line) in lines.enumerate() {
            if line.is_empty() || line.chars().any(char::is_control) {
                return wrong(index + 4, "an extension line that is not empty");
            }
            extensions.push(line.into());
        }
        Ok(Self {
            origin: origin.into(),
            size: TreeSize::new(size),
            root: NodeHash::from_bytes(root),
            extensions,
        })
    }

    /// Reads a note, verifies it under the log's key and that it is that log's.
    ///
    /// # Errors
    ///
    /// What does not hold.
    pub fn open(note: &[u8], key: &VKey) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note).map_err(CheckpointError::Note)?;
        note.verify(key).map_err(CheckpointError::Note)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin {
                found: checkpoint.origin,
            })
        }
    }

    /// The text of the note.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = alloc::format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            Base64::encode_string(self.root.as_bytes())
        );
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Signs it as a note, with the origin as the key's name.
    ///
    /// # Errors
    ///
    /// When the origin or an extension cannot stand in a note, or the signer fails.
    pub fn sign(&self, signer: &(impl Signer + ?Sized)) -> Result<SignedNote, CheckpointError> {
        let text = self.to_text();
        // A line break within a field would be read as another field.
        if Self::parse(&text)? != *self {
            return Err(CheckpointError::Line {
                line: 1,
                expected: "fields without line breaks",
            });
        }
        SignedNote::sign(&text, &self.origin, signer).map_err(CheckpointError::Note)
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, expected } => {
                write!(f, "checkpoint, line {line}: expected {expected}")
            }
            Self::Origin { found } => write!(f, "checkpoint is another log's: {found:?}"),
            Self::Note(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CheckpointError {}
