//! Reading tiles and bundles: exactly as long as they must be, or refused.

use super::{FileBytes, TILES_CHECKPOINT, TileFiles, TileKind, TileName};
use ai_audit_core::{MAX_PAYLOAD_LEN, NodeHash, SIGNATURE_LEN};
use ai_audit_merkle::{TileReader, Tiled, TreeSize};
use ai_audit_note::{Checkpoint, MAX_NOTE_LEN, SignedNote};
use std::ops::Range;

const HASH_LEN: usize = 32;

/// Why a published log's files cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TilesError {
    /// A file could not be read.
    #[error("{name}: {reason}")]
    Read {
        /// The file.
        name: String,
        /// The reason.
        reason: String,
    },
    /// A file is not there.
    #[error("{name} is missing")]
    Missing {
        /// The file.
        name: String,
    },
    /// A file does not hold what it should.
    #[error("{name} at byte {offset}: expected {expected}")]
    Contents {
        /// The file.
        name: String,
        /// Offset of the first thing that is wrong.
        offset: u64,
        /// What should have been there.
        expected: String,
    },
}

/// A published log, of which the checkpoint was read. Nothing of it was verified.
#[derive(Debug)]
pub struct PublishedLog<'f, F> {
    files: &'f F,
    note: SignedNote,
    checkpoint: Checkpoint,
}

/// The hash tiles of a published log, as its checkpoint's size calls for them.
///
/// [`Tiled`] makes a node reader of it, for proofs. What it reads proves nothing until a proof made
/// of it was verified against a root that somebody signed.
#[derive(Debug)]
pub struct PublishedTiles<'f, F> {
    files: &'f F,
    size: TreeSize,
}

impl<'f, F: TileFiles> PublishedLog<'f, F> {
    /// Reads the checkpoint.
    ///
    /// # Errors
    ///
    /// When it is not there or is none.
    pub fn open(files: &'f F) -> Result<Self, TilesError> {
        let name = TILES_CHECKPOINT;
        let bytes = read(files, name, MAX_NOTE_LEN as u64)?
            .ok_or_else(|| TilesError::Missing { name: name.into() })?;
        let wrong = |reason: String| TilesError::Read {
            name: name.into(),
            reason,
        };
        let note = SignedNote::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
        let checkpoint =
            Checkpoint::parse(note.text()).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            files,
            note,
            checkpoint,
        })
    }

    /// The checkpoint's note.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// What it says.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The nodes of the tree, for proofs.
    #[must_use]
    pub const fn nodes(&self) -> Tiled<PublishedTiles<'f, F>> {
        Tiled::new(PublishedTiles::new(self.files, self.checkpoint.size))
    }
}

impl<'f, F> PublishedTiles<'f, F> {
    /// The tiles of the tree of `size` leaves.
    #[must_use]
    pub const fn new(files: &'f F, size: TreeSize) -> Self {
        Self { files, size }
    }
}

impl<F: TileFiles> TileReader for PublishedTiles<'_, F> {
    type Error = TilesError;

    fn hashes(
        &mut self,
        tile_level: u32,
        tile_index: u64,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), TilesError> {
        let Ok(level) = u8::try_from(tile_level) else {
            return Ok(());
        };
        let name = TileName::of_size(TileKind::Hashes(level), tile_index, self.size);
        if let Some(name) = name {
            out.extend(hash_tile(self.files, name)?);
        }
        Ok(())
    }
}

/// The hashes of a tile. Where a partial one is gone, the full one begins as it did.
pub(crate) fn hash_tile<F: TileFiles>(
    files: &F,
    name: TileName,
) -> Result<Vec<NodeHash>, TilesError> {
    let longest = |width: usize| HASH_LEN * width;
    let (found, bytes) = fetch(files, name, longest)?;
    let expected = longest(found.width().into());
    if bytes.len() != expected {
        return Err(length(found, bytes.len() as u64, expected as u64));
    }
    let (hashes, _) = bytes.as_chunks::<HASH_LEN>();
    let hashes = hashes.iter().take(name.width().into());
    Ok(hashes.copied().map(NodeHash::from_bytes).collect())
}

