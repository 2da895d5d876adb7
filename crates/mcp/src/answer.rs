//! Answers: structured, with the same as text, and never without end.

use crate::explain::lines;
use crate::trust::VerifiedAgainst;
use ai_audit_core::Question;
use ai_audit_verify::Report;
use serde::Serialize;
use serde_json::{Value, json};

/// The longest answer, in bytes of JSON.
const MAX_ANSWER: usize = 4 << 20;
/// So many items of a list are kept where an answer is too long.
const KEPT: usize = 100;

/// What a tool answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) structured: Value,
    pub(crate) text: String,
}

impl Answer {
    /// An answer whose text is its JSON.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, String> {
        let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
        Ok(Self::new(value, None))
    }

    pub(crate) fn new(mut structured: Value, text: Option<String>) -> Self {
        let mut written = structured.to_string();
        if written.len() > MAX_ANSWER {
            shorten(&mut structured);
            if let Value::Object(fields) = &mut structured {
                fields.insert("truncated".into(), true.into());
            }
            written = structured.to_string();
        }
        Self {
            text: text.unwrap_or(written),
            structured,
        }
    }

    /// A verdict, with what it was made with.
    pub(crate) fn verdict(kind: &str, against: &VerifiedAgainst, report: &Report) -> Self {
        let exit = report.exit(&Question::DEFAULT).code();
        let text = format!("{}\n{}", lines(kind, report).join("\n"), against.note);
        let structured = json!({
            "kind": kind,
            "verified_against": against,
            "report": report,
            "exit": exit,
        });
        Self::new(structured, Some(text))
    }
}

/// Cuts lists and long texts wherever they are.
fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.truncate(KEPT);
            items.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => {
            if fields.len() > 16 * KEPT {
                let names: Vec<String> = fields.keys().skip(16 * KEPT).cloned().collect();
                names.iter().for_each(|name| drop(fields.remove(name)));
            }
            fields.values_mut().for_each(shorten);
        }
        Value::String(text) if text.len() > 4096 => {
            let mut end = 4096;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.push('…');
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_and_says_so() {
        let short = Answer::new(json!({"a": [1, 2]}), None);
        assert_eq!(short.text, r#"{"a":[1,2]}"#);
        let items: Vec<String> = (0..100_000).map(|n| format!("{n:0>60}")).collect();
        let long = Answer::new(json!({"items": items}), None);
        assert_eq!(long.structured["truncated"], true);
        assert_eq!(long.structured["items"].as_array().unwrap().len(), KEPT);
        assert!(long.text.len() < MAX_ANSWER);
    }
}
