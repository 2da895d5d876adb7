//! Fleets: which logs belong together, and of each to which size it is complete, as of when, and whether it
//! is late, missing, cut or forked.
//!
//! A *fleet log* is an ordinary log whose receipts name its members and take their checkpoints. The bodies
//! are in `ai-audit-note`, the rules in `docs/spec/fleet.md`.
//!
//! | need | use |
//! |---|---|
//! | follow a fleet log, receipt by receipt | [`Fleet`] |
//! | the same while it is verified | [`FleetObserver`] |
//! | say what it comes to | [`FleetReport`] |
//! | hold the log of a member against what the fleet log has of it, and against others of its logs | [`MemberWatch`], [`FleetReport::hold`], [`FleetReport::hold_again`] |
//! | tell what was brought of members whose logs are not at hand | [`FleetReport::account_for`] |
//! | decide what to seal of what a member shows | [`Member::offered_note`], [`Member::offered_request`], [`Member::offered_tree`], [`Member::offered_proof`] |
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{LeafHash, SigningKey, Timestamp};
//! use ai_audit_fleet::{Fleet, MemberState, Offered, When};
//! use ai_audit_merkle::MemoryTree;
//! use ai_audit_note::{AddedMember, Checkpoint, FleetRoster, VKey};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let origin = "example.org/eu/0123456789abcdef0123456789abcdef";
//! let key = SigningKey::from_bytes(&[1; 32]); // the member's, not the fleet's
//! let line = VKey::ed25519(origin, key.verifying_key())?.to_string();
//!
//! // In a log these are receipts. Here they come as bodies, each with its seq and time.
//! let at = |seq, secs: u64| When { seq, at: Timestamp::from_micros(secs * 1_000_000) };
//! let mut fleet = Fleet::new();
//! let added = vec![AddedMember { key: line.into(), interval: 3600, checkpoint: None }];
//! fleet.take_roster(&FleetRoster { added: added.into(), ..FleetRoster::default() }, at(2, 1000))?;
//!
//! let mut tree = MemoryTree::new();
//! tree.push(LeafHash::of(b"genesis"))?;
//! let checkpoint = Checkpoint { origin: origin.into(), size: tree.size(), root: tree.root(), extensions: vec![] };
//! let offered = fleet.member(origin).ok_or("a member")?.offered_note(&checkpoint.sign(&key)?)?;
//! let Offered::New(body) = offered else { return Err("news".into()) };
//! fleet.take_checkpoint(&body, at(3, 1060))?;
//!
//! let report = fleet.report(Some(Timestamp::from_micros(2_000_000_000)));
//! assert_eq!((report.members[0].state, report.members[0].size), (MemberState::Complete, Some(1)));
//! // It owes the next one within the hour.
//! let report = fleet.report(Some(Timestamp::from_micros(4_661_000_000)));
//! assert_eq!(report.members[0].state, MemberState::Late);
//! # Ok(()) }
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod brought;
mod ends;
mod evidence;
mod fleet;
mod member;
mod observe;
mod offer;
mod problem;
mod report;
mod take;

pub use brought::Unheld;
pub use evidence::{EvidenceFinding, MemberEvidence, MemberWatch};
pub use fleet::{Fleet, FleetFault, FleetState, MAX_FAULTS, MAX_MEMBERS};
pub use member::{Change, Fork, MAX_CHANGES, MAX_REASON, Member, Taken, When};
pub use observe::FleetObserver;
pub use offer::{MAX_OWN_NOTE, Offered, Refusal};
pub use problem::FleetProblem;
pub use report::{FleetReport, ForkReport, MemberReport, MemberState};
