//! Reports of what evidence a log holds: documents, and the forms that they are written in.
//!
//! [`compose`] makes a [`Document`] of a crosswalk and of [`Figures`]; [`html`], [`markdown`] and
//! [`csv`] write it, and [`json`] writes what it was made of. The same input gives the same bytes.

mod charts;
mod compose;
mod csv;
mod document;
mod figures;
mod html;
mod json;
mod markdown;
mod ml_bom;
#[cfg(feature = "oscal")]
mod oscal;
#[cfg(feature = "pdf")]
mod pdf;
mod text;

pub use compose::{Recipe, View, compose};
pub use csv::csv;
pub use document::{Block, Document, Fact, Figure, Section, Span, Table, Tone};
pub use figures::{
    ActionBucket, ActionFigure, Alarm, Between, CaseFigure, CaseReason, CaseStep, CheckBucket,
    CheckFigure, CusumFigure, DriftFigure, DriftOver, DriftWindow, Event, EventError, FigureData,
    FigureOptions, Figures, Scores, SprtFigure, Stretch, Unit,
};
pub use html::html;
pub use json::{JsonReport, json};
pub use markdown::markdown;
pub use ml_bom::{MAX_ML_BOM, MlBom, MlBomComparison, MlBomError, MlBomLink, MlModel};
#[cfg(feature = "oscal")]
pub use oscal::{OSCAL_NAMESPACE, OSCAL_VERSION, OscalError, to_oscal};
#[cfg(feature = "pdf")]
pub use pdf::{PdfError, to_pdf};
