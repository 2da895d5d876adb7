//! Threads that verify signatures together with the caller's.

use crate::chunk::{Chunk, Item};
use crate::keys::Keys;
use crate::workers::Workers;
use ai_audit_core::{BulkVerifier, GoodSignature, VerifyingKey};
use std::sync::Arc;

/// Verifies the signatures of receipts that are at hand, under the keys that receipts before them named:
/// for whoever reads them in groups anyway, such as the tiles of a published log.
///
/// ```
/// use ai_audit_readahead::SignaturePool;
/// # use ai_audit_core::{Draft, Genesis, Head, ReceiptId, SigningKey, Timestamp};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
/// # let [key, checkpoint, recovery] = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
/// # let genesis = Genesis::new("example.org", "", &key, &checkpoint, &recovery, [7; 16]);
/// # let now = Timestamp::from_micros(1_790_000_000_000_000);
/// # let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
/// # let mut buf = [0; 1024];
/// # let sealed = draft.seal(&genesis, &Head::EMPTY, &keys[0], &mut buf)?.as_bytes().to_vec();
/// let mut pool = SignaturePool::new(2, []);
/// let good = pool.verify([sealed.as_slice(), b"none"]);
/// assert!(good[0].is_some() && good[1].is_none());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct SignaturePool {
    keys: Arc<Keys>,
    /// `None` where nothing is verified.
    workers: Option<Workers>,
    /// This thread helps.
    bulk: BulkVerifier,
}

impl SignaturePool {
    /// So many threads, the caller's included. With 0 it verifies nothing.
    ///
    /// `keys` are those that receipts may be signed by from the first on. What genesis, rotations and
    /// revocations name is added as they come.
    pub fn new(threads: usize, keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let known = Arc::new(Keys::default());
        keys.into_iter().for_each(|key| known.add(key));
        Self {
            workers: threads
                .checked_sub(1)
                .map(|helpers| Workers::start(helpers, &known)),
            keys: known,
            bulk: BulkVerifier::new(),
        }
    }

    /// Verifies these receipts' signatures: of each the one that is good, or nothing where it is not, where
    /// the key is not known, or where it is no receipt.
    pub fn verify<'a>(
        &mut self,
        sealed: impl IntoIterator<Item = &'a [u8]>,
    ) -> Vec<Option<GoodSignature>> {
        let mut chunk = Chunk::default();
        for sealed in sealed {
            self.learn(sealed);
            chunk.push(sealed);
        }
        if !self.is_at_work() {
            return vec![None; chunk.len()];
        }
        let chunk = Arc::new(chunk);
        self.submit(&chunk);
        self.finish(&chunk);
        chunk
            .items()
            .iter()
            .map(|item| item.good().copied())
            .collect()
    }

    pub(crate) const fn is_at_work(&self) -> bool {
        self.workers.is_some()
    }

    pub(crate) fn learn(&self, sealed: &[u8]) {
        self.keys.learn(sealed);
    }

    /// Lets the other threads begin with a chunk.
    pub(crate) fn submit(&self, chunk: &Arc<Chunk>) {
        if let Some(workers) = &self.workers {
            workers.submit(chunk);
        }
    }

    /// Helps until a chunk is done.
    pub(crate) fn finish(&mut self, chunk: &Chunk) {
        chunk.work(&mut self.bulk, &self.keys);
        chunk.wait();
    }
}

impl Item {
    pub(crate) fn good(&self) -> Option<&GoodSignature> {
        match self {
            Self::Sealed(_, good) => good.get(),
            Self::Deleted(_) => None,
        }
    }
}
