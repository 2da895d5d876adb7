//! Finding the records in a text: JSON Lines, one value after the other, or an array of them.

use alloc::vec::Vec;
use core::fmt;

use crate::MAX_RECORD;

/// Why what stands in a text is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitError {
    /// The text begins with a byte order mark.
    ByteOrderMark,
    /// Longer than [`MAX_RECORD`].
    TooLong,
    /// The bytes are no UTF-8.
    Utf8 {
        /// Where in the record, from 0.
        offset: usize,
    },
    /// A string goes over the end of its line, or the text ends inside of a value.
    CutShort,
    /// Something between the values of a text or an array that does not belong there.
    Between,
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str(
                "the text begins with a byte order mark (EF BB BF), expected a record: save it as UTF-8 without one",
            ),
            Self::TooLong => write!(f, "the record is too long, expected at most {MAX_RECORD} bytes"),
            Self::Utf8 { offset } => write!(f, "no UTF-8 at byte {offset} of the record"),
            Self::CutShort => f.write_str("the record is cut short, expected the rest of its value"),
            Self::Between => {
                f.write_str("expected a record, in an array with one comma in front of it")
            }
        }
    }
}

impl core::error::Error for SplitError {}

/// A record, or why there is none.
pub type Split<'a> = Result<&'a str, SplitError>;

/// Finds the records in a text that comes in pieces.
///
/// A text whose first line is one value is taken as JSON Lines: every line that is not blank is a
/// record, whatever stands in it. Otherwise its values are told apart by their brackets, be they
/// one after the other or in arrays; after the first one that is cut short, its lines count. `\r\n`
/// ends a line as well. Whether a record is JSON is for whoever reads it.
///
/// At most [`MAX_RECORD`] bytes are kept.
///
/// ```
/// use ai_audit_import::RecordSplitter;
///
/// let mut found = Vec::new();
/// let mut take = |line: u64, record: Result<&str, _>| found.push((line, record.map(str::len)));
/// let mut splitter = RecordSplitter::new();
/// splitter.push(b"[\n  {\"a\": [1]},\n  {\"b\"", &mut take);
/// splitter.push(b": 2}\n]\n", &mut take);
/// splitter.finish(&mut take);
/// assert_eq!(found, [(2, Ok(10)), (3, Ok(8))]);
/// ```
#[derive(Debug)]
pub struct RecordSplitter {
    form: Form,
    /// What was read of a record, or of the line before its form is known.
    pending: Vec<u8>,
    /// The line on which it begins, and the one that is read.
    begins: u64,
    line: u64,
    /// Brackets that are open in the value.
    depth: u64,
    in_string: bool,
    escaped: bool,
    /// The line is too long, and was told of.
    skipping: bool,
    /// Bytes at the very beginning that may be a byte order mark.
    start: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nothing but white space so far, or the first line's value.
    Unknown,
    Lines,
    /// Values told apart by brackets.
    Values,
    /// The same inside of an array; whether a comma has to come.
    Array {
        comma: bool,
        value: bool,
    },
}

const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

impl Default for RecordSplitter {
    fn default() -> Self {
        Self::new()
    }
}

impl RecordSplitter {
    /// For a text whose form is found out.
    #[must_use]
    pub const fn new() -> Self {
        Self::of(Form::Unknown)
    }

    /// For JSON Lines.
    #[must_use]
    pub const fn lines() -> Self {
        Self::of(Form::Lines)
    }

    const fn of(form: Form) -> Self {
        Self {
            form,
            pending: Vec::new(),
            begins: 1,
            line: 1,
            depth: 0,
            in_string: false,
            escaped: false,
            skipping: false,
            start: Some(0),
        }
    }

