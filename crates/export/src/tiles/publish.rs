//! Publishing a log: only what is new, the checkpoint last.

mod error;

use super::check::tile_root;
use super::read::unreadable;
use super::{
    PUBLISH_LOCK, PUBLISH_PART, PublishedLog, PublishedTiles, TILES_CHECKPOINT, TileFiles,
    TileKind, TileName, TileStore,
};
use crate::LogEvidence;
use ai_audit_core::{
    Chain, Head, LeafHash, MAX_SEALED_LEN, Next, ReceiptSource, UnverifiedReceipt,
};
use ai_audit_merkle::{NodeReader, TILE_HEIGHT, TILE_WIDTH, Tiled, TreeSize, root};
use ai_audit_note::{Checkpoint, SignedNote, VKey};

pub use error::PublishError;

/// What is published of a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PublishOptions {
    /// The tree alone: neither payloads nor signatures.
    pub hashes_only: bool,
}

/// What was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Size of the checkpoint that is published now.
    pub size: TreeSize,
    /// Size of the one that was published before.
    pub before: Option<TreeSize>,
    /// Files that were written.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// Publishes a log up to `checkpoint`, which the key `line` signed, where `out` is empty or holds
/// an earlier state of the same log. `progress` is told how many receipts were written, of how many.
///
/// Where it is stopped, what is in `out` fits the checkpoint that is in `out`, and the next run goes
/// on from there.
///
/// # Errors
///
/// See [`PublishError`].
pub fn publish<L: LogEvidence, S: TileStore>(
    log: &L,
    checkpoint: &SignedNote,
    line: &VKey,
    out: &mut S,
    options: PublishOptions,
    mut progress: impl FnMut(u64, u64),
) -> Result<Published, PublishError> {
    let text = checkpoint.to_string();
    let head = Checkpoint::open(text.as_bytes(), line)?;
    let names = Names::of(out)?;
    let before = published(log, out, line, &head, options, &names)?;
    let old = before.as_ref();
    let old = old.map_or(TreeSize::ZERO, |(before, _)| before.size);
    let new = head.size;
    let mut done = Published {
        size: new,
        before: before.as_ref().map(|(before, _)| before.size),
        files: 0,
        bytes: 0,
    };
    if old < new {
        // A run that was stopped may have left files in part; nobody relies on them.
        for tile in names.tiles.iter().filter(|tile| !tile.is_part_of(old)) {
            out.remove(&tile.to_string()).map_err(failed)?;
        }
        let mut writer = Writer {
            out,
            done: &mut done,
        };
        let mut written = hashes(log, &mut writer, old, new);
        if written.is_ok() && !options.hashes_only {
            written = receipts(log, &mut writer, old, new, &mut progress);
        }
        let written = written.and_then(|()| {
            out.sync().map_err(failed)?;
            are_of(&*out, &head, before.as_ref().map(|(before, _)| before))
        });
        if let Err(error) = written {
            // Where the log cannot be published nothing of it is left. Where files cannot be written, neither
            // can they be expected to go; the next run removes them.
            if !matches!(error, PublishError::Write(_)) {
                take_back(out, old);
            }
            return Err(error);
        }
    }
    if before.is_none_or(|(_, note)| note != text) {
        Writer {
            out,
            done: &mut done,
        }
        .write(TILES_CHECKPOINT, text.as_bytes())?;
        out.sync().map_err(failed)?;
    }
    for tile in names.tiles.iter().filter(|tile| tile.is_obsolete(new)) {
        out.remove(&tile.to_string()).map_err(failed)?;
    }
    Ok(done)
}

/// Checks the roots out of the files, as everybody else will.
fn are_of<F: TileFiles>(
    out: &F,
    head: &Checkpoint,
    before: Option<&Checkpoint>,
) -> Result<(), PublishError> {
    let mut nodes = Tiled::new(PublishedTiles::new(out, head.size));
    for checkpoint in [Some(head), before].into_iter().flatten() {
        let size = checkpoint.size;
        let found = root(&mut nodes, size).map_err(|error| PublishError::Tiles {
            what: error.to_string(),
        })?;
        if found != checkpoint.root {
            return Err(PublishError::Tiles {
                what: format!("the written tiles do not have the root of size {size}"),
            });
        }
    }
    Ok(())
}

