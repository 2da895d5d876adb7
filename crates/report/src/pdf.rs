//! A report as a PDF file: PDF/UA-1 (ISO 14289-1), A4, the same bytes for the same document and time.
//!
//! The file is set by [Typst](https://typst.app) from a fixed template. The document goes in as data,
//! so no text of it is ever read as markup. The fonts have Latin, Greek and Cyrillic letters and
//! common signs; other characters, and all that cannot be seen or would turn the order of a line,
//! are shown as their code points, and the file then says so on its last page.

mod columns;
mod content;
mod faces;
mod picture;
mod words;
mod world;

use crate::Document;
use ai_audit_core::Timestamp;
use jiff::tz::TimeZone;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst::layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

/// Why there is no PDF file. Neither is a fault of the document's texts: they are set as they are.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The pages could not be set.
    #[error("the pages could not be set: {0}; expected a document that the template can set")]
    Pages(String),
    /// The pages are no PDF/UA-1.
    #[error("the file could not be written as PDF/UA-1: {0}")]
    Write(String),
}

/// Writes a report as a PDF file.
///
/// `made` is the file's time of creation, and `id` what names the document for good, such as the log's
/// id with the size of the tree; the identifier inside the file is a hash of it. Neither a clock nor
/// a font of the machine is asked. A report of 500 receipts and 400 controls takes some seconds.
///
/// # Errors
/// [`PdfError`]: should not happen, whatever the texts are; a picture that is no SVG is one.
///
/// # Examples
/// ```
/// use ai_audit_core::Timestamp;
/// use ai_audit_report::{Block, Document, Section, Span, to_pdf};
///
/// let document = Document {
///     title: "What the log shows".into(),
///     facts: Vec::new(),
///     sections: vec![Section {
///         id: "summary".into(),
///         level: 2,
///         title: "Summary".into(),
///         new_page: false,
///         blocks: vec![Block::Text(vec![Span::text("#import is not read as markup")])],
///     }],
/// };
/// let file = to_pdf(&document, Timestamp::from_micros(1_790_000_000_000_000), "log 1, size 3")?;
/// assert!(file.starts_with(b"%PDF-"));
/// # Ok::<(), ai_audit_report::PdfError>(())
/// ```
pub fn to_pdf(document: &Document, made: Timestamp, id: &str) -> Result<Vec<u8>, PdfError> {
    let result = set(document, made, id);
    // The typesetter remembers what it has set, for as long as the process lives.
    typst::comemo::evict(0);
    result
}

fn set(document: &Document, made: Timestamp, id: &str) -> Result<Vec<u8>, PdfError> {
    let world = world::Paper::new(content::data(document, &faces::FACES));
    let pages: PagedDocument = typst::compile(&world)
        .output
        .map_err(|errors| PdfError::Pages(said(&errors)))?;
    let standards =
        PdfStandards::new(&[PdfStandard::Ua_1]).map_err(|why| PdfError::Write(why.to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(id),
        timestamp: date(made).map(typst_pdf::Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&pages, &options).map_err(|errors| PdfError::Write(said(&errors)))
}

fn date(made: Timestamp) -> Option<Datetime> {
    let seconds = i64::try_from(made.as_secs()).ok()?;
    let at = jiff::Timestamp::from_second(seconds).ok()?;
    let at = TimeZone::UTC.to_datetime(at);
    let small = |n: i8| u8::try_from(n).ok();
    Datetime::from_ymd_hms(
        i32::from(at.year()),
        small(at.month())?,
        small(at.day())?,
        small(at.hour())?,
        small(at.minute())?,
        small(at.second())?,
    )
}

/// What the typesetter has to say, in a line.
fn said(errors: &[SourceDiagnostic]) -> String {
    let mut out = String::new();
    for error in errors.iter().take(3) {
        if !out.is_empty() {
            out.push_str("; ");
        }
        out.push_str(&error.message);
        for hint in &error.hints {
            out.push_str(" (");
            out.push_str(hint);
            out.push(')');
        }
    }
    out
}
