//! The host of a device: collects what it exports, has it verified, and only then says so.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::machine::Machine;

/// A folder with a receipts file and the key line of the first visit.
pub(crate) struct Host<'p> {
    pub(crate) folder: PathBuf,
    pub(crate) collect: &'p Path,
    pub(crate) audit: &'p Path,
    /// How many receipts it has.
    pub(crate) size: u64,
}

/// What verification is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Everything verified: exit code 0.
    Verified,
    /// Something wrong: exit code 1.
    Failed,
}

impl Host<'_> {
    pub(crate) fn receipts(&self) -> PathBuf {
        self.folder.join("receipts")
    }

    /// Takes what is new, verifies all of it, and acknowledges it.
    ///
    /// # Errors
    /// When the export does not join, or the log does not verify.
    pub(crate) fn visit(&mut self, machine: &mut Machine) -> Result<()> {
        machine.send(&format!("export {}", self.size))?;
        let mut transcript = machine.lines_until(&["end", "error"])?.join("\n");
        transcript.push('\n');
        std::fs::write(self.folder.with_extension("transcript"), &transcript)?;
        let line = collect(self.collect, &self.folder, &transcript)?;
        let mut words = line.split(' ').skip(1);
        let size = words.next().and_then(|size| size.parse().ok());
        self.size = size.with_context(|| format!("collect said {line:?}"))?;
        verify(
            self.audit,
            &self.receipts(),
            &self.folder.join("log.pub"),
            self.size,
            Expect::Verified,
        )?;
        let acknowledgement = line
            .rsplit_once(" *")
            .map_or(line.as_str(), |(words, _)| words);
        machine.ask(acknowledgement, &["ok"])?;
        Ok(())
    }
}

/// Adds a transcript to a folder and returns the acknowledgement that it is worth.
///
/// # Errors
/// With what the program says, where it refuses.
pub(crate) fn collect(program: &Path, folder: &Path, transcript: &str) -> Result<String> {
    let mut child = Command::new(program)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let mut input = child.stdin.take().context("no standard input")?;
    input.write_all(transcript.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim_end().into())
}

/// Runs the ordinary `ai-audit verify` and returns what it said.
///
/// # Errors
/// When its exit code is another one than expected.
pub(crate) fn verify(
    audit: &Path,
    receipts: &Path,
    key: &Path,
    size: u64,
    expect: Expect,
) -> Result<String> {
    let output = Command::new(audit)
        .arg("verify")
        .arg(receipts)
        .arg("--key")
        .arg(key)
        .args(["--size", &size.to_string()])
        .output()
        .with_context(|| format!("cannot start {}", audit.display()))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = if expect == Expect::Verified { 0 } else { 1 };
    if output.status.code() != Some(expected) {
        bail!(
            "ai-audit verify ended with {}, expected exit code {expected}:\n{said}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(said)
}
