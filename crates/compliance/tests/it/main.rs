//! Catalogues, crosswalks and gaps through the public interface, over real signed logs.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod catalogues;
mod crosswalk;
mod gaps;
mod logs;
mod tables;
