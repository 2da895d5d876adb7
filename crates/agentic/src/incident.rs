//! Incidents: what went wrong, when it was known, and to whom it was reported.

use crate::tracegraph::{check_hashes, check_parents};
use ai_audit_core::{Body, BodyError, Kind, LeafHash, List, Text, TextDigest, Timestamp};
use core::fmt;
use serde::{Deserialize, Serialize};

/// A step in the life of an incident.
///
/// The first says [`IncidentStage::Opened`]; its receipt's hash is what the later ones name. Build one
/// from [`Incident::new`] with struct update syntax.
///
/// ```
/// use ai_audit_agentic::{Incident, IncidentClass, IncidentStage};
/// use ai_audit_core::{Body as _, LeafHash, Timestamp};
///
/// let day = 86_400_000_000;
/// let opened = Incident {
///     class: IncidentClass::Serious,
///     aware_at: Some(Timestamp::from_micros(3 * day)),
///     category: "wrong-dose".into(),
///     ..Incident::new()
/// };
/// assert!(opened.check().is_ok());
/// let mut reported = Incident {
///     stage: IncidentStage::Reported,
///     incident: Some(LeafHash::of(b"the opening receipt's payload")),
///     authority: "market surveillance authority".into(),
///     reported_at: Some(Timestamp::from_micros(9 * day)),
///     ..Incident::new()
/// };
/// assert!(reported.check().is_ok());
/// reported.authority = "".into();
/// assert_eq!(reported.check().unwrap_err().field, "authority");
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Incident<'a> {
    /// When it happened, or began.
    pub occurred_at: Option<Timestamp>,
    /// What this receipt does.
    pub stage: IncidentStage,
    /// How grave it is; [`IncidentClass::Unclassified`] where this receipt does not say.
    pub class: IncidentClass,
    /// Hash of the receipt that opened it; none in that one.
    pub incident: Option<LeafHash>,
    /// When the operator became aware of it: from then on the time to report runs.
    pub aware_at: Option<Timestamp>,
    /// A code of the caller's; may be empty.
    pub category: Text<'a>,
    /// To whom it was reported; only where it was.
    pub authority: Text<'a>,
    /// Under which reference; only where it was reported, and may be empty.
    pub reference: Text<'a>,
    /// When it was reported, as the operator says; only where it was. When that was recorded is the
    /// receipt's `sealed_at`.
    pub reported_at: Option<Timestamp>,
    /// Digest of a description that is kept elsewhere.
    pub description: Option<TextDigest>,
    /// Hashes of the receipts that it is about; at most [`MAX_PARENTS`](crate::MAX_PARENTS), none twice.
    pub receipts: List<'a, LeafHash>,
    /// Hashes of the receipts that this one follows from; as many, none twice.
    pub parents: List<'a, LeafHash>,
}

/// What a receipt of an incident does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStage {
    /// Begins it.
    #[default]
    Opened,
    /// Says more of it.
    Updated,
    /// It was reported to an authority.
    Reported,
    /// It is over. What stood open stays open.
    Closed,
}

/// How grave an incident is, by the deadline for reporting it: a later class has an earlier one.
///
/// Serious incidents are those of Art. 3(49) of the EU AI Act, Regulation (EU) 2024/1689.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum IncidentClass {
    /// Nobody said yet.
    #[default]
    Unclassified,
    /// None of Art. 3(49).
    NotSerious,
    /// One of Art. 3(49) that is none of those below: 15 days, Art. 73(2).
    Serious,
    /// Somebody died: 10 days, Art. 73(4).
    Death,
    /// A widespread infringement, or critical infrastructure was disrupted (Art. 3(49)(b)): 2 days,
    /// Art. 73(3).
    Widespread,
}

impl Incident<'_> {
    /// An incident that is opened and says nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl IncidentStage {
    /// Its name in the JSON view.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Reported => "reported",
            Self::Closed => "closed",
        }
    }
}

impl IncidentClass {
    /// Whether it has to be reported.
    #[must_use]
    pub const fn is_serious(self) -> bool {
        self.days().is_some()
    }

    /// In how many days from awareness on it has to be reported at the latest; none where it has not.
    #[must_use]
    pub const fn days(self) -> Option<u64> {
        match self {
            Self::Unclassified | Self::NotSerious => None,
            Self::Serious => Some(15),
            Self::Death => Some(10),
            Self::Widespread => Some(2),
        }
    }

    /// Its name in the JSON view.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unclassified => "unclassified",
            Self::NotSerious => "not_serious",
            Self::Serious => "serious",
            Self::Death => "death",
            Self::Widespread => "widespread",
        }
    }
}

impl fmt::Display for IncidentStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for IncidentClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Body for Incident<'_> {
    const KIND: Kind = Kind::INCIDENT;

    fn check(&self) -> Result<(), BodyError> {
        let wrong = |field, expected| Err(BodyError { field, expected });
        match (self.stage, self.incident) {
            (IncidentStage::Opened, Some(_)) => {
                return wrong("incident", "none where an incident is opened");
            }
            (IncidentStage::Opened, None) | (_, Some(_)) => {}
            (_, None) => return wrong("incident", "the hash of the receipt that opened it"),
        }
        let reported = self.stage == IncidentStage::Reported;
        if reported && self.authority.is_empty() {
            return wrong("authority", "to whom it was reported");
        }
        if reported && self.reported_at.is_none() {
            return wrong("reported_at", "when it was reported");
        }
        if !reported && !self.authority.is_empty() {
            return wrong("authority", "nothing where it is not reported");
        }
        if !reported && !self.reference.is_empty() {
            return wrong("reference", "nothing where it is not reported");
        }
        if !reported && self.reported_at.is_some() {
            return wrong("reported_at", "none where it is not reported");
        }
        if let (Some(happened), Some(aware)) = (self.occurred_at, self.aware_at)
            && aware < happened
        {
            return wrong("aware_at", "no time before occurred_at");
        }
        check_hashes("receipts", &self.receipts)?;
        check_parents(&self.parents)
    }
}
