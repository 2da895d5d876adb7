//! A request in protobuf. Field numbers are those of opentelemetry-proto 1.x.

use super::wire::{Field, Wire};
use super::{Budget, deeper};
use crate::request::{Attributes, Event, Request, Span, Value, id, service};
use crate::{Encoding, Error};
use std::borrow::Cow;

/// `ExportTraceServiceRequest`: `resource_spans` is 1.
pub(super) fn read(bytes: &[u8]) -> Result<Request<'_>, Error> {
    let mut request = Request {
        encoding: Encoding::Protobuf,
        services: Vec::new(),
        spans: Vec::new(),
    };
    let mut budget = Budget::new();
    let mut wire = Wire::new(bytes);
    while let Some((number, field)) = wire.next()? {
        if number == 1 {
            resource_spans(field.len(&wire)?, &mut request, &mut budget)?;
        }
    }
    Ok(request)
}

/// Fields that may stand once: a bit for each that was there.
#[derive(Default)]
struct Once(u32);

impl Once {
    fn see(&mut self, number: u64, inside: &Wire<'_>) -> Result<(), Error> {
        let bit = 1_u32.checked_shl(u32::try_from(number).unwrap_or(u32::MAX));
        // Fields beyond 31 are none of ours.
        let bit = bit.unwrap_or(0);
        if self.0 & bit != 0 {
            return Err(inside.expected("a field once that stands twice, the second before this"));
        }
        self.0 |= bit;
        Ok(())
    }
}

/// `resource` is 1, `scope_spans` 2.
fn resource_spans<'a>(
    mut wire: Wire<'a>,
    request: &mut Request<'a>,
    budget: &mut Budget,
) -> Result<(), Error> {
    budget.value()?;
    let resource = request.services.len();
    request.services.push(Cow::Borrowed(""));
    let mut once = Once::default();
    while let Some((number, field)) = wire.next()? {
        match number {
            1 => {
                once.see(number, &wire)?;
                let mut attributes = Attributes::new();
                let mut inner = field.len(&wire)?;
                while let Some((number, field)) = inner.next()? {
                    if number == 1 {
                        attributes.push(key_value(field.len(&inner)?, 0, budget)?);
                    }
                }
                if let Some(name) = request.services.last_mut() {
                    *name = service(attributes);
                }
            }
            2 => {
                let mut inner = field.len(&wire)?;
                while let Some((number, field)) = inner.next()? {
                    // `scope` is 1, `spans` 2.
                    if number == 2 {
                        budget.span()?;
                        let span = span(field.len(&inner)?, resource, budget)?;
                        request.spans.push(span);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn span<'a>(mut wire: Wire<'a>, resource: usize, budget: &mut Budget) -> Result<Span<'a>, Error> {
    let mut span = Span {
        resource,
        ..Span::default()
    };
    let mut once = Once::default();
    while let Some((number, field)) = wire.next()? {
        if matches!(number, 1..=8 | 10 | 12 | 14 | 15) {
            once.see(number, &wire)?;
        }
        match number {
            1 => span.trace = id(field.len(&wire)?.bytes()),
            2 => span.id = id(field.len(&wire)?.bytes()),
            4 => span.parent = id(field.len(&wire)?.bytes()),
            5 => span.name = field.text(&wire)?.into(),
            7 => span.start = field.fixed64(&wire)?,
            8 => span.end = field.fixed64(&wire)?,
            9 => span
                .attributes
                .push(key_value(field.len(&wire)?, 0, budget)?),
            11 => {
                budget.value()?;
                span.events.push(event(field.len(&wire)?, budget)?);
            }
            13 => span.links += 1,
            10 | 12 | 14 => {
                let dropped = field.varint(&wire)?;
                span.dropped = span.dropped.saturating_add(dropped & 0xffff_ffff);
            }
            15 => {
                let mut inner = field.len(&wire)?;
                let mut once = Once::default();
                while let Some((number, field)) = inner.next()? {
                    // `message` is 2, `code` 3, in which ERROR is 2.
                    if number == 3 {
                        once.see(number, &inner)?;
                        span.failed = field.varint(&inner)? == 2;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(span)
}

/// `name` is 2, `attributes` 3.
fn event<'a>(mut wire: Wire<'a>, budget: &mut Budget) -> Result<Event<'a>, Error> {
    let mut event = Event::default();
    let mut once = Once::default();
    while let Some((number, field)) = wire.next()? {
        match number {
            2 => {
                once.see(number, &wire)?;
                event.name = field.text(&wire)?.into();
            }
            3 => event
                .attributes
                .push(key_value(field.len(&wire)?, 0, budget)?),
            _ => {}
        }
    }
    Ok(event)
}

/// `key` is 1, `value` 2.
fn key_value<'a>(
    mut wire: Wire<'a>,
    depth: usize,
    budget: &mut Budget,
) -> Result<(Cow<'a, str>, Value<'a>), Error> {
    budget.value()?;
    let mut entry = (Cow::Borrowed(""), Value::None);
    let mut once = Once::default();
    while let Some((number, field)) = wire.next()? {
        if matches!(number, 1 | 2) {
            once.see(number, &wire)?;
        }
        match number {
            1 => entry.0 = field.text(&wire)?.into(),
            2 => entry.1 = any_value(field.len(&wire)?, depth, budget)?,
            _ => {}
        }
    }
    Ok(entry)
}

/// One of `string_value` 1, `bool_value` 2, `int_value` 3, `double_value` 4, `array_value` 5,
/// `kvlist_value` 6, `bytes_value` 7.
fn any_value<'a>(
    mut wire: Wire<'a>,
    depth: usize,
    budget: &mut Budget,
) -> Result<Value<'a>, Error> {
    let mut value = Value::None;
    let mut once = Once::default();
    while let Some((number, field)) = wire.next()? {
        if !matches!(number, 1..=7) {
            continue;
        }
        once.see(1, &wire)?;
        value = match number {
            1 => Value::Text(field.text(&wire)?.into()),
            2 => Value::Bool(field.varint(&wire)? != 0),
            3 => Value::Int(field.varint(&wire)?.cast_signed()),
            4 => Value::Double(f64::from_bits(field.fixed64(&wire)?)),
            5 => Value::List(members(field, &wire, |member| {
                budget.value()?;
                any_value(member, deeper(depth)?, budget)
            })?),
            6 => Value::Map(members(field, &wire, |member| {
                key_value(member, deeper(depth)?, budget)
            })?),
            _ => Value::Bytes(field.len(&wire)?.bytes().into()),
        };
    }
    Ok(value)
}

/// `values` is 1, in lists and in maps.
fn members<'a, T>(
    field: Field<'a>,
    outside: &Wire<'a>,
    mut take: impl FnMut(Wire<'a>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut members = Vec::new();
    let mut wire = field.len(outside)?;
    while let Some((number, field)) = wire.next()? {
        if number == 1 {
            members.push(take(field.len(&wire)?)?);
        }
    }
    Ok(members)
}
