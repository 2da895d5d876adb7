//! Published logs: C2SP tlog-tiles as static files, written incrementally, read as an enemy's.
//!
//! The format is in `docs/spec/tiles.md`. Where the files are is the caller's matter: a folder, an
//! object store, a map in memory ([`MemoryFiles`]); the traits are [`TileFiles`] and [`TileStore`].

mod check;
mod files;
mod name;
mod publish;
mod read;
mod survey;
mod verify;

pub use files::{FileBytes, MemoryFiles, TileFiles, TileStore};
pub use name::{TileKind, TileName};
pub use publish::{PublishError, PublishOptions, Published, publish};
pub use read::{PublishedLog, PublishedTiles, TilesError};
pub use verify::{observe_tiles, verify_tiles};

/// The file of the newest checkpoint.
pub const TILES_CHECKPOINT: &str = "checkpoint";
/// What all tiles and bundles are below.
pub const TILES_FOLDER: &str = "tile";
/// Held by whoever publishes into a folder.
pub const PUBLISH_LOCK: &str = ".publish.lock";
/// Where a file is written before it appears under its name.
pub const PUBLISH_PART: &str = ".publish.part";
