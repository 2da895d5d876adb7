//! Verifying a whole log out of any source of receipts.

use crate::{LogVerifier, Report};
use ai_audit_core::{MAX_SEALED_LEN, Next, ReceiptSource};

/// Reads a source to its end and verifies it.
///
/// `progress` is told the number of receipts after each one.
///
/// # Errors
///
/// When the source cannot be read. What cannot be *decoded* is a failure in the report.
pub fn verify_source<S: ReceiptSource>(
    mut verifier: LogVerifier<'_>,
    source: &mut S,
    mut progress: impl FnMut(u64),
) -> Result<Report, S::Error> {
    let mut buf = alloc::vec![0; MAX_SEALED_LEN];
    let mut count = 0;
    while let Some(next) = source.read_next(&mut buf)? {
        match next {
            Next::Sealed(len) => {
                verifier.push(&buf[..len.min(MAX_SEALED_LEN)]);
            }
            Next::Deleted(hash) => verifier.push_deleted(hash),
        }
        count += 1;
        progress(count);
    }
    Ok(verifier.finish())
}
