//! Steps of a trace given one by one, by whoever reads another format.

use super::{MAX_STEPS, Trace};
use crate::error::{IngestError, Problem};
use crate::protect::{Keep, Keys};
use crate::step::Group;
use serde_json::Value;
use std::collections::BTreeMap;

/// Makes a group of one trace out of steps that are given one by one.
///
/// A step is what it is on a line of [`TraceLines`](super::TraceLines); its texts go through the same.
/// One that is refused leaves the others as they are.
///
/// ```
/// use ai_audit_ingest::{Keep, Keys, Protection, StepBody, TraceSteps};
/// use serde_json::json;
/// # struct Counted;
/// # impl Keys for Counted {
/// #     fn new_id(&mut self) -> ai_audit_core::ReceiptId { ai_audit_core::ReceiptId::from_bytes([1; 16]) }
/// #     fn nonce(&mut self) -> [u8; 12] { [0; 12] }
/// #     fn protection(&mut self, _: Option<&str>, _: &str, _: bool) -> Protection { Protection::default() }
/// # }
/// let mut keys = Counted;
/// let mut steps = TraceSteps::new("4bf92f3577b34da6", None, Keep::default(), &mut keys);
/// steps.push("session", json!({"kind": "tool_intent", "ref": "call", "tool": "search"}))?;
/// assert!(steps.push("session", json!({"kind": "tool_outcome", "intent": "cal"})).is_err());
/// steps.push("session", json!({"kind": "tool_outcome", "intent": "call", "status": "ok"}))?;
///
/// let group = steps.finish();
/// assert_eq!(group.place, "trace 4bf92f3577b34da6");
/// assert!(matches!(group.steps[1].body, StepBody::ToolOutcome(_)) && group.steps[1].parents == [0]);
/// # Ok::<(), ai_audit_ingest::IngestError>(())
/// ```
pub struct TraceSteps<'k> {
    trace: Trace<'k>,
}

impl<'k> TraceSteps<'k> {
    /// A trace without steps, for the log of a tenant; `None` for the default one.
    pub fn new(
        trace_id: impl Into<String>,
        log: Option<String>,
        keep: Keep,
        keys: &'k mut dyn Keys,
    ) -> Self {
        Self {
            trace: Trace {
                trace_id: trace_id.into(),
                session_id: String::new(),
                log,
                keep,
                keys,
                names: BTreeMap::new(),
                steps: Vec::new(),
            },
        }
    }

    /// Adds a step, of a session that may be empty.
    ///
    /// # Errors
    ///
    /// As for a line of [`TraceLines`](super::TraceLines), without the step's place in it; and when
    /// there are 65,536 steps already.
    pub fn push(&mut self, session_id: &str, step: Value) -> Result<(), IngestError> {
        session_id.clone_into(&mut self.trace.session_id);
        let step = match self.trace.steps.len() < MAX_STEPS {
            true => self.trace.step(step),
            false => Err(Problem::new(format!("more than {MAX_STEPS} steps"))),
        };
        self.trace
            .steps
            .push(step.map_err(|problem| problem.at(self.place()))?);
        Ok(())
    }

    /// The group.
    #[must_use]
    pub fn finish(self) -> Group {
        Group {
            place: self.place(),
            steps: self.trace.steps,
        }
    }

    fn place(&self) -> String {
        format!("trace {}", self.trace.trace_id)
    }
}

impl std::fmt::Debug for TraceSteps<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TraceSteps")
            .field("steps", &self.trace.steps.len())
            .finish_non_exhaustive()
    }
}
