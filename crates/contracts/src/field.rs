//! Dotted fields of a state.

use crate::State;
use serde_json::Value;

/// The most parts that a dotted field has.
pub(crate) const MAX_PARTS: usize = 16;
/// The longest field, in bytes.
pub(crate) const MAX_FIELD: usize = 256;

/// The value of a dotted field, if the state has it.
///
/// A key that is written with its dots comes before keys inside of each other, the longer before
/// the shorter. A part of decimal digits without leading zeros is an index where a list is.
pub(crate) fn find<'s>(state: &'s State, field: &str) -> Option<&'s Value> {
    below(state.as_value(), field)
}

fn in_object<'s>(map: &'s serde_json::Map<String, Value>, path: &str) -> Option<&'s Value> {
    if let Some(value) = map.get(path) {
        return Some(value);
    }
    // At most 2^(MAX_PARTS - 1) ways to cut, and only along keys that are there.
    path.rmatch_indices('.').find_map(|(dot, _)| {
        let (key, rest) = (path.get(..dot)?, path.get(dot + 1..)?);
        below(map.get(key)?, rest)
    })
}

/// The value of a dotted path below a value.
pub(crate) fn below<'s>(value: &'s Value, path: &str) -> Option<&'s Value> {
    match value {
        Value::Object(map) => in_object(map, path),
        Value::Array(items) => {
            let (first, rest) = match path.split_once('.') {
                Some((first, rest)) => (first, Some(rest)),
                None => (path, None),
            };
            let item = items.get(index(first)?)?;
            rest.map_or(Some(item), |rest| below(item, rest))
        }
        _ => None,
    }
}

fn index(part: &str) -> Option<usize> {
    let plain = part.bytes().all(|byte| byte.is_ascii_digit());
    let leading = part.len() > 1 && part.starts_with('0');
    (plain && !leading).then(|| part.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::State;
    use serde_json::json;

    #[test]
    fn literal_keys_come_first_then_the_longest_that_leads_somewhere() {
        let state = State::parse(
            r#"{"a.b": 1, "a": {"b": 2, "c": {"d": 3}, "c.d": 4}, "x.y": 5, "x": {"y": {"z": 6}},
               "list": [10, {"k": 11}, [12]], "n": null, "": 7}"#,
        )
        .unwrap();
        let cases = [
            ("a.b", Some(json!(1))),
            ("a.c.d", Some(json!(4))),
            // `x.y` is no object, so `x` leads on.
            ("x.y.z", Some(json!(6))),
            ("list.0", Some(json!(10))),
            ("list.1.k", Some(json!(11))),
            ("list.2.0", Some(json!(12))),
            ("list.00", None),
            ("list.3", None),
            ("list.-1", None),
            ("list.18446744073709551616", None),
            ("n", Some(json!(null))),
            ("n.x", None),
            ("a.", None),
            ("a", Some(json!({"b": 2, "c": {"d": 3}, "c.d": 4}))),
        ];
        for (field, expected) in cases {
            assert_eq!(find(&state, field), expected.as_ref(), "{field}");
        }
    }
}
