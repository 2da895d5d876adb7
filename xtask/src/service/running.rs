//! A service that runs while something is tried on it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// `ai-audit serve`, killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Without a slash at the end.
    pub(crate) url: String,
}

impl Running {
    /// Starts it on a free port and waits until it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(audit: &Path, log: &Path, more: &[&str]) -> Result<Self> {
        let mut child = Command::new(audit)
            .arg("serve")
            .arg(log)
            .args(["--listen", "127.0.0.1:0", "--json"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .context("the service cannot be started")?;
        let said = child.stdout.take().context("its standard output")?;
        let mut running = Self {
            child,
            url: String::new(),
        };
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line)
            .with_context(|| format!("the service says {line:?}, not where it listens"))?;
        said["url"]
            .as_str()
            .context("no `url`")?
            .clone_into(&mut running.url);
        Ok(running)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as an operator does, and waits for it.
    ///
    /// # Errors
    /// When it fails, or ended before.
    pub(crate) fn stop(mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "the service ended by itself: {ended:?}");
        let told = Command::new("kill").arg(self.id().to_string()).status()?;
        ensure!(told.success(), "the service cannot be told to stop");
        let status = self.child.wait()?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, or an error is on its way that says more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
