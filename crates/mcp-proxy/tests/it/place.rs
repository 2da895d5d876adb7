//! A log directory, the proxy before a server in processes of their own, and what the log has afterwards.

use ai_audit_agentic::{ToolIntent, ToolOutcome, ToolStatus};
use ai_audit_core::{DecodeBody as _, Kind, UnverifiedReceipt};
use ai_audit_directory::{InitOptions, LogDirectory, Settings, init};
use ai_audit_store::{LogName, StoredContent};
use ai_audit_verify::{Pin, Report, TrustPolicy};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use tempfile::TempDir;

/// Long, for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Place {
    folder: TempDir,
    key_line: String,
}

/// A call in the log.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) id: String,
    /// None where it is open.
    pub(crate) end: Option<(ToolStatus, String)>,
}

/// A program of this package's examples.
fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut InitOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = InitOptions::new("example.org/tools");
        change(&mut options);
        let path = folder.path().join("audit");
        let made = init(&path, &options, Settings::default(), "test").unwrap();
        Self {
            folder,
            key_line: made.key_line.to_string(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn start(&self, options: &[&str]) -> Proxy {
        let mut command = Command::new(example("mcp_proxy_stdio"));
        command
            .arg(self.path("audit"))
            .args(options)
            .arg("--")
            .arg(example("mcp_hostile_server"))
            .env("SEEN", self.path("seen"));
        Proxy::of(command)
    }

    /// The same before a client that never reads.
    #[cfg(unix)]
    pub(crate) fn start_unread(&self, options: &[&str]) -> Child {
        let mut command = Command::new(example("mcp_proxy_stdio"));
        command
            .arg(self.path("audit"))
            .args(options)
            .arg("--")
            .arg(example("mcp_hostile_server"))
            .env("SEEN", self.path("seen"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command.spawn().unwrap()
    }

    /// What the server read.
    pub(crate) fn seen(&self) -> String {
        std::fs::read_to_string(self.path("seen")).unwrap_or_default()
    }

    pub(crate) fn directory(&self) -> LogDirectory {
        LogDirectory::open(&self.path("audit"), Settings::default()).unwrap()
    }

    /// The calls of the log, in the order of their intents.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let (directory, log) = (self.directory(), LogName::default());
        let mut calls: Vec<(_, Call)> = Vec::new();
        for seq in 0..directory.head(&log).unwrap().size() {
            let StoredContent::Sealed(sealed) = directory.stored(&log, seq).unwrap() else {
                continue;
            };
            let receipt = UnverifiedReceipt::parse(&sealed).unwrap();
            match receipt.header().kind {
                Kind::TOOL_INTENT => {
                    let intent = ToolIntent::decode(&receipt).unwrap();
                    let call = Call {
                        tool: intent.tool.to_string(),
                        id: intent.call_id.to_string(),
                        end: None,
                    };
                    calls.push((receipt.hash(), call));
                }
                Kind::TOOL_OUTCOME => {
                    let outcome = ToolOutcome::decode(&receipt).unwrap();
                    let of = outcome.intent.unwrap();
                    let found = calls.iter_mut().find(|(hash, _)| *hash == of).unwrap();
                    assert_eq!(found.1.end, None, "one outcome for one intent");
                    found.1.end = Some((outcome.status, outcome.error.to_string()));
                }
                _ => {}
            }
        }
        calls.into_iter().map(|(_, call)| call).collect()
    }

    /// How many receipts of a kind there are.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        let (directory, log) = (self.directory(), LogName::default());
        let query = ai_audit_store::Query::Kind(kind);
        let found = directory.store().find(&log, &query, None, usize::MAX);
        found.unwrap().len()
    }

    pub(crate) fn verify(&self) -> Report {
        let pin = Pin::parse(&self.key_line).unwrap();
        let policy = TrustPolicy::new().pin(pin);
        let report = self
            .directory()
            .verify(&LogName::default(), &policy)
            .unwrap();
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        assert!(report.verdict.attribution.is_verified(), "{report:?}");
        report
    }

    /// The one call that there is.
    pub(crate) fn only(&self) -> Call {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

/// The proxy, and the client's ends of it.
pub(crate) struct Proxy {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
}

pub(crate) fn call_text(id: &Value, tool: &str) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": {"name": tool, "arguments": {"of": tool}}})
    .to_string()
}

impl Proxy {
    fn of(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let (send, output) = channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            output,
        }
    }

    pub(crate) fn send(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    pub(crate) fn call(&mut self, id: &Value, tool: &str) {
        self.send(&call_text(id, tool));
    }

    pub(crate) fn line(&self) -> String {
        self.output.recv_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn answer(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Nothing more comes for a while.
    pub(crate) fn quiet(&self) {
        let more = self.output.recv_timeout(Duration::from_millis(300));
        assert_eq!(more, Err(RecvTimeoutError::Timeout));
    }

    /// A request that is answered behind all that was sent before.
    pub(crate) fn settle(&mut self, id: &str) {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}).to_string());
        assert_eq!(self.answer()["id"], id);
    }

    pub(crate) fn close(&mut self) {
        self.input = None;
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end; the exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.input = None;
        self.child.wait().unwrap().code()
    }
}

#[cfg(unix)]
impl Place {
    /// The same where no file may grow beyond a few hundred kilobytes: a write fails as on a full disk.
    pub(crate) fn start_with_limit(&self, options: &[&str]) -> Proxy {
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; ulimit -S -f 400; exec \"$@\"", "sh"])
            .arg(example("mcp_proxy_stdio"))
            .arg(self.path("audit"))
            .args(options)
            .arg("--")
            .arg(example("mcp_hostile_server"))
            .env("SEEN", self.path("seen"));
        Proxy::of(command)
    }
}
