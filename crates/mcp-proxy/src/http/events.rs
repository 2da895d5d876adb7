//! An event stream, event by event (WHATWG HTML, 9.2), with the bytes of each as they came.

use crate::message::MAX_MESSAGE;

/// What of an event stream came so far and is not yet a whole event.
#[derive(Debug, Default)]
pub(crate) struct Events {
    buffer: Vec<u8>,
    /// So many bytes of it were given out; they are dropped with the next push, once for all.
    start: usize,
    /// Up to here it is known to have no end of an event.
    seen: usize,
}

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its bytes with the empty line behind it.
    pub(crate) bytes: Vec<u8>,
    /// Its data, the lines joined; none where it has none.
    pub(crate) data: Option<Vec<u8>>,
    /// Whether a client can ask for what comes after it.
    pub(crate) has_id: bool,
}

/// An event is longer than a message may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Events {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.seen = self.seen.saturating_sub(self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole event.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, TooLong> {
        let Some(end) = self.end() else {
            let most = MAX_MESSAGE + 4096;
            return match self.buffer.len() - self.start > most {
                true => Err(TooLong),
                false => Ok(None),
            };
        };
        let bytes = self.buffer.get(self.start..end).unwrap_or_default();
        let event = Event::of(bytes.to_vec());
        (self.start, self.seen) = (end, end);
        Ok(Some(event))
    }

    /// Whether something is left that is no whole event.
    pub(crate) fn is_cut(&self) -> bool {
        self.buffer.len() > self.start
    }

    /// Where the first event ends: behind an empty line. Lines end with LF, CR LF or CR.
    fn end(&mut self) -> Option<usize> {
        let mut at = self.seen;
        let mut line = at;
        while let Some(byte) = self.buffer.get(at) {
            let width = match (byte, self.buffer.get(at + 1)) {
                (b'\n', _) => 1,
                (b'\r', Some(b'\n')) => 2,
                // A LF may still come behind it.
                (b'\r', None) => break,
                (b'\r', Some(_)) => 1,
                _ => {
                    at += 1;
                    continue;
                }
            };
            if at == line {
                return Some(at + width);
            }
            at += width;
            line = at;
        }
        self.seen = line;
        None
    }
}

impl Event {
    fn of(bytes: Vec<u8>) -> Self {
        let mut data: Option<Vec<u8>> = None;
        let mut has_id = false;
        let normal = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        for line in normal.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let colon = line.iter().position(|byte| *byte == b':');
            let (name, value) = match colon {
                None => (line, &[][..]),
                Some(at) => {
                    let value = line.get(at + 1..).unwrap_or_default();
                    let value = value.strip_prefix(b" ").unwrap_or(value);
                    (line.get(..at).unwrap_or_default(), value)
                }
            };
            match name {
                b"data" => match &mut data {
                    None => data = Some(value.to_vec()),
                    Some(data) => {
                        data.push(b'\n');
                        data.extend_from_slice(value);
                    }
                },
                b"id" => has_id = true,
                _ => {}
            }
        }
        Self {
            bytes,
            data,
            has_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(stream: &[u8], step: usize) -> (Vec<Event>, bool) {
        let (mut events, mut found) = (Events::default(), Vec::new());
        for part in stream.chunks(step) {
            events.push(part);
            while let Some(event) = events.next().unwrap() {
                found.push(event);
            }
        }
        (found, events.is_cut())
    }

    #[test]
    fn events_are_the_same_however_the_bytes_come() {
        let stream =
            b": hello\n\nid: 7\r\ndata: {\"a\":\r\ndata:1}\r\n\r\nevent: x\ndata\n\ndata: half";
        for step in [1, 2, 3, 7, 100] {
            let (events, cut) = all(stream, step);
            let data: Vec<_> = events.iter().map(|event| event.data.clone()).collect();
            assert_eq!(
                data,
                [None, Some(b"{\"a\":\n1}".to_vec()), Some(Vec::new())],
                "{step}"
            );
            assert_eq!(
                events.iter().map(|event| event.has_id).collect::<Vec<_>>(),
                [false, true, false]
            );
            assert!(cut);
            let bytes: Vec<u8> = events.into_iter().flat_map(|event| event.bytes).collect();
            assert_eq!(bytes, stream[..stream.len() - 10]);
        }
    }

    #[test]
    fn many_small_events_in_one_piece_take_no_longer_than_their_bytes() {
        let stream = b":\n\n".repeat(1 << 20);
        let began = std::time::Instant::now();
        assert_eq!(all(&stream, stream.len()).0.len(), 1 << 20);
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    #[test]
    fn an_event_without_an_end_is_given_up() {
        let mut events = Events::default();
        events.push(&vec![b'x'; MAX_MESSAGE + 5000]);
        assert_eq!(events.next(), Err(TooLong));
    }
}
