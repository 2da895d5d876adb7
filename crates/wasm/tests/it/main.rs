//! What the page shows of packages, on the machine at hand. In a browser: `cargo xtask page --test`.

mod evidence;
mod logs;