/// Removes what no published checkpoint covers, as far as that can be done.
fn take_back<S: TileStore>(out: &mut S, old: TreeSize) {
    let Ok(names) = Names::of(out) else {
        return;
    };
    for tile in names.tiles.iter().filter(|tile| !tile.is_part_of(old)) {
        // What stays is removed by the next run; why this one failed matters more.
        let _ = out.remove(&tile.to_string());
    }
}

/// What is published already, once it is sure that the log goes on from there.
fn published<L: LogEvidence, S: TileStore>(
    log: &L,
    out: &S,
    line: &VKey,
    head: &Checkpoint,
    options: PublishOptions,
    names: &Names,
) -> Result<Option<(Checkpoint, String)>, PublishError> {
    if !names.checkpoint {
        // A first run that was stopped leaves tiles without a checkpoint.
        return match &names.foreign {
            Some(name) => Err(PublishError::Foreign { name: name.clone() }),
            None => Ok(None),
        };
    }
    let wrong = |what: String| PublishError::Published { what };
    let published = PublishedLog::open(out).map_err(|error| wrong(error.to_string()))?;
    let (before, note) = (published.checkpoint().clone(), published.note());
    if before.origin != head.origin {
        return Err(PublishError::OtherLog {
            published: before.origin,
            own: head.origin.clone(),
        });
    }
    note.verify(line)
        .map_err(|error| wrong(format!("{TILES_CHECKPOINT}: {error}")))?;
    if before.size > head.size {
        return Err(PublishError::Ahead {
            published: before.size,
            own: head.size,
        });
    }
    let own = match before.size == head.size {
        true => head.root,
        false => root(&mut log.nodes(), before.size)
            .map_err(|error| PublishError::Source(error.to_string()))?,
    };
    if own != before.root {
        return Err(PublishError::Inconsistent { size: before.size });
    }
    if before.size > TreeSize::ZERO && names.entries == options.hashes_only {
        return Err(PublishError::Mode {
            entries: names.entries,
        });
    }
    let note = note.to_string();
    Ok(Some((before, note)))
}

/// What there is already.
#[derive(Debug, Default)]
struct Names {
    checkpoint: bool,
    entries: bool,
    tiles: Vec<TileName>,
    foreign: Option<String>,
}

impl Names {
    fn of<S: TileStore>(out: &S) -> Result<Self, PublishError> {
        let mut names = Self::default();
        out.names(&mut |name| match TileName::parse(name) {
            Some(tile) => {
                names.entries |= tile.kind() == TileKind::Entries;
                names.tiles.push(tile);
            }
            None if name == TILES_CHECKPOINT => names.checkpoint = true,
            None if name == PUBLISH_LOCK || name == PUBLISH_PART => {}
            None => {
                names.foreign.get_or_insert_with(|| name.into());
            }
        })
        .map_err(failed)?;
        Ok(names)
    }
}

/// Hash tiles of all levels that the old size had not.
fn hashes<L: LogEvidence, S: TileStore>(
    log: &L,
    writer: &mut Writer<'_, S>,
    old: TreeSize,
    new: TreeSize,
) -> Result<(), PublishError> {
    let mut nodes = log.nodes();
    let levels = TileKind::all().filter_map(|kind| match kind {
        TileKind::Hashes(level) => Some((kind, level)),
        TileKind::Entries | TileKind::Seals => None,
    });
    for (kind, level) in levels {
        for tile in tiles(kind, old, new) {
            let start = tile.index() * TILE_WIDTH;
            let mut read = |level: u8, place| {
                nodes
                    .node(TILE_HEIGHT * u32::from(level), place)
                    .map_err(|error| PublishError::Source(error.to_string()))
            };
            let mut hashes = Vec::with_capacity(tile.width().into());
            for place in start..start + u64::from(tile.width()) {
                hashes.push(read(level, place)?);
            }
            // Level by level up to the root, which is held against the checkpoint: so no hash is
            // published that a reader would refuse.
            if tile.is_full() && tile_root(&hashes) != read(level + 1, tile.index())? {
                return Err(PublishError::Source(format!(
                    "stored tree: the hashes of {tile} do not make the node above them"
                )));
            }
            let contents: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            writer.write(&tile.to_string(), &contents)?;
        }
    }
    Ok(())
}

