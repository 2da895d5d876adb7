//! The proxy as clients and servers meet it: real processes, real sockets, a real directory.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod a80_two_readings;
mod a81_answers;
mod a82_without_a_record;
mod http;
mod messages;
mod place;
mod rules;
mod sdk;
mod stdio;
