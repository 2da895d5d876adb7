//! OpenAI's embeddings. The vectors are in the digest of the answer alone.

use super::{Answer, Asked};
use crate::json;
use serde_json::Value;

pub(super) fn asked(request: &Value) -> Option<Asked> {
    let input = request.get("input").filter(|input| !input.is_null())?;
    Some(Asked {
        input: Some(match input {
            Value::String(text) => text.clone(),
            other => json::canonical(other)?,
        }),
        ..Asked::default()
    })
}

pub(super) fn answer(answer: &Value) -> Option<Answer> {
    answer.get("data")?.as_array()?;
    let usage = |name: &str| answer.get("usage")?.get(name)?.as_u64();
    Some(Answer {
        input_tokens: usage("prompt_tokens"),
        ..Answer::default()
    })
}
