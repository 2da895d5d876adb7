//! Proof files: an inclusion proof together with its checkpoint (C2SP tlog-proof).

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Position of the leaf.
    pub index: LeafIndex,
    /// Hashes from the leaf to the root.
    pub path: Vec<NodeHash>,
    /// The checkpoint.
    pub checkpoint: SignedNote,
    /// What the application adds; not authenticated by the proof.
    pub extra: Option<Vec<u8>>,
}

/// Why bytes are no proof file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlogProofError {
    /// A line is not as it should be.
    Line {
        /// The line, from 1.
        line: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// The checkpoint's note; its offset counts from the note's start.
    Note(NoteError),
}

impl TlogProof {
    /// Whether a file with these first bytes claims to be a proof file.
    #[must_use]
    pub fn has_first_line(bytes: &[u8]) -> bool {
        bytes
            .strip_prefix(FIRST_LINE.as_bytes())
            .is_some_and(|rest| rest.first() == Some(&b'\n'))
    }

    /// Reads a proof file.
    ///
    /// # Errors
    ///
    /// The line and what was expected there.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        let wrong = |line, expected| TlogProofError::Line { line, expected };
        if bytes.len() > MAX_NOTE_LEN {
            return Err(wrong(1, "a file of at most 1 MiB"));
        }
        let text = core::str::from_utf8(bytes).map_err(|_| wrong(1, "a file of UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(wrong(
            text.split('\n').count(),
            "an empty line and a checkpoint",
        ))?;
        let mut lines = head.split('\n').zip(1..).peekable();
        if lines.next() != Some((FIRST_LINE, 1)) {
            return Err(wrong(1, "c2sp.org/tlog-proof@v1"));
        }
        let mut extra = None;
        if let Some(base64) = lines
            .peek()
            .and_then(|(line, _)| line.strip_prefix("extra "))
        {
            extra = Some(Base64::decode_vec(base64).map_err(|_| wrong(2, "canonical base64"))?);
            lines.next();
        }
        let (line, number) = lines.next().unwrap_or(("", 2));
        let index = line
            .strip_prefix("index ")
            .filter(|text| *text == "0" || !text.starts_with('0'))
            .filter(|text| text.bytes().all(|c| c.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .ok_or(wrong(
                number,
                "index and a decimal number without leading zeros",
            ))?;
        let mut path = Vec::new();
        for (line, number) in lines {
            let mut node = [0; 32];
            match Base64::decode(line, &mut node) {
                Ok(bytes) if bytes.len() == 32 && path.len() < MAX_PATH => {
                    path.push(NodeHash::from_bytes(node));
                }
                _ => {
                    return Err(wrong(
                        number,
                        "at most 64 hashes of 32 bytes in canonical base64",
                    ));
                }
            }
        }
        let checkpoint = SignedNote::parse(note.as_bytes()).map_err(TlogProofError::Note)?;
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
            Self::Line { line, expected } => {
                write!(f, "proof file, line {line}: expected {expected}")
            }
            Self::Note(error) => write!(f, "proof file: checkpoint: {error}"),
        }
    }
}

impl core::error::Error for TlogProofError {}
