//! Verifying a package no deeper than its tree: files, manifest, checkpoint and the receipts' hashes.

use super::{CHECKPOINT, MAX_NOTE, RECEIPTS, claims};
use crate::archive::{Archive, ReadAt};
use crate::{Manifest, ReceiptsReader};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_verify::{Observer, Report, TreeVerifier, TrustPolicy};
use std::io::BufReader;

/// Verifies a package of a whole log whose files were held against its manifest already; `wrong` is
/// what that found.
///
/// # Errors
///
/// Why there is nothing to hold the receipts against.
pub(super) fn verify<R: ReadAt>(
    archive: &Archive<R>,
    policy: &TrustPolicy,
    note: Option<&SignedNote>,
    manifest: Option<&Manifest>,
    wrong: Option<String>,
    observer: &mut dyn Observer,
) -> Result<Report, String> {
    let bytes = archive
        .read_to_vec(CHECKPOINT, MAX_NOTE)
        .map_err(|error| error.to_string())?;
    let signed = SignedNote::parse(&bytes).map_err(|error| format!("{CHECKPOINT}: {error}"))?;
    let checkpoint =
        Checkpoint::parse(signed.text()).map_err(|error| format!("{CHECKPOINT}: {error}"))?;
    let size = checkpoint.size.as_u64();
    let mut verifier = TreeVerifier::of_receipts(policy, signed, checkpoint);
    if let Some(reason) = wrong {
        verifier.fail_integrity(reason);
    }
    match (verifier.key_line(), note) {
        (Some(line), Some(note)) => {
            if let Err(error) = note.verify(&line) {
                verifier.fail_integrity(format!(
                    "manifest.note is not signed by the log's checkpoint key: {error}"
                ));
            }
        }
        _ => verifier.remark("nobody can tell who signed manifest.note"),
    }
    let total = manifest.map_or(0, |manifest| manifest.receipts);
    let opened = archive.reader(RECEIPTS).map_err(|error| error.to_string());
    let read = opened.and_then(|reader| {
        ReceiptsReader::new(BufReader::with_capacity(1 << 16, reader))
            .and_then(|mut source| verifier.push_all(&mut source, total, observer))
            .map_err(|error| error.to_string())
    });
    if let Err(reason) = read {
        verifier.fail_integrity(format!("{RECEIPTS}: {reason}"));
    }
    let mut report = verifier.finish();
    if let Some(manifest) = manifest
        && let Some(reason) = claims::contradiction(manifest, &report, size)
    {
        super::verify::fail(&mut report, reason);
    }
    Ok(report)
}
