//! Checkpoints: a log had this many leaves and this root.

use crate::lines::{decimal, hash, is_line};
use crate::{NoteError, SignedNote, VKey};
use ai_audit_core::{NodeHash, Signer};
use ai_audit_merkle::TreeSize;
use alloc::string::String;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::fmt;

/// The most extension lines that a checkpoint may have. The specification knows no limit; a note of
/// a megabyte has room for half a million, each of which would be kept.
pub const MAX_EXTENSIONS: usize = 100;

/// What a checkpoint says (C2SP tlog-checkpoint).
///
/// It is a statement of whoever signed it: take it from [`Checkpoint::open`], not from
/// [`Checkpoint::parse`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: one line, not empty.
    pub origin: String,
    /// Number of leaves.
    pub size: TreeSize,
    /// Root of the tree of that size.
    pub root: NodeHash,
    /// Further lines, at most [`MAX_EXTENSIONS`] and none of them empty, whose meaning is the log's.
    pub extensions: Vec<String>,
}

/// Why a text is no checkpoint, or a note none that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A line is not as it should be.
    Line {
        /// The line, from 1.
        line: usize,
        /// Which field stands there and what form it has.
        expected: &'static str,
    },
    /// The checkpoint is another log's.
    Origin {
        /// The origin that was asked for.
        expected: String,
        /// The origin found.
        found: String,
    },
    /// The note that should hold it.
    Note(NoteError),
}

const ORIGIN: &str = "an origin that is not empty and has no control character";
const EXTENSION: &str = "an extension line that is not empty and has no control character";

const TOO_MANY: &str = "the end of the checkpoint: it has at most 100 extension lines";

impl Checkpoint {
    /// Reads a note's text.
    ///
    /// ```
    /// use ai_audit_note::Checkpoint;
    /// let text = "example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    /// let checkpoint = Checkpoint::parse(text)?;
    /// assert_eq!(checkpoint.root, ai_audit_core::NodeHash::EMPTY);
    /// assert_eq!(checkpoint.to_text(), text);
    /// assert!(Checkpoint::parse(&text.replace("\n0\n", "\n00\n")).is_err());
    /// # Ok::<(), ai_audit_note::CheckpointError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Line`]: the first line that is not as it should be.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let wrong = |line, expected| CheckpointError::Line { line, expected };
        let body = text.strip_suffix('\n').ok_or(wrong(
            text.split('\n').count(),
            "a newline at the end of the text",
        ))?;
        let mut lines = body.split('\n');
        // A missing line reads as an empty one, which no field may be.
        let mut next = || lines.next().unwrap_or_default();
        let origin = Some(next()).filter(|line| is_line(line));
        let origin = origin.ok_or(wrong(1, ORIGIN))?;
        let size = decimal(next()).ok_or(wrong(
            2,
            "the tree size, a decimal number below 2^64 without sign or leading zeros",
        ))?;
        let root = hash(next()).ok_or(wrong(3, "the root, 32 bytes in canonical base64"))?;
        let extensions = lines
            .zip(4..)
            .map(|(text, line)| {
                if line >= 4 + MAX_EXTENSIONS {
                    return Err(wrong(line, TOO_MANY));
                }
                let extension = Some(text).filter(|text| is_line(text));
                extension.map(Into::into).ok_or(wrong(line, EXTENSION))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            origin: origin.into(),
            size: TreeSize::new(size),
            root,
            extensions,
        })
    }

    /// Reads a note, verifies it under the log's key and checks that it is that log's: the origin
    /// is the key's name.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Note`] when the bytes are no note or `key` did not sign them,
    /// [`CheckpointError::Line`] when its text is no checkpoint, [`CheckpointError::Origin`] when
    /// it is another log's.
    pub fn open(note: &[u8], key: &VKey) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(note).map_err(CheckpointError::Note)?;
        note.verify(key).map_err(CheckpointError::Note)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin {
                expected: key.name().into(),
                found: checkpoint.origin,
            })
        }
    }

    /// The text of the note, with its last newline.
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
    /// [`CheckpointError::Line`] when a field is empty or would be read as several lines,
    /// [`CheckpointError::Note`] when the origin cannot be a key's name, the text is too long or
    /// the signer fails.
    pub fn sign(&self, signer: &(impl Signer + ?Sized)) -> Result<SignedNote, CheckpointError> {
        let wrong = |line, expected| Err(CheckpointError::Line { line, expected });
        if !is_line(&self.origin) {
            return wrong(1, ORIGIN);
        }
        if let Some(index) = self.extensions.iter().position(|line| !is_line(line)) {
            return wrong(4 + index, EXTENSION);
        }
        if self.extensions.len() > MAX_EXTENSIONS {
            return wrong(4 + MAX_EXTENSIONS, TOO_MANY);
        }
        SignedNote::sign(&self.to_text(), &self.origin, signer).map_err(CheckpointError::Note)
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, expected } => {
                write!(f, "checkpoint, line {line}: expected {expected}")
            }
            Self::Origin { expected, found } => {
                write!(
                    f,
                    "checkpoint, line 1: expected the origin {expected:?}, found {found:?}"
                )
            }
            Self::Note(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CheckpointError {}
