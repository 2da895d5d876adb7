//! JSON that JavaScript reads without rounding.

use serde_json::Value;

/// The largest whole number up to which JavaScript has all of them.
const SAFE: u64 = (1 << 53) - 1;

/// Numbers that JavaScript would round become texts.
pub(crate) fn exact(mut value: Value) -> Value {
    match &mut value {
        Value::Number(number) if number.as_u64().is_some_and(|number| number > SAFE) => {
            value = number.to_string().into();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = exact(item.take())),
        Value::Object(fields) => {
            fields
                .values_mut()
                .for_each(|field| *field = exact(field.take()));
        }
        _ => {}
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_beyond_a_double_become_texts() {
        let value = json!({ "a": [u64::MAX, SAFE], "b": { "c": SAFE + 1 }, "d": 1.5 });
        let wanted = json!({ "a": ["18446744073709551615", SAFE], "b": { "c": "9007199254740992" }, "d": 1.5 });
        assert_eq!(exact(value), wanted);
    }
}
