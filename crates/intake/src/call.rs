//! Tool calls that somebody forwards: the intent before, with what a contract says of it, and the
//! outcome after.

use crate::intake::{Intake, TakeError, Taken, group_refusal};
use crate::{Admission, LogKeys, to_record};
use ai_audit_agentic::{
    ContractState, ContractVerdict, JsonDigest, ToolIntent, ToolOutcome, ToolStatus, TraceNode,
};
use ai_audit_core::{Digest, DisclosureKey, LeafHash, List, ReceiptId, Text};
use ai_audit_ingest::{Group, Keys as _, Protection, Step, StepBody};
use ai_audit_store::{EncodedRecordBody, LogName, Record};

/// The name of the step that [`Intake::take_forwarding`] seals.
pub const FORWARDED: &str = "approved call forwarded";

/// Whose call it is: what goes into the headers of its receipts. Each may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallHeader {
    /// The trace.
    pub trace_id: String,
    /// The session.
    pub session_id: String,
    /// Who acts, as a pseudonym or a system's name.
    pub actor_id: String,
}

/// A tool call that is about to be forwarded.
#[derive(Debug, Clone, Default)]
pub struct CallDraft<'a> {
    /// Whose it is.
    pub header: CallHeader,
    /// The tool's name; not empty.
    pub tool: &'a str,
    /// The call's id; may be empty.
    pub call_id: &'a str,
    /// The JSON text of its arguments, as it came.
    pub arguments: Option<&'a str>,
    /// What a contract, activated before, says of it.
    pub state: Option<CallState<'a>>,
}

/// The state of a call, held against a contract.
#[derive(Debug, Clone)]
pub struct CallState<'a> {
    /// The contract.
    pub contract: Digest,
    /// The number of the state in its session, from 0.
    pub step: u64,
    /// The state's JSON text.
    pub state: &'a str,
    /// What it comes to.
    pub verdict: ContractVerdict,
    /// Broken hard rules, in the contract's order.
    pub hard: Vec<String>,
    /// Broken soft rules, in the contract's order.
    pub soft: Vec<String>,
    /// Broken preconditions.
    pub preconditions: Vec<String>,
}

/// What came of a tool call.
#[derive(Debug, Clone)]
pub struct CallOutcome<'a> {
    /// Whose it was.
    pub header: CallHeader,
    /// The tool's name.
    pub tool: &'a str,
    /// The call's id; may be empty.
    pub call_id: &'a str,
    /// The hash of its intent.
    pub intent: LeafHash,
    /// How it ended.
    pub status: ToolStatus,
    /// The JSON text of its result, as it came.
    pub result: Option<&'a str>,
    /// How long it took, in microseconds.
    pub duration_us: Option<u64>,
    /// The class of its error; empty where there was none.
    pub error: &'a str,
}

impl Intake {
    /// Takes the intent of a call, and behind it in the same commit what a contract says of it. The
    /// first receipt is the intent's.
    ///
    /// # Errors
    ///
    /// [`TakeError`]: nothing was submitted, and the call should not go out.
    pub fn take_call(&self, log: &LogName, call: &CallDraft<'_>) -> Result<Taken, TakeError> {
        self.take_step(log, &call.header, |id, protection, keys| {
            protection.check_names(
                "tools/call",
                &[("tool", call.tool), ("call_id", call.call_id)],
            )?;
            let intent = ToolIntent {
                tool: call.tool.to_owned().into(),
                call_id: call.call_id.to_owned().into(),
                arguments: digest(call.arguments, protection, id, "arguments"),
                ..ToolIntent::new()
            };
            let more = call.state.as_ref().map(|state| {
                let own = keys.new_id();
                evaluated(state, own, protection, &call.header)
            });
            Ok((StepBody::ToolIntent(Box::new(intent)), more))
        })
    }

    /// Takes the mark that a call goes out on an intent that was sealed, and approved, before: who finds
    /// it knows that the intent may have run.
    ///
    /// # Errors
    ///
    /// As [`Intake::take_call`].
    pub fn take_forwarding(
        &self,
        log: &LogName,
        header: &CallHeader,
        intent: LeafHash,
    ) -> Result<Taken, TakeError> {
        self.take_step(log, header, |_, _, _| {
            let node = TraceNode {
                parents: [intent].into_iter().collect(),
                ..TraceNode::new(FORWARDED)
            };
            Ok((StepBody::TraceNode(Box::new(node)), None))
        })
    }

