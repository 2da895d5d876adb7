//! A package's claims about itself, held against what was found in it.

use crate::Manifest;
use ai_audit_verify::Report;

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
