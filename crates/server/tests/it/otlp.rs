//! Spans of OpenTelemetry: mapped, sealed once, and told what became nothing.

use crate::service::{Answer, Place, Service};
use ai_audit_server::Scope;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write as _;

const TO_DEFAULT: &str = "/v1/traces";
const TO_LOG: &str = "/v1/logs/default/otlp/v1/traces";

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn span(id: &str, parent: &str, name: &str, attributes: Vec<Value>) -> Value {
    json!({
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": id, "parentSpanId": parent, "name": name,
        "startTimeUnixNano": "1764000001000000000", "endTimeUnixNano": "1764000002500000000",
        "attributes": attributes,
    })
}

fn agent() -> Value {
    let attributes = vec![
        text("gen_ai.operation.name", "invoke_agent"),
        text("gen_ai.agent.name", "clerk"),
    ];
    span("00f067aa0ba902b7", "", "invoke_agent clerk", attributes)
}

fn chat(model: &str) -> Value {
    let attributes = vec![
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.request.model", model),
        text("server.address", "api.example.org"),
    ];
    span("00f067aa0ba902b8", "00f067aa0ba902b7", "chat", attributes)
}

fn tool() -> Value {
    let attributes = vec![
        text("gen_ai.operation.name", "execute_tool"),
        text("gen_ai.tool.name", "search"),
        text("gen_ai.tool.call.id", "call-1"),
    ];
    span(
        "00f067aa0ba902b9",
        "00f067aa0ba902b7",
        "execute_tool search",
        attributes,
    )
}

fn request(spans: &[Value]) -> String {
    json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "shop")]},
        "scopeSpans": [{"spans": spans}],
    }]})
    .to_string()
}

