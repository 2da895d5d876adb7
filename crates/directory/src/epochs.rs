//! The epochs of a log: what there is, sealing, archiving and deleting.

use crate::writer::from_ledger;
use crate::{DirectoryError, DirectoryLog, LogDirectory, Writer};
use ai_audit_core::{DecodeBody as _, Digest, Kind, Timestamp, UnverifiedReceipt};
use ai_audit_epochs::{Deletion, EpochSeal};
use ai_audit_export::{PackageOptions, Selection, Written, write_package};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::{
    Archived, DeleteEpoch, EpochDeleted, LedgerError, LogName, Query, ReadLimit, SealedEpoch,
    StoreError,
};
use std::io::{Seek, Write};
use std::ops::RangeInclusive;
use std::path::Path;

/// How much of an epoch is looked at at once for whether its bytes are there: mostly the first receipt but one tells.
const LOOKED_AT: ReadLimit = ReadLimit {
    receipts: 256,
    bytes: 64 << 10,
};

/// One epoch of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochInfo {
    /// Which one, from 0.
    pub number: u64,
    /// Its first receipt.
    pub first: u64,
    /// Its last receipt so far; below `first` where it has none yet.
    pub last: u64,
    /// How many receipts it has.
    pub receipts: u64,
    /// When it was sealed; none for the last one, which is open.
    pub sealed_at: Option<Timestamp>,
    /// How many of its receipts have no bytes.
    pub deleted: u64,
    /// How many have their bytes in the store for what is old alone.
    pub moved: u64,
    /// How many have none when all that may be deleted is.
    pub deletable: u64,
    /// What the latest deletion receipt says of it.
    pub deletion: Option<DeletionInfo>,
}

/// What a deletion receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionInfo {
    /// Its `seq`.
    pub receipt: u64,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// Which epoch it is about.
    pub epoch: u64,
    /// The epoch's first receipt.
    pub first: u64,
    /// The epoch's seal.
    pub last: u64,
    /// SHA-256 of the archive.
    pub archive: Option<Digest>,
    /// Why.
    pub reason: String,
}

impl DeletionInfo {
    /// Whether a receipt is of the epoch that it is about.
    #[must_use]
    pub fn covers(&self, seq: u64) -> bool {
        (self.first..=self.last).contains(&seq)
    }
}

/// What is known of the store that has what the first one lacks.
#[derive(Debug, Clone, Copy)]
enum Second {
    /// It is asked, and has to answer.
    Asked,
    /// It is asked, and nothing is known where it does not answer.
    MayBeAway,
    /// There is none.
    NoneYet,
}

impl LogDirectory {
    /// The epochs of a log, the open one last. They are told as stored; verifying tells whether
    /// they hold.
    ///
    /// # Errors
    ///
    /// When the log is not there, or its seals and deletion receipts cannot be read.
    pub fn epochs(&self, log: &LogName) -> Result<Vec<EpochInfo>, DirectoryError> {
        let size = self.head(log)?.size();
        let deletions = self.deletions(log)?;
        let mut epochs = Vec::new();
        let mut open = 0;
        for (number, seq) in (0..).zip(self.kind(log, Kind::EPOCH_SEAL)?) {
            let (seal, sealed_at) = self.seal(log, seq)?;
            epochs.push(EpochInfo {
                number,
                first: seal.first,
                last: seq,
                receipts: seal.count,
                sealed_at: Some(sealed_at),
                deleted: self.store().count_deleted(log, seal.first..=seq)?,
                moved: self.moved(log, seal.first..=seq)?,
                deletable: seal.count.saturating_sub(seal.control),
                deletion: deletions
                    .iter()
                    .rfind(|deletion| deletion.epoch == number)
                    .cloned(),
            });
            open = seq + 1;
        }
        epochs.push(EpochInfo {
            number: u64::try_from(epochs.len()).unwrap_or(u64::MAX),
            first: open,
            last: size.saturating_sub(1),
            receipts: size.saturating_sub(open),
            sealed_at: None,
            deleted: 0,
            moved: 0,
            deletable: 0,
            deletion: None,
        });
        Ok(epochs)
    }

