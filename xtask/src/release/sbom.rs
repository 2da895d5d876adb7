//! The bill of materials of the program, in CycloneDX, the same bytes each time.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Ended, How, artifacts, binary, copy, crates, versions};
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::Workspace;

const VERSION: &str = "0.5.9";

/// The version of the standard that the bill is written in.
const SPEC: &str = "1.5";

const PACKAGE: &str = "ai-audit-cli";

/// Writes the bill of `ai-audit`, made in two folders, into the artifacts, and holds it against what cargo
/// says is linked into the program.
///
/// # Errors
/// When it cannot be made, is not the same both times, or misses something.
pub(super) fn check(workspace: &Workspace, _: How) -> Result<Ended> {
    let program = tools::cargo_tool(workspace, "cargo-cyclonedx", VERSION)?;
    let epoch = binary::commit_time(workspace)?;
    let mut made = Vec::new();
    // The tool writes beside the manifests, and the folder's name into the bill.
    for name in ["one", "another/folder"] {
        let folder = workspace.target.join("release-check/sbom").join(name);
        let tree = copy::sources(workspace, &folder, &workspace.target)?;
        Cmd::new(&tree, &program)
            .args(["cyclonedx", "--format", "json", "--describe", "binaries"])
            .args(["--spec-version", SPEC, "--target", &binary::host()?])
            .args(["--manifest-path", "crates/cli/Cargo.toml", "--quiet"])
            .env("SOURCE_DATE_EPOCH", &epoch)
            .run()?;
        let file = folder.join("crates/cli/ai-audit_bin.cdx.json");
        let text = fs::read_to_string(&file)
            .with_context(|| format!("the tool wrote no {}", file.display()))?;
        // Nobody's folder belongs into it.
        let shown = folder.display().to_string();
        made.push(text.replace(&shown, "/ai-audit"));
    }
    let [first, second] = made.as_slice() else {
        bail!("two bills were to be made");
    };
    if first != second {
        bail!("two bills of the same sources are not the same");
    }
    let listed = components(first)?;
    let linked = linked(workspace)?;
    let missing: Vec<_> = linked.difference(&listed).cloned().collect();
    if !missing.is_empty() {
        bail!("the bill misses what cargo links: {}", missing.join(", "));
    }
    let version = versions::one(&crates::all(workspace)?)?;
    let folder = artifacts(workspace);
    fs::create_dir_all(&folder)?;
    let name = format!("ai-audit-{version}.cdx.json");
    fs::write(folder.join(&name), first).with_context(|| name.clone())?;
    binary::write_sums(workspace)?;
    println!(
        "sbom: {name}: CycloneDX {SPEC}, {} components, of which {} are linked",
        listed.len(),
        linked.len()
    );
    Ok(Ended::Held)
}

/// Names and versions of the components of a bill.
fn components(text: &str) -> Result<BTreeSet<String>> {
    let bill: Value = serde_json::from_str(text).context("the bill is no JSON")?;
    if bill["bomFormat"] != "CycloneDX" || bill["specVersion"] != SPEC {
        bail!("the bill is not of CycloneDX {SPEC}");
    }
    let list = bill["components"].as_array();
    let list = list.context("the bill has no components")?;
    let names = list.iter().map(|component| {
        let name = component["name"].as_str().context("no name")?;
        let version = component["version"].as_str().context("no version")?;
        if component["purl"].as_str().is_none() {
            bail!("{name} has no package URL");
        }
        Ok(format!("{name} {version}"))
    });
    names.collect()
}

/// Names and versions of what cargo builds into the program, but for itself and procedural macros.
fn linked(workspace: &Workspace) -> Result<BTreeSet<String>> {
    let said = Cmd::cargo(workspace)
        .args(["tree", "-p", PACKAGE, "--edges", "normal,no-proc-macro"])
        .args(["--prefix", "none", "--format", "{p}"])
        .read()?;
    let names = said.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        (name != PACKAGE).then(|| format!("{name} {version}"))
    });
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_says_what_it_is_and_what_is_in_it() {
        let bill = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components":
            [{"name": "a", "version": "1.0.0", "purl": "pkg:cargo/a@1.0.0"}]}"#;
        let found = components(bill).expect("it is one");
        assert!(found.contains("a 1.0.0"));
        assert!(components(&bill.replace("CycloneDX", "SPDX")).is_err());
        assert!(components(&bill.replace("purl", "url")).is_err());
        assert!(components("{").is_err());
    }
}
