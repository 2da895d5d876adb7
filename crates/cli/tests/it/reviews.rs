//! Reviews: signed where the reviewer's key is, brought into the log, and what verification asks for.

use crate::run::Place;

pub(crate) const CONVERSATION: &str = r#"{"messages":[{"role":"user","content":"pay"},{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"send_money","arguments":"{\"amount\":100}"}}]},{"role":"tool","tool_call_id":"c1","content":"sent"}]}"#;

/// The intent alone, or intent and outcome.
fn conversation(place: &Place, outcome: bool) {
    let end = CONVERSATION.find(",{\"role\":\"tool\"").unwrap();
    let text = match outcome {
        true => CONVERSATION.to_owned(),
        false => format!("{}]}}", &CONVERSATION[..end]),
    };
    place.write("c.json", &text);
    place
        .run(&["record", "audit", "c.json", "--format", "openai-messages"])
        .good();
}

fn verify(place: &Place, more: &[&str]) -> (i32, String) {
    let args = ["verify", "audit", "--key", "audit/log.pub", "--size", "1"];
    let done = place.run(&[&args, more].concat());
    (done.code, done.out)
}

#[test]
fn a_tool_that_needs_approval_runs_without_and_verification_fails() {
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/r"])
        .good();
    let key = place.run(&["review", "keygen", "officer.pem", "-q"]).good();
    let rule = format!(
        "approvals={{\"send_money\":{{\"keys\":[\"{}\"],\"needed\":1}}}}",
        key.out.trim()
    );
    place
        .run(&["policy", "change", "audit", "--entry", &rule])
        .good();
    conversation(&place, false);
    assert_eq!(verify(&place, &[]).0, 0);
    let intents = place
        .run(&["log", "audit", "--kind", "tool_intent", "--json"])
        .good()
        .json();
    let seq = intents[0]["seq"].to_string();
    place
        .run(&[
            "prove",
            "audit",
            &seq,
            "--disclose",
            "arguments",
            "-o",
            "i.proof",
        ])
        .good();
    let sign = ["review", "sign", "i.proof", "--key", "officer.pem"];
    let said = place
        .run(&[&sign[..], &["--approve", "-o", "i.review"]].concat())
        .good();
    assert!(said.out.contains("an approval") && said.out.contains("send_money"));
    let added = place
        .run(&["review", "add", "audit", "i.review", "--json"])
        .good();
    assert_eq!(added.json()["reviewed"].to_string(), seq);
    assert_eq!(verify(&place, &[]).0, 0);
    // The same call, asked for and done at once: nobody approved it.
    conversation(&place, true);
    let (code, said) = verify(&place, &[]);
    assert!(
        code == 1 && said.contains("ran with 0 approvals of its intent; it needs 1"),
        "{said}"
    );
    // Whatever the log promises, the auditor may ask for it.
    let place = Place::empty();
    place
        .run(&["init", "audit", "--name", "example.org/r"])
        .good();
    conversation(&place, true);
    let line = std::fs::read_to_string(place.path("audit/log.pub")).unwrap();
    place.write(
        "mine.policy",
        &format!(
            "ai-audit/policy/v1\nlog {}\nquorum none\napprovals send_money 1 {}\n",
            line.trim(),
            key.out.trim()
        ),
    );
    assert_eq!(verify(&place, &[]).0, 0);
    let (code, said) = verify(&place, &["--policy", "mine.policy"]);
    assert!(code == 1 && said.contains("needs 1"), "{said}");
}

#[test]
fn a_review_that_is_none_is_refused() {
    let place = Place::new();
    place.run(&["review", "keygen", "k.pem"]).good();
    place.run(&["prove", "audit", "3", "-o", "p"]).good();
    place
        .run(&[
            "review", "sign", "p", "--key", "k.pem", "--note", "-o", "good",
        ])
        .good();
    let good = std::fs::read_to_string(place.path("good")).unwrap();
    place
        .run(&["init", "other", "--name", "example.org/o"])
        .good();
    let body = good.find("\"body\": \"").unwrap() + 9;
    let flipped = if &good[body..=body] == "0" { "1" } else { "0" };
    let changed = format!("{}{flipped}{}", &good[..body], &good[body + 1..]);
    for (text, dir, said) in [
        (good.clone(), "other", "another log"),
        (changed, "audit", "bad: "),
        (good.replace("review/v1", "review/v2"), "audit", "review/v1"),
        ("{}".into(), "audit", "missing field"),
        ("[".into(), "audit", "EOF"),
    ] {
        place.write("bad", &text);
        let before = place.receipts();
        let error = place.run(&["review", "add", dir, "bad"]);
        assert!(
            error.code == 2 && error.err.contains(said),
            "{said}: {}",
            error.err
        );
        if dir == "audit" {
            assert_eq!(place.receipts(), before);
        }
    }
    place.run(&["review", "add", "audit", "good"]).good();
    let none = place.run(&["review", "sign", "p", "--key", "k.pem", "-o", "x"]);
    assert_eq!(none.code, 2);
}

