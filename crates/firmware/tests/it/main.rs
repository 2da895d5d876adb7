//! The device on a simulated flash: power cuts everywhere, flipped bits, wear, old images put back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

mod common;
mod flash;
mod flips;
#[path = "../../examples/collect/host.rs"]
mod host;
mod hostile;
mod power;
mod random;
mod ring;
mod rollback;
mod session;
