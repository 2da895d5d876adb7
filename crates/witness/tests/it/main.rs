//! Witness and client through the public interface, over real sockets where there are any.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

#[cfg(feature = "client")]
mod bad;
#[cfg(feature = "client")]
mod bad_witness;
#[cfg(all(feature = "client", feature = "server"))]
mod exchange;
mod rig;
#[cfg(all(feature = "client", feature = "server"))]
mod served;
mod vectors;
mod witness;
