//! Sent twice, sealed once: ids, repetitions, clashes.

use crate::{Counted, TRACE, attribute, counted, map, map_with, of, span, span_id};
use ai_audit_core::{Kind, LeafHash, encode_body};
use ai_audit_ingest::{Keep, Keeping, Step, StepBody};
use ai_audit_otlp::{Encoding, Mapped, Options, Response, Role, is_sealed_as, receipt_id};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

fn all() -> Vec<Span> {
    let answer = attribute("gen_ai.output.messages", "Rain.");
    let agent = attribute("gen_ai.agent.name", "a");
    vec![
        span(2, 1, "chat", of("chat", vec![answer.clone()])),
        span(
            3,
            1,
            "execute_tool t",
            of("execute_tool", vec![attribute("gen_ai.tool.name", "t")]),
        ),
        span(
            1,
            0,
            "invoke_agent a",
            of("invoke_agent", vec![agent, answer]),
        ),
    ]
}

fn keyed(spans: Vec<Span>, keep: Keep) -> Mapped {
    let options = Options {
        keep,
        ..Options::default()
    };
    map_with(spans, &options, &mut Counted::keyed(), &mut |_| None)
}

/// The kind and the bytes of a step's body, linked to these parents.
fn sealed(step: &Step, parents: &[LeafHash]) -> (Kind, Vec<u8>) {
    let mut body = step.body.clone();
    body.link(parents);
    match body {
        StepBody::Decision(body) => (Kind::DECISION, encode_body(&*body).unwrap()),
        StepBody::ToolIntent(body) => (Kind::TOOL_INTENT, encode_body(&*body).unwrap()),
        StepBody::ToolOutcome(body) => (Kind::TOOL_OUTCOME, encode_body(&*body).unwrap()),
        StepBody::TraceNode(body) => (Kind::TRACE_NODE, encode_body(&*body).unwrap()),
        StepBody::Provenance(..) => panic!("none of spans"),
    }
}

#[test]
fn the_id_is_that_of_the_specification() {
    // By Python's hashlib and uuid.
    let id = receipt_id(&TRACE, &span_id(1), Role::Span);
    assert_eq!(id.to_string(), "f68f0e74-ee50-74a2-8c3a-8ed2a5cf9825");
}

#[test]
fn the_same_request_again_has_the_same_ids_and_says_the_same() {
    let first = keyed(all(), Keep::default());
    let mut turned = all();
    turned.reverse();
    assert_eq!(first.groups, keyed(turned, Keep::default()).groups);
    // Alone, in another batch, with other settings: each is known again.
    let keep = Keep {
        output: Keeping::Plain,
        ..Keep::default()
    };
    let steps = &first.groups[0].steps;
    assert_eq!(steps.len(), 5);
    for span in all() {
        for again in &keyed(vec![span], keep).groups[0].steps {
            let before = steps.iter().find(|step| step.id == again.id).unwrap();
            let parents = [LeafHash::of(b"one"), LeafHash::of(b"two")];
            let (kind, body) = sealed(before, &parents);
            assert!(is_sealed_as(&again.body, kind, &body), "{again:?}");
            assert!(!is_sealed_as(&again.body, Kind::INCIDENT, &body));
            assert!(!is_sealed_as(&again.body, kind, &body[1..]));
        }
    }
}

#[test]
fn another_content_under_the_same_ids_is_told() {
    let first = keyed(all(), Keep::default());
    let mut changed = all();
    for span in &mut changed {
        span.end_time_unix_nano += 1_000_000;
        span.start_time_unix_nano += 2_000_000;
    }
    let second = keyed(changed, Keep::default());
    for (before, after) in first.groups[0].steps.iter().zip(&second.groups[0].steps) {
        assert_eq!(before.id, after.id);
        let (kind, body) = sealed(before, &[]);
        assert!(is_sealed_as(&before.body, kind, &body));
        assert!(!is_sealed_as(&after.body, kind, &body), "{after:?}");
    }
}

#[test]
fn what_comes_twice_in_one_request_is_taken_once() {
    let chat = |model: &str| {
        let model = attribute("gen_ai.request.model", model);
        span(1, 0, "chat", of("chat", vec![model]))
    };
    let mapped = map(vec![chat("m"), chat("m")]);
    assert_eq!(mapped.groups[0].steps.len(), 1);
    assert_eq!(counted(&mapped), ["repeated chat 1"]);
    assert_eq!(mapped.response.rejected(), 0);
    let mapped = map(vec![chat("m"), chat("n")]);
    assert_eq!(mapped.groups[0].steps.len(), 1);
    assert_eq!(counted(&mapped), ["clash chat 1"]);
    assert_eq!(mapped.response.rejected(), 1);
}

