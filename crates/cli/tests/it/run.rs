//! Running the program.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The one sentence on standard error.
    pub(crate) fn sentence(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        let line = self.err.trim_end();
        assert!(
            line.starts_with("error: ") && !line.contains('\n'),
            "{line}"
        );
        line
    }

    pub(crate) fn good(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }
}

/// A folder with a log in `audit`, or without one.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A log with ten decisions: receipts 0 to 15 with genesis, starts and stops.
    pub(crate) fn new() -> Self {
        let place = Self::empty();
        place
            .run(&["init", "audit", "--name", "example.org/test"])
            .good();
        place.record(&lines(10));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn record(&self, text: &str) -> Done {
        std::fs::write(self.path("lines.jsonl"), text).unwrap();
        self.run(&["record", "audit", "lines.jsonl"]).good()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Done {
        self.with(args, &[], "")
    }

    /// The program with these arguments, not started yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = command(self.0.path());
        command.args(args).stdin(Stdio::null());
        command
    }

    /// The program with these arguments, started: its streams are pipes.
    pub(crate) fn started(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).spawn().unwrap()
    }

    /// How many decisions the log has.
    pub(crate) fn decisions(&self) -> u64 {
        let stats = self.run(&["stats", "audit", "--json"]).good().json();
        stats["kinds"]["decision"].as_u64().unwrap()
    }

    /// Waits until the log has so many decisions.
    pub(crate) fn wait_for(&self, decisions: u64) {
        let begun = Instant::now();
        while self.decisions() < decisions {
            assert!(begun.elapsed() < Duration::from_secs(30), "{decisions}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How many receipts all logs together have.
    pub(crate) fn receipts(&self) -> u64 {
        // Also where keys are gone, which is told by the exit code.
        let info = self.run(&["info", "audit", "--json"]).json();
        info["store"]["receipts"].as_u64().unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn with(&self, args: &[&str], env: &[(&str, &str)], input: &str) -> Done {
        use std::io::Write as _;
        let mut child = command(self.0.path())
            .args(args)
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that has seen enough closes its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        done(child.wait_with_output().unwrap())
    }
}

/// Sends a signal.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-s", name, &id]).status();
    assert!(sent.unwrap().success(), "{name}");
}

/// SIGINT; another one where whoever runs the tests ignores it, which stays so.
#[cfg(unix)]
pub(crate) fn interrupt() -> &'static str {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = u128::from_str_radix(mask.unwrap_or("0").trim(), 16).unwrap();
    if mask & 2 == 0 {
        return "INT";
    }
    println!("SKIPPED: SIGINT is ignored");
    "TERM"
}

/// What came of a command.
pub(crate) fn done(output: Output) -> Done {
    Done {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_ai-audit")
}

/// The specification's own reader of published logs and proofs of equivocation: exit code and what
/// it said; none where there is no Python.
pub(crate) fn python(place: &Place, args: &[&str]) -> Option<(i32, String)> {
    python_of(place, "docs/spec/published_example.py", args)
}

/// Exit code and words of a script of this repository; none where there is no Python.
pub(crate) fn python_of(place: &Place, script: &str, args: &[&str]) -> Option<(i32, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(script);
    // -B: it leaves nothing beside the script.
    let output = Command::new("python3")
        .arg("-B")
        .arg(path)
        .args(args)
        .current_dir(place.0.path())
        .output();
    let Ok(output) = output else {
        println!("SKIPPED: {script}: python3 is absent");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    Some((output.status.code().unwrap(), said))
}

pub(crate) fn command(folder: &Path) -> Command {
    clean(Command::new(program()), folder)
}

/// Another command in the folder, without settings of the environment.
pub(crate) fn clean(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).env_remove("COLUMNS");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AI_AUDIT_")) {
        command.env_remove(name);
    }
    command
}

/// So many record lines.
pub(crate) fn lines(count: usize) -> String {
    (0..count)
        .map(|n| {
            format!(
                "{{\"input\":\"question {n}\",\"output\":\"answer\",\"model\":\"gpt-4o\",\"session_id\":\"s{}\"}}\n",
                n % 3
            )
        })
        .collect()
}
