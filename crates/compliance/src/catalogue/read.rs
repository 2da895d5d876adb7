//! Reading catalogues: what is wrong is told with its file, its control and what was expected.

use super::builtin::{FILES, SELECTORS};
use super::{Catalogue, Catalogues, Control, Selector, Support};
use crate::fields::Probe;
use ai_audit_core::Question;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The form of catalogue files that is read.
const SCHEMA: u32 = 1;
/// Longest catalogue file, in bytes.
pub const MAX_CATALOGUE_LEN: usize = 4 << 20;
/// The most selectors that all catalogues of a crosswalk may define.
const MAX_SELECTORS: usize = 4096;

/// A catalogue that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// It is no TOML, or has not the form of a catalogue.
    #[error("{file}: {reason}")]
    Form {
        /// The file.
        file: String,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// Something in it does not fit the rest.
    #[error("{file}: {place}: {reason}")]
    Rule {
        /// The file.
        file: String,
        /// The control or selector.
        place: String,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// No catalogue has this id.
    #[error("there is no framework {id:?}: expected one of {known}")]
    Unknown {
        /// What was asked for.
        id: String,
        /// The ids that there are.
        known: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    schema: u32,
    #[serde(rename = "selector")]
    selectors: Vec<Selector>,
}

impl Catalogues {
    /// Those that come with this crate.
    ///
    /// ```
    /// let all = ai_audit_compliance::Catalogues::builtin()?;
    /// assert!(all.iter().any(|catalogue| catalogue.id == "eu-ai-act"));
    /// # Ok::<(), ai_audit_compliance::CatalogueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Never for the files as they are released: a test reads them.
    pub fn builtin() -> Result<Self, CatalogueError> {
        let mut all = Self::empty()?;
        for (file, text) in FILES {
            all.add(file, text)?;
        }
        Ok(all)
    }

    /// None, but the selectors that they share.
    ///
    /// # Errors
    ///
    /// As [`Catalogues::builtin`].
    pub fn empty() -> Result<Self, CatalogueError> {
        let file = "selectors.toml";
        let shared: Shared = parse(file, SELECTORS)?;
        if shared.schema != SCHEMA {
            return Err(schema(file, shared.schema));
        }
        check_selectors(file, &shared.selectors, &[])?;
        Ok(Self {
            shared: shared.selectors,
            all: Vec::new(),
        })
    }

    /// Adds a catalogue. `file` is what mistakes are told with.
    ///
    /// # Errors
    ///
    /// Names the place in the file, what is wrong there and what was expected.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), CatalogueError> {
        if text.len() > MAX_CATALOGUE_LEN {
            return Err(CatalogueError::Form {
                file: file.into(),
                reason: format!("expected at most {MAX_CATALOGUE_LEN} bytes"),
            });
        }
        let catalogue: Catalogue = parse(file, text)?;
        self.check(file, &catalogue)?;
        self.all.push(catalogue);
        Ok(())
    }

    /// Only those of these ids, in this order; all of them where none is named.
    ///
    /// # Errors
    ///
    /// Names an id that no catalogue has.
    pub fn only<S: AsRef<str>>(self, ids: &[S]) -> Result<Self, CatalogueError> {
        if ids.is_empty() {
            return Ok(self);
        }
        let mut taken: Vec<Catalogue> = Vec::new();
        for id in ids {
            let id = id.as_ref();
            let found = self.all.iter().find(|catalogue| catalogue.id == id);
            let Some(found) = found else {
                let known: Vec<&str> = self.iter().map(|known| known.id.as_str()).collect();
                return Err(CatalogueError::Unknown {
                    id: id.into(),
                    known: known.join(", "),
                });
            };
            if taken.iter().all(|taken| taken.id != id) {
                taken.push(found.clone());
            }
        }
        Ok(Self {
            shared: self.shared,
            all: taken,
        })
    }

    /// The catalogues, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Catalogue> {
        self.all.iter()
    }

    fn check(&self, file: &str, catalogue: &Catalogue) -> Result<(), CatalogueError> {
        if catalogue.schema != SCHEMA {
            return Err(schema(file, catalogue.schema));
        }
        let rule = |place: &str, reason: String| {
            Err(CatalogueError::Rule {
                file: file.into(),
                place: place.into(),
                reason,
            })
        };
        if !is_id(&catalogue.id) {
            let reason = "expected lower-case letters, digits, dots and hyphens".into();
            return rule("id", reason);
        }
        if self.all.iter().any(|other| other.id == catalogue.id) {
            return rule("id", format!("{}: another catalogue has it", catalogue.id));
        }
        check_selectors(file, &catalogue.selectors, &self.shared)?;
        let defined: usize = self.all.iter().map(|other| other.selectors.len()).sum();
        if defined + catalogue.selectors.len() > MAX_SELECTORS {
            return rule("selector", format!("expected at most {MAX_SELECTORS}"));
        }
        let groups: BTreeSet<&str> = catalogue
            .groups
            .iter()
            .map(|group| group.id.as_str())
            .collect();
        if groups.len() != catalogue.groups.len() {
            return rule("group", "an id stands twice".into());
        }
        let mut ids = BTreeSet::new();
        for control in &catalogue.controls {
            let place = format!("control {:?}", control.id);
            if !ids.insert(control.id.as_str()) {
                return rule(&place, "the id stands twice".into());
            }
            if let Err(reason) = self.check_control(catalogue, control) {
                return rule(&place, reason);
            }
            if !control.group.is_empty() && !groups.contains(control.group.as_str()) {
                return rule(&place, format!("there is no group {:?}", control.group));
            }
        }
        Ok(())
    }

    fn check_control(&self, catalogue: &Catalogue, control: &Control) -> Result<(), String> {
        for (name, text) in [
            ("id", &control.id),
            ("title", &control.title),
            ("requirement", &control.requirement),
            ("limits", &control.limits),
            ("source", &control.source),
        ] {
            if text.trim().is_empty() {
                return Err(format!("{name}: expected a text"));
            }
        }
        let named = control.evidence.iter().chain(&control.also);
        if control.support == Support::None {
            if named.count() > 0 || !control.needs.is_empty() {
                return Err("support none: expected no evidence, also or needs".into());
            }
            return Ok(());
        }
        if named.clone().count() == 0 {
            return Err("expected evidence, or support none".into());
        }
        if control.support == Support::Direct && control.evidence.is_empty() {
            return Err("support direct: expected evidence".into());
        }
        let mut seen = BTreeSet::new();
        for name in named {
            if self.selector(catalogue, name).is_none() {
                return Err(format!("there is no selector {name:?}"));
            }
            if !seen.insert(name) {
                return Err(format!("selector {name:?} stands twice"));
            }
        }
        for need in &control.needs {
            if Question::ALL.iter().all(|question| question.name() != need) {
                let known = Question::ALL.map(Question::name).join(", ");
                return Err(format!("needs {need:?}: expected one of {known}"));
            }
        }
        Ok(())
    }

    /// The selector that a catalogue means by a name.
    pub(crate) fn selector<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        name: &str,
    ) -> Option<&'a Selector> {
        let mut all = catalogue.selectors.iter().chain(&self.shared);
        all.find(|selector| selector.name == name)
    }
}

