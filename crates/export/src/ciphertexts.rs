//! Ciphertexts files: encrypted texts one after the other, each with the `seq` of its receipt.
//!
//! First the line `ai-audit/ciphertexts/v1`, then for each ciphertext the `seq` of the receipt that
//! names it (8 bytes, big-endian), its length (4 bytes, big-endian) and its bytes.

use crate::counted::{Counted, Fault};
use ai_audit_core::Digest;
use ai_audit_shredding::MAX_TEXT;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};

/// What a ciphertexts file begins with.
pub const CIPHERTEXTS_MAGIC: &[u8] = b"ai-audit/ciphertexts/v1\n";
/// Bytes of the longest ciphertext: a text of 16 MiB and the tag.
const MAX_LEN: usize = MAX_TEXT + 16;
// As an error says it.
const _: () = assert!(MAX_LEN == 16_777_232);

/// Why a ciphertexts file could not be read further.
#[derive(Debug, thiserror::Error)]
pub enum CiphertextsError {
    /// The bytes are not framed as the format says.
    #[error("ciphertexts file at byte {offset}: expected {expected}")]
    Format {
        /// Offset from the file's start.
        offset: u64,
        /// What should have been there.
        expected: &'static str,
    },
    /// The file could not be read.
    #[error("ciphertexts file at byte {offset}: {source}")]
    Io {
        /// Offset from the file's start.
        offset: u64,
        /// The system's error.
        source: io::Error,
    },
}

impl From<Fault> for CiphertextsError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Format { offset, expected } => Self::Format { offset, expected },
            Fault::Io { offset, source } => Self::Io { offset, source },
        }
    }
}

/// A ciphertext whose bytes are still to be read.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    seq: u64,
    len: u64,
}

/// Reads a ciphertexts file. Whether receipts name what is in it is not checked.
///
/// ```
/// use ai_audit_export::{CIPHERTEXTS_MAGIC, CiphertextsReader};
/// let file = [CIPHERTEXTS_MAGIC, &7_u64.to_be_bytes(), &3_u32.to_be_bytes(), b"abc"].concat();
/// let mut reader = CiphertextsReader::new(file.as_slice())?;
/// assert_eq!(reader.peek()?, Some(7));
/// assert_eq!(reader.read_next()?, Some((7, b"abc".to_vec())));
/// assert_eq!(reader.read_next()?, None);
/// # Ok::<(), ai_audit_export::CiphertextsError>(())
/// ```
#[derive(Debug)]
pub struct CiphertextsReader<R> {
    inner: Counted<R>,
    ahead: Option<Ahead>,
}

impl<R: Read> CiphertextsReader<R> {
    /// Reads the first line. `inner` should be buffered.
    ///
    /// # Errors
    ///
    /// When the file does not begin as a ciphertexts file does, or cannot be read.
    pub fn new(inner: R) -> Result<Self, CiphertextsError> {
        let mut reader = Self {
            inner: Counted::new(inner),
            ahead: None,
        };
        let expected = "the line ai-audit/ciphertexts/v1";
        let mut magic = [0; CIPHERTEXTS_MAGIC.len()];
        reader.inner.exact(&mut magic, expected)?;
        if magic != CIPHERTEXTS_MAGIC {
            return Err(CiphertextsError::Format {
                offset: 0,
                expected,
            });
        }
        Ok(reader)
    }

    /// The `seq` of the next ciphertext's receipt, or `None` at the end of the file. The same until
    /// the ciphertext is read.
    ///
    /// # Errors
    ///
    /// When the file is not framed as the format says, or cannot be read; then every further call is an
    /// error as well.
    pub fn peek(&mut self) -> Result<Option<u64>, CiphertextsError> {
        Ok(self.head()?.map(|ahead| ahead.seq))
    }

    /// The next ciphertext with the `seq` of its receipt, or `None` at the end of the file. It has
    /// 16 MiB and 16 bytes at most.
    ///
    /// # Errors
    ///
    /// As [`CiphertextsReader::peek`].
    pub fn read_next(&mut self) -> Result<Option<(u64, Vec<u8>)>, CiphertextsError> {
        let Some(Ahead { seq, len }) = self.head()? else {
            return Ok(None);
        };
        // Grows with what is there: the length is only a claim.
        let mut bytes = Vec::new();
        self.pass(len, |piece| bytes.extend_from_slice(piece))?;
        Ok(Some((seq, bytes)))
    }

    /// The next ciphertext's SHA-256, found without holding it.
    pub(crate) fn digest_next(&mut self) -> Result<Option<(u64, Digest)>, CiphertextsError> {
        let Some(Ahead { seq, len }) = self.head()? else {
            return Ok(None);
        };
        let mut hasher = Sha256::new();
        self.pass(len, |piece| hasher.update(piece))?;
        Ok(Some((seq, Digest::from_bytes(hasher.finalize().into()))))
    }

    fn head(&mut self) -> Result<Option<Ahead>, CiphertextsError> {
        let head = self.frame();
        if head.is_err() {
            self.inner.stop();
        }
        head
    }

    fn frame(&mut self) -> Result<Option<Ahead>, CiphertextsError> {
        if self.ahead.is_none() {
            let Some(first) = self.inner.first()? else {
                return Ok(None);
            };
            let mut seq = [first, 0, 0, 0, 0, 0, 0, 0];
            self.inner.exact(&mut seq[1..], "eight bytes of seq")?;
            let at = self.inner.offset();
            let mut len = [0; 4];
            self.inner.exact(&mut len, "four bytes of length")?;
            let len = u64::from(u32::from_be_bytes(len));
            if len > MAX_LEN as u64 {
                return Err(CiphertextsError::Format {
                    offset: at,
                    expected: "a length of at most 16777232 bytes",
                });
            }
            self.ahead = Some(Ahead {
                seq: u64::from_be_bytes(seq),
                len,
            });
        }
        Ok(self.ahead)
    }

    /// Hands over the bytes of the ciphertext ahead, piece by piece.
    fn pass(&mut self, len: u64, mut take: impl FnMut(&[u8])) -> Result<(), CiphertextsError> {
        let mut buf = [0; 1 << 13];
        let mut left = len;
        while left > 0 {
            let room = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
            let piece = &mut buf[..room];
            let expected = "as many bytes of ciphertext as its length says";
            self.inner.exact(piece, expected).inspect_err(|_| {
                self.ahead = None;
                self.inner.stop();
            })?;
            take(piece);
            left -= piece.len() as u64;
        }
        self.ahead = None;
        Ok(())
    }
}

/// Writes a ciphertexts file.
pub(crate) struct CiphertextsWriter<W>(W);

impl<W: Write> CiphertextsWriter<W> {
    pub(crate) fn new(mut inner: W) -> io::Result<Self> {
        inner.write_all(CIPHERTEXTS_MAGIC)?;
        Ok(Self(inner))
    }

    /// One that readers would refuse for its length is not written.
    pub(crate) fn write(&mut self, seq: u64, ciphertext: &[u8]) -> io::Result<()> {
        if ciphertext.len() > MAX_LEN {
            return Err(io::Error::other(format!(
                "a ciphertext of receipt {seq} has {} bytes; expected at most {MAX_LEN}",
                ciphertext.len()
            )));
        }
        let len = u32::try_from(ciphertext.len()).map_err(io::Error::other)?;
        self.0.write_all(&seq.to_be_bytes())?;
        self.0.write_all(&len.to_be_bytes())?;
        self.0.write_all(ciphertext)
    }
}
