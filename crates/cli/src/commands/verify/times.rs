//! The bounds on times that were found.

use crate::output::{Output, safe};
use ai_audit_verify::{Report, TimeBound, TimeBoundKind, TimeSource};

/// Prints the bound of each kind that says most.
pub(super) fn print_bounds(report: &Report, output: Output) -> anyhow::Result<()> {
    let last = |kind| {
        report
            .time_bounds
            .iter()
            .rev()
            .find(|bound| bound.kind == kind)
    };
    let mut shown = 0;
    for kind in [TimeBoundKind::NotLater, TimeBoundKind::NotBefore] {
        if let Some(bound) = last(kind) {
            output.note(format!("  {}", line(bound)))?;
            shown += 1;
        }
    }
    let more = report.time_bounds.len() - shown;
    if more > 0 {
        output.note(format!("    … and {more} more bounds (--json lists all)"))?;
    }
    Ok(())
}

fn line(bound: &TimeBound) -> String {
    let by = match bound.source {
        TimeSource::Quorum => format!("quorum {}", safe(&bound.by)),
        TimeSource::Timestamp => safe(&bound.by),
    };
    let (first, time) = (bound.first, bound.time);
    match bound.last {
        Some(last) => format!("receipts {first} to {last} not later than {time}\n    by {by}"),
        None => format!("receipts from {first} on not before {time}\n    by {by}"),
    }
}
