//! The Merkle tree of a package's log, for consistency proofs.

use super::{CHECKPOINT, MAX_NOTE, PROOFS, RECEIPTS};
use crate::ReceiptsReader;
use crate::archive::{Archive, Limits, ReadAt};
use ai_audit_core::{MAX_SEALED_LEN, Next, ReceiptSource as _, UnverifiedReceipt};
use ai_audit_merkle::MemoryTree;
use ai_audit_note::SignedNote;
use std::fmt::Display;
use std::io::BufReader;

/// A package of which no tree can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("package: {reason}")]
pub struct PackageTreeError {
    reason: String,
}

impl PackageTreeError {
    fn new(reason: impl Display) -> Self {
        let reason = reason.to_string();
        Self { reason }
    }
}

/// The checkpoint of a package of a whole log, and the tree over its receipts.
///
/// Nothing is verified, signatures and manifest least of all: what comes of it is a source of nodes
/// for proofs, which are held against roots that somebody signed. Takes 64 bytes a receipt.
///
/// # Errors
///
/// When the package cannot be read, or holds a selection, which has no tree.
pub fn package_tree<R: ReadAt>(package: R) -> Result<(SignedNote, MemoryTree), PackageTreeError> {
    let archive = Archive::open(package, Limits::default()).map_err(PackageTreeError::new)?;
    if archive.entry(PROOFS).is_some() {
        return Err(PackageTreeError::new(
            "it holds a selection; only a whole log has a tree to make proofs of",
        ));
    }
    let bytes = archive
        .read_to_vec(CHECKPOINT, MAX_NOTE)
        .map_err(PackageTreeError::new)?;
    let note = SignedNote::parse(&bytes).map_err(PackageTreeError::new)?;
    let file = archive.reader(RECEIPTS).map_err(PackageTreeError::new)?;
    let file = BufReader::with_capacity(1 << 16, file);
    let mut source = ReceiptsReader::new(file).map_err(PackageTreeError::new)?;
    let mut tree = MemoryTree::new();
    let mut buf = vec![0; MAX_SEALED_LEN];
    while let Some(next) = source.read_next(&mut buf).map_err(PackageTreeError::new)? {
        let leaf = match next {
            Next::Deleted(leaf) => leaf,
            Next::Sealed(len) => {
                let receipt = UnverifiedReceipt::parse(&buf[..len]);
                receipt.map_err(PackageTreeError::new)?.hash()
            }
        };
        tree.push(leaf).map_err(PackageTreeError::new)?;
    }
    Ok((note, tree))
}