    /// Takes a piece of the text; gives every record that ends in it with the line on which it begins,
    /// from 1.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(u64, Split<'_>)) {
        let mut rest = bytes;
        while let Some(seen) = self.start {
            let Some((byte, behind)) = rest.split_first() else {
                return;
            };
            if MARK.get(seen) == Some(byte) {
                rest = behind;
                self.start = Some(seen + 1);
                if seen + 1 == MARK.len() {
                    self.start = None;
                    each(1, Err(SplitError::ByteOrderMark));
                }
            } else {
                self.start = None;
                let begun = MARK.get(..seen).unwrap_or_default();
                self.bytes(begun, each);
            }
        }
        self.bytes(rest, each);
    }

    /// Ends the text.
    pub fn finish(mut self, each: &mut dyn FnMut(u64, Split<'_>)) {
        if let Some(seen) = self.start.take() {
            let begun = MARK.get(..seen).unwrap_or_default();
            self.bytes(begun, each);
        }
        if self.depth > 0 && self.form != Form::Lines {
            self.by_lines(SplitError::CutShort, each);
        }
        match self.form {
            Form::Array { .. } => each(self.line, Err(SplitError::CutShort)),
            _ => self.give(each),
        }
    }

    fn bytes(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(u64, Split<'_>)) {
        while !bytes.is_empty() {
            if self.form == Form::Lines {
                bytes = self.line(bytes, each);
            } else if let Some((byte, rest)) = bytes.split_first() {
                bytes = rest;
                self.byte(*byte, each);
            }
        }
    }

    /// Takes what is left of a line, or all there is of it; gives the rest.
    fn line<'b>(&mut self, bytes: &'b [u8], each: &mut dyn FnMut(u64, Split<'_>)) -> &'b [u8] {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        if !self.skipping {
            if self.pending.len().saturating_add(line.len()) > MAX_RECORD + 1 {
                self.skipping = true;
                self.pending.clear();
                each(self.begins, Err(SplitError::TooLong));
            } else {
                self.pending.extend_from_slice(line);
            }
        }
        if end.is_none() {
            return rest;
        }
        self.give(each);
        self.line += 1;
        self.begins = self.line;
        self.skipping = false;
        rest.get(1..).unwrap_or_default()
    }

    /// Takes one byte of a text whose values are told apart by brackets.
    fn byte(&mut self, byte: u8, each: &mut dyn FnMut(u64, Split<'_>)) {
        if self.depth > 0 {
            return self.inside(byte, each);
        }
        match (byte, self.form) {
            (b'\n', Form::Unknown) if !self.pending.is_empty() => {
                // The first line was one value.
                self.form = Form::Lines;
                self.give(each);
                self.next_line();
            }
            (b'\n', _) => self.next_line(),
            (b' ' | b'\t' | b'\r', Form::Unknown) if !self.pending.is_empty() => {
                self.pending.push(byte);
            }
            (b' ' | b'\t' | b'\r', _) => {}
            (b'{', Form::Unknown) if self.pending.is_empty() => self.open(byte),
            (b'[', Form::Unknown) if self.pending.is_empty() => self.form = ARRAY,
            (b'{', Form::Unknown) => {
                // Another value behind the first one, on the same line.
                self.form = Form::Values;
                self.give(each);
                self.open(byte);
            }
            (b'{', Form::Values) => self.open(byte),
            (b'[', Form::Values) => self.form = ARRAY,
            (b'{', Form::Array { comma: false, .. }) => self.open(byte),
            (b',', Form::Array { comma: true, .. }) => {
                self.form = Form::Array {
                    comma: false,
                    value: false,
                };
            }
            // Behind a comma a value has to come.
            (b']', Form::Array { comma, value }) if comma || value => self.form = Form::Values,
            _ => {
                if self.form != Form::Unknown {
                    each(self.line, Err(SplitError::Between));
                    self.begins = self.line;
                }
                self.form = Form::Lines;
                self.pending.push(byte);
            }
        }
    }

    fn open(&mut self, byte: u8) {
        self.begins = self.line;
        self.pending.push(byte);
        self.depth = 1;
        (self.in_string, self.escaped) = (false, false);
    }

    /// Takes one byte of a value.
    fn inside(&mut self, byte: u8, each: &mut dyn FnMut(u64, Split<'_>)) {
        if self.pending.len() >= MAX_RECORD {
            self.by_lines(SplitError::TooLong, each);
            return self.bytes(&[byte], each);
        }
        if byte == b'\n' && self.in_string {
            self.by_lines(SplitError::CutShort, each);
            return self.bytes(b"\n", each);
        }
        self.pending.push(byte);
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth -= 1;
                self.close(each);
            }
            b'\n' => {
                self.line += 1;
                if self.form == Form::Unknown {
                    self.form = Form::Values;
                }
            }
            _ => {}
        }
    }

    /// A bracket was closed.
    fn close(&mut self, each: &mut dyn FnMut(u64, Split<'_>)) {
        if self.depth > 0 || self.form == Form::Unknown {
            return;
        }
        self.give(each);
        if let Form::Array { .. } = self.form {
            self.form = Form::Array {
                comma: true,
                value: true,
            };
        }
    }

    /// Gives the value up that is read: its first line is wrong, and all others are taken as lines.
    fn by_lines(&mut self, error: SplitError, each: &mut dyn FnMut(u64, Split<'_>)) {
        let pending = core::mem::take(&mut self.pending);
        self.form = Form::Lines;
        self.depth = 0;
        self.line = self.begins;
        each(self.begins, Err(error));
        match pending.iter().position(|byte| *byte == b'\n') {
            None => self.skipping = true,
            Some(end) => {
                self.next_line();
                self.begins = self.line;
                let rest = pending.get(end + 1..).unwrap_or_default();
                self.bytes(rest, each);
            }
        }
    }

    const fn next_line(&mut self) {
        self.line += 1;
        self.begins = self.line;
    }

    /// Gives what was read, where it is not blank.
    fn give(&mut self, each: &mut dyn FnMut(u64, Split<'_>)) {
        let record = self.pending.trim_ascii();
        if record.len() > MAX_RECORD {
            each(self.begins, Err(SplitError::TooLong));
        } else if !record.is_empty() {
            each(self.begins, as_text(record));
        }
        self.pending.clear();
    }
}

const ARRAY: Form = Form::Array {
    comma: false,
    value: true,
};

fn as_text(record: &[u8]) -> Split<'_> {
    core::str::from_utf8(record).map_err(|error| SplitError::Utf8 {
        offset: error.valid_up_to(),
    })
}
