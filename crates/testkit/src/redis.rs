//! A Redis of Debian's, started for one test in a folder and on a port of its own.

use crate::writers::Killable;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest time in which a server starts.
const START: Duration = Duration::from_secs(60);

/// A server that syncs before it answers; stopped when it is dropped, also by a test that fails.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
    folder: TempDir,
    before: Vec<String>,
    arguments: Vec<String>,
}

impl RedisServer {
    /// Starts one; these arguments come after ours, and count more. None, said aloud, where there is no such
    /// program.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Option<Self> {
        Self::start_under(&[], arguments)
    }

    /// The same on a disk in memory, where there is one: for what is long and has to do with no disk.
    #[must_use]
    pub fn start_in_memory(arguments: &[&str]) -> Option<Self> {
        let memory = Path::new("/dev/shm");
        match memory.is_dir() {
            true => Self::start_in(tempfile::tempdir_in(memory).unwrap(), &[], arguments),
            false => Self::start(arguments),
        }
    }

    /// The same by another program, which is given the server's command line behind its own.
    #[must_use]
    pub fn start_under(before: &[&str], arguments: &[&str]) -> Option<Self> {
        Self::start_in(tempfile::tempdir().unwrap(), before, arguments)
    }

    fn start_in(folder: TempDir, before: &[&str], arguments: &[&str]) -> Option<Self> {
        let owned = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let (before, arguments) = (owned(before), owned(arguments));
        if Command::new("redis-server")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_err()
        {
            println!("SKIPPED: the store in Redis: redis-server is absent");
            return None;
        }
        // Somebody may take the port before the server does.
        for _ in 0..5 {
            let port = free_port();
            let mut child = spawn(&before, port, folder.path(), &arguments);
            if answers(&mut child, port) {
                return Some(Self {
                    child,
                    port,
                    folder,
                    before,
                    arguments,
                });
            }
        }
        panic!("redis-server does not start with {arguments:?}");
    }

    /// The port of the loopback.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The address of the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The address as the client takes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it at once, as a power cut would but for the disk.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it has ended by itself; waits for that a while.
    pub fn ends(&mut self) -> bool {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if start.elapsed() > START {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Starts it again on the same folder and port, by itself, when it was killed or has ended.
    pub fn start_again(&mut self) {
        self.before.clear();
        let start = Instant::now();
        loop {
            self.child = spawn(&self.before, self.port, self.folder.path(), &self.arguments);
            if answers(&mut self.child, self.port) {
                return;
            }
            assert!(start.elapsed() < START, "redis-server does not start again");
        }
    }
}

impl Killable for RedisServer {
    fn kill(&mut self) {
        Self::kill(self);
    }

    fn start_again(&mut self) {
        Self::start_again(self);
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(before: &[String], port: u16, folder: &Path, arguments: &[String]) -> Child {
    let mut line: Vec<String> = before.to_vec();
    line.push("redis-server".into());
    let mut command = Command::new(&line[0]);
    command
        .args(&line[1..])
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "yes"])
        .args(["--appendfsync", "always"])
        .arg("--dir")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until it answers, having loaded its files; false where the program ended instead.
fn answers(child: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            stream.set_read_timeout(Some(START)).unwrap();
            let mut answer = [0; 5];
            // One that wants a password is up, too.
            if stream.write_all(b"PING\r\n").is_ok()
                && stream.read_exact(&mut answer).is_ok()
                && (&answer == b"+PONG" || &answer == b"-NOAU")
            {
                return true;
            }
        }
        assert!(start.elapsed() < START, "the server does not answer");
        std::thread::sleep(Duration::from_millis(20));
    }
}
