//! Names of tiles and bundles.

use ai_audit_merkle::{TILE_HEIGHT, TILE_WIDTH, TreeSize};
use std::fmt;

/// The highest level that a tree of less than 2^64 leaves has tiles of.
pub(crate) const MAX_LEVEL: u8 = 7;
/// Width of a full tile.
const FULL: u16 = 256;
const _: () = assert!(FULL as u64 == TILE_WIDTH);

/// What a file below `tile/` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of the tree, of this level from 0 to 7.
    Hashes(u8),
    /// Payloads of receipts.
    Entries,
    /// Signatures of receipts.
    Seals,
}

/// A tile or bundle: which one, and how wide.
///
/// ```
/// use ai_audit_export::tiles::{TileKind, TileName};
/// use ai_audit_merkle::TreeSize;
/// let name = TileName::of_size(TileKind::Hashes(0), 273, TreeSize::new(70_000)).unwrap();
/// assert_eq!(name.to_string(), "tile/0/273.p/112");
/// assert_eq!(TileName::parse("tile/0/273.p/112"), Some(name));
/// assert_eq!(TileName::parse("tile/0/0273.p/112"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileName {
    kind: TileKind,
    index: u64,
    /// 1 to 256.
    width: u16,
}

impl TileKind {
    /// All kinds.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=MAX_LEVEL)
            .map(Self::Hashes)
            .chain([Self::Entries, Self::Seals])
    }

    /// How many of its items a tree of some size has, all tiles together.
    pub(crate) fn items(self, size: TreeSize) -> u64 {
        match self {
            Self::Hashes(level) => size
                .as_u64()
                .checked_shr(TILE_HEIGHT * u32::from(level))
                .unwrap_or(0),
            Self::Entries | Self::Seals => size.as_u64(),
        }
    }
}

impl TileName {
    /// The tile of this index as a tree of `size` leaves has it; `None` if it has none.
    #[must_use]
    pub fn of_size(kind: TileKind, index: u64, size: TreeSize) -> Option<Self> {
        let start = index.checked_mul(TILE_WIDTH)?;
        let items = kind.items(size).checked_sub(start)?;
        let width = u16::try_from(items.min(TILE_WIDTH)).ok()?;
        (width > 0).then_some(Self { kind, index, width })
    }

    /// Reads a name in the one form that it has.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            "seals" => TileKind::Seals,
            level => TileKind::Hashes(level.parse().ok().filter(|level| *level <= MAX_LEVEL)?),
        };
        let (path, width) = match rest.split_once(".p/") {
            Some((path, width)) => (path, width.parse().ok().filter(|width| *width < FULL)?),
            None => (rest, FULL),
        };
        let mut index: u64 = 0;
        for group in path.split('/') {
            let digits: u16 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
            index = index.checked_mul(1000)?.checked_add(digits.into())?;
        }
        let parsed = Self { kind, index, width };
        // Leading zeros, signs, groups of another length: none of them prints as it was.
        (width > 0 && parsed.to_string() == name).then_some(parsed)
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// Its index among its kind.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many items it has: 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has 256 items.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == FULL
    }

    /// Whether a tree of some size has it, or had when it was smaller.
    pub(crate) fn is_part_of(&self, size: TreeSize) -> bool {
        Self::of_size(self.kind, self.index, size).is_some_and(|tile| self.width <= tile.width)
    }

    /// Whether it is partial and a tree of some size has the full one.
    pub(crate) fn is_obsolete(&self, size: TreeSize) -> bool {
        let now = Self::of_size(self.kind, self.index, size);
        !self.is_full() && now.is_some_and(|tile| tile.is_full())
    }

    /// The same tile once it is full.
    #[must_use]
    pub const fn full(self) -> Self {
        Self {
            width: FULL,
            ..self
        }
    }
}

impl fmt::Display for TileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
            TileKind::Seals => f.write_str("tile/seals/")?,
        }
        // 2^64 has seven groups of three digits.
        let mut groups = [0; 7];
        let mut rest = self.index;
        for group in groups.iter_mut().rev() {
            *group = rest % 1000;
            rest /= 1000;
        }
        let first = groups.iter().position(|group| *group > 0).unwrap_or(6);
        let (before, last) = (&groups[first..6.max(first)], groups[6]);
        for group in before {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{last:03}")?;
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        let name = |index, width| TileName {
            kind: TileKind::Entries,
            index,
            width,
        };
        for (index, width, text) in [
            (0, FULL, "tile/entries/000"),
            (5, 1, "tile/entries/005.p/1"),
            (999, FULL, "tile/entries/999"),
            (1000, FULL, "tile/entries/x001/000"),
            (1_234_067, 255, "tile/entries/x001/x234/067.p/255"),
            (
                u64::MAX,
                FULL,
                "tile/entries/x018/x446/x744/x073/x709/x551/615",
            ),
        ] {
            assert_eq!(name(index, width).to_string(), text);
            assert_eq!(TileName::parse(text), Some(name(index, width)), "{text}");
        }
        for text in [
            "",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001",
            "tile/00/001",
            "tile/8/001",
            "tile/+1/001",
            "tile/entry/001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/01",
            "tile/0/001.p/",
            "tile/0/001.p/1/2",
            "tile/0/+01",
            "tile/0/001/",
            "/tile/0/001",
            "tile//0/001",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/../0/001",
        ] {
            assert_eq!(TileName::parse(text), None, "{text}");
        }
    }

    /// The example of the specification.
    #[test]
    fn a_tree_of_70000() {
        let size = TreeSize::new(70_000);
        let name = |level, index| {
            TileName::of_size(TileKind::Hashes(level), index, size).map(|name| name.to_string())
        };
        assert_eq!(name(0, 272).as_deref(), Some("tile/0/272"));
        assert_eq!(name(0, 273).as_deref(), Some("tile/0/273.p/112"));
        assert_eq!(name(0, 274), None);
        assert_eq!(name(1, 0).as_deref(), Some("tile/1/000"));
        assert_eq!(name(1, 1).as_deref(), Some("tile/1/001.p/17"));
        assert_eq!(name(2, 0).as_deref(), Some("tile/2/000.p/1"));
        assert_eq!(name(3, 0), None);
        let name = TileName::of_size(TileKind::Hashes(1), 0, TreeSize::new(256));
        assert_eq!(name.unwrap().to_string(), "tile/1/000.p/1");
        let largest = TreeSize::new(u64::MAX);
        assert_eq!(
            TileName::of_size(TileKind::Hashes(7), 0, largest)
                .unwrap()
                .width(),
            255
        );
        assert_eq!(
            TileName::of_size(TileKind::Hashes(0), u64::MAX, largest),
            None
        );
    }
}
