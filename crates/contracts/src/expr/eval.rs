//! Evaluation: what Python would say, except that types are not mixed.

use super::MAX_STEPS;
use super::parse::{Ast, Comparison, Function};
use crate::State;
use crate::field;
use crate::number::{compare, same};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Why there is no value: a type that does not fit, something that is not there, too many steps.
#[derive(Debug)]
struct Fails;

type Evaluated<'a> = Result<Cow<'a, Value>, Fails>;

pub(super) fn holds(ast: &Ast, value: &Value, state: &State) -> bool {
    let mut run = Run {
        value,
        state,
        steps: MAX_STEPS,
    };
    run.eval(ast)
        .and_then(|found| run.truth(&found))
        .unwrap_or(false)
}

struct Run<'a> {
    value: &'a Value,
    state: &'a State,
    steps: usize,
}

impl<'a> Run<'a> {
    fn spend(&mut self, steps: usize) -> Result<(), Fails> {
        self.steps = self.steps.checked_sub(steps).ok_or(Fails)?;
        Ok(())
    }

    /// Python's truth: nothing, zero and what is empty are false.
    fn truth(&self, value: &Value) -> Result<bool, Fails> {
        Ok(match value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(number) => number.as_f64().ok_or(Fails)? != 0.0,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(map) => !map.is_empty(),
        })
    }

    fn eval(&mut self, ast: &'a Ast) -> Evaluated<'a> {
        self.spend(1)?;
        match ast {
            Ast::Literal(value) => Ok(Cow::Borrowed(value)),
            Ast::Name(name) => self.name(name),
            Ast::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    let item = self.eval(item)?;
                    self.spend(weight(&item))?;
                    list.push(item.into_owned());
                }
                Ok(Cow::Owned(Value::Array(list)))
            }
            Ast::Not(inner) => {
                let value = self.eval(inner)?;
                Ok(bool(!self.truth(&value)?))
            }
            Ast::Negative(inner) => {
                let value = self.eval(inner)?;
                number(-float(&value)?)
            }
            Ast::And(left, right) => {
                let left = self.eval(left)?;
                match self.truth(&left)? {
                    true => self.eval(right),
                    false => Ok(left),
                }
            }
            Ast::Or(left, right) => {
                let left = self.eval(left)?;
                match self.truth(&left)? {
                    true => Ok(left),
                    false => self.eval(right),
                }
            }
            Ast::If(parts) => {
                let [then, condition, otherwise] = &**parts;
                let condition = self.eval(condition)?;
                match self.truth(&condition)? {
                    true => self.eval(then),
                    false => self.eval(otherwise),
                }
            }
            Ast::Compare(first, links) => {
                let mut left = self.eval(first)?;
                for (comparison, right) in links {
                    let right = self.eval(right)?;
                    if !self.compare(*comparison, &left, &right)? {
                        return Ok(bool(false));
                    }
                    left = right;
                }
                Ok(bool(true))
            }
            Ast::Arithmetic(sign, left, right) => {
                let (left, right) = (self.eval(left)?, self.eval(right)?);
                arithmetic(*sign, float(&left)?, float(&right)?)
            }
            Ast::Index(object, index) => {
                let (object, index) = (self.eval(object)?, self.eval(index)?);
                self.index(object, &index)?.ok_or(Fails)
            }
            Ast::Call(function, arguments) => {
                let arguments = arguments.iter().map(|one| self.eval(one));
                let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
                self.call(*function, arguments)
            }
        }
    }

    fn name(&self, name: &str) -> Evaluated<'a> {
        let (first, rest) = match name.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (name, None),
        };
        let found = match (first, rest) {
            ("value", None) => Some(self.value),
            ("value", Some(rest)) => field::below(self.value, rest),
            ("state", None) => Some(self.state.as_value()),
            ("state", Some(rest)) => field::find(self.state, rest),
            _ => field::find(self.state, name),
        };
        found.map(Cow::Borrowed).ok_or(Fails)
    }

    fn compare(&mut self, how: Comparison, left: &Value, right: &Value) -> Result<bool, Fails> {
        self.spend(weight(left).saturating_add(weight(right)))?;
        let order = || match (left, right) {
            (Value::Number(left), Value::Number(right)) => compare(left, right).ok_or(Fails),
            (Value::String(left), Value::String(right)) => Ok(left.cmp(right)),
            _ => Err(Fails),
        };
        let is_in = || match (right, left) {
            (Value::String(text), Value::String(piece)) => Ok(text.contains(piece.as_str())),
            (Value::Array(items), _) => Ok(items.iter().any(|item| same(item, left))),
            (Value::Object(map), Value::String(key)) => Ok(map.contains_key(key)),
            _ => Err(Fails),
        };
        match how {
            Comparison::Equal => Ok(same(left, right)),
            Comparison::Unequal => Ok(!same(left, right)),
            Comparison::Less => Ok(order()? == Ordering::Less),
            Comparison::AtMost => Ok(order()? != Ordering::Greater),
            Comparison::Greater => Ok(order()? == Ordering::Greater),
            Comparison::AtLeast => Ok(order()? != Ordering::Less),
            Comparison::In => is_in(),
            Comparison::NotIn => is_in().map(|found| !found),
        }
    }

    fn index(
        &self,
        object: Cow<'a, Value>,
        index: &Value,
    ) -> Result<Option<Cow<'a, Value>>, Fails> {
        fn find<'v>(object: &'v Value, index: &Value) -> Result<Option<&'v Value>, Fails> {
            match (object, index) {
                (Value::Object(map), Value::String(key)) => Ok(map.get(key)),
                (Value::Array(items), Value::Number(number)) => {
                    let place = number.as_i64().ok_or(Fails)?;
                    // As in Python, from the end where it is negative.
                    let length = i64::try_from(items.len()).map_err(|_| Fails)?;
                    let place = if place < 0 { place + length } else { place };
                    Ok(usize::try_from(place)
                        .ok()
                        .and_then(|place| items.get(place)))
                }
                _ => Err(Fails),
            }
        }
        Ok(match object {
            Cow::Borrowed(object) => find(object, index)?.map(Cow::Borrowed),
            Cow::Owned(object) => find(&object, index)?.cloned().map(Cow::Owned),
        })
    }

    fn call(&mut self, function: Function, arguments: Vec<Cow<'a, Value>>) -> Evaluated<'a> {
        if function != Function::Len {
            self.spend(arguments.iter().map(|one| weight(one)).sum())?;
        }
        let mut arguments = arguments.into_iter();
        let first = arguments.next().ok_or(Fails)?;
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or(Fails);
        match function {
            Function::Len => {
                let length = match &*first {
                    Value::String(text) => text.chars().count(),
                    Value::Array(items) => items.len(),
                    Value::Object(map) => map.len(),
                    _ => return Err(Fails),
                };
                Ok(Cow::Owned(length.into()))
            }
            Function::Abs => number(float(&first)?.abs()),
            Function::Bool => self.truth(&first).map(bool),
            Function::Min | Function::Max => {
                let rest: Vec<_> = arguments.collect();
                let all: Vec<&Value> = match (&*first, rest.is_empty()) {
                    (Value::Array(items), true) => items.iter().collect(),
                    (first, false) => {
                        let rest = rest.iter().map(|value| &**value);
                        std::iter::once(first).chain(rest).collect()
                    }
                    _ => return Err(Fails),
                };
                extreme(&all, function == Function::Max)
            }
            Function::Sum => {
                let items = first.as_array().ok_or(Fails)?;
                let floats = items.iter().map(float);
                number(floats.sum::<Result<f64, Fails>>()?)
            }
            Function::Any | Function::All => {
                let items = first.as_array().ok_or(Fails)?;
                let mut truths = items.iter().map(|item| self.truth(item));
                let wanted = function == Function::Any;
                let found = truths.find(|truth| !matches!(truth, Ok(truth) if *truth != wanted));
                match found {
                    Some(Err(fails)) => Err(fails),
                    Some(Ok(_)) => Ok(bool(wanted)),
                    None => Ok(bool(!wanted)),
                }
            }
            Function::Get => {
                let key = arguments.next().ok_or(Fails)?;
                if !first.is_object() {
                    return Err(Fails);
                }
                let otherwise = arguments.next().unwrap_or(Cow::Owned(Value::Null));
                Ok(self.index(first, &key)?.unwrap_or(otherwise))
            }
            Function::Lower => Ok(Cow::Owned(text(&first)?.to_lowercase().into())),
            Function::Upper => Ok(Cow::Owned(text(&first)?.to_uppercase().into())),
            Function::Strip => Ok(Cow::Owned(text(&first)?.trim().into())),
            Function::StartsWith | Function::EndsWith => {
                let piece = arguments.next().ok_or(Fails)?;
                let (text, piece) = (text(&first)?, text(&piece)?);
                Ok(bool(match function {
                    Function::StartsWith => text.starts_with(&piece),
                    _ => text.ends_with(&piece),
                }))
            }
        }
    }
}

