//! Connections as their clients meet them: real sockets.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod connections;
mod troubles;
