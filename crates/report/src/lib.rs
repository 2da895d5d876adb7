//! Reports of what evidence a log holds: documents, and the forms that they are written in.
//!
//! [`compose`] makes a [`Document`] of a crosswalk and of [`Figures`]; [`html`], [`markdown`] and
//! [`csv`] write it, and [`json`] writes what it was made of. The same input gives the same bytes.
//!
//! # Example
//!
//! ```
//! use ai_audit_compliance::{Assessment, Catalogues, Period};
//! use ai_audit_core::Timestamp;
//! use ai_audit_report::{FigureOptions, Figures, Recipe, compose, html};
//! use ai_audit_verify::{LogVerifier, TrustPolicy};
//!
//! let catalogues = Catalogues::builtin()?.only(&["eu-ai-act"])?;
//! let assessment = Assessment::new(catalogues, Period::default(), Timestamp::from_micros(0))?;
//! let figures = Figures::new(&FigureOptions::default())?;
//! // Both look on as observers while the receipts are verified; here there are none.
//! let policy = TrustPolicy::new();
//! let verified = LogVerifier::new(&policy).finish();
//! let crosswalk = assessment.finish(&verified, None);
//! let report = compose(&crosswalk, Some(&figures.finish()), &Recipe::default());
//! assert!(html(&report).contains("Nothing counts as evidence in this report."));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

pub use compose::{RECEIPTS, Recipe, compose};
pub use csv::csv;
pub use document::{Block, Document, Fact, Figure, Section, Span, Table, Tone};
pub use figures::{
    ActionBucket, ActionFigure, Alarm, Between, CaseFigure, CaseReason, CaseStep, CheckBucket,
    CheckFigure, CusumFigure, DriftFigure, DriftOver, DriftWindow, Event, EventError, FigureData,
    FigureOptions, Figures, PathData, Paths, Scores, SprtFigure, Stretch, Unit,
};
pub use html::html;
pub use json::{JsonReport, json};
pub use markdown::markdown;
pub use ml_bom::{MAX_ML_BOM, MlBom, MlBomComparison, MlBomError, MlBomLink, MlModel};
#[cfg(feature = "oscal")]
pub use oscal::{OSCAL_NAMESPACE, OSCAL_VERSION, OscalError, to_oscal};
#[cfg(feature = "pdf")]
pub use pdf::{PdfError, to_pdf};
