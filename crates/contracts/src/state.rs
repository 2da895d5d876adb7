//! A state: what an agent said of itself at one moment, a JSON object.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The longest state, in bytes of its JSON.
pub const MAX_STATE: usize = 1 << 22;

/// A JSON object whose fields a contract's checks look at.
#[derive(Debug, Clone, PartialEq)]
pub struct State(Value);

/// Why a text is no state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is too long.
    #[error("a state of {length} bytes, expected at most {MAX_STATE}")]
    TooLong {
        /// Its bytes.
        length: usize,
    },
    /// It is not one JSON object, or it has a name twice.
    #[error("{0}; expected one JSON object with each name once")]
    Json(#[from] serde_json::Error),
}

impl State {
    /// Reads one JSON object. A name that is there twice is refused: which of the two counts?
    ///
    /// # Errors
    ///
    /// When the text is too long or not such an object.
    ///
    /// # Examples
    ///
    /// ```
    /// use ai_audit_contracts::State;
    ///
    /// assert!(State::parse(r#"{"output.pii_detected": false}"#).is_ok());
    /// assert!(State::parse(r#"{"a": 1, "a": 2}"#).is_err());
    /// ```
    pub fn parse(json: &str) -> Result<Self, StateError> {
        let length = json.len();
        if length > MAX_STATE {
            return Err(StateError::TooLong { length });
        }
        let mut reader = serde_json::Deserializer::from_str(json);
        let map = reader.deserialize_map(ObjectOnly)?;
        reader.end()?;
        Ok(Self(Value::Object(map)))
    }

    /// A state out of an object that is there already.
    #[must_use]
    pub fn from_map(map: Map<String, Value>) -> Self {
        Self(Value::Object(map))
    }

    /// The object, as a value.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }

    /// A field by its dotted name, as checks see it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        crate::field::find(self, name)
    }
}

struct ObjectOnly;

impl<'de> Visitor<'de> for ObjectOnly {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(Strict)?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("{key:?} is there twice")));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

/// A value in which no object has a name twice.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).map(Value::Number);
        number.ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        ObjectOnly.visit_map(access).map(Value::Object)
    }
}
