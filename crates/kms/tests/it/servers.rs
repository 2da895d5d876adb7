//! What all servers of these tests need: a port, a wait, a program; and an endpoint of ours that answers as it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ai_audit_kms::Patience;

/// Longest time in which a server starts.
const START: Duration = Duration::from_secs(180);

/// Patience enough for a loaded machine.
pub(crate) fn patient() -> Patience {
    Patience {
        timeout: Duration::from_secs(60),
        deadline: Duration::from_secs(120),
        tries: 4,
        backoff: Duration::from_millis(1),
    }
}

/// A program that was started, and is stopped when this is dropped, also by a test that fails.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    /// Starts a program whose arguments depend on the port; none, said aloud, where there is none.
    pub(crate) fn start(
        what: &str,
        program: &str,
        command: impl Fn(&mut Command, u16),
    ) -> Option<Self> {
        // Somebody may take the port before the server does.
        for _ in 0..20 {
            // Below those that the system gives to whoever asks for any, as our endpoints do: one of them
            // would be taken for the server.
            let Some(port) = free_port() else {
                continue;
            };
            let mut started = Command::new(program);
            command(&mut started, port);
            let started = started
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let Ok(mut child) = started else {
                println!("SKIPPED: {what}: {program} is absent");
                return None;
            };
            if is_up(&mut child, port) {
                let url = format!("http://127.0.0.1:{port}");
                return Some(Self { child, url });
            }
        }
        panic!("{program} does not start");
    }
}

/// One of those below what the system gives to whoever asks for any, if nobody listens on it.
pub(crate) fn free_port() -> Option<u16> {
    let mut random = [0; 2];
    getrandom::fill(&mut random).unwrap();
    let port = 10_000 + u16::from_ne_bytes(random) % 20_000;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .is_ok()
        .then_some(port)
}

fn is_up(child: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(start.elapsed() < START, "the server does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    // Somebody else's server may have been there first: then this one ends.
    std::thread::sleep(Duration::from_millis(300));
    child.try_wait().unwrap().is_none()
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Came {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(has, _)| has == name);
        found.map_or("", |(_, value)| value)
    }

    #[cfg(feature = "aws")]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What an endpoint of ours does with a request.
pub(crate) enum Answer {
    /// Status, further head lines, body.
    Says(u16, &'static str, String),
    /// Closes the connection.
    Nothing,
    /// Says no word until the client goes.
    Silence,
}

/// An endpoint on the loopback that answers by a function of the request and its number, from 0 on. It ends with the test's process.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) asked: Arc<AtomicUsize>,
    pub(crate) came: Arc<Mutex<Vec<Came>>>,
}

impl Endpoint {
    pub(crate) fn new(answer: impl Fn(&Came, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, came) = (Arc::<AtomicUsize>::default(), Arc::default());
        let endpoint = Self {
            url,
            asked: Arc::clone(&asked),
            came: Arc::clone(&came),
        };
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, asked, came) =
                    (Arc::clone(&answer), Arc::clone(&asked), Arc::clone(&came));
                std::thread::spawn(move || {
                    serve(&stream, |request| {
                        let number = asked.fetch_add(1, Ordering::SeqCst);
                        came.lock().unwrap().push(request.clone());
                        answer(&request, number)
                    });
                });
            }
        });
        endpoint
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn serve(stream: &TcpStream, act: impl Fn(Came) -> Answer) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|len| *len > 0)?;
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok().filter(|len| *len > 0)?;
            let Some((name, value)) = header.trim_end().split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut came = Came {
            line: line.trim_end().to_owned(),
            headers,
            body: String::new(),
        };
        let len: usize = came.header("content-length").parse().unwrap_or(0);
        let mut body = vec![0; len];
        reader.read_exact(&mut body).ok()?;
        came.body = String::from_utf8_lossy(&body).into_owned();
        match act(came) {
            Answer::Says(status, head, body) => {
                let text = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{head}\r\n{body}",
                    body.len()
                );
                (&mut &*stream).write_all(text.as_bytes()).ok()?;
            }
            Answer::Nothing => return None,
            Answer::Silence => {
                // Until the client has enough of it.
                let mut one = [0];
                reader.read_exact(&mut one).ok();
                return None;
            }
        }
    }
}