    /// Whether a log is that of a fleet, which is read from its first receipt on.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn is_fleet(&self, log: &LogName) -> Result<bool, DirectoryError> {
        Ok(!self.kind(log, Kind::FLEET_ROSTER)?.is_empty())
    }

    /// One sealed epoch of a log.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::NotSealed`]; as [`LogDirectory::epochs`].
    pub fn sealed_epoch(&self, log: &LogName, epoch: u64) -> Result<EpochSeal, DirectoryError> {
        self.head(log)?;
        let seals = self.kind(log, Kind::EPOCH_SEAL)?;
        let place = usize::try_from(epoch).ok().and_then(|n| seals.get(n));
        match place {
            Some(seq) => Ok(self.seal(log, *seq)?.0),
            None => Err(DirectoryError::NotSealed {
                log: log.clone(),
                epoch,
                sealed: u64::try_from(seals.len()).unwrap_or(u64::MAX),
            }),
        }
    }

    /// The deletion receipt that says that a receipt's bytes are gone, if there is one.
    ///
    /// # Errors
    ///
    /// When a deletion receipt cannot be read.
    pub fn deletion_of(
        &self,
        log: &LogName,
        seq: u64,
    ) -> Result<Option<DeletionInfo>, DirectoryError> {
        let deletions = self.deletions(log)?;
        Ok(deletions.into_iter().rfind(|deletion| deletion.covers(seq)))
    }

    /// Writes the archive of a sealed epoch: an evidence package of its receipts, held against a
    /// checkpoint that covers its seal. The last one that was made is taken, or a new one made.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::NotSealed`]; when bytes of the epoch are deleted, or it cannot be written.
    pub fn archive_epoch<W: Write + Seek>(
        &self,
        log: &LogName,
        epoch: u64,
        json_view: bool,
        out: W,
        progress: impl FnMut(u64, u64),
    ) -> Result<Written, DirectoryError> {
        let seal = self.sealed_epoch(log, epoch)?;
        let note = match self.covering(log, seal.size)? {
            Some(note) => note,
            None => self.make_checkpoint(log)?,
        };
        let options = PackageOptions {
            selection: Selection::Range {
                from: seal.first,
                to: seal.size,
            },
            json_view,
            ciphertexts: true,
            timestamp: None,
            reports: None,
        };
        let key = self.checkpoint_key(log)?;
        let source = DirectoryLog::new(self, log.clone());
        write_package(out, &source, &note, &[], &key, &options, progress)
            .map_err(|error| DirectoryError::Refused(format!("archive of epoch {epoch}: {error}")))
    }

    /// The last checkpoint, if it covers a receipt.
    fn covering(&self, log: &LogName, seq: u64) -> Result<Option<SignedNote>, DirectoryError> {
        let Some(kept) = self.store().latest_checkpoint(log)? else {
            return Ok(None);
        };
        let line = self.key_line(log)?;
        let note = SignedNote::parse(kept.note.as_bytes());
        Ok(note.ok().filter(|note| {
            Checkpoint::open(kept.note.as_bytes(), &line)
                .is_ok_and(|checkpoint| checkpoint.size.as_u64() > seq)
                && note.verify(&line).is_ok()
        }))
    }

    /// What the log's deletion receipts say, in their order.
    ///
    /// # Errors
    ///
    /// When one cannot be read.
    pub fn deletions(&self, log: &LogName) -> Result<Vec<DeletionInfo>, DirectoryError> {
        let places = self.kind(log, Kind::DELETION)?;
        let read = |seq| {
            let sealed = self.receipt(log, seq)?;
            let receipt = parse(log, seq, &sealed)?;
            let deletion = Deletion::decode(&receipt)
                .map_err(|error| corrupt(log, seq, &error.to_string()))?;
            Ok(DeletionInfo {
                receipt: seq,
                sealed_at: receipt.header().sealed_at,
                epoch: deletion.epoch,
                first: deletion.first,
                last: deletion.last,
                archive: deletion.archive,
                reason: deletion.reason.to_string(),
            })
        };
        places.into_iter().map(read).collect()
    }

    /// Refuses a log of which receipts have no bytes in any store that the settings name, though no deletion receipt says
    /// so: they were moved, and this directory is a copy from before that, or its settings were lost. What is erased here
    /// would stay there.
    ///
    /// A directory with the note of a move (`audit.cold`) was held against that when it was opened.
    pub(crate) fn accounts_for_all(&self, log: &LogName) -> Result<(), DirectoryError> {
        self.accounts_for(log, Second::Asked)
    }

    /// The same where a second store that is named and does not answer keeps nobody from recording: nobody knows then, and
    /// nothing is completed without it.
    pub(crate) fn accounts_for_what_answers(&self, log: &LogName) -> Result<(), DirectoryError> {
        self.accounts_for(log, Second::MayBeAway)
    }

    /// The same where there is no second store yet.
    pub(crate) fn moved_nothing(&self, log: &LogName) -> Result<(), DirectoryError> {
        self.accounts_for(log, Second::NoneYet)
    }

    fn accounts_for(&self, log: &LogName, second: Second) -> Result<(), DirectoryError> {
        let mark = self.layout().cold_mark();
        if mark.exists() {
            return Ok(());
        }
        let deletions = self.deletions(log)?;
        let mut first = 0_u64;
        for seal in self.kind(log, Kind::EPOCH_SEAL)? {
            let is_deleted = deletions.iter().any(|deletion| deletion.covers(seal));
            // What the first store has not, and only then the second one is asked.
            if !is_deleted && let Some(piece) = self.without_bytes(log, first..=seal)? {
                let is_gone = match second {
                    Second::NoneYet => true,
                    Second::Asked => self.is_gone(log, piece, seal)?,
                    Second::MayBeAway => match self.is_gone(log, piece, seal) {
                        Err(_) if self.tiers.is_some() => return Ok(()),
                        found => found?,
                    },
                };
                if is_gone {
                    return Err(DirectoryError::Settings {
                        origin: mark.display().to_string(),
                        what: format!(
                            "it is not there, though log {log} has no bytes of receipts from {first} on, and no deletion receipt says \
                             so: they were moved to a store that these settings do not name, and what is erased or deleted would \
                             stay there. Expected cold-folder or cold-bucket, as where they were moved"
                        ),
                    });
                }
            }
            first = seal.saturating_add(1);
        }
        Ok(())
    }

    /// A piece of a range with receipts that have no bytes in the first store, wherever else they have them; none where the
    /// range has its bytes there. It is looked at from its start up to the first receipt that would have lost its bytes:
    /// control receipts keep theirs, and may be many. Counting all of it would read all of the log.
    fn without_bytes(
        &self,
        log: &LogName,
        range: RangeInclusive<u64>,
    ) -> Result<Option<RangeInclusive<u64>>, DirectoryError> {
        let most = u64::try_from(LOOKED_AT.receipts).unwrap_or(u64::MAX);
        let (mut at, last) = range.into_inner();
        while at <= last {
            let end = last.min(at.saturating_add(most).saturating_sub(1));
            let piece = at..=end;
            let gone = match &self.tiers {
                Some(tiers) => tiers.freed(log, piece.clone())?,
                None => self.store().count_deleted(log, piece.clone())?,
            };
            if gone > 0 {
                return Ok(Some(piece));
            }
            // All of it is there, so the second store is not asked by this.
            let read = self.store().read(log, at, LOOKED_AT)?;
            if read.first().is_none_or(|first| first.seq != at) {
                return Err(corrupt(log, at, "it is not there"));
            }
            for stored in read.iter().take_while(|stored| stored.seq <= end) {
                let Some(sealed) = stored.sealed() else {
                    return Ok(Some(piece));
                };
                if !parse(log, stored.seq, sealed)?.header().kind.is_control() {
                    return Ok(None);
                }
                at = stored.seq.saturating_add(1);
            }
        }
        Ok(None)
    }

    /// Whether of an epoch that ends with `last`, and of which the first store lacks this piece, something is in none of the
    /// stores.
    fn is_gone(
        &self,
        log: &LogName,
        piece: RangeInclusive<u64>,
        last: u64,
    ) -> Result<bool, DirectoryError> {
        if self.store().count_deleted(log, piece)? > 0 {
            return Ok(true);
        }
        let Some(tiers) = &self.tiers else {
            return Ok(false);
        };
        // An older one may end within the epoch: what the right one has stands right behind.
        let copied = tiers.copied(log)?;
        Ok(copied <= last && self.without_bytes(log, copied..=last)?.is_some())
    }

    fn kind(&self, log: &LogName, kind: Kind) -> Result<Vec<u64>, DirectoryError> {
        Ok(self
            .store()
            .find(log, &Query::Kind(kind), None, usize::MAX)?)
    }

    fn seal(&self, log: &LogName, seq: u64) -> Result<(EpochSeal, Timestamp), DirectoryError> {
        let sealed = self.receipt(log, seq)?;
        let receipt = parse(log, seq, &sealed)?;
        let seal =
            EpochSeal::decode(&receipt).map_err(|error| corrupt(log, seq, &error.to_string()))?;
        if seal.size != seq {
            return Err(corrupt(log, seq, "it is the seal of another place"));
        }
        Ok((seal, receipt.header().sealed_at))
    }
}

