//! Calls that a contract or the log's rules about approvals refuse.

use crate::place::{PATIENCE, Place};
use ai_audit_agentic::{ApprovalRule, HumanReview, Review, ReviewVerdict, ToolIntent, ToolStatus};
use ai_audit_core::{DecodeBody as _, Kind, SigningKey, UnverifiedReceipt, encode_body};
use ai_audit_directory::{Settings, Writer};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_store::{LogName, Query};
use serde_json::json;
use std::time::{Duration, Instant};

pub(crate) const CONTRACT: &str = r#"{"name": "tools", "version": "1", "invariants": {
    "hard": [{"name": "no-deletion", "check": {"field": "tool", "not_equals": "delete_all"}}],
    "soft": [{"name": "says-what", "check": {"field": "arguments.of", "exists": true}, "recovery_window": 1}]}}"#;

#[test]
fn a_contract_refuses_and_the_model_is_told_which_rule() {
    let place = Place::new();
    std::fs::write(place.path("contract"), CONTRACT).unwrap();
    let contract = place.path("contract");
    let options = ["--contract", contract.to_str().unwrap()];
    let mut proxy = place.start(&options);
    proxy.call(&json!(1), "delete_all");
    let answer = proxy.answer();
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("contract tools 1: no-deletion"), "{text}");
    // A soft rule is recorded, and stops nothing.
    proxy.send(
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{}}}"#,
    );
    assert!(proxy.answer()["result"]["isError"].is_null());
    assert_eq!(proxy.end(), Some(0));
    assert_eq!(place.seen().lines().count(), 1);
    let calls = place.calls();
    assert_eq!(calls[0].end, Some((ToolStatus::Denied, "contract".into())));
    assert_eq!(calls[1].end, Some((ToolStatus::Ok, String::new())));
    assert_eq!(place.count(Kind::CONTRACT_ACTIVATION), 1);
    assert_eq!(place.count(Kind::CONTRACT_STATE), 2);
    place.verify();
    // It is in force already; another one under its name and version is not put in force.
    let mut proxy = place.start(&options);
    proxy.settle("up");
    proxy.end();
    assert_eq!(place.count(Kind::CONTRACT_ACTIVATION), 1);
    std::fs::write(
        place.path("contract"),
        CONTRACT.replace("delete_all", "other"),
    )
    .unwrap();
    assert_eq!(place.start(&options).end(), Some(1));
}

/// Adds a review of the newest intent, as its reviewer hands it over.
fn review(place: &Place, key: &SigningKey, verdict: ReviewVerdict) {
    let log = LogName::default();
    let writer = Writer::open(&place.path("audit"), Settings::default(), "test").unwrap();
    let intake = Intake::new(writer, Keep::default()).unwrap();
    let directory = intake.reading();
    let found = directory
        .store()
        .find(&log, &Query::Kind(Kind::TOOL_INTENT), None, 99)
        .unwrap();
    let newest = found.iter().max().unwrap();
    let sealed = directory.receipt(&log, *newest).unwrap();
    let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
    let review = Review {
        receipt: receipt.hash(),
        parameters: ToolIntent::decode(&receipt).unwrap().arguments,
        verdict,
        reviewer: "officer-2".into(),
        comment: "".into(),
    };
    let id = directory.head(&log).unwrap().log_id();
    let signed = HumanReview::sign(review, &id, key).unwrap();
    let body = encode_body(&signed).unwrap();
    intake
        .take_review(&log, &id, &body)
        .unwrap()
        .wait()
        .unwrap();
    intake.writer().ledger().close("reviewed").unwrap();
}

