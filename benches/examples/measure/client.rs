//! A client that knows of HTTP what it needs here, so that it takes little of the machine.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, ensure};

/// One connection, one request at a time.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    address: SocketAddr,
    token: Option<String>,
    request: String,
    answer: Vec<u8>,
    /// Where the body of the answer begins, and where it ends.
    body: (usize, usize),
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, token: Option<&str>) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            address,
            token: token.map(str::to_owned),
            request: String::new(),
            answer: vec![0; 4096],
            body: (0, 0),
        })
    }

    /// Sends a request and waits for all of the answer, which has a length; its status.
    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) -> Result<u16> {
        let request = &mut self.request;
        request.clear();
        write!(
            request,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n",
            self.address
        )?;
        if let Some(token) = &self.token {
            write!(request, "Authorization: Bearer {token}\r\n")?;
        }
        if method != "GET" {
            write!(
                request,
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            )?;
        }
        write!(request, "\r\n{body}")?;
        self.stream.write_all(request.as_bytes())?;
        let mut filled = 0;
        loop {
            if filled == self.answer.len() {
                self.answer.resize(2 * filled, 0);
            }
            let room = self.answer.get_mut(filled..).unwrap_or_default();
            let read = self.stream.read(room)?;
            ensure!(read > 0, "the service closed the connection");
            filled += read;
            if let Some(body) = self.whole(filled)? {
                self.body = body;
                let status = self.answer.get(9..12).unwrap_or_default();
                return Ok(std::str::from_utf8(status)?.parse()?);
            }
        }
    }

    /// The body of the last answer, if it is text.
    pub(crate) fn body(&self) -> &str {
        let body = self.answer.get(self.body.0..self.body.1);
        std::str::from_utf8(body.unwrap_or_default()).unwrap_or_default()
    }

    /// Where the body is, once the answer is all there.
    fn whole(&self, filled: usize) -> Result<Option<(usize, usize)>> {
        let so_far = self.answer.get(..filled).unwrap_or_default();
        let end = so_far.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let Some(end) = end else {
            return Ok(None);
        };
        let head = std::str::from_utf8(so_far.get(..end).unwrap_or_default())?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.context("an answer without a length")?.parse()?;
        let begin = end + 4;
        Ok((filled >= begin + length).then_some((begin, begin + length)))
    }
}
