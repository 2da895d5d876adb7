//! A77: credentials that pass stand in no byte of the log directory, and in no answer of the proxy's own.

use crate::place::{Place, find, request};
use crate::upstream::Upstream;
use std::path::Path;

const SECRET: &str = "sk-very-secret-9f3a7c1b";

/// Every byte of every file below a folder.
fn bytes_of(folder: &Path, each: &mut dyn FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => bytes_of(&path, each),
            false => each(&path, &std::fs::read(&path).unwrap()),
        }
    }
}

#[test]
fn credentials_pass_and_are_nowhere_in_the_directory() {
    let upstream = Upstream::saying(format!(
        "HTTP/1.1 200 OK\r\nSet-Cookie: session={SECRET}\r\nContent-Length: 15\r\n\r\n{{\"choices\": []}}"
    ));
    let proxy = Place::new().serve(&upstream);
    let lines = [
        format!("Authorization: Bearer {SECRET}"),
        format!("x-api-key: {SECRET}"),
        format!("api-key: {SECRET}"),
        format!("Cookie: session={SECRET}"),
        format!("x-goog-api-key: {SECRET}"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let path = format!("/v1/chat/completions?key={SECRET}");
    let body = r#"{"messages": [{"role": "user", "content": "x"}]}"#;
    assert_eq!(proxy.send(request(&path, &lines, body)).status, 200);
    // Where nothing is known of the path, too, and where it is refused.
    assert_eq!(
        proxy
            .send(request(&format!("/v1/x?key={SECRET}"), &lines, body))
            .status,
        200
    );
    let mut wrong = lines.clone();
    wrong.push("x-ai-audit-subject: a@example.com");
    let refused = proxy.send(request(&path, &wrong, body));
    assert!(refused.status == 400 && !refused.text().contains(SECRET));
    proxy.wait_for(7);
    let came = upstream.came();
    assert_eq!(came.len(), 2);
    for request in &came {
        let times = request
            .windows(SECRET.len())
            .filter(|window| *window == SECRET.as_bytes());
        assert_eq!(times.count(), 6, "all of it arrives");
    }
    let mut files = 0;
    let mut look = |path: &Path, bytes: &[u8]| {
        files += 1;
        assert!(
            find(bytes, SECRET.as_bytes()).is_none(),
            "{}",
            path.display()
        );
    };
    // While it runs, with the journal, and afterwards.
    bytes_of(&proxy.place.path(), &mut look);
    let (place, _) = proxy.end();
    bytes_of(&place.path(), &mut look);
    assert!(files > 8);
    place.verify();
}
