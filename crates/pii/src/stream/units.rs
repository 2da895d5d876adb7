//! Cuts a stream into units: lines, private key blocks, and parts of very long lines.

use alloc::vec::Vec;

use memchr::memmem::Finder;

use crate::kinds::pem;
use crate::redactor::Redactor;
use crate::settle::settle;

/// A line is cut at about so many bytes …
const MAX_UNIT: usize = 1 << 20;

/// … if it has so many more; and where to cut is sought within as many.
const LOOK: usize = 64 * 1024;

/// How a private key opens.
const LEAD: &[u8] = b"-----BEGIN ";

/// What came in and was not handed out yet. Places are in bytes of the buffer.
pub(super) struct Units {
    /// Searches for [`LEAD`].
    lead: Finder<'static>,
    buffer: Vec<u8>,
    /// Where the present unit begins; what is before it was handed out.
    start: usize,
    /// Everything before is looked through for private keys that open.
    scanned: usize,
    /// Between `scanned` and here is no line end.
    no_line_end: usize,
    /// The private key that opened and did not end yet: where it begins, and how far its end was
    /// looked for.
    open: Option<(usize, usize)>,
    /// Where the buffer begins in the stream.
    offset: usize,
}

impl Units {
    pub(super) fn new() -> Self {
        Self {
            lead: Finder::new(LEAD),
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            no_line_end: 0,
            open: None,
            offset: 0,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        let used = self.start;
        self.buffer.drain(..used);
        self.offset += used;
        self.start = 0;
        self.scanned -= used;
        self.no_line_end = self.no_line_end.saturating_sub(used);
        self.open = self
            .open
            .map(|(begin, searched)| (begin - used, searched - used));
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole unit and its offset in the stream; after the end also the last, unfinished one.
    pub(super) fn next(&mut self, redactor: &Redactor, ended: bool) -> Option<(&[u8], usize)> {
        let start = self.start;
        let end = match self.end(redactor) {
            Some(end) => end,
            None if ended && start < self.buffer.len() => self.buffer.len(),
            None => return None,
        };
        self.start = end;
        self.scanned = end;
        self.no_line_end = end;
        self.open = None;
        self.buffer
            .get(start..end)
            .map(|unit| (unit, self.offset + start))
    }

    /// Where the present unit ends, if what came in decides it.
    fn end(&mut self, redactor: &Redactor) -> Option<usize> {
        let most = self.start + MAX_UNIT + LOOK;
        loop {
            if let Some((begin, searched)) = self.open {
                self.open = None;
                self.scanned = self.closing(begin, searched)?;
            }
            if self.scanned > most {
                return Some(self.cut(redactor));
            }
            let known = self.buffer.len().min(most);
            let from = self.no_line_end.max(self.scanned).min(known);
            let Some(at) = memchr::memchr(b'\n', &self.buffer[from..known]) else {
                self.no_line_end = known;
                return (known == most).then(|| self.cut(redactor));
            };
            let line_end = from + at + 1;
            if !redactor.on.has_pem() || !self.opens(line_end) {
                return Some(line_end);
            }
        }
    }

    /// Whether a private key opens between what was looked through and `line_end`.
    fn opens(&mut self, line_end: usize) -> bool {
        while let Some(at) = self.lead.find(&self.buffer[self.scanned..line_end]) {
            let begin = self.scanned + at;
            self.scanned = begin + LEAD.len();
            if let Some(head) = pem::opening(&self.buffer[..line_end], begin) {
                self.open = Some((begin, head));
                return true;
            }
        }
        false
    }

    /// Where the private key that begins at `begin` ends or is given up, if what came in decides it.
    fn closing(&mut self, begin: usize, searched: usize) -> Option<usize> {
        let limit = begin + pem::MAX_BLOCK;
        let known = self.buffer.len().min(limit);
        if let Some(at) = memchr::memmem::find(&self.buffer[searched..known], b"-----") {
            return Some(searched + at);
        }
        if known == limit {
            return Some(limit);
        }
        // The dashes may have come in half.
        self.open = Some((begin, known.saturating_sub(4).max(searched)));
        None
    }

    /// Where a unit that is too long is cut: behind what parts words, and not through a finding.
    fn cut(&self, redactor: &Redactor) -> usize {
        let limit = self.start + MAX_UNIT;
        let window = &self.buffer[limit - LOOK..limit];
        let parts = |byte: &u8| matches!(byte, b',' | b';' | b'}' | b'>' | b'|' | b'\t' | b' ');
        let cut = window
            .iter()
            .rposition(parts)
            .map_or_else(|| self.border(limit), |at| limit - LOOK + at + 1);
        let from = cut.saturating_sub(LOOK).max(self.start);
        let around = &self.buffer[from..self.buffer.len().min(cut + LOOK)];
        settle(redactor, around)
            .iter()
            .find(|one| from + one.start < cut && cut < from + one.end)
            .map_or(cut, |one| from + one.start)
            .max(self.start + 1)
    }

    /// The place at or a little before `limit` where a character begins.
    fn border(&self, limit: usize) -> usize {
        let inside = |at: usize| self.buffer.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
        (0..4)
            .map(|back| limit - back)
            .find(|&at| !inside(at))
            .unwrap_or(limit)
    }
}
