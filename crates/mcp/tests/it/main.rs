//! The server as clients meet it: a real process, real sockets, real evidence.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod client;
mod hostile;
mod http;
mod tools;
