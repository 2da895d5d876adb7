//! Tool intents and outcomes through the public interface.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod bodies;
mod contracts;
mod open;
