//! Epoch seals: which receipts an epoch had is found out, since the seal names only two of them.

use ai_audit_core::{LeafHash, NodeHash};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use super::{Held, library_root};
use crate::evidence::chains::Chains;
use crate::evidence::table::{Entry, Table, link_key};
use crate::{EpochSeal, RecordKind};

/// So many ways of cutting an epoch out of a chain are tried.
const TRIED: usize = 16;

/// What an epoch seal says.
#[derive(Debug)]
pub(super) struct EpochNote {
    index: u32,
    root: Option<NodeHash>,
    count: u64,
    first: [u8; 32],
    last: [u8; 32],
}

impl EpochNote {
    pub(super) fn new(index: u32, seal: &EpochSeal<'_>) -> Self {
        Self {
            index,
            root: seal.node_hash(),
            count: seal.receipt_count,
            first: link_key(&seal.first),
            last: link_key(&seal.last),
        }
    }
}

/// The decision receipts in the orders in which epochs are cut out of them.
struct Orders<'t> {
    table: &'t Table,
    chains: &'t Chains,
    /// How many receipts may still be gone through: epochs do not overlap, so that no genuine seals
    /// need more than a few times as many as there are.
    budget: u64,
    /// By hash and tenant.
    by_key: Vec<u32>,
    /// By tenant, time and place in the chain: the order of an epoch's tree.
    by_time: Vec<u32>,
    /// By chain and place in it: the order in which they came.
    by_chain: Vec<u32>,
}

/// Holds epoch seals against receipts, in the order of their own chain.
pub(super) fn hold(
    notes: &[EpochNote],
    table: &Table,
    chains: &Chains,
    unread: u64,
    mut tell: impl FnMut(u32, Held),
) {
    let mut orders = Orders::new(table, chains);
    let mut notes: Vec<&EpochNote> = notes.iter().collect();
    notes.sort_by_key(|note| chains.place(note.index));
    // Of each tenant where in `by_chain` the epoch before ended.
    let mut ends: BTreeMap<u32, usize> = BTreeMap::new();
    for note in notes {
        let seal_group = table.get(note.index).map_or(u32::MAX, |entry| entry.group);
        let end = ends.get(&seal_group).copied();
        let (held, end) = orders.hold(note, end, unread);
        match end {
            Some(end) => ends.insert(seal_group, end),
            None => ends.remove(&seal_group),
        };
        tell(note.index, held);
    }
}

impl Chains {
    /// A record's chain and place in it.
    fn place(&self, index: u32) -> (u32, u32) {
        let of = |list: &[u32]| list.get(index as usize).copied().unwrap_or(u32::MAX);
        (of(&self.root), of(&self.depth))
    }
}

impl<'t> Orders<'t> {
    fn new(table: &'t Table, chains: &'t Chains) -> Self {
        let decision = |entry: &Entry| table.kind_of(entry) == Some(RecordKind::Decision);
        let once = |indices: Vec<u32>| -> Vec<u32> {
            let twice = |index: &u32| chains.repeated.get(*index as usize) == Some(&true);
            indices.into_iter().filter(|index| !twice(index)).collect()
        };
        let by_key = once(table.sorted(
            decision,
            |entry| &entry.key,
            |entry| (entry.key, entry.group, entry.altered),
        ));
        let mut by_chain = by_key.clone();
        by_chain.sort_unstable_by_key(|index| (chains.place(*index), *index));
        let mut by_time = by_chain.clone();
        // Keeps the chain's order where times are the same, as the library does.
        by_time.sort_by_key(|index| table.get(*index).map(|entry| (entry.group, entry.micros)));
        Self {
            table,
            chains,
            budget: 64 * (by_key.len() as u64 + 64),
            by_key,
            by_time,
            by_chain,
        }
    }

    /// What a seal comes to, and where its epoch ends in the order of the chain.
    fn hold(
        &mut self,
        note: &EpochNote,
        start: Option<usize>,
        unread: u64,
    ) -> (Held, Option<usize>) {
        let Some(root) = note.root else {
            return (Held::forged("merkle_root is no hash".into()), None);
        };
        let tenant = self.table.get(note.index).and_then(|entry| {
            let tenant = self.table.group_of(entry)?.tenant;
            self.table.group_for(tenant, RecordKind::Decision)
        });
        let found = |key| tenant.and_then(|group| self.find(group, key));
        let (first, last) = match (found(note.first), found(note.last)) {
            (Some(first), Some(last)) => (first, last),
            _ if tenant.is_none() => return (Held::Absent, None),
            (None, None) => {
                let reason = format!("the {} receipts that it seals are missing", note.count);
                return (Held::missing(reason), None);
            }
            (first, _) => {
                let which = if first.is_none() { "first" } else { "last" };
                let reason = format!("the {which} receipt of the epoch that it seals is missing");
                return (Held::missing(reason), None);
            }
        };
        let Some(runs) = self.runs(note, first, last, start) else {
            let reason = "the seals together seal many times more receipts than are here";
            return (Held::forged(reason.into()), None);
        };
        let mut altered = false;
        // The most receipts with the right ends, and whether there are as many as it counts.
        let (mut most, mut as_many) = (0, false);
        for run in &runs {
            altered |= self.entries(&run.receipts).any(|entry| entry.altered);
            let ends = run.receipts.first() == Some(&first) && run.receipts.last() == Some(&last);
            if !ends {
                continue;
            }
            let here = run.receipts.len() as u64;
            most = most.max(here);
            as_many |= here == note.count;
            if here == note.count && self.root(&run.receipts) == root {
                return (Held::Fits, run.end);
            }
        }
        if altered {
            return (Held::Altered, None);
        }
        let count = note.count;
        let group = tenant.unwrap_or(u32::MAX) as usize;
        let cut = self.chains.beginnings.get(group).is_some_and(|b| b.cut > 0);
        if most < count && (cut || unread > 0) {
            let reason = format!("it seals {count} receipts, {most} of them are here");
            return (Held::missing(reason), None);
        }
        let reason = if as_many {
            format!("merkle_root is not that of the {count} receipts from its first to its last")
        } else {
            format!(
                "receipt_count says {count}, from its first to its last receipt there are {most}"
            )
        };
        (Held::forged(reason), None)
    }

