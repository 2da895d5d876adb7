//! Which operation a span is of, and what becomes of it.

use crate::facts::Facts;

/// What a span becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Class {
    /// A decision.
    Decision { operation: String },
    /// A tool intent and a tool outcome.
    Tool,
    /// A trace node, and an answer where it has messages and the operation has answers.
    Node { operation: String, answers: bool },
    /// Nothing.
    Nothing,
}

/// The operations of the conventions.
const KNOWN: [&str; 9] = [
    "chat",
    "text_completion",
    "generate_content",
    "embeddings",
    "execute_tool",
    "invoke_agent",
    "create_agent",
    "invoke_workflow",
    "retrieval",
];

const MODELS: [&str; 2] = ["gen_ai.response.model", "gen_ai.request.model"];

pub(crate) fn classify(facts: &Facts<'_, '_>) -> Class {
    let own = &facts.own;
    let operation = operation(facts).unwrap_or_default();
    match operation {
        "chat" | "text_completion" | "generate_content" | "embeddings" => Class::Decision {
            operation: operation.into(),
        },
        "execute_tool" => Class::Tool,
        "invoke_agent" | "invoke_workflow" | "create_agent" | "retrieval" => Class::Node {
            operation: operation.into(),
            answers: operation.starts_with("invoke_"),
        },
        _ if own.text(&MODELS).is_some() => Class::Decision {
            operation: operation.into(),
        },
        "" => Class::Nothing,
        _ => Class::Node {
            operation: operation.into(),
            answers: false,
        },
    }
}

fn operation<'s>(facts: &Facts<'s, '_>) -> Option<&'s str> {
    let own = &facts.own;
    if let Some(operation) = own.text(&["gen_ai.operation.name"]) {
        return Some(operation);
    }
    match own.text(&["llm.request.type"]) {
        Some("completion") => return Some("text_completion"),
        Some("embedding") => return Some("embeddings"),
        Some(operation) => return Some(operation),
        None => {}
    }
    let word = own.name.split(' ').next().unwrap_or_default();
    if KNOWN.contains(&word) && own.begins("gen_ai.") {
        return Some(word);
    }
    let calls = own.text(&["mcp.method.name"]) == Some("tools/call");
    calls.then_some("execute_tool")
}
