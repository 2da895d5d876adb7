//! Files of records without a package: JSON Lines, JSON, arrays of JSON.

use crate::archive::ReadAt;
use ai_audit_core::Digest;
use ai_audit_import::{EvidenceVerifier, PythonReport, RecordSplitter, SourceTrust, Split};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};

/// Bytes that are read at once.
const PIECE: usize = 1 << 16;

/// Reads a source from its beginning to its end.
#[derive(Debug)]
pub struct Sequential<'a, R: ?Sized> {
    source: &'a R,
    at: u64,
}

impl<'a, R: ReadAt + ?Sized> Sequential<'a, R> {
    /// From the beginning.
    #[must_use]
    pub const fn new(source: &'a R) -> Self {
        Self { source, at: 0 }
    }
}

impl<R: ReadAt + ?Sized> Read for Sequential<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read_at(buf, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Finds the records in a text of any of the forms that [`RecordSplitter`] knows; gives SHA-256 and
/// size of the text.
///
/// ```
/// use ai_audit_export::split_records;
///
/// let mut found = Vec::new();
/// let text = "{\"a\": 1}\n{\"b\": 2}\n";
/// let (_, size) = split_records(text.as_bytes(), &mut |line, record| {
///     found.push((line, record.map(str::to_owned)));
/// })?;
/// assert_eq!(found[1], (2, Ok("{\"b\": 2}".into())));
/// assert_eq!(size, 18);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// The reader's own; records that came before were given to `each`.
pub fn split_records(
    reader: impl Read,
    each: &mut dyn FnMut(u64, Split<'_>),
) -> io::Result<(Digest, u64)> {
    split(reader, RecordSplitter::new(), each)
}

pub(super) fn split(
    mut reader: impl Read,
    mut splitter: RecordSplitter,
    each: &mut dyn FnMut(u64, Split<'_>),
) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    let mut piece = vec![0; PIECE];
    loop {
        let read = match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = piece.get(..read).unwrap_or_default();
        hasher.update(bytes);
        size += read as u64;
        splitter.push(bytes, each);
    }
    splitter.finish(each);
    Ok((Digest::from_bytes(hasher.finalize().into()), size))
}

/// Verifies a file of records under what is trusted of it. `progress` is told the records gone
/// through.
///
/// ```
/// use ai_audit_export::verify_python_records;
/// use ai_audit_import::SourceTrust;
///
/// let text = r#"{"receipt_id": "r1", "tool_name": "search"}"#;
/// let report = verify_python_records(text.as_bytes(), &SourceTrust::default(), |_| {})?;
/// assert_eq!(report.counts.tool_calls, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Only those of reading the file. Whatever is wrong with its contents is in the report.
pub fn verify_python_records(
    reader: impl Read,
    trust: &SourceTrust,
    mut progress: impl FnMut(u64),
) -> io::Result<PythonReport> {
    let mut verifier = EvidenceVerifier::new(trust);
    let mut gone_through = 0;
    split_records(reader, &mut |line, record| {
        match record {
            Ok(text) => verifier.push_line(line, text),
            Err(error) => verifier.push_unread(line, error),
        }
        gone_through += 1;
        progress(gone_through);
    })?;
    Ok(verifier.finish())
}
