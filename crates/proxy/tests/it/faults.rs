//! Upstreams that fail in every way, clients that vanish, an end in the middle.

use crate::place::{Answer, Place, Proxy, request};
use crate::shapes::outcome_of;
use crate::upstream::{STREAM, Upstream, chunk, ok};
use ai_audit_agentic::ToolStatus;
use ai_audit_ingest::Keep;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ASKED: &str = r#"{"messages": [{"role": "user", "content": "x"}]}"#;
const CHAT: &str = "/v1/chat/completions";
const EVENT: &[u8] = b"data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"x\"}}]}\n\n";

fn impatient(upstream: &Upstream) -> Proxy {
    Place::new().serve_with(upstream, Keep::default(), |options| {
        options.silence = Duration::from_millis(300);
    })
}

#[test]
fn an_upstream_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let upstream = ai_audit_proxy::Upstream::parse(&address).unwrap();
    let proxy = Place::new().serve_to(upstream, Keep::default(), |_| {});
    let answer = proxy.post(CHAT, ASKED);
    assert_eq!(
        (answer.status, answer.header("x-ai-audit-proxy")),
        (502, Some("problem"))
    );
    let (status, error, codes) = outcome_of(proxy, 5);
    assert_eq!((status, error.as_str()), (ToolStatus::Error, "unreachable"));
    assert_eq!(codes, ["error:unreachable"]);
}

#[test]
fn an_upstream_that_hangs_before_its_answer() {
    let upstream = Upstream::new(|_, _, _| {
        std::thread::sleep(Duration::from_secs(20));
        false
    });
    let proxy = impatient(&upstream);
    assert_eq!(proxy.post(CHAT, ASKED).status, 504);
    let (status, error, codes) = outcome_of(proxy, 5);
    assert_eq!((status, error.as_str()), (ToolStatus::TimedOut, "timeout"));
    assert_eq!(codes, ["error:timeout"]);
}

#[test]
fn an_upstream_that_hangs_in_its_answer() {
    let upstream = Upstream::new(|stream, _, _| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        chunk(stream, EVENT);
        std::thread::sleep(Duration::from_secs(20));
        false
    });
    let proxy = impatient(&upstream);
    let answer = proxy.post(CHAT, ASKED);
    assert!(answer.cut && answer.body == EVENT);
    let (status, error, codes) = outcome_of(proxy, 5);
    let said = format!("timeout after {} bytes", EVENT.len());
    assert_eq!((status, error), (ToolStatus::TimedOut, said));
    assert_eq!(codes, ["incomplete"]);
}

#[test]
fn an_upstream_that_closes_or_resets_before_its_answer() {
    let upstream = Upstream::new(|_, _, _| false);
    let proxy = Place::new().serve(&upstream);
    assert_eq!(proxy.post(CHAT, ASKED).status, 502);
    let (status, error, codes) = outcome_of(proxy, 5);
    assert_eq!(
        (status, error.as_str()),
        (ToolStatus::Error, "cut off before the answer")
    );
    assert_eq!(codes, ["error:cut_off"]);
    // What may have arrived is not sent again.
    assert_eq!(upstream.came().len(), 1);
}

#[test]
fn an_upstream_that_lies_about_its_length() {
    let upstream = Upstream::new(|stream, _, _| {
        let short = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"choices\"";
        stream.write_all(short.as_bytes()).unwrap();
        false
    });
    let proxy = Place::new().serve(&upstream);
    let answer = proxy.post(CHAT, ASKED);
    assert!(answer.cut && answer.text() == "{\"choices\"");
    let (status, error, codes) = outcome_of(proxy, 5);
    assert_eq!(
        (status, error.as_str()),
        (ToolStatus::Error, "cut off after 10 bytes")
    );
    assert_eq!(codes, ["incomplete"]);
}

#[test]
fn a_stream_that_is_cut_half_way_or_ends_without_its_last_event() {
    for in_order in [false, true] {
        let upstream = Upstream::new(move |stream, _, _| {
            stream.write_all(STREAM.as_bytes()).unwrap();
            chunk(stream, EVENT) && in_order && chunk(stream, b"")
        });
        let proxy = Place::new().serve(&upstream);
        let answer = proxy.post(CHAT, ASKED);
        assert_eq!((answer.cut, answer.body.as_slice()), (!in_order, EVENT));
        let (status, error, codes) = outcome_of(proxy, 5);
        let said = format!("cut off after {} bytes", EVENT.len());
        assert_eq!((status, error), (ToolStatus::Error, said));
        assert_eq!(codes, ["incomplete"]);
    }
}

#[test]
fn an_upstream_that_refuses() {
    let upstream =
        Upstream::saying("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}");
    let proxy = Place::new().serve(&upstream);
    assert_eq!(proxy.post(CHAT, ASKED).status, 429);
    let (status, error, codes) = outcome_of(proxy, 5);
    assert_eq!((status, error.as_str()), (ToolStatus::Error, "HTTP 429"));
    assert_eq!(codes, ["error:429"]);
}

#[test]
fn an_upstream_that_tells_an_error_in_its_stream() {
    let upstream = Upstream::new(|stream, _, _| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        let error = b"event: error\ndata: {\"type\": \"error\", \"error\": {\"type\": \"overloaded_error\"}}\n\n";
        chunk(stream, error) && chunk(stream, b"")
    });
    let proxy = Place::new().serve(&upstream);
    proxy.post("/v1/messages", ASKED);
    let (status, error, codes) = outcome_of(proxy, 5);
    assert_eq!(
        (status, error.as_str()),
        (ToolStatus::Error, "error overloaded_error")
    );
    assert_eq!(codes, ["error:overloaded_error"]);
}

