//! Server-sent events out of bytes as they come (WHATWG HTML, 9.2.6): the data of each.

/// Why events are read no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Reads events.
#[derive(Debug)]
pub(crate) struct Events {
    /// The line at hand as far as it came.
    line: Vec<u8>,
    /// The data of the event at hand.
    data: Vec<u8>,
    has_data: bool,
    /// Whether the last byte was a carriage return: a line feed behind it ends nothing.
    returned: bool,
    first: bool,
    /// The most bytes of a line and of an event's data.
    most: usize,
}

impl Events {
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            returned: false,
            first: true,
            most,
        }
    }

    /// Takes the next bytes and hands over the data of each event that ended in them. An event whose data
    /// is no UTF-8 is handed over as `None`.
    pub(crate) fn push(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(Option<&str>),
    ) -> Result<(), TooLong> {
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = bytes.split_at(end);
            let ending = rest.first().copied();
            let returned = core::mem::replace(&mut self.returned, ending == Some(b'\r'));
            bytes = rest.get(1..).unwrap_or_default();
            if returned && line.is_empty() && ending == Some(b'\n') {
                continue;
            }
            self.add(line)?;
            self.end_line(&mut each)?;
        }
        if !bytes.is_empty() {
            self.returned = false;
            self.add(bytes)?;
        }
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > self.most {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, each: &mut impl FnMut(Option<&str>)) -> Result<(), TooLong> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let line = self.line.as_slice();
        let line = match core::mem::replace(&mut self.first, false) {
            true => line.strip_prefix(MARK).unwrap_or(line),
            false => line,
        };
        if line.is_empty() {
            if core::mem::replace(&mut self.has_data, false) {
                each(core::str::from_utf8(&self.data).ok());
                self.data.clear();
            }
        } else {
            let (name, value) = match line.iter().position(|byte| *byte == b':') {
                Some(colon) => {
                    let (name, value) = line.split_at(colon);
                    let value = value.get(1..).unwrap_or_default();
                    (name, value.strip_prefix(b" ").unwrap_or(value))
                }
                None => (line, &[][..]),
            };
            if name == b"data" {
                if self.data.len() + value.len() + 1 > self.most {
                    return Err(TooLong);
                }
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
        }
        self.line.clear();
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<Option<String>> {
        let (mut events, mut all) = (Events::new(100), Vec::new());
        for piece in pieces {
            let taken = events.push(piece, |data| all.push(data.map(str::to_owned)));
            taken.unwrap();
        }
        all
    }

    #[test]
    fn however_the_bytes_are_cut_the_events_are_the_same() {
        let text = "\u{feff}: hello\r\nevent: a\r\ndata: one\r\ndata:two\r\n\r\ndata\n\nid: 3\n\ndata: [DONE]\r\rdata: never ended\n";
        let expected = [Some("one\ntwo"), Some(""), Some("[DONE]")];
        let expected = expected.map(|text| text.map(str::to_owned));
        let bytes = text.as_bytes();
        assert_eq!(read(&[bytes]), expected);
        for cut in 0..bytes.len() {
            assert_eq!(read(&[&bytes[..cut], &bytes[cut..]]), expected, "{cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), expected);
    }

    #[test]
    fn what_is_no_text_or_too_long_is_told() {
        assert_eq!(
            read(&[b"data: \xff\n\ndata: a\n\n"]),
            [None, Some("a".into())]
        );
        let mut events = Events::new(10);
        assert_eq!(events.push(b"data: 12345678901", |_| {}), Err(TooLong));
        let mut events = Events::new(10);
        let taken = events.push(b"data:12345\ndata:12345\n\n", |_| {});
        assert_eq!(taken, Err(TooLong));
    }
}