pub(crate) fn with_rule(key: &SigningKey) -> Place {
    let key = key.verifying_key();
    let hex: String = key
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(ApprovalRule::from_hex(1, [hex.as_str()]).is_ok());
    Place::with(|options| {
        let rules = format!(r#"{{"slow":{{"keys":["{hex}"],"needed":1}}}}"#);
        options.policy.push(("approvals".into(), rules));
    })
}

#[test]
fn an_approved_call_runs_once_and_under_the_intent_that_was_approved() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let place = with_rule(&key);
    let mut proxy = place.start(&[]);
    // Sent twice: it is one call that waits.
    for id in [1, 2] {
        proxy.call(&json!(id), "slow");
        let answer = proxy.answer();
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(
            text.contains("needs 1 approvals") && text.contains("has 0"),
            "{text}"
        );
    }
    proxy.call(&json!(3), "echo");
    assert!(
        proxy.answer()["result"]["isError"].is_null(),
        "no rule is about that one"
    );
    proxy.end();
    assert_eq!(place.seen().lines().count(), 1);
    let ends: Vec<_> = place
        .calls()
        .into_iter()
        .map(|call| (call.tool, call.end.is_some()))
        .collect();
    assert_eq!(
        ends,
        [("slow".to_owned(), false), ("echo".to_owned(), true)]
    );
    // The newest intent is another one's: this reviews the wrong one.
    review(&place, &key, ReviewVerdict::Approved);
    let mut proxy = place.start(&[]);
    proxy.call(&json!(4), "slow");
    assert_eq!(proxy.answer()["result"]["isError"], true);
    proxy.end();

    let place = with_rule(&key);
    let mut proxy = place.start(&[]);
    proxy.call(&json!(1), "slow");
    proxy.line();
    proxy.end();
    review(&place, &key, ReviewVerdict::Approved);
    let mut proxy = place.start(&[]);
    proxy.call(&json!(2), "slow");
    assert!(proxy.line().contains("\"text\":\"slow\""));
    // Once.
    proxy.call(&json!(3), "slow");
    assert_eq!(proxy.answer()["result"]["isError"], true);
    proxy.end();
    assert_eq!(place.seen().lines().count(), 1);
    let calls = place.calls();
    assert_eq!(calls[0].end, Some((ToolStatus::Ok, String::new())));
    assert_eq!(calls[1].end, None);
    // The rule holds for whoever verifies the log.
    place.verify();
}

#[test]
fn a_rejected_call_is_denied() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let place = with_rule(&key);
    let mut proxy = place.start(&[]);
    proxy.call(&json!(1), "slow");
    proxy.line();
    proxy.end();
    review(&place, &key, ReviewVerdict::Rejected);
    let mut proxy = place.start(&[]);
    proxy.call(&json!(2), "slow");
    let text = proxy.line();
    assert!(text.contains("rejects this call"), "{text}");
    // Once in the log, however often it is asked: by this process and by the next.
    proxy.call(&json!(3), "slow");
    assert!(proxy.line().contains("rejects this call"));
    proxy.end();
    let mut proxy = place.start(&[]);
    proxy.call(&json!(4), "slow");
    assert!(proxy.line().contains("rejects this call"));
    proxy.end();
    assert_eq!(
        place.only().end,
        Some((ToolStatus::Denied, "rejected".into()))
    );
    assert_eq!(place.seen(), "");
    place.verify();
}

#[test]
fn calls_that_wait_are_bounded_for_a_tool_and_others_go_on() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let place = with_rule(&key);
    let call = |number: u32| {
        json!({"jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": {"name": "slow", "arguments": {"of": number}}})
        .to_string()
    };
    let mut proxy = place.start(&[]);
    for number in 0..256 {
        proxy.send(&call(number));
        assert!(proxy.line().contains("for want of approval"), "{number}");
    }
    for number in 256..260 {
        proxy.send(&call(number));
        assert!(proxy.line().contains("not recorded"), "{number}");
    }
    // One that waits is found all the same.
    proxy.send(&call(7));
    assert!(proxy.line().contains("for want of approval"));
    proxy.call(&json!("other"), "echo");
    assert!(proxy.answer()["result"]["isError"].is_null());
    proxy.end();
    assert_eq!(place.calls().len(), 257);
    place.verify();
}

#[cfg(unix)]
#[test]
fn an_approved_call_that_may_have_run_does_not_run_again() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let place = with_rule(&key);
    let mut proxy = place.start(&[]);
    proxy.call(&json!(1), "slow");
    proxy.line();
    proxy.end();
    review(&place, &key, ReviewVerdict::Approved);
    let mut proxy = place.start(&[]);
    proxy.call(&json!(2), "slow");
    let began = Instant::now();
    while place.seen().is_empty() {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    proxy.signal("KILL");
    proxy.child.wait().unwrap();
    // It is open, and nobody knows whether it ran.
    assert_eq!(place.verify().open_tool_intents.len(), 1);
    let mut proxy = place.start(&[]);
    proxy.call(&json!(3), "slow");
    assert_eq!(proxy.answer()["result"]["isError"], true);
    proxy.end();
    assert_eq!(place.seen().lines().count(), 1);
    assert_eq!(place.verify().open_tool_intents.len(), 2);
}
