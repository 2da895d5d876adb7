//! Mutants that survive for a reason: the list, and how a mutant is found in it.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// Where the list is.
pub(super) const FILE: &str = "xtask/src/mutants/known.txt";

/// Survivors by file and change, each with its reason.
#[derive(Debug)]
pub(super) struct Known(BTreeMap<String, String>);

impl Known {
    /// The list of this source.
    ///
    /// # Errors
    /// When an entry has no reason, or stands there twice.
    pub(super) fn read() -> Result<Self> {
        Self::parse(include_str!("known.txt"))
    }

    /// Reads a list: lines with a mutant, each with its reason in indented lines below; `#` for comments.
    ///
    /// # Errors
    /// As [`Known::read`].
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut known = BTreeMap::<String, String>::new();
        let mut last: Option<String> = None;
        for line in text.lines() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(reason) = line.strip_prefix("    ") {
                let Some(entry) = last.as_ref().and_then(|mutant| known.get_mut(mutant)) else {
                    bail!("{FILE}: a reason without a mutant: {reason}");
                };
                entry.push_str(reason);
            } else {
                if known.insert(line.into(), String::new()).is_some() {
                    bail!("{FILE}: twice: {line}");
                }
                last = Some(line.into());
            }
        }
        if let Some((mutant, _)) = known.iter().find(|(_, reason)| reason.is_empty()) {
            bail!("{FILE}: no reason: {mutant}");
        }
        Ok(Self(known))
    }

    /// Whether a survivor, as cargo-mutants prints it, has a reason. Lines move, so its line and column do
    /// not count.
    pub(super) fn explains(&self, mutant: &str) -> bool {
        without_place(mutant).is_some_and(|mutant| self.0.contains_key(&mutant))
    }
}

/// `file:line:column: change` as `file: change`.
fn without_place(mutant: &str) -> Option<String> {
    let (file, rest) = mutant.split_once(':')?;
    let (_line, rest) = rest.split_once(':')?;
    let (_column, change) = rest.split_once(": ")?;
    Some(format!("{file}: {change}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_well_formed() {
        let known = Known::read().expect("the list of this source");
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        for mutant in known.0.keys() {
            let (file, _) = mutant.split_once(": ").expect("a file and a change");
            assert!(
                std::path::Path::new(root).join(file).is_file(),
                "{file} is gone"
            );
        }
    }

    #[test]
    fn entries_need_a_reason_and_stand_once() {
        assert!(Known::parse("a.rs: x\n").is_err());
        assert!(Known::parse("    why\n").is_err());
        assert!(Known::parse("a.rs: x\n    why\na.rs: x\n    why\n").is_err());
        let known = Known::parse("# all\n\na.rs: x\n    why\n").expect("a list");
        assert!(known.explains("a.rs:1:2: x") && known.explains("a.rs:30:4: x"));
        assert!(!known.explains("a.rs:1:2: y") && !known.explains("a.rs: x"));
    }
}
