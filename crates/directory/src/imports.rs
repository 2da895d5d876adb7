//! What was imported into a log from another system: listed, taken up again, made again as it was.

use crate::{DirectoryError, LogDirectory};
use ai_audit_core::{
    DecodeBody as _, Digest, Imported, ImportedItem, ImportedRecord, ImportedSource, Kind,
    LeafHash, Timestamp, UnverifiedReceipt, VerifyingKey,
};
use ai_audit_export::archive::{ArchiveError, ArchiveWriter, Method};
use ai_audit_store::{LogName, Query, StoreReader, StoredContent};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::io::{self, Seek, Write};

/// A source that was imported, all of it or a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportInfo {
    /// The receipt that describes it.
    pub receipt: u64,
    /// Its hash.
    pub hash: LeafHash,
    /// When that was sealed.
    pub sealed_at: Timestamp,
    /// What made the records.
    pub system: String,
    /// In which form they came.
    pub form: String,
    /// File name or address.
    pub name: String,
    /// SHA-256 of the source.
    pub digest: Digest,
    /// How many records it had.
    pub items: u64,
    /// How many of them are in the log, counted from the first without a gap.
    pub present: u64,
    /// The keys that the importer trusted for it.
    pub keys: Vec<VerifyingKey>,
}

/// A source that was made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remade {
    /// In which form.
    pub form: String,
    /// How many records it has.
    pub items: u64,
    /// How many it had.
    pub of: u64,
    /// Whether these are the very bytes that were imported. A package is made again with the same files
    /// in another container.
    pub same_bytes: bool,
}

/// The file of a package that has its records.
const RECORDS: &str = "receipts.jsonl";

