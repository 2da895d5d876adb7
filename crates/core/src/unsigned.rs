//! Receipts that are laid out, hashed and chained, and lack their signature alone.

use crate::keys::receipt_message;
use crate::{Head, LeafHash, SealError, SealedReceipt, Signature, Signer, SignerError};

/// A receipt without its signature yet, in the buffer that the caller gave.
///
/// ```
/// use ai_audit_core::{
///     Body as _, Draft, Genesis, Head, ReceiptId, SigningKey, Timestamp, encode_body, sign_receipt,
/// };
/// # let keys = [1, 2, 3].map(|seed| SigningKey::from_bytes(&[seed; 32]));
/// # let [receipt, checkpoint, recovery] = [0, 1, 2].map(|key| keys[key].verifying_key());
/// # let genesis =
/// #     Genesis::new("example.org/support", "acme", &receipt, &checkpoint, &recovery, [7; 16]);
/// let (kind, body) = (Genesis::KIND, encode_body(&genesis)?);
/// let now = Timestamp::from_micros(1_790_000_000_000_000);
/// let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
/// let (mut buf, mut other) = ([0; 1024], [0; 1024]);
/// let unsigned = draft.lay_out_encoded(kind, &body, &Head::EMPTY, &receipt, &mut buf)?;
/// // The next receipt can follow this head before this one is signed.
/// let (hash, next) = (unsigned.hash(), unsigned.head());
/// let mut bytes = unsigned.payload().to_vec();
/// bytes.extend(sign_receipt(&hash, &keys[0])?.as_bytes());
///
/// let sealed = draft.seal_encoded(kind, &body, &Head::EMPTY, &keys[0], &mut other)?;
/// assert_eq!((sealed.as_bytes(), sealed.head()), (&bytes[..], next));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct UnsignedReceipt<'b> {
    /// The payload, and room for the signature.
    buf: &'b mut [u8],
    payload: usize,
    head: Head,
}

impl<'b> UnsignedReceipt<'b> {
    pub(crate) const fn new(buf: &'b mut [u8], payload: usize, head: Head) -> Self {
        Self { buf, payload, head }
    }

    /// The payload: what is hashed, and what the signature follows.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.buf[..self.payload]
    }

    /// The receipt's hash.
    #[must_use]
    pub const fn hash(&self) -> LeafHash {
        self.head.hash()
    }

    /// The head of the log once this receipt is in it.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Signs it.
    ///
    /// # Errors
    ///
    /// [`SealError::Signer`].
    pub fn sign(self, signer: &(impl Signer + ?Sized)) -> Result<SealedReceipt<'b>, SealError> {
        let signature = sign_receipt(&self.hash(), signer).map_err(SealError::Signer)?;
        self.buf[self.payload..].copy_from_slice(signature.as_bytes());
        Ok(SealedReceipt::new(self.buf, self.head))
    }
}

/// Signs the receipt with this hash. The signature goes behind its payload.
///
/// # Errors
///
/// The signer's own.
pub fn sign_receipt(
    hash: &LeafHash,
    signer: &(impl Signer + ?Sized),
) -> Result<Signature, SignerError> {
    signer.try_sign(&receipt_message(hash))
}
