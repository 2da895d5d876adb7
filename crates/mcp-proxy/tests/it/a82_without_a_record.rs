//! A82: a call that runs and of which nothing is in the log, or nothing of its end: killed, disk full.

use crate::place::{Place, call_text};
use serde_json::json;
use std::time::{Duration, Instant};

/// Until the server has read so many lines.
fn until_seen(place: &Place, lines: usize) {
    let began = Instant::now();
    while place.seen().lines().count() < lines {
        assert!(began.elapsed() < crate::place::PATIENCE, "{}", place.seen());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn killed_between_forwarding_and_outcome_the_intent_is_listed_as_open() {
    let place = Place::new();
    let mut proxy = place.start(&[]);
    proxy.call(&json!("c-1"), "echo");
    proxy.line();
    proxy.call(&json!("c-2"), "hang");
    until_seen(&place, 2);
    proxy.signal("KILL");
    proxy.child.wait().unwrap();
    let report = place.verify();
    let open: Vec<_> = report
        .open_tool_intents
        .iter()
        .map(|open| open.call_id.as_str())
        .collect();
    assert_eq!(open, ["c-2"]);
    // It can go on.
    let mut proxy = place.start(&[]);
    proxy.call(&json!(3), "echo");
    proxy.line();
    assert_eq!(proxy.end(), Some(0));
    assert_eq!(place.verify().open_tool_intents.len(), 1);
}

#[cfg(unix)]
#[test]
fn killed_at_any_moment_every_call_that_the_server_saw_has_its_intent() {
    for round in 0..12_u64 {
        let place = Place::new();
        let mut proxy = place.start(&[]);
        proxy.call(&json!(0), "echo");
        proxy.line();
        for number in 1..40 {
            proxy.send(&call_text(&json!(number), "echo"));
        }
        std::thread::sleep(Duration::from_millis(round * 4));
        proxy.signal("KILL");
        proxy.child.wait().unwrap();
        let calls = place.calls();
        let seen = place.seen().lines().count();
        assert!(calls.len() >= seen, "{} intents, {seen} calls", calls.len());
        let open = calls.iter().filter(|call| call.end.is_none()).count();
        assert_eq!(place.verify().open_tool_intents.len(), open);
    }
}

/// The log's store takes no more than it has: an append fails as on a full disk.
#[cfg(unix)]
fn limited(place: &Place, options: &[&str]) -> crate::place::Proxy {
    place.start_with_limit(options)
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_nothing_is_forwarded_and_it_says_so() {
    let place = Place::new();
    let mut proxy = limited(&place, &[]);
    let mut forwarded = 0;
    let refused = loop {
        proxy.call(&json!(forwarded), "echo");
        let answer = proxy.answer();
        if answer["error"].is_object() {
            break answer;
        }
        forwarded += 1;
        assert!(forwarded < 20_000, "the limit was never reached");
    };
    assert_eq!(refused["error"]["code"], -32603, "{refused}");
    let seen = place.seen().lines().count();
    proxy.call(&json!("after"), "echo");
    assert_eq!(proxy.answer()["error"]["code"], -32603);
    assert_eq!(
        place.seen().lines().count(),
        seen,
        "nothing more reached the server"
    );
    proxy.end();
    assert!(place.calls().len() >= seen);
    place.verify();
}

#[cfg(unix)]
#[test]
fn failing_open_forwards_without_an_intent_only_when_told_to() {
    let place = Place::new();
    let mut proxy = limited(&place, &["--open"]);
    let answered = (0..600).all(|number| {
        proxy.call(&json!(number), "echo");
        proxy.answer()["result"].is_object()
    });
    assert!(answered, "every call was forwarded");
    proxy.end();
    let seen = place.seen().lines().count();
    assert!(place.calls().len() < seen, "the limit was never reached");
    place.verify();
}

/// Calls a tool until the log takes nothing more.
#[cfg(unix)]
fn until_full(place: &Place, proxy: &mut crate::place::Proxy) {
    for number in 0..600 {
        proxy.call(&json!(number), "echo");
        assert!(proxy.answer()["result"].is_object(), "open: it goes out");
    }
    assert!(place.calls().len() < place.seen().lines().count());
}

#[cfg(unix)]
#[test]
fn failing_open_does_not_switch_off_a_contract_and_the_loss_is_declared() {
    use ai_audit_core::Kind;
    let place = Place::new();
    let contract = place.path("contract");
    std::fs::write(&contract, crate::rules::CONTRACT).unwrap();
    let mut proxy = limited(
        &place,
        &["--open", "--contract", contract.to_str().unwrap()],
    );
    until_full(&place, &mut proxy);
    let seen = place.seen().lines().count();
    proxy.call(&json!("forbidden"), "delete_all");
    let answer = proxy.answer();
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    assert_eq!(place.seen().lines().count(), seen, "it did not go out");
    // The disk has room again.
    let id = proxy.child.id().to_string();
    let raised = std::process::Command::new("prlimit")
        .args(["--pid", &id, "--fsize=unlimited"])
        .status();
    if raised.is_ok_and(|status| status.success()) {
        for number in 0..3 {
            proxy.call(&json!(format!("after-{number}")), "echo");
            proxy.line();
        }
        proxy.end();
        assert!(place.count(Kind::GAP) > 0, "the loss is in the log");
    } else {
        eprintln!("SKIPPED: the gap: no prlimit on this machine");
        proxy.end();
    }
    place.verify();
}

#[cfg(unix)]
#[test]
fn failing_open_does_not_let_out_what_needs_approval() {
    let key = ai_audit_core::SigningKey::from_bytes(&[7; 32]);
    let place = crate::rules::with_rule(&key);
    let mut proxy = limited(&place, &["--open"]);
    until_full(&place, &mut proxy);
    let seen = place.seen().lines().count();
    proxy.call(&json!("needs"), "slow");
    let answer = proxy.answer();
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    assert_eq!(place.seen().lines().count(), seen, "it did not go out");
    proxy.end();
    place.verify();
}
