//! Reports of what evidence a log holds: documents, and the forms that they are written in.

mod document;
mod ml_bom;
#[cfg(feature = "oscal")]
mod oscal;
#[cfg(feature = "pdf")]
mod pdf;

pub use document::{Block, Document, Fact, Figure, Section, Span, Table, Tone};
pub use ml_bom::{MAX_ML_BOM, MlBom, MlBomComparison, MlBomError, MlBomLink, MlModel};
#[cfg(feature = "oscal")]
pub use oscal::{OSCAL_NAMESPACE, OSCAL_VERSION, OscalError, to_oscal};
#[cfg(feature = "pdf")]
pub use pdf::{PdfError, to_pdf};
