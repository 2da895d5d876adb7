//! The JSON view of a receipt: for people and programs, derived from the bytes.

use ai_audit_agentic::{
    Attestation, ContractActivation, ContractState, HumanReview, Incident, Provenance, ToolIntent,
    ToolOutcome, TraceNode,
};
use ai_audit_core::{
    ClockAnomaly, Decision, DecodeBody, Gap, Genesis, Header, KeyRevocation, KeyRotation, Kind,
    LeafHash, PolicyChange, Start, Stop, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochSeal};
use ai_audit_note::Anchor;
use ai_audit_shredding::{Access, ErasureCompleted, ErasureRequested};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;

#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    header: &'a Header<'a>,
    hash: LeafHash,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_hex: Option<String>,
}

/// The JSON view of a receipt, on one line.
///
/// Header fields come first, then hash, signature and the body without its empty fields. A body of
/// an unknown kind, or one that does not decode, is shown as `body_hex`.
#[must_use]
pub fn json_view(receipt: &UnverifiedReceipt<'_>) -> String {
    // Maps with text keys and finite numbers always serialise.
    serde_json::to_string(&view(receipt)).unwrap_or_default()
}

#[derive(Serialize)]
struct DeletedView {
    seq: u64,
    deleted: bool,
    hash: LeafHash,
}

/// The JSON view of a receipt whose bytes are deleted, on one line: what is left of it.
#[must_use]
pub fn deleted_view(seq: u64, hash: LeafHash) -> String {
    let deleted = true;
    serde_json::to_string(&DeletedView { seq, deleted, hash }).unwrap_or_default()
}

/// The JSON view as a value.
#[must_use]
pub fn json_value(receipt: &UnverifiedReceipt<'_>) -> Value {
    serde_json::to_value(view(receipt)).unwrap_or_default()
}

fn view<'a>(receipt: &'a UnverifiedReceipt<'_>) -> View<'a> {
    let body = body(receipt);
    View {
        header: receipt.header(),
        hash: receipt.hash(),
        signature: receipt
            .signature()
            .map(|signature| hex(signature.as_bytes())),
        body_hex: body.is_none().then(|| hex(receipt.body())),
        body,
    }
}

fn body(receipt: &UnverifiedReceipt<'_>) -> Option<Value> {
    fn value<'a, T: DecodeBody<'a>>(receipt: &UnverifiedReceipt<'a>) -> Option<Value> {
        let mut value = serde_json::to_value(T::decode(receipt).ok()?).ok()?;
        prune(&mut value);
        Some(value)
    }
    match receipt.header().kind {
        Kind::GENESIS => value::<Genesis<'_>>(receipt),
        Kind::POLICY => value::<PolicyChange<'_>>(receipt),
        Kind::DECISION => value::<Decision<'_>>(receipt),
        Kind::TOOL_INTENT => value::<ToolIntent<'_>>(receipt),
        Kind::TOOL_OUTCOME => value::<ToolOutcome<'_>>(receipt),
        Kind::TRACE_NODE => value::<TraceNode<'_>>(receipt),
        Kind::PROVENANCE => value::<Provenance<'_>>(receipt),
        Kind::CONTRACT_ACTIVATION => value::<ContractActivation<'_>>(receipt),
        Kind::CONTRACT_STATE => value::<ContractState<'_>>(receipt),
        Kind::HUMAN_REVIEW => value::<HumanReview<'_>>(receipt),
        Kind::ATTESTATION => value::<Attestation<'_>>(receipt),
        Kind::INCIDENT => value::<Incident<'_>>(receipt),
        Kind::KEY_ROTATION => value::<KeyRotation<'_>>(receipt),
        Kind::KEY_REVOCATION => value::<KeyRevocation<'_>>(receipt),
        Kind::START => value::<Start<'_>>(receipt),
        Kind::STOP => value::<Stop<'_>>(receipt),
        Kind::GAP => value::<Gap<'_>>(receipt),
        Kind::CLOCK_ANOMALY => value::<ClockAnomaly>(receipt),
        Kind::ANCHOR => value::<Anchor<'_>>(receipt),
        Kind::EPOCH_SEAL => value::<EpochSeal>(receipt),
        Kind::DELETION => value::<Deletion<'_>>(receipt),
        Kind::ACCESS => value::<Access<'_>>(receipt),
        Kind::ERASURE_REQUESTED => value::<ErasureRequested<'_>>(receipt),
        Kind::ERASURE_COMPLETED => value::<ErasureCompleted<'_>>(receipt),
        _ => None,
    }
}

/// Removes fields that say nothing: null, empty texts and empty lists.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, field| !empty(field));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
