//! Writing a package: the same log and options give the same bytes.

use super::check::Check;
use super::ciphertexts;
use super::evidence::LogEvidence;
use super::key_history::KeyHistory;
use super::passes::{Item, Passes};
use super::proofs::ProofsWriter;
use super::readme::readme;
use super::reports::{PackageReports, ReportsError};
use super::unexplained::Unexplained;
use super::{
    CHECKPOINT, CIPHERTEXTS, KEYS, MANIFEST, OLDER, OLDER_MAGIC, PROOFS, README, RECEIPTS,
    REPORT_NOTE, TIMESTAMP, VERIFY_PY, VERIFY_PY_SOURCE, VIEW,
};
use crate::archive::{ArchiveError, ArchiveWriter, Method};
use crate::selection::Picker;
use crate::{Manifest, ManifestFile, ReceiptsWriter, Selection, deleted_view, json_view};
use ai_audit_core::{ChainError, DecodeError, Digest, Kind, LogId, Signer};
use ai_audit_merkle::{LeafIndex, inclusion_proof};
use ai_audit_note::{Checkpoint, CheckpointError, NoteError, SignedNote};
use ai_audit_timestamp::{TimestampError, TimestampResponse, TimestampToken};
use sha2::{Digest as _, Sha256};
use std::io::{self, BufWriter, Seek, Write};

/// What goes into a package.
#[derive(Debug, Clone)]
pub struct PackageOptions {
    /// Which receipts.
    pub selection: Selection,
    /// Whether the JSON view is included.
    pub json_view: bool,
    /// Whether the ciphertexts of encrypted texts are included, those that the log still has. They
    /// can be read with the keys of the persons concerned, which are in no package, and with none
    /// once these are destroyed.
    pub ciphertexts: bool,
    /// An RFC 3161 timestamp over the checkpoint, where there is one.
    pub timestamp: Option<TimestampToken>,
    /// Reports of this log and checkpoint, to be listed by a statement that the package's signer
    /// signs anew.
    pub reports: Option<PackageReports>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The signed manifest.
    pub manifest: Manifest,
    /// How many of its receipts are records: neither control receipts, which belong to every selection, nor batch seals,
    /// nor deleted.
    pub selected: u64,
    /// Batch seals, which travel with what they sign for.
    pub seals: u64,
    /// Length of the package in bytes.
    pub bytes: u64,
    /// Receipts whose bytes are deleted: of a whole log those in the package, of a selection by
    /// trace, session or time those of which nobody can tell whether they belong to it.
    pub deleted: u64,
    /// Ciphertexts in the package.
    pub ciphertexts: u64,
}

