//! Receipts in an order in which parents come first, and their steps.

use super::edges::{Above, Edges};
use super::made::{self, Made};
use super::{Options, Spans};
use crate::counts::Reason;
use crate::id::{Role, hex, receipt_id};
use crate::operation::Class;
use crate::request::TraceId;
use ai_audit_core::ReceiptId;
use ai_audit_ingest::{Group, Keys, TraceSteps};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A receipt to be.
#[derive(Debug)]
struct Receipt {
    span: usize,
    id: ReceiptId,
    role: Role,
    /// When it happened, by its span.
    at: u64,
    /// The receipt that must come before it.
    after: Option<usize>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// On the way up from a receipt that waits.
    Passed,
    Taken,
    Refused,
}

pub(super) fn groups(
    spans: &mut Spans<'_, '_>,
    edges: &Edges,
    mut checks: BTreeMap<usize, Vec<Json>>,
    options: &Options,
    keys: &mut dyn Keys,
) -> Vec<Group> {
    let (mut receipts, traces) = receipts(spans, edges);
    for receipt in &receipts {
        let span = spans.request.spans.get(receipt.span);
        if let Some(name) = span.and_then(|span| span.id) {
            (spans.response).awaits(receipt.id, receipt.span, name, receipt.role);
        }
    }
    let mut groups = Vec::new();
    for (trace, mut order) in traces {
        order.sort_by_key(|place| (receipts.get(*place).map(|receipt| receipt.at), *place));
        let log = options.log.clone();
        let mut steps = TraceSteps::new(hex(&trace), log, options.keep, &mut *keys);
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        for first in order {
            for place in waiting(&mut receipts, first, spans) {
                let mut made = make(spans, &receipts, place, &mut checks);
                if let Some(Json::String(id)) = made.step.get("call_id")
                    && let Some(decision) = calls.get(id)
                {
                    follow(&mut made, Json::from(name(*decision)));
                }
                let taken = link(&mut made, &receipts, place, edges).and_then(|()| {
                    let step = Json::Object(made.step);
                    let pushed = steps.push(&made.session, step);
                    pushed.map_err(|error| Refusal::Own(error.field, error.message))
                });
                if taken.is_ok() {
                    calls.extend(made.calls.into_iter().map(|call| (call, place)));
                }
                settle(&mut receipts, place, taken, spans);
            }
        }
        let group = steps.finish();
        if !group.steps.is_empty() {
            groups.push(group);
        }
    }
    groups
}

/// All receipts, and which are of which trace, the traces in the order in which they came.
fn receipts(spans: &Spans<'_, '_>, edges: &Edges) -> (Vec<Receipt>, Vec<(TraceId, Vec<usize>)>) {
    let mut receipts: Vec<Receipt> = Vec::new();
    let mut firsts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut places: BTreeMap<TraceId, usize> = BTreeMap::new();
    let mut traces: Vec<(TraceId, Vec<usize>)> = Vec::new();
    for (span, (facts, class)) in spans.facts.iter().zip(&spans.classes).enumerate() {
        let Some(ids) = facts.span.trace.zip(facts.span.id) else {
            continue;
        };
        let (start, end) = (facts.span.start, made::end(facts));
        let roles = match class {
            Class::Nothing => continue,
            Class::Decision { .. } => [Some((Role::Span, end)), None],
            Class::Tool => [Some((Role::Span, start)), Some((Role::Outcome, end))],
            Class::Node { answers, .. } => {
                let answers = *answers && made::has_messages(facts);
                let answer = answers.then_some((Role::Answer, end));
                [Some((Role::Span, start)), answer]
            }
        };
        let trace = *places.entry(ids.0).or_insert_with(|| {
            traces.push((ids.0, Vec::new()));
            traces.len() - 1
        });
        for (role, at) in roles.into_iter().flatten() {
            let place = receipts.len();
            if role == Role::Span {
                firsts.insert(span, place);
            }
            if let Some((_, order)) = traces.get_mut(trace) {
                order.push(place);
            }
            receipts.push(Receipt {
                span,
                id: receipt_id(&ids.0, &ids.1, role),
                role,
                at,
                after: None,
                state: State::Waiting,
            });
        }
    }
    for receipt in &mut receipts {
        receipt.after = match (receipt.role, edges.above(receipt.span)) {
            (Role::Outcome | Role::Answer, _) => firsts.get(&receipt.span).copied(),
            (Role::Span, Above::Here(above)) => firsts.get(&above).copied(),
            (Role::Span, _) => None,
        };
    }
    (receipts, traces)
}

