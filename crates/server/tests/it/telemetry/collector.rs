//! A collector gets metrics and spans. A84: one that hangs costs no append anything.

use super::text::value;
use super::told;
use crate::service::{Place, Service, id};
use ai_audit_server::Access;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What was sent to a collector: path and body.
type Sent = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A collector that answers as it should.
fn collector() -> (String, Sent) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let kept = Sent::default();
    let into = Arc::clone(&kept);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, into) = (stream.unwrap(), Arc::clone(&into));
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let mut buf = [0; 65_536];
                loop {
                    let Ok(len @ 1..) = stream.read(&mut buf) else {
                        return;
                    };
                    bytes.extend_from_slice(&buf[..len]);
                    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                        continue;
                    };
                    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: "));
                    let length: usize = length.unwrap().trim().parse().unwrap();
                    if bytes.len() < end + 4 + length {
                        continue;
                    }
                    assert!(head.contains("user-agent: ai-audit-telemetry/"), "{head}");
                    assert!(
                        head.contains("content-type: application/x-protobuf"),
                        "{head}"
                    );
                    let path = head.split(' ').nth(1).unwrap().to_owned();
                    let body = bytes[end + 4..end + 4 + length].to_vec();
                    into.lock().unwrap().push((path, body));
                    bytes.clear();
                    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            });
        }
    });
    (url, kept)
}

fn serve(endpoint: String) -> Service {
    Place::new().serve(|options| {
        (options.access, options.telemetry) = (Access::Open, Some(told(endpoint)));
    })
}

fn spans(sent: &Sent) -> Vec<Span> {
    let sent = sent.lock().unwrap();
    let traces = sent.iter().filter(|(path, _)| path == "/v1/traces");
    let requests =
        traces.map(|(_, body)| ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
    let resources = requests.flat_map(|request| request.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

#[test]
fn a_collector_gets_spans_of_requests_and_commits_and_the_metrics() {
    let (url, sent) = collector();
    let service = serve(url);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    // Neither its flag nor a text beside it is for the client to choose.
    let headers = [
        ("traceparent", parent),
        ("tracestate", "vendor=alice-at-example"),
        ("content-type", "application/json"),
    ];
    for number in 0..5 {
        let body = json!({"id": id(number), "subject": "person-7", "input": "a secret"});
        let path = "/v1/logs/default/decisions?x=%22";
        let sealed = service.post_with(path, &headers, body.to_string().as_bytes());
        assert_eq!(sealed.status, 201, "{}", sealed.text());
    }
    // Our own exports, where the collector is the service itself, make no spans.
    let ours = [("user-agent", ai_audit_telemetry::USER_AGENT)];
    service.get_with("/v1/logs", &ours);
    service.end();
    let spans = spans(&sent);
    let of = |name: &str| {
        spans
            .iter()
            .filter(|span| span.name == name)
            .collect::<Vec<_>>()
    };
    let requests = of("POST /v1/logs/{log}/decisions");
    assert_eq!(requests.len(), 5);
    for span in requests {
        assert_eq!(span.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
        assert_eq!(
            span.trace_id,
            0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes()
        );
        assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    }
    let commits = of("ai_audit.commit");
    let receipts: i64 = commits
        .iter()
        .map(|span| whole(span, "ai_audit.receipts"))
        .sum();
    // Start, stop, five decisions.
    assert_eq!(receipts, 7);
    assert!(commits.iter().all(|span| span.parent_span_id.is_empty()));
    assert!(commits.iter().all(|span| span.events[0].name == "store"));
    assert_eq!(spans.len(), 5 + commits.len(), "{spans:#?}");
    let sent = sent.lock().unwrap();
    let all: Vec<u8> = sent.iter().flat_map(|(_, body)| body.clone()).collect();
    let all = String::from_utf8_lossy(&all);
    for hidden in ["person-7", "a secret", "%22", "01a0c450", "alice-at"] {
        assert!(!all.contains(hidden), "{hidden}");
    }
    let (_, last) = sent
        .iter()
        .rfind(|(path, _)| path == "/v1/metrics")
        .unwrap();
    let metrics = ExportMetricsServiceRequest::decode(last.as_slice()).unwrap();
    let resource = metrics.resource_metrics[0].resource.clone().unwrap();
    assert!(format!("{resource:?}").contains("ai-audit"), "{resource:?}");
    let metrics = &metrics.resource_metrics[0].scope_metrics[0].metrics;
    let seal = metrics
        .iter()
        .find(|one| one.name == "ai_audit.seal_duration_seconds");
    assert_eq!(seal.unwrap().unit, "s");
    for name in [
        "ai_audit.append_total",
        "ai_audit.log_size",
        "http.server.request.duration",
    ] {
        assert!(metrics.iter().any(|one| one.name == name), "{name}");
    }
}

fn whole(span: &Span, key: &str) -> i64 {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let value = span.attributes.iter().find(|one| one.key == key).unwrap();
    match value.value.clone().unwrap().value {
        Some(Value::IntValue(value)) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a84_a_collector_that_hangs_delays_and_fails_nothing() {
    // It takes connections and never says a word.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            kept.push(stream);
        }
    });
    let service = serve(url);
    let mut longest = Duration::ZERO;
    // More spans than their queue has places, long enough that exports hang.
    for _ in 0..1_500 {
        let begun = Instant::now();
        let answer = service.decide(r#"{"model": "a"}"#);
        longest = longest.max(begun.elapsed());
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    let text = service.get("/metrics").text().to_owned();
    assert!(value(&text, "ai_audit_append_total", &[("log", "default")]) >= Some(1_500.0));
    let ending = Instant::now();
    let place = service.end();
    assert!(
        ending.elapsed() < Duration::from_secs(4),
        "{:?}",
        ending.elapsed()
    );
    // Genesis, start and stop of its making, then start, all of them, stop.
    assert_eq!(place.verify(), 1_505);
}
