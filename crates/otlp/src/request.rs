//! A request as it was read, whichever encoding it had.

use crate::Encoding;
use std::borrow::Cow;

/// The trace id of W3C Trace Context.
pub(crate) type TraceId = [u8; 16];
/// The span id of W3C Trace Context.
pub(crate) type SpanId = [u8; 8];
/// Attributes in the order in which they came.
pub(crate) type Attributes<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// The spans of an `ExportTraceServiceRequest`: what [`decode`](crate::decode) gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<'a> {
    pub(crate) encoding: Encoding,
    /// `service.name` of each resource; empty where there is none.
    pub(crate) services: Vec<Cow<'a, str>>,
    pub(crate) spans: Vec<Span<'a>>,
}

impl Request<'_> {
    /// The encoding that it had; the answer has the same.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// How many spans it has.
    #[must_use]
    pub const fn spans(&self) -> usize {
        self.spans.len()
    }
}

/// What of a span is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Span<'a> {
    /// The place of its resource among the services.
    pub(crate) resource: usize,
    /// None where it has the wrong length or is all zero, as with the next two.
    pub(crate) trace: Option<TraceId>,
    pub(crate) id: Option<SpanId>,
    pub(crate) parent: Option<SpanId>,
    pub(crate) name: Cow<'a, str>,
    /// Nanoseconds since 1970; 0 where nobody said.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) attributes: Attributes<'a>,
    pub(crate) events: Vec<Event<'a>>,
    pub(crate) links: u64,
    /// What the SDK says that it left out: attributes, events and links.
    pub(crate) dropped: u64,
    /// Whether the status is ERROR.
    pub(crate) failed: bool,
}

/// What of an event is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Event<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) attributes: Attributes<'a>,
}

/// An `AnyValue`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Value<'a> {
    #[default]
    None,
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Cow<'a, [u8]>),
    List(Vec<Value<'a>>),
    Map(Attributes<'a>),
}

/// An id, unless it has the wrong length or is all zero.
pub(crate) fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let id: [u8; N] = bytes.try_into().ok()?;
    (id != [0; N]).then_some(id)
}

/// The `service.name` of a resource.
pub(crate) fn service(attributes: Attributes<'_>) -> Cow<'_, str> {
    let name = attributes
        .into_iter()
        .find(|(key, _)| key == "service.name");
    match name {
        Some((_, Value::Text(name))) => name,
        _ => Cow::Borrowed(""),
    }
}
