//! Messages as lines: what passes, and what the log has of it.

use crate::place::{Place, Proxy, call_text};
use ai_audit_agentic::{ToolIntent, ToolOutcome, ToolStatus};
use ai_audit_core::{DecodeBody as _, Kind, UnverifiedReceipt};
use ai_audit_store::{LogName, Query};
use serde_json::json;

fn ended(place: &Place) -> (ToolStatus, String) {
    place.only().end.unwrap()
}

#[test]
fn a_call_has_an_intent_and_an_outcome_and_passes_byte_for_byte() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    // Spaces, escapes and an order of its own: all of it is as it was.
    let line = "{ \"params\" :{\"arguments\":{ \"b\":1.0, \"a\":\"\\u00e9\" } ,\"name\":\"echo\", \"_meta\":{\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"}},\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"id\":\"a-1\"}";
    proxy.send(line);
    let answer = proxy.line();
    assert!(answer.contains("\"id\":\"a-1\""), "{answer}");
    assert_eq!(proxy.end(), Some(0));
    assert_eq!(place.seen(), format!("{line}\n"));
    let call = place.only();
    assert_eq!((call.tool.as_str(), call.id.as_str()), ("echo", "a-1"));
    assert_eq!(call.end, Some((ToolStatus::Ok, String::new())));
    assert!(place.verify().open_tool_intents.is_empty());
    // The digests are those of what the client sent and saw.
    let (directory, log) = (place.directory(), LogName::default());
    let secret = directory.digest_secret(&log).unwrap();
    let one = |kind| {
        let found = directory
            .store()
            .find(&log, &Query::Kind(kind), None, 9)
            .unwrap();
        directory.receipt(&log, found[0]).unwrap()
    };
    let sealed = one(Kind::TOOL_INTENT);
    let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
    assert_eq!(
        receipt.header().trace_id,
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
    let key = secret.exact_key(&receipt.header().id, "arguments");
    let held = ToolIntent::decode(&receipt).unwrap().arguments.unwrap();
    assert!(held.matches(r#"{"a":"é","b":1}"#, Some(&key)));
    assert!(!held.matches(r#"{"a":"é","b":2}"#, Some(&key)));
    let sealed = one(Kind::TOOL_OUTCOME);
    let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
    let key = secret.exact_key(&receipt.header().id, "result");
    let held = ToolOutcome::decode(&receipt).unwrap().result.unwrap();
    let result: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert!(held.matches(&result["result"].to_string(), Some(&key)));
}

#[test]
fn outcomes_say_how_calls_ended() {
    for (tool, status, error) in [
        ("fail", ToolStatus::Error, "tool error"),
        ("error", ToolStatus::Error, "JSON-RPC -32050"),
    ] {
        let place = Place::new();
        let mut proxy = place.start(&[]);
        proxy.call(&json!(1), tool);
        proxy.line();
        assert_eq!(proxy.end(), Some(0));
        assert_eq!(ended(&place), (status, error.to_owned()));
    }
}

#[test]
fn other_messages_pass_and_leave_nothing_in_the_log() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    proxy.settle("first");
    let before = place.directory().head(&LogName::default()).unwrap().size();
    for method in ["initialize", "tools/list", "server/discover"] {
        proxy.send(&json!({"jsonrpc": "2.0", "id": method, "method": method}).to_string());
        assert_eq!(proxy.answer()["result"]["is"], method);
    }
    proxy.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    proxy.settle("last");
    let after = place.directory().head(&LogName::default()).unwrap().size();
    assert_eq!((before, place.calls().len()), (after, 0));
    assert_eq!(place.seen().lines().count(), 6);
    proxy.end();
}

#[test]
fn a_server_that_ends_ends_the_proxy_and_its_calls() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    proxy.call(&json!(7), "exit");
    let answer = proxy.answer();
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&json!(7), &json!(-32603))
    );
    assert_eq!(proxy.child.wait().unwrap().code(), Some(3));
    let error = "server ended with exit code 3".to_owned();
    assert_eq!(ended(&place), (ToolStatus::Error, error));
    place.verify();
}

#[test]
fn a_call_without_an_answer_times_out() {
    let place = Place::new();
    let mut proxy = place.start(&["--timeout", "300"]);
    proxy.call(&json!(7), "hang");
    let answer = proxy.answer();
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("no answer")
    );
    assert_eq!(ended(&place), (ToolStatus::TimedOut, String::new()));
    // The id is free again.
    proxy.call(&json!(7), "echo");
    assert_eq!(proxy.answer()["id"], 7);
    proxy.end();
    assert_eq!(place.calls().len(), 2);
}

#[test]
fn a_client_that_closes_its_end_has_its_last_answers_recorded() {
    let place = Place::new();
    let mut proxy = place.start(&["--grace", "30000"]);
    proxy.call(&json!(1), "slow");
    proxy.close();
    assert_eq!(proxy.answer()["id"], 1);
    assert_eq!(proxy.end(), Some(0));
    assert_eq!(ended(&place), (ToolStatus::Ok, String::new()));
}

