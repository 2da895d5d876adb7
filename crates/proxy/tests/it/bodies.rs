//! Bodies that are no good, or too much: they pass, and the log says what could be read of them.

use crate::place::{Place, request};
use crate::upstream::{STREAM, Upstream, chunk, ok};
use ai_audit_agentic::{JsonDigest, ToolIntent, ToolOutcome};
use ai_audit_core::{Decision, DecodeBody as _, Kind, TextDigest};
use ai_audit_ingest::{Keep, Keeping};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// The tags of the only decision, and whether it has a digest of its input and of its output.
fn decided(place: &Place) -> (Vec<String>, bool, bool) {
    let receipts = place.receipts();
    let decision = receipts
        .iter()
        .find(|one| one.parsed().header().kind == Kind::DECISION);
    let parsed = decision.unwrap().parsed();
    let decision = Decision::decode(&parsed).unwrap();
    let tags = decision.tags.iter().map(|tag| tag.as_str().to_owned());
    (
        tags.collect(),
        decision.input.is_some(),
        decision.output.is_some(),
    )
}

const GOOD: &str = r#"{"choices": [{"message": {"content": "x"}}]}"#;

#[test]
fn requests_that_cannot_be_read_pass_as_they_are() {
    let deep = format!(
        "{{\"messages\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let long = format!("{{\"messages\": [], \"pad\": \"{}\"}}", "x".repeat(9 << 20));
    for body in [
        r#"{"messages": [], "messages": [{"role": "user", "content": "x"}]}"#,
        r#"{"messages": "#,
        r#"{"messages": [], "x": "\ud800"}"#,
        r#"{"messages": [], "x": 1e999}"#,
        "",
        "[]",
        &deep,
        &long,
    ] {
        let upstream = Upstream::answering(GOOD);
        let proxy = Place::new().serve(&upstream);
        assert_eq!(proxy.post("/v1/chat/completions", body).text(), GOOD);
        proxy.wait_for(5);
        let came = upstream.came().concat();
        assert!(came.ends_with(body.as_bytes()));
        let (place, counts) = proxy.end();
        assert!(place.verify().open_tool_intents.is_empty());
        assert_eq!(counts.unread, 1);
        assert_eq!(
            decided(&place),
            (vec!["unread=request".to_owned()], false, true)
        );
        let receipts = place.receipts();
        let intent = ToolIntent::decode(&receipts[2].parsed()).unwrap();
        assert_eq!(intent.arguments, Some(JsonDigest::of_text(body, None)));
    }
}

#[test]
fn answers_that_cannot_be_read_pass_as_they_are() {
    let deep = "[".repeat(100_000);
    let long = format!("{{\"choices\": [], \"pad\": \"{}\"}}", "x".repeat(9 << 20));
    for body in [
        r#"{"choices": [], "choices": [{"message": {"content": "x"}}]}"#,
        r#"{"choices": [{"message": {"content": 7}}]}"#,
        "<html>",
        "",
        &deep,
        &long,
    ] {
        let proxy = Place::new().serve(&Upstream::answering(body));
        let asked = r#"{"messages": [{"role": "user", "content": "x"}]}"#;
        assert!(proxy.post("/v1/chat/completions", asked).text() == body);
        proxy.wait_for(5);
        let (place, counts) = proxy.end();
        assert!(place.verify().open_tool_intents.is_empty());
        assert_eq!(counts.unread, 1, "{:?}", body.get(..40));
        assert_eq!(
            decided(&place),
            (vec!["unread=response".to_owned()], true, false)
        );
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_is_compressed_passes_as_it_is_and_a_bomb_is_not_unpacked() {
    let mut bomb = br#"{"choices": [], "pad": ""#.to_vec();
    bomb.resize(300 << 20, b' ');
    for (encoding, body, tags) in [
        ("gzip", gzip(GOOD.as_bytes()), &[][..]),
        ("gzip", gzip(&bomb), &["unread=response".to_owned()][..]),
        ("br", b"whatever".to_vec(), &["unread=response".to_owned()]),
    ] {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let upstream = Upstream::saying([head.as_bytes(), &body].concat());
        let proxy = Place::new().serve(&upstream);
        let asked = r#"{"messages": [{"role": "user", "content": "x"}]}"#;
        assert!(proxy.post("/v1/chat/completions", asked).body == body);
        proxy.wait_for(5);
        let (place, _) = proxy.end();
        assert!(place.verify().open_tool_intents.is_empty());
        assert_eq!(decided(&place).0, tags);
        let receipts = place.receipts();
        let outcome = receipts
            .iter()
            .find(|one| one.parsed().header().kind == Kind::TOOL_OUTCOME);
        let result = ToolOutcome::decode(&outcome.unwrap().parsed())
            .unwrap()
            .result
            .unwrap();
        let digest = ai_audit_core::Digest::of(&body);
        assert_eq!(result.text_digest(), TextDigest::Plain(digest));
    }
}

#[test]
fn names_that_the_log_keeps_out_do_not_keep_out_the_rest() {
    let body = r#"{"id": "c", "model": "jane.doe@example.com", "choices": [{"message": {"content": "x", "tool_calls": [
        {"id": "call_1", "function": {"name": "jane.doe@example.com", "arguments": "{}"}},
        {"id": "call_2", "function": {"name": "a\u0007\u001b[31mb", "arguments": "{}"}}]}}]}"#;
    let proxy = Place::new().serve(&Upstream::answering(body));
    let asked = r#"{"messages": [{"role": "user", "content": "x"}]}"#;
    assert_eq!(proxy.post("/v1/chat/completions", asked).text(), body);
    proxy.wait_for(6);
    let (place, counts) = proxy.end();
    // A decision without its names, and a tool call.
    assert_eq!(counts.left_out, 2);
    assert_eq!(decided(&place).0, ["left_out=texts"]);
    assert_eq!(place.verify().open_tool_intents.len(), 1);
    let sealed = place.receipts();
    assert!(
        !sealed
            .iter()
            .any(|one| crate::place::find(one.parsed().body(), b"jane").is_some())
    );
}

