//! What is kept of every record: enough to follow links and make trees, in some 150 bytes.

use ai_audit_core::{Digest, LeafHash};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::finding::clip;
use crate::{Record, RecordKind};

/// No record.
pub(crate) const NONE: u32 = u32::MAX;
/// More records than this are not taken: their places have 32 bits.
pub(crate) const MOST: usize = NONE as usize;

/// Bytes of ids and tenants that are kept for sentences: 16 MiB. Nothing is decided by them.
const TEXTS: usize = 16 << 20;
/// What keeping a text takes besides its bytes.
const TEXT: usize = 48;

/// A record's id in 16 bytes: those that a UUID's 32 digits stand for, of other texts the beginning of
/// their SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ShortId {
    bytes: [u8; 16],
    odd: bool,
}

impl ShortId {
    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    pub(crate) fn of(id: &str) -> Self {
        match uuid(id) {
            Some(bytes) => Self { bytes, odd: false },
            None => {
                let digest = Digest::of(id.as_bytes());
                let first = digest.as_bytes().first_chunk().copied();
                Self {
                    bytes: first.unwrap_or_default(),
                    odd: true,
                }
            }
        }
    }
}

fn uuid(id: &str) -> Option<[u8; 16]> {
    let mut digits = [b'0'; 64];
    let (front, _) = digits.split_at_mut_checked(32)?;
    if id.len() != front.len() || id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    front.copy_from_slice(id.as_bytes());
    let digest: Digest = core::str::from_utf8(&digits).ok()?.parse().ok()?;
    digest.as_bytes().first_chunk().copied()
}

/// A hash that a record names, or what stands in its place.
pub(crate) fn link_key(text: &str) -> [u8; 32] {
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    match text.parse::<Digest>() {
        Ok(digest) if lower => *digest.as_bytes(),
        // No hash that anybody could name: it fits what names the same text.
        _ => *Digest::of(text.as_bytes()).as_bytes(),
    }
}

/// One record.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// What the next record of its chain names.
    pub(crate) key: [u8; 32],
    /// What it names; nothing where `starts`.
    pub(crate) link: [u8; 32],
    /// Leaf hash of its signed bytes: what makes two records the same.
    pub(crate) leaf: LeafHash,
    pub(crate) id: ShortId,
    /// Microseconds; [`u64::MAX`] where it says no time.
    pub(crate) micros: u64,
    pub(crate) line: u64,
    pub(crate) group: u32,
    /// It has no link.
    pub(crate) starts: bool,
    /// Its hash or signature does not hold.
    pub(crate) altered: bool,
    /// Its id is the empty text.
    pub(crate) nameless: bool,
}

/// SHA-256 of a tenant's name: records say names of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tenant([u8; 32]);

impl Tenant {
    pub(crate) fn of(name: &str) -> Self {
        Self(*Digest::of(name.as_bytes()).as_bytes())
    }
}

/// The records of one tenant that are of one kind: they are chained to each other.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) tenant: Tenant,
    pub(crate) kind: RecordKind,
    name: Option<Box<str>>,
}

impl Group {
    /// The tenant's name for sentences: its first 128 characters, its hash where names are too many.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match &self.name {
            Some(name) => Cow::Borrowed(name),
            None => format!("SHA-256 {}", Digest::from_bytes(self.tenant.0)).into(),
        }
    }

    /// Whether they are receipts, and not seals.
    pub(crate) const fn is_receipts(&self) -> bool {
        matches!(self.kind, RecordKind::Decision | RecordKind::ToolCall)
    }
}

/// All records of a source, in the order of the source.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
    pub(crate) groups: Vec<Group>,
    known: BTreeMap<(Tenant, u8), u32>,
    /// Ids that are no UUIDs, cut; the first ones.
    odd: BTreeMap<ShortId, Box<str>>,
    /// What ids and names of tenants take.
    texts: usize,
}