#[test]
fn spans_without_ids_and_with_attributes_twice_are_refused() {
    let chat = |spoil: fn(&mut Span)| {
        let mut span = span(1, 0, "chat", of("chat", vec![]));
        spoil(&mut span);
        let mapped = map(vec![span]);
        assert!(mapped.groups.is_empty(), "{mapped:?}");
        assert_eq!(mapped.response.rejected(), 1);
        counted(&mapped).join(",")
    };
    assert_eq!(chat(|span| span.trace_id = vec![0; 16]), "no_ids chat 1");
    assert_eq!(chat(|span| span.span_id = vec![1; 7]), "no_ids chat 1");
    assert_eq!(chat(|span| span.trace_id.clear()), "no_ids chat 1");
    let twice = chat(|span| span.attributes.push(span.attributes[0].clone()));
    assert_eq!(twice, "duplicate_attribute chat 1");
}

#[test]
fn a_span_is_refused_once_and_what_of_it_is_sealed_is_told() {
    let long = "x".repeat(100_000);
    let told = |mapped: &Mapped| {
        let bytes = mapped.response.body();
        let read = ExportTraceServiceResponse::decode(bytes.as_slice()).unwrap();
        let said = read.partial_success.unwrap();
        assert_eq!(
            u64::try_from(said.rejected_spans).unwrap(),
            mapped.response.rejected()
        );
        said.error_message
    };
    let sealed =
        |mapped: &Mapped| -> usize { mapped.groups.iter().map(|group| group.steps.len()).sum() };
    let agent = |id: u8, name: &str, more: &str| {
        let rest = vec![
            attribute("gen_ai.agent.name", name),
            attribute("gen_ai.output.messages", "Rain."),
            attribute("enduser.pseudo.id", more),
        ];
        span(id, 0, "invoke_agent", of("invoke_agent", rest))
    };
    // Both of its receipts are refused: one span is.
    let mapped = map(vec![agent(1, &long, "u")]);
    assert_eq!((sealed(&mapped), mapped.response.rejected()), (0, 1));
    let said = told(&mapped);
    assert!(
        said.starts_with("1 span refused: span 0100000000000001: field `"),
        "{said}"
    );
    assert!(
        said.contains(", answer: too long") && !said.contains("sealed"),
        "{said}"
    );
    // Only its answer is.
    let mapped = map(vec![agent(1, "a", &long)]);
    assert_eq!((sealed(&mapped), mapped.response.rejected()), (1, 1));
    let said = told(&mapped);
    assert!(said.contains("span 0100000000000001: answer: "), "{said}");
    assert!(said.ends_with(", its node is sealed"), "{said}");
    // Only an outcome is, here and in the log; both of them are of the one span.
    let mut failed = span(2, 0, "execute_tool t", of("execute_tool", vec![]));
    failed
        .attributes
        .push(attribute("error.type", long.as_str()));
    let mut mapped = map(vec![failed, agent(3, "a", "u")]);
    assert_eq!((sealed(&mapped), mapped.response.rejected()), (3, 1));
    let said = told(&mapped);
    assert!(said.contains("span 0200000000000001: outcome: "), "{said}");
    assert!(said.ends_with(", its intent is sealed"), "{said}");
    let content = "it is in the log with another content";
    mapped
        .response
        .reject_receipt(receipt_id(&TRACE, &span_id(2), Role::Span), content);
    let said = told(&mapped);
    assert!(
        said.starts_with("1 span refused: ") && !said.contains("sealed"),
        "{said}"
    );
    assert!(said.ends_with(&format!(", {content}")), "{said}");
    mapped
        .response
        .reject_receipt(receipt_id(&TRACE, &span_id(3), Role::Span), content);
    let said = told(&mapped);
    assert!(said.starts_with("2 spans refused: "), "{said}");
    let last = format!("; span 0300000000000001: {content}, its answer is sealed");
    assert!(said.ends_with(&last), "{said}");
    // No id of the request.
    mapped
        .response
        .reject_receipt(receipt_id(&TRACE, &span_id(9), Role::Span), content);
    assert!(told(&mapped).starts_with("3 spans refused: "));
}

#[test]
fn the_answer_is_read_by_others() {
    let read = |response: &Response| {
        let bytes = response.body();
        ExportTraceServiceResponse::decode(bytes.as_slice())
            .unwrap()
            .partial_success
    };
    let mut response = Response::new(Encoding::Protobuf);
    assert_eq!(read(&response), None);
    for number in 0..300 {
        response.reject(format!("span {number}: {}", "ä".repeat(300)));
    }
    let said: ExportTracePartialSuccess = read(&response).unwrap();
    assert_eq!(said.rejected_spans, 300);
    assert!(
        said.error_message
            .starts_with("300 spans refused: span 0: ää")
    );
    assert!(said.error_message.ends_with("; and others") && said.error_message.len() < 5000);
    let mut response = Response::new(Encoding::Json);
    response.reject("a \"reason\"");
    let json: serde_json::Value = serde_json::from_slice(&response.body()).unwrap();
    assert_eq!(json["partialSuccess"]["rejectedSpans"], "1");
    assert_eq!(
        json["partialSuccess"]["errorMessage"],
        "1 span refused: a \"reason\""
    );
}
