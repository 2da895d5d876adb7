//! What a record says, as a body of this format.

use ai_audit_agentic::{JsonDigest, ToolOutcome, ToolStatus};
use ai_audit_core::{Action, Check, Decision, Digest, Kind, List, Text, TextDigest, encode_body};
use alloc::string::String;
use alloc::vec::Vec;

use super::{Record, RecordKind};
use crate::json::JsonValue;

impl Record<'_> {
    /// What it says, as the body that a receipt of that kind would have, encoded. `None` for seals, and
    /// where something does not fit: an action that is none of the six, a name that is no text. Details of
    /// checks are left out where no receipt could hold them.
    #[must_use]
    pub fn content(&self) -> Option<(Kind, Vec<u8>)> {
        // A canonical form may be longer than the text: there may be too much of it for any receipt.
        self.content_with(true).or_else(|| self.content_with(false))
    }

    /// The same, with or without the details of the checks.
    pub(crate) fn content_with(&self, details: bool) -> Option<(Kind, Vec<u8>)> {
        match self.kind {
            RecordKind::Decision => {
                let decision = self.decision(details)?;
                Some((Kind::DECISION, encode_body(&decision).ok()?))
            }
            RecordKind::ToolCall => {
                let outcome = self.tool_outcome()?;
                Some((Kind::TOOL_OUTCOME, encode_body(&outcome).ok()?))
            }
            RecordKind::BatchSeal | RecordKind::EpochSeal => None,
        }
    }

    fn decision(&self, details: bool) -> Option<Decision<'_>> {
        let root = self.json.root();
        let checks = root.get("checks")?;
        if !checks.is_array() {
            return None;
        }
        Some(Decision {
            occurred_at: self.time(),
            input_canonical: digest(&root, "input_c14n").map(TextDigest::Plain),
            output: digest(&root, "output_hash").map(TextDigest::Plain),
            state: digest(&root, "state_digest"),
            checks: checks
                .items()
                .map(|check| read_check(&check, details))
                .collect::<Option<_>>()?,
            action: Action::from_name(&root.get("action")?.string()?)?,
            reason_codes: texts(&root, "reason_codes")?,
            tags: texts(&root, "nist_tags")?,
            model: text(&root, "model_id")?,
            config: digest(&root, "config_digest"),
            ..Decision::new()
        })
    }

    fn tool_outcome(&self) -> Option<ToolOutcome<'_>> {
        let root = self.json.root();
        let result = digest(&root, "tool_result_hash");
        Some(ToolOutcome {
            occurred_at: self.time(),
            tool: text(&root, "tool_name")?,
            call_id: Text::borrowed(self.id()),
            status: match root.get("success") {
                None => ToolStatus::Unknown,
                Some(success) if success.boolean()? => ToolStatus::Ok,
                Some(_) => ToolStatus::Error,
            },
            result: result.map(|digest| JsonDigest::Raw(TextDigest::Plain(digest))),
            duration_us: float(&root, "duration_ms")?.and_then(micros),
            error: text(&root, "error")?,
            ..ToolOutcome::new()
        })
    }
}

fn read_check<'a>(check: &JsonValue<'_, 'a>, details: bool) -> Option<Check<'a>> {
    if !check.is_object() {
        return None;
    }
    let detail = match check.get("detail") {
        Some(detail) if !detail.is_object() => return None,
        // Without a canonical form: with integers beyond 2^53, for example.
        Some(detail) if details => ai_audit_json::canonicalize(detail.raw()).unwrap_or_default(),
        _ => String::new(),
    };
    Some(Check {
        name: check.get("name").map_or(Some(Text::EMPTY), text_of)?,
        version: text(check, "version")?,
        score: float(check, "score")?,
        threshold: float(check, "threshold")?,
        fired: match check.get("fired") {
            Some(fired) => fired.boolean()?,
            None => false,
        },
        detail: if detail == "{}" {
            Text::EMPTY
        } else {
            detail.into()
        },
    })
}

/// A member that is a string; empty where it is missing, `None` where it is something else.
fn text<'a>(object: &JsonValue<'_, 'a>, name: &str) -> Option<Text<'a>> {
    object.get(name).map_or(Some(Text::EMPTY), text_of)
}

fn text_of<'a>(value: JsonValue<'_, 'a>) -> Option<Text<'a>> {
    Some(match value.string()? {
        alloc::borrow::Cow::Borrowed(text) => text.into(),
        alloc::borrow::Cow::Owned(text) => text.into(),
    })
}

/// A member that is an array of strings; empty where it is missing, `None` where it is something else.
fn texts<'a>(object: &JsonValue<'_, 'a>, name: &str) -> Option<List<'a, Text<'a>>> {
    let Some(value) = object.get(name) else {
        return Some(List::EMPTY);
    };
    value
        .is_array()
        .then(|| value.items().map(text_of).collect())?
}

/// A member that is a number. The inner `None` is one that is missing, null or not finite, as the
/// library writes them; the outer one is something else.
fn float(object: &JsonValue<'_, '_>, name: &str) -> Option<Option<f64>> {
    let Some(value) = object.get(name).filter(|value| !value.is_null()) else {
        return Some(None);
    };
    let number: f64 = value.number()?.parse().ok()?;
    // Zero has one form in bodies, without a sign.
    Some(number.is_finite().then_some(number + 0.0))
}

/// A member that is 64 hexadecimal digits.
fn digest(object: &JsonValue<'_, '_>, name: &str) -> Option<Digest> {
    object.get(name)?.string()?.parse().ok()
}

/// Milliseconds as microseconds, rounded; `None` below zero and beyond what a `u64` holds.
fn micros(millis: f64) -> Option<u64> {
    let micros = millis * 1_000.0 + 0.5;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked, and the fraction is to be cut off"
    )]
    (millis >= 0.0 && micros < 18_446_744_073_709_551_616.0).then_some(micros as u64)
}
