//! Incidents and reviews, as they are signed and told.

use crate::service::{Place, id};
use ai_audit_agentic::{HumanReview, Review, ReviewVerdict};
use ai_audit_core::{SigningKey, encode_body};
use serde_json::{Value, json};

#[test]
fn an_incident_goes_from_opening_to_closing() {
    let service = Place::new().open();
    let path = "/v1/logs/default/incidents";
    let about = service.decide("{}").with(201)["receipts"][0]["hash"].clone();
    let opened = json!({
        "id": id(1), "stage": "opened", "class": "serious", "category": "wrong-dose",
        "aware_at": "2026-11-24T09:30:00Z", "receipts": [about], "description": "what happened",
        "actor": "officer-2",
    });
    let first = service.post(path, &opened.to_string()).with(201);
    let again = service.post(path, &opened.to_string()).with(200);
    assert_eq!(first["receipts"][0]["hash"], again["receipts"][0]["hash"]);
    let mut other = opened.clone();
    other["description"] = json!("something else");
    service.post(path, &other.to_string()).problem(409);
    let of = first["receipts"][0]["hash"].clone();
    let reported = json!({
        "stage": "reported", "incident": of, "authority": "BNetzA", "reference": "SI-31",
        "reported_at": "2026-12-01T08:00:00Z",
    });
    service.post(path, &reported.to_string()).with(201);
    service
        .post(
            path,
            &json!({"stage": "closed", "incident": of}).to_string(),
        )
        .with(201);
    for (wrong, said) in [
        (json!({"stage": "opened", "incident": of}), "incident"),
        (json!({"stage": "closed"}), "incident"),
        (
            json!({"stage": "closed", "incident": about}),
            "opens no incident",
        ),
        (
            json!({"stage": "closed", "incident": "00".repeat(32)}),
            "no such receipt",
        ),
        (
            json!({"stage": "opened", "receipts": ["00".repeat(32)]}),
            "has no receipt",
        ),
        (json!({"stage": "begun"}), "field `stage`"),
        (
            json!({"stage": "opened", "class": "unclassified"}),
            "field `class`",
        ),
        (
            json!({"stage": "opened", "aware_at": "yesterday"}),
            "field `aware_at`",
        ),
        (json!({"stage": "opened", "id": "7"}), "field `id`"),
        (
            json!({"stage": "opened", "clas": "serious"}),
            "unknown field `clas`",
        ),
    ] {
        let detail = service.post(path, &wrong.to_string()).problem(400);
        assert!(detail.contains(said), "{wrong}: {detail}");
    }
    let named = json!({"stage": "opened", "category": "alice@example.com"});
    assert!(
        service
            .post(path, &named.to_string())
            .problem(422)
            .contains("personal data")
    );
    service.end().verify();
}

#[test]
fn a_review_that_names_somebody_is_refused() {
    let service = Place::new().open();
    let hash = service.decide("{}").with(201)["receipts"][0]["hash"].clone();
    let log = service.get("/v1/logs").with(200)["logs"][0]["log_id"].clone();
    let send = |reviewer: &str, comment: &str| {
        let review = Review {
            receipt: hash.as_str().unwrap().parse().unwrap(),
            parameters: None,
            verdict: ReviewVerdict::Noted,
            reviewer: reviewer.into(),
            comment: comment.into(),
        };
        let (file, _) = signed(review, log.as_str().unwrap());
        service.post("/v1/logs/default/reviews", &file.to_string())
    };
    for (reviewer, comment, said) in [
        (
            "bob@example.com",
            "",
            "reviewer: it holds personal data (EMAIL)",
        ),
        (
            "officer-2",
            "call bob@example.com",
            "comment: it holds personal data (EMAIL)",
        ),
    ] {
        let detail = send(reviewer, comment).problem(422);
        assert!(detail.contains(said), "{detail}");
    }
    send("officer-2", "call the customer").with(201);
    service.end().verify();
}

/// The file of a review of a log, and the body in it.
fn signed(review: Review<'_>, log: &str) -> (Value, String) {
    let (receipt, verdict) = (review.receipt, review.verdict);
    let key = SigningKey::from_bytes(&[7; 32]);
    let signed = HumanReview::sign(review, &log.parse().unwrap(), &key).unwrap();
    let body = encode_body(&signed).unwrap();
    let body: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = json!({
        "review": "ai-audit/review/v1",
        "log": log,
        "receipt": receipt.to_string(),
        "verdict": verdict.name(),
        "body": body,
    });
    (file, body)
}

#[test]
fn a_signed_review_is_sealed_once() {
    let service = Place::new().open();
    let path = "/v1/logs/default/reviews";
    let trace = json!({"trace_id": "t", "steps": [{"kind": "tool_intent", "tool": "send"}]});
    let intent = service
        .post("/v1/logs/default/traces", &trace.to_string())
        .with(201);
    let hash = intent["receipts"][0]["hash"].as_str().unwrap();
    let log = service.get("/v1/logs").with(200)["logs"][0]["log_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let review = Review {
        receipt: hash.parse().unwrap(),
        parameters: None,
        verdict: ReviewVerdict::Approved,
        reviewer: "officer-2".into(),
        comment: "".into(),
    };
    let file = |comment: &str| {
        let review = Review {
            comment: comment.into(),
            ..review.clone()
        };
        signed(review, &log)
    };
    // Sent by several at the same moment, who then all hear of one receipt.
    let (together, _) = file("together");
    let seqs: Vec<u64> = std::thread::scope(|scope| {
        let send = || {
            let answer = service.post(path, &together.to_string());
            assert!([200, 201].contains(&answer.status), "{answer:?}");
            answer.json()["receipts"][0]["seq"].as_u64().unwrap()
        };
        let all: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(seqs.iter().all(|seq| *seq == seqs[0]), "{seqs:?}");
    let (file, body) = file("");
    let first = service.post(path, &file.to_string()).with(201);
    let again = service.post(path, &file.to_string()).with(200);
    assert_eq!(first["receipts"][0]["seq"], again["receipts"][0]["seq"]);
    for (field, value) in [
        (
            "body",
            json!(body.replace(&body[body.len() - 8..], "00000000")),
        ),
        ("body", json!("zz")),
        ("log", json!("00".repeat(32))),
        ("review", json!("ai-audit/review/v2")),
    ] {
        let mut wrong = file.clone();
        wrong[field] = value;
        service.post(path, &wrong.to_string()).problem(400);
    }
    // What people read is what was signed.
    for (field, value, signed) in [
        ("verdict", json!("rejected"), "approved"),
        ("receipt", json!("00".repeat(32)), hash),
    ] {
        let mut wrong = file.clone();
        wrong[field] = value;
        let detail = service.post(path, &wrong.to_string()).problem(400);
        let said = format!("field `{field}`: expected {signed}");
        assert!(detail.contains(&said), "{detail}");
    }
    service.end().verify();
}