#[test]
fn what_is_not_answered_before_the_end_says_so() {
    let place = Place::new();
    let mut proxy = place.start(&["--grace", "300"]);
    proxy.call(&json!(1), "hang");
    proxy.settle("after");
    proxy.end();
    let (status, error) = ended(&place);
    // It closed its output when its input was closed, so it ended by itself.
    assert_eq!(
        (status, error.as_str()),
        (ToolStatus::Error, "server ended with exit code 0")
    );
}

#[cfg(unix)]
#[test]
fn sigterm_ends_in_order() {
    let place = Place::new();
    let mut proxy = place.start(&["--grace", "400"]);
    proxy.call(&json!(1), "echo");
    proxy.line();
    proxy.call(&json!(2), "hang");
    proxy.settle("after");
    proxy.signal("TERM");
    proxy.child.wait().unwrap();
    let calls = place.calls();
    assert_eq!(calls[0].end, Some((ToolStatus::Ok, String::new())));
    assert!(calls[1].end.is_some(), "{calls:?}");
    assert_eq!(place.count(Kind::STOP), place.count(Kind::START));
    place.verify();
    let (directory, log) = (place.directory(), LogName::default());
    let newest = directory.store().latest_checkpoint(&log).unwrap().unwrap();
    assert_eq!(newest.size.as_u64(), directory.head(&log).unwrap().size());
}

#[test]
fn cancelled_calls_say_so_and_input_that_is_required_is_no_outcome() {
    let place = Place::new();
    let mut proxy = place.start(&["--grace", "300"]);
    proxy.call(&json!(1), "hang");
    proxy.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    let call = |id: u64, tool: &str, version: &str, more: serde_json::Value| {
        let mut params = json!({"name": tool, "arguments": {"of": tool},
            "_meta": {"io.modelcontextprotocol/protocolVersion": version}});
        for (name, value) in more.as_object().unwrap() {
            params[name] = value.clone();
        }
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
    };
    proxy.send(&call(2, "input", "2026-07-28", json!({})));
    assert_eq!(proxy.answer()["result"]["resultType"], "input_required");
    assert_eq!(place.calls()[1].end, None);
    // The same call again, with what was asked for.
    proxy.send(&call(
        3,
        "input",
        "2026-07-28",
        json!({"requestState": "s1", "inputResponses": {}}),
    ));
    assert_eq!(proxy.answer()["id"], 3);
    proxy.send(&call(4, "input", "2026-07-28", json!({})));
    proxy.line();
    // What is no question of this protocol is a result: nothing keeps it out of the log.
    for (id, tool, version) in [(5, "input_told", "2026-07-28"), (6, "input", "2025-11-25")] {
        proxy.send(&call(id, tool, version, json!({})));
        proxy.line();
    }
    proxy.end();
    let calls = place.calls();
    let ends: Vec<_> = calls.into_iter().map(|call| call.end.unwrap()).collect();
    let error = |text: &str| (ToolStatus::Error, text.to_owned());
    assert_eq!(
        ends,
        [
            error("cancelled"),
            (ToolStatus::Ok, String::new()),
            error("input required, and not given"),
            (ToolStatus::Ok, String::new()),
            (ToolStatus::Ok, String::new()),
        ]
    );
}

#[test]
fn a_name_that_tells_of_somebody_is_refused_under_the_redaction_policy() {
    let place = Place::with(|options| {
        let policy = ai_audit_pii::Policy::new(ai_audit_pii::Mode::Redact);
        options.policy.push(("redaction".into(), policy.to_json()));
    });
    let mut proxy: Proxy = place.start(&[]);
    proxy.send(&call_text(&json!("anna.meier@example.org"), "echo"));
    let answer = proxy.answer();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("personal data")
    );
    proxy.end();
    assert_eq!((place.calls().len(), place.seen().as_str()), (0, ""));
}

#[cfg(unix)]
#[test]
fn a_client_that_does_not_read_keeps_neither_the_end_nor_an_outcome() {
    use std::io::Write as _;
    let place = Place::new();
    let mut child = place.start_unread(&["--grace", "500"]);
    let mut input = child.stdin.take().unwrap();
    let sender = std::thread::spawn(move || {
        let big = "x".repeat(200_000);
        for id in 0..20 {
            let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
                "params": {"name": "echo", "arguments": {"of": big}}});
            if writeln!(input, "{call}").is_err() {
                break;
            }
        }
        input
    });
    let began = std::time::Instant::now();
    while place.seen().lines().count() < 4 {
        assert!(began.elapsed() < crate::place::PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", "TERM", &id])
        .status();
    assert!(sent.unwrap().success());
    let began = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed().as_secs() < 20, "it does not end");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(sender.join().unwrap());
    let calls = place.calls();
    assert!(calls.len() >= 4);
    assert!(calls.iter().all(|call| call.end.is_some()), "{calls:?}");
    place.verify();
}
