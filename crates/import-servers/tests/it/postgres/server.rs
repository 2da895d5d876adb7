//! A PostgreSQL of Debian's, with a cluster of its own for one test.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::servers::{Receipt, free_port, is_up};

/// Where Debian puts each version's programs, which are in no search path.
const POSTGRES: &str = "/usr/lib/postgresql";

/// The tables as the library makes them.
pub(super) const TABLES: &str = "
    CREATE TABLE ai_audit_receipts (receipt_id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL,
                                    timestamp TIMESTAMPTZ NOT NULL, payload JSONB NOT NULL);
    CREATE TABLE ai_audit_batch_seals (batch_id TEXT PRIMARY KEY, sealed_at TIMESTAMPTZ NOT NULL,
                                       payload JSONB NOT NULL);";

/// Stopped when it is dropped, also by a test that fails.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    programs: PathBuf,
    pub(super) folder: TempDir,
}

impl Server {
    /// A cluster where whoever comes from this machine is believed, with an empty database `audit`. None, said
    /// aloud, where there is no such program.
    pub(super) fn start() -> Option<Self> {
        Self::start_with(&[], |_| ())
    }

    /// The same with settings, which may stand in files of the cluster's folder.
    pub(super) fn start_with(settings: &[&str], prepare: impl Fn(&Path)) -> Option<Self> {
        let Some(programs) = programs() else {
            println!("SKIPPED: PostgreSQL as a source: initdb is absent");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        let data = folder.path().join("data");
        let done = as_user(&programs.join("initdb"))
            .args([
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-N",
                "-U",
                "postgres",
                "-D",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        prepare(&data);
        // Somebody may take the port before the server does.
        for _ in 0..5 {
            let port = free_port();
            let mut command = as_user(&programs.join("postgres"));
            command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
            command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
            command.arg("-c").arg(format!(
                "unix_socket_directories={}",
                folder.path().display()
            ));
            for setting in settings {
                command.args(["-c", setting]);
            }
            let log = fs::File::create(folder.path().join("log")).unwrap();
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log);
            let mut child = command.spawn().unwrap();
            if is_up(&mut child, port) {
                let server = Self {
                    child,
                    port,
                    programs,
                    folder,
                };
                server.wait_until_it_takes_logins();
                server.sql_in("postgres", "CREATE DATABASE audit");
                return Some(server);
            }
        }
        let log = fs::read_to_string(folder.path().join("log")).unwrap();
        panic!("PostgreSQL does not start: {log}");
    }

    fn wait_until_it_takes_logins(&self) {
        for _ in 0..500 {
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status();
            if ready.unwrap().success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("PostgreSQL takes no logins");
    }

    /// The database `audit` for a user.
    pub(super) fn url(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/audit", self.port)
    }

    /// Runs statements as the owner of everything, and gives the rows, a column after the other.
    pub(super) fn sql(&self, statements: &str) -> String {
        self.sql_in("audit", statements)
    }

    fn sql_in(&self, database: &str, statements: &str) -> String {
        let mut child = Command::new(self.programs.join("psql"))
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                "postgres",
                "-d",
                database,
            ])
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let statements = statements.to_string();
        let writer = std::thread::spawn(move || input.write_all(statements.as_bytes()));
        let done = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap().trim_end().into()
    }

    /// As the library writes a receipt.
    pub(super) fn write(&self, receipts: &[Receipt]) {
        let rows: String = receipts
            .iter()
            .map(|receipt| {
                format!(
                    "INSERT INTO ai_audit_receipts VALUES ({}, {}, {}, {});\n",
                    quoted(&receipt.id),
                    quoted(receipt.tenant),
                    quoted(&receipt.timestamp()),
                    quoted(&receipt.json())
                )
            })
            .collect();
        self.sql(&rows);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // At once, but so that it takes its shared memory with it.
        let stopped = as_user(&self.programs.join("pg_ctl"))
            .args(["stop", "-m", "immediate", "-D"])
            .arg(self.folder.path().join("data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

/// A text as SQL has it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The folder of the newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = Path::new(POSTGRES).read_dir().ok()?;
    let found = versions.filter_map(|version| {
        let programs = version.ok()?.path().join("bin");
        programs.join("initdb").is_file().then_some(programs)
    });
    found.max()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// PostgreSQL does not run as root.
fn as_user(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

/// Gives a file or folder to whom PostgreSQL runs as.
pub(super) fn give(path: &Path) {
    if is_root() {
        let done = Command::new("chown").arg("postgres").arg(path).status();
        assert!(done.unwrap().success());
    }
}
