//! A Redis of Debian's, started for one test, and the library's two ways of writing to it.

use std::process::{Child, Command, Stdio};

use redis::{Cmd, Connection};
use tempfile::TempDir;

use crate::servers::{Receipt, free_port, is_up};

/// Stopped when it is dropped, also by a test that fails.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    pub(super) folder: TempDir,
}

impl Server {
    /// None, said aloud, where there is no such program.
    pub(super) fn start(arguments: &[&str]) -> Option<Self> {
        Self::start_in(tempfile::tempdir().unwrap(), arguments)
    }

    pub(super) fn start_in(folder: TempDir, arguments: &[&str]) -> Option<Self> {
        // Somebody may take the port before the server does.
        for _ in 0..5 {
            let port = free_port();
            let started = Command::new("redis-server")
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
                .args(["--save", "", "--appendonly", "no"])
                .arg("--dir")
                .arg(folder.path())
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let Ok(mut child) = started else {
                println!("SKIPPED: Redis as a source: redis-server is absent");
                return None;
            };
            if is_up(&mut child, port) {
                return Some(Self {
                    child,
                    port,
                    folder,
                });
            }
        }
        panic!("redis-server does not start with {arguments:?}");
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Another connection, which may write.
    pub(super) fn admin(&self) -> Admin {
        let client = redis::Client::open(self.url()).unwrap();
        Admin(client.get_connection().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Writes what the library would.
pub(super) struct Admin(pub(super) Connection);

impl Admin {
    pub(super) fn run(&mut self, parts: &[&[u8]]) -> redis::Value {
        let mut cmd = Cmd::new();
        for part in parts {
            cmd.arg(*part);
        }
        cmd.query(&mut self.0).unwrap()
    }

    pub(super) fn text(&mut self, parts: &[&str]) -> redis::Value {
        let parts: Vec<_> = parts.iter().map(|part| part.as_bytes()).collect();
        self.run(&parts)
    }

    /// As the library does without Lua.
    pub(super) fn plain(&mut self, receipt: &Receipt) {
        let (key, tip) = keys(receipt);
        self.text(&["SETEX", &key, "2592000", &receipt.json()]);
        self.text(&["SET", &tip, &receipt.hash()]);
        for (prefix, id) in [
            ("receipt_session:", receipt.session),
            ("receipt_trace:", receipt.trace),
        ] {
            if !id.is_empty() {
                self.text(&["SADD", &format!("{prefix}{id}"), &receipt.id]);
            }
        }
    }

    /// As the library does with Lua.
    pub(super) fn lua(&mut self, receipt: &Receipt) {
        let (key, tip) = keys(receipt);
        let score = receipt.at.to_string();
        self.text(&["SET", &tip, &receipt.hash()]);
        self.text(&["SET", &key, &receipt.json()]);
        let list = format!("receipt_tenant:{}", receipt.tenant);
        for list in [list.as_str(), receipt.session, receipt.trace] {
            if !list.is_empty() {
                self.text(&["ZADD", list, &score, &receipt.id]);
            }
        }
        self.text(&["EXPIRE", &key, "2592000"]);
    }
}

pub(super) fn keys(receipt: &Receipt) -> (String, String) {
    let tenant = receipt.tenant;
    (
        format!("receipt:{tenant}:{}", receipt.id),
        format!("receipt_chain:{tenant}"),
    )
}
