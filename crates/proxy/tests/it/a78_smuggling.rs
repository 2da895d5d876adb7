//! A78: a request that two readers would cut in two ways, and one that names another upstream.

use crate::place::{Place, find};
use crate::upstream::Upstream;
use std::io::{Read as _, Write as _};

#[test]
fn what_can_be_cut_in_two_ways_reaches_the_upstream_as_one_request_or_not_at_all() {
    let hidden = "POST /hidden HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let len = hidden.len();
    for (lines, body) in [
        (
            format!("Content-Length: {len}\r\nContent-Length: 0"),
            hidden.to_owned(),
        ),
        (format!("Content-Length: 0, {len}"), hidden.to_owned()),
        (format!("Content-Length: +{len}"), hidden.to_owned()),
        (
            format!("Content-Length: {}\r\nTransfer-Encoding: chunked", 5 + len),
            format!("0\r\n\r\n{hidden}"),
        ),
        (
            format!("Transfer-Encoding: chunked\r\nContent-Length: {}", 5 + len),
            format!("0\r\n\r\n{hidden}"),
        ),
        (
            format!("Transfer-Encoding: chunked, identity\r\nContent-Length: {len}"),
            hidden.to_owned(),
        ),
        (
            format!("Transfer-Encoding : chunked\r\nContent-Length: {len}"),
            hidden.to_owned(),
        ),
        (
            format!("Transfer-Encoding: xchunked\r\nContent-Length: {len}"),
            hidden.to_owned(),
        ),
        (
            format!("X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: {len}"),
            hidden.to_owned(),
        ),
        (
            "Transfer-Encoding: chunked".into(),
            format!("{:x};a=b\r\n{hidden}\r\n0\r\n\r\n", len),
        ),
        (
            "Transfer-Encoding: chunked".into(),
            format!("-1\r\n{hidden}\r\n0\r\n\r\n"),
        ),
    ] {
        let upstream = Upstream::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        let proxy = Place::new().serve(&upstream);
        let mut stream = proxy.connect();
        let text = format!(
            "POST /seen HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut said = Vec::new();
        // A connection that is reset has said what it had to say.
        let _ = stream.read_to_end(&mut said);
        let (place, counts) = proxy.end();
        place.verify();
        let came = upstream.came();
        assert!(came.len() <= 1, "{lines}");
        assert_eq!(counts.forwarded, came.len() as u64, "{lines}");
        // Behind the proxy there is one length and no chunks, whatever was before it.
        for request in came {
            let end = find(&request, b"\r\n\r\n").unwrap();
            let head = String::from_utf8(request[..end].to_vec())
                .unwrap()
                .to_lowercase();
            assert!(head.starts_with("post /seen "), "{lines}: {head}");
            assert!(
                head.matches("content-length").count() <= 1,
                "{lines}: {head}"
            );
            assert!(!head.contains("\r\ntransfer-encoding"), "{lines}: {head}");
        }
    }
}

#[test]
fn a_request_cannot_name_another_upstream_or_another_name_of_this_machine() {
    let upstream = Upstream::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let other = Upstream::saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
    let proxy = Place::new().serve(&upstream);
    let to = |line: &str, host: &str| {
        proxy.send(format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"
        ))
    };
    let answer = to(&format!("GET {}/v1/models", other.url()), "localhost");
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    let authority = other.address().to_string();
    assert_eq!(to(&format!("CONNECT {authority}"), "localhost").status, 405);
    assert_eq!(to("GET //evil.example/v1/models", "localhost").text(), "ok");
    assert_eq!(to("OPTIONS *", "localhost").status, 400);
    // A page in a browser, under a name of its own that leads here.
    assert_eq!(to("GET /v1/models", "evil.example").status, 403);
    assert!(other.came().is_empty());
    for request in upstream.came() {
        let head = String::from_utf8(request).unwrap().to_lowercase();
        assert!(
            head.contains(&format!("host: {}", upstream.address())),
            "{head}"
        );
    }
    proxy.end().0.verify();
}
