//! A CycloneDX bill of materials of machine-learning models, and which models of a log it names.

use crate::text::grouped;
use crate::{Fact, Span};
use ai_audit_core::Digest;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ops::Bound;

/// Largest file that is read, in bytes.
pub const MAX_ML_BOM: usize = 16 * 1024 * 1024;

/// The most names of a list that are shown.
pub(crate) const MAX_LISTED: usize = 20;

/// Components may have components; deeper than this they are not read.
const MAX_NESTING: usize = 64;

/// Why a file is no bill of materials.
#[derive(Debug, thiserror::Error)]
pub enum MlBomError {
    /// It is too large.
    #[error("the file has {0} bytes, expected at most {MAX_ML_BOM}")]
    TooLarge(usize),
    /// It is no strict JSON.
    #[error("the file is no strict JSON: {0}")]
    Json(#[from] ai_audit_json::Error),
    /// It is JSON, and something of `CycloneDX` is not as it should be.
    #[error("the file is no CycloneDX document: {0}")]
    Shape(String),
}

/// What a report says of a bill of materials (`CycloneDX` 1.5 or later, JSON).
///
/// ```
/// use ai_audit_report::MlBom;
///
/// let bom = MlBom::read(br#"{
///     "bomFormat": "CycloneDX",
///     "specVersion": "1.6",
///     "version": 1,
///     "components": [{ "type": "machine-learning-model", "name": "triage", "version": "3.1" }]
/// }"#)?;
/// let named = bom.compare(["triage", "gpt-x"]);
/// assert_eq!(named.in_both, ["triage"]);
/// assert_eq!(named.only_in_log, ["gpt-x"]);
/// # Ok::<(), ai_audit_report::MlBomError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlBom {
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// `specVersion`.
    pub spec_version: String,
    /// `serialNumber`, a UUID URN, where it is there.
    pub serial_number: Option<String>,
    /// `version` of the document; 1 where it is not there, as the standard has it.
    pub version: u64,
    /// Components of type `machine-learning-model`, in the order of the file.
    pub models: Vec<MlModel>,
}

/// A model in a bill of materials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlModel {
    /// `group`, such as the publisher; may be empty.
    pub group: String,
    /// `name`.
    pub name: String,
    /// `version`; may be empty.
    pub version: String,
}

/// Where a bill of materials is, and what was read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MlBomLink {
    /// A URI, or the name of the file that comes with the report.
    pub href: String,
    /// What it says; `None` where only a URI was given: nothing is fetched.
    pub bom: Option<MlBom>,
}

/// Models of a log held against those of a bill of materials; each list in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MlBomComparison {
    /// Models of the log that the bill names.
    pub in_both: Vec<String>,
    /// Models of the log that it does not name.
    pub only_in_log: Vec<String>,
    /// Models that it names and the log does not.
    pub only_in_bom: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    bom_format: String,
    spec_version: String,
    serial_number: Option<String>,
    version: Option<u64>,
    metadata: Option<RawMetadata>,
    #[serde(default)]
    components: Vec<RawComponent>,
}

#[derive(Deserialize)]
struct RawMetadata {
    component: Option<RawComponent>,
}

#[derive(Deserialize)]
struct RawComponent {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    components: Vec<RawComponent>,
}

impl MlBom {
    /// Reads a bill of materials.
    ///
    /// Only what a report needs is read; the rest may be anything that is JSON.
    ///
    /// # Errors
    /// [`MlBomError`] where the file is larger than [`MAX_ML_BOM`], no strict JSON, or without the
    /// members that every `CycloneDX` document has.
    pub fn read(bytes: &[u8]) -> Result<Self, MlBomError> {
        if bytes.len() > MAX_ML_BOM {
            return Err(MlBomError::TooLarge(bytes.len()));
        }
        // A file that two readers could read differently is none to point at.
        let text = ai_audit_json::canonicalize_bytes(bytes)?;
        let raw: Raw = serde_json::from_str(&text)
            .map_err(|error| MlBomError::Shape(without_place(&error)))?;
        if raw.bom_format != "CycloneDX" {
            return Err(MlBomError::Shape(format!(
                "bomFormat is {:?}, expected \"CycloneDX\"",
                raw.bom_format
            )));
        }
        let mut models = Vec::new();
        let described = raw.metadata.and_then(|metadata| metadata.component);
        for component in described.into_iter().chain(raw.components) {
            collect(component, MAX_NESTING, &mut models);
        }
        Ok(Self {
            sha256: Digest::of(bytes),
            spec_version: raw.spec_version,
            serial_number: raw.serial_number,
            version: raw.version.unwrap_or(1),
            models,
        })
    }

