//! From spans to groups of steps.

mod edges;
mod made;
mod write;

use crate::counts::{Counts, Reason};
use crate::facts::Facts;
use crate::id::hex;
use crate::operation::{Class, classify};
use crate::request::{Request, SpanId, TraceId};
use crate::response::Response;
use ai_audit_core::{LeafHash, ReceiptId};
use ai_audit_ingest::{Group, Keep, Keys};
use edges::Edges;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Where the receipts are to go, and what is kept of their texts.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The tenant whose log it is; `None` for the default one.
    pub log: Option<String>,
    /// Which texts are kept beside their digests.
    pub keep: Keep,
}

/// The hash of the receipt with an id in the log that the groups go to; `None` where it has none.
pub type Lookup<'l> = &'l mut dyn FnMut(ReceiptId) -> Option<LeafHash>;

/// What a request becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// A group for each trace that has receipts.
    pub groups: Vec<Group>,
    /// What became nothing.
    pub counts: Counts,
    /// The answer to the sender, with what was refused here; add what the log refuses.
    pub response: Response,
}

impl Request<'_> {
    /// The groups of its traces, in the order in which the traces came.
    ///
    /// `sealed` is asked for spans above the request's own. It must answer from the log that the groups
    /// go to, and is asked once for each.
    ///
    /// ```
    /// use ai_audit_ingest::{Keys, Protection, StepBody};
    /// # struct Plain;
    /// # impl Keys for Plain {
    /// #     fn new_id(&mut self) -> ai_audit_core::ReceiptId { ai_audit_core::ReceiptId::from_bytes([0; 16]) }
    /// #     fn nonce(&mut self) -> [u8; 12] { [0; 12] }
    /// #     fn protection(&mut self, _: Option<&str>, _: &str, _: bool) -> Protection { Protection::default() }
    /// # }
    /// let body = br#"{"resourceSpans": [{"scopeSpans": [{"spans": [{
    ///     "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7",
    ///     "name": "chat gpt-4", "startTimeUnixNano": "1000000000", "endTimeUnixNano": "1250000000",
    ///     "attributes": [
    ///         {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
    ///         {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4"}},
    ///         {"key": "server.address", "value": {"stringValue": "api.example.org"}}]}]}]}]}"#;
    /// let request = ai_audit_otlp::decode("application/json", body)?;
    /// let mapped = request.groups(&Default::default(), &mut Plain, &mut |_| None);
    ///
    /// let step = &mapped.groups[0].steps[0];
    /// assert!(matches!(&step.body, StepBody::Decision(said) if said.model == "gpt-4"));
    /// let left: Vec<&str> = mapped.counts.iter().map(|(_, name, _)| name).collect();
    /// assert_eq!(left, ["server.address"]);
    /// assert_eq!(mapped.response.body(), b"{}");
    /// # Ok::<(), ai_audit_otlp::Error>(())
    /// ```
    pub fn groups(&self, options: &Options, keys: &mut dyn Keys, sealed: Lookup<'_>) -> Mapped {
        let mut spans = Spans::of(self);
        let edges = Edges::of(&mut spans, sealed);
        let checks = spans.checks(&edges, options.keep);
        let groups = write::groups(&mut spans, &edges, checks, options, keys);
        for (facts, class) in spans.facts.iter().zip(&spans.classes) {
            match class {
                Class::Nothing => {}
                _ => facts.count(&mut spans.counts),
            }
        }
        Mapped {
            groups,
            counts: spans.counts,
            response: spans.response,
        }
    }
}

/// The spans of a request, and what becomes of each.
struct Spans<'s, 'a> {
    request: &'s Request<'a>,
    facts: Vec<Facts<'s, 'a>>,
    classes: Vec<Class>,
    /// Of spans with the same ids the first.
    places: BTreeMap<(TraceId, SpanId), usize>,
    counts: Counts,
    response: Response,
}

impl<'s, 'a> Spans<'s, 'a> {
    fn of(request: &'s Request<'a>) -> Self {
        let mut spans = Self {
            request,
            facts: request.spans.iter().map(Facts::new).collect(),
            classes: Vec::with_capacity(request.spans.len()),
            places: BTreeMap::new(),
            counts: Counts::default(),
            response: Response::new(request.encoding),
        };
        for place in 0..spans.facts.len() {
            let class = spans.class(place);
            spans.classes.push(class);
        }
        spans
    }

