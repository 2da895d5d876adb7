//! Whom each record follows, and which ones follow one that is followed already.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::chains::at;
use super::table::{NONE, Table};
use crate::RecordKind;
use crate::finding::{Fails, FindingClass, Findings, Place};

/// Records that name the same one before them, and those that have the hash.
struct Family<'i> {
    children: &'i [u32],
    parents: &'i [u32],
}

/// Of each record the one that it follows; [`NONE`] where it names none or it is not there. Tells of
/// forks: two records that name the same one before, and are not the same.
///
/// A batch seal names the root of the one before, and whoever seals the same receipts twice has two
/// seals with one root. Each of them may be followed once.
pub(crate) fn find(table: &Table, repeated: &[bool], findings: &mut Findings) -> Vec<u32> {
    let by_link = table.sorted(
        |entry| !entry.starts,
        |entry| &entry.link,
        |entry| (entry.link, entry.group),
    );
    // Where two say that they have the hash, the one that holds is meant.
    let by_key = table.sorted(
        |_| true,
        |entry| &entry.key,
        |entry| (entry.key, entry.group, entry.altered),
    );
    let link = |index: &u32| table.get(*index).map(|entry| (entry.link, entry.group));
    let key = |index: &u32| table.get(*index).map(|entry| (entry.key, entry.group));
    let once = |index: &&u32| repeated.get(**index as usize) != Some(&true);

    let mut parents = vec![NONE; table.entries.len()];
    // Where several are followed: who follows which of them is still open.
    let mut open: Vec<Vec<(u32, u32)>> = Vec::new();
    let mut named = by_key.chunk_by(|a, b| key(a) == key(b)).peekable();
    for children in by_link.chunk_by(|a, b| link(a) == link(b)) {
        let wanted = children.first().and_then(link);
        while named
            .next_if(|parents| parents.first().and_then(key) < wanted)
            .is_some()
        {}
        let found = named.next_if(|parents| parents.first().and_then(key) == wanted);
        let family = Family {
            children,
            parents: found.unwrap_or_default(),
        };
        let first = family.parents.first().copied().unwrap_or(NONE);
        for child in children {
            set(&mut parents, *child, first);
        }
        let pairs = family.pairs(table, once);
        for (parent, child) in &pairs {
            set(&mut parents, *child, *parent);
        }
        let room = pairs.len().max(1);
        tell_forks(table, children.iter().filter(once), room, findings);
        if pairs.len() > 1 {
            open.push(pairs);
        }
    }
    join_circles(&mut parents, open);
    parents
}

impl Family<'_> {
    /// Which seal of several with the same root is followed by which; [`NONE`] where none is left to
    /// follow it. Empty where there are not several.
    fn pairs(&self, table: &Table, once: impl Fn(&&u32) -> bool) -> Vec<(u32, u32)> {
        let seals = self.parents.first().and_then(|first| table.get(*first));
        if self.parents.len() < 2
            || seals.and_then(|seal| table.kind_of(seal)) != Some(RecordKind::BatchSeal)
        {
            return Vec::new();
        }
        let mut children = self.children.iter().filter(&once);
        self.parents
            .iter()
            .filter(&once)
            .map(|parent| (*parent, children.next().copied().unwrap_or(NONE)))
            .collect()
    }
}

/// Tells of every child for which there is no room.
fn tell_forks<'i>(
    table: &Table,
    mut children: impl Iterator<Item = &'i u32>,
    room: usize,
    findings: &mut Findings,
) {
    let Some(before) = children.next().and_then(|first| table.get(*first)) else {
        return;
    };
    let entries = children
        .skip(room - 1)
        .filter_map(|index| table.get(*index));
    for entry in entries {
        let (class, fails) = (FindingClass::Forked, Fails::Integrity);
        at(table, findings, class, fails, entry, || {
            let other = table.id(before);
            format!(
                "it names the same record before it as {} does",
                Place(before.line, &other)
            )
        });
    }
}

/// Pairs of the same root can be exchanged: those that lie on a circle are put into a chain that comes
/// by the same root, so that a circle is left only where nothing leads into it.
fn join_circles(parents: &mut [u32], open: Vec<Vec<(u32, u32)>>) {
    if open.is_empty() {
        return;
    }
    let mut parts = Parts::new(parents);
    for mut pairs in open {
        let Some(((first, mut follows), others)) = pairs.split_first_mut().map(|(a, b)| (*a, b))
        else {
            continue;
        };
        for (parent, child) in others {
            if parts.join(first, *parent) {
                core::mem::swap(&mut follows, child);
                set(parents, follows, first);
                set(parents, *child, *parent);
            }
        }
    }
}

fn set(parents: &mut [u32], child: u32, parent: u32) {
    if let Some(place) = parents.get_mut(child as usize) {
        *place = parent;
    }
}

/// Which records hang together, and whether as a chain or as a circle.
struct Parts {
    /// Of each record another one of its part, or itself.
    of: Vec<u32>,
    /// Of each part whether it has a beginning.
    begins: Vec<bool>,
}

impl Parts {
    fn new(parents: &[u32]) -> Self {
        let mut parts = Self {
            of: (0..).take(parents.len()).collect(),
            begins: parents.iter().map(|parent| *parent == NONE).collect(),
        };
        for (index, parent) in (0..).zip(parents).filter(|(_, parent)| **parent != NONE) {
            parts.unite(index, *parent);
        }
        parts
    }

    /// The record that stands for the part.
    fn find(&mut self, mut index: u32) -> u32 {
        while let Some(next) = self.of.get(index as usize).copied().filter(|n| *n != index) {
            let behind = self.of.get(next as usize).copied().unwrap_or(next);
            if let Some(of) = self.of.get_mut(index as usize) {
                *of = behind;
            }
            index = next;
        }
        index
    }

    fn begins(&self, part: u32) -> bool {
        self.begins.get(part as usize) == Some(&true)
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        let begins = self.begins(a) || self.begins(b);
        if let Some(of) = self.of.get_mut(a as usize) {
            *of = b;
        }
        if let Some(place) = self.begins.get_mut(b as usize) {
            *place = begins;
        }
    }

    /// Makes one part of two of which one at least is a circle; says whether it did.
    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        let joins = a != b && !(self.begins(a) && self.begins(b));
        if joins {
            self.unite(a, b);
        }
        joins
    }
}
