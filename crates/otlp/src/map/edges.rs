//! What a span's receipts follow from: the nearest span above it that has one.

use super::{Lookup, Spans};
use crate::counts::Reason;
use crate::id::{Role, receipt_id};
use crate::request::{SpanId, TraceId};
use ai_audit_core::LeafHash;
use std::collections::BTreeMap;

/// The span above each span that has receipts, in the request or in the log.
#[derive(Debug, Default)]
pub(super) struct Edges {
    above: Vec<Above>,
}

/// What is above a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Above {
    /// Nothing that has a receipt.
    #[default]
    Nothing,
    /// A span of the request, which has receipts.
    Here(usize),
    /// A receipt in the log.
    Sealed(LeafHash),
    /// A span that is neither in the request nor in the log.
    NotThere,
}

/// The most spans that are passed on the way up from an evaluation.
const MAX_UP: usize = 64;

impl Edges {
    pub(super) fn of(spans: &mut Spans<'_, '_>, sealed: Lookup<'_>) -> Self {
        let mut found: Vec<Option<Above>> = vec![None; spans.facts.len()];
        let mut asked: BTreeMap<(TraceId, SpanId), Option<LeafHash>> = BTreeMap::new();
        for start in 0..spans.facts.len() {
            let mut path = Vec::new();
            let mut at = start;
            let above = loop {
                if let Some(Some(known)) = found.get(at) {
                    break *known;
                }
                path.push(at);
                let Some(key) = spans.parent(at) else {
                    break Above::Nothing;
                };
                if let Some(parent) = spans.places.get(&key).copied() {
                    if path.contains(&parent) {
                        spans.count(Reason::Circle, start);
                        break Above::Nothing;
                    }
                    if spans.becomes_something(parent) {
                        break Above::Here(parent);
                    }
                    at = parent;
                    continue;
                }
                let hash = *asked
                    .entry(key)
                    .or_insert_with(|| sealed(receipt_id(&key.0, &key.1, Role::Span)));
                break hash.map_or(Above::NotThere, Above::Sealed);
            };
            for place in path {
                if let Some(slot) = found.get_mut(place) {
                    *slot = Some(above);
                }
            }
        }
        let above: Vec<Above> = found.into_iter().map(Option::unwrap_or_default).collect();
        for (place, above) in above.iter().enumerate() {
            if *above == Above::NotThere && spans.becomes_something(place) {
                spans.count(Reason::ParentNotThere, place);
            }
        }
        Self { above }
    }

    /// What is above a span.
    pub(super) fn above(&self, place: usize) -> Above {
        self.above.get(place).copied().unwrap_or_default()
    }

    /// The nearest span above this one for which this is true.
    pub(super) fn nearest(&self, place: usize, is: impl Fn(usize) -> bool) -> Option<usize> {
        let mut at = place;
        for _ in 0..MAX_UP {
            match self.above(at) {
                Above::Here(above) if is(above) => return Some(above),
                Above::Here(above) => at = above,
                Above::Nothing | Above::Sealed(_) | Above::NotThere => return None,
            }
        }
        None
    }
}

impl Spans<'_, '_> {
    /// The ids of a span's parent; none of a root.
    fn parent(&self, place: usize) -> Option<(TraceId, SpanId)> {
        let span = self.request.spans.get(place)?;
        span.trace.zip(span.parent)
    }
}
