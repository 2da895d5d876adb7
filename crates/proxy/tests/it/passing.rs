//! Bytes pass unchanged, head and body, in both directions.

use crate::place::{Place, request};
use crate::upstream::{STREAM, Upstream, chunk};
use std::io::{Read as _, Write as _};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The lines of a head but for those of one connection.
fn lines(head: &str, without: &[&str]) -> Vec<String> {
    let lines = head.trim_end().split("\r\n");
    let kept = lines.filter(|line| {
        let name = line.split(':').next().unwrap().to_lowercase();
        !without.contains(&name.as_str())
    });
    kept.map(str::to_owned).collect()
}

#[test]
fn heads_and_bodies_come_out_as_they_went_in() {
    let body: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let head = "HTTP/1.1 201 Created\r\nServer: x\r\nSET-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Weird:  two  spaces\r\nx-lower: y\r\nContent-Type: application/octet-stream\r\nKeep-Alive: timeout=5\r\nContent-Length: 100000\r\n\r\n";
    let answer = [head.as_bytes(), &body].concat();
    let upstream = Upstream::saying(answer);
    let proxy = Place::new().serve(&upstream);
    let mut stream = proxy.connect();
    let sent = "PUT /v1/files/a%2Fb?x=1&y=%20z HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a/1\r\nX-MiXed-Case: One\r\nx-lower: two\r\nAccept-Encoding: gzip, br\r\nX-MiXed-Case: Two\r\nAuthorization: Bearer k\r\nConnection: keep-alive, x-hop\r\nX-Hop: gone\r\nTE: trailers\r\nContent-Length: 100000\r\n\r\n";
    stream
        .write_all(&[sent.as_bytes(), &body].concat())
        .unwrap();
    let answer = crate::place::Answer::read(&mut stream);
    assert!(answer.body == body && answer.status == 201);
    let gone = ["connection", "keep-alive"];
    assert_eq!(
        lines(&answer.head.join("\r\n"), &gone),
        lines(head, &gone)[1..]
            .iter()
            .map(|line| line.replace(":  ", ": "))
            .collect::<Vec<_>>()
    );

    let came = upstream.came().concat();
    let end = crate::place::find(&came, b"\r\n\r\n").unwrap() + 4;
    assert!(came[end..] == body);
    let came = String::from_utf8(came[..end].to_vec()).unwrap();
    let gone = ["connection", "x-hop", "te", "host"];
    // Lines of one name come together, in their order.
    let sorted = |mut lines: Vec<String>| {
        lines.sort_by_key(|line| line.split(':').next().unwrap().to_owned());
        lines
    };
    assert_eq!(sorted(lines(&came, &gone)), sorted(lines(sent, &gone)));
    assert!(
        came.to_lowercase()
            .contains(&format!("host: {}", upstream.address()))
    );
    let (place, counts) = proxy.end();
    assert_eq!((counts.forwarded, counts.unread), (1, 0));
    // No shape is known of it: an intent and an outcome.
    assert_eq!(place.receipts().len(), 5);
}

