//! The console's static answers, and the figures that it asks for.

use crate::service::{Place, Service};
use ai_audit_agentic::{HumanReview, Review, ReviewVerdict};
use ai_audit_core::{SigningKey, encode_body};
use ai_audit_server::Scope;
use serde_json::{Value, json};

const OVERVIEW: &str = "/v1/logs/default/overview";

fn overview(service: &Service) -> Value {
    service.get(OVERVIEW).with(200)
}

#[test]
fn the_page_needs_no_token_and_runs_nothing_but_its_own_script() {
    let place = Place::new();
    place.token(&[Scope::Read], &[]);
    let service = place.serve(|_| {});
    for (path, kind) in [
        ("/console", "text/html; charset=utf-8"),
        ("/console/style.css", "text/css; charset=utf-8"),
        ("/console/script.js", "text/javascript; charset=utf-8"),
    ] {
        let mut response = ureq::get(service.url(path)).call().unwrap();
        let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("content-type"), kind);
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "));
        assert!(
            policy.contains("connect-src 'self'; ") && policy.contains("frame-ancestors 'none'")
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let text = response.body_mut().read_to_string().unwrap();
        assert!(text.len() > 1_000 && !text.contains("{{"), "{path}");
    }
    let page = service.get("/console");
    // Every kind that there is can be searched for.
    for kind in ["decision", "tool_intent", "gap", "human_review"] {
        assert!(
            page.text().contains(&format!("<option>{kind}</option>")),
            "{kind}"
        );
    }
    assert!(!page.text().contains(" style=") && !page.text().contains("<style"));
    // Its figures are for those who may read.
    service.get(OVERVIEW).problem(401);
    service.end();
}

