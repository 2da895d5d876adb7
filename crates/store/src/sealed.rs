//! Sealed receipts on their way into a store.

use crate::{Ciphertext, LogName, StoreError};
use ai_audit_core::{LeafHash, SIGNATURE_LEN, Signature, UnverifiedReceipt};

/// The bytes of a sealed receipt on their way into a store, and the ciphertexts that stand beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    bytes: Vec<u8>,
    ciphertexts: Vec<Ciphertext>,
}

impl Sealed {
    /// Takes the bytes, payload and signature, as sealing made them. No ciphertexts stand beside it.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ciphertexts: Vec::new(),
        }
    }

    /// A payload with room for its signature, which [`Sealed::sign`] fills.
    pub(crate) fn unsigned(payload: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(payload.len() + SIGNATURE_LEN);
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(&[0; SIGNATURE_LEN]);
        Self::new(bytes)
    }

    /// Puts the signature in its place.
    pub(crate) fn sign(&mut self, signature: &Signature) {
        if let Some(place) = self.bytes.last_chunk_mut() {
            *place = *signature.as_bytes();
        }
    }

    /// The same with these ciphertexts beside it, in the order of the receipt's encrypted kept texts.
    /// Whether the receipt names them is the caller's matter.
    ///
    /// ```
    /// use ai_audit_core::SubjectKeyId;
    /// use ai_audit_store::{Ciphertext, Sealed};
    /// # let sealed_bytes = vec![1, 2, 3];
    /// let key = SubjectKeyId::from_bytes([7; 16]);
    /// let bytes = vec![0; 48];
    /// let sealed = Sealed::new(sealed_bytes).with_ciphertexts(vec![Ciphertext { key, bytes }]);
    /// assert_eq!(sealed.ciphertexts()[0].key, key);
    /// ```
    #[must_use]
    pub fn with_ciphertexts(mut self, ciphertexts: Vec<Ciphertext>) -> Self {
        self.ciphertexts = ciphertexts;
        self
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The ciphertexts beside it, in the order in which a store keeps them.
    #[must_use]
    pub fn ciphertexts(&self) -> &[Ciphertext] {
        &self.ciphertexts
    }

    /// Reads a receipt that is to be put back, and checks that it is the one that the log has in
    /// its place: for stores. `held` is the log's size, `leaf` gives the hash of a receipt.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotRestored`], [`StoreError::NoSuchReceipt`], [`StoreError::OtherReceipt`].
    pub fn parse_restored(
        &self,
        log: &LogName,
        held: u64,
        leaf: impl FnOnce(u64) -> Result<Option<LeafHash>, StoreError>,
    ) -> Result<UnverifiedReceipt<'_>, StoreError> {
        let receipt =
            UnverifiedReceipt::parse(&self.bytes).map_err(|error| StoreError::NotRestored {
                log: log.clone(),
                error,
            })?;
        let (log, seq) = (log.clone(), receipt.header().seq);
        if seq >= held {
            return Err(StoreError::NoSuchReceipt { log, seq, held });
        }
        if leaf(seq)? != Some(receipt.hash()) {
            return Err(StoreError::OtherReceipt { log, seq });
        }
        Ok(receipt)
    }
}
