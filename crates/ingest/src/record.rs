//! Record lines: JSON Lines, one decision a line.

use crate::error::{IngestError, Problem};
use crate::json::{Fields, canonical, read, text_of};
use crate::lines::Lines;
use crate::protect::{Digester, Keep, Keys};
use crate::step::{Group, Step, StepBody};
use ai_audit_core::{
    Action, Check, Decision, Digest, LeafHash, List, PartsHasher, ReceiptId, Text, Timestamp,
};
use serde_json::Value;
use std::io::BufRead;

/// The fields of a line.
const FIELDS: [&str; 23] = [
    "input",
    "output",
    "model",
    "provider",
    "operation",
    "checks",
    "action",
    "reason_codes",
    "tags",
    "trace_id",
    "session_id",
    "actor",
    "subject",
    "tenant",
    "config",
    "policy",
    "state",
    "input_tokens",
    "output_tokens",
    "duration_ms",
    "time",
    "parents",
    "id",
];

/// The fields of a check.
const CHECK_FIELDS: [&str; 6] = ["name", "version", "score", "threshold", "fired", "detail"];

/// Reads record lines. Empty lines are passed over. All fields are optional:
///
/// | field | type |
/// |---|---|
/// | `input`, `output` | a text, digested as it is; or any JSON, digested in its canonical form |
/// | `model`, `provider`, `operation` | texts |
/// | `checks` | list of `name`, `version`, `score`, `threshold`, `fired`, `detail` (any JSON) |
/// | `action` | `allow` (default), `reject`, `fail_retry`, `cache_hit`, `escalate`, `bypass` |
/// | `reason_codes`, `tags` | lists of texts |
/// | `trace_id`, `session_id`, `actor`, `subject` | texts; pseudonyms for people |
/// | `tenant` | text, picks the log |
/// | `config`, `policy` | any JSON, of which the digest is kept |
/// | `state` | list of texts, of which one digest is kept |
/// | `input_tokens`, `output_tokens` | whole numbers |
/// | `duration_ms` | milliseconds |
/// | `time` | RFC 3339: when it was decided |
/// | `parents` | list of receipt hashes |
/// | `id` | the receipt's id, a UUIDv7; made where there is none |
#[derive(Debug)]
pub struct RecordLines<R> {
    lines: Lines<R>,
    keep: Keep,
}

impl<R: BufRead> RecordLines<R> {
    /// Reads lines from `reader`.
    pub fn new(reader: R, keep: Keep) -> Self {
        Self {
            lines: Lines::new(reader),
            keep,
        }
    }

    /// The next line's decision; `None` at the end. After an error that is not fatal the next call
    /// goes on with the next line.
    ///
    /// # Errors
    ///
    /// The line, the field and what was expected there.
    pub fn next_group(&mut self, keys: &mut dyn Keys) -> Option<Result<Group, IngestError>> {
        let keep = self.keep;
        let next = self.lines.next(|bytes| one(bytes, keep, keys))?;
        Some(next.map(|(place, step)| Group {
            place,
            steps: vec![step],
        }))
    }
}

/// Reads one record that stands by itself, such as in a request: a JSON object with the fields of a
/// [record line](RecordLines). `place` is what an error calls it.
///
/// # Errors
///
/// The field and what was expected there.
pub fn read_record(
    bytes: &[u8],
    place: &str,
    keep: Keep,
    keys: &mut dyn Keys,
) -> Result<Group, IngestError> {
    let step = one(bytes, keep, keys).map_err(|problem| problem.at(place.into()))?;
    Ok(Group {
        place: place.into(),
        steps: vec![step],
    })
}

fn one(bytes: &[u8], keep: Keep, keys: &mut dyn Keys) -> Result<Step, Problem> {
    let step = decision(read(bytes)?, keep, keys)?;
    step.check()?;
    Ok(step)
}

