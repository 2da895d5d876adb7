//! A request in OTLP's JSON: names in lowerCamelCase, ids in hexadecimal, 64-bit integers as strings,
//! enumerations as integers. What is unknown is ignored.

use super::tree::{MAX_NODES, Nodes, Tree};
use super::{Budget, deeper};
use crate::request::{Attributes, Event, Request, Span, Value, id, service};
use crate::{Encoding, Error};
use base64ct::{Base64, Encoding as _};
use serde::de::DeserializeSeed as _;
use std::borrow::Cow;

pub(super) fn read(bytes: &[u8]) -> Result<Request<'_>, Error> {
    let mut nodes = MAX_NODES + 1;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let tree = Nodes(&mut nodes)
        .deserialize(&mut reader)
        .and_then(|tree| reader.end().map(|()| tree));
    let tree = tree.map_err(|error| match nodes {
        0 => Error::TooMany {
            what: "JSON values",
            most: MAX_NODES,
        },
        _ => {
            let place = format!("line {}, column {}", error.line(), error.column());
            Error::malformed(place, "JSON in UTF-8, at most 128 levels deep")
        }
    })?;
    let mut budget = Budget::new();
    let mut request = Request {
        encoding: Encoding::Json,
        services: Vec::new(),
        spans: Vec::new(),
    };
    let mut fields = Object::of(tree, "request")?;
    for resource_spans in fields.list("resourceSpans")? {
        let mut fields = Object::of(resource_spans, "resourceSpans")?;
        budget.value()?;
        let resource = request.services.len();
        let attributes = match fields.take("resource")? {
            None => Attributes::new(),
            Some(resource) => attributes(&mut Object::of(resource, "resource")?, 0, &mut budget)?,
        };
        request.services.push(service(attributes));
        for scope_spans in fields.list("scopeSpans")? {
            for one in Object::of(scope_spans, "scopeSpans")?.list("spans")? {
                budget.span()?;
                request.spans.push(span(one, resource, &mut budget)?);
            }
        }
    }
    Ok(request)
}

fn span<'a>(tree: Tree<'a>, resource: usize, budget: &mut Budget) -> Result<Span<'a>, Error> {
    let mut fields = Object::of(tree, "span")?;
    let mut span = Span {
        resource,
        trace: hex_id(&fields.text("traceId")?),
        id: hex_id(&fields.text("spanId")?),
        parent: hex_id(&fields.text("parentSpanId")?),
        name: fields.text("name")?,
        start: fields.unsigned("startTimeUnixNano")?,
        end: fields.unsigned("endTimeUnixNano")?,
        attributes: attributes(&mut fields, 0, budget)?,
        links: u64::try_from(fields.list("links")?.len()).unwrap_or(u64::MAX),
        ..Span::default()
    };
    for one in fields.list("events")? {
        budget.value()?;
        let mut fields = Object::of(one, "events")?;
        span.events.push(Event {
            name: fields.text("name")?,
            attributes: attributes(&mut fields, 0, budget)?,
        });
    }
    for dropped in [
        "droppedAttributesCount",
        "droppedEventsCount",
        "droppedLinksCount",
    ] {
        let dropped = fields.unsigned(dropped)? & 0xffff_ffff;
        span.dropped = span.dropped.saturating_add(dropped);
    }
    if let Some(status) = fields.take("status")? {
        span.failed = Object::of(status, "status")?.unsigned("code")? == 2;
    }
    Ok(span)
}

fn attributes<'a>(
    fields: &mut Object<'a>,
    depth: usize,
    budget: &mut Budget,
) -> Result<Attributes<'a>, Error> {
    key_values(fields.list("attributes")?, depth, budget)
}

fn key_values<'a>(
    list: Vec<Tree<'a>>,
    depth: usize,
    budget: &mut Budget,
) -> Result<Attributes<'a>, Error> {
    let entry = |tree| {
        budget.value()?;
        let mut fields = Object::of(tree, "attributes")?;
        let value = match fields.take("value")? {
            None => Value::None,
            Some(value) => any_value(value, depth, budget)?,
        };
        Ok((fields.text("key")?, value))
    };
    list.into_iter().map(entry).collect()
}

/// The names of an `AnyValue`, of which one may be there.
const VALUES: [&str; 7] = [
    "stringValue",
    "boolValue",
    "intValue",
    "doubleValue",
    "arrayValue",
    "kvlistValue",
    "bytesValue",
];

