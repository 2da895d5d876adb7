//! C2SP signed notes, key lines, checkpoints, cosignatures, requests to witnesses, policies and proof
//! files.
//!
//! | format | type |
//! |---|---|
//! | [vkey](https://c2sp.org/signed-note): `name+hash+key`, one line | [`VKey`] |
//! | [signed note](https://c2sp.org/signed-note): a text and signature lines | [`SignedNote`], [`NoteSignature`] |
//! | [checkpoint](https://c2sp.org/tlog-checkpoint): origin, size, root | [`Checkpoint`] |
//! | [cosignature/v1](https://c2sp.org/tlog-cosignature): a witness's, with a time | [`cosign`], [`SignedNote::verify_cosignature`] |
//! | [add-checkpoint](https://c2sp.org/tlog-witness): a request to a witness | [`AddCheckpoint`] |
//! | [proof file](https://c2sp.org/tlog-proof) | [`TlogProof`] |
//! | anchor: a cosigned checkpoint, or a token over it, as a receipt's body | [`Anchor`] |
//! | fleet roster, member checkpoint: bodies of a fleet log | [`FleetRoster`], [`MemberCheckpoint`] |
//! | [policy](https://c2sp.org/tlog-policy): logs, witnesses, quorum | [`Policy`], [`Policy::judge`] |
//!
//! Everything is read strictly: a text has one form, and what is read prints as it was.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{NodeHash, SigningKey};
//! use ai_audit_merkle::TreeSize;
//! use ai_audit_note::{Checkpoint, VKey};
//!
//! let key = SigningKey::from_bytes(&[1; 32]);
//! let checkpoint = Checkpoint {
//!     origin: "example.org/log".into(),
//!     size: TreeSize::ZERO,
//!     root: NodeHash::EMPTY,
//!     extensions: vec![],
//! };
//! let note = checkpoint.sign(&key)?.to_string();
//!
//! let line = VKey::ed25519("example.org/log", key.verifying_key())?.to_string();
//! // Somebody who has the key line reads the checkpoint.
//! assert_eq!(Checkpoint::open(note.as_bytes(), &VKey::parse(&line)?)?, checkpoint);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod add_checkpoint;
mod anchor;
mod checkpoint;
mod cosignature;
mod fleet;
mod lines;
mod note;
mod policy;
mod proof;
mod quorum;
mod vkey;

pub use add_checkpoint::{AddCheckpoint, AddCheckpointError};
pub use anchor::{Anchor, TokenBytes};
pub use checkpoint::{Checkpoint, CheckpointError, MAX_EXTENSIONS};
pub use cosignature::cosign;
pub use fleet::{
    AddedMember, DroppedMember, FleetRoster, MAX_FLEET_INTERVAL, MemberCheckpoint, MemberSeen,
    ShownCheckpoint,
};
pub use note::{MAX_NOTE_LEN, MAX_SIGNATURES, NoteError, NoteSignature, SignedNote};
pub use policy::{
    MAX_POLICY_ENTRIES, MAX_POLICY_LEN, Policy, PolicyFileError, PolicyLine, PolicyLog, PolicyName,
    PolicyWitness, Threshold,
};
pub use proof::{TlogProof, TlogProofError};
pub use quorum::{QuorumCount, QuorumOutcome, WitnessOutcome, WitnessStatus};
pub use vkey::{VKey, VKeyError, VKeyKind};
