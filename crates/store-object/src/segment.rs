//! Segments: receipts that follow each other, with what of them stays when their bytes are deleted.

use crate::beside::Beside;
use crate::codec::{In, Kind, Out, corrupt, count};
use crate::filter::{self, Mark};
use crate::root::{Entry, Name, kind_bit};
use ai_audit_core::{LeafHash, NodeHash, ReceiptId, Timestamp, UnverifiedReceipt};
use ai_audit_store::{LogName, NODE_STEP, StoreError};

/// Receipts in one, and bytes of them, at most: who reads one receipt reads them all.
pub(crate) const RECEIPTS: usize = 4096;
pub(crate) const BYTES: usize = 4 << 20;
/// Bytes of ciphertexts beside one, at most, but for those beside one receipt.
pub(crate) const BESIDE: usize = 8 << 20;
/// Bytes of a row.
const ROW: usize = 26;

/// What is kept of each receipt when its bytes are deleted, beside its hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: ReceiptId,
    pub(crate) sealed_at: Timestamp,
    pub(crate) kind: u16,
}

/// Receipts from one on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Segment {
    pub(crate) from: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) leaves: Vec<NodeHash>,
    /// Nodes of the levels above that are complete with these receipts.
    pub(crate) nodes: Nodes,
    /// Empty where they were deleted.
    pub(crate) sealed: Vec<Vec<u8>>,
}

/// Nodes of some levels of a tree, each level's from the first on that is complete here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes(pub(crate) Vec<(u32, Vec<NodeHash>)>);

impl Nodes {
    pub(crate) fn push(&mut self, level: u32, node: NodeHash) {
        self.extend(level, &[node]);
    }

    /// Nodes that follow those of the level.
    pub(crate) fn extend(&mut self, level: u32, more: &[NodeHash]) {
        match self.0.iter_mut().find(|(found, _)| *found == level) {
            Some((_, nodes)) => nodes.extend_from_slice(more),
            None => self.0.push((level, more.to_vec())),
        }
    }

    pub(crate) fn of(&self, level: u32) -> &[NodeHash] {
        let found = self.0.iter().find(|(found, _)| *found == level);
        found.map_or(&[], |(_, nodes)| nodes)
    }

    pub(crate) fn put(&self, out: &mut Out) {
        out.list(&self.0, |out, (level, nodes)| {
            out.u32(*level);
            put_nodes(out, nodes);
        });
    }

    /// Reads those of these receipts. Levels have as many as the place says, or none of them.
    pub(crate) fn take(object: &mut In<'_>, from: u64, end: u64) -> Result<Self, StoreError> {
        let nodes = object.list(8, |object| {
            let level = object.u32()?;
            let nodes = take_nodes(object)?;
            let complete = |size: u64| size.checked_shr(level).unwrap_or(0);
            let expected = complete(end).saturating_sub(complete(from));
            if !level.is_multiple_of(NODE_STEP) || count(nodes.len()) != expected {
                return Err(object.wrong(&format!("expected {expected} nodes of level {level}")));
            }
            Ok((level, nodes))
        })?;
        Ok(Self(nodes))
    }
}

fn put_nodes(out: &mut Out, nodes: &[NodeHash]) {
    out.len(nodes.len().saturating_mul(32));
    for node in nodes {
        out.raw(node.as_bytes());
    }
}

fn take_nodes(object: &mut In<'_>) -> Result<Vec<NodeHash>, StoreError> {
    let (nodes, rest) = object.bytes()?.as_chunks::<32>();
    match rest.is_empty() {
        true => Ok(nodes
            .iter()
            .map(|node| NodeHash::from_bytes(*node))
            .collect()),
        false => Err(object.wrong("hashes that are not of 32 bytes")),
    }
}

impl Segment {
    pub(crate) fn end(&self) -> u64 {
        self.from.saturating_add(count(self.rows.len()))
    }

    /// The place of a receipt in it, if it is here.
    pub(crate) fn place(&self, seq: u64) -> Option<usize> {
        let place = usize::try_from(seq.checked_sub(self.from)?).ok()?;
        (place < self.rows.len()).then_some(place)
    }

