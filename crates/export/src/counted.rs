//! Reads framed files and counts their bytes, so that an error says where it stands.

use std::io::{self, Read};

/// Why a file could not be read further. Each format gives it a name of its own.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The file ends where `expected` should be.
    Format { offset: u64, expected: &'static str },
    /// The file could not be read.
    Io { offset: u64, source: io::Error },
}

/// A reader with its offset from the file's start.
#[derive(Debug)]
pub(crate) struct Counted<R> {
    inner: R,
    offset: u64,
    stopped: bool,
}

impl<R: Read> Counted<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Self {
            inner,
            offset: 0,
            stopped: false,
        }
    }

    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Lets no further record begin. After a fault nobody knows where the next one does, and reading on
    /// would take for records what stands inside of others.
    pub(crate) const fn stop(&mut self) {
        self.stopped = true;
    }

    /// Fills `buf`. A fault's offset is where `buf` should have begun.
    pub(crate) fn exact(&mut self, buf: &mut [u8], expected: &'static str) -> Result<(), Fault> {
        let offset = self.offset;
        self.inner
            .read_exact(buf)
            .map_err(|source| match source.kind() {
                io::ErrorKind::UnexpectedEof => Fault::Format { offset, expected },
                _ => Fault::Io { offset, source },
            })?;
        self.offset += buf.len() as u64;
        Ok(())
    }

    /// The first byte of a record, or `None` at the end of the file.
    pub(crate) fn first(&mut self) -> Result<Option<u8>, Fault> {
        if self.stopped {
            let offset = self.offset;
            let expected = "no further reading after an error";
            return Err(Fault::Format { offset, expected });
        }
        let mut byte = [0];
        loop {
            match self.inner.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    let offset = self.offset;
                    return Err(Fault::Io { offset, source });
                }
            }
        }
        self.offset += 1;
        Ok(Some(byte[0]))
    }
}
