//! Bodies of the kinds that this version knows must decode, canonically.

use ai_audit_agentic::{
    Attestation, ContractActivation, ContractState, HumanReview, Incident, Provenance, ToolIntent,
    ToolOutcome, TraceNode,
};
use ai_audit_core::{
    BatchSeal, ClockAnomaly, Decision, DecodeBody, DecodeError, Gap, Genesis, Imported,
    KeyRevocation, KeyRotation, Kind, LogId, PolicyChange, Start, Stop, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochSeal};
use ai_audit_note::{Anchor, FleetRoster, MemberCheckpoint};
use ai_audit_shredding::{Access, ErasureCompleted, ErasureRequested};

/// Decodes the body if its kind is known; others verify as bytes.
pub(crate) fn check(receipt: &UnverifiedReceipt<'_>) -> Result<(), DecodeError> {
    match receipt.header().kind {
        Kind::GENESIS => Genesis::decode(receipt).map(drop),
        Kind::POLICY => PolicyChange::decode(receipt).map(drop),
        Kind::DECISION => Decision::decode(receipt).map(drop),
        Kind::TOOL_INTENT => ToolIntent::decode(receipt).map(drop),
        Kind::TOOL_OUTCOME => ToolOutcome::decode(receipt).map(drop),
        Kind::TRACE_NODE => TraceNode::decode(receipt).map(drop),
        Kind::PROVENANCE => Provenance::decode(receipt).map(drop),
        Kind::CONTRACT_ACTIVATION => ContractActivation::decode(receipt).map(drop),
        Kind::CONTRACT_STATE => ContractState::decode(receipt).map(drop),
        Kind::HUMAN_REVIEW => HumanReview::decode(receipt).map(drop),
        Kind::ATTESTATION => Attestation::decode(receipt).map(drop),
        Kind::INCIDENT => Incident::decode(receipt).map(drop),
        Kind::BATCH_SEAL => BatchSeal::decode(receipt).map(drop),
        Kind::KEY_ROTATION => KeyRotation::decode(receipt).map(drop),
        Kind::KEY_REVOCATION => KeyRevocation::decode(receipt).map(drop),
        Kind::START => Start::decode(receipt).map(drop),
        Kind::STOP => Stop::decode(receipt).map(drop),
        Kind::GAP => Gap::decode(receipt).map(drop),
        Kind::CLOCK_ANOMALY => ClockAnomaly::decode(receipt).map(drop),
        Kind::ANCHOR => Anchor::decode(receipt).map(drop),
        Kind::EPOCH_SEAL => EpochSeal::decode(receipt).map(drop),
        Kind::DELETION => Deletion::decode(receipt).map(drop),
        Kind::ACCESS => Access::decode(receipt).map(drop),
        Kind::ERASURE_REQUESTED => ErasureRequested::decode(receipt).map(drop),
        Kind::ERASURE_COMPLETED => ErasureCompleted::decode(receipt).map(drop),
        Kind::FLEET_ROSTER => FleetRoster::decode(receipt).map(drop),
        Kind::MEMBER_CHECKPOINT => MemberCheckpoint::decode(receipt).map(drop),
        Kind::IMPORTED => imported(receipt),
        _ => Ok(()),
    }
}

/// What an imported record says is a body of its own.
fn imported(receipt: &UnverifiedReceipt<'_>) -> Result<(), DecodeError> {
    Imported::decode(receipt)?;
    let said = receipt.said();
    match said.kind {
        Kind::DECISION => Decision::decode_said(&said).map(drop),
        Kind::TOOL_OUTCOME => ToolOutcome::decode_said(&said).map(drop),
        _ => Ok(()),
    }
}

/// Whether what a body says others signed of receipts of this log is signed by the keys that it names.
pub(crate) fn is_signed(receipt: &UnverifiedReceipt<'_>) -> bool {
    let log = &receipt.header().log_id;
    let signed = match receipt.header().kind {
        Kind::HUMAN_REVIEW => HumanReview::decode(receipt).map(|review| review.verify(log)),
        Kind::ATTESTATION => Attestation::decode(receipt).map(|attested| attested.verify(log)),
        _ => return true,
    };
    // One that does not decode is refused as such.
    signed.is_ok_and(|signed| signed.is_ok())
}

/// Why integrity fails where it is not.
pub(crate) const NOT_SIGNED: &str =
    "signature: the key that it names did not sign this for a receipt of this log";

/// The log that a receipt belongs to.
pub(crate) fn log_of(receipt: &UnverifiedReceipt<'_>) -> LogId {
    match receipt.header().kind {
        Kind::GENESIS => receipt.hash().to_log_id(),
        _ => receipt.header().log_id,
    }
}
