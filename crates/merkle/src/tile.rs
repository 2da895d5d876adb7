//! Nodes out of tiles, for stores that keep the leaves and every eighth level only.
//!
//! The tiling is that of C2SP tlog-tiles: tile `t` of tile level `l` holds the nodes
//! `256 t` to `256 t + 255` of tree level `8 l`. The seven levels between two tile levels follow
//! from the tile below them. A store that keeps more levels says so with [`TileReader::HEIGHT`], and
//! its tiles are smaller.

use crate::prove::NodeReader;
use ai_audit_core::NodeHash;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

/// Tree levels from one tile level to the next.
pub const TILE_HEIGHT: u32 = 8;
/// Nodes of a full tile.
pub const TILE_WIDTH: u64 = 256;

/// A proof touches two tiles a tile level, the leaf's and the one at the right edge: this many tiles at
/// once are never too few for tiles of height 4 and more.
const MIN_CACHED_TILES: usize = 32;
/// With their inner nodes 64 tiles of height 8 are 1 MiB.
const DEFAULT_CACHED_TILES: usize = 64;

/// Reads the tiles of a log.
pub trait TileReader {
    /// Tree levels from one tile level to the next, 1 to 8. A proof needs few nodes of a tile, and all
    /// of the tile's have to be read and hashed for them: a tile of height 4 has 16, one of 8 has 256.
    const HEIGHT: u32 = TILE_HEIGHT;

    /// Why a tile could not be read.
    type Error;

    /// Puts the nodes of a tile into `out`, which is empty: the complete nodes of tree level
    /// `HEIGHT * tile_level` from index `tile_index << HEIGHT` on, as many as there are,
    /// `1 << HEIGHT` at most ([`TILE_WIDTH`] of height 8). A tile that is not there yet has none.
    ///
    /// # Errors
    /// The store failed.
    fn hashes(
        &mut self,
        tile_level: u32,
        tile_index: u64,
        out: &mut Vec<NodeHash>,
    ) -> Result<(), Self::Error>;
}

/// Makes a [`NodeReader`] of a [`TileReader`].
///
/// It keeps the tiles that it read, with the nodes between their levels, so that a proof reads
/// each tile once, and a warm one hashes next to nothing. Since a log only grows, a tile that
/// was kept stays right; one that was not full is read again when a node beyond it is asked for.
#[derive(Debug)]
pub struct Tiled<R> {
    reader: R,
    tiles: BTreeMap<(u32, u64), Tile>,
    capacity: usize,
    clock: u64,
}

/// Why a node could not be had from tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TileError<E> {
    /// The store failed.
    Reader(E),
    /// The store has not all leaves of this node.
    Missing {
        /// Level of the node; 0 are the leaves.
        level: u32,
        /// Index of the node within its level.
        index: u64,
    },
    /// The store gave more nodes than a tile has.
    TooWide {
        /// Number of nodes given.
        found: usize,
        /// Number of nodes that a tile has.
        most: u64,
    },
}

#[derive(Debug, Default)]
struct Tile {
    /// The tile's own nodes, then the levels above as far as the tile goes, each half as long (rounded
    /// down).
    levels: [Vec<NodeHash>; TILE_HEIGHT as usize],
    used: u64,
}

impl<R> Tiled<R> {
    /// Over `reader`, keeping up to 64 tiles (1 MiB of height 8).
    #[must_use]
    pub const fn new(reader: R) -> Self {
        Self {
            reader,
            tiles: BTreeMap::new(),
            capacity: DEFAULT_CACHED_TILES,
            clock: 0,
        }
    }

    /// Over `reader`, keeping up to `tiles` tiles (16 KiB each of height 8, 1 KiB of 4), but not less
    /// than one proof needs (32).
    #[must_use]
    pub fn with_capacity(reader: R, tiles: usize) -> Self {
        Self {
            capacity: tiles.max(MIN_CACHED_TILES),
            ..Self::new(reader)
        }
    }

    /// The reader of the tiles.
    #[must_use]
    pub const fn reader(&self) -> &R {
        &self.reader
    }

