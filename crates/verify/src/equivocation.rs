//! Proofs of equivocation: two checkpoints of one log that cannot both be true.

mod error;
mod judge;

use ai_audit_core::NodeHash;
use ai_audit_merkle::{ConsistencyProof, TreeSize};
use ai_audit_note::{Checkpoint, MAX_NOTE_LEN, SignedNote, VKey};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::fmt;

pub use error::{EquivocationError, WhichCheckpoint};
pub use judge::{ClaimedCheckpoint, EquivocationClaim, EquivocationReport, EquivocationStatus};

const FIRST_LINE: &str = "ai-audit/equivocation/v1";
/// The most hashes of a consistency path: a tree of 2^64 leaves is this high, and its seed.
const MAX_PATH: usize = 65;
/// Longest file that is read: two notes, and what stands before them.
const MAX_LEN: usize = 2 * MAX_NOTE_LEN + 4096;

/// Two checkpoints of one log that contradict each other, and the tree nodes that show it.
///
/// The format is in `docs/spec/equivocation.md`. Reading or making one checks that the two
/// contradict each other; whose signatures they bear is [`Equivocation::verify`]'s matter.
///
/// ```
/// # use ai_audit_core::{LeafHash, SigningKey};
/// # use ai_audit_merkle::MemoryTree;
/// # use ai_audit_note::{Checkpoint, VKey};
/// # use ai_audit_verify::Equivocation;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = SigningKey::from_bytes(&[1; 32]);
/// # let sign = |payload: &[u8]| {
/// #     let mut tree = MemoryTree::new();
/// #     tree.push(LeafHash::of(payload))?;
/// #     let checkpoint = Checkpoint { origin: "example.org/log".into(), size: tree.size(),
/// #         root: tree.root(), extensions: vec![] };
/// #     Ok::<_, Box<dyn std::error::Error>>(checkpoint.sign(&key)?)
/// # };
/// // One log, one size, two roots.
/// let (to_alice, to_bob) = (sign(b"one")?, sign(b"another")?);
/// let proof = Equivocation::new(to_alice, to_bob, None)?;
///
/// // Anybody who has the log's key line confirms it.
/// let line = VKey::ed25519("example.org/log", key.verifying_key())?;
/// let read = Equivocation::parse(proof.to_string().as_bytes())?;
/// read.verify(&line)?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivocation {
    smaller: Side,
    larger: Side,
    /// Where the sizes differ.
    nodes: Option<EquivocationNodes>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Side {
    note: SignedNote,
    checkpoint: Checkpoint,
}

/// What the larger checkpoint's own tree says about the smaller's size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EquivocationNodes {
    /// Root of the larger tree's first receipts, as many as the smaller has.
    pub root: NodeHash,
    /// Consistency path from there to the larger checkpoint, lowest first.
    pub path: Vec<NodeHash>,
}

impl Equivocation {
    /// A proof from two checkpoints, in any order, and, where their sizes differ, the nodes of the
    /// larger one's tree.
    ///
    /// # Errors
    ///
    /// When a note is no checkpoint, they are of different origins, or nothing here contradicts.
    pub fn new(
        a: SignedNote,
        b: SignedNote,
        nodes: Option<EquivocationNodes>,
    ) -> Result<Self, EquivocationError> {
        let side = |note: SignedNote, which| match Checkpoint::parse(note.text()) {
            Ok(checkpoint) => Ok(Side { note, checkpoint }),
            Err(error) => Err(EquivocationError::Checkpoint { which, error }),
        };
        let (a, b) = (
            side(a, WhichCheckpoint::First)?,
            side(b, WhichCheckpoint::Second)?,
        );
        let (smaller, larger) = if a.order() <= b.order() {
            (a, b)
        } else {
            (b, a)
        };
        let proof = Self {
            smaller,
            larger,
            nodes,
        };
        proof.check()?;
        Ok(proof)
    }

    /// Whether a file with these first bytes claims to be a proof of equivocation.
    #[must_use]
    pub fn has_first_line(bytes: &[u8]) -> bool {
        bytes
            .strip_prefix(FIRST_LINE.as_bytes())
            .is_some_and(|rest| rest.first() == Some(&b'\n'))
    }

    /// Reads a proof of at most 2 MiB and 4 KiB.
    ///
    /// # Errors
    ///
    /// The first thing that is not as the format says, or why the two do not contradict each
    /// other.
    pub fn parse(bytes: &[u8]) -> Result<Self, EquivocationError> {
        use EquivocationError as Error;
        if bytes.len() > MAX_LEN {
            return Err(Error::TooLong { found: bytes.len() });
        }
        let text = core::str::from_utf8(bytes).map_err(|error| Error::Utf8 {
            offset: error.valid_up_to(),
        })?;
        if !Self::has_first_line(bytes) {
            return Err(Error::Line {
                line: 1,
                expected: FIRST_LINE,
            });
        }
        // Neither a checkpoint's text nor signature lines have an empty line.
        let parts: Vec<&str> = text.splitn(6, "\n\n").collect();
        let &[head, text_a, signatures_a, text_b, signatures_b] = parts.as_slice() else {
            return Err(Error::Parts);
        };
        let nodes = nodes(head)?;
        let note = |text: &str, signatures: &str, end: &str, which| {
            let mut note = String::from(text);
            note.push_str("\n\n");
            note.push_str(signatures);
            note.push_str(end);
            SignedNote::parse(note.as_bytes()).map_err(|error| Error::Note { which, error })
        };
        let a = note(text_a, signatures_a, "\n", WhichCheckpoint::First)?;
        let b = note(text_b, signatures_b, "", WhichCheckpoint::Second)?;
        let proof = Self::new(a, b, nodes)?;
        // Also finds the two in the wrong order.
        if proof.to_string() == text {
            Ok(proof)
        } else {
            Err(Error::Form)
        }
    }

