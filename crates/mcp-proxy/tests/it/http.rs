//! Streamable HTTP on both sides: an upstream of bare sockets that does as the test says.

use crate::place::Place;
use ai_audit_agentic::ToolStatus;
use ai_audit_directory::{Settings, Writer};
use ai_audit_ingest::Keep;
use ai_audit_intake::Intake;
use ai_audit_mcp_proxy::{Ended, ProxyError, ProxyOptions, run_http};
use ai_audit_store::LogName;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// Requests as an upstream read them: head and body.
type Heard = Arc<Mutex<Vec<(String, String)>>>;

/// An upstream whose answer is made by `answer` from head and body. It closes every connection.
fn upstream(answer: impl Fn(&str, &Value) -> String + Send + 'static) -> (SocketAddr, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() || head.is_empty() {
                continue;
            }
            let body = String::from_utf8(body).unwrap();
            kept.lock().unwrap().push((head.clone(), body.clone()));
            let message = serde_json::from_str(&body).unwrap_or(Value::Null);
            let answer = answer(&head, &message);
            let mut stream = reader.into_inner();
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, heard)
}

fn whole(kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn result(message: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": message["id"], "result": {"content": []}}).to_string()
}

struct Running {
    place: Place,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<Ended, ProxyError>>,
}

impl Running {
    fn before(upstream: SocketAddr) -> Self {
        Self::with(upstream, ProxyOptions::default())
    }

    fn with(upstream: SocketAddr, options: ProxyOptions) -> Self {
        let place = Place::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let writer = Writer::open(&place.path("audit"), Settings::default(), "test").unwrap();
        let intake = Intake::new(writer, Keep::default()).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let url = format!("http://{upstream}/mcp");
        let thread = std::thread::spawn(move || {
            let log = LogName::default();
            run_http(intake, log, listener, &url, options, async {
                let _ = stopped.await;
            })
        });
        Self {
            place,
            address,
            stop,
            thread,
        }
    }

    fn end(self) -> Place {
        let _ = self.stop.send(());
        self.thread.join().unwrap().unwrap();
        self.place
    }

    /// Posts a body with more headers; status and text.
    fn post(&self, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let mut request = agent
            .post(format!("http://{}/mcp", self.address))
            .header("Accept", "application/json, text/event-stream");
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.send(body).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), text)
    }

    fn call(&self, id: u64) -> (u16, String) {
        self.post(&[], &call(id))
    }
}

fn call(id: u64) -> String {
    format!(
        r#"{{ "jsonrpc":"2.0", "id":{id}, "method":"tools/call", "params":{{"name":"echo","arguments":{{}}}}}}"#
    )
}

fn ended(place: &Place) -> (ToolStatus, String) {
    place.only().end.unwrap()
}

#[test]
fn a_call_passes_byte_for_byte_and_credentials_are_nowhere() {
    let (address, heard) = upstream(|_, message| whole("application/json", &result(message)));
    let running = Running::before(address);
    let headers = [
        ("Authorization", "Bearer sk-secret"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "=?base64?ZWNobw==?="),
        ("x-ai-audit-session", "chat-7"),
    ];
    let (status, text) = running.post(&headers, &call(1));
    assert_eq!(
        (status, text.as_str()),
        (200, r#"{"id":1,"jsonrpc":"2.0","result":{"content":[]}}"#)
    );
    let (head, body) = heard.lock().unwrap()[0].clone();
    assert_eq!(body, call(1));
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("authorization: bearer sk-secret")
            && head.contains(&format!("host: {address}"))
    );
    assert!(
        !head.contains("x-ai-audit") && !head.contains("accept-encoding"),
        "{head}"
    );
    let place = running.end();
    assert_eq!(ended(&place), (ToolStatus::Ok, String::new()));
    let store = std::fs::read(place.path("audit/audit.db")).unwrap();
    assert!(!store.windows(9).any(|window| window == b"sk-secret"));
    place.verify();
}

