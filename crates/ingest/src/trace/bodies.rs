//! The bodies of a trace's steps.

use super::{EXPECTED_REFERENCE, Parents, Reference, Trace};
use crate::error::Problem;
use crate::json::{Fields, text_of};
use crate::record::duration;
use crate::step::{SourceLink, StepBody};
use ai_audit_agentic::{
    JsonDigest, Metadata, Provenance, Source, SourceOrigin, ToolIntent, ToolOutcome, ToolStatus,
    TraceNode, TraceStep, Trust,
};
use ai_audit_core::{DisclosureKey, ReceiptId, TextDigest, Timestamp};
use serde_json::{Map, Value};

const KINDS: &str = "expected decision, tool_intent, tool_outcome, step, delegation, hand_off, parallel, join or provenance";

impl Trace<'_> {
    /// Who acted, and the body of a step that is no decision.
    pub(super) fn body(
        &mut self,
        kind: &str,
        object: Map<String, Value>,
        id: ReceiptId,
        parents: &mut Parents,
    ) -> Result<(String, StepBody), Problem> {
        let value = Value::Object(object);
        let step = TraceStep::ALL.into_iter().find(|step| step.name() == kind);
        match (kind, step) {
            (_, Some(step)) => node(step, value, parents),
            ("tool_intent", _) => self.intent(value, id, parents),
            ("tool_outcome", _) => self.outcome(value, id, parents),
            ("provenance", _) => self.provenance(value, id, parents),
            _ => Err(Problem::of("kind", KINDS)),
        }
    }

    fn key(&mut self, id: ReceiptId, field: &str) -> Option<DisclosureKey> {
        let protection = self.keys.protection(self.log.as_deref(), "", false);
        protection.exact_key(&id, field)
    }

    fn intent(
        &mut self,
        value: Value,
        id: ReceiptId,
        parents: &Parents,
    ) -> Result<(String, StepBody), Problem> {
        let mut fields = Fields::new(value, &["actor", "tool", "call_id", "arguments"])?;
        let key = self.key(id, "arguments");
        let arguments = fields.take("arguments").map(text_of).transpose()?;
        let intent = ToolIntent {
            tool: fields.text_or_empty("tool")?.into(),
            call_id: fields.text_or_empty("call_id")?.into(),
            arguments: arguments.map(|text| JsonDigest::of_either(&text, key.as_ref())),
            parents: parents.hashes.clone().into(),
            ..ToolIntent::new()
        };
        let actor = fields.text_or_empty("actor")?;
        Ok((actor, StepBody::ToolIntent(Box::new(intent))))
    }

    fn outcome(
        &mut self,
        value: Value,
        id: ReceiptId,
        parents: &mut Parents,
    ) -> Result<(String, StepBody), Problem> {
        let known = [
            "actor",
            "intent",
            "status",
            "error",
            "result",
            "duration_ms",
        ];
        let mut fields = Fields::new(value, &known)?;
        let intent = fields
            .take("intent")
            .ok_or_else(|| Problem::of("intent", EXPECTED_REFERENCE))?;
        let mut outcome = ToolOutcome {
            status: status(&mut fields)?,
            error: fields.text_or_empty("error")?.into(),
            duration_us: duration(&mut fields)?,
            parents: parents.hashes.clone().into(),
            ..ToolOutcome::new()
        };
        match self.refer("intent", intent)? {
            Reference::Hash(hash) => outcome.intent = Some(hash),
            Reference::Step(step) => {
                let Some(StepBody::ToolIntent(intent)) =
                    self.steps.get(step).map(|step| &step.body)
                else {
                    let message = "expected the `ref` of a tool_intent";
                    return Err(Problem::of("intent", message));
                };
                outcome.tool = intent.tool.clone();
                outcome.call_id = intent.call_id.clone();
                // The first of the steps becomes the intent.
                parents.steps.retain(|known| *known != step);
                parents.steps.insert(0, step);
            }
        }
        let key = self.key(id, "result");
        outcome.result = match fields.take("result") {
            None => None,
            Some(Value::String(text)) => Some(JsonDigest::of_text(&text, key.as_ref())),
            Some(value) => Some(JsonDigest::of_either(&text_of(value)?, key.as_ref())),
        };
        let actor = fields.text_or_empty("actor")?;
        Ok((actor, StepBody::ToolOutcome(Box::new(outcome))))
    }

    fn provenance(
        &mut self,
        value: Value,
        id: ReceiptId,
        parents: &mut Parents,
    ) -> Result<(String, StepBody), Problem> {
        let mut fields = Fields::new(value, &["actor", "of", "sources"])?;
        let of = fields.text("of")?;
        let of = of.map(|text| {
            let expected = "expected a receipt's hash of 64 hexadecimal digits";
            text.parse().map_err(|_| Problem::of("of", expected))
        });
        let mut sources = Vec::new();
        let mut links = Vec::new();
        for (place, value) in fields.list("sources")?.into_iter().enumerate() {
            let (source, parent) = self
                .source(value, id, place, parents)
                .map_err(|problem| problem.below(&format!("sources[{place}]")))?;
            links.extend(parent.map(|parent| SourceLink {
                source: place,
                parent,
            }));
            sources.push(source);
        }
        if sources.is_empty() {
            return Err(Problem::of("sources", "expected a list of sources"));
        }
        let provenance = Provenance {
            of: of.transpose()?,
            parents: parents.hashes.clone().into(),
            ..Provenance::of_sources(sources)
        };
        let actor = fields.text_or_empty("actor")?;
        Ok((actor, StepBody::Provenance(Box::new(provenance), links)))
    }

    /// A source, and the place among the step's parents of the step that recorded it.
    fn source(
        &mut self,
        value: Value,
        id: ReceiptId,
        place: usize,
        parents: &mut Parents,
    ) -> Result<(Source<'static>, Option<usize>), Problem> {
        let known = ["origin", "trust", "name", "uri", "content", "receipt"];
        let mut fields = Fields::new(value, &known)?;
        let origin = fields.text_or_empty("origin")?;
        let origin = SourceOrigin::from_name(&origin).ok_or_else(|| {
            let names = SourceOrigin::ALL.map(SourceOrigin::name).join(", ");
            Problem::of("origin", format!("expected one of {names}"))
        })?;
        let trust = fields
            .whole("trust")?
            .and_then(|trust| u8::try_from(trust).ok())
            .and_then(|trust| Trust::new(trust).ok())
            .ok_or_else(|| Problem::of("trust", "expected a whole number from 0 to 100"))?;
        let mut source = Source {
            uri: fields.text_or_empty("uri")?.into(),
            ..Source::new(origin, trust, fields.text_or_empty("name")?)
        };
        if let Some(content) = fields.take("content") {
            let content = text_of(content)?;
            source.digest = Some(match self.key(id, &format!("sources.{place}")) {
                Some(key) => TextDigest::keyed(&content, &key),
                None => TextDigest::plain(&content),
            });
        }
        let Some(receipt) = fields.take("receipt") else {
            return Ok((source, None));
        };
        let reference = self.refer("receipt", receipt)?;
        if let Reference::Hash(hash) = reference {
            source.receipt = Some(hash);
        }
        Ok((source, parents.add(reference)))
    }
}