    /// Takes what came of a call.
    ///
    /// # Errors
    ///
    /// As [`Intake::take_call`].
    pub fn take_outcome(
        &self,
        log: &LogName,
        outcome: &CallOutcome<'_>,
    ) -> Result<Taken, TakeError> {
        self.take_step(log, &outcome.header, |id, protection, _| {
            let body = ToolOutcome {
                tool: outcome.tool.to_owned().into(),
                call_id: outcome.call_id.to_owned().into(),
                intent: Some(outcome.intent),
                status: outcome.status,
                result: digest(outcome.result, protection, id, "result"),
                duration_us: outcome.duration_us,
                error: outcome.error.to_owned().into(),
                ..ToolOutcome::new()
            };
            Ok((StepBody::ToolOutcome(Box::new(body)), None))
        })
    }

    /// Whether a digest of a receipt's arguments is that of this text; false where it is another, or
    /// there is none.
    ///
    /// # Errors
    ///
    /// When the log's secret cannot be read.
    pub fn is_of_arguments(
        &self,
        log: &LogName,
        id: &ReceiptId,
        held: Option<&JsonDigest>,
        arguments: Option<&str>,
    ) -> Result<bool, TakeError> {
        let mut keys = self.keys_of(log);
        let protection = keys.protection(None, "", false);
        keys.check()?;
        Ok(match (held, arguments) {
            (None, None) => true,
            (Some(held), Some(text)) => {
                held.matches(text, exact_key(&protection, *id, "arguments").as_ref())
            }
            _ => false,
        })
    }

    fn keys_of(&self, log: &LogName) -> LogKeys<'_> {
        LogKeys::new(self.writer(), self.admission(log), None, self.secrets())
    }

    fn admission(&self, log: &LogName) -> Admission<'_> {
        let directory = self.reading();
        let admission = Admission::only(directory, directory.settings(), log.clone());
        match self.secrets().is_known(log) {
            true => admission.usable(log.clone()),
            false => admission,
        }
    }

    /// Submits one step, and a record that follows from it.
    fn take_step(
        &self,
        log: &LogName,
        header: &CallHeader,
        make: impl FnOnce(
            ReceiptId,
            &Protection,
            &mut LogKeys<'_>,
        ) -> Result<(StepBody, Option<Record>), TakeError>,
    ) -> Result<Taken, TakeError> {
        let mut keys = self.keys_of(log);
        let id = keys.new_id();
        let protection = keys.protection(None, "", false);
        keys.check()?;
        protection.check_names(
            "tools/call",
            &[
                ("trace_id", &header.trace_id),
                ("session_id", &header.session_id),
                ("actor", &header.actor_id),
            ],
        )?;
        let (body, more) = make(id, &protection, &mut keys)?;
        keys.check()?;
        let step = Step {
            log: None,
            id,
            id_given: false,
            trace_id: header.trace_id.clone(),
            session_id: header.session_id.clone(),
            actor_id: header.actor_id.clone(),
            body,
            ciphertexts: Vec::new(),
            parents: Vec::new(),
        };
        let group = Group {
            place: "tools/call".into(),
            steps: vec![step],
        };
        self.admission(log)
            .admit_again(&group)
            .map_err(group_refusal)?;
        let mut records: Vec<Record> = group.steps.into_iter().map(to_record).collect();
        records.extend(more);
        self.submit_all(log, records)
    }
}

fn exact_key(protection: &Protection, id: ReceiptId, field: &str) -> Option<DisclosureKey> {
    let secret = protection.secret.as_ref()?;
    Some(secret.exact_key(&id, field))
}

fn digest(
    text: Option<&str>,
    protection: &Protection,
    id: ReceiptId,
    field: &str,
) -> Option<JsonDigest> {
    let key = exact_key(protection, id, field);
    text.map(|text| JsonDigest::of_either(text, key.as_ref()))
}

/// The record of an evaluation, which follows from the one before it in its group.
fn evaluated(
    state: &CallState<'_>,
    id: ReceiptId,
    protection: &Protection,
    header: &CallHeader,
) -> Record {
    let held = digest(Some(state.state), protection, id, "state");
    let state = state.clone();
    let (contract, step, verdict) = (state.contract, state.step, state.verdict);
    let names = |names: Vec<String>| -> List<'static, Text<'static>> {
        names.into_iter().map(Text::from).collect()
    };
    let (hard, soft, preconditions) = (
        names(state.hard),
        names(state.soft),
        names(state.preconditions),
    );
    Record::build(id, move |earlier| {
        EncodedRecordBody::new(&ContractState {
            contract,
            step,
            state: held,
            verdict,
            hard,
            soft,
            preconditions,
            parents: earlier.hash(0).into_iter().collect(),
        })
    })
    .trace(header.trace_id.clone())
    .session(header.session_id.clone())
    .actor(header.actor_id.clone())
}
