//! Every hash tile is what the level below makes it.

use super::name::MAX_LEVEL;
use super::read::hash_tile;
use super::{TileFiles, TileKind, TileName, TilesError};
use ai_audit_core::NodeHash;
use ai_audit_merkle::{TILE_WIDTH, TreeSize};

/// Takes the full tiles of level 0 in turn and compares the levels above.
#[derive(Debug)]
pub(crate) struct TreeCheck<'f, F> {
    files: &'f F,
    size: TreeSize,
    levels: [Level; MAX_LEVEL as usize],
}

/// A level from 1 on: what the level below made of it and was not compared yet.
#[derive(Debug, Default)]
struct Level {
    index: u64,
    hashes: Vec<NodeHash>,
}

impl<'f, F: TileFiles> TreeCheck<'f, F> {
    /// For the tree of this size.
    pub(crate) fn new(files: &'f F, size: TreeSize) -> Self {
        Self {
            files,
            size,
            levels: Default::default(),
        }
    }

    /// Takes the next full tile of level 0.
    ///
    /// # Errors
    ///
    /// The first tile above that is not what it should be. Others are compared all the same.
    pub(crate) fn push(&mut self, tile: &[NodeHash]) -> Result<(), TilesError> {
        let mut outcome = Ok(());
        let mut root = tile_root(tile);
        for (level, place) in (1..).zip(0..self.levels.len()) {
            self.levels[place].hashes.push(root);
            if self.levels[place].hashes.len() as u64 != TILE_WIDTH {
                break;
            }
            outcome = outcome.and(self.compare(level, place));
            let full = &mut self.levels[place];
            root = tile_root(&full.hashes);
            full.hashes.clear();
            full.index += 1;
        }
        outcome
    }

    /// Compares the partial tiles at the end.
    ///
    /// # Errors
    ///
    /// As [`TreeCheck::push`].
    pub(crate) fn finish(&self) -> Result<(), TilesError> {
        let mut outcome = Ok(());
        for (level, place) in (1..).zip(0..self.levels.len()) {
            if !self.levels[place].hashes.is_empty() {
                outcome = outcome.and(self.compare(level, place));
            }
        }
        outcome
    }

    fn compare(&self, level: u8, place: usize) -> Result<(), TilesError> {
        let Level { index, hashes } = &self.levels[place];
        let Some(name) = TileName::of_size(TileKind::Hashes(level), *index, self.size) else {
            // As many were pushed as the size has.
            return Ok(());
        };
        let found = hash_tile(self.files, name)?;
        let differs = found.iter().zip(hashes).position(|(a, b)| a != b);
        let Some(differs) = differs.map(|place| place as u64) else {
            return Ok(());
        };
        let below = index * TILE_WIDTH + differs;
        let below = TileName::of_size(TileKind::Hashes(level - 1), below, self.size);
        Err(TilesError::Contents {
            name: name.to_string(),
            offset: 32 * differs,
            expected: format!(
                "the root of {}",
                below.map_or_else(|| "the tile below".into(), |name| name.to_string())
            ),
        })
    }
}

/// The root over a full tile's hashes.
pub(crate) fn tile_root(hashes: &[NodeHash]) -> NodeHash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks::<2>();
        let pairs = pairs.iter();
        level = pairs.map(|[a, b]| NodeHash::parent(a, b)).collect();
    }
    level.first().copied().unwrap_or(NodeHash::EMPTY)
}
