//! What is scraped: whole, specified, true, and for nobody else. A83: names that would break it.

use super::scraped;
use super::text::{read, specified, value};
use crate::service::{Place, Service, id};
use ai_audit_directory::Settings;
use ai_audit_ingest::Keep;
use ai_audit_server::{Access, Scope};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const LOG: (&str, &str) = ("log", "default");

fn scrape(service: &Service) -> String {
    // What was found is told again for a second.
    std::thread::sleep(std::time::Duration::from_millis(1_050));
    let answer = service.get("/metrics");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.kind, "text/plain; version=0.0.4; charset=utf-8");
    answer.text().to_owned()
}

fn open() -> Service {
    Place::new().serve(|options| {
        (options.access, options.telemetry) = (Access::Open, Some(scraped()));
    })
}

/// Two intents and one outcome.
fn steps(service: &Service) {
    let trace = json!({"trace_id": "t", "steps": [
        {"kind": "tool_intent", "ref": "a", "tool": "pay", "arguments": {}, "actor": "x"},
        {"kind": "tool_intent", "ref": "b", "tool": "pay", "arguments": {}, "actor": "x"},
        {"kind": "tool_outcome", "intent": "a", "status": "ok", "result": "done"}]});
    let sealed = service.post("/v1/logs/default/traces", &trace.to_string());
    assert_eq!(sealed.status, 201, "{}", sealed.text());
}

#[test]
fn there_is_none_unless_it_is_asked_for() {
    let service = Place::new().open();
    assert_eq!(service.get("/metrics").status, 404);
    service.end();
    let kept_for_nobody = ai_audit_telemetry::TelemetryOptions::new("1");
    assert!(!kept_for_nobody.is_any());
}

#[test]
fn only_who_may_read_all_logs_sees_it() {
    let place = Place::new();
    let tokens = [
        (place.token(&[Scope::Read], &[]).0, 200),
        (place.token(&[Scope::Admin], &[]).0, 200),
        (place.token(&[Scope::Append], &[]).0, 403),
        (place.token(&[Scope::Read], &["default"]).0, 403),
        ("aat_no".into(), 401),
    ];
    let mut service = place.serve(|options| options.telemetry = Some(scraped()));
    assert_eq!(service.get("/metrics").status, 401);
    for (token, status) in tokens {
        service = service.with_token(&token);
        assert_eq!(service.get("/metrics").status, status);
    }
    service.end();
}

#[test]
fn figures_are_those_of_the_log() {
    let service = open();
    for number in 0..10 {
        let body = json!({"id": id(number), "action": "allow"}).to_string();
        assert_eq!(service.decide(&body).status, 201);
        assert_eq!(service.decide(&body).status, 200);
    }
    assert_eq!(service.decide("{").status, 400);
    steps(&service);
    let text = scrape(&service);
    let of = |name: &str| value(&text, name, &[LOG]);
    let logs = service.get("/v1/logs").with(200);
    let size = logs["logs"][0]["size"].as_f64().unwrap();
    // Genesis, start and stop of its making were before this process.
    assert_eq!(of("ai_audit_log_size"), Some(size));
    assert_eq!(of("ai_audit_append_total"), Some(size - 3.0));
    assert_eq!(of("ai_audit_open_intents"), Some(1.0));
    assert_eq!(of("ai_audit_shred_backlog"), Some(0.0));
    assert_eq!(of("ai_audit_unscanned"), Some(0.0));
    assert_eq!(of("ai_audit_checkpoint_lag"), Some(size));
    assert!(of("ai_audit_checkpoint_age_seconds") >= Some(1.0));
    // Absent: no witnesses, and no 1,000 decisions.
    assert_eq!(
        (of("ai_audit_witness_lag"), of("ai_audit_drift_score")),
        (None, None)
    );
    let one = |name: &str| value(&text, name, &[]);
    assert_eq!(one("ai_audit_buffer_size"), Some(0.0));
    assert_eq!(one("ai_audit_queue_capacity"), Some(10_000.0));
    let commits = value(
        &text,
        "ai_audit_commit_duration_seconds_count",
        &[("outcome", "ok")],
    );
    // The start receipt, ten decisions, one trace.
    assert_eq!(
        (commits, one("ai_audit_seal_duration_seconds_count")),
        (Some(12.0), Some(12.0))
    );
    for (status, count) in [("201", 10.0), ("200", 10.0), ("400", 1.0)] {
        let labels = [
            ("http_request_method", "POST"),
            ("http_route", "/v1/logs/{log}/decisions"),
            ("http_response_status_code", status),
        ];
        let told = value(&text, "http_server_request_duration_seconds_count", &labels);
        assert_eq!(told, Some(count), "{status}");
    }
    assert_eq!(service.post("/v1/logs/default/checkpoint", "").status, 200);
    let text = scrape(&service);
    assert_eq!(value(&text, "ai_audit_checkpoint_lag", &[LOG]), Some(0.0));
    assert_eq!(
        value(&text, "ai_audit_checkpoint_age_seconds", &[LOG]),
        Some(0.0)
    );
    service.end().verify();
}