    pub(crate) fn leaf(&self, place: usize) -> Option<LeafHash> {
        let leaf = self.leaves.get(place)?;
        Some(LeafHash::from_bytes(*leaf.as_bytes()))
    }

    pub(crate) fn bytes(&self) -> u64 {
        let bytes = self.sealed.iter().map(Vec::len);
        count(bytes.fold(0, usize::saturating_add))
    }

    pub(crate) fn put(&self) -> Vec<u8> {
        let mut out = Out::new(Kind::Segment);
        out.u64(self.from);
        out.len(self.rows.len().saturating_mul(ROW));
        for row in &self.rows {
            out.raw(row.id.as_bytes());
            out.u64(row.sealed_at.as_micros());
            out.raw(&row.kind.to_be_bytes());
        }
        put_nodes(&mut out, &self.leaves);
        self.nodes.put(&mut out);
        out.list(&self.sealed, |out, sealed| out.bytes(sealed));
        out.end()
    }

    pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let mut object = In::new(name, bytes, Kind::Segment)?;
        let from = object.u64()?;
        let (rows, rest) = object.bytes()?.as_chunks::<ROW>();
        if !rest.is_empty() {
            return Err(object.wrong("rows that are not of 26 bytes"));
        }
        let rows: Vec<Row> = rows.iter().map(row).collect();
        let leaves = take_nodes(&mut object)?;
        let end = from.saturating_add(count(rows.len()));
        let nodes = Nodes::take(&mut object, from, end)?;
        let sealed = object.list(4, |object| Ok(object.bytes()?.to_vec()))?;
        if leaves.len() != rows.len() || sealed.len() != rows.len() {
            return Err(object.wrong("as many rows, hashes and receipts were expected"));
        }
        object.end()?;
        Ok(Self {
            from,
            rows,
            leaves,
            nodes,
            sealed,
        })
    }

    /// Its entry, where it is in this object and its ciphertexts in that one.
    pub(crate) fn entry(&self, object: Name, beside: Option<(Name, u64)>) -> Entry {
        let time = |row: Option<&Row>| row.map_or(0, |row| row.sealed_at.as_micros());
        let kinds = self.rows.iter().map(|row| kind_bit(row.kind));
        Entry {
            from: self.from,
            count: count(self.rows.len()),
            first_time: time(self.rows.first()),
            last_time: time(self.rows.last()),
            kinds: kinds.fold(0, |all, kind| all | kind),
            deleted: count(self.sealed.iter().filter(|bytes| bytes.is_empty()).count()),
            ciphertexts: beside.map_or(0, |(_, count)| count),
            object,
            beside: beside.map(|(name, _)| name),
        }
    }

    /// What its receipts are found by.
    pub(crate) fn filter(&self, log: &LogName, beside: &Beside) -> Result<Vec<u8>, StoreError> {
        let mut marks: Vec<Mark> = self.rows.iter().map(|row| Mark::id(&row.id)).collect();
        for (sealed, seq) in self.sealed.iter().zip(self.from..) {
            if !sealed.is_empty() {
                let receipt = stored(log, seq, sealed)?;
                marks.extend(Mark::of_header(receipt.header()));
            }
        }
        marks.extend(beside.0.iter().map(|(_, one)| Mark::key(&one.key)));
        Ok(filter::make(self.rows.len(), marks.into_iter()))
    }
}

fn row(bytes: &[u8; ROW]) -> Row {
    let (mut id, mut micros, mut kind) = ([0; 16], [0; 8], [0; 2]);
    let (first, rest) = bytes.split_at(16);
    let (second, third) = rest.split_at(8);
    id.copy_from_slice(first);
    micros.copy_from_slice(second);
    kind.copy_from_slice(third);
    Row {
        id: ReceiptId::from_bytes(id),
        sealed_at: Timestamp::from_micros(u64::from_be_bytes(micros)),
        kind: u16::from_be_bytes(kind),
    }
}

/// A receipt out of the store.
pub(crate) fn stored<'b>(
    log: &LogName,
    seq: u64,
    sealed: &'b [u8],
) -> Result<UnverifiedReceipt<'b>, StoreError> {
    UnverifiedReceipt::parse(sealed)
        .map_err(|error| corrupt(format!("log {log}, receipt {seq}: {error}")))
}
