//! Fleets through the public interface: rosters, checkpoints, verdicts, and attacks by number.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod attacks;
mod brought;
mod hostile;
mod logs;
mod offers;
mod parts;
mod properties;
mod rosters;
mod state;
mod thieves;
mod two_histories;
