//! What a log sends to a witness: its checkpoint, and the proof that it continues an earlier one.

use crate::lines::{DECIMAL, decimal, hash};
use crate::{MAX_NOTE_LEN, NoteError, SignedNote};
use ai_audit_core::NodeHash;
use ai_audit_merkle::TreeSize;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::fmt;

/// The most hashes of a request: a consistency proof has no more.
const MAX_PROOF: usize = 63;
/// The longest request that is read, in bytes: an old size, a proof, a note.
const MAX_LEN: usize = MAX_NOTE_LEN + 64 * 46;

/// The body of an `add-checkpoint` request (C2SP tlog-witness). `Display` gives its exact bytes.
///
/// Reading it verifies nothing: neither the note nor the proof.
///
/// ```
/// use ai_audit_core::{NodeHash, SigningKey};
/// use ai_audit_merkle::TreeSize;
/// use ai_audit_note::{AddCheckpoint, Checkpoint};
///
/// let checkpoint = Checkpoint {
///     origin: "example.org/log".into(),
///     size: TreeSize::new(7),
///     root: NodeHash::from_bytes([9; 32]),
///     extensions: vec![],
/// };
/// let request = AddCheckpoint {
///     old: TreeSize::new(4),
///     proof: vec![NodeHash::from_bytes([1; 32])],
///     checkpoint: checkpoint.sign(&SigningKey::from_bytes(&[1; 32]))?,
/// };
/// let body = request.to_string();
/// assert!(body.starts_with("old 4\nAQEB"));
/// assert_eq!(AddCheckpoint::parse(body.as_bytes())?, request);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness is thought to have cosigned last; 0 for none.
    pub old: TreeSize,
    /// The consistency proof from there; more than 63 hashes are not read.
    pub proof: Vec<NodeHash>,
    /// The checkpoint's note.
    pub checkpoint: SignedNote,
}

/// Why bytes are no `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddCheckpointError {
    /// It is longer than any request is.
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
    Note(NoteError),
}

impl AddCheckpoint {
    /// Reads a request's body.
    ///
    /// # Errors
    ///
    /// The first thing that does not hold, with its line and what was expected.
    pub fn parse(bytes: &[u8]) -> Result<Self, AddCheckpointError> {
        let wrong = |line, expected| AddCheckpointError::Line { line, expected };
        if bytes.len() > MAX_LEN {
            return Err(AddCheckpointError::TooLong { found: bytes.len() });
        }
        let text = core::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.iter().take(error.valid_up_to());
            wrong(1 + before.filter(|c| **c == b'\n').count(), "UTF-8")
        })?;
        // No line of the head is empty, so the first empty line ends it.
        let (head, note) = text.split_once("\n\n").ok_or(wrong(
            text.split('\n').count(),
            "an empty line after the proof, then the checkpoint",
        ))?;
        let mut lines = head.split('\n').zip(1..);
        let first = lines.next().and_then(|(line, _)| line.strip_prefix("old "));
        let old = first.ok_or(wrong(1, "the old size, \"old\", a space and a number"))?;
        let old = decimal(old).ok_or(wrong(1, DECIMAL))?;
        let mut proof = Vec::new();
        for (line, number) in lines {
            if proof.len() == MAX_PROOF {
                return Err(wrong(number, "an empty line after at most 63 hashes"));
            }
            proof.push(hash(line).ok_or(wrong(
                number,
                "a hash of the proof, 32 bytes in canonical base64",
            ))?);
        }
        Ok(Self {
            old: TreeSize::new(old),
            proof,
            checkpoint: SignedNote::parse(note.as_bytes()).map_err(AddCheckpointError::Note)?,
        })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for node in &self.proof {
            writeln!(f, "{}", Base64::encode_string(node.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl fmt::Display for AddCheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found } => {
                write!(
                    f,
                    "request: expected at most {MAX_LEN} bytes, found {found}"
                )
            }
            Self::Line { line, expected } => write!(f, "request, line {line}: expected {expected}"),
            Self::Note(error) => write!(f, "request, checkpoint: {error}"),
        }
    }
}

impl core::error::Error for AddCheckpointError {}
