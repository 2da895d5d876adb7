//! Bad input and its limits: malformed, huge, slow, too many at once.

use crate::service::{Place, Service};
use ai_audit_server::Access;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn raw(service: &Service) -> TcpStream {
    let stream = TcpStream::connect(service.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// All that is answered until the connection is closed.
fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A connection that is reset has said what it had to say.
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn malformed_bodies_are_refused_with_their_place() {
    let service = Place::new().open();
    for (body, said) in [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("nonsense", "no JSON"),
        ("[]", "expected a JSON object"),
        ("\u{feff}{}", "no JSON"),
        ("{\"model\": \"a\", \"model\": \"b\"}", "no strict JSON"),
        ("{\"input\": \"\\ud800\"}", "no strict JSON"),
        ("{\"input_tokens\": -1}", "field `input_tokens`"),
        ("{\"records\": {}}", "a list of 1 to 1024 records"),
    ] {
        let detail = service.decide(body).problem(400);
        assert!(detail.contains(said), "{body}: {detail}");
    }
    let deep = format!("{{\"input\": {}1{}}}", "[".repeat(5000), "]".repeat(5000));
    service.decide(&deep).problem(400);
    for what in ["traces", "reviews", "incidents"] {
        for body in ["", "{", "[]", "{}", "{\"records\": [{}]}", "7"] {
            service
                .post(&format!("/v1/logs/default/{what}"), body)
                .problem(400);
        }
    }
    let gzip = service.post_as("/v1/logs/default/decisions", "application/gzip", "{}");
    gzip.problem(415);
    service.end().verify();
}

#[test]
fn compressed_bodies_are_not_unpacked() {
    let service = Place::new().open();
    let mut stream = raw(&service);
    let request = "POST /v1/logs/default/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    stream.write_all(request.as_bytes()).unwrap();
    let answer = rest(stream);
    assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
    service.end().verify();
}

#[test]
fn a_body_beyond_the_limit_is_refused_told_or_not() {
    let service = Place::new().serve(|options| {
        options.access = Access::Open;
        options.max_body = 1000;
    });
    let long = format!("{{\"input\": \"{}\"}}", "x".repeat(2000));
    service.decide(&long).problem(413);
    let fits = format!("{{\"input\": \"{}\"}}", "x".repeat(900));
    service.decide(&fits).with(201);
    let mut stream = raw(&service);
    let head = "POST /v1/logs/default/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("3e8\r\n{}\r\n", " ".repeat(1000));
    for _ in 0..3 {
        // It may have hung up already.
        let _ = stream.write_all(chunk.as_bytes());
    }
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    service.end().verify();
}

#[test]
fn slow_heads_and_bodies_are_given_up() {
    let service = Place::new().serve(|options| {
        options.access = Access::Open;
        options.head_timeout = Duration::from_millis(300);
        options.timeout = Duration::from_millis(2500);
    });
    let begun = Instant::now();
    let mut stream = raw(&service);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: loc")
        .unwrap();
    rest(stream);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let mut stream = raw(&service);
    let head = "POST /v1/logs/default/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{\"model\"";
    stream.write_all(head.as_bytes()).unwrap();
    let answer = rest(stream);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    service.decide("{}").with(201);
    service.end().verify();
}

#[test]
fn more_requests_than_are_worked_at_once_are_told_to_come_back() {
    let service = Place::new().serve(|options| {
        options.access = Access::Open;
        options.max_requests = 2;
        options.timeout = Duration::from_secs(5);
    });
    let head = "POST /v1/logs/default/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
    let mut slow: Vec<TcpStream> = (0..2).map(|_| raw(&service)).collect();
    for stream in &mut slow {
        stream.write_all(head.as_bytes()).unwrap();
    }
    std::thread::sleep(Duration::from_millis(300));
    let answer = service.decide("{}");
    assert!(answer.problem(503).contains("too many requests"));
    assert_eq!(answer.retry_after.as_deref(), Some("1"));
    // Those who look after it are always answered.
    assert_eq!(service.get("/healthz").status, 200);
    for mut stream in slow {
        stream.write_all(b"{}").unwrap();
        let answer = rest(stream);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    service.decide("{}").with(201);
    service.end().verify();
}

#[test]
fn a_rate_is_kept_and_says_when_to_come_back() {
    let service = Place::new().serve(|options| {
        options.access = Access::Open;
        options.rate = Some(2);
    });
    service.decide("{}").with(201);
    service.decide("{}").with(201);
    let answer = service.decide("{}");
    assert!(answer.problem(429).contains("2 requests a second"));
    assert_eq!(answer.retry_after.as_deref(), Some("1"));
    std::thread::sleep(Duration::from_millis(1100));
    service.decide("{}").with(201);
    service.end().verify();
}