#[test]
fn the_drift_and_what_is_not_counted_yet_are_told() {
    let service = open();
    let mut sent = 0;
    for batch in 0..5 {
        let records: Vec<_> = (0..1_000)
            .map(|_| json!({"action": if batch < 4 {"allow"} else {"escalate"}}))
            .collect();
        assert_eq!(
            service
                .decide(&json!({"records": records}).to_string())
                .status,
            201
        );
        sent += 1_000;
    }
    let text = scrape(&service);
    let drift = value(&text, "ai_audit_drift_score", &[LOG]).unwrap();
    assert!(
        (drift - 1.0).abs() < 1e-9,
        "{drift}: all of them are others, which is one bit"
    );
    assert_eq!(
        value(&text, "ai_audit_log_size", &[LOG]),
        Some(f64::from(sent + 4))
    );
    service.end();
}

#[test]
fn each_metric_is_as_it_is_specified_and_none_is_missing() {
    let service = Place::new().serve_with(Settings::default(), Keep::default(), |options| {
        (options.access, options.telemetry) =
            (Access::Open, Some(super::told("http://127.0.0.1:9".into())));
    });
    steps(&service);
    let spans = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": "x"}]}]}]});
    assert_eq!(service.post("/v1/traces", &spans.to_string()).status, 200);
    let (families, specified) = (read(&scrape(&service)), specified());
    for (name, family) in &families {
        let wanted = specified
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not specified"));
        assert_eq!(family.kind, wanted.kind, "{name}");
        assert!(!family.help.is_empty(), "{name}");
        for (_, labels, _) in &family.samples {
            for label in labels.keys().filter(|label| *label != "le") {
                assert!(wanted.labels.contains(label), "{name}: {label}");
            }
        }
    }
    let absent: Vec<&String> = specified
        .keys()
        .filter(|name| !families.contains_key(*name))
        .collect();
    // What needs witnesses, 1,000 decisions, or a log that was tampered with.
    assert_eq!(
        absent,
        [
            "ai_audit_chain_break_total",
            "ai_audit_drift_score",
            "ai_audit_witness_lag"
        ]
    );
    service.end();
}

#[test]
fn a83_names_that_others_choose_neither_break_nor_multiply_what_is_told() {
    let place = Place::new();
    for number in 0..70 {
        place.add_log(&format!("l-{number:02}"));
    }
    let service = place.serve(|options| {
        (options.access, options.telemetry) = (Access::Open, Some(scraped()));
    });
    for number in 0..70 {
        let path = format!("/v1/logs/l-{number:02}/decisions");
        assert_eq!(service.post(&path, "{}").status, 201);
    }
    let hostile = "hostile\"} 1\nai_audit_append_total{log=\"default\"} 999 # \\";
    for number in 0..100 {
        let spans = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": format!("{:016x}", number + 1),
            "name": format!("{hostile}{number}")}]}]}]});
        assert_eq!(service.post("/v1/traces", &spans.to_string()).status, 200);
        service.get(&format!("/v1/logs/x{number}/receipts?kind=%22%7d%0a"));
        service.get(&format!("/{number}%22%0a"));
        raw(
            &service,
            &format!("M{number}'|~"),
            &format!("/v1/logs/{number}/%0a"),
        );
    }
    let text = scrape(&service);
    let families = read(&text);
    assert_eq!(value(&text, "ai_audit_append_total", &[LOG]), None);
    let others = value(&text, "ai_audit_append_total", &[("log", "other logs")]);
    assert!(others >= Some(6.0), "{others:?}");
    for (name, family) in &families {
        let most = if family.kind == "histogram" { 400 } else { 65 };
        assert!(
            family.samples.len() <= most,
            "{name}: {}",
            family.samples.len()
        );
    }
    let methods: std::collections::BTreeSet<&String> =
        families["http_server_request_duration_seconds"]
            .samples
            .iter()
            .map(|(_, labels, _)| &labels["http_request_method"])
            .collect();
    assert_eq!(
        methods.into_iter().collect::<Vec<_>>(),
        ["GET", "POST", "_OTHER"]
    );
    assert!(
        !text.contains("hostile") && text.len() < 200_000,
        "{}",
        text.len()
    );
    service.end();
}

/// A request as no client would send it.
fn raw(service: &Service, method: &str, path: &str) {
    let mut stream = TcpStream::connect(service.address).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[test]
fn a_log_that_is_other_than_it_was_left_is_counted_when_a_verdict_finds_it() {
    let service = open();
    assert_eq!(service.decide("{}").status, 201);
    let breaks = |service: &Service| value(&scrape(service), "ai_audit_chain_break_total", &[LOG]);
    assert_eq!(service.get("/v1/logs/default/verdict").with(200)["exit"], 3);
    assert_eq!(breaks(&service), None);
    let database = rusqlite::Connection::open(service.place.path().join("audit.db")).unwrap();
    let of = |seq: i64| {
        let row = database.query_row("SELECT sealed FROM receipts WHERE seq = ?1", [seq], |row| {
            row.get::<_, Vec<u8>>(0)
        });
        row.unwrap()
    };
    let put = |sealed: Vec<u8>| {
        let put = "UPDATE receipts SET sealed = ?1 WHERE seq = 2";
        assert_eq!(database.execute(put, [sealed]).unwrap(), 1);
    };
    let was = of(2);
    put(of(1));
    let verdict = service.get("/v1/logs/default/verdict").with(200);
    assert_eq!(verdict["exit"], 1, "{verdict}");
    assert_eq!(breaks(&service), Some(1.0));
    // No checkpoint is made of such a log, so the service would not end in order.
    put(was);
    service.end().verify();
}
