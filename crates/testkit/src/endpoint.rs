//! A small service of objects, as S3 is spoken, which holds conditions or does not, and takes keys or does not, as it is told. It lists
//! nothing.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Looks at `If-None-Match` when it writes.
    pub none_match: bool,
    /// Looks at `If-Match` when it writes.
    pub is_match: bool,
    /// Says which version it made.
    pub versions: bool,
    /// What it answers to anything with a condition, if not what was asked.
    pub refuses: Option<u16>,
}

impl Manner {
    /// As it should be.
    pub const GOOD: Self = Self {
        none_match: true,
        is_match: true,
        versions: false,
        refuses: None,
    };
}

/// Such a service. Ends with the test's process.
#[derive(Debug)]
pub struct Endpoint {
    port: u16,
    /// So many of the next requests are answered with 503.
    pub busy: Arc<AtomicUsize>,
    key: Key,
}

type Objects = Arc<Mutex<HashMap<String, (Vec<u8>, usize)>>>;
/// The id of the only key that it takes; none where it takes any.
type Key = Arc<Mutex<Option<String>>>;

impl Endpoint {
    /// Takes any key.
    #[must_use]
    pub fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (objects, busy) = (Objects::default(), Arc::<AtomicUsize>::default());
        let (left, key) = (Arc::clone(&busy), Key::default());
        let taken = Arc::clone(&key);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (objects, left) = (Arc::clone(&objects), Arc::clone(&left));
                let taken = Arc::clone(&taken);
                std::thread::spawn(move || serve(&stream, manner, &objects, (&left, &taken)));
            }
        });
        Self { port, busy, key }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers requests by any other key with 403 from now on. That they are signed is not looked at.
    pub fn take_only(&self, id: &str) {
        *self.key.lock().unwrap() = Some(id.to_owned());
    }
}

fn takes(key: &Key, headers: &HashMap<String, String>) -> bool {
    let key = key.lock().unwrap();
    let Some(id) = key.as_deref() else {
        return true;
    };
    let said = headers.get("authorization");
    said.is_some_and(|said| said.contains(&format!("Credential={id}/")))
}

fn serve(
    stream: &TcpStream,
    manner: Manner,
    objects: &Objects,
    (busy, key): (&AtomicUsize, &Key),
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|len| *len > 0)?;
        let mut headers = HashMap::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok().filter(|len| *len > 0)?;
            let Some((name, value)) = header.trim_end().split_once(':') else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let len = headers
            .get("content-length")
            .map_or(0, |len| len.parse().unwrap());
        let mut body = vec![0; len];
        reader.read_exact(&mut body).ok()?;
        let mut words = line.split(' ');
        let (method, name) = (words.next()?, words.next()?);
        let less = |left: usize| left.checked_sub(1);
        let is_busy = busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        let (status, head, body) = match is_busy {
            Ok(_) => (503, String::new(), Vec::new()),
            Err(_) if !takes(key, &headers) => (403, String::new(), Vec::new()),
            Err(_) => answer(manner, objects, method, name, &headers, body),
        };
        let text = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{head}\r\n",
            body.len()
        );
        (&mut &*stream).write_all(text.as_bytes()).ok()?;
        (&mut &*stream).write_all(&body).ok()?;
    }
}

fn answer(
    manner: Manner,
    objects: &Objects,
    method: &str,
    name: &str,
    headers: &HashMap<String, String>,
    body: Vec<u8>,
) -> (u16, String, Vec<u8>) {
    let said = |status| (status, String::new(), Vec::new());
    let mut objects = objects.lock().unwrap();
    let found = objects.get(name).cloned();
    let tag = |number: usize| format!("\"{number:032x}\"");
    let held = found.as_ref().map(|(_, number)| tag(*number));
    let (is_match, none_match) = (headers.get("if-match"), headers.get("if-none-match"));
    match method {
        "PUT" => {
            if let Some(status) = manner.refuses
                && (is_match.is_some() || none_match.is_some())
            {
                return said(status);
            }
            if manner.none_match && none_match.is_some() && found.is_some() {
                return said(412);
            }
            if manner.is_match && is_match.is_some() && is_match != held.as_ref() {
                return said(412);
            }
            let number = found.map_or(1, |(_, number)| number + 1);
            objects.insert(name.to_owned(), (body, number));
            let mut head = format!("etag: {}\r\n", tag(number));
            if manner.versions {
                head.push_str(&format!("x-amz-version-id: version{number}\r\n"));
            }
            (200, head, Vec::new())
        }
        "GET" => match found {
            Some(_) if none_match.is_some() && none_match == held.as_ref() => said(304),
            Some((content, number)) => {
                let head = format!(
                    "etag: {}\r\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
                    tag(number)
                );
                (200, head, content)
            }
            None => said(404),
        },
        "DELETE" => {
            objects.remove(name);
            said(204)
        }
        _ => said(405),
    }
}
