//! What is kept of each receipt for the list.

use crate::examine::{Seen, SignatureMark, State};
use ai_audit_core::{
    DecodeBody as _, Genesis, Imported, ImportedRecord, Kind, LeafHash, Timestamp,
    UnverifiedReceipt,
};
use ai_audit_export::{PackageReceipt, says};
use ai_audit_merkle::MemoryTree;
use serde::Serialize;
use std::collections::HashMap;

/// A receipt in the list; some hundred bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) seq: u64,
    pub(crate) sealed_at: Timestamp,
    /// None where its bytes are deleted or cannot be read.
    pub(crate) kind: Option<Kind>,
    pub(crate) state: State,
    pub(crate) hash: Option<LeafHash>,
    signature: SignatureMark,
    pub(crate) trace: Name,
    pub(crate) session: Name,
    pub(crate) actor: Name,
    pub(crate) tenant: Name,
    says: (usize, u16),
}

/// A text that many receipts have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Name(u32);

/// All rows, in the order of the package.
#[derive(Debug)]
pub(crate) struct Index {
    rows: Vec<Row>,
    names: Vec<String>,
    known: HashMap<String, Name>,
    /// What the rows say, one after the other.
    said: String,
    /// Over a whole log, as far as it can be read.
    tree: Option<MemoryTree>,
    /// The log's tenant, which its genesis names.
    tenant: Name,
}

/// A row as the window gets it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown<'a> {
    row: usize,
    seq: String,
    kind: String,
    sealed_at: Option<String>,
    says: &'a str,
    trace: &'a str,
    session: &'a str,
    actor: &'a str,
    tenant: &'a str,
    state: State,
}

impl Index {
    /// For a package of a whole log, or of a selection, which has no tree of its own.
    pub(crate) fn new(selection: bool) -> Self {
        Self {
            rows: Vec::new(),
            names: vec![String::new()],
            known: HashMap::from([(String::new(), Name(0))]),
            said: String::new(),
            tree: (!selection).then(MemoryTree::new),
            tenant: Name(0),
        }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn name(&self, name: Name) -> &str {
        let place = usize::try_from(name.0).unwrap_or(usize::MAX);
        self.names.get(place).map_or("", String::as_str)
    }

    pub(crate) fn says(&self, row: &Row) -> &str {
        let (start, len) = row.says;
        let end = start.saturating_add(usize::from(len));
        self.said.get(start..end).unwrap_or_default()
    }

    pub(crate) const fn tree_mut(&mut self) -> Option<&mut MemoryTree> {
        self.tree.as_mut()
    }

    pub(crate) fn shown(&self, place: usize) -> Option<Shown<'_>> {
        let row = self.rows.get(place)?;
        Some(Shown {
            row: place,
            seq: row.seq.to_string(),
            kind: kind_name(row),
            sealed_at: row.kind.map(|_| row.sealed_at.to_string()),
            says: self.says(row),
            trace: self.name(row.trace),
            session: self.name(row.session),
            actor: self.name(row.actor),
            tenant: self.name(row.tenant),
            state: row.state,
        })
    }

    /// Takes the next receipt of the package; what was made of it when it was verified is in `seen`.
    pub(crate) fn push(&mut self, receipt: &PackageReceipt<'_>, seen: &Seen) {
        let place = self.rows.len();
        let expected = self.rows.last().map_or(0, |row| row.seq.saturating_add(1));
        let mut row = Row {
            seq: expected,
            sealed_at: Timestamp::from_micros(0),
            kind: None,
            state: State::Unverified,
            hash: None,
            signature: SignatureMark::default(),
            trace: Name(0),
            session: Name(0),
            actor: Name(0),
            tenant: self.tenant,
            says: (self.said.len(), 0),
        };
        match receipt.sealed {
            Err(hash) => {
                row.hash = Some(hash);
                row.state = State::Deleted;
            }
            Ok(sealed) => {
                if let Ok(receipt) = UnverifiedReceipt::parse(sealed) {
                    self.read(&mut row, &receipt);
                }
            }
        }
        // Only what is there with the hash and the signature that were verified is shown as verified.
        if row.kind.is_some()
            && let Some(hash) = row.hash
            && seen.verified(place, hash, row.signature)
        {
            row.state = State::Verified;
        }
        let tree = self.tree.take();
        self.tree = row.hash.zip(tree).and_then(|(hash, mut tree)| {
            tree.push(hash).ok()?;
            Some(tree)
        });
        self.rows.push(row);
    }

    fn read(&mut self, row: &mut Row, receipt: &UnverifiedReceipt<'_>) {
        let header = receipt.header();
        row.seq = header.seq;
        row.sealed_at = header.sealed_at;
        row.kind = Some(header.kind);
        row.hash = Some(receipt.hash());
        row.signature = SignatureMark::of(receipt.signature());
        row.trace = self.known(header.trace_id);
        row.session = self.known(header.session_id);
        row.actor = self.known(header.actor_id);
        match header.kind {
            Kind::GENESIS => {
                if let Ok(genesis) = Genesis::decode(receipt) {
                    self.tenant = self.known(genesis.tenant.as_str());
                    row.tenant = self.tenant;
                }
            }
            Kind::IMPORTED => {
                if let Ok(Imported {
                    record: ImportedRecord::Item(item),
                }) = Imported::decode(receipt)
                {
                    row.tenant = self.known(item.tenant.as_str());
                }
            }
            _ => {}
        }
        let said = says(receipt);
        if let Ok(len) = u16::try_from(said.len()) {
            row.says.1 = len;
            self.said.push_str(&said);
        }
    }

    fn known(&mut self, text: &str) -> Name {
        if let Some(name) = self.known.get(text) {
            return *name;
        }
        let Ok(number) = u32::try_from(self.names.len()) else {
            return Name(0);
        };
        self.names.push(text.to_owned());
        self.known.insert(text.to_owned(), Name(number));
        Name(number)
    }
}

impl Row {
    /// Whether a receipt that was read anew is the one that this row was made of.
    pub(crate) fn is_of(&self, receipt: &PackageReceipt<'_>) -> bool {
        match receipt.sealed {
            Err(hash) => self.state == State::Deleted && self.hash == Some(hash),
            Ok(sealed) => {
                let read = UnverifiedReceipt::parse(sealed).ok();
                let signature = read.as_ref().and_then(UnverifiedReceipt::signature);
                self.state != State::Deleted
                    && self.hash == read.as_ref().map(UnverifiedReceipt::hash)
                    && self.signature == SignatureMark::of(signature)
            }
        }
    }
}

/// A row's kind for people.
pub(crate) fn kind_name(row: &Row) -> String {
    match (row.kind, row.state) {
        (Some(kind), _) => kind.to_string(),
        (None, State::Deleted) => "deleted".into(),
        (None, _) => "unreadable".into(),
    }
}
