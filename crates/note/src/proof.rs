//! Proof files: an inclusion proof together with its checkpoint (C2SP tlog-proof).

use crate::lines::{DECIMAL, decimal, hash};
use crate::{MAX_NOTE_LEN, NoteError, SignedNote};
use ai_audit_core::NodeHash;
use ai_audit_merkle::LeafIndex;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::fmt;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 leaves is this high.
const MAX_PATH: usize = 64;

/// An inclusion proof with the checkpoint it leads to, and data that neither of them authenticates.
///
/// Reading it verifies nothing: the checkpoint is to be verified under the log's key, and the path
/// against its root.
///
/// ```
/// # use ai_audit_core::{NodeHash, SigningKey};
/// # use ai_audit_merkle::{LeafIndex, TreeSize};
/// # use ai_audit_note::{Checkpoint, TlogProof};
/// # let key = SigningKey::from_bytes(&[1; 32]);
/// # let checkpoint = Checkpoint { origin: "example.org/log".into(), size: TreeSize::new(1),
/// #     root: NodeHash::from_bytes([9; 32]), extensions: vec![] };
/// let proof = TlogProof {
///     index: LeafIndex::new(0),
///     path: vec![],
///     checkpoint: checkpoint.sign(&key)?,
///     extra: None,
/// };
/// let file = proof.to_string();
/// assert!(file.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nexample.org/log\n1\n"));
/// assert_eq!(TlogProof::parse(file.as_bytes())?, proof);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Position of the leaf.
    pub index: LeafIndex,
    /// Hashes from the leaf's sibling to the root's child; more than 64 are not read.
    pub path: Vec<NodeHash>,
    /// The checkpoint's note.
    pub checkpoint: SignedNote,
    /// What the application adds; not authenticated by the proof.
    pub extra: Option<Vec<u8>>,
}

/// Why bytes are no proof file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlogProofError {
    /// The file is longer than a proof with its checkpoint may be: 1 MiB.
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// A line is not as it should be.
    Line {
        /// The line, from 1.
        line: usize,
        /// Which field stands there and what form it has.
        expected: &'static str,
    },
    /// The checkpoint's note.
    Note {
        /// Byte offset of the note in the file.
        start: usize,
        /// What is wrong with it; its own offset counts from the note's start.
        error: NoteError,
    },
}

impl TlogProof {
    /// Whether a file with these first bytes claims to be a proof file.
    #[must_use]
    pub fn has_first_line(bytes: &[u8]) -> bool {
        bytes
            .strip_prefix(FIRST_LINE.as_bytes())
            .is_some_and(|rest| rest.first() == Some(&b'\n'))
    }

    /// Reads a proof file of at most 1 MiB.
    ///
    /// # Errors
    ///
    /// The first thing that does not hold, with its line or offset and what was expected.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        let wrong = |line, expected| TlogProofError::Line { line, expected };
        if bytes.len() > MAX_NOTE_LEN {
            return Err(TlogProofError::TooLong { found: bytes.len() });
        }
        let text = core::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.iter().take(error.valid_up_to());
            wrong(1 + before.filter(|c| **c == b'\n').count(), "UTF-8")
        })?;
        if !Self::has_first_line(bytes) {
            return Err(wrong(1, FIRST_LINE));
        }
        // No line of the head is empty, so the first empty line ends it.
        let (head, note) = text.split_once("\n\n").ok_or(wrong(
            text.split('\n').count(),
            "an empty line after the proof, then the checkpoint",
        ))?;
        let mut lines = head.split('\n').zip(1..).skip(1).peekable();
        let extra = lines
            .next_if(|(line, _)| line.starts_with("extra "))
            .map(|(line, number)| {
                Base64::decode_vec(&line["extra ".len()..]).map_err(|_| {
                    wrong(
                        number,
                        "extra data, \"extra\", a space and canonical base64",
                    )
                })
            })
            .transpose()?;
        let (line, number) = lines
            .next()
            .unwrap_or(("", 2 + usize::from(extra.is_some())));
        let index = line.strip_prefix("index ");
        let index = index.ok_or(wrong(number, "the leaf's index, \"index\" and a number"))?;
        let index = decimal(index).ok_or(wrong(number, DECIMAL))?;
        let mut path = Vec::new();
        for (line, number) in lines {
            if path.len() == MAX_PATH {
                return Err(wrong(number, "an empty line after at most 64 hashes"));
            }
            path.push(hash(line).ok_or(wrong(
                number,
                "a hash of the path, 32 bytes in canonical base64",
            ))?);
        }
        let start = head.len() + 2;
        let checkpoint = SignedNote::parse(note.as_bytes())
            .map_err(|error| TlogProofError::Note { start, error })?;
        Ok(Self {
            index: LeafIndex::new(index),
            path,
            checkpoint,
            extra,
        })
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", Base64::encode_string(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for node in &self.path {
            writeln!(f, "{}", Base64::encode_string(node.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl fmt::Display for TlogProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found } => {
                write!(
                    f,
                    "proof file: expected at most {MAX_NOTE_LEN} bytes, found {found}"
                )
            }
            Self::Line { line, expected } => {
                write!(f, "proof file, line {line}: expected {expected}")
            }
            Self::Note { start, error } => {
                write!(f, "proof file, checkpoint from byte {start}: {error}")
            }
        }
    }
}

impl core::error::Error for TlogProofError {}
