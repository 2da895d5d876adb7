//! Evidence in a folder, and a client of a server that reads it.

use ai_audit_directory::{InitOptions, Settings, Writer, init};
use ai_audit_ingest::{Keep, read_record};
use ai_audit_intake::Intake;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use tempfile::TempDir;

pub(crate) struct Evidence {
    folder: TempDir,
    pub(crate) key_line: String,
}

impl Evidence {
    /// A log of five decisions with a checkpoint in `audit`, without any of its keys; its whole directory
    /// in `kept`, beside the root.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        let made = init(
            &kept,
            &InitOptions::new("example.org/asked"),
            Settings::default(),
            "t",
        );
        let made = made.unwrap();
        let writer = Writer::open(&kept, Settings::default(), "t").unwrap();
        let intake = Intake::new(writer, Keep::default()).unwrap();
        for number in 0..5 {
            let body = format!(r#"{{"input": "{number}", "model": "m", "action": "allow"}}"#);
            let taken = intake.take(&made.log, |keys, keep| {
                Ok(vec![read_record(body.as_bytes(), "record", keep, keys)?])
            });
            taken.unwrap().wait().unwrap();
        }
        intake.writer().ledger().close("t").unwrap();
        intake.reading().make_checkpoint(&made.log).unwrap();
        drop(intake);
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("audit")).unwrap();
        for entry in std::fs::read_dir(&kept).unwrap() {
            let path = entry.unwrap().path();
            // No keys, no secrets: the database alone.
            if path.is_file()
                && path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("audit.db"))
            {
                std::fs::copy(&path, root.join("audit").join(path.file_name().unwrap())).unwrap();
            }
        }
        Self {
            folder,
            key_line: made.key_line.to_string(),
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    pub(crate) fn client(&self, key: Option<&str>) -> Client {
        Client::start(&self.root(), key)
    }

    /// The bytes of every file of the log.
    pub(crate) fn bytes(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = std::fs::read_dir(self.root().join("audit")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    }
}

pub(crate) struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    id: u64,
}

fn example() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("examples")
        .join(format!("mcp_stdio{}", std::env::consts::EXE_SUFFIX))
}

impl Client {
    fn start(root: &Path, key: Option<&str>) -> Self {
        let mut child = Command::new(example())
            .arg(root)
            .args(key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut client = Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            id: 0,
        };
        let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}});
        let answer = client.ask("initialize", &hello);
        assert_eq!(
            answer["result"]["protocolVersion"], "2025-11-25",
            "{answer}"
        );
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        client
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
        self.input.flush().unwrap();
    }

    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.id += 1;
        let id = self.id;
        self.say(
            &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string(),
        );
        loop {
            let mut line = String::new();
            assert!(
                self.output.read_line(&mut line).unwrap() > 0,
                "the server ended"
            );
            // On standard output is nothing but the protocol.
            let answer: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(answer["jsonrpc"], "2.0");
            if answer["id"] == id {
                return answer;
            }
        }
    }

    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({"name": tool, "arguments": arguments}))
    }

    /// The structured answer of a call that has one.
    pub(crate) fn good(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.call(tool, arguments);
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        let text = answer["result"]["content"][0]["text"].as_str();
        assert!(text.is_some_and(|text| !text.is_empty()), "{answer}");
        answer["result"]["structuredContent"].clone()
    }

    /// The sentence of a call that has none.
    pub(crate) fn bad(&mut self, tool: &str, arguments: &Value) -> String {
        let answer = self.call(tool, arguments);
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn end(self) {
        let Self {
            mut child, input, ..
        } = self;
        drop(input);
        assert!(child.wait().unwrap().success());
    }
}
