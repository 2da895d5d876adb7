//! The auditor's page as it is handed out: the same bytes wherever it is built.

use std::fs;

use anyhow::{Context, Result, bail};

use super::{Ended, How, artifacts, binary, copy};
use crate::page;
use crate::workspace::Workspace;

/// Its name with the artifacts. It has no version in it: an auditor keeps one page for every log.
pub(super) const NAME: &str = "ai-audit-page.html";

/// Builds the page in two folders, whose paths have different lengths, into empty target directories, and
/// compares the two byte for byte. It is an artifact.
///
/// # Errors
/// When it does not build, or the two differ.
pub(super) fn check(workspace: &Workspace, _: How) -> Result<Ended> {
    let mut made = Vec::new();
    for place in ["first", "second/in-a-longer-path"] {
        let folder = workspace.target.join("release-check/page").join(place);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        let tree = copy::sources(workspace, &folder.join("source"), &folder.join("target"))?;
        made.push(page::make(workspace, &tree)?.0);
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let [first, second] = made.as_slice() else {
        bail!("two pages were to be built");
    };
    if first != second {
        let pairs = first.bytes().zip(second.bytes());
        let at = pairs.take_while(|(one, other)| one == other).count();
        bail!("two builds of the page differ from byte {at} on");
    }
    let folder = artifacts(workspace);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(NAME), first).context(NAME)?;
    let hash = binary::hex(first.as_bytes());
    println!("page: {} bytes, SHA-256 {hash}", first.len());
    binary::write_sums(workspace)?;
    Ok(Ended::Held)
}
