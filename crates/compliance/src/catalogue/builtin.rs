//! The catalogues that come with this crate.

/// The selectors that every catalogue can name.
pub(super) const SELECTORS: &str = include_str!("../../catalogue/selectors.toml");

/// File name and text of each, in the order in which they are shown.
pub(super) const FILES: [(&str, &str); 0] = [];
