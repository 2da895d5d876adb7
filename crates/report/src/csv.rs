//! A crosswalk as a table for spreadsheets: one row a control (RFC 4180).

use crate::text::clean;
use ai_audit_compliance::{ControlResult, Coverage, Crosswalk};
use csv::{QuoteStyle, Terminator, WriterBuilder};

const HEAD: [&str; 16] = [
    "framework",
    "edition",
    "group",
    "control",
    "title",
    "applies",
    "requirement",
    "support",
    "status",
    "evidence",
    "also",
    "missing",
    "limits",
    "receipts",
    "source",
    "row checked",
];

/// Writes one row for each control of each framework. Cells that a spreadsheet would take for a formula
/// begin with an apostrophe, control
/// characters are shown as escapes, and every cell stands in quotation marks.
///
/// # Errors
///
/// None that a text in memory gives; the writer's type has one.
pub fn csv(crosswalk: &Crosswalk) -> Result<String, csv::Error> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        // Some readers take other characters for separators.
        .quote_style(QuoteStyle::Always)
        .from_writer(Vec::new());
    writer.write_record(HEAD)?;
    for framework in &crosswalk.frameworks {
        for control in &framework.controls {
            let row = [framework.name.clone(), framework.edition.clone()];
            let cells = row.into_iter().chain(cells(crosswalk, control));
            writer.write_record(cells.map(|cell| tame(&cell)))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    // Only texts were written.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn cells(crosswalk: &Crosswalk, control: &ControlResult) -> [String; 14] {
    let coverage = |places: &[usize]| -> Vec<&Coverage> {
        let found = places
            .iter()
            .filter_map(|place| crosswalk.coverage.get(*place));
        found.collect()
    };
    let (evidence, also) = (coverage(&control.evidence), coverage(&control.also));
    let words = |all: &[&Coverage]| {
        let words: Vec<String> = all.iter().map(|coverage| coverage.words()).collect();
        words.join("; ")
    };
    let mut seqs: Vec<u64> = evidence
        .iter()
        .chain(&also)
        .flat_map(|coverage| coverage.pointers.iter().copied())
        .collect();
    seqs.sort_unstable();
    seqs.dedup();
    let seqs: Vec<String> = seqs.iter().map(u64::to_string).collect();
    [
        control.group.clone(),
        control.id.clone(),
        control.title.clone(),
        control.applies.clone(),
        control.requirement.clone(),
        control.support.name().into(),
        control.status.words().into(),
        words(&evidence),
        words(&also),
        control.missing.join("; "),
        control.limits.clone(),
        seqs.join(" "),
        control.source.clone(),
        control.verification.name().into(),
    ]
}

/// What no spreadsheet computes. A tab or a line break at the beginning is an escape by then.
fn tame(cell: &str) -> String {
    let cell = clean(cell);
    if cell
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\\', '＝', '＋', '－', '＠'])
    {
        format!("'{cell}")
    } else {
        cell
    }
}
