//! The store in a folder, on servers that the tests start, and on endpoints of ours that answer as no good one would.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test says by panicking what is wrong, and on its output what it skipped"
)]

#[cfg(feature = "s3")]
mod conditions;
mod conforming;
#[cfg(feature = "s3")]
mod cut;
#[cfg(feature = "s3")]
mod endpoint;
mod full;
mod garbage;
mod hostile;
#[cfg(feature = "s3")]
mod killed;
mod older;
mod race;
mod rig;
#[cfg(feature = "s3")]
mod servers;
mod tiers;
