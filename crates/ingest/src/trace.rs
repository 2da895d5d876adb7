//! Traces as JSON Lines: one trace a line, its steps in the order in which they happened.

mod bodies;
mod steps;

pub use steps::TraceSteps;

use crate::error::{IngestError, Problem, shown};
use crate::json::{Fields, read};
use crate::lines::Lines;
use crate::protect::{Digester, Keep, Keys};
use crate::record;
use crate::step::{Group, Step, StepBody};
use ai_audit_agentic::MAX_PARENTS;
use ai_audit_core::LeafHash;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::BufRead;

/// The fields of a line.
const FIELDS: [&str; 4] = ["trace_id", "session_id", "tenant", "steps"];
/// The most steps of a trace.
const MAX_STEPS: usize = 65_536;

/// Reads traces. Of a line, `trace_id` and `steps` are needed:
///
/// | field | type |
/// |---|---|
/// | `trace_id`, `session_id` | texts |
/// | `tenant` | text, picks the log |
/// | `steps` | list of steps |
///
/// Each step has a `kind`, and may have a `ref`, a name by which later steps of the line refer to it;
/// `parents`, a list of such names and of receipt hashes; `actor`; `id`, the receipt's id, a UUIDv7; and
/// `time`, when it happened. Further fields by kind:
///
/// | kind | fields |
/// |---|---|
/// | `decision` | those of a record line but `trace_id`, `session_id`, `tenant` |
/// | `tool_intent` | `tool`, `call_id`, `arguments` (a text or any JSON) |
/// | `tool_outcome` | `intent` (a name or a hash), `status` (`unknown`, `ok`, `error`, `denied`, `timed_out`), `error` (a class such as `timeout`), `result` (a text or any JSON), `duration_ms` |
/// | `step`, `delegation`, `hand_off`, `parallel`, `join` | `name`, `to`, `duration_ms`, `metadata` (an object of texts) |
/// | `provenance` | `of` (a hash), `sources`: list of `origin`, `trust` (0 to 100), `name`, `uri`, `content` (a text or any JSON, of which a digest is kept), `receipt` (a name or a hash; it becomes a parent) |
#[derive(Debug)]
pub struct TraceLines<R> {
    lines: Lines<R>,
    keep: Keep,
}

impl<R: BufRead> TraceLines<R> {
    /// Reads traces from `reader`.
    pub fn new(reader: R, keep: Keep) -> Self {
        Self {
            lines: Lines::new(reader),
            keep,
        }
    }

    /// The next line's trace; `None` at the end. After an error that is not fatal the next call goes
    /// on with the next line.
    ///
    /// # Errors
    ///
    /// The line, the field and what was expected there.
    pub fn next_group(&mut self, keys: &mut dyn Keys) -> Option<Result<Group, IngestError>> {
        let keep = self.keep;
        let next = self.lines.next(|bytes| trace(bytes, keep, keys))?;
        Some(next.map(|(place, steps)| Group { place, steps }))
    }
}

/// Reads one trace that stands by itself, such as in a request: a JSON object with the fields of a
/// [line](TraceLines). `place` is what an error calls it.
///
/// # Errors
///
/// The field and what was expected there.
pub fn read_trace(
    bytes: &[u8],
    place: &str,
    keep: Keep,
    keys: &mut dyn Keys,
) -> Result<Group, IngestError> {
    let steps = trace(bytes, keep, keys).map_err(|problem| problem.at(place.into()))?;
    Ok(Group {
        place: place.into(),
        steps,
    })
}

fn trace(bytes: &[u8], keep: Keep, keys: &mut dyn Keys) -> Result<Vec<Step>, Problem> {
    let mut fields = Fields::new(read(bytes)?, &FIELDS)?;
    let trace_id = fields.text_or_empty("trace_id")?;
    if trace_id.is_empty() {
        return Err(Problem::of("trace_id", "expected the trace's id"));
    }
    let steps = fields.list("steps")?;
    if steps.is_empty() || steps.len() > MAX_STEPS {
        let message = format!("expected a list of 1 to {MAX_STEPS} steps");
        return Err(Problem::of("steps", message));
    }
    let mut trace = Trace {
        trace_id,
        session_id: fields.text_or_empty("session_id")?,
        log: fields.text("tenant")?,
        keep,
        keys,
        names: BTreeMap::new(),
        steps: Vec::with_capacity(steps.len()),
    };
    for (index, step) in steps.into_iter().enumerate() {
        let step = trace
            .step(step)
            .map_err(|problem| problem.below(&format!("steps[{index}]")))?;
        trace.steps.push(step);
    }
    Ok(trace.steps)
}

/// What steps have in common.
struct Trace<'k> {
    trace_id: String,
    session_id: String,
    log: Option<String>,
    keep: Keep,
    keys: &'k mut dyn Keys,
    names: BTreeMap<String, usize>,
    steps: Vec<Step>,
}