#[test]
fn texts_that_are_kept_go_through_the_redaction_and_what_is_too_long_is_not_kept() {
    let keep = Keep {
        input: Keeping::Plain,
        output: Keeping::Plain,
    };
    for (content, kept) in [
        ("write to jane.doe@example.com".to_owned(), true),
        ("x".repeat(100_000), false),
    ] {
        let body = format!(r#"{{"choices": [{{"message": {{"content": "{content}"}}}}]}}"#);
        let proxy = Place::new().serve_with(&Upstream::answering(&body), keep, |_| {});
        let asked = r#"{"messages": [{"role": "user", "content": "who is it?"}]}"#;
        proxy.post("/v1/chat/completions", asked);
        proxy.wait_for(5);
        let (place, counts) = proxy.end();
        let receipts = place.receipts();
        let decision = receipts
            .iter()
            .find(|one| one.parsed().header().kind == Kind::DECISION);
        let parsed = decision.unwrap().parsed();
        let decision = Decision::decode(&parsed).unwrap();
        assert_eq!(
            (decision.kept.len(), counts.left_out),
            (if kept { 2 } else { 0 }, 0)
        );
        assert_eq!(decision.output, Some(TextDigest::plain(&content)));
        assert!(crate::place::find(parsed.body(), b"jane").is_none());
    }
}

#[test]
fn events_of_other_kinds_and_nonsense_between_them_are_passed_over() {
    let events = "data: nonsense\n\ndata: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"x\"}}]}\n\ndata: [DONE]\n\n";
    let upstream = Upstream::new(move |stream, _, _| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        chunk(stream, events.as_bytes()) && chunk(stream, b"")
    });
    let proxy = Place::new().serve(&upstream);
    let asked = r#"{"messages": [{"role": "user", "content": "x"}], "stream": true}"#;
    assert_eq!(proxy.post("/v1/chat/completions", asked).text(), events);
    proxy.wait_for(5);
    let (place, _) = proxy.end();
    assert_eq!(
        decided(&place),
        (vec!["unread=response".to_owned()], true, true)
    );
}

#[test]
fn requests_that_are_too_long_or_too_many_are_refused_before_anything_is_recorded() {
    let upstream = Upstream::new(|stream, _, _| {
        std::thread::sleep(std::time::Duration::from_millis(600));
        stream.write_all(ok("text/plain", "x").as_bytes()).is_ok()
    });
    let proxy = Place::new().serve_with(&upstream, Keep::default(), |options| {
        options.max_body = 1000;
        options.max_calls = 1;
    });
    let long = proxy.post("/v1/x", &"x".repeat(1001));
    assert_eq!(long.status, 413);
    // Also where the length is not told.
    let chunked = format!(
        "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
        "x".repeat(1001)
    );
    assert_eq!(proxy.send(chunked).status, 413);
    let mut first = proxy.connect();
    first
        .write_all(request("/v1/x", &[], "a").as_bytes())
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let second = proxy.post("/v1/x", "b");
    assert_eq!(
        (second.status, second.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(crate::place::Answer::read(&mut first).status, 200);
    let (place, counts) = proxy.end();
    assert_eq!(counts.forwarded, 1);
    assert!(place.verify().open_tool_intents.is_empty());
}

#[test]
fn who_sends_slowly_takes_nobodys_place_and_is_given_up() {
    let upstream = Upstream::answering(GOOD);
    let proxy = Place::new().serve_with(&upstream, Keep::default(), |options| {
        options.max_calls = 1;
        options.head_timeout = std::time::Duration::from_millis(900);
    });
    let mut slow = proxy.connect();
    slow.write_all(b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        .unwrap();
    let mut other = slow.try_clone().unwrap();
    // It never stands still for long.
    let drip = std::thread::spawn(move || {
        for _ in 0..40 {
            std::thread::sleep(std::time::Duration::from_millis(50));
            if other.write_all(b"x").is_err() {
                return;
            }
        }
    });
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(proxy.post("/v1/x", "b").status, 200);
    assert_eq!(crate::place::Answer::read(&mut slow).status, 408);
    drip.join().unwrap();
    let (_, counts) = proxy.end();
    assert_eq!(counts.forwarded, 1);
}