    fn find(&self, group: u32, key: [u8; 32]) -> Option<u32> {
        let of = |index: &u32| self.table.get(*index).map(|e| (e.key, e.group));
        let place = self
            .by_key
            .partition_point(|index| of(index) < Some((key, group)));
        let index = self.by_key.get(place)?;
        (of(index) == Some((key, group))).then_some(*index)
    }

    /// The receipts that the epoch can have had, each way in the order of its tree. Nothing where the
    /// budget does not allow it.
    fn runs(
        &mut self,
        note: &EpochNote,
        first: u32,
        last: u32,
        start: Option<usize>,
    ) -> Option<Vec<Run>> {
        let mut runs = Vec::new();
        // By their times alone: enough where the clock never went back.
        let span = self.place_in_time(first).zip(self.place_in_time(last));
        if let Some((from, to)) = span {
            self.budget = self
                .budget
                .checked_sub((to + 1).saturating_sub(from) as u64)?;
            runs.push(Run {
                receipts: self.by_time.get(from..=to).unwrap_or_default().to_vec(),
                end: self.place_of(last).map(|place| place + 1),
            });
        }
        let count = usize::try_from(note.count).unwrap_or(usize::MAX);
        if count > self.by_chain.len() {
            return Some(runs);
        }
        // By the chain: as many as the seal counts, behind those of the epoch before.
        self.budget = self.budget.checked_sub(note.count)?;
        for from in self.starts(count, first, last, start) {
            let Some(receipts) = self.by_chain.get(from..from.saturating_add(count)) else {
                continue;
            };
            self.budget = self.budget.checked_sub(note.count)?;
            let mut receipts = receipts.to_vec();
            receipts.sort_by_key(|index| self.table.get(*index).map(|entry| entry.micros));
            runs.push(Run {
                receipts,
                end: Some(from + count),
            });
        }
        Some(runs)
    }

    /// Where in the chain's order the epoch can begin.
    fn starts(&self, count: usize, first: u32, last: u32, start: Option<usize>) -> Vec<usize> {
        let (Some(a), Some(b)) = (self.place_of(first), self.place_of(last)) else {
            return Vec::new();
        };
        let (low, high) = (a.min(b), a.max(b));
        let time = |index: u32| self.table.get(index).map_or(u64::MAX, |entry| entry.micros);
        let times = time(first)..=time(last);
        let chain = |place: usize| {
            let index = self.by_chain.get(place)?;
            times
                .contains(&time(*index))
                .then(|| self.chains.place(*index).0)
        };
        let own = self.chains.place(first).0;
        // As far around the two as the times allow.
        let (mut from, mut to) = (low, high);
        let furthest = high.saturating_add(1).saturating_sub(count);
        while from > furthest && chain(from - 1) == Some(own) {
            from -= 1;
        }
        while to + 1 < low.saturating_add(count) && chain(to + 1) == Some(own) {
            to += 1;
        }
        let last_start = (to + 1).saturating_sub(count).min(low);
        start
            .into_iter()
            .chain((from..=last_start).take(TRIED))
            .filter(|from| *from <= low && high < from.saturating_add(count))
            .collect()
    }

    /// Where a receipt stands in the order of the times.
    fn place_in_time(&self, index: u32) -> Option<usize> {
        let key = |index: u32| {
            let entry = self.table.get(index)?;
            Some((entry.group, entry.micros, self.chains.place(index), index))
        };
        let wanted = key(index)?;
        let before = |other: &u32| key(*other).is_some_and(|other| other < wanted);
        let place = self.by_time.partition_point(before);
        (self.by_time.get(place) == Some(&index)).then_some(place)
    }

    /// Where a receipt stands in the order of the chains.
    fn place_of(&self, index: u32) -> Option<usize> {
        let wanted = (self.chains.place(index), index);
        let before = |other: &u32| (self.chains.place(*other), *other) < wanted;
        let place = self.by_chain.partition_point(before);
        (self.by_chain.get(place) == Some(&index)).then_some(place)
    }

    fn entries(&self, receipts: &[u32]) -> impl Iterator<Item = &Entry> {
        receipts.iter().filter_map(|index| self.table.get(*index))
    }

    fn root(&self, receipts: &[u32]) -> NodeHash {
        let leaves: Vec<LeafHash> = self.entries(receipts).map(|entry| entry.leaf).collect();
        library_root(&leaves)
    }
}

/// Receipts that an epoch can have had.
struct Run {
    receipts: Vec<u32>,
    /// Where the next epoch begins in the order of the chains.
    end: Option<usize>,
}