    /// Holds the models of a log against the bill.
    ///
    /// A name of the log is in the bill where it equals a model's `name`, `group/name`, or one of
    /// these with the `version` behind `@`, `:` or `-`. Nothing is guessed beyond that.
    #[must_use]
    pub fn compare<'a>(&self, seen: impl IntoIterator<Item = &'a str>) -> MlBomComparison {
        let seen: BTreeSet<&str> = seen.into_iter().collect();
        let mut named: BTreeSet<&str> = BTreeSet::new();
        let mut unseen: BTreeSet<String> = BTreeSet::new();
        for model in &self.models {
            if !model.find(&seen, &mut named) {
                unseen.insert(model.label());
            }
        }
        let (in_both, only_in_log): (Vec<&str>, Vec<&str>) =
            seen.iter().partition(|name| named.contains(*name));
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        MlBomComparison {
            in_both: owned(in_both),
            only_in_log: owned(only_in_log),
            only_in_bom: unseen.into_iter().collect(),
        }
    }
}

impl MlModel {
    /// `group/name version`, as far as they are there.
    #[must_use]
    pub fn label(&self) -> String {
        let mut out = self.full_name();
        if !self.version.is_empty() {
            out.push(' ');
            out.push_str(&self.version);
        }
        out
    }

    fn full_name(&self) -> String {
        if self.group.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.group, self.name)
        }
    }

    /// Adds those names that the model has to `named`; whether there are any.
    ///
    /// Both may be many, so names are looked up, and mostly only one: the first that is not before
    /// the model's own tells whether any begins with it.
    fn find<'a>(&self, seen: &BTreeSet<&'a str>, named: &mut BTreeSet<&'a str>) -> bool {
        let mut found = false;
        let full = (!self.group.is_empty()).then(|| self.full_name());
        for own in [Some(self.name.as_str()), full.as_deref()]
            .into_iter()
            .flatten()
        {
            let from = (Bound::Included(own), Bound::Unbounded);
            let mut after = seen.range::<str, _>(from);
            if !after.next().is_some_and(|next| next.starts_with(own)) {
                continue;
            }
            let mut forms = vec![own.to_owned()];
            if !self.version.is_empty() {
                forms.extend(['@', ':', '-'].map(|mark| format!("{own}{mark}{}", self.version)));
            }
            for name in forms.iter().filter_map(|form| seen.get(form.as_str())) {
                named.insert(name);
                found = true;
            }
        }
        found
    }
}

impl MlBomLink {
    /// What a report says under its title: the bill, and which models of the log it names, 20 names of
    /// each sort at most.
    #[must_use]
    pub fn facts<'a>(&self, seen: impl IntoIterator<Item = &'a str>) -> Vec<Fact> {
        let mut value = vec![Span::Code(self.href.clone())];
        let Some(bom) = &self.bom else {
            value.push(Span::text(", which was not read"));
            return vec![fact("Models' bill of materials", value)];
        };
        value.push(Span::text(format!(", CycloneDX {}", bom.spec_version)));
        if let Some(serial) = &bom.serial_number {
            value.push(Span::text(", "));
            value.push(Span::Code(serial.clone()));
        }
        value.push(Span::text(format!(", version {}, SHA-256 ", bom.version)));
        value.push(Span::Code(bom.sha256.to_string()));
        let mut out = vec![fact("Models' bill of materials", value)];
        let named = bom.compare(seen);
        for (name, models) in [
            ("Models in log and bill", named.in_both),
            ("Models in the log only", named.only_in_log),
            ("Models in the bill only", named.only_in_bom),
        ] {
            let value = if models.is_empty() {
                vec![Span::text("none")]
            } else {
                list(models)
            };
            out.push(fact(name, value));
        }
        out
    }
}

fn fact(name: &str, value: Vec<Span>) -> Fact {
    Fact {
        name: name.into(),
        value,
    }
}

fn list(names: Vec<String>) -> Vec<Span> {
    let mut out = Vec::new();
    let more = names.len().saturating_sub(MAX_LISTED);
    for name in names.into_iter().take(MAX_LISTED) {
        if !out.is_empty() {
            out.push(Span::text(", "));
        }
        out.push(Span::Code(name));
    }
    if more > 0 {
        out.push(Span::text(format!(" and {} more", grouped(more as u64))));
    }
    out
}

fn collect(component: RawComponent, nesting: usize, models: &mut Vec<MlModel>) {
    if component.kind == "machine-learning-model" {
        models.push(MlModel {
            group: component.group,
            name: component.name,
            version: component.version,
        });
    }
    if let Some(nesting) = nesting.checked_sub(1) {
        for inner in component.components {
            collect(inner, nesting, models);
        }
    }
}

/// The place is one in the canonical text, which nobody has.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => what.into(),
        None => text,
    }
}
