//! What a member shows to whoever keeps the fleet log, and what of it is to be sealed.

use crate::{FleetProblem, Member, When};
use ai_audit_core::NodeHash;
use ai_audit_merkle::{NodeReader, ProveError, TreeSize, consistency_proof, root};
use ai_audit_note::{
    AddCheckpoint, Checkpoint, MemberCheckpoint, MemberSeen, ShownCheckpoint, SignedNote,
};
use ai_audit_verify::{Equivocation, EquivocationNodes};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

/// The longest checkpoint that is taken, in bytes of its note with the member's own signature alone. Of any two, with the
/// nodes that part them, a proof of equivocation fits into a receipt: what is taken can convict. What makes one long is
/// extension lines, whose meaning is the member's.
pub const MAX_OWN_NOTE: usize = 28 << 10;

/// What comes of something that a member showed.
#[derive(Debug, Clone, PartialEq)]
pub enum Offered {
    /// To be sealed: a checkpoint that continues the last one, or a conviction.
    New(MemberCheckpoint<'static>),
    /// It was taken before, or is older than what was taken and in the same history.
    Known,
}

/// Why nothing of what a member showed can be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It does not hold.
    Problem(FleetProblem),
    /// It has to come with a proof from the size that the fleet has.
    NoProof {
        /// That size.
        held: u64,
        /// The size that a proof which is there begins at.
        from: Option<u64>,
    },
    /// The log is shorter than a checkpoint that it signed.
    Cut {
        /// The checkpoint's size.
        held: u64,
        /// How many receipts there are.
        has: u64,
    },
    /// The log does not have the root of the last checkpoint that was taken, and no checkpoint of it is large
    /// enough to convict it.
    NotInTree {
        /// That checkpoint's size.
        held: u64,
    },
    /// The tree does not lead to its own checkpoint, so it proves nothing.
    Tree(String),
    /// The checkpoint is longer than [`MAX_OWN_NOTE`], so that it could not convict the member in a receipt.
    Long {
        /// Bytes of its note with the member's own signature alone.
        found: usize,
    },
}

impl Refusal {
    /// Whether it says that the member's log is not what it was: cut, or of another history.
    #[must_use]
    pub const fn is_grave(&self) -> bool {
        matches!(self, Self::Cut { .. } | Self::NotInTree { .. })
    }
}

impl Member {
    /// A note alone. It does where it is the member's first, and where it convicts by its size.
    ///
    /// # Errors
    ///
    /// [`Refusal`]
    pub fn offered_note(&self, note: &SignedNote) -> Result<Offered, Refusal> {
        let checkpoint = self.open(note)?;
        let Some(last) = self.last() else {
            return self.continues(note, Vec::new());
        };
        let (held, size) = (last.checkpoint.size.as_u64(), checkpoint.size.as_u64());
        if size == held && checkpoint.root == last.checkpoint.root {
            return Ok(Offered::Known);
        }
        if size == held {
            return self.contradicts(note, None);
        }
        if size < held {
            return Err(Refusal::Problem(FleetProblem::Older {
                origin: self.origin().into(),
                size,
                held,
            }));
        }
        Err(Refusal::NoProof { held, from: None })
    }

    /// A note with a consistency proof, as a witness would be sent it.
    ///
    /// # Errors
    ///
    /// [`Refusal`]
    pub fn offered_request(&self, request: &AddCheckpoint) -> Result<Offered, Refusal> {
        let alone = self.offered_note(&request.checkpoint);
        let Err(Refusal::NoProof { held, .. }) = alone else {
            return alone;
        };
        if request.old.as_u64() != held {
            let from = Some(request.old.as_u64());
            return Err(Refusal::NoProof { held, from });
        }
        let checked = self.clone().take(
            &ShownCheckpoint {
                note: request.checkpoint.to_string().into(),
                path: request.proof.clone().into(),
            },
            // Only whether it is taken is asked.
            When {
                seq: 0,
                at: self.since,
            },
        );
        checked.map_err(Refusal::Problem)?;
        self.continues(&request.checkpoint, request.proof.clone())
    }

    /// A proof that it signed two histories.
    ///
    /// # Errors
    ///
    /// [`Refusal`]
    pub fn offered_proof(&self, proof: &Equivocation) -> Result<Offered, Refusal> {
        if self.fork().is_some() {
            return Ok(Offered::Known);
        }
        proof
            .verify(self.key())
            .map_err(|error| Refusal::Problem(FleetProblem::NotConvicted { error }))?;
        Ok(convicts(proof))
    }

