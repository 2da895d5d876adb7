//! OTLP exports as bytes, in both encodings.

use crate::texts::{Given, check, protections};
use ai_audit_core::{Kind, LeafHash, encode_body};
use ai_audit_ingest::{Keep, Keeping, StepBody};
use ai_audit_otlp::{Mapped, Options, decode, is_sealed_as};
use std::collections::BTreeSet;

/// Any bytes as an export. What is read gives the same twice, no id twice, parents first, and bodies that
/// can be sealed and are known again.
pub fn otlp(data: &[u8]) {
    for kind in ["application/x-protobuf", "application/json"] {
        let Ok(request) = decode(kind, data) else {
            continue;
        };
        for protection in protections() {
            let options = Options {
                log: None,
                keep: Keep {
                    input: Keeping::Plain,
                    output: Keeping::Digest,
                },
            };
            let map = || -> Mapped {
                let mut keys = Given::new(protection.clone());
                let sealed = LeafHash::of(b"above");
                request.groups(&options, &mut keys, &mut |id| {
                    (id.as_bytes()[0] % 2 == 0).then_some(sealed)
                })
            };
            let mapped = map();
            assert_eq!(map(), mapped);
            let mut ids = BTreeSet::new();
            for group in &mapped.groups {
                check(group);
                for (place, step) in group.steps.iter().enumerate() {
                    assert!(step.id.is_v7() && step.id_given && ids.insert(step.id));
                    assert!(step.parents.iter().all(|parent| *parent < place));
                    let (kind, body) = match &step.body {
                        StepBody::Decision(body) => (Kind::DECISION, encode_body(&**body)),
                        StepBody::ToolIntent(body) => (Kind::TOOL_INTENT, encode_body(&**body)),
                        StepBody::ToolOutcome(body) => (Kind::TOOL_OUTCOME, encode_body(&**body)),
                        StepBody::TraceNode(body) => (Kind::TRACE_NODE, encode_body(&**body)),
                        StepBody::Provenance(..) => panic!("no span is one"),
                    };
                    let body = body.expect("it was checked");
                    assert!(is_sealed_as(&step.body, kind, &body));
                }
            }
            assert!(mapped.counts.iter().count() <= ai_audit_otlp::MAX_NAMES + 16);
            assert!(mapped.response.rejected() <= request.spans() as u64 * 2);
        }
    }
}

/// Seeds: spans of every sort as JSON, and one as protobuf.
pub fn otlp_seeds() -> Vec<Vec<u8>> {
    let span = |id: u8, parent: &str, name: &str, attributes: &[(&str, &str)], rest: &str| {
        let attributes: Vec<String> = (attributes.iter())
            .map(|(key, value)| format!(r#"{{"key":"{key}","value":{value}}}"#))
            .collect();
        format!(
            r#"{{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b{id}","parentSpanId":"{parent}","name":"{name}","startTimeUnixNano":"1764000000000000000","endTimeUnixNano":"1764000001000000000","attributes":[{}]{rest}}}"#,
            attributes.join(",")
        )
    };
    let text = |text: &str| format!(r#"{{"stringValue":"{text}"}}"#);
    let root = "00f067aa0ba902b1";
    let chat = span(
        2,
        root,
        "chat m",
        &[
            ("gen_ai.operation.name", &text("chat")),
            ("gen_ai.request.model", &text("m")),
            ("gen_ai.response.id", &text("r")),
            ("gen_ai.usage.input_tokens", r#"{"intValue":"5"}"#),
            ("gen_ai.request.temperature", r#"{"doubleValue":0.5}"#),
            (
                "gen_ai.output.messages",
                r#"{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"role","value":{"stringValue":"assistant"}},{"key":"content","value":{"stringValue":"bob@example.org"}}]}}]}}"#,
            ),
        ],
        r#","events":[{"name":"gen_ai.evaluation.result","attributes":[{"key":"gen_ai.evaluation.name","value":{"stringValue":"x"}},{"key":"gen_ai.evaluation.score.value","value":{"doubleValue":1}}]},{"name":"gen_ai.user.message","attributes":[{"key":"content","value":{"stringValue":"hi"}}]}],"status":{"code":2}"#,
    );
    let tool = span(
        3,
        root,
        "execute_tool t",
        &[
            ("gen_ai.tool.call.id", &text("c")),
            ("gen_ai.tool.call.arguments", &text(r#"{\"a\":1}"#)),
            ("error.type", &text("timeout")),
        ],
        "",
    );
    let agent = span(
        1,
        "",
        "invoke_agent a",
        &[
            ("gen_ai.agent.name", &text("a")),
            ("gen_ai.completion.0.content", &text("x")),
        ],
        "",
    );
    let json = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"s"}}}}]}},"scopeSpans":[{{"spans":[{chat},{tool},{agent}]}}]}}]}}"#
    );
    let mut span = b"\x0a\x10".to_vec();
    span.extend([7; 16]);
    span.extend(b"\x12\x08");
    span.extend([9; 8]);
    span.extend(b"\x2a\x06chat m\x39\x01\0\0\0\0\0\0\0\x41\x02\0\0\0\0\0\0\0");
    span.extend(b"\x4a\x1f\x0a\x15gen_ai.operation.name\x12\x06\x0a\x04chat");
    span.extend(b"\x4a\x1a\x0a\x0dgen_ai.prompt\x12\x09\x2a\x07\x0a\x03\x0a\x01x\x0a\x00");
    let around = |key: u8, bytes: &[u8]| {
        let mut out = vec![
            key,
            u8::try_from(bytes.len() % 128).expect("below 128") | 0x80,
        ];
        out.push(u8::try_from(bytes.len() / 128).expect("short"));
        out.extend(bytes);
        out
    };
    vec![
        json.into_bytes(),
        around(0x0a, &around(0x12, &around(0x12, &span))),
    ]
}
