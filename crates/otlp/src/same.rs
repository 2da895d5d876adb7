//! Whether what is in the log already is what a span says.

use ai_audit_agentic::{ToolIntent, ToolOutcome, TraceNode};
use ai_audit_core::{Decision, Kind, List, decode_body};
use ai_audit_ingest::StepBody;

/// Whether the body of a receipt in the log, under the step's id, says what the step says: then the
/// span was sent again, and nothing is to do. Otherwise its ids clash.
///
/// Not compared are parents, which depend on what was in the log then, nor kept texts and
/// redactions, which depend on settings; the digests stand for the texts.
///
/// ```
/// use ai_audit_core::{Decision, Kind, encode_body};
/// use ai_audit_ingest::StepBody;
/// let decision = Decision { model: "m".into(), ..Decision::new() };
/// let sealed = encode_body(&decision)?;
/// let step = StepBody::Decision(Box::new(decision));
/// assert!(ai_audit_otlp::is_sealed_as(&step, Kind::DECISION, &sealed));
/// let other = StepBody::Decision(Box::default());
/// assert!(!ai_audit_otlp::is_sealed_as(&other, Kind::DECISION, &sealed));
/// # Ok::<(), ai_audit_core::SealError>(())
/// ```
#[must_use]
pub fn is_sealed_as(step: &StepBody, kind: Kind, body: &[u8]) -> bool {
    match step {
        StepBody::Decision(new) if kind == Kind::DECISION => {
            decode_body::<Decision<'_>>(body).is_ok_and(|sealed| said(sealed) == said(own(new)))
        }
        StepBody::ToolIntent(new) if kind == Kind::TOOL_INTENT => {
            decode_body::<ToolIntent<'_>>(body).is_ok_and(|mut sealed| {
                sealed.parents = new.parents.clone();
                sealed == **new
            })
        }
        StepBody::ToolOutcome(new) if kind == Kind::TOOL_OUTCOME => {
            decode_body::<ToolOutcome<'_>>(body).is_ok_and(|mut sealed| {
                sealed.parents = new.parents.clone();
                sealed.intent = new.intent;
                sealed == **new
            })
        }
        StepBody::TraceNode(new) if kind == Kind::TRACE_NODE => decode_body::<TraceNode<'_>>(body)
            .is_ok_and(|mut sealed| {
                sealed.parents = new.parents.clone();
                sealed == **new
            }),
        _ => false,
    }
}

fn own<'a>(decision: &Decision<'a>) -> Decision<'a> {
    decision.clone()
}

/// A decision without what is not compared.
fn said(decision: Decision<'_>) -> Decision<'_> {
    Decision {
        kept: List::default(),
        redactions: List::default(),
        parents: List::default(),
        ..decision
    }
}
