//! Reading an entry's contents: as many bytes as were declared, and all of them checked.

use std::io::{self, Read};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::error::{ArchiveError, EntryRule};
use super::format::Method;
use super::read_at::{ReadAt, read_some};
use super::reader::Entry;

/// Compressed bytes that are read at once.
const INPUT: usize = 1 << 15;

/// Streams the contents of an entry.
///
/// It never yields more bytes than were declared, and the last one only once size, CRC-32 and the
/// exact end of the compressed data are found to fit. After an error it yields nothing more.
pub struct EntryReader<'a, R> {
    source: &'a R,
    entry: &'a Entry,
    inflater: Option<Box<InflateState>>,
    input: Vec<u8>,
    /// Part of `input` that was not used yet.
    unused: std::ops::Range<usize>,
    /// Compressed bytes read from the source.
    taken: u64,
    /// Bytes of contents that were made.
    made: u64,
    crc: crc32fast::Hasher,
    /// What is wrong behind the contents that were handed out.
    late: Option<ArchiveError>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Done,
    Failed,
}

impl<'a, R: ReadAt> EntryReader<'a, R> {
    pub(super) fn new(source: &'a R, entry: &'a Entry) -> Self {
        let inflater = match entry.method {
            Method::Stored => None,
            Method::Deflated => Some(InflateState::new_boxed(DataFormat::Raw)),
        };
        Self {
            source,
            entry,
            inflater,
            input: Vec::new(),
            unused: 0..0,
            taken: 0,
            made: 0,
            crc: crc32fast::Hasher::new(),
            late: None,
            state: State::Reading,
        }
    }

    /// The entry that is read.
    #[must_use]
    pub const fn entry(&self) -> &'a Entry {
        self.entry
    }

    /// Reads what is left and keeps nothing.
    ///
    /// # Errors
    ///
    /// The rule that the contents break.
    pub fn finish(mut self) -> Result<(), ArchiveError> {
        let mut buf = vec![0; INPUT];
        while self.read(&mut buf)? > 0 {}
        Ok(())
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize, ArchiveError> {
        if let Some(error) = self.late.take() {
            return Err(error);
        }
        let left = self.entry.size - self.made;
        let most = usize::try_from(left).map_or(out.len(), |left| left.min(out.len()));
        let made = match most {
            0 => 0,
            _ => self.produce(&mut out[..most])?,
        };
        self.crc.update(&out[..made]);
        self.made += made as u64;
        if self.late.is_some() {
            return Ok(made);
        }
        if self.made == self.entry.size {
            match self.check_end().and_then(|()| self.check_sum()) {
                Ok(()) => self.state = State::Done,
                // What was made is handed out first, so that whoever reads it can name the place where
                // it begins to be wrong; all but the last byte, so that nobody comes to the declared
                // size without the error.
                Err(error) if made > 1 => {
                    self.late = Some(error);
                    return Ok(made - 1);
                }
                Err(error) => return Err(error),
            }
        } else if made == 0 {
            let rule = EntryRule::TooShort {
                found: self.made,
                declared: self.entry.size,
            };
            return Err(self.refused(rule));
        }
        Ok(made)
    }

    /// Makes some of the contents; nothing only at the end of the data.
    fn produce(&mut self, out: &mut [u8]) -> Result<usize, ArchiveError> {
        let Some(mut inflater) = self.inflater.take() else {
            return self.copy(out);
        };
        let made = self.inflate(&mut inflater, out);
        self.inflater = Some(inflater);
        made
    }

    fn copy(&mut self, out: &mut [u8]) -> Result<usize, ArchiveError> {
        let left = self.entry.compressed - self.taken;
        let most = usize::try_from(left).map_or(out.len(), |left| left.min(out.len()));
        let read = read_some(self.source, &mut out[..most], self.entry.data + self.taken)?;
        self.taken += read as u64;
        Ok(read)
    }

    fn inflate(
        &mut self,
        inflater: &mut InflateState,
        out: &mut [u8],
    ) -> Result<usize, ArchiveError> {
        loop {
            self.fill()?;
            let input = &self.input[self.unused.clone()];
            let result = inflate(inflater, input, out, MZFlush::None);
            self.unused.start += result.bytes_consumed;
            let ended = match result.status {
                Ok(MZStatus::Ok) => false,
                Ok(MZStatus::StreamEnd) => true,
                // No progress: out of input, which `fill` would have brought if there were more.
                Err(MZError::Buf) if result.bytes_written == 0 && self.all_taken() => {
                    return Err(self.refused(EntryRule::Damaged(self.made)));
                }
                Err(MZError::Buf) => false,
                _ if result.bytes_written > 0 => {
                    let at = self.made + result.bytes_written as u64;
                    self.late = Some(self.refused(EntryRule::Damaged(at)));
                    return Ok(result.bytes_written);
                }
                _ => return Err(self.refused(EntryRule::Damaged(self.made))),
            };
            if result.bytes_written > 0 || ended {
                return Ok(result.bytes_written);
            }
            if self.all_taken() && result.bytes_consumed == 0 {
                return Err(self.refused(EntryRule::Damaged(self.made)));
            }
        }
    }

    /// Brings more compressed data if all was used.
    fn fill(&mut self) -> Result<(), ArchiveError> {
        let left = self.entry.compressed - self.taken;
        if !self.unused.is_empty() || left == 0 {
            return Ok(());
        }
        self.input.resize(INPUT, 0);
        let most = usize::try_from(left).map_or(INPUT, |left| left.min(INPUT));
        let read = read_some(
            self.source,
            &mut self.input[..most],
            self.entry.data + self.taken,
        )?;
        if read == 0 {
            let rule = EntryRule::TooShort {
                found: self.made,
                declared: self.entry.size,
            };
            return Err(self.refused(rule));
        }
        self.taken += read as u64;
        self.unused = 0..read;
        Ok(())
    }

    fn all_taken(&self) -> bool {
        self.unused.is_empty() && self.taken == self.entry.compressed
    }

    /// Once the declared size is reached: nothing more may come.
    fn check_end(&mut self) -> Result<(), ArchiveError> {
        if let Some(mut inflater) = self.inflater.take() {
            let mut more = [0];
            if self.inflate(&mut inflater, &mut more)? > 0 {
                return Err(self.refused(EntryRule::TooLong(self.entry.size)));
            }
        }
        let left = self.unused.len() as u64 + (self.entry.compressed - self.taken);
        if left > 0 {
            return Err(self.refused(EntryRule::LeftOver(left)));
        }
        Ok(())
    }

    /// Once all contents were made: the sum must fit.
    fn check_sum(&mut self) -> Result<(), ArchiveError> {
        let found = std::mem::take(&mut self.crc).finalize();
        if found != self.entry.crc {
            return Err(self.refused(EntryRule::Crc {
                found,
                declared: self.entry.crc,
            }));
        }
        Ok(())
    }

    fn refused(&self, rule: EntryRule) -> ArchiveError {
        ArchiveError::entry(self.entry.index, self.entry.name.as_bytes(), rule)
    }
}

impl<R: ReadAt> Read for EntryReader<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.state {
            State::Done => return Ok(0),
            State::Failed => return Err(self.refused(EntryRule::FailedBefore).into()),
            // An empty buffer reads nothing, but an empty entry has to be checked.
            State::Reading if buf.is_empty() && self.entry.size > 0 => return Ok(0),
            State::Reading => {}
        }
        self.step(buf).map_err(|error| {
            self.state = State::Failed;
            error.into()
        })
    }
}

impl<R> std::fmt::Debug for EntryReader<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EntryReader")
            .field("entry", self.entry)
            .field("made", &self.made)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
