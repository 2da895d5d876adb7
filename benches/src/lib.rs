//! What the benchmarks of `benches/` have in common: the receipt that they seal.
//!
//! Run them with `cargo xtask bench`.

/// Bytes that the sealed benchmark receipt may have at most.
pub const MAX_SEALED: usize = 450;
