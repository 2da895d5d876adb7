//! The traits to read and to append receipts, which need neither an allocator nor a file system.

use crate::{Head, LeafHash};

/// What a log has at the next place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A receipt, whose sealed bytes are this long.
    Sealed(usize),
    /// A receipt whose bytes were deleted: only its hash is left.
    Deleted(LeafHash),
}

/// Receipts, one after the other, as sealed bytes.
pub trait ReceiptSource {
    /// Why reading failed.
    type Error;

    /// Reads the next sealed receipt into `buf` and returns its length, or the hash of one whose
    /// bytes were deleted; `None` after the last.
    ///
    /// `buf` has [`MAX_SEALED_LEN`](crate::MAX_SEALED_LEN) bytes, or as many as the longest receipt
    /// that the caller expects.
    ///
    /// # Errors
    ///
    /// When the source cannot be read, or the receipt is longer than `buf`.
    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Self::Error>;

    /// The signature of the receipt that was read last, where the source verified it already.
    ///
    /// Sources that only read have none.
    #[cfg(feature = "alloc")]
    fn good_signature(&self) -> Option<&crate::GoodSignature> {
        None
    }
}

/// Something that receipts are appended to.
pub trait ReceiptSink {
    /// Why appending failed.
    type Error;

    /// Appends a sealed receipt if the log still ends at `expected`, durably: after `Ok` no crash
    /// loses it.
    ///
    /// # Errors
    ///
    /// When the log ends elsewhere, or the bytes could not be made durable. The log then is as it
    /// was, or holds the whole receipt; reading its head tells which.
    fn append(&mut self, expected: &Head, sealed: &[u8]) -> Result<(), Self::Error>;
}
