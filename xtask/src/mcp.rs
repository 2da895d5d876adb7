//! The official MCP SDKs for Python and TypeScript, as clients of `ai-audit mcp` and, through
//! `ai-audit mcp-proxy`, of a server from a registry; then what they saw, held against the receipts.

mod install;

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::Cmd;
use crate::workspace::Workspace;
use crate::{ci, program, tools, venv};

const CLIENTS: &str = "crates/mcp-proxy/tests/clients";
/// What is asked of the registry's server: one call of it fails.
const CALLS: &str =
    r#"[["echo",{"message":"naïve"}],["get-sum",{"a":1,"b":2.5}],["no-such-tool",{}]]"#;
/// What is asked of ours.
const OWN_CALLS: &str = r#"[["list_controls",{}],["statistics",{"path":"evidence"}],["verify_log",{"path":"evidence"}],["verify_log",{"path":"../elsewhere"}]]"#;

/// The two SDKs, each as a command before its arguments.
struct Client {
    name: &'static str,
    command: Vec<PathBuf>,
}

/// What all runs share.
struct Stage<'w> {
    workspace: &'w Workspace,
    program: PathBuf,
    packages: PathBuf,
    /// Where each run leaves its log and what its client saw.
    captured: PathBuf,
}

/// Runs both clients; with `whole` over HTTP and under the newer protocol as well. `env` is what the tests of all crates
/// were built with: otherwise they would be built anew.
///
/// # Errors
///
/// When one cannot be installed, a run fails, or a receipt says something else than its client saw.
pub(crate) fn run(
    workspace: &Workspace,
    whole: bool,
    env: &[(String, OsString)],
) -> Result<Option<String>> {
    let list = workspace.root.join(CLIENTS).join("requirements.txt");
    let python = match venv::with(workspace, "mcp-python", &list)? {
        Ok(python) => python,
        Err(why) => return Ok(Some(format!("SKIPPED: the MCP SDKs: {why}"))),
    };
    if !["node", "npm"]
        .iter()
        .all(|name| tools::there(workspace, name))
    {
        return Ok(Some("SKIPPED: the MCP SDKs: node or npm is absent".into()));
    }
    let packages = install::node(workspace)?;
    let program = program::ai_audit(workspace)?;
    let scripts = workspace.root.join(CLIENTS);
    let clients = [
        Client {
            name: "python",
            command: vec![python, scripts.join("client.py")],
        },
        Client {
            name: "node",
            command: vec!["node".into(), scripts.join("client.mjs")],
        },
    ];
    let captured = workspace.target.join("mcp");
    if captured.exists() {
        fs::remove_dir_all(&captured).with_context(|| captured.display().to_string())?;
    }
    let stage = Stage {
        workspace,
        program,
        packages,
        captured,
    };
    for client in &clients {
        stage.stdio(client, "legacy", Server::Everything)?;
        stage.own(client, "legacy")?;
        if whole {
            stage.http(client, "legacy", Server::Everything)?;
            stage.stdio(client, "2026-07-28", Server::Own)?;
            stage.http(client, "2026-07-28", Server::Own)?;
        }
    }
    // What the tests of all crates have built is there: by itself the crate would be built anew, with other
    // features of what it stands on.
    let tested = stage.program.parent() == Some(workspace.target.join("debug").as_path());
    let cmd = match tested {
        true => ci::all_tests(workspace, ci::Pdf::of(!whole)).envs(env),
        false => Cmd::cargo(workspace).args(["test", "--package", "ai-audit-mcp-proxy"]),
    };
    cmd.args(["--quiet", "--test", "it", "sdk::"])
        .env("AI_AUDIT_MCP_CAPTURED", &stage.captured)
        .run()?;
    Ok(None)
}

/// Which server is behind the proxy.
#[derive(Debug, Clone, Copy)]
enum Server {
    /// `@modelcontextprotocol/server-everything`, which speaks 2025-11-25.
    Everything,
    /// Ours, which speaks both.
    Own,
}

impl Server {
    const fn calls(self) -> &'static str {
        match self {
            Self::Everything => CALLS,
            Self::Own => OWN_CALLS,
        }
    }
}

