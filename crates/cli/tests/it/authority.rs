//! A timestamp authority behind a small HTTP server.

use crate::run::Place;
use ai_audit_testkit::tsa::{KeyType, OpensslAuthority};
use ai_audit_timestamp::TimestampRequest;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Serves answers over HTTP to whoever connects. Returns the address.
pub(crate) fn serve(answer: impl Fn(&[u8], &mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/tsr", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if let Some(body) = request(&mut stream) {
                answer(&body, &mut stream);
            }
        }
    });
    address
}

/// Reads a request and returns its body, if it is one to an authority.
fn request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buf = [0; 4096];
    loop {
        let len = stream.read(&mut buf).ok().filter(|len| *len > 0)?;
        bytes.extend_from_slice(&buf[..len]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        assert!(head.starts_with("post /tsr "), "{head}");
        assert!(head.contains(&format!("content-type: {}", TimestampRequest::MEDIA_TYPE)));
        let wanted = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        let body = &bytes[end + 4..];
        if body.len() == wanted.parse::<usize>().unwrap() {
            return Some(body.to_vec());
        }
    }
}

/// Whether the other side has gone away is its matter.
pub(crate) fn reply(stream: &mut TcpStream, status: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
}

/// An authority of openssl in `tsa`, and its address.
pub(crate) fn openssl(place: &Place) -> Option<(OpensslAuthority, String)> {
    let folder = place.path("tsa");
    let make = || OpensslAuthority::new(&folder, KeyType::P384, KeyType::P256);
    let authority = make()?;
    std::fs::write(place.path("root.pem"), authority.root()).unwrap();
    let serving = OpensslAuthority::opened(&folder);
    let address = serve(move |body, stream| {
        reply(stream, "200 OK", &serving.answer(body));
    });
    Some((authority, address))
}