/// Why a package could not be written. What was written so far is no package then.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store could not be read.
    #[error("log could not be read: {0}")]
    Source(String),
    /// The stored receipts do not follow each other: nothing is exported that does not verify.
    #[error("receipt {seq} of the stored log: {error}")]
    Chain {
        /// The `seq` that was expected.
        seq: u64,
        /// What does not hold.
        error: ChainError,
    },
    /// A stored receipt does not decode.
    #[error("receipt {seq} of the stored log: {error}")]
    Decode {
        /// The `seq` that was expected.
        seq: u64,
        /// What does not hold.
        error: DecodeError,
    },
    /// Stored receipts that were picked out do not ascend, or lie beyond the checkpoint.
    #[error("receipt {seq} of the stored log is not where it should be")]
    Order {
        /// Its `seq`.
        seq: u64,
    },
    /// A receipt that belongs to the selection has no bytes any more.
    #[error(
        "the bytes of receipt {seq} are deleted: restore its epoch first, or choose another range"
    )]
    Deleted {
        /// The first one.
        seq: u64,
    },
    /// Bytes are deleted, and no receipt that the checkpoint covers says so: a verifier would find the log broken.
    #[error(
        "the bytes of receipt {seq} are deleted, and no receipt before the end of the checkpoint over {size} receipts says so: if they were deleted after it was made, export under a newer checkpoint; if not, the store was altered, and `ai-audit verify` says where"
    )]
    Unexplained {
        /// The first one.
        seq: u64,
        /// What the checkpoint covers.
        size: u64,
    },
    /// A ciphertext that is stored beside a receipt is not one that the receipt names.
    #[error(
        "receipt {seq} of the stored log: it does not name ciphertext {place} beside it: the store is damaged; export without ciphertexts, or restore them from a backup"
    )]
    Ciphertext {
        /// The receipt.
        seq: u64,
        /// Which one of those beside it, counted from 0.
        place: usize,
    },
    /// The stored log is not what the checkpoint signed.
    #[error("the stored log does not have the root of its checkpoint of size {size}")]
    Root {
        /// The checkpoint's size.
        size: u64,
    },
    /// No receipt but those about the log itself belongs to the selection.
    #[error("nothing to export: the log has no receipt of {selection}")]
    Nothing {
        /// The selection in words.
        selection: String,
    },
    /// The checkpoint cannot be read.
    #[error("{0}")]
    Checkpoint(#[from] CheckpointError),
    /// The timestamp is over something else than the package's checkpoint.
    #[error("the timestamp is not over the checkpoint of size {size} that the package holds")]
    Timestamp {
        /// The checkpoint's size.
        size: u64,
    },
    /// The timestamp cannot be written.
    #[error(transparent)]
    Token(#[from] TimestampError),
    /// A report is not of this log and checkpoint.
    #[error(transparent)]
    Reports(#[from] ReportsError),
    /// The manifest, or the statement of the reports, could not be signed.
    #[error("manifest or report.note could not be signed: {0}")]
    Sign(NoteError),
    /// The archive could not be written.
    #[error("package could not be written: {0}")]
    Archive(#[from] ArchiveError),
    /// The file could not be written.
    #[error("package could not be written: {0}")]
    Io(#[from] io::Error),
}

/// Writes a package of `log` up to `checkpoint`, signed by its checkpoint key.
///
/// `older` are earlier checkpoints of the log. `progress` is told how many receipts were gone
/// through, of how many; there are up to four passes.
///
/// # Errors
///
/// See [`ExportError`].
pub fn write_package<W: Write + Seek, L: LogEvidence>(
    out: W,
    log: &L,
    checkpoint: &SignedNote,
    older: &[SignedNote],
    signer: &(impl Signer + ?Sized),
    options: &PackageOptions,
    mut progress: impl FnMut(u64, u64),
) -> Result<Written, ExportError> {
    let head = Checkpoint::parse(checkpoint.text())?;
    let size = head.size.as_u64();
    if let Some(token) = &options.timestamp
        && !token.is_over(checkpoint.text().as_bytes())
    {
        return Err(ExportError::Timestamp { size });
    }
    let selection = &options.selection;
    let whole = selection.is_all();
    let log = (log, Passes::new(log, size, selection)?);
    let total = log.1.len() * (1 + u64::from(options.json_view) + u64::from(!whole));
    let mut done = 0;
    let mut tick = || {
        done += 1;
        progress(done, total.max(done));
    };
    let mut package = Files {
        archive: ArchiveWriter::new(out)?,
        files: Vec::new(),
    };

    // First pass: the bytes themselves, held against chain and checkpoint.
    let mut facts = Facts::default();
    let mut check = Check::new(log.1.picks());
    // Only a package of everything can say, or fail to say, why bytes are not in it.
    let mut unexplained = whole.then(Unexplained::default);
    package.file(RECEIPTS, |file| {
        let mut writer = ReceiptsWriter::new(file)?;
        let mut picker = Picker::new(selection);
        log.1.each(|item| {
            tick();
            check.see(&item)?;
            if let Some(unexplained) = &mut unexplained {
                unexplained.see(&item);
            }
            match item {
                Item::Receipt(receipt) => {
                    let header = receipt.header();
                    let seq = header.seq;
                    if seq == 0 {
                        facts.log_id = receipt.hash().to_log_id();
                    }
                    if picker.takes(header) {
                        facts
                            .keys
                            .see(receipt)
                            .map_err(|error| ExportError::Decode { seq, error })?;
                        facts.receipts += 1;
                        facts.selected += u64::from(!header.kind.is_never_batched());
                        // Named by its place, what is about the log alone is something too, such as an epoch in which nothing
                        // happened.
                        facts.any |= !header.kind.is_never_batched()
                            || selection.contains_seq(seq) == Some(true);
                        facts.seals += u64::from(header.kind == Kind::BATCH_SEAL);
                        facts.encrypted |=
                            options.ciphertexts && !ciphertexts::named(receipt).is_empty();
                        writer.write(receipt)?;
                    }
                }
                Item::Deleted(_, hash) if whole => {
                    facts.receipts += 1;
                    facts.deleted += 1;
                    writer.write_deleted(&hash)?;
                }
                Item::Deleted(seq, _) => {
                    if selection.contains_seq(seq) == Some(true) {
                        return Err(ExportError::Deleted { seq });
                    }
                    // Where places were looked up, they came with the number of all.
                    let untold = !log.1.picks() && selection.contains_seq(seq).is_none();
                    facts.deleted += u64::from(untold);
                }
            }
            Ok(())
        })
    })?;
    check.finish(&head)?;
    if let Some(seq) = unexplained.and_then(|deleted| deleted.first()) {
        return Err(ExportError::Unexplained { seq, size });
    }
    facts.deleted += log.1.deleted();
    if !whole && !facts.any {
        return Err(ExportError::Nothing {
            selection: selection.describe(),
        });
    }
    if options.json_view {
        package.file(VIEW, |file| {
            let mut picker = Picker::new(selection);
            log.1.each(|item| {
                tick();
                let line = match item {
                    Item::Receipt(receipt) if picker.takes(receipt.header()) => json_view(receipt),
                    Item::Deleted(seq, hash) if whole => deleted_view(seq, hash),
                    _ => return Ok(()),
                };
                file.write_all(line.as_bytes())?;
                Ok(file.write_all(b"\n")?)
            })
        })?;
    }
    if !whole {
        let mut nodes = log.0.nodes();
        package.file(PROOFS, |file| {
            let mut writer = ProofsWriter::new(file)?;
            let mut picker = Picker::new(selection);
            log.1.each(|item| {
                tick();
                if let Item::Receipt(receipt) = item
                    && picker.takes(receipt.header())
                {
                    let index = LeafIndex::new(receipt.header().seq);
                    let proof = inclusion_proof(&mut nodes, index, head.size)
                        .map_err(|error| ExportError::Source(error.to_string()))?;
                    // Where nobody went through the whole log this is what holds the receipt.
                    proof
                        .verify(&receipt.hash(), &head.root)
                        .map_err(|_| ExportError::Root { size })?;
                    writer.write(&proof.path)?;
                }
                Ok(())
            })
        })?;
    }
    package.text(CHECKPOINT, &checkpoint.to_string())?;
    if let Some(token) = &options.timestamp {
        let response = TimestampResponse::around(token)?;
        package.file(TIMESTAMP, |file| Ok(file.write_all(&response)?))?;
    }
    if !older.is_empty() {
        package.file(OLDER, |file| {
            file.write_all(OLDER_MAGIC)?;
            for note in older {
                let note = note.to_string();
                let len = u32::try_from(note.len()).map_err(io::Error::other)?;
                file.write_all(&len.to_be_bytes())?;
                file.write_all(note.as_bytes())?;
            }
            Ok(())
        })?;
    }
    let mut ciphertexts = 0;
    if facts.encrypted {
        package.file(CIPHERTEXTS, |file| {
            ciphertexts = ciphertexts::write(&log, selection, file, &mut tick)?;
            Ok(())
        })?;
    }
    if let Some(reports) = &options.reports {
        let statement = reports.statement(&head, facts.log_id)?;
        for (name, contents) in reports.files() {
            package.file(name, |file| Ok(file.write_all(contents)?))?;
        }
        let note = statement.sign(signer).map_err(ExportError::Sign)?;
        package.text(REPORT_NOTE, &note.to_string())?;
    }
    package.text(KEYS, &facts.keys.to_text())?;
    let mut manifest = Manifest {
        origin: head.origin,
        log_id: facts.log_id,
        selection: options.selection.clone(),
        receipts: facts.receipts,
        checkpoint: size,
        files: Vec::new(),
    };
    package.text(README, &readme(&manifest, options, facts.encrypted))?;
    package.text(VERIFY_PY, VERIFY_PY_SOURCE)?;
    manifest.files = std::mem::take(&mut package.files);
    let note = SignedNote::sign(&manifest.to_string(), &manifest.origin, signer)
        .map_err(ExportError::Sign)?;
    package.text(MANIFEST, &note.to_string())?;
    let mut out = package.archive.finish()?;
    out.flush()?;
    let bytes = out.stream_position()?;
    Ok(Written {
        manifest,
        selected: facts.selected,
        seals: facts.seals,
        bytes,
        deleted: facts.deleted,
        ciphertexts,
    })
}

/// What the first pass finds.
struct Facts {
    log_id: LogId,
    receipts: u64,
    selected: u64,
    /// Whether anything of the selection is there.
    any: bool,
    seals: u64,
    deleted: u64,
    /// Whether a selected receipt names ciphertexts that are to be included.
    encrypted: bool,
    keys: KeyHistory,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            log_id: LogId::ZERO,
            receipts: 0,
            selected: 0,
            any: false,
            seals: 0,
            deleted: 0,
            encrypted: false,
            keys: KeyHistory::default(),
        }
    }
}

/// The archive, and what the manifest will say of the files in it.
struct Files<W: Write + Seek> {
    archive: ArchiveWriter<W>,
    files: Vec<ManifestFile>,
}

impl<W: Write + Seek> Files<W> {
    fn text(&mut self, name: &str, text: &str) -> Result<(), ExportError> {
        self.file(name, |file| Ok(file.write_all(text.as_bytes())?))
    }

    fn file(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let method = match name {
            // What is encrypted well cannot be compressed.
            CIPHERTEXTS => Method::Stored,
            _ => Method::Deflated,
        };
        let mut entry = self.archive.start_large_file(name, method)?;
        let mut hashing = Hashing {
            inner: &mut entry,
            hasher: Sha256::new(),
            size: 0,
        };
        {
            // Sealed receipts are small and many.
            let mut buffered = BufWriter::with_capacity(1 << 16, &mut hashing);
            write(&mut buffered)?;
            buffered.flush()?;
        }
        let Hashing { hasher, size, .. } = hashing;
        entry.finish()?;
        let digest = Digest::from_bytes(hasher.finalize().into());
        self.files.push(ManifestFile {
            digest,
            size,
            name: name.into(),
        });
        Ok(())
    }
}

struct Hashing<'w, W> {
    inner: &'w mut W,
    hasher: Sha256,
    size: u64,
}

impl<W: Write> Write for Hashing<'_, W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = self.inner.write(buf)?;
        self.hasher.update(&buf[..len]);
        self.size += len as u64;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