    fn class(&mut self, place: usize) -> Class {
        let Some(facts) = self.facts.get(place) else {
            return Class::Nothing;
        };
        let span = facts.span;
        let class = classify(facts);
        let evaluates = (facts.events.iter()).any(|event| event.name == EVALUATION);
        if class == Class::Nothing && !evaluates {
            self.counts.add(Reason::NotGenAi, &span.name, 1);
        }
        let Some(key) = span.trace.zip(span.id) else {
            return self.refuse(
                place,
                class,
                Reason::NoIds,
                "ids of 16 and 8 bytes, not all zero",
            );
        };
        if let Some(first) = self.places.get(&key) {
            let first = &self.request.spans.get(*first);
            if class != Class::Nothing && first.is_some_and(|first| first == span) {
                self.counts.add(Reason::Repeated, &span.name, 1);
                return Class::Nothing;
            }
            return self.refuse(place, class, Reason::Clash, "ids that no other span has");
        }
        self.places.insert(key, place);
        if facts.ambiguous() {
            let expected = "each attribute once";
            return self.refuse(place, class, Reason::DuplicateAttribute, expected);
        }
        class
    }

    /// Counts a span that was to become receipts and does not.
    fn refuse(&mut self, place: usize, class: Class, reason: Reason, expected: &str) -> Class {
        if class != Class::Nothing
            && let Some(span) = self.request.spans.get(place)
        {
            self.counts.add(reason, &span.name, 1);
            let message = format!("{}: expected {expected}", self.name(place));
            self.response.reject(message);
        }
        Class::Nothing
    }

    /// Counts something that a span's name stands for.
    fn count(&mut self, reason: Reason, place: usize) {
        let span = self.request.spans.get(place);
        self.counts
            .add(reason, span.map_or("", |span| span.name.as_ref()), 1);
    }

    /// How a span is called in messages to its sender.
    fn name(&self, place: usize) -> String {
        match self.request.spans.get(place).and_then(|span| span.id) {
            Some(id) => format!("span {}", hex(&id)),
            None => format!("span {} of the request", place + 1),
        }
    }

    fn service(&self, place: usize) -> &'s str {
        let span = self.request.spans.get(place);
        let service = span.and_then(|span| self.request.services.get(span.resource));
        service.map_or("", |service| service.as_ref())
    }

    fn becomes_something(&self, place: usize) -> bool {
        !matches!(self.classes.get(place), None | Some(Class::Nothing))
    }

    fn is_decision(&self, place: usize) -> bool {
        matches!(self.classes.get(place), Some(Class::Decision { .. }))
    }

    /// The checks of each decision: evaluations of its span, of its response, or of spans below it.
    fn checks(&mut self, edges: &Edges, keep: Keep) -> BTreeMap<usize, Vec<Json>> {
        let mut responses: BTreeMap<(TraceId, &str), usize> = BTreeMap::new();
        for (place, facts) in self.facts.iter().enumerate() {
            if self.is_decision(place)
                && let Some(trace) = facts.span.trace
                && let Some(id) = facts.own.text(&["gen_ai.response.id"])
            {
                responses.entry((trace, id)).or_insert(place);
            }
        }
        let mut checks: BTreeMap<usize, Vec<Json>> = BTreeMap::new();
        let mut lost = Vec::new();
        for (place, facts) in self.facts.iter().enumerate() {
            for event in facts.events.iter().filter(|event| event.name == EVALUATION) {
                let by_response = || {
                    let id = event.text(&["gen_ai.response.id"])?;
                    responses.get(&(facts.span.trace?, id)).copied()
                };
                let target = Some(place)
                    .filter(|place| self.is_decision(*place))
                    .or_else(by_response)
                    .or_else(|| edges.nearest(place, |above| self.is_decision(above)));
                match target.and_then(|target| Some((target, made::check(event, keep)?))) {
                    Some((target, check)) => checks.entry(target).or_default().push(check),
                    None => lost.push(&facts.span.name),
                }
            }
        }
        for name in lost {
            self.counts.add(Reason::Evaluation, name, 1);
        }
        checks
    }
}

const EVALUATION: &str = "gen_ai.evaluation.result";
