//! Real services, started for the tests, and endpoints of ours that answer as no real one would.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test says by panicking what is wrong, and on its output what it skipped"
)]

#[cfg(feature = "aws")]
mod aws;
#[cfg(any(feature = "pkcs11", feature = "vault"))]
mod keks;
#[cfg(all(unix, any(feature = "vault", feature = "aws")))]
mod memory;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(any(feature = "vault", feature = "aws"))]
mod servers;
#[cfg(feature = "vault")]
mod vault;