/// Entry and seal bundles that the old size had not. The receipts follow each other and are those
/// of the tree.
fn receipts<L: LogEvidence, S: TileStore>(
    log: &L,
    writer: &mut Writer<'_, S>,
    old: TreeSize,
    new: TreeSize,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), PublishError> {
    let from_source = |error: &dyn std::fmt::Display| PublishError::Source(error.to_string());
    let first = old.as_u64() / TILE_WIDTH * TILE_WIDTH;
    let mut source = log
        .receipts_in(first.saturating_sub(1)..new.as_u64())
        .map_err(|error| from_source(&error))?;
    let mut nodes = log.nodes();
    let mut buf = vec![0; MAX_SEALED_LEN];
    let mut next = |seq| match source.read_next(&mut buf) {
        Ok(Some(Next::Sealed(len))) => Ok(buf[..len].to_vec()),
        Ok(Some(Next::Deleted(_))) => Err(PublishError::Deleted { seq }),
        Ok(None) => Err(PublishError::Source(format!("receipt {seq} is missing"))),
        Err(error) => Err(from_source(&error)),
    };
    let mut chain = Chain::new();
    if first > 0 {
        let sealed = next(first - 1)?;
        let receipt = parse(&sealed, first - 1)?;
        let header = receipt.header();
        chain = Chain::resume(Head::from_parts(
            header.log_id,
            first,
            receipt.hash(),
            header.sealed_at,
        ));
    }
    let total = new.as_u64() - first;
    for tile in tiles(TileKind::Entries, old, new) {
        let (mut entries, mut seals) = (Vec::new(), Vec::new());
        let start = tile.index() * TILE_WIDTH;
        for seq in start..start + u64::from(tile.width()) {
            let sealed = next(seq)?;
            let receipt = parse(&sealed, seq)?;
            chain
                .push(&receipt)
                .map_err(|error| PublishError::Chain { seq, error })?;
            let leaf = nodes.node(0, seq).map_err(|error| from_source(&error))?;
            if receipt.hash() != LeafHash::from_bytes(*leaf.as_bytes()) {
                return Err(PublishError::Leaf { seq });
            }
            // A receipt's payload is never longer.
            let len =
                u16::try_from(receipt.payload().len()).map_err(|error| from_source(&error))?;
            entries.extend_from_slice(&len.to_be_bytes());
            entries.extend_from_slice(receipt.payload());
            match receipt.signature() {
                Some(signature) => {
                    seals.push(64);
                    seals.extend_from_slice(signature.as_bytes());
                }
                None => seals.push(0),
            }
            progress(seq + 1 - first, total);
        }
        writer.write(&tile.to_string(), &entries)?;
        let seal = TileName::of_size(TileKind::Seals, tile.index(), new);
        // Cut as the entries are, so it is there.
        let seal = seal.unwrap_or(tile);
        writer.write(&seal.to_string(), &seals)?;
    }
    Ok(())
}

/// The tiles of a kind that a size has and an earlier one had not.
fn tiles(kind: TileKind, old: TreeSize, new: TreeSize) -> impl Iterator<Item = TileName> {
    let first = kind.items(old) / TILE_WIDTH;
    (first..)
        .map_while(move |index| {
            TileName::of_size(kind, index, new)
                .map(|tile| (tile, TileName::of_size(kind, index, old)))
        })
        .filter(|(tile, before)| Some(*tile) != *before)
        .map(|(tile, _)| tile)
}

fn parse(sealed: &[u8], seq: u64) -> Result<UnverifiedReceipt<'_>, PublishError> {
    UnverifiedReceipt::parse(sealed).map_err(|error| PublishError::Decode { seq, error })
}

fn failed(error: impl std::fmt::Display) -> PublishError {
    PublishError::Write(error.to_string())
}

struct Writer<'s, S> {
    out: &'s mut S,
    done: &'s mut Published,
}

impl<S: TileStore> Writer<'_, S> {
    fn write(&mut self, name: &str, contents: &[u8]) -> Result<(), PublishError> {
        self.out
            .write(name, contents)
            .map_err(|error| failed(unreadable(name, &error)))?;
        self.done.files += 1;
        self.done.bytes += contents.len() as u64;
        Ok(())
    }
}
