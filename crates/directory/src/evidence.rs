//! A log as evidence: checkpoints on demand, and what packages and proofs are made of.

use crate::places::places;
use crate::sound::Sound;
use crate::{DirectoryError, LogDirectory};
use ai_audit_core::Signer as _;
use ai_audit_export::{LogEvidence, Places, Selection};
use ai_audit_merkle::{TileError, Tiled, TreeSize};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_readahead::{ReadAhead, ReadAheadError};
use ai_audit_store::{LogName, Store, StoreError, StoreReader, StoreTiles};
use ai_audit_verify::{Depth, LogVerifier, Observer, Report, TreeVerifier, TrustPolicy};
use std::fmt;
use std::ops::Range;

/// One log of a directory, to be exported.
pub struct DirectoryLog<'d> {
    store: &'d dyn Store,
    log: LogName,
}

impl<'d> DirectoryLog<'d> {
    /// A log of this directory.
    #[must_use]
    pub fn new(directory: &'d LogDirectory, log: LogName) -> Self {
        Self::in_store(directory.store(), log)
    }

    /// A log of a store that is in no directory.
    #[must_use]
    pub const fn in_store(store: &'d dyn Store, log: LogName) -> Self {
        Self { store, log }
    }
}

impl fmt::Debug for DirectoryLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryLog")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

impl LogEvidence for DirectoryLog<'_> {
    type Error = StoreError;
    type Receipts<'s>
        = StoreReader<'s>
    where
        Self: 's;
    type NodeError = TileError<StoreError>;
    type Nodes<'s>
        = Tiled<StoreTiles<'s>>
    where
        Self: 's;

    fn receipts(&self) -> Result<StoreReader<'_>, StoreError> {
        StoreReader::new(self.store, &self.log)
    }

    fn receipts_in(&self, range: Range<u64>) -> Result<StoreReader<'_>, StoreError> {
        Ok(StoreReader::range(self.store, &self.log, range))
    }

    fn nodes(&self) -> Tiled<StoreTiles<'_>> {
        Tiled::new(StoreTiles::new(self.store, &self.log))
    }

    fn ciphertexts(&self, seq: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let all = self.store.ciphertexts(&self.log, seq)?;
        Ok(all.into_iter().map(|one| one.bytes).collect())
    }

    fn places(&self, selection: &Selection, size: u64) -> Result<Option<Places>, StoreError> {
        places(self.store, &self.log, selection, size)
    }
}

fn read_ahead(error: ReadAheadError<StoreError>) -> StoreError {
    match error {
        ReadAheadError::Source(error) => error,
        ReadAheadError::Buffer { .. } => StoreError::Corrupt {
            what: error.to_string(),
        },
    }
}

impl LogDirectory {
    /// Verifies a log as it is stored, with its stored checkpoints as evidence.
    ///
    /// # Errors
    ///
    /// When the log is not there or the store cannot be read. What does not hold is in the report.
    pub fn verify(&self, log: &LogName, policy: &TrustPolicy) -> Result<Report, DirectoryError> {
        self.verify_with(log, policy, |_| {})
    }

    /// The same, telling `progress` the number of receipts gone through.
    ///
    /// # Errors
    ///
    /// As [`LogDirectory::verify`].
    pub fn verify_with(
        &self,
        log: &LogName,
        policy: &TrustPolicy,
        mut progress: impl FnMut(u64),
    ) -> Result<Report, DirectoryError> {
        self.observe(log, policy, &mut |done, _| progress(done))
    }

    /// The same, with somebody looking on.
    ///
    /// # Errors
    ///
    /// As [`LogDirectory::verify`].
    pub fn observe(
        &self,
        log: &LogName,
        policy: &TrustPolicy,
        observer: &mut dyn Observer,
    ) -> Result<Report, DirectoryError> {
        let keys = self.subject_keys_to_look_at(log);
        let mut verifier = LogVerifier::new(policy);
        match &keys {
            Ok(Some(keys)) => verifier.subject_keys(keys),
            Ok(None) => {}
            // What the log shows can be told all the same.
            Err(error) => verifier.unreadable_subject_keys(error.to_string()),
        }
        self.observe_as(log, policy, verifier, observer)
    }

    /// The same without looking through the subject keys: the report is the one that somebody gets
    /// who has a package of the log and not its directory.
    ///
    /// # Errors
    ///
    /// As [`LogDirectory::verify`].
    pub fn observe_without_keys(
        &self,
        log: &LogName,
        policy: &TrustPolicy,
        observer: &mut dyn Observer,
    ) -> Result<Report, DirectoryError> {
        self.observe_as(log, policy, LogVerifier::new(policy), observer)
    }

