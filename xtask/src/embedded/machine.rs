//! QEMU with a program on the board, spoken to over its serial line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The emulator, from Debian's package of the same name.
pub(crate) const QEMU: &str = "qemu-system-arm";
/// Arm's MPS2 with the AN386 image; each instruction takes a nanosecond of its time, in every run.
const BOARD: [&str; 10] = [
    "-M",
    "mps2-an386",
    "-cpu",
    "cortex-m4",
    "-icount",
    "shift=0",
    "-display",
    "none",
    "-monitor",
    "none",
];
/// Where the board's flash is in its memory.
const FLASH: &str = "0x21000000";
/// The longest that it may say nothing. An answer takes well under a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running board. It is switched off when this is dropped.
pub(crate) struct Machine {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Machine {
    /// Starts a program, with a file's bytes in its flash where there is one.
    ///
    /// # Errors
    /// When QEMU does not start.
    pub(crate) fn start(program: &Path, flash: Option<&Path>) -> Result<Self> {
        let mut command = Command::new(QEMU);
        command
            .args(BOARD)
            .args(["-serial", "stdio", "-kernel"])
            .arg(program);
        if let Some(file) = flash {
            let loader = format!("loader,file={},addr={FLASH},force-raw=on", file.display());
            command.arg("-device").arg(loader);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {QEMU}"))?;
        let input = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        let (send, lines) = channel();
        // Ends with the program's output, or when nobody listens.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if line.map(|line| send.send(line)).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            input,
            lines,
        })
    }

    /// Sends a command with its checksum.
    ///
    /// # Errors
    /// When the machine is gone.
    pub(crate) fn send(&mut self, words: &str) -> Result<()> {
        let line = format!("{words} *{:08x}\n", crc32fast::hash(words.as_bytes()));
        self.input.write_all(line.as_bytes())?;
        Ok(self.input.flush()?)
    }

    /// The next line as it came, its checksum with it.
    fn line(&mut self) -> Result<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => {
                bail!("the device said nothing for {} seconds", PATIENCE.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => bail!("{QEMU} ended"),
        }
    }

    /// Lines up to one that begins with one of these words, which is the last one returned.
    ///
    /// # Errors
    /// When none comes, or a line is not what was sent.
    pub(crate) fn lines_until(&mut self, words: &[&str]) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let (said, digits) = line.rsplit_once(" *").unwrap_or((&line, ""));
            if format!("{:08x}", crc32fast::hash(said.as_bytes())) != digits {
                bail!("the device said {line:?}, expected a line with its checksum");
            }
            let first = said.split(' ').next().unwrap_or_default();
            let last = words.contains(&first);
            lines.push(line);
            if last {
                return Ok(lines);
            }
        }
    }

    /// The words of the line that begins with one of these, past others; an error of the device is one.
    ///
    /// # Errors
    /// As [`Machine::lines_until`], and when the device says that something failed.
    pub(crate) fn until(&mut self, words: &[&str]) -> Result<String> {
        let ends: Vec<&str> = words.iter().copied().chain(["error"]).collect();
        let mut lines = self.lines_until(&ends)?;
        let line = lines.pop().unwrap_or_default();
        let said = line
            .rsplit_once(" *")
            .map_or(line.as_str(), |(said, _)| said);
        if said.starts_with("error") && !words.contains(&"error") {
            bail!("the device said {said:?}, expected {}", words.join(" or "));
        }
        Ok(said.into())
    }

    /// Sends a command and returns the words of its answer.
    ///
    /// # Errors
    /// As [`Machine::until`].
    pub(crate) fn ask(&mut self, words: &str, answers: &[&str]) -> Result<String> {
        self.send(words)?;
        self.until(answers)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It has no command to end by itself; that it is gone already is no matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
