//! Servers of S3 that the tests start: moto and SeaweedFS, both of PyPI.

use ai_audit_store_object::{Place, S3Bucket, S3Keys};
use ai_audit_testkit::writers::Killable;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest time in which a server starts.
const START: Duration = Duration::from_secs(240);
/// Ports that one server takes below, and as many 10,000 above.
const PORTS: u16 = 4;

/// A server, stopped when it is dropped, also by a test that fails.
pub(crate) struct Server {
    child: Child,
    kind: Kind,
    port: u16,
    folder: TempDir,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Moto,
    Weed,
}

impl Server {
    /// SeaweedFS: all of its servers in one process. None, said aloud, where there is no such program.
    pub(crate) fn weed() -> Option<Self> {
        Self::start(Kind::Weed, "SeaweedFS", "weed")
    }

    /// moto, which keeps everything in memory.
    pub(crate) fn moto() -> Option<Self> {
        Self::start(Kind::Moto, "moto", "moto_server")
    }

    fn start(kind: Kind, what: &str, program: &str) -> Option<Self> {
        let known = Command::new(program)
            .arg("--help")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if known.is_err() {
            println!("SKIPPED: the store in objects on {what}: {program} is absent");
            return None;
        }
        // Somebody may take a port before the server does.
        for _ in 0..10 {
            let (port, folder) = (free_ports(), crate::rig::folder());
            let child = spawn(kind, port, &folder);
            let mut server = Self {
                child,
                kind,
                port,
                folder,
            };
            if server.answers() {
                return Some(server);
            }
        }
        panic!("{program} does not start");
    }

    /// A bucket in it, with this prefix.
    pub(crate) fn bucket(&self, prefix: &str) -> Place {
        self.through(self.address().port(), prefix)
    }

    /// The same over another port, which leads there.
    pub(crate) fn through(&self, port: u16, prefix: &str) -> Place {
        let mut bucket = S3Bucket::new("audit", "us-east-1");
        bucket.prefix = prefix.into();
        bucket.endpoint = Some(format!("http://127.0.0.1:{port}"));
        bucket.keys = Some(S3Keys {
            id: "tests".into(),
            secret: "hunter2".into(),
            token: None,
        });
        Place::S3(bucket)
    }

    /// Another bucket, which keeps versions or, later, does not any more.
    pub(crate) fn versioned_bucket(&self, keeps: bool) -> Place {
        let address = self.address();
        if keeps {
            assert_eq!(put(address, "/versioned", "", ""), Some(200));
        }
        let status = if keeps { "Enabled" } else { "Suspended" };
        let told =
            format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        assert_eq!(put(address, "/versioned?versioning", "", &told), Some(200));
        self.bucket_named("versioned")
    }

    /// Another bucket, that locks what is written to it for a day.
    pub(crate) fn locked_bucket(&self) -> Place {
        let address = self.address();
        let lock = "x-amz-bucket-object-lock-enabled: true\r\n";
        assert_eq!(put(address, "/locked", lock, ""), Some(200));
        let rule = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
                    <Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
        assert_eq!(put(address, "/locked?object-lock", "", rule), Some(200));
        self.bucket_named("locked")
    }

    fn bucket_named(&self, name: &str) -> Place {
        match self.bucket("") {
            Place::S3(mut bucket) => {
                bucket.bucket = name.into();
                Place::S3(bucket)
            }
            other => other,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let port = match self.kind {
            Kind::Moto => self.port,
            Kind::Weed => self.port + 3,
        };
        (Ipv4Addr::LOCALHOST, port).into()
    }

    /// Ends it at once, as a power cut would but for the disk.
    pub(crate) fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Starts it again on the same folder and ports.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.kind, self.port, &self.folder);
        assert!(self.answers(), "the server does not start again");
    }

    /// Waits until it has the bucket; false where the program ended instead.
    fn answers(&mut self) -> bool {
        let start = Instant::now();
        while !matches!(ask(self.address()), Some(200 | 409)) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(start.elapsed() < START, "the server does not answer");
            std::thread::sleep(Duration::from_millis(200));
        }
        true
    }
}

impl Killable for Server {
    fn kill(&mut self) {
        Self::kill(self);
    }

    fn start_again(&mut self) {
        Self::start_again(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks for the bucket to be made, and gives the status of the answer.
fn ask(address: SocketAddr) -> Option<u16> {
    put(address, "/audit", "", "")
}

fn put(address: SocketAddr, path: &str, head: &str, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(START)).ok()?;
    let text = format!(
        "PUT {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\nconnection: close\r\n{head}\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    let status = core::str::from_utf8(&answer).ok()?.split(' ').nth(1)?;
    status.parse().ok()
}

/// Ports that nobody listens on, below those that the system gives to whoever asks for any.
fn free_ports() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 4000).unwrap();
    loop {
        let turn = NEXT.fetch_add(PORTS, Ordering::SeqCst);
        let first = 11_000 + (own + turn) % 8_000;
        let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if (first..first + PORTS).all(|port| free(port) && free(port + 10_000)) {
            return first;
        }
    }
}

fn spawn(kind: Kind, port: u16, folder: &TempDir) -> Child {
    let mut command = match kind {
        Kind::Moto => {
            let mut command = Command::new("moto_server");
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            command
        }
        Kind::Weed => {
            let mut command = Command::new("weed");
            command
                .arg("server")
                .arg(format!("-dir={}", folder.path().display()))
                .args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"])
                .arg(format!("-master.port={port}"))
                .arg(format!("-volume.port={}", port + 1))
                .arg(format!("-filer.port={}", port + 2))
                .arg(format!("-s3.port={}", port + 3))
                .args(["-volume.max=8", "-master.volumeSizeLimitMB=256"])
                .arg("-master.telemetry=false")
                // Others have fixed ports, which two servers on one machine cannot share.
                .args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
            command
        }
    };
    command
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