fn send(service: &Service, spans: &[Value]) -> Answer {
    service.post(TO_LOG, &request(spans))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Kinds of the receipts of the trace, in their order.
fn kinds(service: &Service) -> Vec<String> {
    let all = service
        .get("/v1/logs/default/receipts?trace=4bf92f3577b34da6a3ce929d0e0e4736")
        .with(200);
    let all = all["receipts"].as_array().unwrap();
    all.iter()
        .map(|one| one["kind"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn spans_are_sealed_once_and_what_became_nothing_is_told() {
    let service = Place::new().open();
    let noise = span(
        "00f067aa0ba902ba",
        "",
        "GET /",
        vec![text("http.route", "/")],
    );
    assert_eq!(
        send(&service, &[chat("gpt-4o"), tool(), agent(), noise]).with(200),
        json!({})
    );
    // In the order of the times that they claim: an intent at the start of its span, the others at the end.
    let sealed = ["trace_node", "tool_intent", "decision", "tool_outcome"];
    assert_eq!(kinds(&service), sealed);
    // An exporter that got no answer sends all of it again; to either address.
    assert_eq!(
        send(&service, &[agent(), chat("gpt-4o"), tool()]).with(200),
        json!({})
    );
    let again = service.post(TO_DEFAULT, &request(&[tool()]));
    assert_eq!(again.with(200), json!({}));
    assert_eq!(kinds(&service), sealed);
    let told = service.get("/v1/logs/default/otlp").with(200);
    assert_eq!((&told["spans"], &told["rejected"]), (&json!(8), &json!(0)));
    let left_out = told["left_out"].as_array().unwrap();
    let of = |reason: &str, name: &str| {
        let mut found = left_out.iter();
        found
            .find(|one| one["reason"] == reason && one["name"] == name)
            .map(|one| one["count"].as_u64().unwrap())
    };
    assert_eq!(of("not_gen_ai", "GET /"), Some(1));
    assert_eq!(of("attribute", "server.address"), Some(2));
    service.end().verify();
}

#[test]
fn spans_that_come_later_follow_from_those_in_the_log() {
    let service = Place::new().open();
    send(&service, &[agent()]).with(200);
    let receipt = |kind: &str| {
        let page = service
            .get(&format!("/v1/logs/default/receipts?kind={kind}"))
            .with(200);
        page["receipts"][0].clone()
    };
    let agent = receipt("trace_node")["hash"].clone();
    send(&service, &[chat("m"), tool()]).with(200);
    assert_eq!(receipt("decision")["body"]["parents"], json!([agent]));
    // A tool's outcome that comes without its intent, which is there.
    let intent = receipt("tool_intent");
    assert_eq!(intent["body"]["parents"], json!([agent]));
    assert_eq!(receipt("tool_outcome")["body"]["intent"], intent["hash"]);
    service.end().verify();
}

#[test]
fn a_span_that_is_there_with_another_content_is_refused_and_told() {
    let service = Place::new().open();
    send(&service, &[chat("gpt-4o")]).with(200);
    let told = send(&service, &[chat("gpt-5"), tool()]).with(200);
    assert_eq!(told["partialSuccess"]["rejectedSpans"], "1");
    let said = told["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(
        said.contains("with another content") && !said.contains("gpt"),
        "{said}"
    );
    assert_eq!(kinds(&service), ["decision", "tool_intent", "tool_outcome"]);
    service.end().verify();
}

#[test]
fn both_encodings_are_taken_plain_and_compressed() {
    let service = Place::new().open();
    let json = ("Content-Type", "application/json");
    let gzipped = ("Content-Encoding", "gzip");
    let compressed = gzip(request(&[agent()]).as_bytes());
    let answer = service.post_with(TO_LOG, &[json, gzipped], &compressed);
    assert_eq!(answer.with(200), serde_json::json!({}));
    assert_eq!(kinds(&service), ["trace_node"]);
    // An empty request in protobuf has no bytes, nor has its answer.
    let protobuf = ("Content-Type", "application/x-protobuf");
    let answer = service.post_with(TO_LOG, &[protobuf], &[]);
    assert_eq!((answer.status, answer.bytes.len()), (200, 0));
    assert_eq!(answer.kind, "application/x-protobuf");
    service.end().verify();
}

#[test]
fn what_is_no_export_is_refused_and_seals_nothing() {
    let service = Place::new().open();
    let json = ("Content-Type", "application/json");
    let gzipped = ("Content-Encoding", "gzip");
    assert!(
        service
            .post(TO_LOG, "{\"resourceSpans\": 7}")
            .problem(400)
            .contains("resourceSpans")
    );
    let plain = service.post_as(TO_LOG, "text/plain", "{}");
    assert!(plain.problem(415).contains("application/x-protobuf"));
    let coded = service.post_with(TO_LOG, &[json, ("Content-Encoding", "br")], b"{}");
    assert!(coded.problem(415).contains("gzip"));
    let broken = service.post_with(TO_LOG, &[json, gzipped], b"no gzip");
    assert!(broken.problem(400).contains("gzip"));
    // A gigabyte of blanks in a megabyte is read no further than a request may be long.
    let bomb = gzip(&vec![b' '; 256 << 20]);
    assert!(bomb.len() < 1 << 20);
    let bomb = service.post_with(TO_LOG, &[json, gzipped], &bomb);
    assert!(bomb.problem(413).contains("8388608"));
    assert_eq!(
        service
            .get("/v1/logs/default/receipts?kind=decision")
            .with(200)["receipts"],
        json!([])
    );
    service.end().verify();
}

#[test]
fn a_token_exports_to_its_logs_alone() {
    let place = Place::new();
    place.add_log("other");
    let (reader, _) = place.token(&[Scope::Read], &[]);
    let (other, _) = place.token(&[Scope::Append], &["other"]);
    let service = place.serve(|_| {});
    assert_eq!(send(&service, &[agent()]).status, 401);
    let service = service.with_token(&reader);
    assert_eq!(send(&service, &[agent()]).status, 403);
    let service = service.with_token(&other);
    assert_eq!(send(&service, &[agent()]).status, 404);
    assert_eq!(service.post(TO_DEFAULT, &request(&[agent()])).status, 404);
    let own = service.post("/v1/logs/other/otlp/v1/traces", &request(&[agent()]));
    assert_eq!(own.with(200), json!({}));
    assert_eq!(service.get("/v1/logs/other/otlp").status, 403);
    service.end();
}