impl LogDirectory {
    /// The sources that were imported into a log, in its order.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn imports(&self, log: &LogName) -> Result<Vec<ImportInfo>, DirectoryError> {
        let mut found: Vec<ImportInfo> = Vec::new();
        self.each_import(log, |seq, receipt, record| {
            match record {
                ImportedRecord::Source(source) => found.push(ImportInfo {
                    receipt: seq,
                    hash: receipt.hash(),
                    sealed_at: receipt.header().sealed_at,
                    system: source.system.to_string(),
                    form: source.form.to_string(),
                    name: source.name.to_string(),
                    digest: source.digest,
                    items: source.items,
                    present: 0,
                    keys: source.keys.to_vec(),
                }),
                ImportedRecord::Item(item) => {
                    let of = found.iter_mut().rev().find(|info| info.hash == item.source);
                    if let Some(info) = of
                        && info.present == item.index
                    {
                        info.present += 1;
                    }
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// How many receipts of imports have no bytes any more. What they were nobody can tell.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn imports_deleted(&self, log: &LogName) -> Result<u64, DirectoryError> {
        self.head(log)?;
        let query = Query::Kind(Kind::IMPORTED);
        let seqs = self.store().find(log, &query, None, usize::MAX)?;
        let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else {
            return Ok(0);
        };
        // Mostly nothing is deleted, and they may stand apart, each by itself.
        if self.store().count_deleted(log, *first..=*last)? == 0 {
            return Ok(0);
        }
        let runs = seqs.chunk_by(|one, next| one + 1 == *next);
        let ranges = runs.filter_map(|run| Some(*run.first()?..=*run.last()?));
        let mut deleted = 0_u64;
        for range in ranges {
            deleted = deleted.saturating_add(self.store().count_deleted(log, range)?);
        }
        Ok(deleted)
    }

    /// The hashes of all records that were imported into a log with a proof that holds.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn imported_hashes(&self, log: &LogName) -> Result<BTreeSet<Digest>, DirectoryError> {
        let mut hashes = BTreeSet::new();
        self.each_import(log, |_, _, record| {
            if let ImportedRecord::Item(item) = record
                && item.key.is_some()
            {
                hashes.extend(item.hash);
            }
            Ok(())
        })?;
        Ok(hashes)
    }

    /// The bytes of an imported record as they were, without a line's end. `None` where the receipt is
    /// that of a source.
    ///
    /// # Errors
    ///
    /// When the receipt is none of an import, its bytes are deleted, or it cannot be read.
    pub fn original_record(
        &self,
        log: &LogName,
        seq: u64,
    ) -> Result<Option<String>, DirectoryError> {
        let sealed = self.imported(log, seq)?;
        let receipt =
            UnverifiedReceipt::parse(&sealed).map_err(|error| broken(log, seq, &error))?;
        let imported = Imported::decode(&receipt).map_err(|error| broken(log, seq, &error))?;
        Ok(match imported.record {
            ImportedRecord::Item(item) => Some(item.original.to_string()),
            ImportedRecord::Source(_) => None,
        })
    }

    /// Makes an imported source again from its receipts: its records in their order, a line each, or
    /// the package that they came in.
    ///
    /// # Errors
    ///
    /// When the receipt is not that of a source, receipts of it are deleted or cannot be read, or `out`
    /// cannot be written.
    pub fn remake_source(
        &self,
        log: &LogName,
        seq: u64,
        mut out: impl Write + Seek,
    ) -> Result<Remade, DirectoryError> {
        let sealed = self.imported(log, seq)?;
        let receipt =
            UnverifiedReceipt::parse(&sealed).map_err(|error| broken(log, seq, &error))?;
        let imported = Imported::decode(&receipt).map_err(|error| broken(log, seq, &error))?;
        let ImportedRecord::Source(source) = imported.record else {
            return Err(DirectoryError::Refused(format!(
                "log {log}: receipt {seq} is an imported record and no source"
            )));
        };
        if source.form.as_str() == "package" {
            let items = self.package(log, &receipt, &source, out)?;
            return Ok(Remade {
                form: source.form.to_string(),
                items,
                of: source.items,
                same_bytes: false,
            });
        }
        // A record over several lines is told from the next one only in an array.
        let mut in_lines = true;
        self.each_item(log, &receipt, |item| {
            in_lines &= !item.original.contains(['\n', '\r']);
            Ok(())
        })?;
        let mut hasher = Sha256::new();
        let mut put = |bytes: &[u8]| {
            hasher.update(bytes);
            out.write_all(bytes).map_err(writing)
        };
        let items = self.each_item(log, &receipt, |item| {
            match (in_lines, item.index) {
                (true, _) => {}
                (false, 0) => put(b"[\n")?,
                (false, _) => put(b",\n")?,
            }
            put(item.original.as_bytes())?;
            if in_lines { put(b"\n") } else { Ok(()) }
        })?;
        if !in_lines {
            put(b"\n]\n")?;
        }
        out.flush().map_err(writing)?;
        let digest: [u8; 32] = hasher.finalize().into();
        Ok(Remade {
            form: source.form.to_string(),
            items,
            of: source.items,
            same_bytes: Digest::from_bytes(digest) == source.digest,
        })
    }

    /// The package that a source was: the same files.
    fn package(
        &self,
        log: &LogName,
        receipt: &UnverifiedReceipt<'_>,
        source: &ImportedSource<'_>,
        out: impl Write + Seek,
    ) -> Result<u64, DirectoryError> {
        let mut archive = ArchiveWriter::new(out).map_err(archiving)?;
        let mut file = archive
            .start_large_file(RECORDS, Method::Deflated)
            .map_err(archiving)?;
        let items = self.each_item(log, receipt, |item| {
            file.write_all(item.original.as_bytes()).map_err(writing)?;
            file.write_all(b"\n").map_err(writing)
        })?;
        file.finish().map_err(archiving)?;
        for beside in source.files.iter() {
            let mut file = archive
                .start_file(&beside.name, Method::Deflated)
                .map_err(archiving)?;
            file.write_all(beside.contents.as_bytes())
                .map_err(writing)?;
            file.finish().map_err(archiving)?;
        }
        archive
            .finish()
            .map_err(archiving)?
            .flush()
            .map_err(writing)?;
        Ok(items)
    }

    /// The items of a source in the order of their places, each once.
    fn each_item(
        &self,
        log: &LogName,
        source: &UnverifiedReceipt<'_>,
        mut take: impl FnMut(&ImportedItem<'_>) -> Result<(), DirectoryError>,
    ) -> Result<u64, DirectoryError> {
        let mut next = 0;
        self.each_import(log, |_, _, record| match record {
            ImportedRecord::Item(item) if item.source == source.hash() && item.index == next => {
                next += 1;
                take(&item)
            }
            _ => Ok(()),
        })?;
        Ok(next)
    }

    /// All receipts of imports, in the order of the log. What does not decode is for `verify` to tell.
    fn each_import(
        &self,
        log: &LogName,
        mut take: impl FnMut(
            u64,
            &UnverifiedReceipt<'_>,
            ImportedRecord<'_>,
        ) -> Result<(), DirectoryError>,
    ) -> Result<(), DirectoryError> {
        self.head(log)?;
        let query = Query::Kind(Kind::IMPORTED);
        let seqs = self.store().find(log, &query, None, usize::MAX)?;
        let (Some(first), Some(last)) = (seqs.iter().min(), seqs.iter().max()) else {
            return Ok(());
        };
        let mut seq = *first;
        let mut reader = StoreReader::range(self.store(), log, seq..last + 1);
        while let Some(stored) = reader.read_receipt()? {
            let parsed = stored.sealed().map(UnverifiedReceipt::parse);
            if let Some(Ok(receipt)) = &parsed
                && receipt.header().kind == Kind::IMPORTED
                && let Ok(imported) = Imported::decode(receipt)
            {
                take(seq, receipt, imported.record)?;
            }
            seq += 1;
        }
        Ok(())
    }

    /// The bytes of a receipt of an import.
    fn imported(&self, log: &LogName, seq: u64) -> Result<Vec<u8>, DirectoryError> {
        let sealed = match self.stored(log, seq)? {
            StoredContent::Sealed(sealed) => sealed,
            StoredContent::Deleted(_) => {
                let deletion = self.deletion_of(log, seq)?;
                return Err(DirectoryError::Deleted {
                    log: log.clone(),
                    seq,
                    deletion: deletion.map(|deletion| deletion.receipt),
                });
            }
        };
        let kind = UnverifiedReceipt::parse(&sealed)
            .map_err(|error| broken(log, seq, &error))?
            .header()
            .kind;
        if kind != Kind::IMPORTED {
            return Err(DirectoryError::Refused(format!(
                "log {log}: receipt {seq} is of kind {kind} and was not imported: it has no original"
            )));
        }
        Ok(sealed)
    }
}

fn broken(log: &LogName, seq: u64, error: &ai_audit_core::DecodeError) -> DirectoryError {
    DirectoryError::Refused(format!(
        "log {log}: receipt {seq} cannot be read: {error}; `ai-audit verify` tells more"
    ))
}

fn writing(error: io::Error) -> DirectoryError {
    DirectoryError::Refused(format!("the original cannot be written: {error}"))
}

fn archiving(error: ArchiveError) -> DirectoryError {
    DirectoryError::Refused(format!("the original package cannot be written: {error}"))
}
