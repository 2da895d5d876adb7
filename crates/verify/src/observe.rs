//! Who looks on while evidence is verified: each receipt in the pass that verifies it.

use crate::{LogVerifier, SelectionVerifier, VerifiedReceipt};
use ai_audit_core::{
    GoodSignature, LeafHash, MAX_SEALED_LEN, Next, NodeHash, ReceiptSource, UnverifiedReceipt,
};
use alloc::vec;
use alloc::vec::Vec;

/// What a verifier makes of the next receipt of the evidence.
#[derive(Debug, Clone, Copy)]
pub enum Observed<'r, 'a> {
    /// Verified as far as the evidence was gone through: nothing has failed, and a pin leads to its
    /// key. What comes behind it may still fail; the verdict at the end says so. A batched receipt is
    /// here as well, chained and permitted: its batch seal comes behind it, and where that is missing or
    /// signs for something else the verdict does not verify attribution.
    Verified {
        /// The receipt.
        receipt: &'r VerifiedReceipt<'a>,
        /// Its inclusion proof in the tree of the evidence's checkpoint, lowest hash first, where
        /// the evidence is a selection, which brings one for each receipt.
        path: Option<&'r [NodeHash]>,
    },
    /// Not verified: something failed here or before, no pin leads to its key, or only its hash is
    /// there. What it says is nobody's word. Where the log's checkpoint key is pinned bare, that holds
    /// for every receipt, though the verdict may verify who signed them: only a checkpoint at the end
    /// leads from that pin to their keys. A key line (`log.pub`) leads to them from the first on.
    Unverified {
        /// The `seq` that it gives itself; where its bytes cannot be read, the place where the
        /// verifier expected it.
        seq: u64,
        /// Its hash, where its bytes can be read or the evidence has hashes.
        hash: Option<LeafHash>,
    },
    /// Its bytes are deleted. Whether the log accounts for that is in the verdict.
    Deleted {
        /// Its place.
        seq: u64,
        /// The hash that is left of it.
        hash: LeafHash,
    },
}

/// Looks on while evidence is verified.
///
/// It sees every receipt once and in order, and is bound to wait for the verdict: where integrity
/// or attribution is not verified at the end, nothing that it saw counts.
///
/// `()` looks at nothing, and a closure over two numbers at the progress alone.
///
/// ```
/// use ai_audit_verify::{Observed, Observer};
///
/// /// Counts what is verified.
/// #[derive(Default)]
/// struct Count(u64);
///
/// impl Observer for Count {
///     fn observe(&mut self, seen: Observed<'_, '_>) {
///         self.0 += u64::from(matches!(seen, Observed::Verified { .. }));
///     }
/// }
/// ```
pub trait Observer {
    /// Sees the next receipt.
    fn observe(&mut self, seen: Observed<'_, '_>);

    /// Is told how many receipts were gone through, after each one, and how many there are as the
    /// evidence claims; 0 where it claims nothing.
    fn progress(&mut self, done: u64, total: u64) {
        let _ = (done, total);
    }
}

impl Observer for () {
    fn observe(&mut self, _: Observed<'_, '_>) {}
}

impl<F: FnMut(u64, u64)> Observer for F {
    fn observe(&mut self, _: Observed<'_, '_>) {}

    fn progress(&mut self, done: u64, total: u64) {
        self(done, total);
    }
}

impl LogVerifier<'_> {
    /// Takes the next sealed receipt. Returns it as verified while nothing has failed and a pin
    /// leads to its key.
    pub fn push<'a>(&mut self, sealed: &'a [u8]) -> Option<VerifiedReceipt<'a>> {
        self.push_known(sealed, None)
    }

    /// [`LogVerifier::push_known`], with somebody looking on.
    pub fn push_observed(
        &mut self,
        sealed: &[u8],
        good: Option<&GoodSignature>,
        observer: &mut dyn Observer,
    ) {
        let place = self.next_seq();
        match self.push_known(sealed, good) {
            Some(receipt) => observer.observe(Observed::Verified {
                receipt: &receipt,
                path: None,
            }),
            None => observer.observe(unverified(sealed, place)),
        }
    }

    /// [`LogVerifier::push_deleted`], with somebody looking on.
    pub fn push_deleted_observed(&mut self, hash: LeafHash, observer: &mut dyn Observer) {
        let seq = self.next_seq();
        self.push_deleted(hash);
        observer.observe(Observed::Deleted { seq, hash });
    }

    /// Takes all receipts of a source, with somebody looking on. `total` is how many there are as
    /// far as the caller knows, for the progress; 0 where he does not.
    ///
    /// # Errors
    ///
    /// When the source cannot be read any further: [`LogVerifier::cut_off`] puts that into the
    /// report.
    pub fn push_all<S: ReceiptSource>(
        &mut self,
        source: &mut S,
        total: u64,
        observer: &mut dyn Observer,
    ) -> Result<(), S::Error> {
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut done = 0;
        while let Some(next) = source.read_next(&mut buf)? {
            match next {
                Next::Sealed(len) => {
                    let sealed = &buf[..len.min(MAX_SEALED_LEN)];
                    self.push_observed(sealed, source.good_signature(), observer);
                }
                Next::Deleted(hash) => self.push_deleted_observed(hash, observer),
            }
            done += 1;
            observer.progress(done, total);
        }
        Ok(())
    }
}

impl SelectionVerifier<'_> {
    /// Takes the next sealed receipt with the hashes of its inclusion proof, lowest first.
    pub fn push<'a>(
        &mut self,
        sealed: &'a [u8],
        path: Vec<NodeHash>,
    ) -> Option<VerifiedReceipt<'a>> {
        self.push_known(sealed, path, None)
    }

    /// [`SelectionVerifier::push_known`], with somebody looking on.
    pub fn push_observed(
        &mut self,
        sealed: &[u8],
        path: Vec<NodeHash>,
        good: Option<&GoodSignature>,
        observer: &mut dyn Observer,
    ) {
        let place = self.next_seq();
        // The proof is checked inside; a few hundred bytes beside a signature that is verified.
        let shown = path.clone();
        match self.push_known(sealed, path, good) {
            Some(receipt) => observer.observe(Observed::Verified {
                receipt: &receipt,
                path: Some(&shown),
            }),
            None => observer.observe(unverified(sealed, place)),
        }
    }
}

/// A receipt that was not given back as verified.
fn unverified<'r, 'a>(sealed: &[u8], place: u64) -> Observed<'r, 'a> {
    match UnverifiedReceipt::parse(sealed) {
        Ok(receipt) => Observed::Unverified {
            seq: receipt.header().seq,
            hash: Some(receipt.hash()),
        },
        Err(_) => Observed::Unverified {
            seq: place,
            hash: None,
        },
    }
}
