//! Archives read back: held against the log, verified, and put back into the store.

mod ciphertexts;

use crate::{DirectoryError, Layout, LogDirectory, Settings, Writer};
use ai_audit_core::{
    Digest, LeafHash, MAX_SEALED_LEN, Next, ReceiptSource as _, UnverifiedReceipt,
};
use ai_audit_export::archive::{Archive, Limits};
use ai_audit_export::{ReceiptsReader, verify_package};
use ai_audit_merkle::TILE_WIDTH;
use ai_audit_store::{Ciphertext, LogName, Sealed, Store, WriterLock};
use ai_audit_store_sqlite::{OpenMode, SqliteStore};
use ai_audit_verify::{Pin, TrustPolicy};
use ciphertexts::{Archived, named};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Receipts that are put back in one transaction.
const CHUNK: usize = 1024;
/// Bytes of ciphertexts from which on no more receipts are put back with them.
const CHUNK_BYTES: usize = 16 << 20;

/// What an archive brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Receipts of the archive.
    pub receipts: u64,
    /// Those of them whose bytes were missing.
    pub restored: u64,
}

impl LogDirectory {
    /// Checks that a file is an archive of a sealed epoch of this log: every receipt in it is the
    /// log's, none of the epoch is missing, every ciphertext that the log has beside them is in it,
    /// and it verifies by itself. Returns its SHA-256.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Archive`] with the first bad receipt.
    pub fn check_archive(
        &self,
        log: &LogName,
        epoch: u64,
        path: &Path,
    ) -> Result<Digest, DirectoryError> {
        let seal = self.sealed_epoch(log, epoch)?;
        let mut next = seal.first;
        let archive = package(path)?;
        let mut archived = Archived::new(&archive, path)?;
        self.each_archived(log, path, |receipt, _| {
            let seq = receipt.header().seq;
            let beside = archived.of(receipt)?;
            if seq == next && seq <= seal.size {
                next += 1;
                self.has_all_beside(log, path, receipt, &beside)?;
            }
            Ok(true)
        })?;
        if next <= seal.size {
            let what = format!("receipt {next} of epoch {epoch} is not in the archive");
            return Err(wrong(path, what));
        }
        self.verify_archive(log, path)?;
        file_digest(path)
    }

    /// Whether all ciphertexts that the log has beside a receipt are among those of an archive: what
    /// is deleted for the archive's sake must be in it.
    fn has_all_beside(
        &self,
        log: &LogName,
        path: &Path,
        receipt: &UnverifiedReceipt<'_>,
        archived: &[Ciphertext],
    ) -> Result<(), DirectoryError> {
        if named(receipt).is_empty() {
            return Ok(());
        }
        let seq = receipt.header().seq;
        let held = self.store().ciphertexts(log, seq)?;
        if held.iter().all(|one| archived.contains(one)) {
            return Ok(());
        }
        let what = format!(
            "a ciphertext that log {log} has beside receipt {seq} is not in the archive: make one with all of them by `ai-audit epoch archive`"
        );
        Err(wrong(path, what))
    }

    /// A receipt's sealed bytes out of an archive.
    ///
    /// # Errors
    ///
    /// When the archive does not have it, or has something else in its place.
    pub fn receipt_from_archive(
        &self,
        log: &LogName,
        seq: u64,
        path: &Path,
    ) -> Result<Vec<u8>, DirectoryError> {
        let mut found = None;
        self.each_archived(log, path, |receipt, sealed| {
            let at = receipt.header().seq;
            if at == seq {
                found = Some(sealed.to_vec());
            }
            Ok(at < seq)
        })?;
        found.ok_or_else(|| wrong(path, format!("receipt {seq} is not in the archive")))
    }