fn parse<T: for<'de> Deserialize<'de>>(file: &str, text: &str) -> Result<T, CatalogueError> {
    toml::from_str(text).map_err(|error| CatalogueError::Form {
        file: file.into(),
        reason: error.to_string().trim_end().into(),
    })
}

fn schema(file: &str, found: u32) -> CatalogueError {
    CatalogueError::Form {
        file: file.into(),
        reason: format!("schema {found}: this version reads schema {SCHEMA}"),
    }
}

fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|byte| plain(byte) || byte == b'-' || byte == b'.')
        && text.bytes().next().is_some_and(plain)
}

fn check_selectors(
    file: &str,
    selectors: &[Selector],
    shared: &[Selector],
) -> Result<(), CatalogueError> {
    let mut names: BTreeSet<&str> = shared
        .iter()
        .map(|selector| selector.name.as_str())
        .collect();
    for selector in selectors {
        let refused = |reason: String| {
            Err(CatalogueError::Rule {
                file: file.into(),
                place: format!("selector {:?}", selector.name),
                reason,
            })
        };
        if !is_id(&selector.name) {
            return refused("name: expected lower-case letters, digits, dots and hyphens".into());
        }
        if !names.insert(&selector.name) {
            return refused("the name stands twice, or is that of a shared selector".into());
        }
        if selector.says.trim().is_empty() || selector.missing.trim().is_empty() {
            return refused("says and missing: expected texts".into());
        }
        if let Err(reason) = Probe::new(selector) {
            return refused(reason);
        }
    }
    Ok(())
}
