//! That a signature was verified, as a value: so that one thread can verify for another.

use crate::keys::receipt_message;
use crate::{
    BulkVerifier, LeafHash, PUBLIC_KEY_LEN, Signature, SignatureError, UnverifiedReceipt,
    VerifyingKey,
};
use alloc::vec::Vec;

/// Says that a signature over a receipt's hash was verified under a key, as strictly as
/// [`VerifyingKey::verify`] does.
///
/// Only verifying makes one, and it says which key, hash and signature it is of: given with another
/// receipt, or asked about another key, it counts for nothing. Whether the key is the right one is not
/// its matter.
///
/// ```
/// use ai_audit_core::{BulkVerifier, GoodSignature, UnverifiedReceipt};
/// # use ai_audit_core::{Draft, Genesis, Head, ReceiptId, SigningKey, Timestamp};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
/// # let [key, checkpoint, recovery] = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
/// # let genesis = Genesis::new("example.org", "", &key, &checkpoint, &recovery, [7; 16]);
/// # let now = Timestamp::from_micros(1_790_000_000_000_000);
/// # let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
/// # let mut buf = [0; 1024];
/// # let sealed = draft.seal(&genesis, &Head::EMPTY, &keys[0], &mut buf)?.as_bytes().to_vec();
/// let mut bulk = BulkVerifier::new();
/// // Elsewhere, before it is this receipt's turn:
/// let good = GoodSignature::verify(&UnverifiedReceipt::parse(&sealed)?, &key, &mut bulk)?;
///
/// let receipt = UnverifiedReceipt::parse(&sealed)?.known(Some(&good));
/// assert!(receipt.verify_signature_in_bulk(&key, &mut bulk).is_ok());
/// assert!(receipt.verify_signature_in_bulk(&recovery, &mut bulk).is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoodSignature {
    key: [u8; PUBLIC_KEY_LEN],
    hash: LeafHash,
    signature: Signature,
}

impl GoodSignature {
    /// Verifies a receipt's own signature under a key.
    ///
    /// # Errors
    ///
    /// As [`UnverifiedReceipt::verify_signature`].
    pub fn verify(
        receipt: &UnverifiedReceipt<'_>,
        key: &VerifyingKey,
        bulk: &mut BulkVerifier,
    ) -> Result<Self, SignatureError> {
        receipt.verify_signature_in_bulk(key, bulk)?;
        let signature = receipt.signature().ok_or(SignatureError)?;
        Ok(Self {
            key: *key.as_bytes(),
            hash: receipt.hash(),
            signature,
        })
    }

    /// The same for several receipts that name this key, of each of which it is said whether its
    /// signature is good. Some dozens together take less time than one after the other.
    pub fn verify_each(
        receipts: &[UnverifiedReceipt<'_>],
        key: &VerifyingKey,
        bulk: &mut BulkVerifier,
    ) -> Vec<Option<Self>> {
        let id = key.id();
        // One that has no signature or names another key is not asked about.
        let signed: Vec<_> = receipts
            .iter()
            .filter(|receipt| receipt.header().key_id == id)
            .filter_map(|receipt| {
                let signature = receipt.signature()?;
                Some((receipt_message(&receipt.hash()), signature))
            })
            .collect();
        let mut outcomes = bulk.verify_each(key, &signed).into_iter();
        receipts
            .iter()
            .map(|receipt| {
                let signature = receipt.signature()?;
                if receipt.header().key_id != id || !outcomes.next()? {
                    return None;
                }
                Some(Self {
                    key: *key.as_bytes(),
                    hash: receipt.hash(),
                    signature,
                })
            })
            .collect()
    }

    /// Whether it is of this signature over this hash under this key.
    pub(crate) fn is_of(&self, key: &VerifyingKey, hash: &LeafHash, signature: &Signature) -> bool {
        self.key == *key.as_bytes() && self.hash == *hash && self.signature == *signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draft, Genesis, Head, MAX_SEALED_LEN, ReceiptId, SigningKey, Timestamp};

    fn key(n: u8) -> SigningKey {
        SigningKey::from_bytes(&[n; 32])
    }

    /// A genesis by the first key, as many as there are numbers: no two the same.
    fn sealed(signer: &SigningKey, numbers: core::ops::Range<u8>) -> Vec<Vec<u8>> {
        let public = [signer, &key(8), &key(9)].map(SigningKey::verifying_key);
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        let seal = |n| {
            let genesis = Genesis::new("a", "", &public[0], &public[1], &public[2], [n; 16]);
            let mut buf = vec![0; MAX_SEALED_LEN];
            let draft = Draft::new(ReceiptId::from_parts(now, [n; 10]), now);
            let sealed = draft
                .seal(&genesis, &Head::EMPTY, signer, &mut buf)
                .unwrap();
            sealed.as_bytes().to_vec()
        };
        numbers.map(seal).collect()
    }

    fn parsed(sealed: &[Vec<u8>]) -> Vec<UnverifiedReceipt<'_>> {
        let receipts = sealed.iter().map(|sealed| UnverifiedReceipt::parse(sealed));
        receipts.map(Result::unwrap).collect()
    }

    #[test]
    fn it_is_of_one_signature_over_one_hash_under_one_key() {
        let (one, other) = (key(1), key(2));
        let (ours, theirs) = (sealed(&one, 0..2), sealed(&other, 0..1));
        let (ours, theirs) = (parsed(&ours), parsed(&theirs));
        let public = one.verifying_key();
        let mut bulk = BulkVerifier::new();
        let good = GoodSignature::verify(&ours[0], &public, &mut bulk).unwrap();
        let signature = ours[0].signature().unwrap();
        assert!(good.is_of(&public, &ours[0].hash(), &signature));
        assert!(!good.is_of(&other.verifying_key(), &ours[0].hash(), &signature));
        assert!(!good.is_of(&public, &ours[1].hash(), &signature));
        assert!(!good.is_of(&public, &ours[0].hash(), &ours[1].signature().unwrap()));
        let theirs = (theirs[0].hash(), theirs[0].signature().unwrap());
        assert!(!good.is_of(&public, &theirs.0, &theirs.1));
    }

    #[test]
    fn each_is_answered_for_itself() {
        let (one, other) = (key(1), key(2));
        let mut bytes = sealed(&one, 0..3);
        bytes.extend(sealed(&other, 0..1));
        bytes.extend(sealed(&one, 3..5));
        // The signature is what a receipt ends with.
        *bytes[1].last_mut().unwrap() ^= 1;
        let receipts = parsed(&bytes);
        let public = one.verifying_key();
        let mut bulk = BulkVerifier::new();
        let each = GoodSignature::verify_each(&receipts, &public, &mut bulk);
        let found: Vec<bool> = each.iter().map(Option::is_some).collect();
        assert_eq!(found, [true, false, true, false, true, true]);
        for (receipt, good) in receipts.iter().zip(&each) {
            let alone = GoodSignature::verify(receipt, &public, &mut bulk).ok();
            assert_eq!(*good, alone);
        }
    }
}