/// What looking at all of a value costs, or a copy of it.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / 64,
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(|value| 1 + weight(value)).sum::<usize>(),
        _ => 1,
    }
}

fn bool<'a>(value: bool) -> Cow<'a, Value> {
    Cow::Owned(Value::Bool(value))
}

fn float(value: &Value) -> Result<f64, Fails> {
    value.as_f64().ok_or(Fails)
}

/// A whole result is an integer, so that it can be an index.
fn number<'a>(value: f64) -> Evaluated<'a> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        let whole = value as i64;
        whole.into()
    } else {
        Number::from_f64(value).ok_or(Fails)?
    };
    Ok(Cow::Owned(Value::Number(number)))
}

fn arithmetic<'a>(sign: char, left: f64, right: f64) -> Evaluated<'a> {
    number(match sign {
        '+' => left + right,
        '-' => left - right,
        '*' => left * right,
        '/' => left / right,
        'd' => (left / right).floor(),
        // Python's sign: that of the divisor.
        _ => left - right * (left / right).floor(),
    })
}

fn extreme<'a>(values: &[&Value], greatest: bool) -> Evaluated<'a> {
    let mut best: Option<&Number> = None;
    for value in values {
        let Value::Number(candidate) = value else {
            return Err(Fails);
        };
        let wanted = if greatest {
            Ordering::Greater
        } else {
            Ordering::Less
        };
        if best.is_none_or(|best| compare(candidate, best) == Some(wanted)) {
            best = Some(candidate);
        }
    }
    let best = best.ok_or(Fails)?;
    Ok(Cow::Owned(Value::Number(best.clone())))
}
