//! Reading at given offsets, so that several entries can be read at the same time.

#[cfg(any(unix, windows))]
use std::fs::File;
use std::io;
use std::sync::Arc;

/// A source of bytes of known length that can be read at any offset through a shared reference.
pub trait ReadAt {
    /// Length in bytes.
    ///
    /// # Errors
    ///
    /// If the source cannot tell, or is nothing that has a length.
    fn size(&self) -> io::Result<u64>;

    /// Reads up to `buf.len()` bytes from `offset`; gives their number, 0 only at or after the end
    /// of the source or for an empty `buf`. A cursor that the source may have is not used.
    ///
    /// # Errors
    ///
    /// Those of the source.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for [u8] {
    fn size(&self) -> io::Result<u64> {
        u64::try_from(self.len()).map_err(io::Error::other)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|at| self.get(at..))
            .unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_slice().read_at(buf, offset)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Box<T> {
    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Arc<T> {
    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }
}

/// A regular file; on Windows reading moves the file's cursor, which nothing here uses.
#[cfg(any(unix, windows))]
impl ReadAt for File {
    fn size(&self) -> io::Result<u64> {
        let metadata = self.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        Ok(metadata.len())
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(self, buf, offset);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(self, buf, offset);
        read
    }
}

/// One read, repeated if a signal came in between.
pub(super) fn read_some<R: ReadAt + ?Sized>(
    source: &R,
    buf: &mut [u8],
    offset: u64,
) -> io::Result<usize> {
    loop {
        match source.read_at(buf, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Fills `buf` from `offset`; `false` if the source ends before.
pub(super) fn fill<R: ReadAt + ?Sized>(
    source: &R,
    mut buf: &mut [u8],
    mut offset: u64,
) -> io::Result<bool> {
    while !buf.is_empty() {
        let n = read_some(source, buf, offset)?;
        if n == 0 {
            return Ok(false);
        }
        offset = offset.saturating_add(u64::try_from(n).map_err(io::Error::other)?);
        buf = buf.get_mut(n..).unwrap_or_default();
    }
    Ok(true)
}
