//! What is exported must verify: the log's receipts held against chain and checkpoint.

use super::passes::Item;
use super::write::ExportError;
use ai_audit_core::{Chain, ChainError, LogId};
use ai_audit_merkle::Frontier;
use ai_audit_note::Checkpoint;

/// Follows the first pass.
pub(super) enum Check {
    /// All receipts: chain and tree.
    Whole(Box<(Chain, Frontier)>),
    /// Control receipts and a range: that they are of one log. Their inclusion is checked with
    /// their proofs.
    Picked(Option<LogId>),
}

impl Check {
    pub(super) fn new(picked: bool) -> Self {
        match picked {
            true => Self::Picked(None),
            false => Self::Whole(Box::new((Chain::new(), Frontier::new()))),
        }
    }

    pub(super) fn see(&mut self, item: &Item<'_, '_>) -> Result<(), ExportError> {
        match (self, item) {
            (Self::Whole(state), item) => {
                let (chain, frontier) = &mut **state;
                let seq = chain.head().size();
                let pushed = match item {
                    Item::Receipt(receipt) => chain.push(receipt),
                    Item::Deleted(_, hash) => chain.push_deleted(*hash),
                };
                let head = pushed.map_err(|error| ExportError::Chain { seq, error })?;
                // The chain counts the same receipts and would be full before.
                let _ = frontier.push(head.hash());
                Ok(())
            }
            (Self::Picked(log), Item::Receipt(receipt)) => {
                let header = receipt.header();
                let wrong = |error| {
                    let seq = header.seq;
                    Err(ExportError::Chain { seq, error })
                };
                match log {
                    None if header.seq > 0 => wrong(ChainError::Missing {
                        expected: 0,
                        found: header.seq,
                    }),
                    None => {
                        *log = Some(receipt.hash().to_log_id());
                        Ok(())
                    }
                    Some(log) if *log != header.log_id => wrong(ChainError::OtherLog {
                        found: header.log_id,
                    }),
                    Some(_) => Ok(()),
                }
            }
            (Self::Picked(_), Item::Deleted(..)) => Ok(()),
        }
    }

    /// Whether the whole log is what the checkpoint signed.
    pub(super) fn finish(self, head: &Checkpoint) -> Result<(), ExportError> {
        match self {
            Self::Whole(state) if state.1.size() != head.size || state.1.root() != head.root => {
                Err(ExportError::Root {
                    size: head.size.as_u64(),
                })
            }
            _ => Ok(()),
        }
    }
}
