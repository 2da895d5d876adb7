//! Witnesses: third parties that cosign a log's checkpoints after checking that they continue what
//! was cosigned before (C2SP [tlog-witness](https://c2sp.org/tlog-witness) 1.0.0).
//!
//! | what | with |
//! |---|---|
//! | a witness: what it saw last, kept durably, and what it answers | [`Witness`], [`WitnessFolder`] |
//! | the same over HTTP (feature `server`) | `serve` |
//! | asking one witness (feature `client`) | `WitnessClient` |
//! | asking all witnesses of a policy for a log in a store (feature `client`) | `collect` |
//!
//! A witness proves that nobody was shown another history with its name under it, and when. It
//! does not see receipts, and it helps only as far as it is somebody else's.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{NodeHash, SigningKey, Timestamp};
//! use ai_audit_merkle::TreeSize;
//! use ai_audit_note::{AddCheckpoint, Checkpoint, VKey};
//! use ai_audit_witness::{Status, Witness, WitnessFolder};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (log, key) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
//! let line = VKey::ed25519("example.org/log", log.verifying_key())?;
//! let folder = WitnessFolder::create(folder.path())?;
//! let witness = Witness::new(folder, "witness.example/w1", Box::new(key), &[line])?;
//!
//! let checkpoint = Checkpoint {
//!     origin: "example.org/log".into(),
//!     size: TreeSize::new(7),
//!     root: NodeHash::from_bytes([9; 32]),
//!     extensions: vec![],
//! };
//! let request = AddCheckpoint { old: TreeSize::ZERO, proof: vec![], checkpoint: checkpoint.sign(&log)? };
//! let now = Timestamp::from_micros(1_790_000_000_000_000);
//! let answer = witness.add_checkpoint(request.to_string().as_bytes(), now);
//! assert_eq!(answer.status, Status::Cosigned);
//! assert!(answer.body.starts_with("\u{2014} witness.example/w1 "));
//! // It has seen 7 receipts; who says that there were none is asked to go on from there.
//! assert_eq!(witness.add_checkpoint(request.to_string().as_bytes(), now).body, "7\n");
//! # Ok(()) }
//! ```

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod collect;
mod folder;
#[cfg(feature = "server")]
mod server;
mod witness;

#[cfg(feature = "client")]
pub use client::{ClientOptions, CosignError, Known, WitnessClient};
#[cfg(feature = "client")]
pub use collect::{Behind, Collected, WitnessReport, ask, collect};
pub use folder::{FolderError, WitnessFolder};
#[cfg(feature = "server")]
pub use server::{Observer, ServerOptions, serve};
pub use witness::{Answer, Status, Witness, WitnessError};

use ai_audit_core::Digest;

/// The name under which a witness's files and addresses know a log: SHA-256 of its origin, in
/// hexadecimal.
///
/// ```
/// assert!(ai_audit_witness::origin_digest("example.org/log").starts_with("d2ddd668"));
/// ```
#[must_use]
pub fn origin_digest(origin: &str) -> String {
    Digest::of(origin.as_bytes()).to_string()
}
