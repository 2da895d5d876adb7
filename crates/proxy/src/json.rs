//! JSON that two readers cannot read in two ways.

use serde_json::{Map, Value};

/// Reads bytes strictly: duplicate keys, lone surrogates, numbers out of range and what is nested too
/// deeply are refused.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    let canonical = ai_audit_json::canonicalize_bytes(bytes).ok()?;
    serde_json::from_str(&canonical).ok()
}

/// The canonical form of a value that was read strictly.
pub(crate) fn canonical(value: &Value) -> Option<String> {
    ai_audit_json::to_canonical(value).ok()
}

/// The same value without the fields of objects that are null: an answer says `null` of what a stream
/// does not mention.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            let fields = fields.map(|(name, value)| (name, without_nulls(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// A text of an object, empty where there is none.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The elements of a list of an object, none where there is none.
pub(crate) fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    let list = value.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// Places in the lists of an answer that comes in events: as many as one can have, in all of its lists.
#[derive(Debug)]
pub(crate) struct Places(usize);

impl Default for Places {
    fn default() -> Self {
        Self(4096)
    }
}

impl Places {
    /// The object in a list that has this index, made where there is none, with those before it. None where
    /// there is no room for them.
    pub(crate) fn at<'l>(
        &mut self,
        list: &'l mut Vec<Value>,
        index: u64,
    ) -> Option<&'l mut Map<String, Value>> {
        let index = usize::try_from(index).ok()?;
        let more = index.checked_add(1)?.saturating_sub(list.len());
        self.0 = self.0.checked_sub(more)?;
        for _ in 0..more {
            list.push(Value::Object(Map::new()));
        }
        list.get_mut(index)?.as_object_mut()
    }
}

/// Puts the fields of a delta into what came before: texts are joined, objects are entered, other values
/// take the place of those before.
pub(crate) fn join(into: &mut Map<String, Value>, delta: Map<String, Value>, fixed: &[&str]) {
    for (name, value) in delta {
        match (into.get_mut(&name), value) {
            (_, Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) if !fixed.contains(&name.as_str()) => {
                text.push_str(&more);
            }
            (Some(Value::Object(fields)), Value::Object(more)) => join(fields, more, fixed),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}
