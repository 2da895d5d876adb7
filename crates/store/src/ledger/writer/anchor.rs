//! Anchors: checkpoints brought back into the log with what third parties signed of them.

use super::Writer;
use super::checkpoint::open;
use super::log::{Log, Signing};
use super::open::contradiction;
use super::pending::Pending;
use crate::ledger::{AnchorRequest, Receipt};
use crate::{LedgerError, LogName, Store, StoreError, StoreTiles};
use ai_audit_core::NodeHash;
use ai_audit_merkle::{NodeReader, TileError, Tiled, TreeSize, consistency_proof, root};
use ai_audit_note::{Anchor, Checkpoint, SignedNote};
use ai_audit_timestamp::TimestampToken;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

impl Writer {
    /// Appends an anchor.
    pub(super) fn anchor(
        &mut self,
        name: &LogName,
        request: &AnchorRequest,
    ) -> Result<Receipt, LedgerError> {
        let append = |error| LedgerError::Append {
            log: name.clone(),
            error,
        };
        let refuse = |reason| LedgerError::Anchor {
            log: name.clone(),
            reason,
        };
        self.settle(name).map_err(append)?;
        let store = Arc::clone(&self.store);
        let Some(log) = self.logs.get(name) else {
            return Err(LedgerError::NotAttached { log: name.clone() });
        };
        let (checkpoint, token) = check(log, request).map_err(refuse)?;
        let size = checkpoint.size;
        let held = root(&mut Tiled::new(StoreTiles::new(&*store, name)), size)
            .map_err(|error| contradiction(name, format!("its tree cannot be read: {error}")))?;
        if held != checkpoint.root {
            return Err(refuse(format!(
                "the log's first {size} receipts do not have the root of the checkpoint: it is of another history"
            )));
        }
        let mut pending = Pending::new(log);
        // The clock may have something to say first, which the path has to lead past.
        let sealed_at = self
            .sealer
            .stamp(log, &mut pending, Signing::Now)
            .map_err(append)?;
        let mut nodes = Nodes::new(&*store, name, log, &pending);
        let end = TreeSize::new(pending.head.size());
        let proof = consistency_proof(&mut nodes, size, end)
            .map_err(|error| contradiction(name, format!("its tree cannot be read: {error}")))?;
        let body = Anchor {
            note: request.note.as_str().into(),
            token: token.into(),
            path: proof.path.into(),
        };
        let receipt = self
            .sealer
            .own_at(log, &mut pending, sealed_at, &body, Signing::Now)
            .map_err(append)?;
        self.commit(BTreeMap::from([(name.clone(), pending)]))
            .remove(name)
            .unwrap_or(Ok(()))
            .map_err(append)?;
        Ok(receipt)
    }
}

/// The checkpoint of a request, if it is this log's own, and the token, if it is over it.
fn check(log: &Log, request: &AnchorRequest) -> Result<(Checkpoint, Vec<u8>), String> {
    let key = log.signers.checkpoint.verifying_key();
    let checkpoint = open(&request.note, &log.origin, &key)?;
    let held = log.head.size();
    let size = checkpoint.size.as_u64();
    if size == 0 || size > held {
        return Err(format!(
            "the checkpoint has {size} receipts; expected 1 to {held}, as many as the log has"
        ));
    }
    let note = SignedNote::parse(request.note.as_bytes()).map_err(|error| error.to_string())?;
    if request.token.is_empty() {
        if note.signatures().len() < 2 {
            return Err(
                "nobody but the log itself signed the checkpoint: an anchor needs cosignatures or a timestamp"
                    .into(),
            );
        }
        return Ok((checkpoint, Vec::new()));
    }
    let token = TimestampToken::read(&request.token).map_err(|error| error.to_string())?;
    if !token.is_over(note.text().as_bytes()) {
        return Err("the timestamp is not over this checkpoint".into());
    }
    Ok((checkpoint, token.as_bytes().to_vec()))
}

/// The nodes of the log's tree with what is pending.
struct Nodes<'s> {
    stored: Tiled<StoreTiles<'s>>,
    pending: HashMap<(u32, u64), NodeHash>,
}

impl<'s> Nodes<'s> {
    fn new(store: &'s dyn Store, name: &LogName, log: &Log, pending: &Pending) -> Self {
        let mut frontier = log.frontier.clone();
        let mut nodes = HashMap::new();
        for hash in &pending.hashes {
            // Sealing refuses before 2^64 receipts.
            let _ = frontier.push_with(*hash, |level, index, node| {
                nodes.insert((level, index), node);
            });
        }
        Self {
            stored: Tiled::new(StoreTiles::new(store, name)),
            pending: nodes,
        }
    }
}

impl NodeReader for Nodes<'_> {
    type Error = TileError<StoreError>;

    fn node(&mut self, level: u32, index: u64) -> Result<NodeHash, Self::Error> {
        match self.pending.get(&(level, index)) {
            Some(node) => Ok(*node),
            None => self.stored.node(level, index),
        }
    }
}
