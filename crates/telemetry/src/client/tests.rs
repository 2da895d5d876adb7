//! Collectors that answer as they should not.

use super::*;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Instant;

/// A collector that gives every request the same answer, and then nothing.
fn answers(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            // The client may have had enough.
            let _ = stream.write_all(answer.as_bytes());
            kept.push(stream);
        }
    });
    url
}

fn sent(url: &str) -> Result<u16, String> {
    let client = Client::new(url, Duration::from_millis(500), Arc::default()).unwrap();
    let request = Request::post(url).body(Bytes::from_static(b"spans"));
    let answered = client.send(request.unwrap());
    answered
        .map(|answer| answer.status().as_u16())
        .map_err(|error| error.to_string())
}

#[test]
fn an_answer_is_taken_and_a_refusal_is_one() {
    let answer = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno");
    assert_eq!(sent(&answers(answer("200 OK"))), Ok(200));
    assert_eq!(sent(&answers(answer("503 Later"))), Ok(503));
}

#[test]
fn nobody_is_sent_elsewhere() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = elsewhere.local_addr().unwrap();
    let answer =
        format!("HTTP/1.1 307 Elsewhere\r\nLocation: http://{to}/\r\nContent-Length: 0\r\n\r\n");
    assert_ne!(sent(&answers(answer)), Ok(200));
    assert!(elsewhere.accept().is_err(), "it was followed");
}

#[test]
fn an_answer_without_end_or_without_a_beginning_is_given_up() {
    let begun = Instant::now();
    let long = "x".repeat(200 << 10);
    let endless = format!("HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n{long}");
    for answer in [
        endless,
        "HTTP/1.1 200 OK\r\nContent-Le".into(),
        String::new(),
    ] {
        assert!(sent(&answers(answer)).is_err());
    }
    let head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(64 << 10));
    assert!(sent(&answers(head)).is_err());
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn an_address_of_another_kind_is_refused_with_what_was_expected() {
    for wrong in [
        "",
        "127.0.0.1:4318",
        "ftp://collector",
        "grpc://collector:4317",
    ] {
        let refused = Client::new(wrong, Duration::from_secs(1), Arc::default());
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("expected http:// or https://"), "{said}");
    }
}

#[test]
fn an_address_with_a_password_is_refused_and_not_repeated() {
    for address in [
        "http://name:secret@127.0.0.1:4318/x",
        "https://secret@host",
        "http://a@secret@host/",
        "secret@host",
    ] {
        let exports = Arc::default();
        let refused = Client::new(address, Duration::from_secs(1), exports).unwrap_err();
        let said = format!("{refused} {refused:?}");
        assert!(!said.contains("secret"), "{said}");
        assert!(said.contains("OTEL_EXPORTER_OTLP_HEADERS"), "{said}");
    }
    // In a path it is no password.
    let exports = Arc::default();
    assert!(Client::new("http://host/a@b", Duration::from_secs(1), exports).is_ok());
}
