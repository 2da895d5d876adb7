//! The place of a receipt of a selection: in its order, and in the checkpoint's tree.

use super::SelectionVerifier;
use ai_audit_core::{Kind, LeafHash, LogId, NodeHash, UnverifiedReceipt};
use ai_audit_merkle::{InclusionProof, LeafIndex};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

impl SelectionVerifier<'_> {
    /// Order, log, link to a neighbour, inclusion in the checkpoint. For a batch seal the root of the tree
    /// before it, which its inclusion proof shows.
    pub(super) fn place(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
        path: Vec<NodeHash>,
    ) -> Result<Option<NodeHash>, String> {
        let header = receipt.header();
        let seq = header.seq;
        let expected = match (self.log_id, &self.last) {
            (Some(log_id), Some(_)) if seq > 0 => log_id,
            _ => LogId::ZERO,
        };
        if self.last.is_none() {
            if header.kind != Kind::GENESIS || seq != 0 || header.prev != LeafHash::ZERO {
                return Err("a selection must begin with the log's genesis".into());
            }
            self.log_id = Some(receipt.hash().to_log_id());
        } else if header.kind == Kind::GENESIS {
            return Err("kind: a log has one genesis, as its first receipt".into());
        }
        if header.log_id != expected {
            return Err(format!("log_id names another log, {}", header.log_id));
        }
        if let Some(last) = &self.last {
            if seq <= last.seq {
                return Err(format!(
                    "seq {seq} came after {}: replayed or reordered",
                    last.seq
                ));
            }
            if seq == last.seq + 1 && header.prev != last.hash {
                return Err("prev is not the hash of the receipt before".into());
            }
            if header.sealed_at < last.sealed_at {
                return Err("sealed_at lies before that of an earlier receipt".into());
            }
        }
        let proof = InclusionProof {
            index: LeafIndex::new(seq),
            size: self.checkpoint.size,
            path,
        };
        proof
            .verify(&receipt.hash(), &self.checkpoint.root)
            .map_err(|error| format!("inclusion in the checkpoint: {error}"))?;
        Ok(match header.kind {
            Kind::BATCH_SEAL => proof.root_before().ok(),
            _ => None,
        })
    }
}
