//! What is read ahead is what the source has, and nothing passes that one thread would refuse.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod a75_known;
mod sources;
