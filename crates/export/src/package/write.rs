//! Writing a package: the same log and options give the same bytes.

use super::key_history::KeyHistory;
use super::proofs::ProofsWriter;
use super::readme::readme;
use super::{
    CHECKPOINT, KEYS, MANIFEST, OLDER, OLDER_MAGIC, PROOFS, README, RECEIPTS, VERIFY_PY,
    VERIFY_PY_SOURCE, VIEW,
};
use crate::archive::{ArchiveError, ArchiveWriter, Method};
use crate::{Manifest, ManifestFile, ReceiptsWriter, Selection, json_view};
use ai_audit_core::{
    Chain, ChainError, DecodeError, Digest, LogId, MAX_SEALED_LEN, ReceiptSource, Signer,
    UnverifiedReceipt,
};
use ai_audit_merkle::{Frontier, LeafIndex, NodeReader, inclusion_proof};
use ai_audit_note::{Checkpoint, CheckpointError, NoteError, SignedNote};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::{self, BufWriter, Seek, Write};

/// A log to be exported, as its store gives it.
pub trait LogEvidence {
    /// Why the store could not be read.
    type Error: fmt::Display;
    /// Reads receipts.
    type Receipts<'s>: ReceiptSource<Error = Self::Error>
    where
        Self: 's;
    /// Why a node could not be read.
    type NodeError: fmt::Display;
    /// Reads nodes of the tree.
    type Nodes<'s>: NodeReader<Error = Self::NodeError>
    where
        Self: 's;

    /// The log's receipts from the genesis on. Called once for each pass.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn receipts(&self) -> Result<Self::Receipts<'_>, Self::Error>;

    /// The nodes of the log's tree.
    fn nodes(&self) -> Self::Nodes<'_>;
}

/// What goes into a package.
#[derive(Debug, Clone)]
pub struct PackageOptions {
    /// Which receipts.
    pub selection: Selection,
    /// Whether the JSON view is included.
    pub json_view: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The signed manifest.
    pub manifest: Manifest,
    /// Length of the package in bytes.
    pub bytes: u64,
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
    /// The manifest could not be signed.
    #[error("manifest could not be signed: {0}")]
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
/// through, of how many; there are up to three passes.
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
    let whole = options.selection.is_all();
    let passes = 1 + u64::from(options.json_view) + u64::from(!whole);
    let mut done = 0;
    let mut tick = || {
        done += 1;
        progress(done, passes * size);
    };
    let mut package = Files {
        archive: ArchiveWriter::new(out)?,
        files: Vec::new(),
    };

    // First pass: the bytes themselves, held against chain and checkpoint.
    let mut facts = Facts::default();
    let mut chain = Chain::new();
    let mut frontier = Frontier::new();
    package.file(RECEIPTS, |file| {
        let mut writer = ReceiptsWriter::new(file)?;
        each(log, size, |receipt| {
            tick();
            let seq = chain.head().size();
            chain
                .push(receipt)
                .map_err(|error| ExportError::Chain { seq, error })?;
            // The chain counts the same receipts and would be full before.
            let _ = frontier.push(receipt.hash());
            if seq == 0 {
                facts.log_id = receipt.hash().to_log_id();
            }
            if options.selection.contains(receipt.header()) {
                facts
                    .keys
                    .see(receipt)
                    .map_err(|error| ExportError::Decode { seq, error })?;
                facts.receipts += 1;
                facts.selected += u64::from(!receipt.header().kind.is_control());
                writer.write(receipt)?;
            }
            Ok(())
        })
    })?;
    if frontier.size() != head.size || frontier.root() != head.root {
        return Err(ExportError::Root { size });
    }
    if !whole && facts.selected == 0 {
        return Err(ExportError::Nothing {
            selection: options.selection.describe(),
        });
    }
    if options.json_view {
        package.file(VIEW, |file| {
            each(log, size, |receipt| {
                tick();
                if options.selection.contains(receipt.header()) {
                    file.write_all(json_view(receipt).as_bytes())?;
                    file.write_all(b"\n")?;
                }
                Ok(())
            })
        })?;
    }
    if !whole {
        let mut nodes = log.nodes();
        package.file(PROOFS, |file| {
            let mut writer = ProofsWriter::new(file)?;
            each(log, size, |receipt| {
                tick();
                let header = receipt.header();
                if options.selection.contains(header) {
                    let proof = inclusion_proof(&mut nodes, LeafIndex::new(header.seq), head.size)
                        .map_err(|error| ExportError::Source(error.to_string()))?;
                    writer.write(&proof.path)?;
                }
                Ok(())
            })
        })?;
    }
    package.text(CHECKPOINT, &checkpoint.to_string())?;
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
    package.text(KEYS, &facts.keys.to_text())?;
    let mut manifest = Manifest {
        origin: head.origin,
        log_id: facts.log_id,
        selection: options.selection.clone(),
        receipts: facts.receipts,
        checkpoint: size,
        files: Vec::new(),
    };
    package.text(README, &readme(&manifest, options.json_view))?;
    package.text(VERIFY_PY, VERIFY_PY_SOURCE)?;
    manifest.files = std::mem::take(&mut package.files);
    let note = SignedNote::sign(&manifest.to_string(), &manifest.origin, signer)
        .map_err(ExportError::Sign)?;
    package.text(MANIFEST, &note.to_string())?;
    let mut out = package.archive.finish()?;
    out.flush()?;
    let bytes = out.stream_position()?;
    Ok(Written { manifest, bytes })
}

/// What the first pass finds.
struct Facts {
    log_id: LogId,
    receipts: u64,
    selected: u64,
    keys: KeyHistory,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            log_id: LogId::ZERO,
            receipts: 0,
            selected: 0,
            keys: KeyHistory::default(),
        }
    }
}

/// Goes through the first `size` receipts of the log.
fn each<L: LogEvidence>(
    log: &L,
    size: u64,
    mut take: impl FnMut(&UnverifiedReceipt<'_>) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let failed = |error: L::Error| ExportError::Source(error.to_string());
    let mut source = log.receipts().map_err(failed)?;
    let mut buf = vec![0; MAX_SEALED_LEN];
    for seq in 0..size {
        let Some(len) = source.read_next(&mut buf).map_err(failed)? else {
            return Err(ExportError::Root { size });
        };
        let receipt = UnverifiedReceipt::parse(&buf[..len])
            .map_err(|error| ExportError::Decode { seq, error })?;
        take(&receipt)?;
    }
    Ok(())
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
        let mut entry = self.archive.start_large_file(name, Method::Deflated)?;
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
