//! What of a request became nothing, by reason and name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The most names that are told apart.
pub const MAX_NAMES: usize = 256;
/// The longest name, in characters.
const MAX_NAME: usize = 64;

/// Why something became nothing. The name beside it is what each says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A span that says nothing of an AI system; its name. It is not missed.
    NotGenAi,
    /// A span whose ids have the wrong length or are zero; its name.
    NoIds,
    /// A span with an attribute twice; its name.
    DuplicateAttribute,
    /// A span that is in the request already, the same; its name.
    Repeated,
    /// A span whose ids another one of the request has; its name.
    Clash,
    /// A receipt that the log does not take; the span's name.
    Refused,
    /// An attribute of a span with a receipt, for which there is no field, or of another type than
    /// the field; its name.
    Attribute,
    /// An event of a span with a receipt, likewise; its name.
    Event,
    /// An evaluation of something that is not in the request; its span's name.
    Evaluation,
    /// A span whose parent is neither in the request nor known to the log; its name.
    ParentNotThere,
    /// A span above itself; its name.
    Circle,
    /// Links of a span with a receipt; its name.
    Link,
    /// What the SDK left out of a span: attributes, events, links; the span's name.
    Dropped,
    /// A span that ends before it starts, so that it has no duration; its name.
    Clock,
}

impl Reason {
    /// The name in snake_case, for metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotGenAi => "not_gen_ai",
            Self::NoIds => "no_ids",
            Self::DuplicateAttribute => "duplicate_attribute",
            Self::Repeated => "repeated",
            Self::Clash => "clash",
            Self::Refused => "refused",
            Self::Attribute => "attribute",
            Self::Event => "event",
            Self::Evaluation => "evaluation",
            Self::ParentNotThere => "parent_not_there",
            Self::Circle => "circle",
            Self::Link => "link",
            Self::Dropped => "dropped",
            Self::Clock => "clock",
        }
    }
}

/// Counts of what became nothing.
///
/// Names come from whoever sent the spans: they are on one line, cut to 64 characters, and at most
/// [`MAX_NAMES`] with their reasons; the rest is counted under the empty name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    counts: BTreeMap<(Reason, String), u64>,
}

impl Counts {
    pub(crate) fn add(&mut self, reason: Reason, name: &str, count: u64) {
        if count == 0 {
            return;
        }
        let mut key = (reason, shown(name));
        if self.counts.len() >= MAX_NAMES && !self.counts.contains_key(&key) {
            key.1 = String::new();
        }
        let known = self.counts.entry(key).or_default();
        *known = known.saturating_add(count);
    }

    /// Reasons, names and how often, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, &str, u64)> {
        let counts = self.counts.iter();
        counts.map(|((reason, name), count)| (*reason, name.as_str(), *count))
    }

    /// How often a reason was met, with whatever names.
    #[must_use]
    pub fn of(&self, reason: Reason) -> u64 {
        let counts = self.iter().filter(|(known, _, _)| *known == reason);
        counts.fold(0, |sum, (_, _, count)| sum.saturating_add(count))
    }
}

/// A name of unknown origin: on one line, cut.
fn shown(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().take(MAX_NAME) {
        let _ = write!(out, "{}", c.escape_debug());
    }
    out
}
