//! Batched receipts: whether a log permits them, and whether somebody signed for them.

use ai_audit_core::{
    BatchSeal, DecodeBody, Genesis, KeyHistory, Kind, LogId, NodeHash, Status, UnverifiedReceipt,
};
use alloc::format;
use alloc::string::String;

/// Why batched receipts stay open where nothing says whether they are permitted.
pub(crate) const WITHOUT_GENESIS: &str =
    "there are batched receipts, and the genesis, which could permit them, is not there";

/// Whether a receipt, if it is a batch seal, signs for the tree before it.
pub(crate) enum Covers {
    /// It does, or is no batch seal.
    Yes,
    /// It signs for another tree.
    No(String),
    /// Nothing tells which tree is before it.
    Unknown(String),
}

/// The history that begins with this genesis.
pub(crate) fn history(log: LogId, genesis: &Genesis<'_>) -> KeyHistory {
    let history = KeyHistory::new(log, genesis);
    match genesis.policy_value(BatchSeal::POLICY) {
        Some(BatchSeal::PERMITTED) => history.with_batches(),
        _ => history,
    }
}

/// Holds a batch seal that the history took against the root of the tree before it.
pub(crate) fn signs_for(receipt: &UnverifiedReceipt<'_>, before: Option<NodeHash>) -> Covers {
    if receipt.header().kind != Kind::BATCH_SEAL {
        return Covers::Yes;
    }
    // The history took its range, so it decodes.
    let Ok(seal) = BatchSeal::decode(receipt) else {
        return Covers::Yes;
    };
    let which = match seal.count {
        1 => format!("receipt {}", seal.from),
        count => format!(
            "receipts {} to {}",
            seal.from,
            seal.from.saturating_add(count - 1)
        ),
    };
    match before {
        Some(root) if root == seal.root => Covers::Yes,
        Some(_) => Covers::No(format!(
            "batch seal: root is not that of the log's tree before it, so nobody signed for {which}"
        )),
        None => Covers::Unknown(format!(
            "the log is broken before the batch seal of {which}, so whether it signs for them cannot be \
             told"
        )),
    }
}

/// The answer where receipts wait for their seal.
pub(crate) fn unsealed(history: &KeyHistory) -> Option<Status> {
    let (first, last) = history.unsealed()?;
    let which = match last.saturating_sub(first) {
        0 => format!("receipt {first} is batched"),
        _ => format!("receipts {first} to {last} are batched"),
    };
    Some(Status::unverified(format!(
        "{which} and no batch seal is behind them, so nobody is shown to have signed for them: \
         take the log, or a selection of it, with what follows them"
    )))
}