    /// Verifies that the log with this key line signed both checkpoints: then the log has shown
    /// two histories.
    ///
    /// # Errors
    ///
    /// [`EquivocationError::Origin`] when they are another log's, [`EquivocationError::NotSigned`]
    /// when the key did not sign one of them.
    pub fn verify(&self, key: &VKey) -> Result<(), EquivocationError> {
        if self.origin() != key.name() {
            return Err(EquivocationError::Origin {
                expected: key.name().into(),
                found: self.origin().into(),
            });
        }
        for (side, which) in [
            (&self.smaller, WhichCheckpoint::First),
            (&self.larger, WhichCheckpoint::Second),
        ] {
            side.note
                .verify(key)
                .map_err(|error| EquivocationError::NotSigned { which, error })?;
        }
        // Made or read, it was checked; nothing relies on that it still is.
        self.check()
    }

    /// The origin that both checkpoints name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.smaller.checkpoint.origin
    }

    /// The smaller checkpoint, or of two of equal size the one with the smaller root.
    #[must_use]
    pub const fn smaller(&self) -> (&SignedNote, &Checkpoint) {
        (&self.smaller.note, &self.smaller.checkpoint)
    }

    /// The other one.
    #[must_use]
    pub const fn larger(&self) -> (&SignedNote, &Checkpoint) {
        (&self.larger.note, &self.larger.checkpoint)
    }

    /// What the larger one's tree says of the smaller one's size, where the sizes differ.
    #[must_use]
    pub const fn nodes(&self) -> Option<&EquivocationNodes> {
        self.nodes.as_ref()
    }

    /// Whether the two contradict each other, whoever signed them.
    fn check(&self) -> Result<(), EquivocationError> {
        use EquivocationError as Error;
        let (a, b) = (&self.smaller.checkpoint, &self.larger.checkpoint);
        if a.origin != b.origin {
            return Err(Error::Origin {
                expected: a.origin.clone(),
                found: b.origin.clone(),
            });
        }
        match &self.nodes {
            None if a.size != b.size => Err(Error::NoNodes {
                smaller: a.size,
                larger: b.size,
            }),
            None if a.root == b.root => Err(Error::Agree { size: a.size }),
            None => Ok(()),
            Some(_) if a.size == b.size => Err(Error::NeedlessNodes { size: a.size }),
            Some(nodes) => {
                nodes.lead(a.size, b)?;
                if nodes.root == a.root {
                    Err(Error::Consistent {
                        smaller: a.size,
                        larger: b.size,
                    })
                } else {
                    Ok(())
                }
            }
        }
    }
}

impl Side {
    /// What decides which of two stands first.
    fn order(&self) -> (TreeSize, NodeHash) {
        (self.checkpoint.size, self.checkpoint.root)
    }
}

impl EquivocationNodes {
    /// Whether they lead from a smaller size to the larger checkpoint's root.
    fn lead(&self, size: TreeSize, larger: &Checkpoint) -> Result<(), EquivocationError> {
        if size == TreeSize::ZERO {
            // Every tree continues the empty one, and only that has no leaf.
            let empty = self.root == NodeHash::EMPTY && self.path.is_empty();
            return empty.then_some(()).ok_or(EquivocationError::Empty);
        }
        ConsistencyProof {
            old: size,
            new: larger.size,
            path: self.path.clone(),
        }
        .verify(&self.root, &larger.root)
        .map_err(EquivocationError::Path)
    }
}

/// The lines behind the first one and before the notes.
fn nodes(head: &str) -> Result<Option<EquivocationNodes>, EquivocationError> {
    let wrong = |line, expected| EquivocationError::Line { line, expected };
    let mut lines = head.split('\n').zip(1..).skip(1);
    let Some((line, number)) = lines.next() else {
        return Ok(None);
    };
    let root = line.strip_prefix("root ").and_then(hash).ok_or(wrong(
        number,
        "\"root\", a space and 32 bytes in canonical base64, or an empty line",
    ))?;
    let mut path = Vec::new();
    for (line, number) in lines {
        if path.len() == MAX_PATH {
            return Err(wrong(number, "an empty line after at most 65 hashes"));
        }
        path.push(hash(line).ok_or(wrong(
            number,
            "a hash of the path, 32 bytes in canonical base64",
        ))?);
    }
    Ok(Some(EquivocationNodes { root, path }))
}

/// A hash of 32 bytes in canonical base64.
fn hash(text: &str) -> Option<NodeHash> {
    let mut hash = [0; 32];
    match Base64::decode(text, &mut hash) {
        // A shorter text leaves the rest of the array as it was.
        Ok(bytes) if bytes.len() == 32 => Some(NodeHash::from_bytes(hash)),
        _ => None,
    }
}

impl fmt::Display for Equivocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(nodes) = &self.nodes {
            let text = |hash: &NodeHash| Base64::encode_string(hash.as_bytes());
            writeln!(f, "root {}", text(&nodes.root))?;
            for node in &nodes.path {
                writeln!(f, "{}", text(node))?;
            }
        }
        write!(f, "\n{}\n{}", self.smaller.note, self.larger.note)
    }
}
