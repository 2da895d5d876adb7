//! Charts as SVG, by `plotters`; what is under them is drawn in the palette's names.

mod actions;
mod case;
mod drift;
pub(crate) mod palette;
mod plot;
mod scores;
mod walk;

pub(crate) use actions::actions;
pub(crate) use case::case;
pub(crate) use drift::drift;
pub(crate) use scores::scores;
pub(crate) use walk::{cusum, sprt};

/// What stands around a chart: its id, its title and what is to be seen on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    /// Unique in the report.
    pub(crate) id: &'a str,
    /// Its title.
    pub(crate) title: &'a str,
    /// What is to be seen.
    pub(crate) description: &'a str,
}
