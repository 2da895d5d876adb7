//! Fleets: which logs belong together, and the checkpoints that a fleet log takes of them.

use crate::{Checkpoint, CheckpointError, SignedNote, VKey, VKeyError, VKeyKind};
use ai_audit_core::{Body, BodyError, Kind, List, NodeHash, Text};
use serde::{Deserialize, Serialize};

/// The longest interval of a member, in seconds: a hundred years.
pub const MAX_FLEET_INTERVAL: u64 = 3_155_760_000;

/// The most hashes of a consistency proof, whose trees have fewer than 2^64 leaves.
const MAX_PATH: usize = 65;

/// First line of a proof of equivocation.
const EQUIVOCATION: &str = "ai-audit/equivocation/v1\n";

/// Members go and come: the roster of a fleet log from this receipt on.
///
/// Specified in `docs/spec/fleet.md`. Whether the members that go are in the roster, and whether what
/// is shown of them holds, is for whoever follows the fleet.
///
/// ```
/// use ai_audit_core::{Body as _, SigningKey};
/// use ai_audit_note::{AddedMember, FleetRoster, VKey};
///
/// let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
/// let line = VKey::ed25519("example.org/eu/0123456789abcdef0123456789abcdef", key)?.to_string();
/// let roster = FleetRoster {
///     added: vec![AddedMember { key: line.into(), interval: 3600, checkpoint: None }].into(),
///     reason: "opened in Frankfurt".into(),
///     ..FleetRoster::default()
/// };
/// assert!(roster.check().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct FleetRoster<'a> {
    /// Those that go, in strictly ascending order of the bytes of their origins.
    pub dropped: List<'a, DroppedMember<'a>>,
    /// Those that come, in the same order.
    pub added: List<'a, AddedMember<'a>>,
    /// Why; may be empty.
    pub reason: Text<'a>,
}

/// A member that goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct DroppedMember<'a> {
    /// The origin of its log.
    pub origin: Text<'a>,
    /// Its checkpoint, where it showed one then.
    pub checkpoint: Option<ShownCheckpoint<'a>>,
}

/// A member that comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct AddedMember<'a> {
    /// The key line of its log (`log.pub`).
    pub key: Text<'a>,
    /// Within how many seconds it owes a checkpoint each time; from 1 to [`MAX_FLEET_INTERVAL`].
    pub interval: u64,
    /// Its checkpoint, where it showed one then.
    pub checkpoint: Option<ShownCheckpoint<'a>>,
}

/// A checkpoint as a member showed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ShownCheckpoint<'a> {
    /// The checkpoint's signed note, exactly as it was shown.
    pub note: Text<'a>,
    /// Consistency proof from the size of the last one that was taken; empty where there is none.
    pub path: List<'a, NodeHash>,
}

/// What a member of a fleet showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct MemberCheckpoint<'a> {
    /// What it was.
    pub seen: MemberSeen<'a>,
}

/// What a member showed: a checkpoint, or two that cannot both be true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[serde(bound(deserialize = "'de: 'a"))]
pub enum MemberSeen<'a> {
    /// A checkpoint that continues the last one that was taken.
    Continues(ShownCheckpoint<'a>),
    /// A proof of equivocation, as its file has it (`docs/spec/equivocation.md`).
    Contradicts(Text<'a>),
}

impl ShownCheckpoint<'_> {
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

    /// Checks its form, and that it names this origin where one is given.
    fn check(&self, origin: Option<&str>) -> Result<(), BodyError> {
        match self.checkpoint() {
            Ok((_, found)) if found.size.as_u64() == 0 => Err(NO_CHECKPOINT),
            Ok((_, found)) if origin.is_some_and(|origin| found.origin != origin) => {
                Err(BodyError {
                    field: "note",
                    expected: "a checkpoint of the member's own log",
                })
            }
            Ok(_) if self.path.len() > MAX_PATH => Err(BodyError {
                field: "path",
                expected: "at most 65 hashes",
            }),
            Ok(_) => Ok(()),
            Err(_) => Err(NO_CHECKPOINT),
        }
    }
}

const NO_CHECKPOINT: BodyError = BodyError {
    field: "note",
    expected: "the signed note of a checkpoint of at least one receipt",
};

impl AddedMember<'_> {
    /// Its key line, read. Kinds other than a log's are refused by [`FleetRoster`]'s check.
    ///
    /// # Errors
    ///
    /// As [`VKey::parse`].
    pub fn key_line(&self) -> Result<VKey, VKeyError> {
        VKey::parse(&self.key)
    }
}

impl Body for FleetRoster<'_> {
    const KIND: Kind = Kind::FLEET_ROSTER;

    fn check(&self) -> Result<(), BodyError> {
        let wrong = |field, expected| Err(BodyError { field, expected });
        if self.dropped.is_empty() && self.added.is_empty() {
            return wrong("added", "at least one member that goes or comes");
        }
        let mut before = None;
        for member in self.dropped.as_slice() {
            let origin = member.origin.as_str();
            if origin.is_empty() || before >= Some(origin) {
                return wrong("dropped", "origins in strictly ascending order");
            }
            before = Some(origin);
            if let Some(shown) = &member.checkpoint {
                shown.check(Some(origin))?;
            }
        }
        let mut before = None;
        for member in self.added.as_slice() {
            let line = match member.key_line() {
                Ok(line) if line.kind() == VKeyKind::Ed25519 => line,
                _ => return wrong("key", "the key line of a log"),
            };
            if !(1..=MAX_FLEET_INTERVAL).contains(&member.interval) {
                return wrong("interval", "1 second to a hundred years");
            }
            let origin = line.name();
            if let Some(shown) = &member.checkpoint {
                shown.check(Some(origin))?;
            }
            // The name stands at the beginning of the line, so that its bytes live as long.
            let name = member.key.get(..origin.len());
            if before >= name {
                return wrong("added", "origins in strictly ascending order");
            }
            before = name;
        }
        Ok(())
    }
}

impl Body for MemberCheckpoint<'_> {
    const KIND: Kind = Kind::MEMBER_CHECKPOINT;

    fn check(&self) -> Result<(), BodyError> {
        match &self.seen {
            MemberSeen::Continues(shown) => shown.check(None),
            MemberSeen::Contradicts(proof) if proof.starts_with(EQUIVOCATION) => Ok(()),
            MemberSeen::Contradicts(_) => Err(BodyError {
                field: "seen",
                expected: "a proof of equivocation",
            }),
        }
    }
}
