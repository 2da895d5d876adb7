//! Messages as lines, of a bounded length.

use crate::message::MAX_MESSAGE;
use std::io;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line with its end.
    Whole(Vec<u8>),
    /// A line that is longer than a message may be; how long, with its end. It is not kept.
    TooLong(u64),
    /// The input ended in the middle of a line.
    Cut,
    /// The input ended.
    End,
}

/// Reads lines.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    /// Bytes of a line that is too long.
    dropped: u64,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(crate) const fn new(reader: R) -> Self {
        Self {
            reader,
            line: Vec::new(),
            dropped: 0,
        }
    }

    /// The next line. What was read of one is kept where this is given up in the middle.
    pub(crate) async fn next(&mut self) -> io::Result<Line> {
        loop {
            let found = self.reader.fill_buf().await?;
            if found.is_empty() {
                let cut = self.dropped > 0 || !self.line.is_empty();
                (self.dropped, self.line) = (0, Vec::new());
                return Ok(if cut { Line::Cut } else { Line::End });
            }
            let end = found.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(found.len(), |end| end + 1);
            let long = self.line.len() + taken > MAX_MESSAGE + 2;
            if self.dropped > 0 || long {
                self.dropped += (self.line.len() + taken) as u64;
                self.line = Vec::new();
            } else if let Some(part) = found.get(..taken) {
                self.line.extend_from_slice(part);
            }
            self.reader.consume(taken);
            if end.is_some() {
                let dropped = std::mem::take(&mut self.dropped);
                return Ok(match dropped {
                    0 => Line::Whole(std::mem::take(&mut self.line)),
                    length => Line::TooLong(length),
                });
            }
        }
    }
}

/// A line without its end.
pub(crate) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::BufReader;

    fn all(input: &[u8]) -> Vec<Line> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut lines = Lines::new(BufReader::with_capacity(7, input));
            let mut found = Vec::new();
            loop {
                found.push(lines.next().await.unwrap());
                if matches!(found.last(), Some(Line::End | Line::Cut)) {
                    return found;
                }
            }
        })
    }

    #[test]
    fn lines_are_whole_too_long_or_cut() {
        let long = vec![b'x'; MAX_MESSAGE + 3];
        let input = [b"{\"a\": 1}\r\n\n", &long[..], b"\nnext\nhal"].concat();
        assert_eq!(
            all(&input),
            [
                Line::Whole(b"{\"a\": 1}\r\n".to_vec()),
                Line::Whole(b"\n".to_vec()),
                Line::TooLong(MAX_MESSAGE as u64 + 4),
                Line::Whole(b"next\n".to_vec()),
                Line::Cut,
            ]
        );
        assert_eq!(all(b"one\n"), [Line::Whole(b"one\n".to_vec()), Line::End]);
        assert_eq!(without_end(b"one\r\n"), b"one");
    }
}