#[test]
fn streams_pass_event_by_event_and_their_answer_is_the_outcome() {
    let (address, _) = upstream(|_, message| {
        let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#;
        let stray = r#"{"jsonrpc":"2.0","id":"evil","result":{}}"#;
        let answer = result(message);
        let text = format!(
            ": hello\n\nid: 1\ndata: {progress}\n\nevent: message\r\ndata: {stray}\r\n\r\ndata: {answer}\n\ndata: {answer}\n\n"
        );
        whole("text/event-stream", &text)
    });
    let running = Running::before(address);
    let (status, text) = running.call(9);
    assert_eq!(status, 200);
    assert!(text.starts_with(": hello\n\nid: 1\ndata: "), "{text}");
    assert!(!text.contains("evil"));
    assert_eq!(
        text.matches("\"result\"").count(),
        1,
        "the second answer is dropped"
    );
    assert_eq!(ended(&running.end()), (ToolStatus::Ok, String::new()));
}

#[test]
fn what_a_server_does_instead_of_answering_is_the_outcome() {
    type Answer = fn(&Value) -> String;
    let cases: [(&str, Answer, &str); 7] = [
        ("it closes", |_| String::new(), "cut off after 0 bytes"),
        (
            "it fails",
            |_| "HTTP/1.1 503 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno".into(),
            "HTTP 503",
        ),
        (
            "it cuts a stream",
            |_| whole("text/event-stream", "data: {\"jsonrpc\""),
            "cut off after 16 bytes",
        ),
        (
            "it lies about the length",
            |_| {
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\nConnection: close\r\n\r\n{".into()
            },
            "cut off, or longer than 8 MiB",
        ),
        (
            "it sends elsewhere",
            |_| {
                "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()
            },
            "HTTP 307 that is not passed on",
        ),
        (
            "it says nothing",
            |_| whole("application/json", ""),
            "HTTP 200",
        ),
        (
            "it answers another",
            |_| {
                whole(
                    "application/json",
                    r#"{"jsonrpc":"2.0","id":77,"result":{}}"#,
                )
            },
            "HTTP 200",
        ),
    ];
    for (what, answer, error) in cases {
        let (address, _) = upstream(move |_, message| answer(message));
        let running = Running::before(address);
        let (status, text) = running.call(3);
        assert!(
            status >= 500 || text.contains("-32603"),
            "{what}: {status} {text}"
        );
        assert!(!text.contains("Location"));
        let place = running.end();
        assert_eq!(
            ended(&place),
            (ToolStatus::Error, error.to_owned()),
            "{what}"
        );
        place.verify();
    }
    // Nobody there at all.
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let running = Running::before(nobody);
    assert_eq!(running.call(3).0, 502);
    assert_eq!(ended(&running.end()).1, "server not reached");
}

#[test]
fn a_stream_of_a_session_that_says_nothing_ends_and_its_client_is_told() {
    let (address, _) = upstream(|_, message| match message["method"].as_str() {
        Some("initialize") => whole("application/json", &result(message)).replacen(
            "Content-Type",
            "Mcp-Session-Id: s-1\r\nContent-Type",
            1,
        ),
        _ => {
            // Behind the answer the connection stays open for a while: it promises more than it sends.
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 900\r\n\r\n: on it\n\n".into()
        }
    });
    let options = ProxyOptions {
        timeout: Duration::from_millis(400),
        ..ProxyOptions::default()
    };
    let running = Running::with(hold_open(address), options);
    running.post(&[], r#"{"jsonrpc":"2.0","id":0,"method":"initialize"}"#);
    let (status, text) = running.post(&[("Mcp-Session-Id", "s-1")], &call(3));
    assert_eq!(status, 200);
    assert!(text.contains("no answer in time"), "{text}");
    // What is no call, and of no session, has its time as well.
    let (status, text) = running.post(&[], r#"{"jsonrpc":"2.0","id":4,"method":"tools/list"}"#);
    assert_eq!(status, 200);
    assert!(text.contains("no answer in time"), "{text}");
    assert_eq!(ended(&running.end()), (ToolStatus::TimedOut, String::new()));
}

/// Stands before an upstream and keeps what it closes open for two seconds.
fn hold_open(upstream: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut server = TcpStream::connect(upstream).unwrap();
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                let _ = std::io::copy(&mut server, &mut client);
                std::thread::sleep(Duration::from_secs(2));
                let _ = client.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    address
}

#[test]
fn what_is_refused_of_a_server_does_not_come_under_another_status() {
    let (address, _) = upstream(|_, _| {
        let body = r#"{"jsonrpc":"2.0","id":3,"result":{"isError":false,"isError":true}}"#;
        let length = body.len();
        format!(
            "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    });
    let running = Running::before(address);
    let (status, text) = running.call(3);
    assert_eq!(status, 401);
    assert!(
        text.contains("-32603") && !text.contains("isError"),
        "{text}"
    );
    assert_eq!(ended(&running.end()).1, "HTTP 401");
}

#[test]
fn a_redirection_of_a_listening_client_is_not_passed_on() {
    let (address, _) = upstream(|_, _| {
        "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()
    });
    let running = Running::before(address);
    let mut stream = TcpStream::connect(running.address).unwrap();
    let head = format!(
        "GET /mcp HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        running.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    assert!(
        !answer.to_ascii_lowercase().contains("location"),
        "{answer}"
    );
    running.end();
}

#[test]
fn a_server_that_hangs_is_given_up() {
    let (address, _) = upstream(|_, _| {
        std::thread::sleep(Duration::from_secs(4));
        String::new()
    });
    let options = ProxyOptions {
        timeout: Duration::from_millis(400),
        ..ProxyOptions::default()
    };
    let running = Running::with(address, options);
    assert_eq!(running.call(3).0, 504);
    assert_eq!(ended(&running.end()), (ToolStatus::TimedOut, String::new()));
}

#[test]
fn a_client_that_vanishes_loses_no_record() {
    let (address, _) = upstream(|_, message| {
        std::thread::sleep(Duration::from_millis(500));
        whole("application/json", &result(message))
    });
    let running = Running::before(address);
    let body = call(1);
    let mut stream = TcpStream::connect(running.address).unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        running.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    drop(stream);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(ended(&running.end()), (ToolStatus::Ok, String::new()));
}

#[test]
fn heads_that_lie_and_pages_of_elsewhere_are_refused() {
    let (address, heard) = upstream(|_, message| whole("application/json", &result(message)));
    let running = Running::before(address);
    let text = call(1);
    for (headers, status) in [
        (&[("Mcp-Name", "other")][..], 400),
        (&[("Mcp-Method", "ping")], 400),
        (&[("Mcp-Name", "echo"), ("Mcp-Name", "other")], 400),
        (&[("Origin", "http://evil.example")], 403),
        (&[("Host", "evil.example")], 403),
        (&[("Content-Type", "application/json; charset=utf-16")], 415),
        (&[("Content-Type", "text/plain")], 415),
        (&[("Content-Encoding", "gzip")], 415),
    ] {
        let (found, said) = running.post(headers, &text);
        assert_eq!(found, status, "{headers:?}: {said}");
    }
    for (method, member) in [("prompts/get", "name"), ("resources/read", "uri")] {
        let text = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {member: "a"}});
        let (found, said) = running.post(&[("Mcp-Name", "b")], &text.to_string());
        assert_eq!(found, 400, "{method}: {said}");
    }
    let (status, said) = running.post(&[], r#"{"id":1,"id":2}"#);
    assert_eq!(status, 400, "{said}");
    let (status, _) = running.post(&[], &format!("\"{}\"", "x".repeat(9 << 20)));
    assert_eq!(status, 413);
    assert_eq!(heard.lock().unwrap().len(), 0);
    let place = running.end();
    assert_eq!(place.calls().len(), 0);
}
