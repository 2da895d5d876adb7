//! What a client is told of the tools.

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Their names, in the order in which they are told.
pub(crate) const NAMES: [&str; 7] = [
    "verify_receipt",
    "verify_log",
    "verify_evidence_package",
    "explain_verdict",
    "prove",
    "statistics",
    "list_controls",
];

/// All of them.
pub(crate) fn all() -> Vec<Tool> {
    NAMES.map(describe).into()
}

fn describe(name: &'static str) -> Tool {
    let (title, says, named, required): (_, _, &[&str], &[&str]) = match name {
        "verify_receipt" => (
            "Verify one receipt",
            "Verifies the proof that one receipt is in a log. Give the proof file's path, or its text.",
            &["path", "proof", "key"],
            &[],
        ),
        "verify_log" => (
            "Verify a log",
            "Verifies a log directory, a published log or a receipts file.",
            &["path", "log", "key", "checkpoint"],
            &["path"],
        ),
        "verify_evidence_package" => (
            "Verify an evidence package",
            "Verifies an evidence package (ZIP).",
            &["path", "key", "checkpoint"],
            &["path"],
        ),
        "explain_verdict" => (
            "Explain a verdict",
            "Verifies evidence of any form and says of each question what is asked, what was found and what would settle it.",
            &["path", "log", "key", "checkpoint"],
            &["path"],
        ),
        "prove" => (
            "Prove a receipt",
            "Gives the proof that a receipt of a log directory is in its log, against the newest checkpoint that is there. Nothing is signed, no text is disclosed.",
            &["path", "log", "receipt"],
            &["path", "receipt"],
        ),
        "statistics" => (
            "Count a log",
            "Counts of a log directory by kind, action, model and day. Nothing is verified.",
            &["path", "log"],
            &["path"],
        ),
        _ => (
            "List requirements",
            "Lists catalogues of requirements that a log can be evidence for, or the requirements of one.",
            &["framework"],
            &[],
        ),
    };
    let properties: Map<String, Value> = named
        .iter()
        .map(|name| {
            (
                (*name).to_owned(),
                json!({"type": "string", "description": property(name)}),
            )
        })
        .collect();
    let schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let schema = match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    let mut tool = Tool::new(name, says, Arc::new(schema));
    tool.title = Some(title.into());
    tool.annotations = Some(ToolAnnotations::from_raw(
        Some(title.into()),
        Some(true),
        Some(false),
        Some(true),
        Some(false),
    ));
    tool
}

fn property(name: &str) -> &'static str {
    match name {
        "path" => "A path below one of the server's roots.",
        "proof" => "The text of a proof file.",
        "log" => "The log's name in the directory; `default` where none is given.",
        "key" => {
            "The log's key line (log.pub) or public key in hexadecimal, from elsewhere than the evidence."
        }
        "checkpoint" => "The text of a checkpoint that was kept from before.",
        "receipt" => "The receipt's seq, id or hash.",
        _ => "A catalogue's id, such as eu-ai-act.",
    }
}
