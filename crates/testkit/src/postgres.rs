//! A PostgreSQL of Debian's, with a cluster of its own for one test: started, killed, started again,
//! copied to a standby.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where Debian puts each version's programs, which are in no search path.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// Longest time in which a server starts or stops.
const LONG: Duration = Duration::from_secs(60);

/// A server. It is stopped when it is dropped, also by a test that fails.
#[derive(Debug)]
pub struct PostgresServer {
    child: Option<Child>,
    /// Whether it ran before: who was connected looks for it on this port.
    ran: bool,
    port: u16,
    programs: PathBuf,
    folder: TempDir,
    settings: Vec<String>,
}

impl PostgresServer {
    /// A cluster where whoever comes from this machine is believed, with an empty database `audit` and its
    /// owner `postgres`. `prepare` is given the folder of its data before it starts. None where there is no
    /// such program, which is said aloud: `what` is what is not tested then.
    pub fn start(what: &str, settings: &[&str], prepare: impl Fn(&Path)) -> Option<Self> {
        let Some(programs) = programs() else {
            println!("SKIPPED: {what}: initdb of PostgreSQL is absent");
            return None;
        };
        let mut server = Self::in_new_folder(programs, settings);
        let mut init = as_user(&server.programs.join("initdb"));
        init.args(["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "-U"]);
        init.arg("postgres").arg("-D").arg(server.data());
        done(&mut init);
        prepare(&server.data());
        server.run();
        server.sql_in("postgres", "CREATE DATABASE audit");
        Some(server)
    }

    fn in_new_folder(programs: PathBuf, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        give_to_postgres(folder.path());
        Self {
            child: None,
            ran: false,
            port: free_port(),
            programs,
            folder,
            settings: settings.iter().map(|setting| (*setting).into()).collect(),
        }
    }

    /// Starts it, again too: on the port that it had, where those who were connected look for it.
    pub fn run(&mut self) {
        let began = Instant::now();
        while began.elapsed() < LONG {
            let mut command = as_user(&self.programs.join("postgres"));
            let folder = self.folder.path().display();
            command.arg("-D").arg(self.data());
            command.args(["-p", &self.port.to_string()]);
            command.args(["-c", "listen_addresses=127.0.0.1"]);
            command.args(["-c", &format!("unix_socket_directories={folder}")]);
            for setting in &self.settings {
                command.args(["-c", setting]);
            }
            let log = fs::File::options()
                .append(true)
                .create(true)
                .open(self.log_file())
                .unwrap();
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log);
            self.child = Some(command.spawn().unwrap());
            if self.is_up() {
                self.ran = true;
                return;
            }
            if self.ran {
                std::thread::sleep(Duration::from_millis(100));
            } else {
                // Somebody took the port before the server did.
                self.port = free_port();
            }
        }
        panic!("PostgreSQL does not start: {}", self.log());
    }

    /// Waits until it takes logins; false where the program ended instead.
    fn is_up(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < LONG {
            if self.child.as_mut().unwrap().try_wait().unwrap().is_some() {
                return false;
            }
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status().unwrap().success() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("PostgreSQL takes no logins: {}", self.log());
    }

    /// Kills every process of it at once, as a power cut does but for what the system still writes.
    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let id = child.id().to_string();
        let signal = |name: &str, to: &str| {
            // It may have ended by itself.
            let _ = Command::new("kill")
                .args([name, to])
                .stderr(Stdio::null())
                .status();
        };
        // The first one forks no more while it is stopped; once it is dead, the others have another parent.
        signal("-STOP", &id);
        let ps = Command::new("ps")
            .args(["-o", "pid=", "--ppid", &id])
            .output();
        let others = String::from_utf8(ps.unwrap().stdout).unwrap();
        let others: Vec<&str> = others.split_whitespace().collect();
        for other in &others {
            signal("-KILL", other);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let began = Instant::now();
        // One that waits for the disk ends when it has done so, and the next server would not start beside it.
        let lives = |id: &&str| Path::new("/proc").join(id).exists();
        while others.iter().any(lives)
            || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
        {
            assert!(began.elapsed() < LONG, "a process of PostgreSQL lives on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A standby made of what this one has now, which is not told what comes after; it takes reads.
    #[must_use]
    pub fn standby(&self) -> Self {
        let mut standby = Self::in_new_folder(self.programs.clone(), &[]);
        let mut copy = as_user(&self.programs.join("pg_basebackup"));
        copy.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-U",
            "postgres",
        ]);
        copy.args(["-c", "fast", "-X", "stream", "-D"])
            .arg(standby.data());
        done(&mut copy);
        fs::write(standby.data().join("standby.signal"), "").unwrap();
        give_to_postgres(&standby.data().join("standby.signal"));
        standby.run();
        standby
    }

    /// Makes a standby a primary.
    pub fn promote(&self) {
        let mut promote = as_user(&self.programs.join("pg_ctl"));
        done(promote.args(["promote", "-w", "-D"]).arg(self.data()));
    }

    /// The port of the loopback that it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder with its data, its socket and its log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What it wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap()
    }

    /// The database `audit` for a user.
    #[must_use]
    pub fn url(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/audit", self.port)
    }

    /// Runs statements as the owner of everything, and gives the rows, a column after the other.
    pub fn sql(&self, statements: &str) -> String {
        self.sql_in("audit", statements)
    }

    fn sql_in(&self, database: &str, statements: &str) -> String {
        self.try_sql("postgres", database, statements)
            .unwrap_or_else(|error| panic!("{statements}: {error}"))
    }

    /// The same as any user, in any database.
    ///
    /// # Errors
    ///
    /// What the server said.
    pub fn try_sql(&self, user: &str, database: &str, statements: &str) -> Result<String, String> {
        let mut child = Command::new(self.programs.join("psql"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-U", user, "-d", database])
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let statements = statements.to_string();
        let writer = std::thread::spawn(move || input.write_all(statements.as_bytes()));
        let output = child.wait_with_output().unwrap();
        // One that stopped at an error has not read the rest.
        let _ = writer.join().unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap().trim_end().into())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        // At once, but so that it takes its shared memory with it.
        let stopped = as_user(&self.programs.join("pg_ctl"))
            .args(["stop", "-m", "immediate", "-D"])
            .arg(self.data())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            child.kill().ok();
        }
        child.wait().ok();
    }
}

/// A port of the loopback that nobody has at the moment.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The folder of the newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = Path::new(PROGRAMS).read_dir().ok()?;
    let found = versions.filter_map(|version| {
        let programs = version.ok()?.path().join("bin");
        programs.join("initdb").is_file().then_some(programs)
    });
    found.max()
}

/// Whether this process may do everything: PostgreSQL then runs as another user.
#[must_use]
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

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
pub fn give_to_postgres(path: &Path) {
    if is_root() {
        done(Command::new("chown").arg("postgres").arg(path));
    }
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
}