    /// Goes through an archive's receipts, as long as `take` wants more. Each must be the log's: of
    /// its place and with the hash that the log has there.
    fn each_archived(
        &self,
        log: &LogName,
        path: &Path,
        mut take: impl FnMut(&UnverifiedReceipt<'_>, &[u8]) -> Result<bool, DirectoryError>,
    ) -> Result<(), DirectoryError> {
        let head = self.head(log)?;
        let bad = |what: String| wrong(path, what);
        let archive = package(path)?;
        let file = archive
            .reader("receipts.bin")
            .map_err(|error| bad(error.to_string()))?;
        let mut source = ReceiptsReader::new(BufReader::with_capacity(1 << 16, file))
            .map_err(|error| bad(error.to_string()))?;
        let mut leaves = Leaves::new(self.store(), log);
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut last: Option<u64> = None;
        loop {
            let after = || match last {
                Some(seq) => format!("receipt {} or later", seq.saturating_add(1)),
                None => "the first receipt".into(),
            };
            let next = match source.read_next(&mut buf) {
                Ok(next) => next,
                Err(error) => {
                    // Where only a signature is damaged no hash shows it, but the verifier names it.
                    self.verify_archive(log, path)?;
                    return Err(bad(format!("{}: {error}", after())));
                }
            };
            let sealed = match next {
                None => return Ok(()),
                Some(Next::Sealed(len)) => &buf[..len],
                // A package of a whole log may have some.
                Some(Next::Deleted(_)) => {
                    last = Some(last.map_or(0, |seq| seq.saturating_add(1)));
                    continue;
                }
            };
            let receipt = UnverifiedReceipt::parse(sealed)
                .map_err(|error| bad(format!("{}: {error}", after())))?;
            let seq = receipt.header().seq;
            if last.is_none() && receipt.hash().to_log_id() != head.log_id() {
                return Err(bad(format!(
                    "it is not of log {log}: it begins with another genesis"
                )));
            }
            if last.is_some_and(|last| seq <= last) || leaves.leaf(seq)? != Some(receipt.hash()) {
                return Err(bad(format!(
                    "receipt {seq} is not the one that log {log} has there: its bytes have another hash"
                )));
            }
            last = Some(seq);
            if !take(&receipt, sealed)? {
                return Ok(());
            }
        }
    }

    /// Whether an archive verifies by itself, under this log's key line.
    fn verify_archive(&self, log: &LogName, path: &Path) -> Result<(), DirectoryError> {
        let policy = TrustPolicy::new().pin(Pin::Log(self.key_line(log)?));
        let verdict = verify_package(open(path)?, &policy, |_, _| {})
            .report
            .verdict;
        for (question, status) in [
            ("integrity", verdict.integrity),
            ("attribution", verdict.attribution),
        ] {
            if !status.is_verified() {
                return Err(wrong(path, format!("{question} {status}")));
            }
        }
        Ok(())
    }
}

impl Writer {
    /// Puts back the bytes that an archive has and the log misses, after each was held against
    /// the log and the archive was verified, with the ciphertexts that it has beside them, but for those
    /// under keys that were destroyed since it was made. One that was interrupted can be repeated.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Archive`] with the first bad receipt: nothing was put back then. When the
    /// store cannot be written.
    pub fn restore_archive(&self, log: &LogName, path: &Path) -> Result<Restored, DirectoryError> {
        let directory = self.directory();
        directory.each_archived(log, path, |_, _| Ok(true))?;
        directory.verify_archive(log, path)?;
        let mut done = Restored {
            receipts: 0,
            restored: 0,
        };
        let archive = package(path)?;
        let mut archived = Archived::new(&archive, path)?;
        let destroyed = directory.destroyed_keys(log)?;
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut bytes = 0;
        directory.each_archived(log, path, |receipt, sealed| {
            done.receipts += 1;
            let mut beside = archived.of(receipt)?;
            beside.retain(|one| !destroyed.contains(&one.key));
            bytes += beside.iter().map(|one| one.bytes.len()).sum::<usize>();
            chunk.push(Sealed::new(sealed.to_vec()).with_ciphertexts(beside));
            if chunk.len() == CHUNK || bytes > CHUNK_BYTES {
                done.restored += directory.store().restore_receipts(log, &chunk)?;
                chunk.clear();
                bytes = 0;
            }
            Ok(true)
        })?;
        done.restored += directory.store().restore_receipts(log, &chunk)?;
        Ok(done)
    }
}

/// A log's leaves, read by the tile.
struct Leaves<'s> {
    store: &'s dyn Store,
    log: &'s LogName,
    tile: Option<u64>,
    hashes: Vec<ai_audit_core::NodeHash>,
}

impl<'s> Leaves<'s> {
    const fn new(store: &'s dyn Store, log: &'s LogName) -> Self {
        Self {
            store,
            log,
            tile: None,
            hashes: Vec::new(),
        }
    }

    fn leaf(&mut self, seq: u64) -> Result<Option<LeafHash>, DirectoryError> {
        let tile = seq / TILE_WIDTH;
        if self.tile != Some(tile) {
            let start = tile * TILE_WIDTH;
            let range = start..start.saturating_add(TILE_WIDTH);
            self.store.hashes(self.log, 0, range, &mut self.hashes)?;
            self.tile = Some(tile);
        }
        let place = usize::try_from(seq % TILE_WIDTH).ok();
        let node = place.and_then(|place| self.hashes.get(place));
        Ok(node.map(|node| LeafHash::from_bytes(*node.as_bytes())))
    }
}

fn open(path: &Path) -> Result<File, DirectoryError> {
    File::open(path).map_err(crate::error::io_at(path))
}

fn package(path: &Path) -> Result<Archive<File>, DirectoryError> {
    Archive::open(open(path)?, Limits::default()).map_err(|error| wrong(path, error.to_string()))
}

/// Writes a directory's database anew, so that what was deleted takes no room on the disk. No other
/// process may have it open. A Redis did that when it deleted.
///
/// # Errors
///
/// When it is no log directory, a writer has it, or there is not room enough for a second copy;
/// [`DirectoryError::Refused`] for a PostgreSQL, whose tables only their owner can write anew.
pub fn compact(path: &Path, settings: &Settings) -> Result<(), DirectoryError> {
    let layout = Layout::new(path);
    let _lock = WriterLock::acquire(&layout.lock())?;
    match &settings.store.address {
        None => Ok(SqliteStore::open(&layout.database(), OpenMode::ReadWrite)?.compact()?),
        Some(address) if address.is_postgres() => Err(DirectoryError::Refused(format!(
            "{address}: the tables of a PostgreSQL are written anew by their owner alone: `ai-audit store compact` with the \
             owner's address"
        ))),
        Some(_) => Ok(()),
    }
}

/// The SHA-256 of a file, as a deletion receipt names an archive.
///
/// # Errors
///
/// When it cannot be read.
pub fn file_digest(path: &Path) -> Result<Digest, DirectoryError> {
    let mut file = open(path)?;
    let mut hasher = Sha256::new();
    let mut buf = vec![0; 1 << 16];
    loop {
        let len = file.read(&mut buf).map_err(crate::error::io_at(path))?;
        if len == 0 {
            return Ok(Digest::from_bytes(hasher.finalize().into()));
        }
        hasher.update(&buf[..len]);
    }
}

fn wrong(path: &Path, what: String) -> DirectoryError {
    let path = path.into();
    DirectoryError::Archive { path, what }
}
