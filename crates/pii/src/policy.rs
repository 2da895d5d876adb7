//! What a redaction does with each kind, as a value and as JSON.

mod json;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::kind::{CustomName, Kind};

/// The most custom kinds of a policy.
pub const MAX_CUSTOM: usize = 64;

/// The longest pattern, in bytes.
pub const MAX_PATTERN: usize = 1024;

/// What is put in place of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// The kind is not looked for.
    Off,
    /// `[KIND]`
    #[default]
    Redact,
    /// A form that shows a little, such as the last four digits of a card.
    Mask,
    /// `[KIND:0123456789abcdef]`: the same for the same value under the same key.
    Pseudonymize,
    /// `[KIND#1]`; the caller gets the values, to encrypt them.
    Encrypt,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 5] = [
        Self::Off,
        Self::Redact,
        Self::Mask,
        Self::Pseudonymize,
        Self::Encrypt,
    ];

    /// The name in policies, such as `redact`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Redact => "redact",
            Self::Mask => "mask",
            Self::Pseudonymize => "pseudonymize",
            Self::Encrypt => "encrypt",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a policy adds to the built-in kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Custom {
    pub(crate) pattern: String,
    pub(crate) mode: Option<Mode>,
}

/// Which kinds are looked for, and what is done with each. Equal policies have equal canonical JSON,
/// in whatever order they were filled.
///
/// # Examples
///
/// ```
/// use ai_audit_pii::{Kind, Mode, Policy};
///
/// let policy = Policy::new(Mode::Redact)
///     .with_mode(Kind::CreditCard, Mode::Mask)
///     .with_custom("ORDER", r"ORD-\d{6}", None)?;
/// let json = policy.to_json();
/// assert_eq!(
///     json,
///     r#"{"custom":[{"name":"ORDER","pattern":"ORD-\\d{6}"}],"default":"redact","kinds":{"CREDIT_CARD":"mask"},"version":1}"#
/// );
/// assert_eq!(Policy::from_json(&json)?, policy);
/// # Ok::<(), ai_audit_pii::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    default: Mode,
    /// Built-in kinds by name, so that their order is that of the canonical form.
    kinds: BTreeMap<String, Mode>,
    custom: BTreeMap<CustomName, Custom>,
}

impl Policy {
    /// Every built-in kind in one mode.
    #[must_use]
    pub const fn new(default: Mode) -> Self {
        Self {
            default,
            kinds: BTreeMap::new(),
            custom: BTreeMap::new(),
        }
    }

    /// Sets the mode of a kind. A custom kind that was not added is left out.
    #[must_use]
    pub fn with_mode(mut self, kind: Kind, mode: Mode) -> Self {
        match kind {
            Kind::Custom(name) => {
                if let Some(custom) = self.custom.get_mut(&name) {
                    custom.mode = (mode != self.default).then_some(mode);
                }
            }
            Kind::Placeholder => {}
            built_in if mode == self.default => {
                self.kinds.remove(built_in.name());
            }
            built_in => {
                self.kinds.insert(built_in.name().to_string(), mode);
            }
        }
        self
    }

    /// Adds a kind with a pattern in the syntax of the crate `regex`; `None` is the default mode.
    ///
    /// # Errors
    /// When the name breaks its rule or is there already, the pattern is not one, too long, too big
    /// when compiled, or can match the empty text, or there are 64 already.
    pub fn with_custom(
        mut self,
        name: &str,
        pattern: &str,
        mode: Option<Mode>,
    ) -> Result<Self, PolicyError> {
        let place = |member: &str| alloc::format!("custom kind {name:?}{member}");
        let name = CustomName::new(name).ok_or_else(|| PolicyError {
            place: place(""),
            reason: "a name is an upper-case letter, then up to 31 of A-Z, 0-9 and _, and none of the built-in kinds".into(),
        })?;
        if self.custom.contains_key(&name) {
            return Err(PolicyError {
                place: place(""),
                reason: "there are two of that name".into(),
            });
        }
        if self.custom.len() >= MAX_CUSTOM {
            return Err(PolicyError {
                place: place(""),
                reason: "there are more than 64 custom kinds".into(),
            });
        }
        crate::custom::compile(pattern).map_err(|reason| PolicyError {
            place: place(", pattern"),
            reason,
        })?;
        let mode = mode.filter(|mode| *mode != self.default);
        self.custom.insert(
            name,
            Custom {
                pattern: pattern.into(),
                mode,
            },
        );
        Ok(self)
    }

    /// The mode of a kind; a custom kind that the policy does not have is off.
    #[must_use]
    pub fn mode(&self, kind: Kind) -> Mode {
        match kind {
            Kind::Custom(name) => self
                .custom
                .get(&name)
                .map_or(Mode::Off, |custom| custom.mode.unwrap_or(self.default)),
            Kind::Placeholder => {
                if self.encrypts() {
                    Mode::Encrypt
                } else {
                    Mode::Off
                }
            }
            built_in => self
                .kinds
                .get(built_in.name())
                .copied()
                .unwrap_or(self.default),
        }
    }

    /// The kinds of the policy, built-in and custom ones, in the order in which overlaps are decided.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        self.custom
            .keys()
            .map(|name| Kind::Custom(*name))
            .chain(Kind::BUILT_IN)
    }

    /// Whether any kind is encrypted.
    #[must_use]
    pub fn encrypts(&self) -> bool {
        self.kinds().any(|kind| self.mode(kind) == Mode::Encrypt)
    }

    /// Whether any kind is pseudonymized, so that a key is needed.
    #[must_use]
    pub fn pseudonymizes(&self) -> bool {
        self.kinds()
            .any(|kind| self.mode(kind) == Mode::Pseudonymize)
    }

    pub(crate) fn custom(&self) -> impl Iterator<Item = (CustomName, &Custom)> {
        self.custom.iter().map(|(name, custom)| (*name, custom))
    }

    /// Reads a policy from JSON, strictly: unknown, repeated and missing members are errors.
    ///
    /// # Errors
    /// When the text is not such a policy; the error says where and why.
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        json::read(text)
    }

    /// The canonical JSON: members sorted, no white space, nothing that says what holds anyway.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }
}

/// Why a policy was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    place: String,
    reason: String,
}

impl PolicyError {
    pub(crate) fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            reason: reason.into(),
        }
    }

    /// Where: a member, a custom kind, or line and column.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redaction policy, {}: {}", self.place, self.reason)
    }
}

impl core::error::Error for PolicyError {}

/// The names of all modes and built-in kinds, for messages.
pub(crate) fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
