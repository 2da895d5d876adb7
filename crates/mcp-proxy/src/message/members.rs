//! The members of a JSON object with their values' own bytes.

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A name, and the text of what it stands for.
pub(super) type Member<'a> = (String, &'a RawValue);

/// The members of an object; nothing where the text is none.
pub(super) fn members(text: &str) -> Result<Vec<Member<'_>>, ()> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let all = reader.deserialize_map(Members).map_err(|_| ())?;
    reader.end().map_err(|_| ())?;
    Ok(all)
}

/// What a name stands for. It is there once: whoever asks has made sure of that.
pub(super) fn find<'a>(all: &[Member<'a>], wanted: &str) -> Option<&'a RawValue> {
    let found = all.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| *value)
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = access.next_entry()? {
            all.push(member);
        }
        Ok(all)
    }
}
