//! The forms of a report, by the endings of files.

use crate::failure::usage;
use crate::output::shown_path;
use ai_audit_compliance::Crosswalk;
use ai_audit_report::{
    Document, FigureData, JsonReport, MlBomLink, csv, html, json, markdown, to_oscal,
};
use std::path::Path;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Html,
    Markdown,
    Json,
    Csv,
    Pdf,
    Oscal,
}

impl Form {
    /// By the file's ending.
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase());
        let name = name.unwrap_or_default();
        let ends = |ending: &str| name.ends_with(ending);
        Ok(match () {
            () if name == "oscal.json" || ends(".oscal.json") => Self::Oscal,
            () if ends(".json") => Self::Json,
            () if ends(".html") || ends(".htm") => Self::Html,
            () if ends(".md") || ends(".markdown") => Self::Markdown,
            () if ends(".csv") => Self::Csv,
            () if ends(".pdf") => Self::Pdf,
            () => {
                return Err(usage(format!(
                    "{}: expected a name that ends in .html, .pdf, .md, .csv, .json or .oscal.json",
                    shown_path(path)
                )));
            }
        })
    }

    /// What the file is called in a package.
    pub(super) const fn usual_name(self) -> &'static str {
        match self {
            Self::Html => "report.html",
            Self::Markdown => "report.md",
            Self::Json => "report.json",
            Self::Csv => "report.csv",
            Self::Pdf => "report.pdf",
            Self::Oscal => "oscal.json",
        }
    }

    /// The report in this form.
    pub(super) fn write(
        self,
        crosswalk: &Crosswalk,
        figures: Option<&FigureData>,
        document: &dyn Fn() -> Document,
        bom: Option<&MlBomLink>,
    ) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Self::Html => html(&document()).into_bytes(),
            Self::Markdown => markdown(&document()).into_bytes(),
            Self::Json => json(&JsonReport::new(crosswalk, figures))?.into_bytes(),
            Self::Csv => csv(crosswalk)?.into_bytes(),
            Self::Pdf => pdf(&document(), crosswalk)?,
            Self::Oscal => to_oscal(crosswalk, bom)?.into_bytes(),
        })
    }
}

#[cfg(feature = "pdf")]
fn pdf(document: &Document, crosswalk: &Crosswalk) -> anyhow::Result<Vec<u8>> {
    Ok(ai_audit_report::to_pdf(
        document,
        crosswalk.at,
        &identity(crosswalk),
    )?)
}

#[cfg(not(feature = "pdf"))]
fn pdf(_: &Document, _: &Crosswalk) -> anyhow::Result<Vec<u8>> {
    Err(usage("this ai-audit was built without its feature pdf"))
}

/// What names a report's subject for good.
#[cfg(feature = "pdf")]
fn identity(crosswalk: &Crosswalk) -> String {
    let log = crosswalk.log_id.map(|id| id.to_string());
    let size = crosswalk.tree.map_or(0, |tree| tree.size);
    format!("log {}, size {size}", log.unwrap_or_default())
}
