//! Trust policy in, typed verdict out, over any source of receipts.
//!
//! Trust comes from outside the data: a [`TrustPolicy`] holds the pinned key lines, checkpoints and
//! sizes that the verifier brought, and the witnesses whose quorum he trusts; it can be read from a
//! file, [`TrustPolicy::parse_file`]. Every verification ends in a [`Report`] whose verdict answers
//! each question by itself. The one on erasures can be asked for one subject, [`TrustPolicy::subject`],
//! and of a key store that is at hand, [`LogVerifier::subject_keys`].
//!
//! | what is verified | with |
//! |---|---|
//! | a log from its first receipt to its last | [`LogVerifier`], or [`verify_source`] over a [`ReceiptSource`](ai_audit_core::ReceiptSource) |
//! | a selection of a log's receipts, each with its inclusion proof | [`SelectionVerifier`] |
//! | one receipt with its proof, and a text that it recorded | [`ReceiptProof`] |
//! | a log of which only the tree's hashes are at hand | [`TreeVerifier`] |
//! | two checkpoints that contradict each other | [`Equivocation`]; [`Monitor`] finds them |
//!
//! An [`Observer`] sees each receipt in the pass that verifies it, and which of them are verified.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{Draft, Genesis, Head, ReceiptId, SigningKey, Status, Timestamp};
//! use ai_audit_note::VKey;
//! use ai_audit_verify::{LogVerifier, Pin, TrustPolicy};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
//! # let public = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
//! # let genesis = Genesis::new("example.org/support", "acme", &public[0], &public[1], &public[2], [7; 16]);
//! # let now = Timestamp::from_micros(1_790_000_000_000_000);
//! # let mut buf = [0; 1024];
//! # let sealed = Draft::new(ReceiptId::from_parts(now, [0; 10]), now).seal(&genesis, &Head::EMPTY, &keys[0], &mut buf)?;
//! # let line = VKey::ed25519(&genesis.origin()?.to_string(), public[1])?.to_string();
//! // The auditor was given this line when the log was opened.
//! let policy = TrustPolicy::new().pin(Pin::parse(&line)?);
//! let mut verifier = LogVerifier::new(&policy);
//! verifier.push(sealed.as_bytes());
//! let report = verifier.finish();
//! assert_eq!(report.verdict.attribution, Status::Verified);
//! // Nobody told him how many receipts there are.
//! assert!(matches!(report.verdict.completeness, Status::Unverified { .. }));
//! # Ok(()) }
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod approvals;
mod batches;
mod bodies;
mod checkpoints;
mod contracts;
mod depth;
mod equivocation;
mod erasure;
mod forward;
mod imports;
mod incidents;
mod log;
mod monitor;
mod observe;
mod pin;
mod policy;
mod proof;
mod quorum;
mod report;
mod revocation;
mod selection;
mod source;
mod suspicion;
mod time;
mod tree;
mod verified;
mod walk;

pub use depth::Depth;
pub use equivocation::{
    ClaimedCheckpoint, Equivocation, EquivocationClaim, EquivocationError, EquivocationNodes,
    EquivocationReport, EquivocationStatus, WhichCheckpoint,
};
pub use log::LogVerifier;
pub use monitor::{Findings, Monitor, Seen, Sighting};
pub use observe::{Observed, Observer};
pub use pin::{Pin, PinError};
pub use policy::{PolicyError, TrustPolicy};
pub use proof::{Disclosure, FieldDisclosure, Included, ProofFileError, ReceiptProof};
pub use report::{OpenToolIntent, Report, WitnessFinding};
pub use revocation::{DetachedRevocation, RevocationError};
pub use selection::SelectionVerifier;
pub use source::verify_source;
pub use time::{TimeBound, TimeBoundKind, TimeBounds, TimeSource};
pub use tree::TreeVerifier;
pub use verified::VerifiedReceipt;
