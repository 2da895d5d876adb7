//! A package's claims about itself, held against what was found in it.

use crate::{Manifest, Selection};
use ai_audit_core::Header;
use ai_audit_note::{SignedNote, VKey};
use ai_audit_verify::Report;

/// Whether a selection has what it claims to have, as far as it can be told from outside the log: a
/// range has no holes, and of another one there is something besides the receipts about the log itself.
pub(crate) struct Coverage {
    whole: bool,
    /// The next receipt of the range that has to come, and its last one.
    range: Option<(u64, u64)>,
    /// Whether anything of it came.
    any: bool,
}

impl Coverage {
    /// For a selection out of the first `size` receipts of a log.
    pub(crate) fn new(selection: &Selection, size: u64) -> Self {
        let range = match selection {
            Selection::Range { from, to } => size.checked_sub(1).map(|last| (*from, last.min(*to))),
            _ => None,
        };
        Self {
            whole: selection.is_all(),
            range,
            any: false,
        }
    }

    /// Looks at the next receipt. A hole is told once.
    pub(crate) fn see(&mut self, header: &Header<'_>) -> Result<(), String> {
        self.any |= !header.kind.is_never_batched();
        match &mut self.range {
            Some((next, last)) if (*next..=*last).contains(&header.seq) => {
                // Whatever it is about: the range asks for it.
                self.any = true;
                let expected = std::mem::replace(next, header.seq.saturating_add(1));
                if expected == header.seq {
                    return Ok(());
                }
                Err(missing(expected))
            }
            _ => Ok(()),
        }
    }

    /// All receipts were seen.
    pub(crate) fn finish(self) -> Result<(), String> {
        if let Some((next, last)) = self.range
            && next <= last
        {
            return Err(missing(next));
        }
        if !self.whole && !self.any {
            return Err(
                "manifest.note: nothing of the selection is here, only receipts about the log itself"
                    .into(),
            );
        }
        Ok(())
    }
}

fn missing(seq: u64) -> String {
    format!("receipt {seq} belongs to the selection and is missing")
}

/// The first claim of the manifest that the verified receipts contradict.
pub(crate) fn contradiction(
    manifest: &Manifest,
    report: &Report,
    checkpoint: u64,
) -> Option<String> {
    let differs = |what: &str, claimed: &dyn std::fmt::Display, found: &dyn std::fmt::Display| {
        Some(format!(
            "manifest.note: {what} is {claimed}, but the package has {found}"
        ))
    };
    if let Some(origin) = &report.origin
        && *origin != manifest.origin
    {
        return differs("origin", &manifest.origin, origin);
    }
    if let Some(log_id) = &report.log_id
        && *log_id != manifest.log_id
    {
        return differs("log", &manifest.log_id, log_id);
    }
    if report.receipts != manifest.receipts {
        return differs("receipts", &manifest.receipts, &report.receipts);
    }
    if checkpoint != manifest.checkpoint {
        return differs("checkpoint", &manifest.checkpoint, &checkpoint);
    }
    None
}

/// The manifest's signature and claims.
pub(super) fn around(
    note: &SignedNote,
    manifest: &Manifest,
    line: Option<&VKey>,
    report: &Report,
    checkpoint: u64,
) -> Option<String> {
    let Some(line) = line else {
        return Some(
            "the genesis is not there, so nobody can tell who signed manifest.note and checkpoint.note"
                .into(),
        );
    };
    if let Err(error) = note.verify(line) {
        return Some(format!(
            "manifest.note is not signed by the log's checkpoint key: {error}"
        ));
    }
    contradiction(manifest, report, checkpoint)
}
