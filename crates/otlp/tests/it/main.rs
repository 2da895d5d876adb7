//! Requests as another implementation of OTLP writes them, and what they become.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod conventions;
mod decisions;
mod encodings;
mod identity;
mod limits;
mod order;
mod python;
mod texts;
mod tools;

use ai_audit_core::{DigestSecret, LeafHash, ReceiptId};
use ai_audit_ingest::{Keys, Protection, Step, StepBody};
use ai_audit_otlp::{Mapped, Options, decode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use prost::Message as _;
use std::sync::Arc;

/// Ids and nonces that are counted, and one protection for all.
#[derive(Default)]
pub(crate) struct Counted {
    count: u8,
    pub(crate) protection: Protection,
}

impl Counted {
    pub(crate) fn keyed() -> Self {
        Self {
            protection: Protection {
                secret: Some(Arc::new(DigestSecret::from_bytes([7; 32]))),
                ..Protection::default()
            },
            ..Self::default()
        }
    }
}

impl Keys for Counted {
    fn new_id(&mut self) -> ReceiptId {
        panic!("every id is made of a span");
    }

    fn nonce(&mut self) -> [u8; 12] {
        self.count = self.count.wrapping_add(1);
        [self.count; 12]
    }

    fn protection(&mut self, _: Option<&str>, _: &str, _: bool) -> Protection {
        self.protection.clone()
    }
}

pub(crate) const TRACE: [u8; 16] = [0xab; 16];

pub(crate) fn span_id(id: u8) -> [u8; 8] {
    [id, 0, 0, 0, 0, 0, 0, 1]
}

pub(crate) trait IntoAny {
    fn any(self) -> any_value::Value;
}
impl IntoAny for &str {
    fn any(self) -> any_value::Value {
        any_value::Value::StringValue(self.into())
    }
}
impl IntoAny for i64 {
    fn any(self) -> any_value::Value {
        any_value::Value::IntValue(self)
    }
}
impl IntoAny for f64 {
    fn any(self) -> any_value::Value {
        any_value::Value::DoubleValue(self)
    }
}
impl IntoAny for bool {
    fn any(self) -> any_value::Value {
        any_value::Value::BoolValue(self)
    }
}
impl IntoAny for &[&str] {
    fn any(self) -> any_value::Value {
        let values = self.iter().map(|text| wrap(text.any())).collect();
        any_value::Value::ArrayValue(ArrayValue { values })
    }
}
impl IntoAny for any_value::Value {
    fn any(self) -> any_value::Value {
        self
    }
}

pub(crate) fn wrap(value: any_value::Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

pub(crate) fn attribute(key: &str, value: impl IntoAny) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(wrap(value.any())),
        ..KeyValue::default()
    }
}

/// A span of the trace from second `id` on, for half a second; parent 0 is none.
pub(crate) fn span(id: u8, parent: u8, name: &str, attributes: Vec<KeyValue>) -> Span {
    let start = u64::from(id) * 1_000_000_000;
    Span {
        trace_id: TRACE.into(),
        span_id: span_id(id).into(),
        parent_span_id: match parent {
            0 => Vec::new(),
            parent => span_id(parent).into(),
        },
        name: name.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: start + 500_000_000,
        attributes,
        ..Span::default()
    }
}

pub(crate) fn event(name: &str, attributes: Vec<KeyValue>) -> span::Event {
    span::Event {
        name: name.into(),
        attributes,
        ..span::Event::default()
    }
}

pub(crate) fn failed() -> Option<Status> {
    Some(Status {
        code: 2,
        message: "a text that may say anything".into(),
    })
}

/// `operation` and the rest of the attributes.
pub(crate) fn of(operation: &str, rest: Vec<KeyValue>) -> Vec<KeyValue> {
    let mut all = vec![attribute("gen_ai.operation.name", operation)];
    all.extend(rest);
    all
}

pub(crate) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![attribute("service.name", "shop")],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

pub(crate) fn map_with(
    spans: Vec<Span>,
    options: &Options,
    keys: &mut Counted,
    sealed: &mut dyn FnMut(ReceiptId) -> Option<LeafHash>,
) -> Mapped {
    let bytes = request(spans).encode_to_vec();
    decode("application/x-protobuf", &bytes)
        .unwrap()
        .groups(options, keys, sealed)
}

pub(crate) fn map(spans: Vec<Span>) -> Mapped {
    map_with(
        spans,
        &Options::default(),
        &mut Counted::default(),
        &mut |_| None,
    )
}

/// The steps of the only group.
pub(crate) fn steps(spans: Vec<Span>) -> Vec<Step> {
    let mut mapped = map(spans);
    assert_eq!(mapped.groups.len(), 1, "{mapped:?}");
    mapped.groups.remove(0).steps
}

pub(crate) fn decision(step: &Step) -> &ai_audit_core::Decision<'static> {
    match &step.body {
        StepBody::Decision(decision) => decision,
        other => panic!("{other:?}"),
    }
}

/// What was counted, as lines.
pub(crate) fn counted(mapped: &Mapped) -> Vec<String> {
    let counts = mapped.counts.iter();
    counts
        .map(|(reason, name, count)| format!("{} {name} {count}", reason.name()))
        .collect()
}

/// Every file of this folder is a module of the test binary: one forgotten would not run.
#[test]
fn no_test_file_is_forgotten() {
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".rs") else {
            continue;
        };
        assert!(
            stem == "main" || main.contains(&format!("mod {stem};")),
            "{name} is no module"
        );
    }
}
