//! A store of leaves and every eighth level, as the tile adaptor reads it.

use crate::{at, leaf, size, tree};
use ai_audit_merkle::{
    Frontier, LeafHash, NodeHash, NodeReader as _, ProveError, TILE_HEIGHT, TILE_WIDTH, TileError,
    TileReader, Tiled, consistency_proof, inclusion_proof,
};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Keeps of a growing log what a store keeps, and counts what is read.
#[derive(Debug, Default)]
pub(crate) struct Store<const HEIGHT: u32 = TILE_HEIGHT> {
    frontier: Frontier,
    levels: BTreeMap<u32, Vec<NodeHash>>,
    reads: Vec<(u32, u64)>,
}

impl<const HEIGHT: u32> Store<HEIGHT> {
    pub(crate) fn push(&mut self, leaf: LeafHash) {
        let levels = &mut self.levels;
        let keep = |level, _, node| {
            if level % HEIGHT == 0 {
                levels.entry(level / HEIGHT).or_default().push(node);
            }
        };
        self.frontier.push_with(leaf, keep).unwrap();
    }
}

impl<const HEIGHT: u32> TileReader for Store<HEIGHT> {
    const HEIGHT: u32 = HEIGHT;
    type Error = Infallible;
    fn hashes(&mut self, level: u32, tile: u64, out: &mut Vec<NodeHash>) -> Result<(), Infallible> {
        self.reads.push((level, tile));
        let start = usize::try_from(tile.saturating_mul(1 << HEIGHT)).unwrap_or(usize::MAX);
        let nodes = self
            .levels
            .get(&level)
            .and_then(|level| level.get(start..))
            .unwrap_or(&[]);
        out.extend(nodes.iter().take(1 << HEIGHT));
        Ok(())
    }
}

fn store<const HEIGHT: u32>(count: u64) -> Store<HEIGHT> {
    let mut store = Store::default();
    for i in 0..count {
        store.push(leaf(i));
    }
    store
}

#[test]
fn each_tile_is_read_once() {
    let mut tiled = Tiled::new(store::<8>(66_000));
    let reads = |tiled: &mut Tiled<Store>| {
        let reads = std::mem::take(&mut tiled.reader_mut().reads);
        let mut once = reads.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), reads.len(), "a tile was read twice: {reads:?}");
        reads.len()
    };
    inclusion_proof(&mut tiled, at(5), size(66_000)).unwrap();
    // Two tile levels below the root's left half, and two at the right edge.
    assert_eq!(reads(&mut tiled), 4);
    inclusion_proof(&mut tiled, at(5), size(66_000)).unwrap();
    assert_eq!(reads(&mut tiled), 0, "warm");
    consistency_proof(&mut tiled, size(40_001), size(65_999)).unwrap();
    assert!(reads(&mut tiled) <= 2);
}

#[test]
fn growing_tile_is_read_again() {
    let mut tiled = Tiled::new(store::<8>(3));
    let before = inclusion_proof(&mut tiled, at(1), size(3)).unwrap();
    for i in 3..600 {
        tiled.reader_mut().push(leaf(i));
    }
    assert_eq!(inclusion_proof(&mut tiled, at(1), size(3)).unwrap(), before);
    for n in [4, 255, 256, 257, 512, 600] {
        let proof = inclusion_proof(&mut tiled, at(2), size(n)).unwrap();
        assert_eq!(
            proof,
            inclusion_proof(&mut tree(n), at(2), size(n)).unwrap(),
            "{n}"
        );
    }
}

#[test]
fn lower_tiles_are_more_and_smaller() {
    fn proofs<const HEIGHT: u32>() {
        let mut tiled = Tiled::new(store::<HEIGHT>(700));
        for n in [1, 2, 15, 16, 17, 255, 256, 257, 511, 512, 513, 699, 700] {
            for index in (0..n).step_by(7) {
                let proof = inclusion_proof(&mut tiled, at(index), size(n)).unwrap();
                let expected = inclusion_proof(&mut tree(n), at(index), size(n)).unwrap();
                assert_eq!(proof, expected, "height {HEIGHT}: {index} of {n}");
            }
        }
        let missing = TileError::Missing {
            level: 1,
            index: 350,
        };
        assert_eq!(tiled.node(1, 350), Err(missing));
    }
    proofs::<1>();
    proofs::<3>();
    proofs::<4>();
    proofs::<7>();
}

/// A small cache forgets tiles, never answers wrongly.
#[test]
fn forgotten_tiles_are_read_again() {
    let count = 256 * 50;
    let (mut tiled, mut memory) = (Tiled::with_capacity(store::<8>(count), 1), tree(count));
    for round in 0..2 {
        for tile in 0..50 {
            let index = tile * 256 + round;
            let proof = inclusion_proof(&mut tiled, at(index), size(count)).unwrap();
            assert_eq!(
                proof,
                inclusion_proof(&mut memory, at(index), size(count)).unwrap()
            );
        }
    }
    assert!(
        tiled.reader().reads.len() > 60,
        "32 tiles are kept, 50 were used twice"
    );
}

#[test]
fn missing_and_overlong_tiles() {
    let mut tiled = Tiled::new(store::<8>(10));
    let missing = |level, index| Err(TileError::Missing { level, index });
    for (level, index) in [
        (0, 10),
        (0, u64::MAX),
        (3, 1),
        (8, 0),
        (63, 0),
        (63, 1),
        (64, 0),
        (u32::MAX, u64::MAX),
    ] {
        assert_eq!(tiled.node(level, index), missing(level, index));
    }
    assert_eq!(
        inclusion_proof(&mut tiled, at(0), size(11)),
        Err(ProveError::Reader(TileError::Missing {
            level: 0,
            index: 10
        }))
    );
    struct Wide;
    impl TileReader for Wide {
        type Error = Infallible;
        fn hashes(&mut self, _: u32, _: u64, out: &mut Vec<NodeHash>) -> Result<(), Infallible> {
            out.resize(257, NodeHash::EMPTY);
            Ok(())
        }
    }
    assert_eq!(
        Tiled::new(Wide).node(0, 0),
        Err(TileError::TooWide {
            found: 257,
            most: TILE_WIDTH
        })
    );
}

#[test]
fn errors_of_the_store_come_through() {
    struct Broken;
    impl TileReader for Broken {
        type Error = &'static str;
        fn hashes(&mut self, _: u32, _: u64, _: &mut Vec<NodeHash>) -> Result<(), &'static str> {
            Err("disk on fire")
        }
    }
    let error = inclusion_proof(&mut Tiled::new(Broken), at(0), size(2)).unwrap_err();
    assert_eq!(error, ProveError::Reader(TileError::Reader("disk on fire")));
    assert_eq!(error.to_string(), "stored tree: disk on fire");
}