/// What a step follows from: steps of the line, and receipts that are sealed already.
#[derive(Debug, Default)]
struct Parents {
    steps: Vec<usize>,
    hashes: Vec<LeafHash>,
}

/// Something that a step refers to.
#[derive(Debug, Clone, Copy)]
enum Reference {
    Step(usize),
    Hash(LeafHash),
}

impl Parents {
    /// Adds one, once; the place of a step among the steps.
    fn add(&mut self, reference: Reference) -> Option<usize> {
        match reference {
            Reference::Step(step) => {
                let known = self.steps.iter().position(|known| *known == step);
                Some(known.unwrap_or_else(|| {
                    self.steps.push(step);
                    self.steps.len() - 1
                }))
            }
            Reference::Hash(hash) => {
                if !self.hashes.contains(&hash) {
                    self.hashes.push(hash);
                }
                None
            }
        }
    }
}

impl Trace<'_> {
    fn step(&mut self, value: Value) -> Result<Step, Problem> {
        let Value::Object(mut object) = value else {
            return Err(Problem::new("expected a JSON object"));
        };
        let kind = text(&mut object, "kind")?.unwrap_or_default();
        let name = text(&mut object, "ref")?;
        let mut parents = Parents::default();
        match object.remove("parents") {
            None | Some(Value::Null) => {}
            // A receipt holds fewer; more would take long to tell apart.
            Some(Value::Array(list)) if list.len() > MAX_PARENTS => {
                let what = format!("{} of them, expected at most {MAX_PARENTS}", list.len());
                return Err(Problem::of("parents", what));
            }
            Some(Value::Array(list)) => {
                for one in list {
                    parents.add(self.refer("parents", one)?);
                }
            }
            Some(_) => return Err(Problem::of("parents", EXPECTED_REFERENCE)),
        }
        let step = match kind.as_str() {
            "decision" => self.decision(object, parents)?,
            other => self.other(other, object, parents)?,
        };
        step.check()?;
        if let Some(name) = name {
            if name.is_empty() || self.names.contains_key(&name) {
                let message = "expected a name that no earlier step of the line has";
                return Err(Problem::of("ref", message));
            }
            self.names.insert(name, self.steps.len());
        }
        Ok(step)
    }

    fn refer(&self, field: &str, value: Value) -> Result<Reference, Problem> {
        let Value::String(text) = value else {
            return Err(Problem::of(field, EXPECTED_REFERENCE));
        };
        if let Some(step) = self.names.get(&text) {
            return Ok(Reference::Step(*step));
        }
        text.parse().map(Reference::Hash).map_err(|_| {
            let message = format!("{:?}: {EXPECTED_REFERENCE}", shown(&text));
            Problem::of(field, message)
        })
    }

    /// A decision has the fields of a record line.
    fn decision(
        &mut self,
        mut object: Map<String, Value>,
        parents: Parents,
    ) -> Result<Step, Problem> {
        for name in ["trace_id", "session_id", "tenant"] {
            if object.contains_key(name) {
                return Err(Problem::of(
                    name,
                    "it stands beside `steps`, for all of them",
                ));
            }
        }
        object.insert("trace_id".into(), self.trace_id.clone().into());
        object.insert("session_id".into(), self.session_id.clone().into());
        if let Some(log) = &self.log {
            object.insert("tenant".into(), log.clone().into());
        }
        let mut step = record::decision(Value::Object(object), self.keep, self.keys)?;
        step.parents = parents.steps;
        if let StepBody::Decision(decision) = &mut step.body {
            decision.parents = parents.hashes.into();
        }
        Ok(step)
    }

    fn other(
        &mut self,
        kind: &str,
        mut object: Map<String, Value>,
        mut parents: Parents,
    ) -> Result<Step, Problem> {
        let given = text(&mut object, "id")?;
        let given = given.map(|text| record::id(&text)).transpose()?;
        let time = text(&mut object, "time")?;
        let time = time.map(|text| record::time(&text)).transpose()?;
        let id = given.unwrap_or_else(|| self.keys.new_id());
        let (actor_id, mut body) = self.body(kind, object, id, &mut parents)?;
        bodies::occurred_at(&mut body, time);
        let names = [
            ("trace_id", self.trace_id.as_str()),
            ("session_id", self.session_id.as_str()),
            ("actor", actor_id.as_str()),
        ];
        let digester = Digester::new(self.keys, self.log.as_deref(), "", id, Keep::default());
        digester.names(&names)?;
        digester.names(&bodies::names(&body))?;
        Ok(Step {
            log: self.log.clone(),
            id,
            id_given: given.is_some(),
            trace_id: self.trace_id.clone(),
            session_id: self.session_id.clone(),
            actor_id,
            body,
            ciphertexts: Vec::new(),
            parents: parents.steps,
        })
    }
}

const EXPECTED_REFERENCE: &str = "expected the `ref` of an earlier step of the line, or a receipt's hash of 64 hexadecimal digits";

fn text(object: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Problem> {
    match object.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Problem::of(name, "expected a text")),
    }
}