/// A place with a key, `k.pem`, and a proof of a receipt, `p`.
fn with_proof() -> Place {
    let place = Place::new();
    place.run(&["review", "keygen", "k.pem"]).good();
    place.run(&["prove", "audit", "3", "-o", "p"]).good();
    place
}

const APPROVE: [&str; 6] = ["review", "sign", "p", "--key", "k.pem", "--approve"];

#[test]
fn personal_data_gets_into_no_review() {
    let place = with_proof();
    for (args, said) in [
        (
            ["--reviewer", "bob@example.com"],
            "reviewer: it holds personal data (EMAIL)",
        ),
        (
            ["--comment", "call bob@example.com +49 30 901820"],
            "comment: it holds personal data",
        ),
    ] {
        let done = place.run(&[&APPROVE[..], &args, &["-o", "r"]].concat());
        assert!(done.sentence(2).contains(said), "{said}: {}", done.err);
        assert!(!place.path("r").exists());
    }
    let sign = |comment: &str, file: &str| {
        let more = ["--comment", comment, "-o", file];
        place.run(&[&APPROVE[..], &more].concat()).good();
    };
    sign("seen by staff-1234", "before");
    sign("seen by staff-5678", "after");
    place.run(&["review", "add", "audit", "before"]).good();
    // A kind of the log's own, which nobody knows where the review is signed.
    place.write(
        "own.json",
        r#"{"version":1,"default":"redact","custom":[{"name":"STAFF","pattern":"staff-[0-9]{4}"}]}"#,
    );
    place
        .run(&["policy", "change", "audit", "--redaction", "own.json"])
        .good();
    let before = place.receipts();
    let done = place.run(&["review", "add", "audit", "after"]);
    let said = done.sentence(2);
    assert!(
        said.contains("after: comment: it holds personal data (STAFF)"),
        "{said}"
    );
    let reviewer = ["--reviewer", "staff-1234", "-o", "by"];
    place.run(&[&APPROVE[..], &reviewer].concat()).good();
    let done = place.run(&["review", "add", "audit", "by"]);
    let said = done.sentence(2);
    assert!(
        said.contains("by: reviewer: it holds personal data (STAFF)"),
        "{said}"
    );
    // What was sealed before stays, and is found.
    let again = place.run(&["review", "add", "audit", "before"]).good();
    assert!(again.out.contains("Nothing to do"), "{}", again.out);
    assert_eq!(place.receipts(), before);
    assert_eq!(verify(&place, &[]).0, 0);
}

#[test]
fn what_is_readable_in_a_review_is_what_was_signed() {
    let place = with_proof();
    place.run(&[&APPROVE[..], &["-o", "good"]].concat()).good();
    let good = std::fs::read_to_string(place.path("good")).unwrap();
    let file: serde_json::Value = serde_json::from_str(&good).unwrap();
    let receipt = file["receipt"].as_str().unwrap();
    let before = place.receipts();
    for (member, said, expected) in [
        ("verdict", "rejected", "verdict: expected approved"),
        ("verdict", "noted", "verdict: expected approved"),
        (
            "receipt",
            &"00".repeat(32),
            &format!("receipt: expected {receipt}"),
        ),
        (
            "receipt",
            "receipt 3",
            &format!("receipt: expected {receipt}"),
        ),
        ("comment", "", "unknown field `comment`"),
    ] {
        let mut other = file.clone();
        other[member] = said.into();
        place.write("other", &other.to_string());
        let done = place.run(&["review", "add", "audit", "other"]);
        assert!(
            done.sentence(2).contains(expected),
            "{member}: {}",
            done.err
        );
    }
    assert_eq!(place.receipts(), before);
}

#[test]
fn a_review_that_is_there_is_not_recorded_again() {
    let place = with_proof();
    place.run(&[&APPROVE[..], &["-o", "good"]].concat()).good();
    let add = ["review", "add", "audit", "good", "--json"];
    let first = place.run(&add).good().json();
    let before = place.receipts();
    let again = place.run(&add).good().json();
    assert_eq!(first["duplicate"], false);
    assert_eq!(again["duplicate"], true);
    assert_eq!(first["receipt"], again["receipt"]);
    let told = place.run(&["review", "add", "audit", "good"]).good();
    let where_it_is = format!("already as receipt {}", first["receipt"]);
    assert!(told.out.contains(&where_it_is), "{}", told.out);
    assert_eq!(place.receipts(), before);
}
