//! The bytes of the input, cut into lines or into JSON values.

use std::io::{ErrorKind, Read};
use std::ops::Range;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// A reader, and what of it has been read and not yet been taken.
pub(crate) struct Source<R> {
    reader: R,
    chunk: Vec<u8>,
    buf: Vec<u8>,
    /// Where in `buf` the next thing starts.
    start: usize,
    /// Bytes from `start` on that were given out and go with the next call.
    given: usize,
    eof: bool,
}

/// A line of the input.
#[derive(Debug)]
pub(crate) enum Line {
    /// No more lines.
    End,
    /// A line without its end; [`Source::bytes`] gives it.
    Here(Range<usize>),
    /// A line beyond the limit. It was passed over.
    TooLong,
}

/// A JSON value of the input, by its brackets and quotes only.
#[derive(Debug)]
pub(crate) enum Value {
    /// A value; [`Source::bytes`] gives it.
    Here(Range<usize>),
    /// The input ends inside of it.
    Cut,
    /// It is beyond the limit.
    TooLong,
    /// No value starts there.
    None,
}

impl<R: Read> Source<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            chunk: Vec::new(),
            buf: Vec::new(),
            start: 0,
            given: 0,
            eof: false,
        }
    }

    /// What a range that was given out holds, until the next call.
    pub(crate) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.buf.get(range).unwrap_or(&[])
    }

    /// The next line.
    pub(crate) fn line(&mut self, limit: usize) -> std::io::Result<Line> {
        self.release();
        let mut seen = 0;
        loop {
            let rest = self.buf.get(self.start + seen..).unwrap_or(&[]);
            let newline = rest.iter().position(|byte| *byte == b'\n');
            let len = seen + newline.unwrap_or(rest.len());
            if len > limit {
                return self.pass_line();
            }
            if newline.is_some() {
                return Ok(Line::Here(self.give(len, 1)));
            }
            seen = len;
            if !self.fill()? {
                if len == 0 {
                    return Ok(Line::End);
                }
                return Ok(Line::Here(self.give(len, 0)));
            }
        }
    }

    /// Passes over a line without holding it.
    fn pass_line(&mut self) -> std::io::Result<Line> {
        loop {
            let rest = self.buf.get(self.start..).unwrap_or(&[]);
            let newline = rest.iter().position(|byte| *byte == b'\n');
            self.given = newline.map_or(rest.len(), |newline| newline + 1);
            self.release();
            if newline.is_some() || !self.fill()? {
                return Ok(Line::TooLong);
            }
        }
    }

    /// The byte that follows, white space passed over.
    pub(crate) fn peek(&mut self) -> std::io::Result<Option<u8>> {
        self.release();
        loop {
            let rest = self.buf.get(self.start..).unwrap_or(&[]);
            let space = rest.iter().take_while(|byte| is_space(**byte)).count();
            let found = rest.get(space).copied();
            self.given = space;
            self.release();
            if found.is_some() || !self.fill()? {
                return Ok(found);
            }
        }
    }

    /// Takes the byte that [`peek`](Self::peek) has shown.
    pub(crate) const fn take(&mut self) {
        self.given = 1;
    }

    /// The value that starts `after` bytes behind the place that [`peek`](Self::peek) has shown.
    pub(crate) fn value(&mut self, after: usize, limit: usize) -> std::io::Result<Value> {
        self.release();
        let mut scan = Scan::default();
        let mut at = after;
        loop {
            let rest = self.buf.get(self.start + at..).unwrap_or(&[]);
            for byte in rest {
                if scan.ends_before(*byte) {
                    return Ok(self.give_value(after, at));
                }
                at += 1;
                if scan.ends_with(*byte) {
                    return Ok(self.give_value(after, at));
                }
            }
            if at - after > limit {
                return Ok(Value::TooLong);
            }
            if !self.fill()? {
                return Ok(if scan.inside() {
                    Value::Cut
                } else {
                    self.give_value(after, at)
                });
            }
        }
    }

    fn give_value(&mut self, after: usize, end: usize) -> Value {
        if end == after {
            return Value::None;
        }
        self.given = end;
        Value::Here(self.start + after..self.start + end)
    }

    fn give(&mut self, len: usize, end: usize) -> Range<usize> {
        self.given = len + end;
        self.start..self.start + len
    }

    fn release(&mut self) {
        let end = (self.start + self.given).min(self.buf.len());
        self.start = end;
        self.given = 0;
    }

    /// Reads on. False at the end of the input.
    fn fill(&mut self) -> std::io::Result<bool> {
        if self.eof {
            return Ok(false);
        }
        self.buf.drain(..self.start);
        self.start = 0;
        self.chunk.resize(CHUNK, 0);
        let count = loop {
            match self.reader.read(&mut self.chunk) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        // A reader that claims more than it was given room for is cut, not believed.
        self.buf
            .extend_from_slice(self.chunk.get(..count).unwrap_or(&self.chunk));
        self.eof = count == 0;
        Ok(count > 0)
    }
}

impl<R> std::fmt::Debug for Source<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Finds where a value ends. What stands inside of it is for the strict reader to judge.
#[derive(Debug, Default)]
struct Scan {
    depth: u64,
    text: bool,
    escape: bool,
    /// Inside of a number or a word.
    word: bool,
}

impl Scan {
    /// Whether the value has ended before this byte: at the top only brackets and quotes end it.
    const fn ends_before(&self, byte: u8) -> bool {
        self.depth == 0 && !self.text && (is_space(byte) || matches!(byte, b',' | b']' | b'}'))
    }

    /// Takes a byte; whether the value ends with it.
    const fn ends_with(&mut self, byte: u8) -> bool {
        if self.escape {
            self.escape = false;
        } else if self.text {
            match byte {
                b'\\' => self.escape = true,
                b'"' => {
                    self.text = false;
                    return self.depth == 0;
                }
                _ => {}
            }
        } else {
            match byte {
                b'"' => self.text = true,
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => {
                    self.depth -= 1;
                    return self.depth == 0;
                }
                _ => self.word = true,
            }
        }
        false
    }

    const fn inside(&self) -> bool {
        self.depth > 0 || self.text
    }
}
