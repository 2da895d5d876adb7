//! What a service tells of the requests that it answered.

use crate::commits::WAITING;
use crate::{USER_AGENT, names};
use core::time::Duration;
use http::{HeaderMap, Method, header};
use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    Span as _, SpanContext, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceState,
    Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracer;
use std::time::SystemTime;

/// A request that was answered.
#[derive(Debug)]
pub struct Answered<'a> {
    /// Its method, whatever the client called it.
    pub method: &'a Method,
    /// The template of its address, such as `/v1/logs/{log}/decisions`; none where there is no route.
    /// It must be one of a fixed set.
    pub route: Option<&'a str>,
    /// The status of the answer.
    pub status: u16,
    /// When its head was there.
    pub begun: SystemTime,
    /// From then until the answer began.
    pub took: Duration,
}

/// Which span of the caller's a request belongs to.
#[derive(Debug, Default)]
pub struct Parent(Option<Context>);

/// The instrument of requests, and the spans.
#[derive(Debug)]
pub(crate) struct Requests {
    duration: Histogram<f64>,
    tracer: Option<SdkTracer>,
}

impl Requests {
    pub(crate) fn new(meter: &Meter, tracer: Option<SdkTracer>) -> Self {
        Self {
            duration: meter
                .f64_histogram("http.server.request.duration")
                .with_unit("s")
                .with_description("Requests, from their head to the beginning of the answer")
                .with_boundaries(WAITING.into())
                .build(),
            tracer,
        }
    }

    /// The parent that a request names. One of our own exports has none and gets no span: it would be
    /// exported, which would be a request.
    pub(crate) fn parent(&self, headers: &HeaderMap) -> Parent {
        let agent = headers.get(header::USER_AGENT);
        let ours = agent.is_some_and(|agent| agent.as_bytes() == USER_AGENT.as_bytes());
        if self.tracer.is_none() || ours {
            return Parent(None);
        }
        // Headers of any content: what is no traceparent is none.
        let propagator = TraceContextPropagator::new();
        let said = propagator.extract_with_context(&Context::new(), &HeaderExtractor(headers));
        let span = said.span().span_context().clone();
        if !span.is_valid() {
            return Parent(Some(Context::new()));
        }
        // The two ids alone. Headers come before any token is asked for: no text of a `tracestate` goes
        // to the collector, and nobody keeps his requests out of it.
        let (trace, span) = (span.trace_id(), span.span_id());
        let ids = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE);
        Parent(Some(Context::new().with_remote_span_context(ids)))
    }

    pub(crate) fn answered(&self, request: &Answered<'_>, parent: &Parent) {
        let method = names::method(request.method);
        let mut labels = vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.response.status_code", i64::from(request.status)),
        ];
        labels.extend(
            request
                .route
                .map(|route| KeyValue::new("http.route", route.to_owned())),
        );
        self.duration.record(request.took.as_secs_f64(), &labels);
        let (Some(tracer), Parent(Some(parent))) = (&self.tracer, parent) else {
            return;
        };
        let name = match request.route {
            Some(route) => format!("{method} {route}"),
            None => method.to_owned(),
        };
        let builder = tracer
            .span_builder(name)
            .with_kind(SpanKind::Server)
            .with_start_time(request.begun)
            .with_attributes(labels);
        let mut span = tracer.build_with_context(builder, parent);
        if request.status >= 500 {
            span.set_status(Status::error(""));
        }
        let end = request.begun.checked_add(request.took);
        span.end_with_timestamp(end.unwrap_or(request.begun));
    }
}
