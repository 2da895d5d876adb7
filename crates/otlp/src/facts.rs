//! Attributes by name, and which of them were asked for: the others are counted.

use crate::counts::{Counts, Reason};
use crate::request::{Attributes, Span, Value};
use crate::value::{document, most_members};
use serde_json::{Map, Value as Json};
use std::cell::Cell;
use std::collections::BTreeSet;

/// What a span says, with its events.
#[derive(Debug)]
pub(crate) struct Facts<'s, 'a> {
    pub(crate) span: &'s Span<'a>,
    pub(crate) own: Bag<'s, 'a>,
    pub(crate) events: Vec<Bag<'s, 'a>>,
}

/// A list of attributes, of a span or of an event.
#[derive(Debug)]
pub(crate) struct Bag<'s, 'a> {
    pub(crate) name: &'s str,
    list: &'s Attributes<'a>,
    /// The most members of a string that is read as a document.
    most: usize,
    used: Vec<Cell<bool>>,
}

impl<'s, 'a> Facts<'s, 'a> {
    pub(crate) fn new(span: &'s Span<'a>) -> Self {
        let events = span.events.iter().flat_map(|event| &event.attributes);
        let all = span.attributes.iter().chain(events);
        let most = most_members(all.map(|(_, value)| value));
        Self {
            span,
            own: Bag::new(&span.name, &span.attributes, most),
            events: (span.events.iter())
                .map(|event| Bag::new(&event.name, &event.attributes, most))
                .collect(),
        }
    }

    /// The class of the error that it ended in.
    pub(crate) fn error(&self) -> Option<&'s str> {
        let kind = self.own.text(&["error.type"]);
        kind.or_else(|| self.span.failed.then_some(""))
    }

    /// Whether an attribute stands twice, in the span or in one of its events.
    pub(crate) fn ambiguous(&self) -> bool {
        let bags = std::iter::once(&self.own).chain(&self.events);
        bags.into_iter().any(|bag| {
            let names: BTreeSet<&str> = bag.list.iter().map(|(name, _)| name.as_ref()).collect();
            names.len() < bag.list.len()
        })
    }

    /// Counts what nobody asked for.
    pub(crate) fn count(&self, counts: &mut Counts) {
        let name = &self.span.name;
        counts.add(Reason::Link, name, self.span.links);
        counts.add(Reason::Dropped, name, self.span.dropped);
        if self.span.end != 0 && self.span.end < self.span.start {
            counts.add(Reason::Clock, name, 1);
        }
        self.own.count(counts);
        for event in &self.events {
            if event.used.iter().any(Cell::get) {
                event.count(counts);
            } else {
                counts.add(Reason::Event, event.name, 1);
            }
        }
    }
}

impl<'s, 'a> Bag<'s, 'a> {
    fn new(name: &'s str, list: &'s Attributes<'a>, most: usize) -> Self {
        Self {
            name,
            list,
            most,
            used: vec![Cell::new(false); list.len()],
        }
    }

    /// The value of the first of these names that is there, if it is one that `take` takes.
    fn find<T>(&self, names: &[&str], take: impl Fn(&'s Value<'a>) -> Option<T>) -> Option<T> {
        names.iter().find_map(|name| {
            let place = self.list.iter().position(|(known, _)| known == name)?;
            let taken = take(&self.list.get(place)?.1)?;
            self.used.get(place)?.set(true);
            Some(taken)
        })
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, names: &[&str]) -> Option<&'s str> {
        self.find(names, |value| match value {
            Value::Text(text) if !text.is_empty() => Some(text.as_ref()),
            _ => None,
        })
    }

    /// A whole number from 0 on.
    pub(crate) fn whole(&self, names: &[&str]) -> Option<u64> {
        self.find(names, |value| match value {
            Value::Int(value) => u64::try_from(*value).ok(),
            _ => None,
        })
    }

    /// A finite number.
    pub(crate) fn number(&self, names: &[&str]) -> Option<f64> {
        self.find(names, |value| match value {
            Value::Double(value) if value.is_finite() => Some(*value),
            Value::Int(value) => Some(*value as f64),
            _ => None,
        })
    }

    /// Anything but nothing, as JSON.
    pub(crate) fn document(&self, names: &[&str]) -> Option<Json> {
        self.find(names, |value| {
            document(value, self.most).filter(|json| !json.is_null() && json != "")
        })
    }

    /// Whether there is an attribute whose name begins so.
    pub(crate) fn begins(&self, prefix: &str) -> bool {
        self.list.iter().any(|(name, _)| name.starts_with(prefix))
    }

    /// All attributes whose names begin so, by the rest of their names, where that is wanted.
    pub(crate) fn below(&self, prefix: &str, wanted: impl Fn(&str) -> bool) -> Map<String, Json> {
        let mut found = Map::new();
        for ((name, value), used) in self.list.iter().zip(&self.used) {
            if let Some(rest) = name.strip_prefix(prefix)
                && wanted(rest)
                && let Some(json) = document(value, self.most)
            {
                used.set(true);
                found.insert(rest.to_owned(), json);
            }
        }
        found
    }

    fn count(&self, counts: &mut Counts) {
        for ((name, _), used) in self.list.iter().zip(&self.used) {
            if !used.get() {
                counts.add(Reason::Attribute, name, 1);
            }
        }
    }
}
