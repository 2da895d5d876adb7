//! Catalogues, crosswalks and gaps through the public interface, over real signed logs.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod catalogues;
mod crosswalk;
mod gaps;
mod imported;
mod logs;
mod tables;
