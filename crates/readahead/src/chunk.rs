//! Some hundreds of receipts in a row, whose signatures any thread may verify.

use crate::keys::Keys;
use ai_audit_core::{BulkVerifier, GoodSignature, LeafHash, UnverifiedReceipt};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

/// Receipts that a thread takes at a time: enough that threads seldom meet and that signatures share much,
/// few enough that the last portion keeps nobody waiting.
const PORTION: usize = 16;

/// What stands at one place.
#[derive(Debug)]
pub(crate) enum Item {
    /// Sealed bytes in the chunk, and the signature once it was found to be good.
    Sealed(Range<usize>, OnceLock<GoodSignature>),
    /// The hash of a receipt whose bytes are deleted.
    Deleted(LeafHash),
}

/// A run of receipts. It is filled by one thread, worked on by all, and then read by the first.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    items: Vec<Item>,
    /// The first item that no thread has taken.
    next: AtomicUsize,
    /// Items that are not done.
    left: Mutex<usize>,
    done: Condvar,
}

impl Chunk {
    pub(crate) fn push(&mut self, sealed: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(sealed);
        self.item(Item::Sealed(start..self.bytes.len(), OnceLock::new()));
    }

    pub(crate) fn push_deleted(&mut self, hash: LeafHash) {
        self.item(Item::Deleted(hash));
    }

    fn item(&mut self, item: Item) {
        self.items.push(item);
        *self.left.get_mut().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(crate) fn sealed(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or(&[])
    }

    /// Verifies what no other thread has taken, until nothing is left to take.
    pub(crate) fn work(&self, bulk: &mut BulkVerifier, keys: &Keys) {
        loop {
            let start = self.next.fetch_add(PORTION, Ordering::Relaxed);
            let end = self.items.len().min(start.saturating_add(PORTION));
            let Some(portion) = self.items.get(start..end).filter(|part| !part.is_empty()) else {
                return;
            };
            // Counted as done also where a thread ends half-way.
            let _done = Done(self, portion.len());
            self.verify(portion, bulk, keys);
        }
    }

    /// Verifies the signatures of a portion, those by one key together.
    fn verify(&self, portion: &[Item], bulk: &mut BulkVerifier, keys: &Keys) {
        let (mut receipts, mut places) = (Vec::new(), Vec::new());
        for item in portion {
            if let Item::Sealed(range, good) = item
                && let Ok(receipt) = UnverifiedReceipt::parse(self.sealed(range))
            {
                receipts.push(receipt);
                places.push(good);
            }
        }
        let same = |a: &UnverifiedReceipt<'_>, b: &UnverifiedReceipt<'_>| {
            a.header().key_id == b.header().key_id
        };
        let mut places = places.into_iter();
        for run in receipts.chunk_by(same) {
            let places = places.by_ref().take(run.len());
            let named = run.first().and_then(|one| keys.find(&one.header().key_id));
            let found = match named {
                Some(key) => GoodSignature::verify_each(run, &key, bulk),
                None => Vec::new(),
            };
            let mut found = found.into_iter();
            for place in places {
                if let Some(Some(good)) = found.next() {
                    // Nobody else has this item.
                    let _ = place.set(good);
                }
            }
        }
    }

    /// Waits until the other threads are done with what they took.
    pub(crate) fn wait(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        while *left > 0 {
            left = self.done.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct Done<'c>(&'c Chunk, usize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        let mut left = self.0.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_sub(self.1);
        if *left == 0 {
            self.0.done.notify_all();
        }
    }
}
