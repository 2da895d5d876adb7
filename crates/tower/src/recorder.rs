//! Takes records and waits until they are durable, on threads that may wait.

use crate::audit::{Intent, Outcome};
use ai_audit_core::LeafHash;
use ai_audit_ingest::{Group, IngestError, Keep, Keys, read_record, read_trace};
use ai_audit_intake::{Intake, TakeError, Taken};
use ai_audit_store::{AppendError, LogName, Receipt};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Where records go.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    pub(crate) intake: Arc<Intake>,
    pub(crate) log: LogName,
}

/// Why something is not surely in the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRecorded {
    #[error(transparent)]
    Take(#[from] TakeError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("the runtime is ending")]
    Ending,
}

impl NotRecorded {
    /// Whether it is known not to be in the log, so that something else may be recorded in its place. After
    /// a commit that failed it may be there.
    pub(crate) const fn is_surely_not_there(&self) -> bool {
        matches!(
            self,
            Self::Take(_)
                | Self::Append(
                    AppendError::IdTaken { .. }
                        | AppendError::Record { .. }
                        | AppendError::Reserved { .. }
                        | AppendError::Ciphertexts { .. }
                )
        )
    }
}

/// An intent that is in the log, and what its outcome has to repeat.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    trace_id: String,
    session_id: String,
    actor: String,
    hash: LeafHash,
}

/// Reads one record or one trace.
type Read = fn(&[u8], &str, Keep, &mut dyn Keys) -> Result<Group, IngestError>;

impl Recorder {
    pub(crate) async fn decision(&self, record: Value) -> Result<(), NotRecorded> {
        self.seal(record, read_record).await.map(drop)
    }

    pub(crate) async fn intent(&self, intent: Intent) -> Result<Open, NotRecorded> {
        let mut step = Map::new();
        step.insert("kind".into(), "tool_intent".into());
        step.insert("tool".into(), intent.tool.into());
        step.insert("actor".into(), intent.actor.clone().into());
        if let Some(arguments) = intent.arguments {
            step.insert("arguments".into(), arguments);
        }
        let trace = json!({
            "trace_id": intent.trace_id, "session_id": intent.session_id, "steps": [step],
        });
        let sealed = self.seal(trace, read_trace).await?;
        let first = sealed.first().ok_or(AppendError::Closed)?;
        Ok(Open {
            trace_id: intent.trace_id,
            session_id: intent.session_id,
            actor: intent.actor,
            hash: first.hash,
        })
    }

    pub(crate) async fn outcome(&self, open: Open, outcome: Outcome) -> Result<(), NotRecorded> {
        self.seal(Self::line(open, outcome), read_trace)
            .await
            .map(drop)
    }

    /// The same, for nobody who could wait. It is in the queue when this returns, unless that is full:
    /// then the log says so, and the intent stays open.
    pub(crate) fn outcome_now(&self, open: Open, outcome: Outcome) {
        // How it went nobody is there to be told.
        let _ = self.take(&Self::line(open, outcome), read_trace);
    }

    fn line(open: Open, outcome: Outcome) -> Value {
        let mut step = Map::new();
        step.insert("kind".into(), "tool_outcome".into());
        step.insert("intent".into(), open.hash.to_string().into());
        step.insert("actor".into(), open.actor.into());
        step.insert("status".into(), outcome.status.into());
        if !outcome.error.is_empty() {
            step.insert("error".into(), outcome.error.into());
        }
        if let Some(result) = outcome.result {
            step.insert("result".into(), result);
        }
        json!({"trace_id": open.trace_id, "session_id": open.session_id, "steps": [step]})
    }

    async fn seal(&self, record: Value, read: Read) -> Result<Vec<Receipt>, NotRecorded> {
        let recorder = self.clone();
        let taken = tokio::task::spawn_blocking(move || recorder.take(&record, read));
        let taken = taken.await.map_err(|_| NotRecorded::Ending)??;
        let sealed = taken.sealed().await?;
        Ok(sealed.into_iter().map(|one| one.receipt).collect())
    }

    fn take(&self, record: &Value, read: Read) -> Result<Taken, TakeError> {
        let bytes = record.to_string();
        self.intake.take(&self.log, |keys, keep| {
            Ok(vec![read(bytes.as_bytes(), "record", keep, keys)?])
        })
    }
}
