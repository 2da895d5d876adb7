//! Catalogues of requirements: data that is read, checked, and never code.

mod builtin;
mod read;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

pub use read::{CatalogueError, MAX_CATALOGUE_LEN};

/// How far a signed log can be evidence for a requirement at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// The requirement is about records, and the log is one.
    Direct,
    /// The log shows a part of what is asked.
    Partial,
    /// The log only helps to read other evidence.
    Context,
    /// No log shows it.
    None,
}

impl Support {
    /// As it stands before "evidence".
    #[must_use]
    pub const fn adjective(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Partial => "partial",
            Self::Context => "contextual",
            Self::None => "no",
        }
    }

    /// The word that catalogues use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Partial => "partial",
            Self::Context => "context",
            Self::None => "none",
        }
    }
}

/// How sure the ids, titles and dates of a row are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Read in a source text.
    Verified,
    /// Read in texts about the source.
    Secondary,
    /// From memory.
    Unverified,
}

impl Verification {
    /// The word that catalogues use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Secondary => "secondary",
            Self::Unverified => "unverified",
        }
    }
}

/// A day of the calendar, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let time = toml::value::Datetime::deserialize(deserializer)?;
        match (time.date, time.time) {
            (Some(date), None) => Ok(Self {
                year: date.year,
                month: date.month,
                day: date.day,
            }),
            _ => Err(de::Error::custom("expected a day such as 2026-11-23")),
        }
    }
}

/// A date from which something of a framework applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationDate {
    /// The day.
    pub date: Day,
    /// What applies.
    pub what: String,
    /// Where that stands; may be empty.
    #[serde(default)]
    pub basis: String,
}

/// A part of a framework.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its id in the framework.
    pub id: String,
    /// Its true title; may be empty.
    #[serde(default)]
    pub title: String,
}

/// Which receipts are evidence, and which fields they should carry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// Its name; unique among the shared ones and those of its catalogue.
    pub name: String,
    /// What the receipts are called, as in `12 of 14 SAYS carry …`.
    pub says: String,
    /// Names of kinds, or `any`.
    pub kind: Vec<String>,
    /// States that receipts must have to count at all.
    #[serde(default)]
    pub when: Vec<String>,
    /// Fields that they should carry.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Only decisions with this tag.
    #[serde(default)]
    pub tag: Option<String>,
    /// Only decisions in which this check ran.
    #[serde(default)]
    pub check: Option<String>,
    /// What to do where there is none.
    pub missing: String,
}

/// One requirement of a framework.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its id in the framework.
    pub id: String,
    /// Its true title.
    pub title: String,
    /// The id of a group of the framework; empty for none.
    #[serde(default)]
    pub group: String,
    /// From when it applies, or its status.
    #[serde(default)]
    pub applies: String,
    /// What it asks for: one line, in words of ours.
    pub requirement: String,
    /// How far a log can be evidence.
    pub support: Support,
    /// Names of the selectors that all must match.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Names of the selectors that add to it.
    #[serde(default)]
    pub also: Vec<String>,
    /// Names of the questions of the verdict that it hangs on.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What a log cannot show.
    pub limits: String,
    /// Where id, title and requirement were read.
    pub source: String,
    /// How sure that is.
    pub verification: Verification,
}

/// One framework, as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Version of the file's form; 1.
    pub schema: u32,
    /// Its id: lower case, digits and hyphens.
    pub id: String,
    /// Short name.
    pub name: String,
    /// True title.
    pub title: String,
    /// Edition.
    pub edition: String,
    /// When ids, titles and dates were checked.
    pub checked: Day,
    /// What a reader must know of the whole framework; may be empty.
    #[serde(default)]
    pub notice: String,
    /// Dates of application.
    #[serde(default, rename = "date")]
    pub dates: Vec<ApplicationDate>,
    /// Its parts.
    #[serde(default, rename = "group")]
    pub groups: Vec<Group>,
    /// Selectors of its own.
    #[serde(default, rename = "selector")]
    pub selectors: Vec<Selector>,
    /// Its requirements.
    #[serde(rename = "control")]
    pub controls: Vec<Control>,
}

/// The catalogues of a crosswalk, with the selectors that they share.
#[derive(Debug, Clone)]
pub struct Catalogues {
    pub(crate) shared: Vec<Selector>,
    pub(crate) all: Vec<Catalogue>,
}
