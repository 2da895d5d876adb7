//! A81: an answer that is not the call's: a second one, one to nobody, one of the other direction.

use crate::place::Place;
use ai_audit_agentic::ToolStatus;
use serde_json::json;

#[test]
fn a_second_answer_and_one_to_nobody_are_dropped() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    proxy.call(&json!(1), "twice");
    assert!(proxy.line().contains("first"));
    proxy.call(&json!(2), "stray");
    assert!(proxy.line().contains("asked"));
    proxy.quiet();
    proxy.end();
    let calls = place.calls();
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!(call.end, Some((ToolStatus::Ok, String::new())));
    }
    place.verify();
}

#[test]
fn an_id_in_use_is_refused_and_the_first_call_keeps_its_answer() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    proxy.call(&json!("x"), "slow");
    proxy.call(&json!("x"), "exit");
    let first = proxy.answer();
    assert_eq!(first["error"]["code"], -32600, "{first}");
    assert!(proxy.line().contains("slow"));
    proxy.end();
    assert_eq!(place.only().tool, "slow");
}

#[test]
fn ids_of_the_two_directions_are_kept_apart() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    proxy.call(&json!(5), "ask");
    let asked = proxy.answer();
    assert_eq!(
        (&asked["id"], &asked["method"]),
        (&json!(5), &json!("roots/list"))
    );
    // This answers the server's request, and no call.
    proxy.send(r#"{"jsonrpc":"2.0","id":5,"result":{"roots":[]}}"#);
    // A second one answers nothing, and is dropped.
    proxy.send(r#"{"jsonrpc":"2.0","id":5,"result":{"roots":["evil"]}}"#);
    let answer = proxy.answer();
    assert!(
        answer["result"]["content"]
            .to_string()
            .contains("asked back")
    );
    proxy.settle("last");
    proxy.end();
    assert_eq!(place.only().end, Some((ToolStatus::Ok, String::new())));
    assert!(!place.seen().contains("evil"));
}