#[test]
fn an_upstream_that_answers_before_it_has_read_all() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .write_all(ok("application/json", "{\"choices\": []}").as_bytes())
            .unwrap();
        std::thread::sleep(Duration::from_secs(20));
    });
    let upstream = ai_audit_proxy::Upstream::parse(&address).unwrap();
    let proxy = Place::new().serve_to(upstream, Keep::default(), |_| {});
    let long = format!("{{\"messages\": [], \"x\": \"{}\"}}", "x".repeat(6 << 20));
    let answer = proxy.post(CHAT, &long);
    // It may have come before there was anything to answer.
    assert!([200, 502].contains(&answer.status), "{answer:?}");
    let (status, error, _) = outcome_of(proxy, 5);
    match answer.status {
        200 => assert_eq!(status, ToolStatus::Ok),
        _ => assert_eq!(error, "cut off before the answer"),
    }
}

#[test]
fn events_without_end_are_passed_on_as_long_as_somebody_takes_them() {
    let upstream = Upstream::new(|stream, _, _| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        let many = EVENT.repeat(1000);
        while chunk(stream, &many) {}
        false
    });
    let proxy = Place::new().serve(&upstream);
    let mut stream = proxy.connect();
    stream
        .write_all(request(CHAT, &[], ASKED).as_bytes())
        .unwrap();
    let mut came = Vec::new();
    while came.len() < 20 << 20 {
        assert!(crate::place::more(&mut stream, &mut came));
    }
    drop(stream);
    let (status, error, codes) = outcome_of(proxy, 5);
    assert!(
        status == ToolStatus::Error && error.starts_with("client gone after "),
        "{error}"
    );
    assert_eq!(codes, ["incomplete"]);
}

#[test]
fn a_client_that_vanishes_at_any_time_leaves_no_open_intent() {
    let came = Arc::new(AtomicUsize::new(0));
    let coming = Arc::clone(&came);
    let upstream = Upstream::new(move |stream, _, _| {
        coming.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        // Of a client that is gone, the proxy may be as well.
        if stream.write_all(STREAM.as_bytes()).is_err() {
            return false;
        }
        for _ in 0..10 {
            if !chunk(stream, EVENT) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        chunk(stream, b"data: [DONE]\n\n") && chunk(stream, b"")
    });
    let proxy = Place::new().serve(&upstream);
    for number in 0..40 {
        let before = came.load(Ordering::SeqCst);
        let mut stream = proxy.connect();
        stream
            .write_all(request(CHAT, &[], ASKED).as_bytes())
            .unwrap();
        // Every other one stays until it was forwarded, however busy the machine is.
        let begun = Instant::now();
        while number % 2 == 1 && came.load(Ordering::SeqCst) == before {
            assert!(begun.elapsed() < Duration::from_secs(60), "{number}");
            std::thread::sleep(Duration::from_micros(100));
        }
        std::thread::sleep(Duration::from_micros(number * 700));
        drop(stream);
    }
    // And one who never sends all that he promised.
    let mut stream = proxy.connect();
    stream
        .write_all(b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
        .unwrap();
    drop(stream);
    let (place, counts) = proxy.end();
    assert!(counts.forwarded >= 10, "{counts:?}");
    let report = place.verify();
    assert!(report.open_tool_intents.is_empty(), "{report:?}");
}

#[test]
fn an_end_waits_for_calls_that_are_under_way_and_seals_those_that_take_too_long() {
    let upstream = Upstream::new(|stream, head, _| {
        let slow = head.contains("/slow");
        std::thread::sleep(Duration::from_millis(if slow { 20_000 } else { 400 }));
        stream
            .write_all(ok("application/json", "{\"choices\": []}").as_bytes())
            .is_ok()
    });
    let proxy = Place::new().serve_with(&upstream, Keep::default(), |options| {
        options.grace = Duration::from_millis(1500);
    });
    let mut good = proxy.connect();
    good.write_all(request(CHAT, &[], ASKED).as_bytes())
        .unwrap();
    let mut slow = proxy.connect();
    slow.write_all(request("/slow/chat/completions", &[], ASKED).as_bytes())
        .unwrap();
    proxy.wait_for(4);
    let begun = Instant::now();
    let (place, counts) = proxy.end();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(Answer::read(&mut good).text(), "{\"choices\": []}");
    assert_eq!(counts.forwarded, 2);
    assert!(place.verify().open_tool_intents.is_empty());
    let receipts = place.receipts();
    let last = receipts.last().unwrap().parsed();
    assert_eq!(last.header().kind, ai_audit_core::Kind::STOP);
    let stopped = receipts
        .iter()
        .any(|one| crate::place::find(one.parsed().body(), b"stopped before the answer").is_some());
    assert!(stopped);
}

#[test]
fn an_end_seals_the_call_of_a_client_that_reads_nothing() {
    let upstream = Upstream::new(|stream, _, _| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        let many = EVENT.repeat(1000);
        while chunk(stream, &many) {}
        false
    });
    let proxy = Place::new().serve_with(&upstream, Keep::default(), |options| {
        options.grace = Duration::from_millis(300);
    });
    let mut stream = proxy.connect();
    stream
        .write_all(request(CHAT, &[], ASKED).as_bytes())
        .unwrap();
    proxy.wait_for(3);
    // Until nothing more fits between the two.
    std::thread::sleep(Duration::from_millis(700));
    let begun = Instant::now();
    let (place, counts) = proxy.end();
    assert!(begun.elapsed() < Duration::from_secs(8) && counts.open == 0);
    assert!(place.verify().open_tool_intents.is_empty());
    let stopped = place
        .receipts()
        .iter()
        .any(|one| crate::place::find(one.parsed().body(), b"stopped after ").is_some());
    assert!(stopped);
    drop(stream);
}
