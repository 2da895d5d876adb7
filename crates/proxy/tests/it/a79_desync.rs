//! A79: an upstream that sends two answers to one request, so that the second one is taken for that of
//! somebody else; and one whose answer has two lengths.

use crate::place::Place;
use crate::upstream::{Upstream, ok};
use std::io::Write as _;
use std::time::Duration;

#[test]
fn a_second_answer_is_nobodys() {
    for together in [true, false] {
        let upstream = Upstream::new(move |stream, head, _| {
            let path = head.split(' ').nth(1).unwrap();
            let answer = ok("text/plain", path);
            let second = ok("text/plain", "of somebody else");
            if together {
                return stream
                    .write_all(format!("{answer}{second}").as_bytes())
                    .is_ok();
            }
            stream.write_all(answer.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(30));
            // The proxy may have closed the connection already.
            let _ = stream.write_all(second.as_bytes());
            true
        });
        let proxy = Place::new().serve(&upstream);
        for number in 0..10 {
            let path = format!("/v1/{number}");
            assert_eq!(proxy.post(&path, "").text(), path, "{together}");
            if !together {
                std::thread::sleep(Duration::from_millis(60));
            }
        }
        let (place, counts) = proxy.end();
        assert_eq!(counts.forwarded, 10);
        assert!(place.verify().open_tool_intents.is_empty());
    }
}

#[test]
fn an_answer_with_two_lengths_is_none() {
    for lines in [
        "Content-Length: 5\r\nContent-Length: 2",
        "Content-Length: 5, 2",
        "Content-Length: -1",
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
    ] {
        let upstream = Upstream::new(move |stream, _, _| {
            let answer = format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            false
        });
        let proxy = Place::new().serve(&upstream);
        let answer = proxy.post("/v1/x", "");
        match lines.contains("chunked") {
            // RFC 9112, 6.3: chunks win, and the length does not pass.
            true => {
                assert_eq!(answer.text(), "hello", "{lines}");
                assert_eq!(answer.header("content-length"), None);
            }
            false => assert_eq!(answer.status, 502, "{lines}"),
        }
        let (place, _) = proxy.end();
        assert!(place.verify().open_tool_intents.is_empty());
    }
}
