//! A client that knows of HTTP what it needs here, so that it takes little of the machine.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
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
        Ok(Self {
            stream: connected(address)?,
            address,
            token: token.map(str::to_owned),
            request: String::new(),
            answer: vec![0; 4096],
            body: (0, 0),
        })
    }

    /// Sends a request and waits for all of the answer, which has a length; its status. A service closes a
    /// connection on which nothing came for a while; then it has not seen the request, and gets it by another one.
    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) -> Result<u16> {
        if let Some(status) = self.try_send(method, path, body)? {
            return Ok(status);
        }
        self.stream = connected(self.address)?;
        let status = self.try_send(method, path, body)?;
        status.context("the service closed the connection")
    }

    /// None where the connection was closed before anything of an answer came.
    fn try_send(&mut self, method: &str, path: &str, body: &str) -> Result<Option<u16>> {
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
        if closed(&self.stream.write_all(request.as_bytes())) {
            return Ok(None);
        }
        let mut filled = 0;
        loop {
            if filled == self.answer.len() {
                self.answer.resize(2 * filled, 0);
            }
            let room = self.answer.get_mut(filled..).unwrap_or_default();
            let read = self.stream.read(room);
            if filled == 0 && (closed(&read) || matches!(read, Ok(0))) {
                return Ok(None);
            }
            let read = read?;
            ensure!(read > 0, "the service closed the connection in an answer");
            filled += read;
            if let Some(body) = self.whole(filled)? {
                self.body = body;
                let status = self.answer.get(9..12).unwrap_or_default();
                return Ok(Some(std::str::from_utf8(status)?.parse()?));
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

fn connected(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether the other side had closed the connection.
fn closed<T>(done: &std::io::Result<T>) -> bool {
    let kinds = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
    matches!(done, Err(error) if kinds.contains(&error.kind()))
}
