//! Servers that are started for the tests, read as sources.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says by panicking what is wrong, and on its output what it skipped"
)]

mod addresses;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "redis", feature = "postgres"))]
mod python;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "redis", feature = "postgres"))]
mod servers;
