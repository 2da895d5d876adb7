//! The store in Redis, on servers that the tests start: the conformance suite, what is refused, faults.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod cluster;
mod conformance;
mod deletion;
mod faults;
mod loss;
mod race;
mod refused;
mod servers;
