//! Policies as data: strict reading by serde (JSON, TOML), and the canonical JSON.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Mode, Policy, PolicyError, names};
use crate::kind::Kind;

/// The longest policy, in bytes of JSON.
const MAX_JSON: usize = 256 * 1024;

pub(super) fn read(text: &str) -> Result<Policy, PolicyError> {
    if text.len() > MAX_JSON {
        return Err(PolicyError::new("the whole", "it is longer than 256 KiB"));
    }
    let read: PolicyIn = serde_json::from_str(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let shown = format!("{error}");
        // The reason without the place that serde_json writes behind it.
        let reason = shown
            .rsplit_once(" at line ")
            .map_or(shown.as_str(), |(reason, _)| reason);
        PolicyError::new(place, reason)
    })?;
    read.policy()
}

pub(super) fn write(policy: &Policy) -> String {
    // Strings and small numbers into memory: this cannot fail.
    serde_json::to_string(policy).unwrap_or_default()
}

impl Serialize for Policy {
    /// Writes the canonical form: every member, sorted by name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let custom: Vec<CustomOut<'_>> = self
            .custom
            .iter()
            .map(|(name, custom)| CustomOut {
                mode: custom.mode.map(Mode::name),
                name: name.as_str(),
                pattern: &custom.pattern,
            })
            .collect();
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("custom", &custom)?;
        map.serialize_entry("default", self.default.name())?;
        map.serialize_entry("kinds", &KindsOut(self))?;
        map.serialize_entry("version", &1)?;
        map.end()
    }
}

#[derive(serde::Serialize)]
struct CustomOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    name: &'a str,
    pattern: &'a str,
}

struct KindsOut<'a>(&'a Policy);

impl Serialize for KindsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.kinds.iter().map(|(name, mode)| (name, mode.name())))
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| {
            let known = names(Self::ALL.into_iter().map(Self::name));
            de::Error::custom(format!("there is no mode {name:?}; the modes are {known}"))
        })
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyIn {
    version: u32,
    #[serde(default)]
    default: Mode,
    #[serde(default)]
    kinds: KindsIn,
    #[serde(default)]
    custom: Vec<CustomIn>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomIn {
    name: String,
    pattern: String,
    #[serde(default)]
    mode: Option<Mode>,
}

#[derive(Default)]
struct KindsIn(Vec<(Kind, Mode)>);

impl<'de> Deserialize<'de> for KindsIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = KindsIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object from kinds to modes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KindsIn, A::Error> {
                let mut kinds: Vec<(Kind, Mode)> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let kind = Kind::built_in(&name).ok_or_else(|| {
                        let known = names(Kind::BUILT_IN.iter().map(Kind::name));
                        de::Error::custom(format!(
                            "there is no built-in kind {name:?}; the kinds are {known}"
                        ))
                    })?;
                    if kinds.iter().any(|(other, _)| *other == kind) {
                        return Err(de::Error::custom(format!(
                            "the kind {name:?} is there twice"
                        )));
                    }
                    kinds.push((kind, map.next_value()?));
                }
                Ok(KindsIn(kinds))
            }
        }
        deserializer.deserialize_map(Kinds)
    }
}

impl PolicyIn {
    fn policy(self) -> Result<Policy, PolicyError> {
        if self.version != 1 {
            let reason = format!(
                "version {} is not known; this reads version 1",
                self.version
            );
            return Err(PolicyError::new("version", reason));
        }
        let mut policy = Policy::new(self.default);
        for (kind, mode) in self.kinds.0 {
            policy = policy.with_mode(kind, mode);
        }
        for custom in self.custom {
            policy = policy.with_custom(&custom.name, &custom.pattern, custom.mode)?;
        }
        Ok(policy)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PolicyIn::deserialize(deserializer)?
            .policy()
            .map_err(|error| de::Error::custom(format!("{}: {}", error.place(), error.reason())))
    }
}
