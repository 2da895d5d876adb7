//! What the page shows of packages, on the machine at hand. In a browser: `cargo xtask page --test`.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod evidence;
mod logs;
