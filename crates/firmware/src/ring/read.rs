//! Reading a ring: one receipt after the other, the one with a number, and every signature.

use ai_audit_core::{LeafHash, UnverifiedReceipt, VerifyingKey};
use embedded_storage::nor_flash::NorFlash;

use super::{BEFORE, HEADER, Ring};
use crate::page::{Kind, Sector, What};

/// A place in the ring, from which reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    opening: u32,
    page: usize,
}

impl<F: NorFlash> Ring<'_, F> {
    /// The place of the oldest receipt.
    pub fn first(&self) -> Position {
        let newest = self.newest.map_or(0, |newest| newest.opening);
        Position {
            opening: (newest + 1).saturating_sub(self.sectors()),
            page: HEADER,
        }
    }

    /// The next sealed receipt from a place on, and moves the place behind it; none after the last.
    ///
    /// Receipts before [`Ring::oldest`] may lie in a sector that was being erased, and are passed over.
    pub fn next(&mut self, position: &mut Position) -> Option<&[u8]> {
        let newest = self.newest?.opening;
        let len = loop {
            if position.opening > newest {
                return None;
            }
            let at = position.opening % self.sectors();
            let here = self
                .header(at)
                .is_some_and(|header| header.opening == position.opening);
            if !here || position.page >= Sector::<F>::PAGES {
                *position = Position {
                    opening: position.opening + 1,
                    page: HEADER,
                };
                continue;
            }
            let mut sector = Sector::new(&mut self.flash, BEFORE + at);
            let found = sector.read(position.page, self.buf);
            position.page = found.next;
            let What::Whole {
                kind: Kind::Receipt,
                len,
                ..
            } = found.what
            else {
                continue;
            };
            let sealed = self.buf.get(..len).unwrap_or(&[]);
            let seq = UnverifiedReceipt::parse(sealed).map(|receipt| receipt.header().seq);
            if seq.is_ok_and(|seq| seq >= self.oldest) {
                break len;
            }
        };
        self.buf.get(..len)
    }

    /// The hash of the receipt with this `seq`, where it is here.
    pub(super) fn find(&mut self, seq: u64) -> Option<LeafHash> {
        let mut position = self.first();
        while let Some(sealed) = self.next(&mut position) {
            if let Ok(receipt) = UnverifiedReceipt::parse(sealed)
                && receipt.header().seq == seq
            {
                return Some(receipt.hash());
            }
        }
        None
    }

    /// Verifies the signature of every receipt that is here and returns their number.
    ///
    /// # Errors
    ///
    /// `seq` of the first one that does not verify under the key.
    pub fn verify(&mut self, key: &VerifyingKey) -> Result<u64, u64> {
        let mut position = self.first();
        let mut verified = 0;
        while let Some(sealed) = self.next(&mut position) {
            let seq = match UnverifiedReceipt::parse(sealed) {
                Ok(receipt) if receipt.verify_signature(key).is_ok() => {
                    verified += 1;
                    continue;
                }
                Ok(receipt) => receipt.header().seq,
                Err(_) => self.oldest + verified,
            };
            return Err(seq);
        }
        Ok(verified)
    }
}
