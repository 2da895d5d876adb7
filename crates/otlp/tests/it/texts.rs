//! Inputs and outputs: every place in which they were ever sent, and the one digest of each.

use crate::{IntoAny, attribute, decision, event, of, span, steps, wrap};
use ai_audit_core::{Decision, TextDigest};
use ai_audit_ingest::{Keep, Keeping, StepBody};
use ai_audit_otlp::Options;
use opentelemetry_proto::tonic::common::v1::{
    ArrayValue, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::trace::v1::span::Event;

fn said(attributes: Vec<KeyValue>, events: Vec<Event>) -> Decision<'static> {
    let mut span = span(1, 0, "chat", of("chat", attributes));
    span.events = events;
    decision(&steps(vec![span])[0]).clone()
}

fn plain(text: &str) -> Option<TextDigest> {
    Some(TextDigest::plain(text))
}

/// A structured value of JSON.
pub(crate) fn structured(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => panic!("no null in OTLP"),
        Json::Bool(flag) => flag.any(),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => integer.any(),
            None => number.as_f64().unwrap().any(),
        },
        Json::String(text) => text.as_str().any(),
        Json::Array(list) => Value::ArrayValue(ArrayValue {
            values: list.iter().map(|json| wrap(structured(json))).collect(),
        }),
        Json::Object(map) => Value::KvlistValue(KeyValueList {
            values: map
                .iter()
                .map(|(key, json)| attribute(key, structured(json)))
                .collect(),
        }),
    }
}

const ONE: &str = r#"[ {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]} ]"#;

#[test]
fn one_text_alone_is_digested_as_itself_wherever_it_stands() {
    let choice = r#"{"role":"assistant","content":"Rain."}"#;
    let answer = r#"[{"role":"assistant","parts":[{"type":"text","content":"Rain."}],"finish_reason":"stop"}]"#;
    let json = |text: &str| structured(&serde_json::from_str(text).unwrap());
    let details = vec![
        attribute("gen_ai.input.messages", json(ONE)),
        attribute("gen_ai.output.messages", json(answer)),
    ];
    let ways = [
        said(
            vec![
                attribute("gen_ai.input.messages", ONE),
                attribute("gen_ai.output.messages", answer),
            ],
            vec![],
        ),
        said(details.clone(), vec![]),
        said(
            vec![],
            vec![event("gen_ai.client.inference.operation.details", details)],
        ),
        said(
            vec![
                attribute("gen_ai.prompt", "Weather?"),
                attribute("gen_ai.completion", "Rain."),
            ],
            vec![],
        ),
        said(
            vec![
                attribute("gen_ai.prompt.0.role", "user"),
                attribute("gen_ai.prompt.0.content", "Weather?"),
                attribute("gen_ai.completion.0.content", "Rain."),
                attribute("gen_ai.completion.0.finish_reason", "stop"),
            ],
            vec![],
        ),
        said(
            vec![],
            vec![
                event(
                    "gen_ai.content.prompt",
                    vec![attribute(
                        "gen_ai.prompt",
                        r#"[{"role":"user","content":"Weather?"}]"#,
                    )],
                ),
                event(
                    "gen_ai.content.completion",
                    vec![attribute("gen_ai.completion", "Rain.")],
                ),
            ],
        ),
        said(
            vec![],
            vec![
                event(
                    "gen_ai.user.message",
                    vec![
                        attribute("gen_ai.system", "openai"),
                        attribute("content", "Weather?"),
                    ],
                ),
                event(
                    "gen_ai.choice",
                    vec![
                        attribute("index", 0_i64),
                        attribute("finish_reason", "stop"),
                        attribute("message", choice),
                    ],
                ),
            ],
        ),
        said(
            vec![],
            vec![
                event(
                    "gen_ai.user.message",
                    vec![attribute(
                        "gen_ai.event.content",
                        r#"{"content":"Weather?"}"#,
                    )],
                ),
                event(
                    "gen_ai.choice",
                    vec![attribute(
                        "gen_ai.event.content",
                        r#"{"message":{"content":"Rain."},"finish_reason":"stop"}"#,
                    )],
                ),
            ],
        ),
    ];
    for (index, way) in ways.iter().enumerate() {
        assert_eq!(way.input, plain("Weather?"), "{index}");
        assert_eq!(way.output, plain("Rain."), "{index}");
        // The same wherever it came from, so that equal questions are found.
        assert_eq!(way.input_canonical, plain("weather?"), "{index}");
        let finished = !matches!(index, 3 | 5);
        assert_eq!(way.reason_codes.len(), usize::from(finished), "{index}");
    }
}

