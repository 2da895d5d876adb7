//! Groups that are sent a second time: whether they are in the log already, and unchanged.
//!
//! The digests of texts are keyed by the id of the receipt and the name of the field, so that the same
//! record under the same id gives the same body, byte for byte, and bodies can be compared. What is
//! encrypted has another nonce each time; there the texts' digests, which stand in the body too, are
//! compared in place of the ciphertexts.

use crate::IntakeError;
use ai_audit_agentic::{Provenance, ToolIntent, ToolOutcome, TraceNode};
use ai_audit_core::{
    Body, Content, Decision, DecodeBody as _, Kind, LeafHash, List, ReceiptId, UnverifiedReceipt,
    encode_body,
};
use ai_audit_directory::LogDirectory;
use ai_audit_ingest::{Group, Step, StepBody};
use ai_audit_store::{LogName, Query, Receipt, StoredContent};

/// What a log has of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resent {
    /// None of its ids: it can be sealed.
    New,
    /// All of it, as it is here.
    There(Vec<Receipt>),
    /// One of its ids, with something else. The receipt, and what is different.
    Other {
        /// The receipt's place in the log.
        seq: u64,
        /// In words: what about it is not as in the group.
        what: String,
    },
}

/// Looks a group up by the ids that its steps were given.
///
/// A group is sealed as a whole, so it is found as a whole: its receipts stand one behind the other.
///
/// # Errors
///
/// When the log cannot be read.
pub fn resent(
    directory: &LogDirectory,
    log: &LogName,
    group: &Group,
) -> Result<Resent, IntakeError> {
    for (index, step) in group.steps.iter().enumerate() {
        if step.id_given
            && let Some(seq) = place_of(directory, log, step.id)?
        {
            return compare(directory, log, group, index, seq);
        }
    }
    Ok(Resent::New)
}

pub(crate) fn place_of(
    directory: &LogDirectory,
    log: &LogName,
    id: ReceiptId,
) -> Result<Option<u64>, IntakeError> {
    let found = directory.store().find(log, &Query::Id(id), None, 1)?;
    Ok(found.first().copied())
}

/// Holds a group against the log, in which the receipt at `seq` has the id of the step at `index`.
fn compare(
    directory: &LogDirectory,
    log: &LogName,
    group: &Group,
    index: usize,
    seq: u64,
) -> Result<Resent, IntakeError> {
    let other = |seq, what: &str| {
        let what = what.to_owned();
        Ok(Resent::Other { seq, what })
    };
    if group.steps.iter().any(|step| !step.id_given) {
        let what = "it is there already, and not every step of what was sent has an id: only with ids \
                    for all of them can it be sent again";
        return other(seq, what);
    }
    let Some(start) = seq.checked_sub(index as u64) else {
        return other(seq, "it is not part of a group such as this one");
    };
    let size = directory.head(log)?.size();
    let mut receipts: Vec<Receipt> = Vec::with_capacity(group.steps.len());
    let mut hashes: Vec<LeafHash> = Vec::with_capacity(group.steps.len());
    for (step, at) in group.steps.iter().zip(start..) {
        if at >= size {
            return other(seq, "the rest of what was sent is not behind it");
        }
        let sealed = match directory.stored(log, at)? {
            StoredContent::Sealed(sealed) => sealed,
            StoredContent::Deleted(_) => {
                return other(at, "its bytes were deleted, so nothing can be compared");
            }
        };
        let Ok(receipt) = UnverifiedReceipt::parse(&sealed) else {
            return other(at, "it cannot be read");
        };
        if let Some(what) = difference(step, &receipt, &hashes) {
            return other(at, what);
        }
        let header = receipt.header();
        receipts.push(Receipt {
            seq: at,
            id: header.id,
            hash: receipt.hash(),
            sealed_at: header.sealed_at,
        });
        hashes.push(receipt.hash());
    }
    Ok(Resent::There(receipts))
}

/// What a receipt says otherwise than a step, of whose group the receipts before it have `hashes`.
fn difference(
    step: &Step,
    receipt: &UnverifiedReceipt<'_>,
    hashes: &[LeafHash],
) -> Option<&'static str> {
    let header = receipt.header();
    if header.id != step.id {
        return Some("it has another id than the step in its place");
    }
    if header.trace_id != step.trace_id {
        return Some("it has another `trace_id`");
    }
    if header.session_id != step.session_id {
        return Some("it has another `session_id`");
    }
    if header.actor_id != step.actor_id {
        return Some("it has another `actor`");
    }
    let mut body = step.body.clone();
    let parents = step.parents.iter();
    let parents: Vec<LeafHash> = parents
        .filter_map(|parent| hashes.get(*parent).copied())
        .collect();
    if !parents.is_empty() {
        body.link(&parents);
    }
    let same = match &body {
        StepBody::Decision(decision) => {
            is::<Decision<'_>>(receipt, decision)
                || (!step.ciphertexts.is_empty() && is_but_for_nonces(receipt, decision))
        }
        StepBody::ToolIntent(intent) => is::<ToolIntent<'_>>(receipt, intent),
        StepBody::ToolOutcome(outcome) => is::<ToolOutcome<'_>>(receipt, outcome),
        StepBody::TraceNode(node) => is::<TraceNode<'_>>(receipt, node),
        StepBody::Provenance(provenance, _) => is::<Provenance<'_>>(receipt, provenance),
    };
    (!same).then_some("its body says something else")
}

/// Whether a receipt has this body.
pub(crate) fn is<B: Body>(receipt: &UnverifiedReceipt<'_>, body: &B) -> bool {
    receipt.header().kind == B::KIND && encode_body(body).is_ok_and(|bytes| bytes == receipt.body())
}

/// The same of a decision that has encrypted texts. Their digests are compared with all the rest.
fn is_but_for_nonces(receipt: &UnverifiedReceipt<'_>, decision: &Decision<'_>) -> bool {
    if receipt.header().kind != Kind::DECISION {
        return false;
    }
    let Ok(stored) = Decision::decode(receipt) else {
        return false;
    };
    let kept = stored.kept.len() == decision.kept.len()
        && stored.kept.iter().zip(decision.kept.iter()).all(|(a, b)| {
            a.name == b.name
                && match (&a.content, &b.content) {
                    (Content::Plain(a), Content::Plain(b)) => a == b,
                    (Content::Encrypted(a), Content::Encrypted(b)) => a.key == b.key,
                    _ => false,
                }
        });
    let rest = |decision: &Decision<'_>| {
        encode_body(&Decision {
            kept: List::default(),
            ..decision.clone()
        })
    };
    kept && rest(&stored).is_ok_and(|a| rest(decision).is_ok_and(|b| a == b))
}