/// This one and those that must come before it, as far as they are not there yet, in their order.
fn waiting(receipts: &mut [Receipt], first: usize, spans: &mut Spans<'_, '_>) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut at = Some(first);
    while let Some(place) = at {
        let Some(receipt) = receipts.get_mut(place) else {
            break;
        };
        match receipt.state {
            State::Taken | State::Refused => break,
            State::Waiting => {}
            State::Passed => {
                // A circle: the one that closed it follows from nothing.
                if let Some(last) = path.last()
                    && let Some(closing) = receipts.get_mut(*last)
                {
                    closing.after = None;
                    let span = closing.span;
                    spans.count(Reason::Circle, span);
                }
                break;
            }
        }
        receipt.state = State::Passed;
        at = receipt.after;
        path.push(place);
    }
    path.reverse();
    path
}

fn make(
    spans: &Spans<'_, '_>,
    receipts: &[Receipt],
    place: usize,
    checks: &mut BTreeMap<usize, Vec<Json>>,
) -> Made {
    let Some(receipt) = receipts.get(place) else {
        return Made::default();
    };
    let service = spans.service(receipt.span);
    let found = spans
        .facts
        .get(receipt.span)
        .zip(spans.classes.get(receipt.span));
    let Some((facts, class)) = found else {
        return Made::default();
    };
    let mut made = match (class, receipt.role) {
        (Class::Decision { operation }, _) => {
            let checks = checks.remove(&receipt.span).unwrap_or_default();
            made::decision(facts, operation, service, checks)
        }
        (Class::Node { operation, .. }, Role::Answer) => {
            made::decision(facts, operation, service, Vec::new())
        }
        (Class::Node { operation, .. }, _) => made::node(facts, operation, service),
        (_, Role::Outcome) => made::outcome(facts, service),
        (_, _) => made::intent(facts, service),
    };
    made.step.insert("id".into(), receipt.id.to_string().into());
    if receipt.role != Role::Outcome {
        made.step.insert("ref".into(), name(place).into());
    }
    made
}

/// Why a receipt is refused.
#[derive(Debug)]
enum Refusal {
    /// The field, if it is one, and what was expected.
    Own(Option<String>, String),
    /// An outcome whose intent was refused: after that nothing is to be said of it.
    Intent,
}

/// Says what a receipt follows from.
fn link(made: &mut Made, receipts: &[Receipt], place: usize, edges: &Edges) -> Result<(), Refusal> {
    let Some(receipt) = receipts.get(place) else {
        return Ok(());
    };
    let before = receipt.after.and_then(|after| {
        let taken = receipts.get(after)?.state == State::Taken;
        Some((after, taken))
    });
    match (receipt.role, before) {
        (Role::Outcome, Some((after, true))) => {
            made.step.insert("intent".into(), name(after).into());
        }
        (Role::Outcome, _) => return Err(Refusal::Intent),
        (_, Some((after, true))) => follow(made, name(after).into()),
        (_, Some((_, false))) => {}
        (_, None) => {
            if let Above::Sealed(hash) = edges.above(receipt.span) {
                follow(made, hash.to_string().into());
            }
        }
    }
    Ok(())
}

fn follow(made: &mut Made, parent: Json) {
    let parents = made.step.entry("parents");
    if let Json::Array(parents) = parents.or_insert_with(|| Json::Array(Vec::new())) {
        parents.push(parent);
    }
}

/// What a receipt is called by those that follow from it.
fn name(place: usize) -> String {
    format!("r{place}")
}

fn settle(
    receipts: &mut [Receipt],
    place: usize,
    taken: Result<(), Refusal>,
    spans: &mut Spans<'_, '_>,
) {
    let Some(receipt) = receipts.get_mut(place) else {
        return;
    };
    receipt.state = match taken {
        Ok(()) => State::Taken,
        Err(_) => State::Refused,
    };
    let (span, id) = (receipt.span, receipt.id);
    match taken {
        Ok(()) => {}
        Err(Refusal::Intent) => spans.response.lost(id),
        Err(Refusal::Own(field, message)) => {
            spans.count(Reason::Refused, span);
            let field = field.map_or_else(String::new, |field| format!("field `{field}`: "));
            let reason = format!("{field}{message}");
            spans.response.reject_receipt(id, reason);
        }
    }
}
