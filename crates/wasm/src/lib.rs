//! The auditor's page: the ordinary verifier behind a browser's window.
//!
//! | need | use |
//! |---|---|
//! | a file that is read in pieces, as a package | [`Pieces`] |
//! | what the auditor brings, as a trust policy | [`Trust`] |
//! | a package verified | [`examine`] |
//! | its receipts: listed, filtered, one in full, the graph of its trace | [`Evidence`] |
//!
//! The verdict is that of [`observe_package`](ai_audit_export::observe_package); nothing is verified
//! here. What is for the window goes there as JSON, with numbers that JavaScript would round as texts.
//! Only for `wasm32`, the bindings: a worker reads the file itself, so nothing of it is in memory as a
//! whole. `cargo xtask page` makes the one HTML file out of them and the sources in `page/`.

mod evidence;
mod exact;
mod examine;
mod filter;
mod index;
#[cfg(target_arch = "wasm32")]
mod js;
mod path;
mod pieces;
mod receipt;
mod trace;
mod trust;

pub use evidence::{Evidence, Progress};
pub use examine::{Examined, examine};
pub use filter::Filter;
pub use pieces::{Pieces, ReadPiece};
pub use trust::Trust;