impl Stage<'_> {
    /// A folder with a log to record in, and one to ask about.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.captured.join(name);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        for log in ["audit", "evidence"] {
            Cmd::new(self.workspace, &self.program)
                .args(["init", "--quiet", "--name", "example.org/mcp"])
                .arg(folder.join(log))
                .run()?;
        }
        Ok(folder)
    }

    /// The server's command for standard input and output.
    fn command(&self, server: Server, folder: &Path) -> Vec<PathBuf> {
        match server {
            Server::Everything => vec!["node".into(), self.everything(), "stdio".into()],
            Server::Own => vec![
                self.program.clone(),
                "mcp".into(),
                "--root".into(),
                folder.into(),
            ],
        }
    }

    fn everything(&self) -> PathBuf {
        self.packages
            .join("node_modules/@modelcontextprotocol/server-everything/dist/index.js")
    }

    fn client(&self, client: &Client, mode: &str, calls: &str, out: &Path) -> Result<Cmd> {
        let (program, script) = client.command.split_first().context("a client")?;
        Ok(Cmd::new(self.workspace, program)
            .args(script)
            .args([mode, calls])
            .arg(out)
            .env("MCP_PACKAGES", &self.packages))
    }

    /// Through the proxy, over standard input and output.
    fn stdio(&self, client: &Client, mode: &str, server: Server) -> Result<()> {
        let folder = self.folder(&format!("{}-stdio-{mode}", client.name))?;
        self.client(client, mode, server.calls(), &folder.join("saw.json"))?
            .arg("--")
            .arg(&self.program)
            .arg("mcp-proxy")
            .arg(folder.join("audit"))
            .arg("--")
            .args(self.command(server, &folder))
            .run()
            .with_context(|| format!("{} {mode} over stdio", client.name))?;
        self.verify(&folder)
    }

    /// Through the proxy, over streamable HTTP.
    fn http(&self, client: &Client, mode: &str, server: Server) -> Result<()> {
        let folder = self.folder(&format!("{}-http-{mode}", client.name))?;
        let (upstream, url) = match server {
            Server::Own => {
                let mut command = Command::new(&self.program);
                command.args(["mcp", "--json", "--listen", "127.0.0.1:0", "--root"]);
                command.arg(&folder);
                Background::that_says_where(command)?
            }
            Server::Everything => {
                // It takes no port 0; this one was free a moment ago.
                let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
                let mut command = Command::new("node");
                command.arg(self.everything()).arg("streamableHttp");
                command.env("PORT", port.to_string());
                let upstream = Background(command.stdout(Stdio::null()).spawn()?);
                wait_for(port)?;
                (upstream, format!("http://127.0.0.1:{port}/mcp"))
            }
        };
        let mut command = Command::new(&self.program);
        command.arg("mcp-proxy").arg(folder.join("audit"));
        command.args(["--json", "--listen", "127.0.0.1:0", "--upstream", &url]);
        let (proxy, url) = Background::that_says_where(command)?;
        self.client(client, mode, server.calls(), &folder.join("saw.json"))?
            .arg(&url)
            .run()
            .with_context(|| format!("{} {mode} over HTTP", client.name))?;
        proxy.end()?;
        drop(upstream);
        self.verify(&folder)
    }

    /// Without a proxy: the client asks us.
    fn own(&self, client: &Client, mode: &str) -> Result<()> {
        let folder = self.folder(&format!("{}-own", client.name))?;
        // No run of the proxy: nothing of it is held against receipts.
        fs::remove_dir_all(folder.join("audit"))?;
        let out = folder.join("saw.json");
        self.client(client, mode, OWN_CALLS, &out)?
            .arg("--")
            .args(self.command(Server::Own, &folder))
            .run()
            .with_context(|| format!("{} {mode} and ai-audit mcp", client.name))?;
        let saw = fs::read_to_string(&out)?;
        for told in [
            "verify_evidence_package",
            "verified_against",
            "proves nothing",
            "below a root",
        ] {
            if !saw.contains(told) {
                bail!("{} saw nothing of {told:?}: {saw}", client.name);
            }
        }
        Ok(())
    }

    fn verify(&self, folder: &Path) -> Result<()> {
        Cmd::new(self.workspace, &self.program)
            .arg("verify")
            .arg(folder.join("audit"))
            .arg("--key")
            .arg(folder.join("audit/log.pub"))
            .args(["--require", "integrity,attribution", "--quiet"])
            .run()
    }
}

/// A process that ends with us.
struct Background(Child);

impl Background {
    /// Starts one of our servers, which says on its first line where it listens.
    fn that_says_where(mut command: Command) -> Result<(Self, String)> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take();
        let running = Self(child);
        let mut line = String::new();
        BufReader::new(output.context("its output")?).read_line(&mut line)?;
        let said: serde_json::Value = serde_json::from_str(&line).context("where it listens")?;
        let url = said.get("url").and_then(serde_json::Value::as_str);
        Ok((running, url.context("where it listens")?.to_owned()))
    }

    /// Has it end in order.
    fn end(mut self) -> Result<()> {
        let id = self.0.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status()?;
        let ended = self.0.wait()?;
        match told.success() && ended.success() {
            true => Ok(()),
            false => bail!("the proxy ended with {ended}"),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(port: u16) -> Result<()> {
    for _ in 0..600 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    bail!("nobody listens at port {port} after a minute")
}
