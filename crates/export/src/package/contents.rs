//! Looking at what a package holds. Nothing is verified here.

use super::proofs::ProofsReader;
use super::{CHECKPOINT, KEYS, MAX_NOTE, PROOFS, RECEIPTS};
use crate::ReceiptsReader;
use crate::archive::{Archive, EntryReader, Limits, ReadAt};
use ai_audit_core::{LeafHash, MAX_SEALED_LEN, Next, NodeHash, ReceiptSource as _};
use ai_audit_note::{Checkpoint, SignedNote};
use std::fmt::Display;
use std::io::BufReader;

/// A package that cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("package: {reason}")]
pub struct PackageError {
    reason: String,
}

impl PackageError {
    fn new(reason: impl Display) -> Self {
        let reason = reason.to_string();
        Self { reason }
    }

    fn in_file(name: &str) -> impl Fn(&dyn Display) -> Self + use<'_> {
        move |error| Self::new(format_args!("{name}: {error}"))
    }
}

/// What a package holds, for somebody who looks at it. What it says counts as far as the verdict of
/// [`observe_package`](crate::observe_package) goes, and no further: here nothing is verified but the
/// container.
#[derive(Debug)]
pub struct PackageContents<R> {
    archive: Archive<R>,
}

type File<'a, R> = BufReader<EntryReader<'a, R>>;

/// Goes through the receipts of a package; [`PackageContents::receipts`].
pub struct PackageReceipts<'a, R> {
    receipts: ReceiptsReader<File<'a, R>>,
    proofs: Option<ProofsReader<File<'a, R>>>,
    buf: Vec<u8>,
}

/// The next receipt of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageReceipt<'a> {
    /// Its sealed bytes; none where they are deleted.
    pub sealed: Result<&'a [u8], LeafHash>,
    /// Its path in the tree of the package's checkpoint, lowest hash first, where the package holds a
    /// selection.
    pub path: Option<Vec<NodeHash>>,
}

impl<R: ReadAt> PackageContents<R> {
    /// Opens a package.
    ///
    /// # Errors
    ///
    /// When its container is not sound.
    pub fn open(package: R) -> Result<Self, PackageError> {
        let archive = Archive::open(package, Limits::default()).map_err(PackageError::new)?;
        Ok(Self { archive })
    }

    /// Whether it holds a selection of a log's receipts.
    pub fn is_selection(&self) -> bool {
        self.archive.entry(PROOFS).is_some()
    }

    /// The checkpoint that its receipts are held against.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn checkpoint(&self) -> Result<Checkpoint, PackageError> {
        let bytes = self.archive.read_to_vec(CHECKPOINT, MAX_NOTE);
        let bytes = bytes.map_err(PackageError::new)?;
        let wrong = PackageError::in_file(CHECKPOINT);
        let note = SignedNote::parse(&bytes).map_err(|error| wrong(&error))?;
        Checkpoint::parse(note.text()).map_err(|error| wrong(&error))
    }

    /// The log's keys, as its `key-history.json` has them.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is longer than a MiB.
    pub fn key_history(&self) -> Result<serde_json::Value, PackageError> {
        let bytes = self.archive.read_to_vec(KEYS, MAX_NOTE);
        let bytes = bytes.map_err(PackageError::new)?;
        serde_json::from_slice(&bytes).map_err(|error| PackageError::in_file(KEYS)(&error))
    }

    /// Its receipts, from the first.
    ///
    /// # Errors
    ///
    /// When the file with them, or that with their proofs, cannot be read.
    pub fn receipts(&self) -> Result<PackageReceipts<'_, R>, PackageError> {
        let receipts = ReceiptsReader::new(self.file(RECEIPTS)?);
        let receipts = receipts.map_err(|error| PackageError::in_file(RECEIPTS)(&error))?;
        let proofs = match self.is_selection() {
            true => Some(
                ProofsReader::new(self.file(PROOFS)?)
                    .map_err(|error| PackageError::in_file(PROOFS)(&error))?,
            ),
            false => None,
        };
        Ok(PackageReceipts {
            receipts,
            proofs,
            buf: vec![0; MAX_SEALED_LEN],
        })
    }

    fn file(&self, name: &str) -> Result<File<'_, R>, PackageError> {
        let reader = self.archive.reader(name).map_err(PackageError::new)?;
        Ok(BufReader::with_capacity(1 << 16, reader))
    }
}

impl<R> std::fmt::Debug for PackageReceipts<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackageReceipts").finish_non_exhaustive()
    }
}

impl<R: ReadAt> PackageReceipts<'_, R> {
    /// The next receipt; none after the last.
    ///
    /// # Errors
    ///
    /// When it, or its path, cannot be read. There is no going on after that.
    pub fn read_next(&mut self) -> Result<Option<PackageReceipt<'_>>, PackageError> {
        let next = self.receipts.read_next(&mut self.buf);
        let next = next.map_err(|error| PackageError::in_file(RECEIPTS)(&error))?;
        let sealed = match next {
            None => return Ok(None),
            Some(Next::Sealed(len)) => Ok(self.buf.get(..len).unwrap_or_default()),
            Some(Next::Deleted(hash)) => Err(hash),
        };
        let path = match &mut self.proofs {
            None => None,
            Some(proofs) => Some(
                proofs
                    .next()
                    .map_err(|error| PackageError::in_file(PROOFS)(&error))?,
            ),
        };
        Ok(Some(PackageReceipt { sealed, path }))
    }
}
