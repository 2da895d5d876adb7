//! Events become receipts, and what does not is declared.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod events;
mod losses;
mod place;
