//! What seals say of receipts, held against those that are there.

mod epochs;

use ai_audit_core::{LeafHash, NodeHash};
use ai_audit_merkle::root_of;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::chains::{Chains, at, is_receipt};
use super::table::{Entry, ShortId, Table, Tenant};
use crate::finding::{Fails, FindingClass, Findings};
use crate::{Record, RecordError, RecordKind};
use epochs::EpochNote;

/// So much is kept of seals, in bytes, whatever they list: 64 MiB.
const KEPT: usize = 64 << 20;
/// And so much more for each record: genuine seals list a receipt once or twice.
const KEPT_EACH: usize = 64;

/// The seals of a source.
#[derive(Debug, Default)]
pub(crate) struct Seals {
    batches: Vec<BatchNote>,
    epochs: Vec<EpochNote>,
    /// What they take, in bytes.
    kept: usize,
    /// Seals for which there was no more room.
    not_followed: u64,
}

/// What a batch seal says.
#[derive(Debug)]
struct BatchNote {
    index: u32,
    root: Option<NodeHash>,
    count: u64,
    /// How many receipts it lists.
    listed: u64,
    /// Which; left out where there are not as many as it counts.
    ids: Box<[ShortId]>,
}

/// Seals that were not held against receipts.
#[derive(Debug, Default)]
pub(crate) struct Unheld {
    /// No receipt of their tenant is there.
    absent: u64,
    /// A receipt that they seal does not hold itself.
    altered: u64,
}

/// What a seal comes to.
enum Held {
    Fits,
    Absent,
    Altered,
    Wrong(FindingClass, Fails, String),
}

impl Held {
    fn forged(reason: String) -> Self {
        Self::Wrong(FindingClass::ForgedSeal, Fails::Integrity, reason)
    }

    fn missing(reason: String) -> Self {
        Self::Wrong(FindingClass::Missing, Fails::Completeness, reason)
    }
}

impl Seals {
    /// Takes what a record says, where it is a seal. `index` is its place in the table, `records` is how
    /// many there are so far.
    pub(crate) fn push(
        &mut self,
        index: u32,
        records: usize,
        record: &Record<'_>,
    ) -> Result<(), RecordError> {
        if let Some(seal) = record.batch_seal()? {
            let listed = seal.receipt_ids.len();
            let fits = seal.leaf_count == listed as u64;
            let ids = if fits { listed } else { 0 };
            if self.has_room(size_of::<BatchNote>() + ids * size_of::<ShortId>(), records) {
                let ids = seal.receipt_ids.iter().take(ids);
                self.batches.push(BatchNote {
                    index,
                    root: seal.node_hash(),
                    count: seal.leaf_count,
                    listed: listed as u64,
                    ids: ids.map(|id| ShortId::of(id)).collect(),
                });
            }
        } else if let Some(seal) = record.epoch_seal()?
            && self.has_room(size_of::<EpochNote>(), records)
        {
            self.epochs.push(EpochNote::new(index, &seal));
        }
        Ok(())
    }

    /// Whether so many bytes may be kept more.
    fn has_room(&mut self, size: usize, records: usize) -> bool {
        let most = KEPT.saturating_add(records.saturating_mul(KEPT_EACH));
        let has = self.kept.saturating_add(size) <= most;
        if has {
            self.kept += size;
        } else {
            self.not_followed += 1;
        }
        has
    }

    /// Says that seals were not held against receipts, where there were too many.
    pub(crate) fn not_followed(&self) -> Option<String> {
        let what = match self.not_followed {
            0 => return None,
            1 => "1 seal was".into(),
            count => format!("{count} seals were"),
        };
        Some(format!(
            "{what} not followed: together the seals list far more receipts than there are records"
        ))
    }

    /// Holds all seals against the receipts; gives what is worth a remark.
    pub(crate) fn hold(
        &self,
        table: &Table,
        chains: &Chains,
        unread: u64,
        findings: &mut Findings,
    ) -> Vec<String> {
        let mut unheld = Unheld::default();
        if !self.batches.is_empty() {
            let by_id = ById::new(table);
            for note in &self.batches {
                unheld.take(table, note.index, note.hold(table, &by_id), findings);
            }
        }
        if !self.epochs.is_empty() {
            epochs::hold(&self.epochs, table, chains, unread, |index, held| {
                unheld.take(table, index, held, findings);
            });
        }
        let mut remarks = unheld.remarks();
        remarks.extend(self.not_followed());
        remarks
    }
}

