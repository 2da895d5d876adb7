//! What we stand on: how many crates, and whether the notes on those that guard secrets and signatures
//! are about the versions that are built.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::shell::Cmd;
use crate::workspace::Workspace;

/// The notes, crate by crate.
const NOTES: &str = "docs/supply-chain.md";

/// A program or library with a set of features, and how many foreign crates it may stand on.
struct Tree {
    package: &'static str,
    /// Flags for cargo, and the words for them.
    features: (&'static [&'static str], &'static str),
    /// The most that may be linked, where that is bounded. A number grows only with a reason.
    bound: Option<usize>,
}

const TREES: [Tree; 6] = [
    // The signature, the hash, the encoding, and what these stand on: nothing else belongs here.
    Tree {
        package: "ai-audit-core",
        features: (&["--no-default-features"], "without features"),
        bound: Some(22),
    },
    // One for the canonical digest of a text and what keeps its characters.
    Tree {
        package: "ai-audit-core",
        features: (&[], "with alloc"),
        bound: Some(24),
    },
    // JSON, trees, and for timestamps X.509 with three kinds of signatures.
    Tree {
        package: "ai-audit-verify",
        features: (&[], "as it is"),
        bound: Some(80),
    },
    Tree {
        package: "ai-audit-trail",
        features: (&[], "by default"),
        bound: None,
    },
    Tree {
        package: "ai-audit-cli",
        features: (&["--no-default-features"], "without PDF and servers"),
        bound: None,
    },
    Tree {
        package: "ai-audit-cli",
        features: (&[], "by default"),
        bound: None,
    },
];

/// Counts, and holds the notes against `Cargo.lock` and against what the core stands on.
///
/// # Errors
/// When a count is over its bound, or the notes are not of these versions.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut problems = Vec::new();
    println!("foreign crates: linked into it, and with those that only build it");
    for tree in &TREES {
        let linked = foreign(workspace, tree, "normal,no-proc-macro")?;
        let all = foreign(workspace, tree, "normal,build")?;
        let name = format!("{} {}", tree.package, tree.features.1);
        let bound = tree
            .bound
            .map_or(String::new(), |bound| format!(", at most {bound}"));
        println!("  {name:<48} {:>4}{bound}; {}", linked.len(), all.len());
        if let Some(bound) = tree.bound
            && linked.len() > bound
        {
            problems.push(format!(
                "{name} stands on {} crates, at most {bound} are allowed; a reason is wanted in \
                 xtask/src/supply.rs: {}",
                linked.len(),
                linked.into_iter().collect::<Vec<_>>().join(", ")
            ));
        }
    }
    let path = workspace.root.join(NOTES);
    let notes = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lock = fs::read_to_string(workspace.root.join("Cargo.lock")).context("Cargo.lock")?;
    let [_, core, ..] = &TREES;
    let core = foreign(workspace, core, "normal,no-proc-macro")?;
    let noted = noted(&notes);
    problems.extend(compare(&noted, &lock, &core));
    for problem in &problems {
        println!("supply: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} things about what we stand on are wrong", problems.len());
    }
    println!("supply: {NOTES} has notes on {} crates", noted.len());
    Ok(())
}

/// Names and versions of the foreign crates in a tree.
fn foreign(workspace: &Workspace, tree: &Tree, edges: &str) -> Result<BTreeSet<String>> {
    let said = Cmd::cargo(workspace)
        .args(["tree", "--locked", "-p", tree.package, "--edges", edges])
        .args(["--prefix", "none", "--format", "{p}"])
        .args(tree.features.0)
        .read()?;
    Ok(foreign_in(&said))
}

fn foreign_in(said: &str) -> BTreeSet<String> {
    let names = said.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        (!name.starts_with("ai-audit-")).then(|| format!("{name} {version}"))
    });
    names.collect()
}

/// Names and versions that the notes are about: the rows of their tables that begin with a crate.
fn noted(notes: &str) -> Vec<String> {
    let rows = notes.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        let version = rest.split(" |").next()?;
        Some(format!("{name} {version}"))
    });
    rows.collect()
}

fn compare(noted: &[String], lock: &str, core: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    for row in noted {
        let (name, version) = row.split_once(' ').unwrap_or((row, ""));
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        if !lock.contains(&entry) {
            problems.push(format!(
                "{NOTES} is about {name} {version}, which Cargo.lock does not have: look at what \
                 changed, then write the new version"
            ));
        }
    }
    for found in core {
        if !noted.contains(found) {
            problems.push(format!(
                "{NOTES} has no row about {found}, on which ai-audit-core stands"
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_crates_are_not_counted() {
        let said = "ai-audit-core v0.1.0 (/somewhere)\nsha2 v0.11.1\nsha2 v0.11.1 (*)\n\n";
        assert_eq!(foreign_in(said), BTreeSet::from(["sha2 0.11.1".into()]));
    }

    #[test]
    fn notes_of_other_versions_and_missing_ones_are_found() {
        let notes = "# Notes\n\n| crate | version |\n|---|---|\n| `sha2` | 0.11.1 | why |\n";
        let lock = "[[package]]\nname = \"sha2\"\nversion = \"0.11.1\"\n";
        let core = BTreeSet::from(["sha2 0.11.1".to_string()]);
        let noted = noted(notes);
        assert!(compare(&noted, lock, &core).is_empty());
        let newer = lock.replace("0.11.1", "0.11.2");
        assert_eq!(compare(&noted, &newer, &core).len(), 1);
        let more = BTreeSet::from(["sha2 0.11.1".to_string(), "hmac 0.13.0".to_string()]);
        assert_eq!(compare(&noted, lock, &more).len(), 1);
    }
}
