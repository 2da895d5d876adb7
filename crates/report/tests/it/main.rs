//! Reports through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod ml_bom;
#[cfg(feature = "oscal")]
mod oscal;
#[cfg(feature = "pdf")]
mod pdf;
mod samples;
