//! Attribute values as JSON, so that a structured value and the same in a string are one.

use crate::request::Value;
use base64ct::{Base64, Encoding as _};
use serde_json::{Map, Value as Json};

/// The JSON of a value; none where a map has a name twice, which could mean two things.
///
/// A string that holds a JSON object or array is that one: SDKs without structured attributes send it so.
/// One with more than `most` members is a text.
pub(crate) fn document(value: &Value<'_>, most: usize) -> Option<Json> {
    match value {
        Value::Text(text) => Some(of_text(text, most)),
        other => json(other),
    }
}

/// The most members of all strings of a span that are read as documents: the smallest object takes 600
/// bytes as a value, and the documents of a span are there at the same time. Those of two spans are not.
const MAX_MEMBERS: usize = 65_536;

/// Commas and opening brackets of a string that may be a document; none of another.
fn members(text: &str) -> Option<usize> {
    let begins = text.trim_ascii_start().starts_with(['{', '[']);
    begins.then(|| text.bytes().filter(|byte| b",[{".contains(byte)).count())
}

/// The most members that a string of a span may have to be read as a document, so that all strings that are
/// read have at most [`MAX_MEMBERS`] together.
///
/// The smaller ones come first, whatever their order in the span, and nothing beside the span counts: sent
/// again, in whatever batch, it must say the same.
pub(crate) fn most_members<'v>(values: impl Iterator<Item = &'v Value<'v>>) -> usize {
    let strings = values.filter_map(|value| match value {
        Value::Text(text) => members(text),
        _ => None,
    });
    let mut counts: Vec<usize> = strings.collect();
    counts.sort_unstable();
    let (mut most, mut sum) = (0, 0_usize);
    for same in counts.chunk_by(|one, next| one == next) {
        sum = same
            .iter()
            .fold(sum, |sum, count| sum.saturating_add(*count));
        if sum > MAX_MEMBERS {
            break;
        }
        most = same.first().copied().unwrap_or(most);
    }
    most
}

fn of_text(text: &str, most: usize) -> Json {
    let read = match members(text).is_some_and(|members| members <= most) {
        true => ai_audit_json::canonicalize(text).ok(),
        false => None,
    };
    // What has a canonical form is JSON.
    let read = read.and_then(|canonical| serde_json::from_str(&canonical).ok());
    read.unwrap_or_else(|| text.into())
}

/// The JSON of a value that is all in structure. Every value that this gives has a canonical form.
pub(crate) fn json(value: &Value<'_>) -> Option<Json> {
    Some(match value {
        Value::None => Json::Null,
        Value::Text(text) => text.as_ref().into(),
        Value::Bool(flag) => (*flag).into(),
        // Beyond it doubles skip integers; OTLP's own JSON has strings there, too.
        Value::Int(value) if value.unsigned_abs() > MAX_INTEGER => value.to_string().into(),
        Value::Int(value) => (*value).into(),
        Value::Double(value) => double(*value),
        Value::Bytes(bytes) => Base64::encode_string(bytes).into(),
        Value::List(list) => list.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Value::Map(entries) => {
            let mut map = Map::new();
            for (name, value) in entries {
                if map.insert(name.to_string(), json(value)?).is_some() {
                    return None;
                }
            }
            map.into()
        }
    })
}

const MAX_INTEGER: u64 = ai_audit_json::MAX_INTEGER;

fn double(value: f64) -> Json {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    let json = Json::from(value);
    // Doubles between 2^53 and 10^21 would be written as integers out there.
    match ai_audit_json::to_canonical(&json) {
        Ok(_) => json,
        Err(_) => ai_audit_json::format_number(value).into(),
    }
}

/// The canonical form of what [`json`] and [`document`] give.
pub(crate) fn canonical(json: &Json) -> String {
    // Both give only what has one; the other form is of the same value.
    ai_audit_json::to_canonical(json).unwrap_or_else(|_| json.to_string())
}
