//! The functions that C calls, called as a hostile C program would.
#![allow(
    unsafe_code,
    reason = "every function of a C interface is unsafe to call"
)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, and one that is skipped says so"
)]

mod bodies;
mod caller;
mod hostile;
mod pointers;
mod vectors;
mod walks;
