//! Verifying a whole log out of any source of receipts.

use crate::{LogVerifier, Report};
use ai_audit_core::ReceiptSource;

/// Reads a source to its end and verifies it.
///
/// `progress` is told the number of receipts after each one. Who wants to see the receipts takes
/// [`LogVerifier::push_all`].
///
/// # Errors
///
/// When the source cannot be read. What cannot be *decoded* is a failure in the report.
pub fn verify_source<S: ReceiptSource>(
    mut verifier: LogVerifier<'_>,
    source: &mut S,
    mut progress: impl FnMut(u64),
) -> Result<Report, S::Error> {
    verifier.push_all(source, 0, &mut |done, _| progress(done))?;
    Ok(verifier.finish())
}
