//! The spec's test vectors: written, compared with fresh ones, and read by an independent reader.

use anyhow::Result;

use crate::program::{self, Speed};
use crate::shell::Cmd;
use crate::workspace::Workspace;

const VECTORS: &str = "docs/spec/vectors";
const READER: &str = "docs/spec/verify_example.py";

/// Writes the vectors, or with `check` compares them with fresh ones; then lets the Python reader
/// judge them. Returns the reason when the reader could not be run.
///
/// # Errors
/// When the vectors are missing or out of date, or the reader disagrees.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<Option<String>> {
    let program = program::example(workspace, Speed::AsTested, "ai-audit-core", "vectors")?;
    let mut cmd = Cmd::new(workspace, program).arg(VECTORS);
    if check {
        cmd = cmd.arg("--check");
    }
    cmd.run()?;
    if !Cmd::new(workspace, "python3").arg("--version").works() {
        return Ok(Some(format!(
            "SKIPPED: {READER}: python3 is missing; install it with: apt-get install python3"
        )));
    }
    Cmd::new(workspace, "python3")
        .args([READER, "--vectors", VECTORS])
        .run()?;
    Ok(None)
}