impl Writer {
    /// Seals a log's open epoch.
    ///
    /// # Errors
    ///
    /// When it has no receipts yet, or the seal cannot be stored.
    pub fn seal_epoch(&self, log: &LogName) -> Result<SealedEpoch, DirectoryError> {
        self.directory().head(log)?;
        self.ledger().seal_epoch(log).map_err(refused)
    }

    /// Deletes the bytes of a sealed epoch. `archive` is the file that has them, which is verified
    /// first; without one they are gone for good.
    ///
    /// # Errors
    ///
    /// When the archive is not that of the epoch, the epoch is not sealed, too young or not covered
    /// by a checkpoint, or something cannot be stored.
    pub fn delete_epoch(
        &self,
        log: &LogName,
        epoch: u64,
        archive: Option<&Path>,
        reason: &str,
    ) -> Result<EpochDeleted, DirectoryError> {
        let archived = match archive {
            Some(path) => Archived::File(self.directory().check_archive(log, epoch, path)?),
            None => Archived::Nowhere,
        };
        self.directory().head(log)?;
        let wish = DeleteEpoch {
            epoch,
            archived,
            reason: reason.into(),
        };
        self.ledger().delete_epoch(log, wish).map_err(refused)
    }
}

/// Tells what was refused from what went wrong.
fn refused(error: LedgerError) -> DirectoryError {
    match error {
        LedgerError::NotSealed { log, epoch, sealed } => {
            DirectoryError::NotSealed { log, epoch, sealed }
        }
        LedgerError::EmptyEpoch { .. }
        | LedgerError::Retained { .. }
        | LedgerError::NotCovered { .. }
        | LedgerError::NothingToDelete { .. } => DirectoryError::Refused(error.to_string()),
        other => from_ledger(other),
    }
}

fn parse<'a>(
    log: &LogName,
    seq: u64,
    sealed: &'a [u8],
) -> Result<UnverifiedReceipt<'a>, DirectoryError> {
    UnverifiedReceipt::parse(sealed).map_err(|error| corrupt(log, seq, &error.to_string()))
}

fn corrupt(log: &LogName, seq: u64, what: &str) -> DirectoryError {
    let what = format!("log {log}, receipt {seq}: {what}");
    StoreError::Corrupt { what }.into()
}
