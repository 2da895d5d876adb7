//! Whole logs verified: in full on some threads, and by their trees alone.

use crate::{MemoryLog, packages};
use ai_audit_core::{Next, ReceiptSource};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_readahead::ReadAhead;
use ai_audit_verify::{LogVerifier, Report, TreeVerifier, TrustPolicy};
use std::convert::Infallible;

/// A log's receipts, and all that its verifier was given.
#[derive(Debug)]
pub struct WholeLog {
    pub receipts: Vec<Vec<u8>>,
    pub policy: TrustPolicy,
    note: SignedNote,
}

impl WholeLog {
    /// Of this many decisions.
    #[must_use]
    pub fn of(decisions: usize) -> Self {
        let log = MemoryLog::of(decisions);
        let note = SignedNote::parse(log.checkpoint.as_bytes()).unwrap();
        // The ledger's stop stands behind it.
        let size = Checkpoint::parse(note.text()).unwrap().size;
        let mut receipts = log.sealed();
        receipts.truncate(usize::try_from(size.as_u64()).unwrap());
        let policy = packages::policy(&log);
        let log = Self {
            receipts,
            policy,
            note,
        };
        for threads in [1, 2] {
            let verdict = log.full(threads).verdict;
            assert!(verdict.integrity.is_verified() && verdict.attribution.is_verified());
            assert!(verdict.completeness.is_verified());
        }
        assert!(log.tree().verdict.completeness.is_verified());
        log
    }

    /// Every receipt, on so many threads.
    #[must_use]
    pub fn full(&self, threads: usize) -> Report {
        let mut source = ReadAhead::new(Sealed(self.receipts.iter()), threads, []);
        let mut verifier = LogVerifier::new(&self.policy);
        verifier.push_all(&mut source, 0, &mut ()).unwrap();
        verifier.finish()
    }

    /// Hashes, tree and checkpoint.
    #[must_use]
    pub fn tree(&self) -> Report {
        let checkpoint = Checkpoint::parse(self.note.text()).unwrap();
        let mut verifier = TreeVerifier::of_receipts(&self.policy, self.note.clone(), checkpoint);
        let mut source = Sealed(self.receipts.iter());
        verifier.push_all(&mut source, 0, &mut ()).unwrap();
        verifier.finish()
    }
}

/// Receipts that lie in memory: no store's cost is in the figures.
struct Sealed<'a>(std::slice::Iter<'a, Vec<u8>>);

impl ReceiptSource for Sealed<'_> {
    type Error = Infallible;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Infallible> {
        Ok(self.0.next().map(|sealed| {
            buf[..sealed.len()].copy_from_slice(sealed);
            Next::Sealed(sealed.len())
        }))
    }
}