impl Unheld {
    fn take(&mut self, table: &Table, index: u32, held: Held, findings: &mut Findings) {
        match held {
            Held::Fits => {}
            Held::Absent => self.absent += 1,
            Held::Altered => self.altered += 1,
            Held::Wrong(class, fails, reason) => {
                if let Some(entry) = table.get(index) {
                    at(table, findings, class, fails, entry, || reason);
                }
            }
        }
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let of = |count| match count {
            1 => "1 seal".into(),
            count => format!("{count} seals"),
        };
        if self.absent > 0 {
            remarks.push(format!(
                "no receipts of the tenants of {} are here: their roots were not held against anything",
                of(self.absent)
            ));
        }
        if self.altered > 0 {
            remarks.push(format!(
                "{} seal receipts that do not hold themselves: their roots were not held against them",
                of(self.altered)
            ));
        }
        remarks
    }
}

/// The receipts by their ids.
struct ById(Vec<u32>);

impl ById {
    fn new(table: &Table) -> Self {
        let receipts = |entry: &Entry| !entry.nameless && is_receipt(table, entry);
        Self(table.sorted(
            receipts,
            |entry| entry.id.as_bytes(),
            |entry| (entry.id, entry.altered),
        ))
    }

    /// The receipt of that id, of this tenant if there are several.
    fn find<'t>(&self, table: &'t Table, id: ShortId, tenant: Tenant) -> Option<&'t Entry> {
        let of = |index: &u32| table.get(*index);
        let from = self
            .0
            .partition_point(|index| of(index).is_some_and(|entry| entry.id < id));
        let mut same = self.0.get(from..)?.iter().filter_map(of);
        let first = same.next().filter(|entry| entry.id == id)?;
        // Ids are meant to be unique: more than a few are nobody's who can be helped.
        let others = same.take_while(|entry| entry.id == id).take(8);
        let own = |entry: &&Entry| {
            let group = table.group_of(entry);
            group.is_some_and(|group| group.tenant == tenant)
        };
        Some(
            core::iter::once(first)
                .chain(others)
                .find(own)
                .unwrap_or(first),
        )
    }
}

impl BatchNote {
    fn hold(&self, table: &Table, by_id: &ById) -> Held {
        let (count, listed) = (self.count, self.listed);
        if count != listed {
            return Held::forged(format!(
                "leaf_count says {count}, receipt_ids lists {listed}"
            ));
        }
        let Some(root) = self.root else {
            return Held::forged("merkle_root is no hash".into());
        };
        let group = table
            .get(self.index)
            .and_then(|entry| table.group_of(entry));
        // Its own group is there: it was put into the table before.
        let tenant = group.map_or_else(|| Tenant::of(""), |group| group.tenant);
        let mut leaves: Vec<LeafHash> = Vec::with_capacity(self.ids.len());
        let (mut missing, mut altered) = (0u64, false);
        for id in &*self.ids {
            match by_id.find(table, *id, tenant) {
                Some(entry) => {
                    altered |= entry.altered;
                    leaves.push(entry.leaf);
                }
                None => missing += 1,
            }
        }
        let has = |kind| table.group_for(tenant, kind).is_some();
        let any = has(RecordKind::Decision) || has(RecordKind::ToolCall);
        if missing > 0 && missing == listed && !any {
            return Held::Absent;
        }
        if missing > 0 {
            return Held::missing(format!(
                "{missing} of the {listed} receipts that it seals are missing"
            ));
        }
        if altered {
            return Held::Altered;
        }
        if library_root(&leaves) == root {
            Held::Fits
        } else {
            Held::forged(format!(
                "merkle_root is not that of the {listed} receipts that it lists"
            ))
        }
    }
}

/// The library's tree: that of RFC 6962, and zeros where there are no leaves.
fn library_root(leaves: &[LeafHash]) -> NodeHash {
    if leaves.is_empty() {
        NodeHash::from_bytes([0; 32])
    } else {
        root_of(leaves)
    }
}
