//! Both encodings, written by another implementation, say the same; and no bytes at all make it panic.

use crate::limits::around;
use crate::{Counted, IntoAny, attribute, counted, event, map, request, span, wrap};
use ai_audit_otlp::{Encoding, Error, Mapped, Options, decode};
use opentelemetry_proto::tonic::common::v1::{
    ArrayValue, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;

fn mapped(content_type: &str, bytes: &[u8]) -> Result<Mapped, Error> {
    let request = decode(content_type, bytes)?;
    Ok(request.groups(&Options::default(), &mut Counted::keyed(), &mut |_| None))
}

fn same(spans: Vec<Span>) -> Mapped {
    let request = request(spans);
    let json = serde_json::to_vec(&request).unwrap();
    let json = mapped("application/json", &json).unwrap();
    let proto = mapped("application/x-protobuf", &request.encode_to_vec()).unwrap();
    assert_eq!(json.groups, proto.groups);
    assert_eq!(json.counts, proto.counts);
    proto
}

/// Names that mean something, and one that does not.
const NAMES: [&str; 16] = [
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "gen_ai.response.id",
    "gen_ai.response.finish_reasons",
    "gen_ai.usage.input_tokens",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.prompt.0.content",
    "gen_ai.system_instructions",
    "gen_ai.tool.name",
    "gen_ai.tool.call.id",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.agent.name",
    "error.type",
    "nobody.knows",
];

fn value() -> impl Strategy<Value = Value> {
    let operations =
        prop::sample::select(&["chat", "execute_tool", "invoke_agent", "embeddings", "plan"][..]);
    let leaf = prop_oneof![
        operations.prop_map(|text| text.any()),
        ".{0,12}".prop_map(|text| text.as_str().any()),
        any::<i64>().prop_map(|number| number.any()),
        any::<bool>().prop_map(|flag| flag.any()),
        prop::num::f64::NORMAL.prop_map(|number| number.any()),
        Just("[{\"role\":\"user\",\"content\":\"x\"}]").prop_map(|text| text.any()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|list| Value::ArrayValue(ArrayValue {
                values: list.into_iter().map(wrap).collect()
            })),
            vec((prop::sample::select(&NAMES[..]), inner), 0..4).prop_map(|list| {
                Value::KvlistValue(KeyValueList {
                    values: list
                        .into_iter()
                        .map(|(name, value)| attribute(name, value))
                        .collect(),
                })
            }),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    prop::collection::btree_map(prop::sample::select(&NAMES[..]), value(), 0..8).prop_map(|map| {
        map.into_iter()
            .map(|(name, value)| attribute(name, value))
            .collect()
    })
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let event_names = prop::sample::select(
        &[
            "gen_ai.evaluation.result",
            "gen_ai.user.message",
            "gen_ai.choice",
            "x",
        ][..],
    );
    let one = (
        0..6_u8,
        0..6_u8,
        attributes(),
        vec((event_names, attributes()), 0..3),
        0..3_i32,
        any::<(u64, u64)>(),
    );
    let one = one.prop_map(|(id, parent, attributes, events, code, (start, end))| {
        let mut span = span(id, parent, "execute_tool x", attributes);
        let events = events.into_iter();
        span.events = events.map(|(name, list)| event(name, list)).collect();
        span.status = (code > 0).then(|| Status {
            code,
            ..Status::default()
        });
        if start % 4 == 0 {
            (span.start_time_unix_nano, span.end_time_unix_nano) = (start, end);
        }
        span
    });
    vec(one, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn protobuf_and_json_give_the_same(spans in spans()) {
        let mapped = same(spans.clone());
        // All in the right order, and each body is one that a receipt can hold.
        for group in &mapped.groups {
            for (place, step) in group.steps.iter().enumerate() {
                prop_assert!(step.parents.iter().all(|parent| *parent < place));
            }
        }
        let ids = |mapped: &Mapped| -> std::collections::BTreeSet<String> {
            let steps = mapped.groups.iter().flat_map(|group| &group.steps);
            steps.map(|step| step.id.to_string()).collect()
        };
        let count: usize = mapped.groups.iter().map(|group| group.steps.len()).sum();
        prop_assert_eq!(ids(&mapped).len(), count, "no id twice");
        prop_assert_eq!(ids(&mapped), ids(&map(spans)));
    }

    #[test]
    fn changed_bytes_do_no_harm(spans in spans(), changes in vec(any::<(prop::sample::Index, u8)>(), 1..6)) {
        for json in [false, true] {
            let request = request(spans.clone());
            let (kind, mut bytes) = match json {
                true => ("application/json", serde_json::to_vec(&request).unwrap()),
                false => ("application/x-protobuf", request.encode_to_vec()),
            };
            for (place, byte) in &changes {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            let _ = mapped(kind, &bytes);
        }
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..200)) {
        let _ = mapped("application/x-protobuf", &bytes);
        let _ = mapped("application/json", &bytes);
    }
}

#[test]
fn every_piece_of_a_request_is_read_or_refused() {
    let all = vec![attribute("gen_ai.operation.name", "chat")];
    let bytes = request(vec![span(1, 0, "chat", all)]).encode_to_vec();
    for len in 0..bytes.len() {
        let piece = mapped("application/x-protobuf", &bytes[..len]);
        // Cut within the request, a length claims more than there is; before it there is nothing.
        assert_eq!(piece.is_ok(), len == 0, "{len}");
    }
}

#[test]
fn the_forms_of_json_that_the_standard_has_are_read() {
    let read = |span: &str| {
        let body =
            format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}],"more":[1]}}]}}"#);
        mapped("application/json; charset=utf-8", body.as_bytes())
    };
    let span = |more: &str, value: &str| {
        format!(
            r#"{{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174","name":"chat",{more}
            "attributes":[{{"key":"gen_ai.operation.name","value":{{"stringValue":"chat"}}}},
            {{"key":"gen_ai.usage.input_tokens","value":{value}}}]}}"#
        )
    };
    for value in [
        r#"{"intValue":"52"}"#,
        r#"{"intValue":52}"#,
        r#"{"intValue":52,"doubleValue":null}"#,
    ] {
        let mapped = read(&span(
            r#""startTimeUnixNano":"1000","endTimeUnixNano":2000,"#,
            value,
        ))
        .unwrap();
        let step = &mapped.groups[0].steps[0];
        assert_eq!(step.trace_id, "5b8efff798038103d269b633813fc60c");
        assert_eq!(crate::decision(step).input_tokens, Some(52), "{value}");
        assert_eq!(crate::decision(step).duration_us, Some(1));
    }
    let refused = |more: &str, value: &str, says: &str| {
        let error = read(&span(more, value)).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    };
    refused(
        "",
        r#"{"intValue":"5.5"}"#,
        "value: expected an integer of 64 bits",
    );
    refused(
        "",
        r#"{"intValue":1,"stringValue":"1"}"#,
        "value: expected one value",
    );
    refused("", r#"{"boolValue":"true"}"#, "the type that its name says");
    refused("", "7", "value: expected an object");
    refused(
        r#""name":"again","#,
        "{}",
        "span.name: expected a field once",
    );
    refused(
        r#""startTimeUnixNano":-1,"#,
        "{}",
        "span.startTimeUnixNano: expected an integer",
    );
    refused(
        r#""status":{"code":"STATUS_CODE_ERROR"},"#,
        "{}",
        "status.code",
    );
    refused(r#""events":{},"#, "{}", "span.events: expected a list");
    let trailing = mapped("application/json", b"{} {}").unwrap_err();
    assert!(
        trailing.to_string().contains("line 1, column 4"),
        "{trailing}"
    );
}

#[test]
fn what_protobuf_may_say_only_once_is_refused_twice() {
    let kind = "application/x-protobuf";
    let with = |span: &[u8]| {
        let bytes = around(0x0a, &around(0x12, &around(0x12, span)));
        mapped(kind, &bytes).map(|mapped| counted(&mapped).join(","))
    };
    assert_eq!(with(b"\x2a\x04chat"), Ok("not_gen_ai chat 1".into()));
    let twice = with(b"\x2a\x04chat\x2a\x04chat").unwrap_err().to_string();
    assert!(twice.contains("byte 18: expected a field once"), "{twice}");
    for (bytes, says) in [
        (&b"\x0b"[..], "byte 1: expected wire type"),
        (b"\x00", "byte 1: expected a field number"),
        (b"\x0a\x05\x12", "expected as many bytes"),
        (
            b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02",
            "at most ten bytes",
        ),
        (b"\x08\x01", "a field with a length"),
    ] {
        let error = mapped(kind, bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    // Unknown fields of every wire type are ignored.
    let unknown = b"\x78\x01\x79\x01\x02\x03\x04\x05\x06\x07\x08\x7a\x01\x00\x7d\x01\x02\x03\x04";
    assert!(mapped(kind, unknown).unwrap().groups.is_empty());
}

#[test]
fn content_types_are_told_apart() {
    let kinds = |text: &str| Encoding::of(text);
    assert_eq!(
        kinds("Application/JSON;charset=UTF-8"),
        Some(Encoding::Json)
    );
    assert_eq!(kinds("application/json; charset=latin1"), None);
    for encoding in [Encoding::Json, Encoding::Protobuf] {
        assert_eq!(kinds(encoding.content_type()), Some(encoding));
    }
    let error = decode("text/plain", b"").unwrap_err();
    assert!(matches!(&error, Error::ContentType(kind) if kind == "text/plain"));
}
