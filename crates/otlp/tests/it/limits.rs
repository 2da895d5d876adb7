//! Requests made to be expensive: what is refused, and how much memory and time the rest takes.

use crate::{Counted, IntoAny, attribute, decision, event, of, request, span, steps, wrap};
use ai_audit_otlp::{Error, MAX_BYTES, MAX_DEPTH, MAX_SPANS, MAX_VALUES, Options, decode};
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};
use prost::Message as _;
use std::time::{Duration, Instant};

const PROTO: &str = "application/x-protobuf";
const JSON: &str = "application/json";
/// Far below the gigabyte that the same requests take as built messages.
const MOST_MEMORY: u64 = 128 << 20;
/// Generous: tests are not optimised, and machines are shared.
const MOST_TIME: Duration = Duration::from_secs(60);

/// Reads and maps it, within the limits of memory and time.
fn costs(what: &str, content_type: &str, bytes: &[u8]) -> Result<usize, Error> {
    assert!(bytes.len() <= MAX_BYTES, "{what}: {}", bytes.len());
    let begin = Instant::now();
    let mut result = Ok(0);
    let used = allocation_counter::measure(|| {
        result = decode(content_type, bytes).map(|request| {
            let mut keys = Counted::default();
            let mapped = request.groups(&Options::default(), &mut keys, &mut |_| None);
            mapped.groups.iter().map(|group| group.steps.len()).sum()
        });
    });
    let (took, most) = (begin.elapsed(), used.bytes_max);
    println!("{what}: {} MiB, {took:?}, {result:?}", most >> 20);
    assert!(most < MOST_MEMORY, "{what}: {most} bytes");
    assert!(took < MOST_TIME, "{what}: {took:?}");
    result
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
    out
}

/// A field with a length around bytes.
pub(crate) fn around(key: u8, bytes: &[u8]) -> Vec<u8> {
    [&[key][..], &varint(bytes.len()), bytes].concat()
}

fn many(result: Result<usize, Error>, expected: &str) {
    match result {
        Err(Error::TooMany { what, .. }) => assert_eq!(what, expected),
        other => panic!("{other:?}"),
    }
}

const VALUES: &str = "attributes, members of them and events";

