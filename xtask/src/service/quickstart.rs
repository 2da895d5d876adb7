//! The quickstarts, run as they stand.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::service::scratch;
use crate::shell::{Cmd, Show};
use crate::workspace::Workspace;

/// Ends what a page has started, also where a block of it fails.
const HEAD: &str = "set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n";

/// One page of docs/quickstarts.
#[derive(Debug)]
pub(crate) struct Quickstart<'a> {
    name: &'a str,
    expected: &'a [&'a str],
    variables: Vec<(&'a str, &'a str)>,
}

impl<'a> Quickstart<'a> {
    /// The page of a name, and what it must print.
    pub(crate) const fn new(name: &'a str, expected: &'a [&'a str]) -> Self {
        Self {
            name,
            expected,
            variables: Vec::new(),
        }
    }

    /// The same with a variable of the environment.
    pub(crate) fn with(mut self, name: &'a str, value: &'a str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Runs all blocks of the page that are marked `sh`, in an empty folder, by one shell.
    ///
    /// # Errors
    /// When a block fails, or something expected is not printed.
    pub(crate) fn run(self, workspace: &Workspace, audit: &Path) -> Result<()> {
        let page = workspace
            .root
            .join(format!("docs/quickstarts/{}.md", self.name));
        let text = fs::read_to_string(&page).with_context(|| page.display().to_string())?;
        let mut script = HEAD.to_owned();
        for block in text.split("\n```sh\n").skip(1) {
            let (block, _) = block
                .split_once("\n```\n")
                .context("a block without an end")?;
            script.push_str(block);
            script.push('\n');
        }
        let folder = scratch(workspace, self.name)?;
        let file = folder.join("page.sh");
        fs::write(&file, script).with_context(|| file.display().to_string())?;
        let programs = audit.parent().context("where ai-audit is")?;
        let path = std::env::var("PATH").unwrap_or_default();
        let mut cmd = Cmd::new(workspace, "env")
            .arg("-C")
            .arg(&folder)
            .arg("bash")
            .arg(&file)
            .env("PATH", format!("{}:{path}", programs.display()));
        for (name, value) in self.variables {
            cmd = cmd.env(name, value);
        }
        let mut missing: Vec<&str> = self.expected.to_vec();
        cmd.run_lines(|line| {
            missing.retain(|expected| !line.contains(expected));
            Show::Yes
        })
        .with_context(|| format!("{} fails", page.display()))?;
        ensure!(
            missing.is_empty(),
            "{}: it never said {missing:?}",
            page.display()
        );
        Ok(())
    }
}

/// What answers in place of the model service; ended when dropped.
#[derive(Debug)]
pub(crate) struct Upstream {
    child: Child,
    /// What clients take as their base URL.
    pub(crate) url: String,
}

impl Upstream {
    /// Starts a script that prints its base URL once it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(python: &Path, script: &Path, answers: &Path) -> Result<Self> {
        let mut child = Command::new(python)
            .arg(script)
            .arg(answers)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", script.display()))?;
        let said = child.stdout.take().context("its standard output")?;
        let mut upstream = Self {
            child,
            url: String::new(),
        };
        BufReader::new(said).read_line(&mut upstream.url)?;
        let end = upstream.url.trim_end().len();
        upstream.url.truncate(end);
        ensure!(
            !upstream.url.is_empty(),
            "{} does not listen",
            script.display()
        );
        Ok(upstream)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
