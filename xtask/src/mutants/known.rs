//! Mutants that survive for a reason: the list, and how a mutant is found in it.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// Where the list is.
pub(super) const FILE: &str = "xtask/src/mutants/known.txt";

/// Survivors by file and change, each with its reason.
#[derive(Debug)]
pub(super) struct Known(BTreeMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    reason: String,
    /// How many mutants of these words it is for.
    mutants: usize,
}

impl Known {
    /// The list of this source.
    ///
    /// # Errors
    /// When an entry has no reason, or stands there twice.
    pub(super) fn read() -> Result<Self> {
        Self::parse(include_str!("known.txt"))
    }

    /// Reads a list: lines with a mutant, behind `N times ` where N of the same words have one reason, each
    /// with its reason in indented lines below; `#` for comments.
    ///
    /// # Errors
    /// As [`Known::read`].
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut known = BTreeMap::<String, Entry>::new();
        let mut last: Option<String> = None;
        for line in text.lines() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(reason) = line.strip_prefix("    ") {
                let Some(entry) = last.as_ref().and_then(|mutant| known.get_mut(mutant)) else {
                    bail!("{FILE}: a reason without a mutant: {reason}");
                };
                entry.reason.push_str(reason);
            } else {
                let (times, mutant) = line.split_once(" times ").unwrap_or(("1", line));
                let Ok(mutants) = times.parse() else {
                    bail!("{FILE}: {times:?} is no number of times: {line}");
                };
                let reason = String::new();
                let entry = Entry { reason, mutants };
                if known.insert(mutant.into(), entry).is_some() {
                    bail!("{FILE}: twice: {mutant}");
                }
                last = Some(mutant.into());
            }
        }
        if let Some((mutant, _)) = known.iter().find(|(_, entry)| entry.reason.is_empty()) {
            bail!("{FILE}: no reason: {mutant}");
        }
        Ok(Self(known))
    }

    /// Of survivors, as cargo-mutants prints them, those that have no reason. Lines move, so their lines and
    /// columns do not count; but more of the same words than an entry is for are not explained.
    pub(super) fn unexplained(&self, survivors: &[String]) -> Vec<String> {
        let mut seen = BTreeMap::<String, usize>::new();
        let mut unknown = Vec::new();
        for survivor in survivors {
            let entry = without_place(survivor).and_then(|words| {
                let so_far = seen.entry(words.clone()).or_default();
                *so_far += 1;
                self.0.get(&words).filter(|entry| *so_far <= entry.mutants)
            });
            if entry.is_none() {
                unknown.push(survivor.clone());
            }
        }
        unknown
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
        assert!(Known::parse("two times a.rs: x\n    why\n").is_err());
        assert!(Known::parse("a.rs: x\n    why\na.rs: x\n    why\n").is_err());
        let known = Known::parse("# all\n\na.rs: x\n    why\n2 times a.rs: z\n    why\n");
        let known = known.expect("a list");
        let of = |survivors: &[&str]| {
            let survivors: Vec<String> = survivors.iter().map(|s| (*s).to_owned()).collect();
            known.unexplained(&survivors)
        };
        assert!(of(&["a.rs:30:4: x", "a.rs:2:2: z", "a.rs:3:2: z"]).is_empty());
        assert_eq!(of(&["a.rs:1:2: x", "a.rs:30:4: x"]), ["a.rs:30:4: x"]);
        assert_eq!(of(&["a.rs:1:2: y", "a.rs: x"]).len(), 2);
    }
}
