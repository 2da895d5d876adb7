//! A log as evidence: checkpoints on demand, and what packages and proofs are made of.

use crate::sound::Sound;
use crate::{DirectoryError, LogDirectory};
use ai_audit_core::{Kind, Signer as _};
use ai_audit_export::LogEvidence;
use ai_audit_merkle::{TileError, Tiled, TreeSize};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_readahead::{ReadAhead, ReadAheadError};
use ai_audit_store::{LogName, Query, Store, StoreError, StoreReader, StoreTiles};
use ai_audit_verify::{Depth, LogVerifier, Observer, Report, TreeVerifier, TrustPolicy};
use std::ops::{Range, RangeInclusive};

/// One log of a directory, to be exported.
#[derive(Debug)]
pub struct DirectoryLog<'d> {
    directory: &'d LogDirectory,
    log: LogName,
}

impl<'d> DirectoryLog<'d> {
    /// A log of this directory.
    #[must_use]
    pub const fn new(directory: &'d LogDirectory, log: LogName) -> Self {
        Self { directory, log }
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
        StoreReader::new(self.directory.store(), &self.log)
    }

    fn receipts_from(&self, seq: u64) -> Result<StoreReader<'_>, StoreError> {
        let store = self.directory.store();
        let size = store.head(&self.log)?.map_or(0, |head| head.size());
        Ok(StoreReader::range(store, &self.log, seq..size))
    }

    fn nodes(&self) -> Tiled<StoreTiles<'_>> {
        Tiled::new(StoreTiles::new(self.directory.store(), &self.log))
    }

    fn ciphertexts(&self, seq: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let all = self.directory.store().ciphertexts(&self.log, seq)?;
        Ok(all.into_iter().map(|one| one.bytes).collect())
    }

    fn pick(
        &self,
        range: RangeInclusive<u64>,
        size: u64,
    ) -> Result<Option<StoreReader<'_>>, StoreError> {
        let store = self.directory.store();
        let end = range.end().saturating_add(1).min(size);
        let range = (*range.start()).min(end)..end;
        let mut places: Vec<Range<u64>> = control_receipts(store, &self.log)?
            .into_iter()
            .filter(|seq| !range.contains(seq) && *seq < size)
            .map(|seq| seq..seq + 1)
            .collect();
        // The last batched receipts of the range have their seal behind it.
        let last = range.end.checked_sub(1);
        let seal = store.find(&self.log, &Query::Kind(Kind::BATCH_SEAL), last, 1)?;
        places.extend(
            seal.into_iter()
                .filter(|seq| *seq < size)
                .map(|seq| seq..seq + 1),
        );
        places.push(range);
        places.sort_unstable_by_key(|place| place.start);
        // Neighbours are read in one go.
        places.dedup_by(|later, earlier| {
            let touch = later.start == earlier.end;
            if touch {
                earlier.end = later.end;
            }
            touch
        });
        Ok(Some(StoreReader::ranges(store, &self.log, places)))
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

/// The places of a log's control receipts, ascending.
fn control_receipts(store: &dyn Store, log: &LogName) -> Result<Vec<u64>, StoreError> {
    let mut all = Vec::new();
    let kinds = (0..=u16::MAX)
        .map(Kind::new)
        .filter(|kind| kind.is_control());
    for kind in kinds {
        all.extend(store.find(log, &Query::Kind(kind), None, usize::MAX)?);
    }
    all.sort_unstable();
    Ok(all)
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
        let keys = self.subject_keys(log);
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
        let corrupt = |error: &dyn std::fmt::Display| StoreError::Corrupt {
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
