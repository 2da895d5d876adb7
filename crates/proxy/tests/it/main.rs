//! The proxy as its clients and its upstream meet it: real sockets on both sides, a real directory.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod a77_credentials;
mod a78_smuggling;
mod a79_desync;
mod bodies;
mod faults;
mod passing;
mod place;
mod shapes;
mod upstream;
