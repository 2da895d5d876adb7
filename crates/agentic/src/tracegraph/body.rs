//! The body of a trace node: a step that is neither a decision nor a tool call.

use ai_audit_core::{Body, BodyError, Kind, LeafHash, List, Text, Timestamp};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The most parents of a trace node.
pub const MAX_PARENTS: usize = 1024;
/// The most metadata entries of a trace node.
pub const MAX_METADATA: usize = 64;
/// The longest name, in bytes.
pub(crate) const MAX_NAME: usize = 256;
/// The longest value of a metadata entry, in bytes.
const MAX_VALUE: usize = 4096;

/// A step of a trace: a delegation, a hand-off, the opening and closing of parallel branches.
///
/// Who acted is the header's `actor_id`. Build one from [`TraceNode::new`] with struct update
/// syntax.
///
/// ```
/// use ai_audit_agentic::{TraceNode, TraceStep};
/// use ai_audit_core::Body as _;
/// let mut node = TraceNode { step: TraceStep::Delegation, ..TraceNode::new("research") };
/// assert!(node.check().is_err(), "to whom?");
/// node.to = "researcher".into();
/// assert!(node.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct TraceNode<'a> {
    /// When it happened, if that is not when it was sealed.
    pub occurred_at: Option<Timestamp>,
    /// What sort of step it is.
    pub step: TraceStep,
    /// What it is; 1 to 256 bytes.
    pub name: Text<'a>,
    /// To whom, in a delegation and a hand-off; empty in the others; at most 256 bytes.
    pub to: Text<'a>,
    /// How long it took, in microseconds.
    pub duration_us: Option<u64>,
    /// More about it: at most [`MAX_METADATA`], names in strictly ascending order.
    pub metadata: List<'a, Metadata<'a>>,
    /// Hashes of the receipts that this one follows from; at most [`MAX_PARENTS`], none twice.
    pub parents: List<'a, LeafHash>,
}

/// A name and a value of the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Metadata<'a> {
    /// The name; 1 to 256 bytes.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// The value; at most 4,096 bytes.
    #[serde(borrow)]
    pub value: Text<'a>,
}

/// What sort of step a trace node is. Later versions add variants at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TraceStep {
    /// None of the others.
    #[default]
    Step,
    /// The actor gives a task to another, and goes on when it is done.
    Delegation,
    /// The actor gives a task to another, and goes no further itself.
    HandOff,
    /// Opens branches: the receipts that name it as a parent.
    Parallel,
    /// Closes branches, and names the last receipt of each.
    Join,
}

impl TraceStep {
    /// All sorts, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Step,
        Self::Delegation,
        Self::HandOff,
        Self::Parallel,
        Self::Join,
    ];

    /// The name in snake_case, as the JSON view writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Delegation => "delegation",
            Self::HandOff => "hand_off",
            Self::Parallel => "parallel",
            Self::Join => "join",
        }
    }

    /// Whether somebody is named to whom something goes.
    #[must_use]
    pub const fn has_recipient(self) -> bool {
        matches!(self, Self::Delegation | Self::HandOff)
    }
}

impl<'a> TraceNode<'a> {
    /// A step of this name without parents.
    #[must_use]
    pub fn new(name: impl Into<Text<'a>>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

impl Body for TraceNode<'_> {
    const KIND: Kind = Kind::TRACE_NODE;

    fn check(&self) -> Result<(), BodyError> {
        let refused = |field, expected| Err(BodyError { field, expected });
        if self.name.is_empty() || self.name.len() > MAX_NAME {
            return refused("name", "the step's name, of 1 to 256 bytes");
        }
        if self.to.len() > MAX_NAME {
            return refused("to", "a name of at most 256 bytes");
        }
        if self.step.has_recipient() == self.to.is_empty() {
            return refused(
                "to",
                "a name in a delegation and a hand-off, and none in another step",
            );
        }
        if self.metadata.len() > MAX_METADATA {
            return refused("metadata", "at most 64 entries");
        }
        let mut before = None;
        for entry in self.metadata.iter() {
            let name = entry.name.as_str();
            if name.is_empty() || name.len() > MAX_NAME || entry.value.len() > MAX_VALUE {
                return refused(
                    "metadata",
                    "names of 1 to 256 bytes and values of at most 4096",
                );
            }
            if before.is_some_and(|before| before >= name) {
                return refused("metadata", "names in strictly ascending order");
            }
            before = Some(name);
        }
        check_parents(&self.parents)
    }
}

/// At most [`MAX_PARENTS`], and none twice.
pub(crate) fn check_parents(parents: &[LeafHash]) -> Result<(), BodyError> {
    check_hashes("parents", parents)
}

/// At most as many hashes as there may be parents, and none twice.
pub(crate) fn check_hashes(field: &'static str, hashes: &[LeafHash]) -> Result<(), BodyError> {
    let wrong = |expected| Err(BodyError { field, expected });
    if hashes.len() > MAX_PARENTS {
        return wrong("at most 1024 hashes");
    }
    let mut sorted: Vec<&LeafHash> = hashes.iter().collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return wrong("no hash twice");
    }
    Ok(())
}