#[test]
fn methods_without_bodies_and_answers_without_them_pass() {
    let upstream = Upstream::new(|stream, head, _| {
        let answer = match head.split(' ').next() {
            Some("HEAD") => "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n",
            Some("DELETE") => "HTTP/1.1 204 No Content\r\n\r\n",
            _ => "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
        };
        stream.write_all(answer.as_bytes()).is_ok()
    });
    let proxy = Place::new().serve(&upstream);
    for (method, said) in [
        ("HEAD", "200 OK\r\nContent-Length: 12345"),
        ("DELETE", "204 No Content"),
        ("GET", "304 Not Modified\r\nETag: x"),
    ] {
        let mut stream = proxy.connect();
        let sent =
            format!("{method} /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(sent.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with(&format!("HTTP/1.1 {said}\r\n")), "{text}");
        assert!(text.ends_with("\r\n\r\n"), "{text}");
    }
    proxy.wait_for(8);
    let (place, counts) = proxy.end();
    assert_eq!(counts.forwarded, 3);
    assert!(place.verify().open_tool_intents.is_empty());
}

#[test]
fn each_event_passes_when_it_comes() {
    let (go, waits) = mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    let upstream = Upstream::new(move |stream, _, _| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        let waits = waits.lock().unwrap();
        for number in 0..3 {
            chunk(
                stream,
                format!("data: {{\"choices\": [], \"n\": {number}}}\n\n").as_bytes(),
            );
            // The next one only when this one arrived.
            waits.recv_timeout(Duration::from_secs(10)).unwrap();
        }
        chunk(stream, b"data: [DONE]\n\n") && chunk(stream, b"")
    });
    let proxy = Place::new().serve(&upstream);
    let mut stream = proxy.connect();
    let body = r#"{"messages": [], "stream": true}"#;
    stream
        .write_all(request("/v1/chat/completions", &[], body).as_bytes())
        .unwrap();
    let mut text = Vec::new();
    let begun = Instant::now();
    for number in 0..3 {
        let event = format!("\"n\": {number}");
        while crate::place::find(&text, event.as_bytes()).is_none() {
            assert!(crate::place::more(&mut stream, &mut text));
        }
        go.send(()).unwrap();
    }
    while crate::place::find(&text, b"[DONE]").is_none() {
        assert!(crate::place::more(&mut stream, &mut text));
    }
    assert!(begun.elapsed() < Duration::from_secs(8));
    proxy.end().0.verify();
}

#[test]
fn an_upstream_behind_a_path_and_behind_tls_is_reached() {
    use ai_audit_ingest::Keep;
    let place = Place::new();
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = place.file("ca.pem");
    std::fs::write(&pem, key.cert.pem()).unwrap();
    let upstream = Upstream::tls(&key, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let address = format!("https://localhost:{}/base/", upstream.address().port());
    let address = ai_audit_proxy::Upstream::parse(&address).unwrap();
    // Nobody trusts this certificate but who was told to.
    let proxy = place.serve_to(address.clone(), Keep::default(), |_| {});
    let refused = proxy.post("/v1/models", "");
    assert_eq!(
        (refused.status, refused.header("x-ai-audit-proxy")),
        (502, Some("problem"))
    );
    let (place, _) = proxy.end();
    let proxy = place.serve_to(address.authorities(pem), Keep::default(), |_| {});
    assert_eq!(proxy.post("/v1/models", "").text(), "hi");
    let (place, _) = proxy.end();
    assert!(place.verify().open_tool_intents.is_empty());
    let came = String::from_utf8(upstream.came().concat()).unwrap();
    assert!(
        came.starts_with("POST /base/v1/models HTTP/1.1\r\n"),
        "{came}"
    );
}

#[test]
fn no_web_page_can_call_it() {
    let upstream = Upstream::answering("{}");
    let proxy = Place::new().serve(&upstream);
    for line in [
        "Origin: https://example.org",
        "Origin: null",
        "Origin: http://localhost.example.org",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ] {
        let answer = proxy.send(request("/v1/x", &[line], "{}"));
        assert_eq!(answer.status, 403, "{line}");
    }
    for line in ["Origin: http://localhost:3000", "Sec-Fetch-Site: none"] {
        assert_eq!(proxy.send(request("/v1/x", &[line], "{}")).status, 200);
    }
    let (_, counts) = proxy.end();
    assert_eq!((counts.forwarded, upstream.came().len()), (2, 2));
}

#[test]
fn files_are_looked_at_before_anything_is_served() {
    let place = Place::new();
    let options = ai_audit_proxy::ProxyOptions::new(ai_audit_store::LogName::default());
    let upstream = ai_audit_proxy::Upstream::parse("https://example.org").unwrap();
    let upstream = upstream.authorities(place.file("none.pem"));
    let error = ai_audit_proxy::check(&upstream, &options).unwrap_err();
    assert!(error.to_string().contains("none.pem"), "{error}");
    let upstream = ai_audit_proxy::Upstream::parse("http://localhost:1").unwrap();
    assert!(ai_audit_proxy::check(&upstream, &options).is_ok());
}
