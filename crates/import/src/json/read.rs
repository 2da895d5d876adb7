//! The strict reader: one pass over the bytes, a flat list of values with their places in the text.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::text::{self, unescape};
use super::{JsonError, JsonErrorKind};

/// How many arrays and objects may be nested in each other: `[]` is one level.
pub(crate) const MAX_DEPTH: usize = 127;

/// A value, or the name of a member. Values stand in the order of the text, what is inside of one
/// directly behind it; in objects a name before each value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) sort: Sort,
    /// Where the value begins in the text; of strings behind the quote.
    pub(crate) start: u32,
    /// Where it ends; of strings before the quote.
    pub(crate) end: u32,
    /// Index of the first node that is not inside of it.
    pub(crate) next: u32,
    /// Of an object: where its names begin in the list of sorted names.
    pub(crate) names: u32,
    /// Of an object: how many members it has.
    pub(crate) members: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Null,
    False,
    True,
    Number,
    /// A string that stands in the text as it is.
    Plain,
    /// A string with escapes.
    Escaped,
    Array,
    Object,
}

/// What a text was read into.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) nodes: Vec<Node>,
    /// The names of each object, as indices of nodes in the ascending order of their UTF-8 bytes.
    pub(crate) sorted: Vec<u32>,
}

/// A member of an object that is still open. Compared by the name's first bytes, which nearly
/// always decides.
type Member = (u64, u32);

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    read: Read,
    /// Members of all objects that are open, innermost last.
    open: Vec<Member>,
}

/// Reads one value with white space around it at most.
pub(crate) fn read(text: &str) -> Result<Read, JsonError> {
    // Offsets and indices are 32 bits wide; no text has more values than bytes.
    if u32::try_from(text.len()).is_err() {
        return Err(JsonError {
            kind: JsonErrorKind::TooLong,
            offset: 0,
        });
    }
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        depth: 0,
        read: Read {
            // A receipt has a value or a name for every 12 bytes or so.
            nodes: Vec::with_capacity(text.len() / 12 + 1),
            sorted: Vec::with_capacity(text.len() / 24 + 1),
        },
        open: Vec::with_capacity(32),
    };
    reader.skip_space();
    reader.value()?;
    reader.skip_space();
    if reader.at < reader.bytes.len() {
        return reader.fail(JsonErrorKind::TrailingData);
    }
    Ok(reader.read)
}