impl Table {
    /// Adds a record; gives its place. Nothing where there are too many.
    pub(crate) fn push(&mut self, line: u64, record: &Record<'_>, altered: bool) -> Option<u32> {
        let index = u32::try_from(self.entries.len())
            .ok()
            .filter(|n| *n < NONE)?;
        let group = self.group(record.tenant(), record.kind())?;
        let id = ShortId::of(record.id());
        if id.odd
            && !record.id().is_empty()
            && !self.odd.contains_key(&id)
            && let Some(text) = self.keep(record.id())
        {
            self.odd.insert(id, text);
        }
        let own = *record.hash().as_bytes();
        let key = match record.kind() {
            RecordKind::Decision | RecordKind::ToolCall => {
                record.named_hash().map_or(own, link_key)
            }
            RecordKind::BatchSeal => record
                .json()
                .root()
                .get("merkle_root")
                .and_then(|root| root.string())
                .map_or(own, |root| link_key(&root)),
            RecordKind::EpochSeal => own,
        };
        if self.entries.len() == self.entries.capacity() {
            // By an eighth and not twofold: there are many, and all are kept.
            self.entries.reserve_exact(self.entries.len() / 8 + 64);
        }
        self.entries.push(Entry {
            key,
            link: match record.link() {
                "" => [0; 32],
                link => link_key(link),
            },
            leaf: record.leaf_hash(),
            id,
            micros: record.time().map_or(u64::MAX, |time| time.as_micros()),
            line,
            group,
            starts: record.link().is_empty(),
            altered,
            nameless: record.id().is_empty(),
        });
        Some(index)
    }

    /// A text to keep; nothing where there are too many.
    fn keep(&mut self, text: &str) -> Option<Box<str>> {
        let left = TEXTS.checked_sub(self.texts)?;
        let text = clip(text).into_boxed_str();
        let size = text.len() + TEXT;
        (size <= left).then(|| {
            self.texts += size;
            text
        })
    }

    fn group(&mut self, name: &str, kind: RecordKind) -> Option<u32> {
        let tenant = Tenant::of(name);
        // One tenant's records mostly follow each other.
        let last = self.entries.last().map(|entry| entry.group);
        if let Some(last) = last
            && let Some(group) = self.groups.get(last as usize)
            && group.kind == kind
            && group.tenant == tenant
        {
            return Some(last);
        }
        let new = u32::try_from(self.groups.len()).ok()?;
        let found = *self.known.entry((tenant, kind as u8)).or_insert(new);
        if found == new {
            let name = self.keep(name);
            self.groups.push(Group { tenant, kind, name });
        }
        Some(found)
    }

    /// The group of a tenant's records of a kind, where there are any.
    pub(crate) fn group_for(&self, tenant: Tenant, kind: RecordKind) -> Option<u32> {
        self.known.get(&(tenant, kind as u8)).copied()
    }

    pub(crate) fn get(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    pub(crate) fn group_of(&self, entry: &Entry) -> Option<&Group> {
        self.groups.get(entry.group as usize)
    }

    pub(crate) fn kind_of(&self, entry: &Entry) -> Option<RecordKind> {
        self.group_of(entry).map(|group| group.kind)
    }

    /// The id of a record, cut to 128 characters; empty also where it is no UUID and was not kept.
    pub(crate) fn id(&self, entry: &Entry) -> String {
        if entry.nameless {
            return String::new();
        }
        if entry.id.odd {
            return self.odd.get(&entry.id).map_or("", |id| &**id).into();
        }
        let mut id = String::with_capacity(32);
        for byte in entry.id.bytes {
            let _ = write!(id, "{byte:02x}");
        }
        id
    }

    /// Indices of all records that `keep` takes, sorted by a key and then by their place. `bytes` are
    /// what the key begins with: their first ones nearly always decide, without a look at the records.
    pub(crate) fn sorted<'t, K: Ord>(
        &'t self,
        keep: impl Fn(&Entry) -> bool,
        bytes: impl Fn(&'t Entry) -> &'t [u8],
        key: impl Fn(&'t Entry) -> K,
    ) -> Vec<u32> {
        let mut order: Vec<(u64, u32)> = (0..)
            .zip(&self.entries)
            .filter(|(_, entry)| keep(entry))
            .map(|(index, entry)| {
                let first = bytes(entry).first_chunk().copied().unwrap_or_default();
                (u64::from_be_bytes(first), index)
            })
            .collect();
        order.sort_unstable_by(|(first_a, a), (first_b, b)| {
            let of = |index: u32| self.get(index).map(&key);
            first_a
                .cmp(first_b)
                .then_with(|| of(*a).cmp(&of(*b)))
                .then(a.cmp(b))
        });
        order.into_iter().map(|(_, index)| index).collect()
    }
}

/// What a kind is called in sentences, in the plural.
pub(crate) const fn plural(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Decision => "decision receipts",
        RecordKind::ToolCall => "tool-call receipts",
        RecordKind::BatchSeal => "batch seals",
        RecordKind::EpochSeal => "epoch seals",
    }
}
