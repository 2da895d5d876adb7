//! Clients that take nothing, or too little, of what they asked for.

use crate::service::{Place, Service};
use ai_audit_server::{Access, ServerOptions};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const PAGE: &str = "/v1/logs/default/receipts?limit=1000";
const PACKAGE: &str = "/v1/logs/default/package";

/// Text that does not get much shorter in an archive.
fn noise(seed: u64, len: usize) -> String {
    let mut state = seed;
    let letters = core::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
    });
    letters.take(len).collect()
}

/// A service whose pages and packages are longer than what the system takes for a client that reads
/// nothing: about 4 MB on Linux.
fn filled(change: impl FnOnce(&mut ServerOptions)) -> Service {
    let service = Place::new().serve(|options| {
        options.access = Access::Open;
        change(options);
    });
    for request in 0..5 {
        let records = (0..40).map(|record| json!({"model": noise(request * 40 + record, 40_000)}));
        let body = json!({"records": records.collect::<Vec<_>>()});
        let body = body.to_string();
        // On a busy disk one may take too long, and is there all the same.
        assert!(until(|| service.decide(&body).status == 201));
    }
    service
}

/// Asks for something, and waits until the answer begins, or for so long.
fn asked(service: &Service, path: &str, wait: Duration) -> TcpStream {
    let mut stream = TcpStream::connect(service.address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(wait)).unwrap();
    // Where there is none, what the test asks for next says so.
    let _ = stream.peek(&mut [0]);
    stream
}

/// Asks for something that is given, if not at once: what a request before it held is free when its work ends.
fn given(service: &Service, path: &str) -> TcpStream {
    let mut given = None;
    let asks = || {
        let stream = asked(service, path, Duration::from_secs(20));
        let mut head = *b"HTTP/1.1 000";
        let len = stream.peek(&mut head).unwrap_or_default();
        let is_given = head[..len] == *b"HTTP/1.1 200";
        given = Some(stream);
        is_given
    };
    assert!(until(asks), "it is not given");
    given.unwrap()
}

/// Does it until it holds, for a while.
fn until(mut holds: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    false
}

#[test]
fn who_takes_nothing_is_given_up_and_others_are_let_in() {
    let service = filled(|options| {
        options.max_connections = 3;
        options.head_timeout = Duration::from_secs(2);
        options.timeout = Duration::from_secs(5);
    });
    let _idle = [(); 3].map(|()| asked(&service, PAGE, Duration::from_secs(4)));
    let mut other = asked(&service, "/healthz", Duration::from_secs(20));
    let mut text = Vec::new();
    let _ = other.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    service.end().verify();
}

#[test]
fn a_request_keeps_its_place_until_its_answer_is_taken() {
    let service = filled(|options| {
        options.max_requests = 1;
        options.timeout = Duration::from_secs(4);
    });
    let _idle = given(&service, PAGE);
    let detail = service.decide("{}").problem(503);
    assert!(detail.contains("too many requests"), "{detail}");
    assert!(until(|| service.decide("{}").status == 201));
    service.end().verify();
}

#[test]
fn a_package_that_nobody_takes_keeps_no_thread() {
    let service = filled(|options| {
        options.threads = 2;
        options.max_downloads = 3;
        options.max_heavy = 3;
        options.timeout = Duration::from_secs(40);
    });
    let idle = [(); 3].map(|()| asked(&service, PACKAGE, Duration::from_secs(15)));
    let begun = Instant::now();
    assert_eq!(service.decide("{}").status, 201);
    assert_eq!(service.get("/readyz").text(), "ready\n");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    drop(idle);
    service.end().verify();
}

#[test]
fn only_so_many_packages_are_there_until_they_are_taken() {
    let service = filled(|options| {
        options.max_downloads = 1;
        options.timeout = Duration::from_secs(5);
    });
    let _idle = given(&service, PACKAGE);
    let detail = service.get(PACKAGE).problem(503);
    assert!(detail.contains("other packages"), "{detail}");
    // It is given up, and what it held is free.
    assert!(until(|| service.get(PACKAGE).status == 200));
    service.end().verify();
}

#[test]
fn who_takes_too_little_is_given_up() {
    let service = filled(|options| {
        options.timeout = Duration::from_secs(5);
        options.min_rate = 8 << 20;
    });
    for path in [PAGE, PACKAGE] {
        let whole = service.get(path);
        assert_eq!(whole.status, 200);
        let mut stream = asked(&service, path, Duration::from_secs(20));
        let mut taken = 0;
        let mut some = vec![0; 32 << 10];
        while let Ok(len @ 1..) = stream.read(&mut some) {
            taken += len;
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(taken < whole.bytes.len(), "{path}: {taken}");
    }
    service.end().verify();
}
