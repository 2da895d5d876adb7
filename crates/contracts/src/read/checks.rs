//! Checks: a field and exactly one of the fourteen operators.

use super::fields::{Reader, one};
use crate::check::{Check, Op};
use crate::expr::{Expr, MAX_EXPR};
use crate::field::{MAX_FIELD, MAX_PARTS};
use crate::number::compare;
use crate::pattern::Pattern;
use crate::problem::{Place, Problem};
use crate::yaml::{Content, Node};
use serde_json::Value;
use std::cmp::Ordering;

/// The operators of ContractSpec 0.1.
const OPERATORS: [&str; 14] = [
    "equals",
    "not_equals",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "not_in",
    "contains",
    "not_contains",
    "matches",
    "exists",
    "expr",
    "between",
];
/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 1000;

pub(super) fn check(reader: &mut Reader, node: &Node, _: &str) -> Option<Check> {
    let mut known = vec!["field"];
    known.extend(OPERATORS);
    let before = reader.problems.len();
    let map = reader.map(node, "a check", &known)?;
    let unknown = reader.problems.len() > before;
    let field = reader.required(&map, node, "field", field);
    // As in ContractSpec, an operator without a value is not set.
    let mut operators = map
        .entries()
        .iter()
        .filter(|entry| OPERATORS.contains(&entry.key.as_str()) && !entry.value.is_null());
    let Some(operator) = operators.next() else {
        if !unknown {
            let what = format!("no operator with a value, expected {}", one(&OPERATORS));
            reader.problem(node, what);
        }
        return None;
    };
    if let Some(second) = operators.next() {
        let (first, second_key) = (&operator.key, &second.key);
        let what = format!("`{first}` and `{second_key}` in one check, expected one operator");
        reader.problems.push(Problem {
            place: second.place,
            what,
        });
        return None;
    }
    let op = op(reader, &operator.key, &operator.value)?;
    Some(Check { field: field?, op })
}

fn field(reader: &mut Reader, node: &Node, what: &str) -> Option<String> {
    let field = reader.words(node, what)?;
    let wrong = if field.is_empty() {
        "it is empty".into()
    } else if field.len() > MAX_FIELD {
        format!("{} bytes, expected at most {MAX_FIELD}", field.len())
    } else if field.split('.').count() > MAX_PARTS {
        format!("more than {MAX_PARTS} parts")
    } else {
        return Some(field);
    };
    reader.problem(node, format!("{what}: {wrong}"));
    None
}

fn op(reader: &mut Reader, name: &str, node: &Node) -> Option<Op> {
    Some(match name {
        "equals" => Op::Equals(reader.value(node)?),
        "not_equals" => Op::NotEquals(reader.value(node)?),
        "gt" => Op::Gt(reader.number(node, name)?),
        "gte" => Op::Gte(reader.number(node, name)?),
        "lt" => Op::Lt(reader.number(node, name)?),
        "lte" => Op::Lte(reader.number(node, name)?),
        "in" => Op::In(values(reader, node, name)?),
        "not_in" => Op::NotIn(values(reader, node, name)?),
        "contains" => Op::Contains(single(reader, node, name)?),
        "not_contains" => Op::NotContains(single(reader, node, name)?),
        "matches" => Op::Matches(pattern(reader, node, name)?),
        "exists" => Op::Exists(truth(reader, node, name)?),
        "expr" => Op::Expr(expr(reader, node, name)?),
        _ => between(reader, node, name)?,
    })
}

fn values(reader: &mut Reader, node: &Node, name: &str) -> Option<Vec<Value>> {
    if !matches!(node.content, Content::List(_)) {
        reader.list(node, name);
        return None;
    }
    let items = reader.list(node, name);
    if items.is_empty() {
        reader.warning(node, format!("{name}: an empty list"));
    }
    items.iter().map(|item| reader.value(item)).collect()
}

/// A text, or an element of a list.
fn single(reader: &mut Reader, node: &Node, name: &str) -> Option<Value> {
    let value = reader.value(node)?;
    if matches!(value, Value::Array(_) | Value::Object(_)) {
        reader.problem(
            node,
            format!("{name} of {}, expected a single value", node.kind()),
        );
        return None;
    }
    Some(value)
}

fn truth(reader: &mut Reader, node: &Node, name: &str) -> Option<bool> {
    let value = reader.value(node)?;
    if value.as_bool().is_none() {
        reader.problem(node, format!("{name}: expected true or false"));
    }
    value.as_bool()
}

fn pattern(reader: &mut Reader, node: &Node, name: &str) -> Option<Pattern> {
    let text = reader.words(node, name)?;
    if text.len() > MAX_PATTERN {
        let what = format!(
            "{name}: {} bytes, expected at most {MAX_PATTERN}",
            text.len()
        );
        reader.problem(node, what);
        return None;
    }
    match Pattern::parse(&text) {
        Ok(pattern) => Some(pattern),
        Err(reason) => {
            reader.problem(node, format!("{name}: {reason}"));
            None
        }
    }
}

fn expr(reader: &mut Reader, node: &Node, name: &str) -> Option<Expr> {
    let text = reader.words(node, name)?;
    match Expr::parse(&text) {
        Ok(expr) => Some(expr),
        Err(error) => {
            // Exact where the text stands on one line as it is, the beginning of the value elsewhere.
            let place = match &node.content {
                Content::Scalar { plain: true, .. } => Place {
                    column: node.place.column + error.at,
                    ..node.place
                },
                _ => node.place,
            };
            let at = error.at + 1;
            let what = format!(
                "{name}, character {at} of at most {MAX_EXPR}: {}",
                error.what
            );
            reader.problems.push(Problem { place, what });
            None
        }
    }
}

fn between(reader: &mut Reader, node: &Node, name: &str) -> Option<Op> {
    let [low, high] = reader.list(node, name) else {
        if matches!(node.content, Content::List(_)) {
            reader.problem(node, format!("{name}: expected two numbers, [least, most]"));
        }
        return None;
    };
    let (low, high) = (reader.number(low, name), reader.number(high, name));
    let (low, high) = (low?, high?);
    if compare(&low, &high) == Some(Ordering::Greater) {
        reader.problem(node, format!("{name}: {low} is above {high}"));
        return None;
    }
    Some(Op::Between(low, high))
}
