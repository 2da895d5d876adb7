//! The licence: stated by every published crate, and its text in every package.

use std::fs;

use anyhow::{Context, Result, bail};

use super::{Ended, How, crates};
use crate::workspace::Workspace;

/// The licence of the project, as SPDX writes it.
const LICENCE: &str = "MIT";

/// Holds manifests and texts against the licence of the workspace.
///
/// # Errors
/// When a crate states another licence, or its folder does not have the text.
pub(super) fn check(workspace: &Workspace, _: How) -> Result<Ended> {
    let path = workspace.root.join("LICENSE");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut problems = Vec::new();
    if !text.starts_with("MIT License\n") {
        problems.push("LICENSE: it does not begin with `MIT License`".to_string());
    }
    let crates = crates::in_order(workspace)?;
    for found in &crates {
        if found.license != LICENCE {
            problems.push(format!(
                "{}: license is {:?}, and should be {LICENCE:?}; write `license.workspace = true`",
                found.name, found.license
            ));
        }
        // A link to the file at the root; cargo packs what it leads to.
        let own = found.dir.join("LICENSE");
        if fs::read_to_string(&own).is_ok_and(|own| own == text) {
            continue;
        }
        problems.push(format!(
            "{}: it is not there or not the text at the root; link it: ln -s ../../LICENSE {0}",
            workspace.relative(&own)
        ));
    }
    for problem in &problems {
        println!("licences: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} things about licences are wrong", problems.len());
    }
    println!(
        "licences: {} crates under {LICENCE}, each with the text",
        crates.len()
    );
    Ok(Ended::Held)
}
