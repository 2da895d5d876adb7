//! Before a call goes out: what is asked, and the intent that says so.

use crate::copy::MOST_TEXT;
use crate::counts::count;
use crate::forms::{Asked, Form, ToolResult};
use crate::headers::Told;
use crate::json;
use crate::shared::Shared;
use crate::wishes::{Known, Wish};
use ai_audit_agentic::JsonDigest;
use ai_audit_core::{DigestSecret, LeafHash, ReceiptId, TextHasher};
use ai_audit_ingest::{Group, IngestError, Keep, Keys, StepBody, TraceSteps};
use ai_audit_intake::{TakeError, Taken};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// What is known of a call before it goes out.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) form: Option<Form>,
    pub(crate) told: Told,
    pub(crate) call_id: String,
    /// None where the request could not be read.
    pub(crate) asked: Option<Asked>,
    /// The configuration that it asks for, in its canonical form: as long as its text and no longer.
    pub(crate) config: Option<String>,
    /// Ids of tool calls whose results stand before the intent.
    pub(crate) answered: Vec<String>,
    /// The receipt of the intent; none where it could not be made durable.
    pub(crate) intent: Option<LeafHash>,
    /// The receipt of the outcome to be: the digest of the answer depends on it.
    pub(crate) outcome: ReceiptId,
    pub(crate) digest: TextHasher,
}

/// How an outcome names what was called.
pub(crate) const fn tool(form: Option<Form>) -> &'static str {
    match form {
        Some(_) => "model.call",
        None => "http.call",
    }
}

/// Reads a request. None where it is not of this form.
pub(crate) fn read(shared: &Shared, form: Option<Form>, body: &[u8]) -> Option<Asked> {
    let asked = form.and_then(|form| {
        if body.len() > MOST_TEXT {
            return None;
        }
        form.asked(&json::read(body)?)
    });
    if form.is_some() && asked.is_none() {
        count(&shared.counts.unread);
    }
    asked
}

/// Submits the intent of a request, and before it the outcomes of tool calls that the agent tells with it.
/// Blocks while it reads, and while the ledger's queue is full.
pub(crate) fn begin(
    shared: &Shared,
    form: Option<Form>,
    mut told: Told,
    mut asked: Option<Asked>,
    body: &[u8],
) -> (Begun, Result<Taken, TakeError>) {
    let results = asked
        .as_mut()
        .map_or(Vec::new(), |asked| core::mem::take(&mut asked.results));
    let ids = results.iter().map(|result| result.call_id.as_str());
    let known = shared.wishes.take(told.client, ids);
    let mut answered: Vec<(&ToolResult, Wish)> = Vec::new();
    for (result, known) in results.iter().zip(known) {
        let trace = match &known {
            Known::First(wish) | Known::Again(wish) => &wish.trace,
            Known::Nothing => continue,
        };
        if told.trace.is_empty() {
            told.trace.clone_from(trace);
        }
        if let Known::First(wish) = known {
            answered.push((result, wish));
        }
    }
    let mut made = None;
    let taken = shared.intake.take(&shared.options.log, |keys, _| {
        if told.trace.is_empty() {
            told.trace = trace_id(keys);
        }
        let outcome = keys.new_id();
        let group = group(shared, keys, form, &told, &answered, body, outcome)?;
        // Asked for once the group is read: its names are refused first.
        let secret = keys.protection(None, "", false).secret;
        made = Some((outcome, hasher(secret.as_ref(), outcome, "result")));
        Ok(vec![group])
    });
    let (outcome, digest) =
        made.unwrap_or_else(|| (ReceiptId::from_bytes([0; 16]), TextHasher::plain()));
    let config = asked.as_mut().and_then(|asked| {
        let config = core::mem::take(&mut asked.config);
        (!config.is_empty()).then(|| json::canonical(&config.into()))?
    });
    let begun = Begun {
        config,
        form,
        told,
        call_id: outcome.to_string(),
        asked,
        answered: answered
            .iter()
            .map(|(result, _)| result.call_id.clone())
            .collect(),
        intent: None,
        outcome,
        digest,
    };
    (begun, taken)
}

fn group(
    shared: &Shared,
    keys: &mut dyn Keys,
    form: Option<Form>,
    told: &Told,
    answered: &[(&ToolResult, Wish)],
    body: &[u8],
    outcome: ReceiptId,
) -> Result<Group, IngestError> {
    let mut steps = TraceSteps::new(told.trace.as_str(), None, Keep::default(), &mut *keys);
    let (mut parents, mut tools) = (Vec::new(), Vec::new());
    for (place, (result, wish)) in answered.iter().enumerate() {
        let name = format!("r{place}");
        let pushed = steps.push(
            &told.session,
            json!({
                "kind": "tool_outcome",
                "ref": name,
                "actor": "tool",
                "intent": wish.intent.to_string(),
                "status": result.status,
                "result": result.content,
            }),
        );
        match pushed {
            Ok(()) => {
                parents.push(Value::from(name));
                tools.push((wish.tool.clone(), result.call_id.clone()));
            }
            Err(_) => count(&shared.counts.left_out),
        }
    }
    steps.push(
        &told.session,
        json!({
            "kind": "tool_intent",
            "actor": "agent",
            "tool": tool(form),
            "call_id": outcome.to_string(),
            "parents": parents,
        }),
    )?;
    let mut group = steps.finish();
    for (step, (tool, call_id)) in group.steps.iter_mut().zip(tools) {
        if let StepBody::ToolOutcome(outcome) = &mut step.body {
            outcome.tool = tool.into();
            outcome.call_id = call_id.into();
        }
    }
    // Whom the call is about stands in the decision, behind it; a name that the log does not take is refused
    // before anything goes out.
    if !told.subject.is_empty() {
        let about = json!({"kind": "decision", "subject": told.subject});
        TraceSteps::new("", None, Keep::default(), &mut *keys).push("", about)?;
    }
    // The log's own secret, also where the call is about somebody: the intent does not name him.
    let secret = keys.protection(None, "", false).secret;
    if let Some(step) = group.steps.last_mut()
        && let StepBody::ToolIntent(intent) = &mut step.body
    {
        let mut digest = hasher(secret.as_ref(), step.id, "arguments");
        digest.update(body);
        intent.arguments = Some(JsonDigest::Raw(digest.finish()));
    }
    Ok(group)
}

/// For the digest of bytes in a field of a receipt.
fn hasher(secret: Option<&Arc<DigestSecret>>, id: ReceiptId, field: &str) -> TextHasher {
    match secret {
        Some(secret) => TextHasher::keyed(&secret.exact_key(&id, field)),
        None => TextHasher::plain(),
    }
}

/// A trace id has 16 bytes, as a receipt id has (W3C Trace Context).
fn trace_id(keys: &mut dyn Keys) -> String {
    let mut trace = String::new();
    for byte in keys.new_id().as_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(trace, "{byte:02x}");
    }
    trace
}