impl Reader<'_> {
    fn fail<T>(&self, kind: JsonErrorKind) -> Result<T, JsonError> {
        let offset = self.at;
        Err(JsonError { kind, offset })
    }

    /// The grammar has something else here, or the text ends.
    fn expect<T>(&self, expected: &'static str) -> Result<T, JsonError> {
        self.fail(if self.at < self.bytes.len() {
            JsonErrorKind::Syntax { expected }
        } else {
            JsonErrorKind::UnexpectedEnd
        })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn push(&mut self, sort: Sort, start: usize, end: usize) {
        let next = narrow(self.read.nodes.len() + 1);
        self.read.nodes.push(Node {
            sort,
            start: narrow(start),
            end: narrow(end),
            next,
            names: 0,
            members: 0,
        });
    }

    fn value(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.nested(Sort::Object),
            Some(b'[') => self.nested(Sort::Array),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Sort::True),
            Some(b'f') => self.word("false", Sort::False),
            Some(b'n') => self.word("null", Sort::Null),
            _ => self.expect("a value"),
        }
    }

    fn word(&mut self, word: &str, sort: Sort) -> Result<(), JsonError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return self.expect("true, false or null");
        }
        self.push(sort, self.at, self.at + word.len());
        self.at += word.len();
        Ok(())
    }

    /// The grammar of RFC 8259, section 6.
    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        self.push(Sort::Number, start, self.at);
        Ok(())
    }

    /// One digit at least.
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return self.expect("a digit");
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        let start = self.at + 1;
        self.at = start;
        let mut sort = Sort::Plain;
        loop {
            self.at = text::next_special(self.bytes, self.at);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    sort = Sort::Escaped;
                    self.escape()?;
                }
                _ => return self.expect("an escape in place of the control character"),
            }
        }
        self.push(sort, start, self.at);
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                let lone = Err(JsonError {
                    kind: JsonErrorKind::LoneSurrogate,
                    offset: start,
                });
                match self.unit()? {
                    0xdc00..=0xdfff => lone,
                    0xd800..=0xdbff => {
                        if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
                            return lone;
                        }
                        self.at += 2;
                        match self.unit()? {
                            0xdc00..=0xdfff => Ok(()),
                            _ => lone,
                        }
                    }
                    _ => Ok(()),
                }
            }
            _ => self.expect("one of the escapes of JSON"),
        }
    }

    /// The four digits of a `\u` escape.
    fn unit(&mut self) -> Result<u32, JsonError> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(text::hex_digit) else {
                return self.expect("four hexadecimal digits");
            };
            unit = unit << 4 | digit;
            self.at += 1;
        }
        Ok(unit)
    }

    fn nested(&mut self, sort: Sort) -> Result<(), JsonError> {
        if self.depth == MAX_DEPTH {
            return self.fail(JsonErrorKind::TooDeep);
        }
        self.depth += 1;
        let index = self.read.nodes.len();
        let first = self.open.len();
        self.push(sort, self.at, self.at);
        self.at += 1;
        let close = if sort == Sort::Object { b'}' } else { b']' };
        self.skip_space();
        if self.peek() == Some(close) {
            self.at += 1;
        } else {
            loop {
                if sort == Sort::Object {
                    self.name()?;
                }
                self.value()?;
                self.skip_space();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(byte) if byte == close => break self.at += 1,
                    _ if sort == Sort::Object => return self.expect("a comma or }"),
                    _ => return self.expect("a comma or ]"),
                }
                self.skip_space();
            }
        }
        self.depth -= 1;
        let names = self.read.sorted.len();
        self.close(first)?;
        let (end, next) = (narrow(self.at), narrow(self.read.nodes.len()));
        let members = narrow(self.read.sorted.len() - names);
        if let Some(node) = self.read.nodes.get_mut(index) {
            (node.end, node.next) = (end, next);
            (node.names, node.members) = (narrow(names), members);
        }
        Ok(())
    }

    /// The name of a member and its colon.
    fn name(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return self.expect("the name of a member in quotes");
        }
        let index = self.read.nodes.len();
        self.string()?;
        if let Some(node) = self.read.nodes.get(index) {
            self.open.push((prefix(self.text, node), narrow(index)));
        }
        self.skip_space();
        if self.peek() != Some(b':') {
            return self.expect("a colon");
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Sorts the names of the object whose members begin at `first`, and refuses what stands twice.
    fn close(&mut self, first: usize) -> Result<(), JsonError> {
        let (text, nodes) = (self.text, &self.read.nodes);
        let names = self.open.get_mut(first..).unwrap_or_default();
        let order = |a: &Member, b: &Member| {
            a.0.cmp(&b.0).then_with(
                || match (nodes.get(a.1 as usize), nodes.get(b.1 as usize)) {
                    (Some(a), Some(b)) => compare(text, a, b),
                    _ => Ordering::Equal,
                },
            )
        };
        names.sort_unstable_by(order);
        let pair = names
            .windows(2)
            .find(|pair| matches!(pair, [a, b] if order(a, b).is_eq()));
        if let Some([a, b]) = pair {
            let twice = nodes.get(a.1.max(b.1) as usize);
            return Err(JsonError {
                kind: JsonErrorKind::DuplicateName(
                    twice
                        .map(|node| node.string(text).into_owned())
                        .unwrap_or_default(),
                ),
                // At its quote.
                offset: twice.map_or(0, |node| node.start as usize - 1),
            });
        }
        self.read
            .sorted
            .extend(names.iter().map(|(_, index)| index));
        self.open.truncate(first);
        Ok(())
    }
}

/// The first bytes of a name as a number that sorts like them.
fn prefix(text: &str, name: &Node) -> u64 {
    if name.sort == Sort::Escaped {
        return first_bytes(unescape(name.raw(text)).as_bytes());
    }
    first_bytes(name.raw(text).as_bytes())
}

fn first_bytes(name: &[u8]) -> u64 {
    if let Some(first) = name.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(name) {
        *to = *from;
    }
    u64::from_be_bytes(first)
}

fn compare(text: &str, a: &Node, b: &Node) -> Ordering {
    a.string(text).as_bytes().cmp(b.string(text).as_bytes())
}

/// Lossless: [`read`] takes no text with more bytes than this holds.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
