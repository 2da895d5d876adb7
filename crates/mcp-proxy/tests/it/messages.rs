//! The official examples of protocol 2026-07-28, where they are at hand.

use ai_audit_mcp_proxy::message::{Answer, Message, ResultKind, ToolCall};
use std::path::Path;

#[test]
fn the_examples_of_the_schema_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/mcp-2026-07-28/schema/2026-07-28/examples");
    if !folder.is_dir() {
        println!("SKIPPED: ../shared is absent: the examples of the MCP schema");
        return;
    }
    let mut messages = 0;
    for kind in std::fs::read_dir(&folder).unwrap() {
        for file in std::fs::read_dir(kind.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            if !bytes.windows(9).any(|window| window == b"\"jsonrpc\"") {
                continue;
            }
            let message = Message::read(&bytes);
            let message = message.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            messages += 1;
            match message {
                Message::Request { method, params, .. } if method == "tools/call" => {
                    let call = ToolCall::read(params).unwrap();
                    assert_eq!(call.name, "get_weather");
                    assert!(call.arguments.unwrap().contains("New York"));
                }
                Message::Response {
                    answer: Answer::Result(result),
                    ..
                } => assert_ne!(ResultKind::of(result), ResultKind::ToolError),
                _ => {}
            }
        }
    }
    assert!(messages > 20, "{messages}");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let error = read("CallToolResult/invalid-tool-input-error.json");
    assert_eq!(ResultKind::of(&error), ResultKind::ToolError);
    let input = read("InputRequiredResult/input-required-result-with-request-state-only.json");
    assert_eq!(ResultKind::of(&input), ResultKind::InputRequired);
}
