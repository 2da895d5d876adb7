//! Redaction of what comes in chunks: the output does not depend on where the chunks end.

mod units;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::candidate::Candidate;
use crate::kind::Kind;
use crate::pseudonym::PseudonymKey;
use crate::redactor::{EncryptedSpan, Finding, RedactError, Redacted, Redactor, count};
use crate::render::Renderer;
use crate::settle::settle;
use units::Units;

/// Redacts a stream of bytes. It holds a line at a time (at most some MiB of a longer one).
///
/// # Examples
///
/// ```
/// use ai_audit_pii::{Policy, RedactStream, Redactor};
///
/// let redactor = Redactor::new(&Policy::default())?;
/// let mut stream = RedactStream::new(&redactor, None)?;
/// let mut output = stream.push(b"to bob@exam").text;
/// output.extend(stream.push(b"ple.org\nand ").text);
/// output.extend(stream.finish().text);
/// assert_eq!(output, b"to [EMAIL]\nand ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RedactStream<'a> {
    units: Units,
    renderer: Renderer<'a>,
}

impl<'a> RedactStream<'a> {
    /// Begins a stream.
    ///
    /// # Errors
    /// [`RedactError::NoKey`]
    pub fn new(redactor: &'a Redactor, key: Option<&'a PseudonymKey>) -> Result<Self, RedactError> {
        Ok(Self {
            units: Units::new(),
            renderer: Renderer::new(redactor, key)?,
        })
    }

    /// Takes a chunk, and gives back what is settled of the output: text, and findings with byte
    /// offsets of the whole stream's input.
    pub fn push(&mut self, chunk: &[u8]) -> Redacted<Vec<u8>> {
        self.units.push(chunk);
        self.settled(false)
    }

    /// Ends the stream: the rest of the output. Nothing may come after it.
    pub fn finish(&mut self) -> Redacted<Vec<u8>> {
        self.settled(true)
    }

    fn settled(&mut self, ended: bool) -> Redacted<Vec<u8>> {
        let mut text = Vec::new();
        let mut findings = Vec::new();
        let mut encrypted = Vec::new();
        let redactor = self.renderer.redactor();
        while let Some((unit, offset)) = self.units.next(redactor, ended) {
            let found = settle(redactor, unit);
            self.renderer.render(unit, 0..unit.len(), &found, &mut text);
            findings.extend(
                found
                    .iter()
                    .filter_map(|one| shifted(redactor, one, offset)),
            );
            encrypted.extend(self.renderer.take_encrypted().into_iter().map(|mut span| {
                span.start += offset;
                span.end += offset;
                span
            }));
        }
        Redacted {
            text,
            counts: count(&findings),
            findings,
            encrypted,
        }
    }
}

impl fmt::Debug for RedactStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactStream(..)")
    }
}

impl fmt::Debug for RedactLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactLines(..)")
    }
}

fn shifted(redactor: &Redactor, one: &Candidate, offset: usize) -> Option<Finding> {
    redactor.finding(one).map(|mut finding| {
        finding.start += offset;
        finding.end += offset;
        finding
    })
}

/// One line of a stream, redacted.
#[derive(Clone, Debug, PartialEq)]
pub struct RedactedLine {
    /// The redacted line without its line end. Of a finding that began on an earlier line (a private
    /// key) nothing is repeated.
    pub text: Vec<u8>,
    /// What was found, cut at the line's ends, with offsets in bytes of the input line.
    pub findings: Vec<Finding>,
    /// Numbered values that began on this line, with offsets as in `findings`.
    pub encrypted: Vec<EncryptedSpan>,
    /// The line end as it was: `\n`, `\r\n`, or nothing where the stream ends or a very long line goes
    /// on in the next one of these.
    pub line_end: &'static str,
}

/// Redacts a stream line by line, as for JSON lines.
///
/// # Examples
///
/// ```
/// use ai_audit_pii::{Policy, RedactLines, Redactor};
///
/// let redactor = Redactor::new(&Policy::default())?;
/// let mut lines = RedactLines::new(&redactor, None)?;
/// let mut all = lines.push(b"a\nto bob@example.org");
/// all.extend(lines.finish());
/// assert_eq!(all.len(), 2);
/// assert_eq!(all[1].text, b"to [EMAIL]");
/// assert_eq!((all[1].findings[0].start, all[1].findings[0].end), (3, 18));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RedactLines<'a> {
    units: Units,
    renderer: Renderer<'a>,
    /// How much of the present line was in earlier units.
    before: usize,
    counts: BTreeMap<Kind, u64>,
}

impl<'a> RedactLines<'a> {
    /// Begins a stream.
    ///
    /// # Errors
    /// [`RedactError::NoKey`]
    pub fn new(redactor: &'a Redactor, key: Option<&'a PseudonymKey>) -> Result<Self, RedactError> {
        let renderer = Renderer::new(redactor, key)?;
        Ok(Self {
            units: Units::new(),
            renderer,
            before: 0,
            counts: BTreeMap::new(),
        })
    }

    /// Takes a chunk, and gives back the lines that are settled.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<RedactedLine> {
        self.units.push(chunk);
        self.settled(false)
    }

    /// Ends the stream: the lines that remain. Nothing may come after it.
    pub fn finish(&mut self) -> Vec<RedactedLine> {
        self.settled(true)
    }

    /// How many findings of each kind there were so far, each counted once.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<Kind, u64> {
        &self.counts
    }

    fn settled(&mut self, ended: bool) -> Vec<RedactedLine> {
        let mut lines = Vec::new();
        let redactor = self.renderer.redactor();
        while let Some((unit, _)) = self.units.next(redactor, ended) {
            let found = settle(redactor, unit);
            for one in found.iter().filter_map(|one| redactor.finding(one)) {
                *self.counts.entry(one.kind).or_default() += 1;
            }
            let mut start = 0;
            while start < unit.len() {
                let next = memchr::memchr(b'\n', &unit[start..]).map(|at| start + at);
                let (end, line_end) = match next {
                    Some(at) if at > start && unit[at - 1] == b'\r' => (at - 1, "\r\n"),
                    Some(at) => (at, "\n"),
                    None => (unit.len(), ""),
                };
                lines.push(line(
                    &mut self.renderer,
                    unit,
                    start..end,
                    &found,
                    self.before,
                    line_end,
                ));
                self.before = if line_end.is_empty() {
                    self.before + end - start
                } else {
                    0
                };
                start = end + line_end.len();
            }
        }
        lines
    }
}

fn line(
    renderer: &mut Renderer<'_>,
    unit: &[u8],
    range: core::ops::Range<usize>,
    found: &[Candidate],
    before: usize,
    line_end: &'static str,
) -> RedactedLine {
    let mut text = Vec::new();
    renderer.render(unit, range.clone(), found, &mut text);
    let redactor = renderer.redactor();
    let from = found.partition_point(|one| one.end <= range.start);
    let findings = found[from..]
        .iter()
        .take_while(|one| one.start < range.end)
        .filter_map(|one| redactor.finding(one))
        .map(|mut finding| {
            finding.start = finding.start.max(range.start) - range.start + before;
            finding.end = finding.end.min(range.end) - range.start + before;
            finding
        })
        // An empty line inside of a key has nothing of it.
        .filter(|finding| finding.start < finding.end)
        .collect();
    let encrypted = renderer
        .take_encrypted()
        .into_iter()
        .map(|mut span| {
            span.start = span.start - range.start + before;
            span.end = span.end - range.start + before;
            span
        })
        .collect();
    RedactedLine {
        text,
        findings,
        encrypted,
        line_end,
    }
}
