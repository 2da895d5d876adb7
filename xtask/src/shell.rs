//! Running other programs: echoed, streamed, and with errors that say what was run.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// A command to run; the line that is echoed is the one a person would type.
#[derive(Debug)]
pub(crate) struct Cmd {
    command: Command,
    line: String,
}

impl Cmd {
    /// `program`, to be run in the root of the workspace.
    pub(crate) fn new(workspace: &Workspace, program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.current_dir(&workspace.root);
        let shown = Path::new(program);
        let shown = shown.strip_prefix(&workspace.root).unwrap_or(shown);
        Cmd {
            command,
            line: shown.display().to_string(),
        }
    }

    /// The cargo that runs this program, so that the toolchain stays the same.
    pub(crate) fn cargo(workspace: &Workspace) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut cmd = Cmd::new(workspace, cargo);
        cmd.line = "cargo".into();
        cmd
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        let arg = arg.as_ref();
        self.line.push(' ');
        self.line.push_str(&arg.to_string_lossy());
        self.command.arg(arg);
        self
    }

    pub(crate) fn args(self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        args.into_iter().fold(self, Cmd::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref();
        self.line = format!("{name}={:?} {}", value.to_string_lossy(), self.line);
        self.command.env(name, value);
        self
    }

    pub(crate) fn envs(self, all: &[(String, OsString)]) -> Self {
        all.iter()
            .fold(self, |cmd, (name, value)| cmd.env(name, value))
    }

    /// Runs with the terminal's own output.
    ///
    /// # Errors
    /// When the program cannot be started or ends with a failure.
    pub(crate) fn run(mut self) -> Result<()> {
        println!("$ {}", self.line);
        let status = self.command.status().with_context(|| self.cannot_start())?;
        self.judge(status)
    }

    /// Runs and shows each line of standard output that `take` says to show, as it comes.
    ///
    /// # Errors
    /// As [`Cmd::run`], and when the output cannot be read.
    pub(crate) fn run_lines(mut self, take: impl FnMut(&str) -> Show) -> Result<()> {
        println!("$ {}", self.line);
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| self.cannot_start())?;
        let pipe = child
            .stdout
            .take()
            .context("the child has no standard output")?;
        each_line(pipe, take)?;
        let status = child.wait()?;
        self.judge(status)
    }

    /// As [`Cmd::run_lines`], with what comes on standard error among the lines, in the order it was written.
    ///
    /// # Errors
    /// As [`Cmd::run_lines`].
    pub(crate) fn run_all_lines(mut self, take: impl FnMut(&str) -> Show) -> Result<()> {
        println!("$ {}", self.line);
        let (reader, writer) = std::io::pipe()?;
        self.command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = self.command.spawn().with_context(|| self.cannot_start())?;
        // The command keeps its ends of the pipe, and the reading would never end.
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        each_line(reader, take)?;
        let status = child.wait()?;
        self.judge(status)
    }

    /// Runs silently and returns standard output.
    ///
    /// # Errors
    /// As [`Cmd::run`]; the message then carries standard error.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self.command.output().with_context(|| self.cannot_start())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(
                "`{}` failed ({}): {}",
                self.line,
                output.status,
                said.trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether the program is there and says so with success; shows nothing.
    pub(crate) fn works(mut self) -> bool {
        self.command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn cannot_start(&self) -> String {
        format!("cannot start `{}`", self.line)
    }

    fn judge(&self, status: ExitStatus) -> Result<()> {
        if !status.success() {
            bail!("`{}` failed ({status})", self.line);
        }
        Ok(())
    }
}

/// Gives `take` each line and shows those that it says to show, as they come.
fn each_line(source: impl Read, mut take: impl FnMut(&str) -> Show) -> Result<()> {
    let mut reader = BufReader::new(source);
    let mut line = Vec::new();
    loop {
        line.clear();
        // By bytes: a test may print what is not UTF-8.
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        if take(text.trim_end()) == Show::Yes {
            let mut out = std::io::stdout().lock();
            out.write_all(&line)?;
            out.flush()?;
        }
    }
}

/// Whether a line of output is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    Yes,
    No,
}
