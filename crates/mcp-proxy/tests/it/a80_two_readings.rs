//! A80: a message in which two parsers read two calls, so that another one runs than was recorded.

use crate::place::Place;
use ai_audit_agentic::ToolStatus;
use serde_json::json;

/// Messages of a client that must not pass, and what the answer tells.
fn hostile() -> Vec<(String, &'static str)> {
    let call = |params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
    };
    vec![
        (call(r#"{"name":"echo","name":"exit"}"#), "name"),
        (call(r#"{"name":"echo","n\u0061me":"exit"}"#), "name"),
        (call(r#"{"name":"echo","Name":"exit"}"#), "Name"),
        (call(r#"{"name":"echo","ARGUMENTS":{}}"#), "ARGUMENTS"),
        (call(r#"{"name":"echo","argument\u017f":{}}"#), "argument"),
        (call(r#"{"name":"echo","arguments":{"a":1,"a":2}}"#), "a"),
        (call(r#"{"name":"echo","arguments":[1]}"#), "object"),
        (call(r#"{"name":"echo","arguments":{"a":1e999}}"#), "number"),
        (call(r#"{"name":"echo","arguments":{"a":"\ud800"}}"#), ""),
        (call(r#"{"name":7}"#), "name"),
        (call(r#"{"name":""}"#), "name"),
        (call("[]"), "object"),
        (
            call(&format!(r#"{{"name":"{}"}}"#, "x".repeat(1025))),
            "1024",
        ),
        (
            call(&format!(
                r#"{{"name":"echo","arguments":{}1{}}}"#,
                "{\"a\":".repeat(70),
                "}".repeat(70)
            )),
            "levels",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#.into(),
            "method",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#.into(),
            "Method",
        ),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#.into(), "id"),
        (r#"{"jsonrpc":"2.0","id":1e0,"method":"ping"}"#.into(), "id"),
        (
            r#"{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}"#.into(),
            "",
        ),
        // A call that asks for no answer, and others that are none as it is written.
        (
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}"#.into(),
            "id: expected one",
        ),
        (r#"{"jsonrpc":"2.0","method":"ping"}"#.into(), "id"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call ","params":{"name":"echo"}}"#.into(),
            "method",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Tools/Call","params":{"name":"echo"}}"#.into(),
            "method",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call\u200b","params":{"name":"echo"}}"#
                .into(),
            "method",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"t\uff4fols/call","params":{"name":"echo"}}"#
                .into(),
            "method",
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.into(),
            "null",
        ),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#.into(), "id"),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#.into(), "2.0"),
        (
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#.into(),
            "one JSON object",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"} {"jsonrpc":"2.0"}"#.into(),
            "",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#.into(),
            "",
        ),
        ("no json".into(), ""),
    ]
}

#[test]
fn nothing_that_can_be_read_twice_is_forwarded() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    for (line, told) in hostile() {
        proxy.send(&line);
        // An answer to nothing is dropped without one.
        if line.contains("\"result\"") {
            continue;
        }
        let answer = proxy.answer();
        let code = answer["error"]["code"].as_i64().unwrap();
        assert!([-32700, -32600, -32602].contains(&code), "{line}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(told), "{line}: {message}");
    }
    proxy.settle("still there");
    proxy.end();
    assert_eq!(place.seen().lines().count(), 1, "{}", place.seen());
    assert_eq!(place.calls().len(), 0);
}

#[test]
fn a_line_longer_than_a_message_may_be_is_not_forwarded() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    proxy.send(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":"{}"}}}}"#,
        "x".repeat(9 << 20)
    ));
    let message = proxy.answer()["error"]["message"].to_string();
    assert!(message.contains("at most 8388608"), "{message}");
    proxy.settle("still there");
    proxy.end();
    assert_eq!(place.seen().lines().count(), 1);
}

#[test]
fn a_server_cannot_say_two_things_at_once_either() {
    for tool in ["doubled", "long"] {
        let place = Place::new();
        let mut proxy = place.start(&["--timeout", "3000"]);
        proxy.call(&json!(1), tool);
        let answer = proxy.answer();
        assert_eq!(answer["error"]["code"], -32603, "{tool}: {answer}");
        proxy.end();
        let call = place.only();
        assert_eq!(call.end, Some((ToolStatus::TimedOut, String::new())));
    }
}

#[test]
fn control_characters_are_recorded_and_never_shown() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    proxy.call(&json!("id\u{1b}[2J\r\n"), "tool\u{7}\u{202e}name");
    assert_eq!(proxy.answer()["id"], "id\u{1b}[2J\r\n");
    proxy.end();
    let call = place.only();
    assert_eq!(call.tool, "tool\u{7}\u{202e}name");
    assert_eq!(call.id, "id\u{1b}[2J\r\n");
    place.verify();
}
