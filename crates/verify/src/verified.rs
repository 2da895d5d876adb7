//! The type that only verification yields.

use ai_audit_core::UnverifiedReceipt;
use core::ops::Deref;

/// A receipt whose place in the chain and whose signature, by the key that the pin leads to, were
/// verified. Whether receipts after it are missing is the verdict's matter.
///
/// A batched receipt has no signature of its own. Of it the place was verified, and that its log permits
/// it; whether the batch seal behind it signs for it is the verdict's matter too.
///
/// There is no other way to one than through a verifier:
///
/// ```compile_fail
/// # use ai_audit_verify::VerifiedReceipt;
/// # fn f(receipt: ai_audit_core::UnverifiedReceipt<'_>) {
/// let verified = VerifiedReceipt(receipt);
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct VerifiedReceipt<'a>(UnverifiedReceipt<'a>);

impl<'a> VerifiedReceipt<'a> {
    pub(crate) const fn new(receipt: UnverifiedReceipt<'a>) -> Self {
        Self(receipt)
    }
}

impl<'a> Deref for VerifiedReceipt<'a> {
    type Target = UnverifiedReceipt<'a>;

    fn deref(&self) -> &UnverifiedReceipt<'a> {
        &self.0
    }
}