/// The decision of a line's fields.
pub(crate) fn decision(value: Value, keep: Keep, keys: &mut dyn Keys) -> Result<Step, Problem> {
    let mut fields = Fields::new(value, &FIELDS)?;
    let log = fields.text("tenant")?;
    let given = fields.text("id")?.map(|text| id(&text)).transpose()?;
    let id_given = given.is_some();
    let id = given.unwrap_or_else(|| keys.new_id());
    let mut decision = Decision {
        occurred_at: fields.text("time")?.map(|text| time(&text)).transpose()?,
        subject: fields.text_or_empty("subject")?.into(),
        action: action(&mut fields)?,
        checks: checks(&mut fields)?,
        reason_codes: texts(&mut fields, "reason_codes")?,
        tags: texts(&mut fields, "tags")?,
        provider: fields.text_or_empty("provider")?.into(),
        model: fields.text_or_empty("model")?.into(),
        operation: fields.text_or_empty("operation")?.into(),
        input_tokens: fields.whole("input_tokens")?,
        output_tokens: fields.whole("output_tokens")?,
        duration_us: duration(&mut fields)?,
        config: digest(&mut fields, "config")?,
        policy: digest(&mut fields, "policy")?,
        state: state(&mut fields)?,
        parents: parents(&mut fields)?,
        ..Decision::new()
    };
    // The rest first: digesting may open the tenant's log, which a wrong line should not.
    let trace_id = fields.text_or_empty("trace_id")?;
    let session_id = fields.text_or_empty("session_id")?;
    let actor_id = fields.text_or_empty("actor")?;
    let subject = decision.subject.to_string();
    let mut digester = Digester::new(keys, log.as_deref(), &subject, id, keep);
    digester.names(&[
        ("subject", &subject),
        ("trace_id", &trace_id),
        ("session_id", &session_id),
        ("actor", &actor_id),
        ("model", &decision.model),
        ("provider", &decision.provider),
        ("operation", &decision.operation),
    ])?;
    for check in decision.checks.iter() {
        digester.names(&[("checks", &check.name), ("checks", &check.version)])?;
    }
    digester.others(&mut decision)?;
    if let Some(input) = fields.take("input") {
        digester.input(&text_of(input)?, &mut decision)?;
    }
    if let Some(output) = fields.take("output") {
        digester.output(&text_of(output)?, &mut decision)?;
    }
    let ciphertexts = digester.finish(&mut decision);
    Ok(Step {
        log,
        id,
        id_given,
        trace_id,
        session_id,
        actor_id,
        body: StepBody::Decision(Box::new(decision)),
        ciphertexts,
        parents: Vec::new(),
    })
}

pub(crate) fn id(text: &str) -> Result<ReceiptId, Problem> {
    let id: ReceiptId = text
        .parse()
        .map_err(|error| Problem::of("id", format!("{error}")))?;
    if id.is_v7() {
        return Ok(id);
    }
    Err(Problem::of("id", "expected a UUIDv7"))
}

fn texts(fields: &mut Fields, name: &str) -> Result<List<'static, Text<'static>>, Problem> {
    Ok(fields.texts(name)?.into_iter().map(Text::from).collect())
}

fn action(fields: &mut Fields) -> Result<Action, Problem> {
    let Some(name) = fields.text("action")? else {
        return Ok(Action::default());
    };
    Action::from_name(&name).ok_or_else(|| {
        let names = Action::ALL.map(Action::name).join(", ");
        Problem::of("action", format!("expected one of {names}"))
    })
}

fn checks(fields: &mut Fields) -> Result<List<'static, Check<'static>>, Problem> {
    let list = fields.list("checks")?.into_iter().enumerate();
    list.map(|(index, value)| {
        check(value).map_err(|problem| problem.below(&format!("checks[{index}]")))
    })
    .collect()
}

fn check(value: Value) -> Result<Check<'static>, Problem> {
    let mut fields = Fields::new(value, &CHECK_FIELDS)?;
    let name = fields.text("name")?.filter(|name| !name.is_empty());
    Ok(Check {
        name: name
            .ok_or_else(|| Problem::of("name", "expected the check's name"))?
            .into(),
        version: fields.text_or_empty("version")?.into(),
        score: fields.number("score")?,
        threshold: fields.number("threshold")?,
        fired: fields.flag("fired")?,
        detail: match fields.take("detail") {
            None => Text::EMPTY,
            Some(detail) => canonical(&detail)?.into(),
        },
    })
}

fn digest(fields: &mut Fields, name: &str) -> Result<Option<Digest>, Problem> {
    match fields.take(name) {
        None => Ok(None),
        Some(value) => Ok(Some(Digest::of(canonical(&value)?.as_bytes()))),
    }
}

fn state(fields: &mut Fields) -> Result<Option<Digest>, Problem> {
    let parts = fields.texts("state")?;
    if parts.is_empty() {
        return Ok(None);
    }
    let mut hasher = PartsHasher::new();
    parts.iter().for_each(|part| hasher.part(part));
    Ok(Some(hasher.finish()))
}

/// Milliseconds, as microseconds.
pub(crate) fn duration(fields: &mut Fields) -> Result<Option<u64>, Problem> {
    /// 2^53 microseconds: as far as whole numbers are exact.
    const MOST: f64 = 9_007_199_254_740_992.0;
    let Some(millis) = fields.number("duration_ms")? else {
        return Ok(None);
    };
    let micros = (millis * 1000.0).round();
    if !(0.0..=MOST).contains(&micros) {
        return Err(Problem::of(
            "duration_ms",
            "expected milliseconds from 0 on",
        ));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above"
    )]
    Ok(Some(micros as u64))
}

fn parents(fields: &mut Fields) -> Result<List<'static, LeafHash>, Problem> {
    let expected = || {
        Problem::of(
            "parents",
            "expected receipt hashes of 64 hexadecimal digits",
        )
    };
    fields
        .texts("parents")?
        .iter()
        .map(|text| text.parse().map_err(|_| expected()))
        .collect()
}

pub(crate) fn time(text: &str) -> Result<Timestamp, Problem> {
    let expected = || Problem::of("time", "expected a time such as 2026-11-24T09:30:00Z");
    let time: jiff::Timestamp = text.parse().map_err(|_| expected())?;
    let micros = u64::try_from(time.as_microsecond()).map_err(|_| expected())?;
    Ok(Timestamp::from_micros(micros))
}
