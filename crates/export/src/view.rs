//! The JSON view of a receipt: for people and programs, derived from the bytes.

use ai_audit_agentic::{
    Attestation, ContractActivation, ContractState, HumanReview, Incident, Provenance, ToolIntent,
    ToolOutcome, TraceNode,
};
use ai_audit_core::{
    BatchSeal, ClockAnomaly, Decision, DecodeBody, Gap, Genesis, Header, Imported, ImportedRecord,
    KeyRevocation, KeyRotation, Kind, LeafHash, PolicyChange, Start, Stop, UnverifiedReceipt,
    decode_body,
};
use ai_audit_epochs::{Deletion, EpochSeal};
use ai_audit_note::{Anchor, FleetRoster, MemberCheckpoint};
use ai_audit_shredding::{Access, ErasureCompleted, ErasureRequested};
use serde::Serialize;
use serde_json::{Value, json};
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

/// The JSON view of what a receipt says: of one that brings a decision or a tool outcome of another
/// system, the view as if it were the receipt's own body, with `imported` set. Of any other, the
/// same as [`json_value`].
#[must_use]
pub fn said_value(receipt: &UnverifiedReceipt<'_>) -> Value {
    let said = receipt.said();
    let mut value = json_value(receipt);
    if said.imported
        && let Value::Object(fields) = &mut value
    {
        fields.insert("kind".into(), said.kind.to_string().into());
        fields.insert("imported".into(), true.into());
        fields.remove("body");
        let (name, shown) = shown(said.kind, said.body);
        fields.insert(name.into(), shown);
    }
    value
}

fn body(receipt: &UnverifiedReceipt<'_>) -> Option<Value> {
    decoded(receipt.header().kind, receipt.body())
}

/// A body under the name that it has in a view.
fn shown(kind: Kind, bytes: &[u8]) -> (&'static str, Value) {
    match decoded(kind, bytes) {
        Some(body) => ("body", body),
        None => ("body_hex", hex(bytes).into()),
    }
}

fn decoded(kind: Kind, bytes: &[u8]) -> Option<Value> {
    fn value<'a, T: DecodeBody<'a>>(bytes: &'a [u8]) -> Option<Value> {
        let mut value = serde_json::to_value(decode_body::<T>(bytes).ok()?).ok()?;
        prune(&mut value);
        Some(value)
    }
    match kind {
        Kind::GENESIS => value::<Genesis<'_>>(bytes),
        Kind::POLICY => value::<PolicyChange<'_>>(bytes),
        Kind::DECISION => value::<Decision<'_>>(bytes),
        Kind::TOOL_INTENT => value::<ToolIntent<'_>>(bytes),
        Kind::TOOL_OUTCOME => value::<ToolOutcome<'_>>(bytes),
        Kind::TRACE_NODE => value::<TraceNode<'_>>(bytes),
        Kind::PROVENANCE => value::<Provenance<'_>>(bytes),
        Kind::CONTRACT_ACTIVATION => value::<ContractActivation<'_>>(bytes),
        Kind::CONTRACT_STATE => value::<ContractState<'_>>(bytes),
        Kind::HUMAN_REVIEW => value::<HumanReview<'_>>(bytes),
        Kind::ATTESTATION => value::<Attestation<'_>>(bytes),
        Kind::INCIDENT => value::<Incident<'_>>(bytes),
        Kind::KEY_ROTATION => value::<KeyRotation<'_>>(bytes),
        Kind::KEY_REVOCATION => value::<KeyRevocation<'_>>(bytes),
        Kind::START => value::<Start<'_>>(bytes),
        Kind::STOP => value::<Stop<'_>>(bytes),
        Kind::GAP => value::<Gap<'_>>(bytes),
        Kind::CLOCK_ANOMALY => value::<ClockAnomaly>(bytes),
        Kind::ANCHOR => value::<Anchor<'_>>(bytes),
        Kind::BATCH_SEAL => value::<BatchSeal>(bytes),
        Kind::EPOCH_SEAL => value::<EpochSeal>(bytes),
        Kind::DELETION => value::<Deletion<'_>>(bytes),
        Kind::ACCESS => value::<Access<'_>>(bytes),
        Kind::ERASURE_REQUESTED => value::<ErasureRequested<'_>>(bytes),
        Kind::ERASURE_COMPLETED => value::<ErasureCompleted<'_>>(bytes),
        Kind::FLEET_ROSTER => value::<FleetRoster<'_>>(bytes),
        Kind::MEMBER_CHECKPOINT => value::<MemberCheckpoint<'_>>(bytes),
        Kind::IMPORTED => imported(bytes),
        _ => None,
    }
}

/// An imported record, with the body that it brings shown as one.
fn imported(bytes: &[u8]) -> Option<Value> {
    let body: Imported<'_> = decode_body(bytes).ok()?;
    let mut value = serde_json::to_value(&body).ok()?;
    if let ImportedRecord::Item(item) = &body.record
        && let Some(content) = item.content
        && let Some(place) = value.pointer_mut("/record/item/content")
    {
        let (name, shown) = shown(content.kind, content.body.0);
        *place = json!({ "kind": content.kind, name: shown });
    }
    prune(&mut value);
    Some(value)
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
