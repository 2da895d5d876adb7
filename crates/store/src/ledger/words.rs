//! Parts of what a ledger says.

use super::error::LedgerError;
use super::undeclared::Undeclared;
use core::fmt;

/// Subjects for a message.
pub(super) fn listed(subjects: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = subjects
        .iter()
        .take(SHOWN)
        .map(|subject| match subject.as_str() {
            "" => "the log itself".into(),
            name => format!("{name:?}"),
        })
        .collect();
    match subjects.len() {
        0 => return "anybody: no subject was named".into(),
        more if more > SHOWN => names.push(format!("{} more", more - SHOWN)),
        _ => {}
    }
    names.join(", ")
}

/// How many were lost.
pub(super) fn records(lost: &[Undeclared]) -> u64 {
    lost.iter()
        .fold(0, |sum, loss| sum.saturating_add(loss.records))
}

/// What went wrong besides, behind a colon.
pub(super) struct Because<'a>(pub(super) Option<&'a LedgerError>);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

/// Cuts a reason for the log to about 1000 bytes, between two characters.
pub(super) fn shorten(reason: &mut String) {
    let mut end = reason.len().min(1000);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.truncate(end);
}