#[test]
fn an_overview_counts_what_is_new() {
    let service = Place::new().open();
    let empty = overview(&service);
    let size = empty["size"].as_u64().unwrap();
    assert_eq!(
        (&empty["looked_at"], &empty["writing"]),
        (&empty["size"], &json!(false))
    );
    assert_eq!(
        (&empty["verdict"], &empty["unclean_starts"]),
        (&Value::Null, &json!(0))
    );
    assert_eq!(empty["rate"]["upper"], 1.0);
    let records = json!({"records": [
        {"action": "reject"}, {"action": "escalate"}, {"action": "escalate"}, {}, {},
    ]});
    let sealed = service.decide(&records.to_string()).with(201);
    let seq = |place: usize| sealed["receipts"][place]["seq"].clone();
    let trace = json!({"trace_id": "t", "steps": [
        {"kind": "tool_intent", "ref": "a", "tool": "search", "call_id": "1"},
        {"kind": "tool_outcome", "intent": "a", "status": "ok"},
        {"kind": "tool_intent", "ref": "b", "tool": "<b>book</b>", "call_id": "2"},
    ]});
    let steps = service
        .post("/v1/logs/default/traces", &trace.to_string())
        .with(201);
    let now = overview(&service);
    assert_eq!(now["writing"], true, "opened with the first record");
    // The writer's start is one, too.
    let all = now["size"].as_u64().unwrap();
    assert!(all >= size + 8);
    assert_eq!(now["looked_at"], now["size"]);
    assert_eq!(
        now["actions"],
        json!({"allow": 2, "escalate": 2, "reject": 1})
    );
    assert_eq!(
        (&now["rate"]["observations"], &now["rate"]["events"]),
        (&json!(5), &json!(3))
    );
    assert_eq!(now["flow"]["decisions_last_minute"], 5);
    let minutes = now["flow"]["receipts_by_minute"].as_array().unwrap();
    assert_eq!(minutes.len(), 60);
    assert_eq!(minutes.iter().filter_map(Value::as_u64).sum::<u64>(), all);
    let open = &now["open_intents"];
    assert_eq!((&open["count"], &open["unmatched"]), (&json!(1), &json!(0)));
    assert_eq!(open["listed"][0]["tool"], "<b>book</b>");
    let due: Vec<&Value> = now["reviews_due"]["listed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["seq"])
        .collect();
    assert_eq!(due, [&seq(1), &seq(2)]);

    review(&service, sealed["receipts"][1]["hash"].as_str().unwrap());
    // A second outcome of an intent that has one.
    let again =
        json!({"kind": "tool_outcome", "intent": steps["receipts"][0]["hash"], "status": "ok"});
    let outcome = json!({"trace_id": "t", "steps": [again]});
    service
        .post("/v1/logs/default/traces", &outcome.to_string())
        .with(201);
    let later = overview(&service);
    assert_eq!(later["reviews_due"]["count"], 1);
    assert_eq!(later["reviews_due"]["listed"][0]["seq"], seq(2));
    assert_eq!(later["open_intents"]["unmatched"], 1);
    service.end().verify();
}

/// Seals a signed review of a receipt.
fn review(service: &Service, hash: &str) {
    let log = service.get("/v1/logs").with(200)["logs"][0]["log_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let review = Review {
        receipt: hash.parse().unwrap(),
        parameters: None,
        verdict: ReviewVerdict::Rejected,
        reviewer: "officer-2".into(),
        comment: "".into(),
    };
    let key = SigningKey::from_bytes(&[7; 32]);
    let signed = HumanReview::sign(review, &log.parse().unwrap(), &key).unwrap();
    let body: String = encode_body(&signed)
        .unwrap()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let file = json!({"review": "ai-audit/review/v1", "log": log, "receipt": hash, "verdict": "rejected", "body": body});
    service
        .post("/v1/logs/default/reviews", &file.to_string())
        .with(201);
}

#[test]
fn checkpoint_and_verdict_are_told_with_what_came_since() {
    let service = Place::new().open();
    service.decide("{}").with(201);
    service.post("/v1/logs/default/checkpoint", "").text();
    let covered = overview(&service)["size"].clone();
    service.decide(r#"{"records": [{}, {}]}"#).with(201);
    let now = overview(&service);
    assert_eq!(
        (&now["checkpoint"]["size"], &now["checkpoint"]["behind"]),
        (&covered, &json!(2))
    );
    let since = now["checkpoint"]["behind_since"].as_str().unwrap();
    assert!(since > now["checkpoint"]["covers_until"].as_str().unwrap());
    let verdict = service.get("/v1/logs/default/verdict").with(200);
    let told = overview(&service);
    assert_eq!(told["verdict"]["exit"], verdict["exit"]);
    assert_eq!(told["verdict"]["receipts"], told["size"]);
    let logs = service.get("/v1/logs").with(200);
    assert_eq!(logs["logs"][0]["writing"], true);
    assert_eq!(logs["logs"][0]["last_sealed_at"], told["last_sealed_at"]);
    service.end();
}

#[test]
fn a_long_log_is_counted_over_several_requests_and_eight_logs_are_followed() {
    let place = Place::new();
    for number in 0..9 {
        place.add_log(&format!("log-{number}"));
    }
    let service = place.open();
    let many = json!({"records": vec![json!({"action": "reject"}); 1024]}).to_string();
    for _ in 0..11 {
        service.decide(&many).with(201);
    }
    let first = overview(&service);
    assert_eq!(first["looked_at"], 10_000);
    assert!(first["size"].as_u64().unwrap() > 11_264);
    let second = overview(&service);
    assert_eq!(second["looked_at"], second["size"]);
    assert_eq!(second["actions"]["reject"], 11_264);
    let paths = service.get("/v1/logs/default/paths").with(200);
    assert_eq!(paths["looked_at"], second["size"]);
    assert_eq!(paths["sprt"]["observations"], 11_264);
    assert!(paths["sprt"]["rejected"].as_u64().unwrap() > 1_000);
    assert!(paths["sprt"]["path"].as_array().unwrap().len() <= 600);
    assert_eq!(paths["sprt"]["event"], "action=reject,escalate");
    // A ninth log finds no room while the others are watched, and takes away nothing of what is known.
    for number in 0..7 {
        service
            .get(&format!("/v1/logs/log-{number}/overview"))
            .with(200);
    }
    let detail = service.get("/v1/logs/log-7/overview").problem(503);
    assert!(detail.contains("8 other logs"), "{detail}");
    let third = overview(&service);
    assert_eq!(third["looked_at"], third["size"]);
    service.end();
}

#[test]
fn a85_a_trace_is_a_graph_and_what_it_says_stays_text() {
    let service = Place::new().open();
    let trace = json!({"trace_id": "a/b & <c>", "steps": [
        {"kind": "decision", "ref": "d", "model": "m", "actor": "planner"},
        {"kind": "tool_intent", "ref": "i", "tool": "<script>", "parents": ["d"]},
        {"kind": "tool_outcome", "intent": "i", "status": "error"},
    ]});
    let sealed = service
        .post("/v1/logs/default/traces", &trace.to_string())
        .with(201);
    let path = "/v1/logs/default/traces?trace=a%2Fb%20%26%20%3Cc%3E";
    let graph = service.get(path).with(200);
    let steps = graph["steps"].as_array().unwrap();
    assert_eq!(
        (&graph["all"], &graph["cut"], steps.len()),
        (&json!(3), &json!(false), 3)
    );
    assert_eq!(steps[1]["seq"], sealed["receipts"][1]["seq"].to_string());
    assert_eq!(steps[2]["parents"], json!([steps[1]["seq"]]));
    assert_eq!(
        (&steps[0]["kind"], &steps[0]["agent"]),
        (&json!("decision"), &json!("planner"))
    );
    assert_eq!(steps[1]["says"], "<script>");
    let svg = graph["svg"].as_str().unwrap();
    assert!(svg.starts_with("<svg ") && !svg.contains("<script") && svg.contains("&lt;script&gt;"));
    service
        .get("/v1/logs/default/traces?trace=nothing")
        .problem(404);
    service.get("/v1/logs/default/traces").problem(400);
    service.get(&format!("{path}&around=x")).problem(400);
    service.end();
}

#[test]
fn only_those_who_may_read_this_log_see_its_figures() {
    let place = Place::new();
    place.add_log("other");
    let (other, _) = place.token(&[Scope::Read], &["other"]);
    let (append, _) = place.token(&[Scope::Append], &[]);
    let service = place.serve(|_| {}).with_token(&other);
    for what in ["overview", "paths", "traces?trace=t"] {
        service
            .get(&format!("/v1/logs/default/{what}"))
            .problem(404);
    }
    service.get("/v1/logs/other/overview").with(200);
    let service = service.with_token(&append);
    for what in ["overview", "paths", "traces?trace=t"] {
        service
            .get(&format!("/v1/logs/default/{what}"))
            .problem(403);
    }
    service.end();
}
