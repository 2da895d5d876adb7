//! Steps as records of a ledger.

use ai_audit_core::{LeafHash, SealError};
use ai_audit_ingest::{Step, StepBody};
use ai_audit_store::{Ciphertext, EncodedRecordBody, Record};

/// A step as a record, whose parents are known when it is sealed.
#[must_use]
pub fn to_record(step: Step) -> Record {
    let Step {
        id,
        trace_id,
        session_id,
        actor_id,
        mut body,
        ciphertexts,
        parents,
        ..
    } = step;
    let ciphertexts = ciphertexts.into_iter();
    let ciphertexts = ciphertexts.map(|(key, bytes)| Ciphertext { key, bytes });
    Record::build(id, move |earlier| {
        let hashes: Vec<LeafHash> = parents
            .iter()
            .filter_map(|parent| earlier.hash(*parent))
            .collect();
        if !hashes.is_empty() {
            body.link(&hashes);
        }
        encode(&body)
    })
    .ciphertexts(ciphertexts.collect())
    .trace(trace_id)
    .session(session_id)
    .actor(actor_id)
}

/// The encoding of a step's body.
fn encode(body: &StepBody) -> Result<EncodedRecordBody, SealError> {
    match body {
        StepBody::Decision(decision) => EncodedRecordBody::new(&**decision),
        StepBody::ToolIntent(intent) => EncodedRecordBody::new(&**intent),
        StepBody::ToolOutcome(outcome) => EncodedRecordBody::new(&**outcome),
        StepBody::TraceNode(node) => EncodedRecordBody::new(&**node),
        StepBody::Provenance(provenance, _) => EncodedRecordBody::new(&**provenance),
    }
}