    /// The reader of the tiles, to change it. What is kept of its log must stay right.
    #[must_use]
    pub const fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The reader of the tiles, back.
    #[must_use]
    pub fn into_reader(self) -> R {
        self.reader
    }
}

impl<R: TileReader> Tiled<R> {
    /// Nodes of a full tile.
    const WIDTH: u64 = {
        assert!(
            R::HEIGHT >= 1 && R::HEIGHT <= TILE_HEIGHT,
            "tiles are of height 1 to 8"
        );
        1 << R::HEIGHT
    };

    /// Reads a tile, or what was added to it since.
    fn load(&mut self, key: (u32, u64)) -> Result<(), TileError<R::Error>> {
        let most = Self::WIDTH;
        let mut hashes = Vec::with_capacity(1 << R::HEIGHT);
        self.reader
            .hashes(key.0, key.1, &mut hashes)
            .map_err(TileError::Reader)?;
        let found = hashes.len();
        if u64::try_from(found).map_or(true, |found| found > most) {
            return Err(TileError::TooWide { found, most });
        }
        if !self.tiles.contains_key(&key) && self.tiles.len() >= self.capacity {
            let oldest = self
                .tiles
                .iter()
                .min_by_key(|(_, tile)| tile.used)
                .map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                self.tiles.remove(&oldest);
            }
        }
        let tile = self.tiles.entry(key).or_default();
        tile.used = self.clock;
        tile.extend(&hashes, R::HEIGHT);
        Ok(())
    }
}

impl<R: TileReader> NodeReader for Tiled<R> {
    type Error = TileError<R::Error>;

    fn node(&mut self, level: u32, index: u64) -> Result<NodeHash, Self::Error> {
        let missing = TileError::Missing { level, index };
        let (tile_level, height) = (level / R::HEIGHT, level % R::HEIGHT);
        if level >= u64::BITS {
            return Err(missing);
        }
        // A tile has this many nodes of the level.
        let width = Self::WIDTH >> height;
        let key = (tile_level, index / width);
        let (Ok(height), Ok(offset)) = (usize::try_from(height), usize::try_from(index % width))
        else {
            return Err(missing);
        };
        self.clock = self.clock.saturating_add(1);
        if let Some(tile) = self.tiles.get_mut(&key) {
            tile.used = self.clock;
            if let Some(node) = tile.node(height, offset) {
                return Ok(node);
            }
        }
        self.load(key)?;
        self.tiles
            .get(&key)
            .and_then(|tile| tile.node(height, offset))
            .ok_or(missing)
    }
}

impl Tile {
    fn node(&self, height: usize, offset: usize) -> Option<NodeHash> {
        self.levels.get(height)?.get(offset).copied()
    }

    /// Adds what is new in `hashes`, the tile's nodes from the first on.
    fn extend(&mut self, hashes: &[NodeHash], levels: u32) {
        let known = self.levels[0].len();
        self.levels[0].extend_from_slice(hashes.get(known..).unwrap_or(&[]));
        for (height, _) in (1..self.levels.len()).zip(1..levels) {
            let (below, above) = self.levels.split_at_mut(height);
            let (Some(below), Some(level)) = (below.last(), above.first_mut()) else {
                return;
            };
            let (pairs, _) = below.as_chunks::<2>();
            let new = pairs.get(level.len()..).unwrap_or(&[]);
            level.extend(
                new.iter()
                    .map(|[left, right]| NodeHash::parent(left, right)),
            );
        }
    }
}

impl<E: fmt::Display> fmt::Display for TileError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reader(error) => error.fmt(f),
            Self::Missing { level, index } => {
                write!(
                    f,
                    "node {index} of level {level} is not in the stored tiles"
                )
            }
            Self::TooWide { found, most } => {
                write!(f, "tile: expected at most {most} hashes, found {found}")
            }
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for TileError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Reader(error) => Some(error),
            Self::Missing { .. } | Self::TooWide { .. } => None,
        }
    }
}
