//! One check: a field of a state, an operator, and what the field is held against.

use crate::State;
use crate::expr::Expr;
use crate::field;
use crate::number::{compare, same, same_type};
use crate::pattern::Pattern;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// A field and what must be true of it.
#[derive(Debug, Clone)]
pub struct Check {
    pub(crate) field: String,
    pub(crate) op: Op,
}

/// The operators of ContractSpec 0.1 with their operands.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Equals(Value),
    NotEquals(Value),
    Gt(Number),
    Gte(Number),
    Lt(Number),
    Lte(Number),
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Contains(Value),
    NotContains(Value),
    Matches(Pattern),
    Exists(bool),
    Expr(Expr),
    Between(Number, Number),
}

impl Check {
    /// The dotted field.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Whether the check holds for a state.
    ///
    /// A field that is missing, null or of a type that the operator is not for does not hold,
    /// whatever the operator; only `exists: false` holds for what is missing or null.
    #[must_use]
    pub fn holds(&self, state: &State) -> bool {
        let found = field::find(state, &self.field).filter(|value| !value.is_null());
        let Some(value) = found else {
            return matches!(self.op, Op::Exists(false));
        };
        match &self.op {
            Op::Exists(wanted) => *wanted,
            Op::Equals(operand) => same(value, operand),
            Op::NotEquals(operand) => same_type(value, operand) && !same(value, operand),
            Op::Gt(bound) => ordered(value, bound, |order| order == Ordering::Greater),
            Op::Gte(bound) => ordered(value, bound, |order| order != Ordering::Less),
            Op::Lt(bound) => ordered(value, bound, |order| order == Ordering::Less),
            Op::Lte(bound) => ordered(value, bound, |order| order != Ordering::Greater),
            Op::Between(low, high) => {
                ordered(value, low, |order| order != Ordering::Less)
                    && ordered(value, high, |order| order != Ordering::Greater)
            }
            Op::In(operands) => operands.iter().any(|operand| same(value, operand)),
            Op::NotIn(operands) => {
                let typed =
                    operands.is_empty() || operands.iter().any(|operand| same_type(value, operand));
                typed && !operands.iter().any(|operand| same(value, operand))
            }
            Op::Contains(operand) => contains(value, operand) == Some(true),
            Op::NotContains(operand) => contains(value, operand) == Some(false),
            Op::Matches(pattern) => value.as_str().is_some_and(|text| pattern.is_match(text)),
            Op::Expr(expr) => expr.holds(value, state),
        }
    }
}

fn ordered(value: &Value, bound: &Number, holds: impl Fn(Ordering) -> bool) -> bool {
    match value {
        Value::Number(number) => compare(number, bound).is_some_and(holds),
        _ => false,
    }
}

/// A text has pieces; a list has elements, and the pieces of all texts in them, or `not_contains` would
/// hold where what it forbids stands inside of an element. Nothing else contains anything.
fn contains(value: &Value, operand: &Value) -> Option<bool> {
    match (value, operand) {
        (Value::String(text), Value::String(piece)) => Some(text.contains(piece.as_str())),
        (Value::Array(items), _) => {
            let piece = operand.as_str();
            let has =
                |item| same(item, operand) || piece.is_some_and(|piece| speaks_of(item, piece));
            Some(items.iter().any(has))
        }
        _ => None,
    }
}

/// Whether a piece stands in a text of a value. States are read with a bound on their depth.
fn speaks_of(value: &Value, piece: &str) -> bool {
    match value {
        Value::String(text) => text.contains(piece),
        Value::Array(items) => items.iter().any(|item| speaks_of(item, piece)),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, field)| name.contains(piece) || speaks_of(field, piece)),
        _ => false,
    }
}