    fn observe_as(
        &self,
        log: &LogName,
        policy: &TrustPolicy,
        mut verifier: LogVerifier<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Report, DirectoryError> {
        if policy.asked_depth() == Depth::Tree {
            return self.observe_hashes(log, policy, observer);
        }
        let size = self.head(log)?.size();
        for kept in self.store().checkpoints(log)? {
            if let Err(error) = verifier.evidence_checkpoint(kept.note.as_bytes()) {
                verifier
                    .fail_integrity(format!("stored checkpoint of size {}: {error}", kept.size));
            }
        }
        if let Ok(line) = self.key_line(log)
            && !self.layout().key_line_is(log, &line)
        {
            let path = self.layout().log(log).key_line;
            verifier.remark(format!(
                "{} is not the key line of this log's genesis",
                path.display()
            ));
        }
        let source = StoreReader::new(self.store(), log)?;
        let mut source = ReadAhead::new(source, policy.thread_count(), policy.bare_keys());
        verifier
            .push_all(&mut source, size, observer)
            .map_err(read_ahead)?;
        Ok(verifier.finish())
    }

    /// Looks at hashes alone: the receipts that the newest stored checkpoint covers.
    fn observe_hashes(
        &self,
        log: &LogName,
        policy: &TrustPolicy,
        observer: &mut dyn Observer,
    ) -> Result<Report, DirectoryError> {
        let size = self.head(log)?.size();
        let Some(kept) = self.store().latest_checkpoint(log)? else {
            let mut verifier = LogVerifier::new(policy);
            verifier.fail_integrity(
                "the log has no checkpoint to hold its hashes against: make one (ai-audit checkpoint), or look at it in full",
            );
            return Ok(verifier.finish());
        };
        let corrupt = |error: &dyn fmt::Display| StoreError::Corrupt {
            what: format!("checkpoint of size {}: {error}", kept.size),
        };
        let note = SignedNote::parse(kept.note.as_bytes()).map_err(|error| corrupt(&error))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|error| corrupt(&error))?;
        let covered = checkpoint.size.as_u64();
        let mut verifier = TreeVerifier::of_receipts(policy, note, checkpoint);
        if let Some(beyond) = size.checked_sub(covered).filter(|beyond| *beyond > 0) {
            verifier.goes_on(beyond);
            verifier.remark(format!(
                "the {beyond} receipts after the newest checkpoint were not looked at"
            ));
        }
        let mut source = StoreReader::range(self.store(), log, 0..covered.min(size));
        verifier.push_all(&mut source, covered, observer)?;
        Ok(verifier.finish())
    }

    /// Makes a checkpoint of a log as it is now, keeps it in the store and returns it; where there is
    /// one of that size already, which others may have cosigned, that one. Adds no receipt, and works
    /// beside a running writer.
    ///
    /// What it signs is recomputed from the receipts since the newest stored checkpoint, whose root
    /// the tree before them must have.
    ///
    /// # Errors
    ///
    /// When the log is not there, is behind its high-water mark, does not go on from its last
    /// checkpoint or contradicts itself; when its checkpoint key cannot be read, or the store fails.
    pub fn make_checkpoint(&self, log: &LogName) -> Result<SignedNote, DirectoryError> {
        let mark = self.mark(log)?;
        let head = self.head(log)?;
        let size = TreeSize::new(head.size());
        let line = self.key_line(log)?;
        let root = match self.sound(log, &head, &line, mark)? {
            Sound::Kept(note) => return Ok(note),
            Sound::New(root) => root,
        };
        let key = self.checkpoint_key(log)?;
        if key.verifying_key() != *line.key() {
            return Err(DirectoryError::Key {
                path: self.layout().log(log).checkpoint_key,
                what: format!(
                    "this is not the checkpoint key of log {log}, which its genesis names"
                ),
            });
        }
        let origin = line.name().into();
        let checkpoint = Checkpoint {
            origin,
            size,
            root,
            extensions: Vec::new(),
        };
        let note = checkpoint.sign(&key).map_err(|error| StoreError::Corrupt {
            what: error.to_string(),
        })?;
        let store = self.store_beside()?;
        store.put_checkpoint(log, size, &note.to_string())?;
        // With what witnesses put under it before.
        match store.latest_checkpoint(log)? {
            Some(kept) if kept.size == size => {
                SignedNote::parse(kept.note.as_bytes()).map_err(|error| {
                    let what = format!("checkpoint of size {size}: {error}");
                    StoreError::Corrupt { what }.into()
                })
            }
            _ => Ok(note),
        }
    }

    /// The stored checkpoints of a log up to a size, that size not included.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or holds something else.
    pub fn older_checkpoints(
        &self,
        log: &LogName,
        before: TreeSize,
    ) -> Result<Vec<SignedNote>, DirectoryError> {
        let all = self.store().checkpoints(log)?;
        all.into_iter()
            .filter(|kept| kept.size < before)
            .map(|kept| {
                SignedNote::parse(kept.note.as_bytes()).map_err(|error| {
                    let what = format!("checkpoint of size {}: {error}", kept.size);
                    StoreError::Corrupt { what }.into()
                })
            })
            .collect()
    }
}
