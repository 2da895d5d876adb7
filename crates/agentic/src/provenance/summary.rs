//! What sources are, counted; and what a graph keeps of a provenance receipt.

use super::{Provenance, SourceOrigin, Trust};
use ai_audit_core::LeafHash;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// A summary over the sources of one or more provenance receipts. It says what was recorded, not
/// that no injection happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustSummary {
    /// Sources that are in their receipts.
    pub sources: u64,
    /// Sources that are kept elsewhere: only their number and their least trust are known.
    pub elsewhere: u64,
    /// How many of each origin there are, of those that are there.
    pub origins: BTreeMap<SourceOrigin, u64>,
    /// The least trust; none without sources.
    pub lowest: Option<Trust>,
    /// Sum of the trust of those that are there, in hundredths.
    sum: u64,
}

impl TrustSummary {
    /// Adds a receipt's sources.
    pub fn add(&mut self, provenance: &Provenance<'_>) {
        self.lowest = Some(
            self.lowest
                .map_or(provenance.lowest, |low| low.min(provenance.lowest)),
        );
        if provenance.sources.is_empty() {
            self.elsewhere = self.elsewhere.saturating_add(provenance.size);
        }
        for source in provenance.sources.iter() {
            self.sources += 1;
            *self.origins.entry(source.origin).or_default() += 1;
            self.sum += u64::from(source.trust.hundredths());
        }
    }

    /// Adds another summary.
    pub fn merge(&mut self, other: &Self) {
        self.sources += other.sources;
        self.elsewhere = self.elsewhere.saturating_add(other.elsewhere);
        for (origin, count) in &other.origins {
            *self.origins.entry(*origin).or_default() += count;
        }
        self.lowest = [self.lowest, other.lowest].into_iter().flatten().min();
        self.sum += other.sum;
    }

    /// The mean trust of the sources that are there, in hundredths; none without such.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let count = u32::try_from(self.sources)
            .ok()
            .filter(|count| *count > 0)?;
        let sum = u32::try_from(self.sum).ok()?;
        Some(f64::from(sum) / f64::from(count))
    }

    /// Whether one is of the system itself.
    #[must_use]
    pub fn system_grounded(&self) -> bool {
        self.origins.contains_key(&SourceOrigin::System)
    }

    /// Whether one is of an unknown origin. That there is none does not mean that nothing was
    /// injected.
    #[must_use]
    pub fn unknown_sources(&self) -> bool {
        self.origins.contains_key(&SourceOrigin::Unknown)
    }
}

/// What a graph keeps of a provenance receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedSources {
    pub(crate) of: Option<LeafHash>,
    pub(crate) lowest: Trust,
    /// The least trusted source, in words; the first of several.
    pub(crate) weakest: String,
    /// What sources say of receipts.
    pub(crate) said: Vec<(LeafHash, Trust)>,
    pub(crate) summary: TrustSummary,
}

impl StatedSources {
    /// What `provenance` states.
    #[must_use]
    pub fn new(provenance: &Provenance<'_>) -> Self {
        let mut summary = TrustSummary::default();
        summary.add(provenance);
        let sources = || provenance.sources.iter();
        let weakest = sources().find(|source| source.trust == provenance.lowest);
        let weakest = match weakest {
            Some(source) if source.name.is_empty() => source.origin.name().into(),
            Some(source) => source.name.as_str().into(),
            None => String::from("a source that is kept elsewhere"),
        };
        Self {
            of: provenance.of,
            lowest: provenance.lowest,
            weakest,
            said: sources()
                .filter_map(|source| Some((source.receipt?, source.trust)))
                .collect(),
            summary,
        }
    }
}