#[test]
fn more_than_a_text_is_digested_in_its_canonical_form() {
    let input = |text: &str| said(vec![attribute("gen_ai.input.messages", text)], vec![]).input;
    let two = r#"[{"role":"system","parts":[]}, {"parts":[],"role":"user"}]"#;
    let canonical = r#"[{"parts":[],"role":"system"},{"parts":[],"role":"user"}]"#;
    assert_eq!(input(two), plain(canonical));
    // What an SDK cut is no JSON, and stays the text that it is.
    let cut = r#"[{"role":"user","parts":[{"ty"#;
    assert_eq!(input(cut), plain(cut));
    // A message that also calls a tool says more than its text.
    let calls = r#"[{"content":"t","role":"assistant","tool_calls":[{"id":"c"}]}]"#;
    let output = said(vec![attribute("gen_ai.output.messages", calls)], vec![]).output;
    assert_eq!(output, plain(calls));
    let with_instructions = said(
        vec![
            attribute("gen_ai.input.messages", ONE),
            attribute(
                "gen_ai.system_instructions",
                r#"[{"content":"Be brief.","type":"text"}]"#,
            ),
        ],
        vec![],
    );
    let both = r#"{"messages":[{"parts":[{"content":"Weather?","type":"text"}],"role":"user"}],"system_instructions":[{"content":"Be brief.","type":"text"}]}"#;
    assert_eq!(with_instructions.input, plain(both));
}

#[test]
fn every_value_has_a_canonical_form() {
    let list = Value::ArrayValue(ArrayValue {
        values: vec![
            wrap(i64::MAX.any()),
            wrap((1_i64 << 53).any()),
            wrap(f64::NAN.any()),
            wrap(f64::NEG_INFINITY.any()),
            wrap(1e20.any()),
            wrap((-0.0).any()),
            wrap(Value::BytesValue(vec![1, 2, 3])),
            opentelemetry_proto::tonic::common::v1::AnyValue { value: None },
        ],
    });
    let said = said(vec![attribute("gen_ai.input.messages", list)], vec![]);
    let canonical = r#"["9223372036854775807",9007199254740992,"NaN","-Infinity","100000000000000000000",0,"AQID",null]"#;
    assert_eq!(said.input, plain(canonical));
}

#[test]
fn a_map_with_a_name_twice_is_no_text() {
    let twice = Value::KvlistValue(KeyValueList {
        values: vec![attribute("a", 1_i64), attribute("a", 2_i64)],
    });
    let mapped = crate::map(vec![span(
        1,
        0,
        "chat",
        of("chat", vec![attribute("gen_ai.input.messages", twice)]),
    )]);
    assert!(decision(&mapped.groups[0].steps[0]).input.is_none());
    assert_eq!(
        crate::counted(&mapped),
        ["attribute gen_ai.input.messages 1"]
    );
}

#[test]
fn texts_are_keyed_and_kept_as_those_of_record_lines() {
    let spans = || {
        vec![span(
            1,
            0,
            "chat",
            of("chat", vec![attribute("gen_ai.prompt", "Weather?")]),
        )]
    };
    let mut keys = crate::Counted::keyed();
    let mapped = crate::map_with(spans(), &Options::default(), &mut keys, &mut |_| None);
    let step = &mapped.groups[0].steps[0];
    let secret = keys.protection.secret.clone().unwrap();
    assert_eq!(
        decision(step).input,
        Some(TextDigest::keyed(
            "Weather?",
            &secret.exact_key(&step.id, "input")
        ))
    );
    assert!(decision(step).kept.is_empty());
    let options = Options {
        keep: Keep {
            input: Keeping::Plain,
            ..Keep::default()
        },
        log: Some("acme".into()),
    };
    let mapped = crate::map_with(spans(), &options, &mut keys, &mut |_| None);
    let step = &mapped.groups[0].steps[0];
    assert_eq!(step.log.as_deref(), Some("acme"));
    assert!(matches!(&step.body, StepBody::Decision(said) if said.kept.len() == 1));
}
