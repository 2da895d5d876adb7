//! What the targets begin with: genuine inputs that they make themselves, and published vectors.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Folders;
use super::targets::Target;
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Longer files are no good beginnings.
const MOST: u64 = 64 << 10;

/// Makes the seeds of a target anew.
///
/// # Errors
/// When they cannot be written.
pub(super) fn make(workspace: &Workspace, folders: &Folders, target: &Target) -> Result<()> {
    let folder = folders.seeds.join(target.name);
    let before = contents(&folder)?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Cmd::new(workspace, folders.programs.join(target.name))
        .env("AI_AUDIT_FUZZ_SEEDS", &folder)
        .read()
        .with_context(|| format!("{} makes no seeds", target.name))?;
    let own = workspace.root.join("docs/spec/vectors");
    let shared = workspace.root.join("../shared/vectors");
    let mut count = 0;
    for vectors in target.vectors {
        for place in [&own, &shared] {
            // What is not there on this machine is done without.
            copy(&place.join(vectors), &folder, &mut count)?;
        }
    }
    let corpus = folders.corpus.join(target.name);
    if target.knows_its_seeds() && corpus.exists() && contents(&folder)? != before {
        let aside = folders
            .corpus
            .join(format!("{}-of-other-seeds", target.name));
        put_aside(&corpus, &aside)?;
        println!(
            "{}: its seeds are other ones than the last time; the corpus made of those is in {}",
            target.name,
            workspace.relative(&aside)
        );
    }
    Ok(())
}

/// The files of a folder; none where there is no folder.
fn contents(folder: &Path) -> Result<BTreeSet<Vec<u8>>> {
    if !folder.exists() {
        return Ok(BTreeSet::new());
    }
    let files = fs::read_dir(folder)?.map(|entry| fs::read(entry?.path()));
    Ok(files.collect::<std::io::Result<_>>()?)
}

/// Moves a folder, in the place of what was put there before.
fn put_aside(folder: &Path, aside: &Path) -> Result<()> {
    if aside.exists() {
        fs::remove_dir_all(aside)?;
    }
    fs::rename(folder, aside).with_context(|| format!("cannot move {}", folder.display()))
}

/// Copies a file, or all below a folder.
fn copy(from: &Path, to: &Path, count: &mut u32) -> Result<()> {
    if from.is_dir() {
        let mut inside: Vec<_> = fs::read_dir(from)?.collect::<std::io::Result<_>>()?;
        inside.sort_by_key(fs::DirEntry::path);
        for entry in inside {
            copy(&entry.path(), to, count)?;
        }
    } else if from.is_file() && fs::metadata(from)?.len() <= MOST {
        fs::copy(from, to.join(format!("vector-{count:03}")))?;
        *count += 1;
    }
    Ok(())
}
