//! The tools: what they are asked, and where each is answered.

mod controls;
mod describe;
mod evidence;
mod logs;

use crate::answer::Answer;
use crate::options::McpOptions;
pub(crate) use describe::{NAMES, all};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The longest text of an argument, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// The longest name.
const MAX_NAME: usize = 256;

/// Answers a tool that is there; a mistake is told in one sentence. It may take long, and blocks.
///
/// # Errors
///
/// Why there is no answer.
pub(crate) fn call(
    name: &str,
    arguments: Map<String, Value>,
    options: &McpOptions,
) -> Result<Answer, String> {
    for (name, value) in &arguments {
        let most = match name.as_str() {
            "proof" | "checkpoint" => MAX_TEXT,
            "path" | "key" => 4096,
            _ => MAX_NAME,
        };
        if value.as_str().is_some_and(|text| text.len() > most) {
            return Err(format!("{name}: expected at most {most} bytes"));
        }
    }
    match name {
        "verify_receipt" => evidence::receipt(read(arguments)?, options),
        "verify_log" => evidence::log(read(arguments)?, options),
        "verify_evidence_package" => evidence::package(read(arguments)?, options),
        "explain_verdict" => evidence::explain(read(arguments)?, options),
        "prove" => logs::prove(read(arguments)?, options),
        "statistics" => logs::statistics(read(arguments)?, options),
        "list_controls" => controls::list(&read(arguments)?),
        other => Err(format!("{other}: there is no such tool")),
    }
}

fn read<A: DeserializeOwned>(arguments: Map<String, Value>) -> Result<A, String> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| format!("arguments: {error}"))
}