/// An entry or seal bundle that was taken apart.
#[derive(Debug)]
pub(crate) struct Bundle {
    name: TileName,
    bytes: Vec<u8>,
    /// Of each item, without its length.
    items: Vec<Range<usize>>,
}

impl Bundle {
    /// Reads a bundle: exactly as many items as it is wide, and nothing behind them.
    pub(crate) fn read<F: TileFiles>(files: &F, name: TileName) -> Result<Self, TilesError> {
        let (prefix, most) = match name.kind() {
            TileKind::Seals => (1, SIGNATURE_LEN),
            _ => (2, MAX_PAYLOAD_LEN),
        };
        let (found, bytes) = fetch(files, name, |width| width * (prefix + most))?;
        let wrong = |offset: usize, expected: &str| TilesError::Contents {
            name: found.to_string(),
            offset: offset as u64,
            expected: expected.into(),
        };
        let mut items = Vec::new();
        let mut at = 0;
        for _ in 0..found.width() {
            let len = match bytes.get(at..at + prefix) {
                Some(&[len]) => match usize::from(len) {
                    len @ (0 | SIGNATURE_LEN) => len,
                    _ => return Err(wrong(at, "a seal's length, 64 or 0")),
                },
                Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
                _ => {
                    let expected = format!("{} items, the file ends here", found.width());
                    return Err(wrong(bytes.len(), &expected));
                }
            };
            let item = at + prefix..at + prefix + len;
            if item.end > bytes.len() {
                let expected = format!("{len} bytes, the file ends before");
                return Err(wrong(item.start, &expected));
            }
            at = item.end;
            items.push(item);
        }
        if at != bytes.len() {
            return Err(wrong(at, "the end of the file"));
        }
        items.truncate(name.width().into());
        Ok(Self {
            name: found,
            bytes,
            items,
        })
    }

    /// The file that it was read from.
    pub(crate) const fn name(&self) -> TileName {
        self.name
    }

    /// An item and where it begins in the file.
    pub(crate) fn item(&self, index: usize) -> (&[u8], usize) {
        let range = self.items.get(index).cloned().unwrap_or(0..0);
        let start = range.start;
        (self.bytes.get(range).unwrap_or_default(), start)
    }
}

/// The file of a tile, or of the full one where a partial one is gone.
fn fetch<F: TileFiles>(
    files: &F,
    name: TileName,
    longest: impl Fn(usize) -> usize,
) -> Result<(TileName, Vec<u8>), TilesError> {
    let full = Some(name.full()).filter(|_| !name.is_full());
    for name in [Some(name), full].into_iter().flatten() {
        let max = longest(name.width().into()) as u64;
        match files.read(&name.to_string(), max) {
            Ok(Some(FileBytes::Whole(bytes))) => return Ok((name, bytes)),
            Ok(Some(FileBytes::TooLong(len))) => return Err(length(name, len, max)),
            Ok(None) => {}
            Err(error) => return Err(unreadable(&name.to_string(), &error)),
        }
    }
    Err(TilesError::Missing {
        name: name.to_string(),
    })
}

/// A small file's contents.
pub(crate) fn read<F: TileFiles>(
    files: &F,
    name: &str,
    max: u64,
) -> Result<Option<Vec<u8>>, TilesError> {
    match files.read(name, max) {
        Ok(None) => Ok(None),
        Ok(Some(FileBytes::Whole(bytes))) => Ok(Some(bytes)),
        Ok(Some(FileBytes::TooLong(len))) => Err(TilesError::Contents {
            name: name.into(),
            offset: max,
            expected: format!("at most {max} bytes, the file has {len}"),
        }),
        Err(error) => Err(unreadable(name, &error)),
    }
}

fn length(name: TileName, found: u64, expected: u64) -> TilesError {
    let most = match name.kind() {
        TileKind::Hashes(_) => "",
        _ => "at most ",
    };
    TilesError::Contents {
        name: name.to_string(),
        offset: found.min(expected),
        expected: format!("{most}{expected} bytes, the file has {found}"),
    }
}

pub(crate) fn unreadable(name: &str, error: &impl std::fmt::Display) -> TilesError {
    TilesError::Read {
        name: name.into(),
        reason: error.to_string(),
    }
}
