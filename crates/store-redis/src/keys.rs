//! Names of the keys of a store (`docs/spec/store-redis.md`), and the places of things in them.

use ai_audit_core::SubjectKeyId;
use ai_audit_store::LogName;

/// Receipts whose bytes lie in one hash, whose rows lie in one string, and that are indexed together.
pub(crate) const RUN: u64 = 1024;
/// Nodes of a tree level in one string: 2 MiB.
pub(crate) const NODES: u64 = 1 << 16;
/// What `{NAME}:store` says.
pub(crate) const MARKER: &str = "ai-audit store 1";

/// The keys of one store.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    tag: String,
    pub(crate) heads: String,
    pub(crate) revisions: String,
    pub(crate) indexed: String,
    pub(crate) fences: String,
    pub(crate) latest: String,
    pub(crate) totals: String,
    pub(crate) marker: String,
}

impl Keys {
    /// The name is checked.
    pub(crate) fn new(name: &str) -> Self {
        let tag = format!("{{{name}}}");
        Self {
            heads: format!("{tag}:heads"),
            revisions: format!("{tag}:revisions"),
            indexed: format!("{tag}:indexed"),
            fences: format!("{tag}:fences"),
            latest: format!("{tag}:latest"),
            totals: format!("{tag}:totals"),
            marker: format!("{tag}:store"),
            tag,
        }
    }

    pub(crate) fn of(&self, log: &LogName) -> LogKeys {
        LogKeys(format!("{}:{log}", self.tag))
    }
}

/// The keys of one log.
#[derive(Debug, Clone)]
pub(crate) struct LogKeys(String);

impl LogKeys {
    pub(crate) fn sealed(&self, run: u64) -> String {
        format!("{}:sealed:{run}", self.0)
    }

    pub(crate) fn rows(&self, run: u64) -> String {
        format!("{}:rows:{run}", self.0)
    }

    pub(crate) fn nodes(&self, level: u32, part: u64) -> String {
        format!("{}:nodes:{level}:{part}", self.0)
    }

    /// Without the number of the run, which the script adds.
    pub(crate) fn index(&self, index: Index) -> String {
        match index {
            Index::Ids => format!("{}:ids:", self.0),
            Index::Names => format!("{}:names:", self.0),
        }
    }

    pub(crate) fn run(&self, index: Index, run: u64) -> String {
        format!("{}{run}", self.index(index))
    }

    pub(crate) fn kind(&self, number: u16) -> String {
        format!("{}:kind:{number}", self.0)
    }

    pub(crate) fn deleted(&self) -> String {
        format!("{}:deleted", self.0)
    }

    pub(crate) fn beside(&self, seq: u64) -> String {
        format!("{}:beside:{seq}", self.0)
    }

    pub(crate) fn subject(&self, key: &SubjectKeyId) -> String {
        format!("{}:subject:{key}", self.0)
    }

    pub(crate) fn checkpoints(&self) -> String {
        format!("{}:checkpoints", self.0)
    }
}

/// What a run is indexed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Index {
    Ids,
    Names,
}

/// The run and the place in it.
pub(crate) const fn place(seq: u64) -> (u64, u64) {
    (seq / RUN, seq % RUN)
}
