//! Tool intents and outcomes, and traces of them, through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod bodies;
mod contracts;
#[cfg(feature = "draw")]
mod draw;
mod incidents;
mod open;
mod provenance;
mod tracegraph;
