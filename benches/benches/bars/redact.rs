//! Redacting ordinary and dense text, in megabytes a second.

use ai_audit_benches::compare::{Row, Runner};
use ai_audit_benches::texts;
use ai_audit_pii::{Policy, Redactor};
use std::hint::black_box;

const GROUP: &str = "Redaction";
/// Bytes of a text that a call redacts: short enough to be done between two interruptions.
const PART: usize = 1 << 19;

pub(crate) fn rows(runner: &Runner) {
    let redactor = Redactor::new(&Policy::default()).unwrap();
    let row = |work| Row::new(GROUP, work);
    for (row, make) in [
        (
            row("ordinary text").least(200.0),
            (|| Some(texts::prose())) as fn() -> Option<Vec<u8>>,
        ),
        (row("conversations (JSON)").least(200.0), texts::tau_bench),
        (row("dense text").least(50.0), || Some(texts::dense())),
    ] {
        let Some(text) = make() else {
            runner.skip(
                row.group(),
                row.work(),
                "its texts are not beside the checkout",
            );
            continue;
        };
        {
            let part = &text[..text.len().min(runner.effort().of(1 << 14, PART, PART))];
            let bytes = u64::try_from(part.len()).unwrap();
            runner.rate(row, bytes, || texts::redact(&redactor, black_box(part)));
        }
    }
}