fn node(step: TraceStep, value: Value, parents: &Parents) -> Result<(String, StepBody), Problem> {
    let known = ["actor", "name", "to", "duration_ms", "metadata"];
    let mut fields = Fields::new(value, &known)?;
    let metadata = match fields.take("metadata") {
        None => Vec::new(),
        // In ascending order of its names, as an object is read.
        Some(Value::Object(entries)) => entries
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(value) => Ok(Metadata {
                    name: name.into(),
                    value: value.into(),
                }),
                _ => Err(Problem::of("metadata", "expected an object of texts")),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(Problem::of("metadata", "expected an object of texts")),
    };
    let mut metadata: Vec<Metadata<'static>> = metadata;
    metadata.sort_by(|one, two| one.name.as_bytes().cmp(two.name.as_bytes()));
    let node = TraceNode {
        step,
        to: fields.text_or_empty("to")?.into(),
        duration_us: duration(&mut fields)?,
        metadata: metadata.into(),
        parents: parents.hashes.clone().into(),
        ..TraceNode::new(fields.text_or_empty("name")?)
    };
    let actor = fields.text_or_empty("actor")?;
    Ok((actor, StepBody::TraceNode(Box::new(node))))
}

fn status(fields: &mut Fields) -> Result<ToolStatus, Problem> {
    match fields.text_or_empty("status")?.as_str() {
        "" | "unknown" => Ok(ToolStatus::Unknown),
        "ok" => Ok(ToolStatus::Ok),
        "error" => Ok(ToolStatus::Error),
        "denied" => Ok(ToolStatus::Denied),
        "timed_out" => Ok(ToolStatus::TimedOut),
        _ => {
            let expected = "expected unknown, ok, error, denied or timed_out";
            Err(Problem::of("status", expected))
        }
    }
}

/// Puts in when it happened.
pub(super) fn occurred_at(body: &mut StepBody, time: Option<Timestamp>) {
    match body {
        StepBody::Decision(decision) => decision.occurred_at = time,
        StepBody::ToolIntent(intent) => intent.occurred_at = time,
        StepBody::ToolOutcome(outcome) => outcome.occurred_at = time,
        StepBody::TraceNode(node) => node.occurred_at = time,
        StepBody::Provenance(provenance, _) => provenance.occurred_at = time,
    }
}

/// What a body has in the clear, with the fields' names.
pub(super) fn names(body: &StepBody) -> Vec<(&'static str, &str)> {
    let mut names = Vec::new();
    match body {
        StepBody::TraceNode(node) => {
            names.extend([("name", &*node.name), ("to", &*node.to)]);
            for entry in node.metadata.iter() {
                names.extend([("metadata", &*entry.name), ("metadata", &*entry.value)]);
            }
        }
        StepBody::Provenance(provenance, _) => {
            for source in provenance.sources.iter() {
                names.extend([("sources", &*source.name), ("sources", &*source.uri)]);
            }
        }
        StepBody::ToolIntent(intent) => {
            names.extend([("tool", &*intent.tool), ("call_id", &*intent.call_id)]);
        }
        StepBody::ToolOutcome(outcome) => names.push(("error", &*outcome.error)),
        StepBody::Decision(_) => {}
    }
    names
}
