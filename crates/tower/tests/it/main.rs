//! What is durable before what, and what becomes of requests that end in between.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod actions;
mod decisions;
mod place;
