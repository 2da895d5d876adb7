//! Builds what claims to do without std for a target that has none.

use anyhow::{Context, Result, bail};

use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

/// Bare metal with compare-and-swap, the class of chip a gateway or a device has.
const TARGET: &str = "thumbv7em-none-eabi";

/// Built with each set of its features, the empty one included.
const EACH_FEATURE_SET: &str = "ai-audit-core";

/// Built with their default features: but for the C interface these need an allocator.
const DEFAULT_FEATURES: [&str; 12] = [
    "ai-audit-ffi",
    "ai-audit-analytics",
    "ai-audit-merkle",
    "ai-audit-shredding",
    "ai-audit-json",
    "ai-audit-pii",
    "ai-audit-note",
    "ai-audit-agentic",
    "ai-audit-timestamp",
    "ai-audit-epochs",
    "ai-audit-import",
    "ai-audit-verify",
];

/// Builds every crate of the list; all of them are tried before the outcome is told.
///
/// # Errors
/// When the target is missing and cannot be added, or a crate does not build for it.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    tools::target(workspace, TARGET)?;
    let core = workspace
        .package(EACH_FEATURE_SET)
        .with_context(|| format!("there is no package {EACH_FEATURE_SET}"))?;
    let mut failed = Vec::new();
    for set in powerset(&core.features) {
        let mut cmd = build(workspace, EACH_FEATURE_SET).arg("--no-default-features");
        if !set.is_empty() {
            cmd = cmd.arg("--features").arg(set.join(","));
        }
        if cmd.run().is_err() {
            failed.push(format!(
                "{EACH_FEATURE_SET} with features [{}]",
                set.join(", ")
            ));
        }
    }
    for package in DEFAULT_FEATURES {
        if build(workspace, package).run().is_err() {
            failed.push(package.into());
        }
    }
    if !failed.is_empty() {
        bail!("does not build for {TARGET}: {}", failed.join("; "));
    }
    Ok(())
}

fn build(workspace: &Workspace, package: &str) -> Cmd {
    Cmd::cargo(workspace).args(["build", "--lib", "--target", TARGET, "-p", package])
}

/// Every subset of `items`, the empty one first.
fn powerset(items: &[String]) -> Vec<Vec<String>> {
    let mut sets = vec![Vec::new()];
    for item in items {
        let with_item: Vec<Vec<String>> = sets
            .iter()
            .map(|set: &Vec<String>| set.iter().chain([item]).cloned().collect())
            .collect();
        sets.extend(with_item);
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powerset_has_every_subset_once() {
        let sets = powerset(&["a".into(), "b".into(), "c".into()]);
        let mut shown: Vec<String> = sets.iter().map(|set| set.concat()).collect();
        shown.sort();
        assert_eq!(shown, ["", "a", "ab", "abc", "ac", "b", "bc", "c"]);
    }
}
