//! What signs receipts with the key of a file: the core or, where it is built in, AWS-LC. The signatures are
//! the same byte for byte.

use crate::DirectoryError;
use ai_audit_core::SigningKey;
use std::path::Path;

#[cfg(feature = "aws-lc")]
pub(crate) type ReceiptSigner = ai_audit_signer_aws_lc::AwsLcSigner;
#[cfg(not(feature = "aws-lc"))]
pub(crate) type ReceiptSigner = SigningKey;

/// The signer of a key that was read from this file.
#[cfg(feature = "aws-lc")]
pub(crate) fn receipt_signer(
    key: SigningKey,
    file: &Path,
) -> Result<ReceiptSigner, DirectoryError> {
    // The key is dropped here, which wipes it: the signer has a copy of its own.
    ai_audit_signer_aws_lc::AwsLcSigner::new(&key).map_err(|error| DirectoryError::Key {
        path: file.into(),
        what: error.to_string(),
    })
}

#[cfg(not(feature = "aws-lc"))]
#[allow(
    clippy::unnecessary_wraps,
    reason = "with the feature it can fail, and callers are the same"
)]
pub(crate) fn receipt_signer(key: SigningKey, _: &Path) -> Result<ReceiptSigner, DirectoryError> {
    Ok(key)
}
