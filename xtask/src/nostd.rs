//! Builds what claims to do without std for targets that have none.

use anyhow::{Context, Result, bail};

use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

/// Bare metal with compare-and-swap, the class of chip a gateway or a device has.
const TARGET: &str = "thumbv7em-none-eabi";

/// For these the core is built as well, with none of its features and with all: another instruction set,
/// and what browsers run.
const FURTHER: [&str; 2] = ["riscv32imac-unknown-none-elf", "wasm32-unknown-unknown"];

/// The device's library, in a workspace of its own: the log in flash is of no one chip.
const FIRMWARE: &str = "crates/firmware/Cargo.toml";

/// Built with each set of its features, the empty one included.
const EACH_FEATURE_SET: &str = "ai-audit-core";

/// The C interface: by itself, since together with others it would be checked with their allocator.
const WITHOUT_ALLOCATOR: &str = "ai-audit-ffi";

/// Built with their default features: these need an allocator.
const DEFAULT_FEATURES: [&str; 12] = [
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
    "ai-audit-fleet",
];

/// Builds every crate of the list by itself, or in the short form checks them at once; all of them are tried before
/// the outcome is told.
///
/// # Errors
/// When the target is missing and cannot be added, or a crate does not build for it.
pub(crate) fn run(workspace: &Workspace, short: bool) -> Result<()> {
    // What a target lacks is found without code for it, in half the time.
    let verb = if short { "check" } else { "build" };
    let build = |target, package| {
        Cmd::cargo(workspace).args([verb, "--lib", "--target", target, "-p", package])
    };
    for target in [TARGET].into_iter().chain(FURTHER) {
        tools::target(workspace, target)?;
    }
    let core = workspace
        .package(EACH_FEATURE_SET)
        .with_context(|| format!("there is no package {EACH_FEATURE_SET}"))?;
    let mut failed = Vec::new();
    for set in powerset(&core.features) {
        let mut cmd = build(TARGET, EACH_FEATURE_SET).arg("--no-default-features");
        if !set.is_empty() {
            cmd = cmd.arg("--features").arg(set.join(","));
        }
        if cmd.run().is_err() {
            failed.push(format!(
                "{EACH_FEATURE_SET} with features [{}] for {TARGET}",
                set.join(", ")
            ));
        }
    }
    if build(TARGET, WITHOUT_ALLOCATOR).run().is_err() {
        failed.push(format!("{WITHOUT_ALLOCATOR} for {TARGET}"));
    }
    if short {
        // At once, with the features that they want together: by itself each would check half of the others anew.
        let packages = DEFAULT_FEATURES.iter().flat_map(|name| ["-p", name]);
        let cmd = Cmd::cargo(workspace).args([verb, "--keep-going", "--lib", "--target", TARGET]);
        if cmd.args(packages).run().is_err() {
            failed.push(format!(
                "one of the crates that need an allocator, for {TARGET}"
            ));
        }
    } else {
        for package in DEFAULT_FEATURES {
            if build(TARGET, package).run().is_err() {
                failed.push(format!("{package} for {TARGET}"));
            }
        }
    }
    for target in FURTHER {
        for flag in ["--no-default-features", "--all-features"] {
            let cmd = build(target, EACH_FEATURE_SET).arg(flag);
            if cmd.run().is_err() {
                failed.push(format!("{EACH_FEATURE_SET} with {flag} for {target}"));
            }
        }
    }
    // No flash of the firmware's kind is behind a browser.
    for target in [TARGET, FURTHER[0]] {
        let cmd = Cmd::cargo(workspace)
            .args([verb, "--lib", "--manifest-path", FIRMWARE, "--target"])
            .arg(target)
            .env("CARGO_TARGET_DIR", workspace.target.join("firmware"));
        if cmd.run().is_err() {
            failed.push(format!("the firmware's library for {target}"));
        }
    }
    if !failed.is_empty() {
        bail!("does not build: {}", failed.join("; "));
    }
    Ok(())
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