    /// The newest checkpoint of a log whose tree is at hand, `size` leaves of it. The nodes need not be
    /// trusted: what comes of them is held against roots that the member signed.
    ///
    /// # Errors
    ///
    /// [`Refusal`]
    pub fn offered_tree<R>(
        &self,
        note: &SignedNote,
        nodes: &mut R,
        size: TreeSize,
    ) -> Result<Offered, Refusal>
    where
        R: NodeReader,
        R::Error: fmt::Display,
    {
        let newest = self.open(note)?;
        let Some(last) = self.last() else {
            if newest.size > size {
                return Err(cut(newest.size, size));
            }
            return self.continues(note, Vec::new());
        };
        let held = &last.checkpoint;
        if held.size.max(newest.size) > size {
            return Err(cut(held.size.max(newest.size), size));
        }
        let own = root(nodes, held.size).map_err(|error| tree(&error))?;
        if held.size == newest.size && held.root != newest.root {
            return self.contradicts(note, None);
        }
        if held.size >= newest.size {
            return match own == held.root {
                true => Ok(Offered::Known),
                false => Err(Refusal::NotInTree {
                    held: held.size.as_u64(),
                }),
            };
        }
        let proof =
            consistency_proof(nodes, held.size, newest.size).map_err(|error| tree(&error))?;
        proof
            .verify(&own, &newest.root)
            .map_err(|error| tree(&ProveError::<String>::Impossible(error)))?;
        if own == held.root {
            return self.continues(note, proof.path);
        }
        let nodes = EquivocationNodes {
            root: own,
            path: proof.path,
        };
        self.contradicts(note, Some(nodes))
    }

    fn open(&self, note: &SignedNote) -> Result<Checkpoint, Refusal> {
        Checkpoint::open(note.to_string().as_bytes(), self.key()).map_err(|error| {
            Refusal::Problem(FleetProblem::NotSigned {
                origin: self.origin().into(),
                error,
            })
        })
    }

    /// A note as it stands in a proof against the member.
    fn own(&self, note: &SignedNote) -> SignedNote {
        let (name, hash) = (self.origin(), self.key().hash());
        let own = note.only(|one| one.name() == name && one.hash() == hash);
        own.unwrap_or_else(|| note.clone())
    }

    fn continues(&self, note: &SignedNote, path: Vec<NodeHash>) -> Result<Offered, Refusal> {
        let found = self.own(note).to_string().len();
        if found > MAX_OWN_NOTE {
            return Err(Refusal::Long { found });
        }
        Ok(Offered::New(MemberCheckpoint {
            seen: MemberSeen::Continues(ShownCheckpoint {
                note: note.to_string().into(),
                path: path.into(),
            }),
        }))
    }

    /// This note and the last one that was taken, as a proof. A member is convicted once. Signatures of
    /// others under the note prove nothing here, and could make it too long for a receipt.
    fn contradicts(
        &self,
        note: &SignedNote,
        nodes: Option<EquivocationNodes>,
    ) -> Result<Offered, Refusal> {
        let (Some(last), None) = (self.last(), self.fork()) else {
            return Ok(Offered::Known);
        };
        Equivocation::new(self.own(&last.note), self.own(note), nodes)
            .map(|proof| convicts(&proof))
            .map_err(|error| Refusal::Problem(FleetProblem::NotConvicted { error }))
    }
}

fn cut(held: TreeSize, has: TreeSize) -> Refusal {
    Refusal::Cut {
        held: held.as_u64(),
        has: has.as_u64(),
    }
}

fn tree(error: &dyn fmt::Display) -> Refusal {
    Refusal::Tree(error.to_string())
}

fn convicts(proof: &Equivocation) -> Offered {
    Offered::New(MemberCheckpoint {
        seen: MemberSeen::Contradicts(proof.to_string().into()),
    })
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => problem.fmt(f),
            Self::NoProof { held, from: None } => write!(
                f,
                "it needs a consistency proof from size {held}, which the fleet has; `ai-audit fleet offer DIR --since {held}` makes one at the member"
            ),
            Self::NoProof {
                held,
                from: Some(from),
            } => write!(
                f,
                "its proof begins at size {from}, and the fleet has size {held}; `ai-audit fleet offer DIR --since {held}` makes one at the member"
            ),
            Self::Cut { held, has } => write!(
                f,
                "the log was CUT: it signed a checkpoint of {held} receipts, here are {has}"
            ),
            Self::NotInTree { held } => write!(
                f,
                "the log is NOT the one that signed the checkpoint of size {held}; a newer checkpoint of it would convict it"
            ),
            Self::Tree(error) => {
                write!(f, "its tree does not lead to its own checkpoint: {error}")
            }
            Self::Long { found } => write!(
                f,
                "its checkpoint has {found} bytes with its own signature alone, expected at most {MAX_OWN_NOTE}: its extension lines are so long that a proof of two histories would not fit into a receipt"
            ),
        }
    }
}

impl core::error::Error for Refusal {}
