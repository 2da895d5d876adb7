//! A proxy of a directory of its own, and a client that writes and reads bytes.

use crate::upstream::Upstream;
use ai_audit_core::{Exit, Question, UnverifiedReceipt};
use ai_audit_directory::{InitOptions, LogDirectory, REDACTION_POLICY, Settings, Writer, init};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_pii::Policy;
use ai_audit_proxy::{Counts, ProxyError, ProxyOptions, serve};
use ai_audit_store::LogName;
use ai_audit_verify::{Pin, Report, TrustPolicy};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A folder with a log directory in `audit`. Its digests are plain, so that tests can make them.
pub(crate) struct Place {
    folder: TempDir,
    key_line: String,
    /// How many records may wait to be written.
    pub(crate) capacity: usize,
}

/// A proxy that runs.
pub(crate) struct Proxy {
    pub(crate) place: Place,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<Counts, ProxyError>>>,
}

/// Receipts that making a log writes and that no test looks at: its genesis and its first start.
const MADE: u64 = 2;

fn settings() -> Settings {
    Settings {
        keyed_digests: false,
        ..Settings::default()
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let mut options = InitOptions::new("example.org/test");
        let redaction = Policy::default().to_json();
        options.policy.push((REDACTION_POLICY.into(), redaction));
        let log = init(&path, &options, settings(), "test").unwrap();
        Self {
            key_line: log.key_line.to_string(),
            capacity: settings().queue_capacity,
            folder,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("audit")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn directory(&self) -> LogDirectory {
        LogDirectory::open(&self.path(), settings()).unwrap()
    }

    /// Verifies the log with what the auditor was given.
    pub(crate) fn verify(&self) -> Report {
        let policy = TrustPolicy::new().pin(Pin::parse(&self.key_line).unwrap());
        let (directory, log) = (self.directory(), LogName::default());
        let size = directory.head(&log).unwrap().size();
        let report = directory.verify(&log, &policy.min_size(size)).unwrap();
        assert_eq!(
            report.exit(&Question::DEFAULT),
            Exit::Verified,
            "{report:?}"
        );
        report
    }

    /// What the log has behind what making it wrote: a stop, a start, and then what the proxy did.
    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        let (directory, log) = (self.directory(), LogName::default());
        let size = directory.head(&log).unwrap().size();
        (MADE..size)
            .map(|seq| Receipt(directory.receipt(&log, seq).unwrap()))
            .collect()
    }

    pub(crate) fn serve(self, upstream: &Upstream) -> Proxy {
        self.serve_with(upstream, Keep::default(), |_| {})
    }

    pub(crate) fn serve_with(
        self,
        upstream: &Upstream,
        keep: Keep,
        change: impl FnOnce(&mut ProxyOptions),
    ) -> Proxy {
        let upstream = ai_audit_proxy::Upstream::parse(&upstream.url()).unwrap();
        self.serve_to(upstream, keep, change)
    }

    pub(crate) fn serve_to(
        self,
        upstream: ai_audit_proxy::Upstream,
        keep: Keep,
        change: impl FnOnce(&mut ProxyOptions),
    ) -> Proxy {
        let mut options = ProxyOptions::new(LogName::default());
        change(&mut options);
        let settings = Settings {
            queue_capacity: self.capacity,
            ..settings()
        };
        let writer = Writer::open(&self.path(), settings, "test").unwrap();
        let intake = Intake::new(writer, keep).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            serve(intake, listener, upstream, options, async {
                // A sender that is gone stops it, too.
                let _ = stopped.await;
            })
        });
        Proxy {
            place: self,
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

/// A sealed receipt.
pub(crate) struct Receipt(Vec<u8>);

impl Receipt {
    pub(crate) fn parsed(&self) -> UnverifiedReceipt<'_> {
        UnverifiedReceipt::parse(&self.0).unwrap()
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The lines of the head behind the first one.
    pub(crate) head: Vec<String>,
    pub(crate) body: Vec<u8>,
    /// Whether the connection was closed before the body's end.
    pub(crate) cut: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads one answer to its end.
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                break end;
            }
            assert!(
                more(stream, &mut bytes),
                "no head: {:?}",
                String::from_utf8_lossy(&bytes)
            );
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n").map(str::to_owned);
        let status = lines.next().unwrap();
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Self {
            status,
            head: lines.collect(),
            body: Vec::new(),
            cut: false,
        };
        let mut rest = bytes[end + 4..].to_vec();
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.chunks(stream, rest);
        } else if let Some(len) = answer.header("content-length") {
            let len: usize = len.parse().unwrap();
            while rest.len() < len && more(stream, &mut rest) {}
            answer.cut = rest.len() < len;
            answer.body = rest;
        } else {
            while more(stream, &mut rest) {}
            answer.body = rest;
        }
        answer
    }

    fn chunks(&mut self, stream: &mut TcpStream, mut rest: Vec<u8>) {
        loop {
            let Some(end) = find(&rest, b"\r\n") else {
                if !more(stream, &mut rest) {
                    self.cut = true;
                    return;
                }
                continue;
            };
            let len = core::str::from_utf8(&rest[..end]).unwrap();
            let len = usize::from_str_radix(len, 16).unwrap();
            let needed = end + 2 + len + 2;
            while rest.len() < needed {
                if !more(stream, &mut rest) {
                    self.cut = true;
                    return;
                }
            }
            self.body.extend_from_slice(&rest[end + 2..end + 2 + len]);
            rest.drain(..needed);
            if len == 0 {
                return;
            }
        }
    }
}

pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Reads more; false at the end, or where the connection broke off.
pub(crate) fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> bool {
    let mut piece = [0; 16 << 10];
    match stream.read(&mut piece) {
        Ok(0) | Err(_) => false,
        Ok(len) => {
            bytes.extend_from_slice(&piece[..len]);
            true
        }
    }
}

/// A request as a client writes it.
pub(crate) fn request(path: &str, head: &[&str], body: &str) -> String {
    let mut text =
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    for line in head {
        text += line;
        text += "\r\n";
    }
    format!("{text}Content-Length: {}\r\n\r\n{body}", body.len())
}

impl Proxy {
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// Sends bytes and reads one answer.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> Answer {
        let mut stream = self.connect();
        stream.write_all(bytes.as_ref()).unwrap();
        Answer::read(&mut stream)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.send(request(path, &[], body))
    }

    /// Waits until there are so many [receipts](Place::receipts).
    pub(crate) fn wait_for(&self, size: u64) {
        let size = MADE + size;
        let (directory, log) = (self.place.directory(), LogName::default());
        let begun = Instant::now();
        while directory.head(&log).unwrap().size() < size {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{size} receipts never came"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it in order.
    pub(crate) fn end(mut self) -> (Place, Counts) {
        let _ = self.stop.take().unwrap().send(());
        let counts = self.thread.take().unwrap().join().unwrap().unwrap();
        (self.place, counts)
    }
}