#[test]
fn what_is_small_in_bytes_and_large_in_memory_is_refused() {
    let pairs = (MAX_BYTES - 64) / 2;
    let spans = around(0x0a, &around(0x12, &b"\x12\x00".repeat(pairs)));
    many(costs("empty spans", PROTO, &spans), "spans");
    let scopes = around(0x0a, &b"\x12\x00".repeat(pairs));
    assert_eq!(costs("empty scopes", PROTO, &scopes), Ok(0));
    let resources = b"\x0a\x00".repeat(pairs);
    many(costs("empty resources", PROTO, &resources), VALUES);
    let inside = |repeated: &[u8]| {
        let span = repeated.repeat(pairs * 2 / repeated.len());
        around(0x0a, &around(0x12, &around(0x12, &span)))
    };
    many(
        costs("empty attributes", PROTO, &inside(b"\x4a\x00")),
        VALUES,
    );
    many(costs("empty events", PROTO, &inside(b"\x5a\x00")), VALUES);
    assert_eq!(costs("links", PROTO, &inside(b"\x6a\x00")), Ok(0));
    let list = around(0x2a, &b"\x0a\x00".repeat(pairs - 64));
    let attribute = around(0x4a, &[b"\x0a\x01a".to_vec(), around(0x12, &list)].concat());
    let list = around(0x0a, &around(0x12, &around(0x12, &attribute)));
    many(costs("a long list", PROTO, &list), VALUES);

    let fill = |one: &str, around: (&str, &str)| {
        let count = (MAX_BYTES - 200) / one.len();
        format!("{}{}{}", around.0, one.repeat(count), around.1).into_bytes()
    };
    let spans = (r#"{"resourceSpans":[{"scopeSpans":[{"spans":["#, "{}]}]}]}");
    let unknown = (r#"{"x":["#, "0]}");
    many(
        costs("json values", JSON, &fill("0,", unknown)),
        "JSON values",
    );
    many(
        costs("json lists", JSON, &fill("[],", unknown)),
        "JSON values",
    );
    many(
        costs("json objects", JSON, &fill("{\"a\":1},", unknown)),
        "JSON values",
    );
    many(
        costs("json spans", JSON, &fill("{},", spans)),
        "JSON values",
    );
    let long = fill(
        "{\"name\":\"0123456789012345678901234567890123456789\"},",
        spans,
    );
    many(costs("json spans with names", JSON, &long), "spans");
    let deep = fill("[", ("", ""));
    assert!(matches!(
        costs("json depth", JSON, &deep),
        Err(Error::Malformed { .. })
    ));
    assert_eq!(
        decode(JSON, &vec![b' '; MAX_BYTES + 1]),
        Err(Error::TooLong(MAX_BYTES + 1))
    );
}

#[test]
fn what_is_within_the_limits_is_bounded_too() {
    // As many spans as may be, in one chain, so that each has the next for its parent.
    let chain = |operation: &str| {
        let spans = (1..=MAX_SPANS).map(|place| {
            let id = |place: usize| u64::try_from(place).unwrap().to_be_bytes().to_vec();
            let mut span = span(1, 0, "x", of(operation, vec![]));
            span.span_id = id(place);
            span.parent_span_id = id(place % MAX_SPANS + 1);
            span
        });
        request(spans.collect()).encode_to_vec()
    };
    assert_eq!(
        costs("a circle of decisions", PROTO, &chain("chat")),
        Ok(MAX_SPANS)
    );
    assert_eq!(costs("a circle of nothing", PROTO, &chain("")), Ok(0));
    // As many attributes as may be, in one span.
    let names = (0..MAX_VALUES - 8).map(|n| attribute(&format!("{n}"), true));
    let wide = span(1, 0, "chat", of("chat", names.collect()));
    let wide = request(vec![wide]).encode_to_vec();
    assert_eq!(costs("attributes", PROTO, &wide), Ok(1));
    // JSON in a string, of the objects that take most as values.
    let text = format!("[{}0]", "{\"a\":1},".repeat(MAX_BYTES / 8 - 64));
    let prompt = |text: &str| {
        let attributes = of("chat", vec![attribute("gen_ai.prompt", text)]);
        request(vec![span(1, 0, "chat", attributes)]).encode_to_vec()
    };
    assert_eq!(costs("objects in a string", PROTO, &prompt(&text)), Ok(1));
    let text = format!("[{}0]", "{\"a\":1},".repeat(32_700));
    assert_eq!(costs("as many as are read", PROTO, &prompt(&text)), Ok(1));
    let text = "x".repeat(MAX_BYTES - 512);
    assert_eq!(costs("a long text", PROTO, &prompt(&text)), Ok(1));
}

/// A list of this many of the objects that take most as values, less their length.
fn objects(count: usize) -> String {
    format!("[{}0]", "{\"\":0},".repeat(count))
}

#[test]
fn many_strings_take_no_more_than_one() {
    let most = objects(32_700);
    let fits = MAX_BYTES / (most.len() + 64);
    // Enough to be far beyond the limit of memory if all were there at once, and quicker.
    let few = 12;
    let one = |count: usize, name: &dyn Fn(usize) -> String, operation: &str| {
        let strings = (0..count).map(|place| attribute(&name(place), most.as_str()));
        let span = span(1, 0, "x", of(operation, strings.collect()));
        request(vec![span]).encode_to_vec()
    };
    let config = one(fits, &|place| format!("gen_ai.request.x{place}"), "chat");
    assert_eq!(costs("a span's configuration", PROTO, &config), Ok(1));
    let prompts = |place| format!("gen_ai.prompt.{place}.content");
    let asked = one(few, &prompts, "chat");
    assert_eq!(costs("a span's messages", PROTO, &asked), Ok(1));
    let agent = one(few, &prompts, "invoke_agent");
    assert_eq!(costs("an agent's messages", PROTO, &agent), Ok(2));
    let events = (0..few).map(|_| {
        let content = attribute("content", most.as_str());
        event("gen_ai.user.message", vec![content])
    });
    let mut said = span(1, 0, "x", of("chat", vec![]));
    said.events = events.collect();
    let said = request(vec![said]).encode_to_vec();
    assert_eq!(costs("a span's events", PROTO, &said), Ok(1));
    // No two of a length, and in ascending order: as many are read as may be.
    let mixed = (0..fits).map(|place| {
        let name = format!("gen_ai.request.x{place}");
        attribute(&name, objects(900 * (place + 1)).as_str())
    });
    let mixed = span(1, 0, "x", of("chat", mixed.collect()));
    let mixed = request(vec![mixed]).encode_to_vec();
    assert_eq!(costs("strings of all lengths", PROTO, &mixed), Ok(1));
    // Each span may have as much as one may: they are not there at the same time.
    let spans = (0..few).map(|place| {
        let prompt = attribute("gen_ai.prompt", most.as_str());
        let id = u8::try_from(place + 1).unwrap();
        span(id, 0, "x", of("chat", vec![prompt]))
    });
    let spans = request(spans.collect()).encode_to_vec();
    assert_eq!(costs("a string for each span", PROTO, &spans), Ok(few));
    // Instructions stand beside messages in one document.
    let half = objects(16_300);
    let both = vec![
        attribute("gen_ai.input.messages", half.as_str()),
        attribute("gen_ai.system_instructions", half.as_str()),
    ];
    let both = request(vec![span(1, 0, "x", of("chat", both))]).encode_to_vec();
    assert_eq!(costs("messages and instructions", PROTO, &both), Ok(1));
}

#[test]
fn which_strings_are_read_is_said_by_the_span_alone() {
    let digests = |rest: Vec<KeyValue>| {
        let steps = steps(vec![span(1, 0, "chat", of("chat", rest))]);
        let said = decision(&steps[0]);
        (said.input, said.config)
    };
    let read = |text: &str| ai_audit_json::canonicalize(text).unwrap();
    let small = attribute("gen_ai.prompt", r#"[ {"b": 1, "a": 2} ]"#);
    let (input, _) = digests(vec![small.clone()]);
    let as_it_is = attribute("gen_ai.prompt", r#"[{"a":2,"b":1}]"#);
    assert_eq!(digests(vec![as_it_is]).0, input);
    // White space that a document does not have.
    let spaced = |count: usize| objects(count).replace(',', ", ");
    let (large, larger) = (spaced(16_300), spaced(17_000));
    let config = |first: &str, second: &str| {
        let first = attribute("gen_ai.request.x", first);
        (first, attribute("gen_ai.request.y", second))
    };
    let of_both = |first: &str, second: &str| {
        let (first, second) = config(first, second);
        let turned = digests(vec![second.clone(), first.clone(), small.clone()]);
        let said = digests(vec![small.clone(), first, second]);
        assert_eq!(said, turned, "the order of attributes");
        assert_eq!(said.0, input, "what is small is read");
        said.1
    };
    // Together within the limit: both are read.
    let both = of_both(&large, &large);
    assert_eq!(both, of_both(&read(&large), &read(&large)));
    // Beyond it the larger one is a text, and two of the same length are.
    let one = of_both(&large, &larger);
    assert_eq!(one, of_both(&read(&large), &larger));
    assert_ne!(one, of_both(&large, &read(&larger)));
    let none = of_both(&larger, &larger);
    assert_ne!(none, of_both(&read(&larger), &larger));
    assert_ne!(none, of_both(&larger, &read(&larger)));
}

#[test]
fn depth_is_the_same_in_both_encodings() {
    let nested = |depth: usize| {
        let mut value: AnyValue = wrap("x".any());
        for _ in 0..depth {
            value = wrap(Value::ArrayValue(ArrayValue {
                values: vec![value],
            }));
        }
        let mut attributes = of("chat", vec![]);
        attributes.push(attribute("gen_ai.prompt", value.value.unwrap()));
        request(vec![span(1, 0, "chat", attributes)])
    };
    for (depth, taken) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false)] {
        let request = nested(depth);
        let json = serde_json::to_vec(&request).unwrap();
        let proto = request.encode_to_vec();
        for (kind, bytes) in [(JSON, json), (PROTO, proto)] {
            let result = costs("depth", kind, &bytes);
            assert_eq!(result.is_ok(), taken, "{kind} {depth} {result:?}");
        }
    }
    // Deeper than any reader that recurses could bear.
    let mut value = b"\x0a\x01x".to_vec();
    while value.len() < 1 << 16 {
        value = around(0x2a, &around(0x0a, &value));
    }
    let attribute = around(0x4a, &around(0x12, &value));
    let bytes = around(0x0a, &around(0x12, &around(0x12, &attribute)));
    many(costs("deep", PROTO, &bytes), "levels of lists and maps");
}