fn any_value<'a>(tree: Tree<'a>, depth: usize, budget: &mut Budget) -> Result<Value<'a>, Error> {
    let mut fields = Object::of(tree, "value")?;
    let mut found = None;
    for name in VALUES {
        if let Some(tree) = fields.take(name)?
            && found.replace((name, tree)).is_some()
        {
            return Err(Error::malformed("value", "one value"));
        }
    }
    let wrong = |expected| Err(Error::malformed("value", expected));
    Ok(match found {
        None => Value::None,
        Some(("stringValue", Tree::Text(text))) => Value::Text(text),
        Some(("boolValue", Tree::Bool(flag))) => Value::Bool(flag),
        Some(("intValue", tree)) => match tree {
            Tree::Signed(value) => Value::Int(value),
            Tree::Unsigned(value) if i64::try_from(value).is_ok() => {
                Value::Int(value.cast_signed())
            }
            Tree::Text(text) => match text.parse() {
                Ok(value) => Value::Int(value),
                Err(_) => return wrong("an integer of 64 bits, as a string"),
            },
            _ => return wrong("an integer of 64 bits, as a string"),
        },
        Some(("doubleValue", tree)) => Value::Double(double(tree)?),
        Some(("arrayValue", tree)) => {
            let mut values = Vec::new();
            for tree in Object::of(tree, "arrayValue")?.list("values")? {
                budget.value()?;
                values.push(any_value(tree, deeper(depth)?, budget)?);
            }
            Value::List(values)
        }
        Some(("kvlistValue", tree)) => {
            let list = Object::of(tree, "kvlistValue")?.list("values")?;
            // An empty one is no level, as in protobuf.
            let depth = if list.is_empty() {
                depth
            } else {
                deeper(depth)?
            };
            Value::Map(key_values(list, depth, budget)?)
        }
        Some(("bytesValue", Tree::Text(text))) => match Base64::decode_vec(&text) {
            Ok(bytes) => Value::Bytes(bytes.into()),
            Err(_) => return wrong("base64 with padding"),
        },
        Some(_) => return wrong("the type that its name says"),
    })
}

fn double(tree: Tree<'_>) -> Result<f64, Error> {
    // The nearest double is what JSON means by an integer here.
    match tree {
        Tree::Double(value) => Ok(value),
        Tree::Signed(value) => Ok(value as f64),
        Tree::Unsigned(value) => Ok(value as f64),
        Tree::Text(text) => match text.as_ref() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(Error::malformed("doubleValue", "a number")),
        },
        _ => Err(Error::malformed("doubleValue", "a number")),
    }
}

/// An id of N bytes in hexadecimal of either case.
fn hex_id<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    id(&bytes)
}

/// An object whose fields are taken by name.
struct Object<'a> {
    place: &'static str,
    fields: Vec<(Cow<'a, str>, Tree<'a>)>,
}

impl<'a> Object<'a> {
    fn of(tree: Tree<'a>, place: &'static str) -> Result<Self, Error> {
        match tree {
            Tree::Object(fields) => Ok(Self { place, fields }),
            _ => Err(Error::malformed(place, "an object")),
        }
    }

    /// A field; null is as if it were not there.
    fn take(&mut self, name: &str) -> Result<Option<Tree<'a>>, Error> {
        let mut found = None;
        for (known, tree) in &mut self.fields {
            if known == name && found.replace(std::mem::replace(tree, Tree::Null)).is_some() {
                let place = format!("{}.{name}", self.place);
                return Err(Error::malformed(place, "a field once that stands twice"));
            }
        }
        Ok(found.filter(|tree| !matches!(tree, Tree::Null)))
    }

    fn wrong<T>(&self, name: &str, expected: &str) -> Result<T, Error> {
        Err(Error::malformed(format!("{}.{name}", self.place), expected))
    }

    fn list(&mut self, name: &str) -> Result<Vec<Tree<'a>>, Error> {
        match self.take(name)? {
            None => Ok(Vec::new()),
            Some(Tree::List(list)) => Ok(list),
            Some(_) => self.wrong(name, "a list"),
        }
    }

    fn text(&mut self, name: &str) -> Result<Cow<'a, str>, Error> {
        match self.take(name)? {
            None => Ok(Cow::Borrowed("")),
            Some(Tree::Text(text)) => Ok(text),
            Some(_) => self.wrong(name, "a text"),
        }
    }

    fn unsigned(&mut self, name: &str) -> Result<u64, Error> {
        const EXPECTED: &str = "an integer from 0 on, as a number or a string";
        match self.take(name)? {
            None => Ok(0),
            Some(Tree::Unsigned(value)) => Ok(value),
            Some(Tree::Text(text)) => text.parse().or_else(|_| self.wrong(name, EXPECTED)),
            Some(_) => self.wrong(name, EXPECTED),
        }
    }
}
