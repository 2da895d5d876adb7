//! A server that does what a test says, instead of what a witness should.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What a bad witness does with a request, given how many came before it.
type Act = dyn Fn(usize, &str, &mut TcpStream) + Send + Sync;

/// A server that does what the test says, each connection on a thread of its own.
pub(crate) struct Bad {
    pub(crate) url: String,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl Bad {
    pub(crate) fn new(act: impl Fn(usize, &str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, count, act) = (
            Arc::clone(&requests),
            Arc::new(AtomicUsize::new(0)),
            Arc::new(act) as Arc<Act>,
        );
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, count, act) = (Arc::clone(&seen), Arc::clone(&count), Arc::clone(&act));
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let body = request(&mut stream);
                    seen.lock().unwrap().push(body.clone());
                    act(count.fetch_add(1, Ordering::SeqCst), &body, &mut stream);
                });
            }
        });
        Self { url, requests }
    }

    /// One that always answers the same.
    pub(crate) fn answering(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self::new(move |_, _, stream| reply(stream, status, &body))
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// Reads one request and returns its body.
fn request(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

pub(crate) fn reply(stream: &mut TcpStream, status: u16, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A client that has seen enough closes the connection.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
}
