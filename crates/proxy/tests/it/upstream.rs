//! An upstream that does to each connection what a test says.

use crate::place::{find, more};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What came to an upstream: the bytes of requests, one by one.
type Came = Arc<Mutex<Vec<Vec<u8>>>>;

/// An upstream on a port of its own, as long as the process lives.
pub(crate) struct Upstream {
    address: SocketAddr,
    came: Came,
}

/// What is done with a request, of which the head and the body are given.
type Act = dyn Fn(&mut TcpStream, &str, &[u8]) -> bool + Send + Sync;

impl Upstream {
    /// Does `act` with each request; when that says false, the connection is closed.
    pub(crate) fn new(
        act: impl Fn(&mut TcpStream, &str, &[u8]) -> bool + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (came, act): (Came, Arc<Act>) = (Came::default(), Arc::new(act));
        let kept = Arc::clone(&came);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (act, came) = (Arc::clone(&act), Arc::clone(&kept));
                std::thread::spawn(move || serve(&mut stream.unwrap(), &*act, &came));
            }
        });
        Self { address, came }
    }

    /// Answers every request with these bytes and closes nothing.
    pub(crate) fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::new(move |stream, _, _| stream.write_all(&bytes).is_ok())
    }

    /// Answers every request with a document.
    pub(crate) fn answering(body: &str) -> Self {
        Self::saying(ok("application/json", body))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that came, as they were.
    pub(crate) fn came(&self) -> Vec<Vec<u8>> {
        self.came.lock().unwrap().clone()
    }
}

/// An answer with a length.
pub(crate) fn ok(kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The head of a stream of events, in chunks.
pub(crate) const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Writes a chunk.
pub(crate) fn chunk(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let mut all = format!("{:x}\r\n", bytes.len()).into_bytes();
    all.extend_from_slice(bytes);
    all.extend_from_slice(b"\r\n");
    stream.write_all(&all).is_ok()
}

fn serve(stream: &mut TcpStream, act: &Act, came: &Came) {
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                break end + 4;
            }
            if !more(stream, &mut bytes) {
                return;
            }
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let len = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let len = name.eq_ignore_ascii_case("content-length");
            len.then(|| value.trim().parse::<usize>().unwrap())
        });
        let end_of_all = end + len.unwrap_or(0);
        while bytes.len() < end_of_all {
            if !more(stream, &mut bytes) {
                return;
            }
        }
        came.lock().unwrap().push(bytes[..end_of_all].to_vec());
        let body = bytes[end..end_of_all].to_vec();
        if !act(stream, &head, &body) {
            return;
        }
        bytes.drain(..end_of_all);
    }
}

impl Upstream {
    /// Speaks TLS with this certificate, and answers each connection's first request with these bytes.
    pub(crate) fn tls(key: &rcgen::CertifiedKey<rcgen::KeyPair>, answer: &'static str) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let private = rustls_pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private.unwrap())
            .unwrap();
        let (config, came) = (Arc::new(config), Came::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::clone(&came);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
                let mut bytes = vec![0; 16 << 10];
                // Who does not trust the certificate says nothing more.
                if let Ok(len) = std::io::Read::read(&mut stream, &mut bytes) {
                    kept.lock().unwrap().push(bytes[..len].to_vec());
                    let _ = stream.write_all(answer.as_bytes());
                    let _ = stream.flush();
                }
            }
        });
        Self { address, came }
    }
}
