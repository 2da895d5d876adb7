//! Receipts files: sealed receipts one after the other, each framed by its lengths.
//!
//! First the line `ai-audit/receipts/v1`, then for each receipt its payload's length (2 bytes,
//! big-endian), the payload, its seal's length (1 byte: 64, or 0 where it is batched) and the seal.
//! A payload length of 0 stands for a receipt whose bytes are deleted: its hash follows, 32 bytes.

use crate::counted::{Counted, Fault};
use ai_audit_core::{
    LeafHash, MAX_PAYLOAD_LEN, MAX_SEALED_LEN, Next, Outline, ReceiptSource, SIGNATURE_LEN,
    UnverifiedReceipt,
};
use std::io::{self, Read, Write};

/// What a receipts file begins with.
pub const RECEIPTS_MAGIC: &[u8] = b"ai-audit/receipts/v1\n";

/// Why a receipts file could not be read further.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptsError {
    /// The bytes are not framed as the format says.
    #[error("receipts file at byte {offset}: expected {expected}")]
    Format {
        /// Offset from the file's start.
        offset: u64,
        /// What should have been there.
        expected: &'static str,
    },
    /// A receipt is longer than the buffer.
    #[error(
        "receipts file at byte {offset}: the receipt does not fit the {buffer} bytes of buffer"
    )]
    Buffer {
        /// Offset from the file's start.
        offset: u64,
        /// Bytes of the buffer.
        buffer: usize,
    },
    /// The file could not be read.
    #[error("receipts file at byte {offset}: {source}")]
    Io {
        /// Offset from the file's start.
        offset: u64,
        /// The system's error.
        source: io::Error,
    },
}

impl From<Fault> for ReceiptsError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Format { offset, expected } => Self::Format { offset, expected },
            Fault::Io { offset, source } => Self::Io { offset, source },
        }
    }
}

/// Reads a receipts file as a [`ReceiptSource`].
///
/// ```
/// use ai_audit_core::ReceiptSource;
/// use ai_audit_export::{RECEIPTS_MAGIC, ReceiptsReader};
/// let mut reader = ReceiptsReader::new(RECEIPTS_MAGIC)?;
/// assert_eq!(reader.read_next(&mut [0; 100])?, None);
/// # Ok::<(), ai_audit_export::ReceiptsError>(())
/// ```
#[derive(Debug)]
pub struct ReceiptsReader<R> {
    inner: Counted<R>,
}

impl<R: Read> ReceiptsReader<R> {
    /// Reads the first line. `inner` should be buffered.
    ///
    /// # Errors
    ///
    /// When the file does not begin as a receipts file does, or cannot be read.
    pub fn new(inner: R) -> Result<Self, ReceiptsError> {
        let mut reader = Self {
            inner: Counted::new(inner),
        };
        let mut magic = [0; RECEIPTS_MAGIC.len()];
        reader
            .inner
            .exact(&mut magic, "the line ai-audit/receipts/v1")?;
        if magic != RECEIPTS_MAGIC {
            let expected = "the line ai-audit/receipts/v1";
            return Err(ReceiptsError::Format {
                offset: 0,
                expected,
            });
        }
        Ok(reader)
    }

    /// Offset of the next receipt from the file's start.
    pub const fn offset(&self) -> u64 {
        self.inner.offset()
    }
}

impl<R: Read> ReceiptSource for ReceiptsReader<R> {
    type Error = ReceiptsError;

    /// After an error every further call is one as well.
    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, ReceiptsError> {
        let next = self.frame(buf);
        if next.is_err() {
            self.inner.stop();
        }
        next
    }
}

impl<R: Read> ReceiptsReader<R> {
    fn frame(&mut self, buf: &mut [u8]) -> Result<Option<Next>, ReceiptsError> {
        let start = self.inner.offset();
        let Some(high) = self.inner.first()? else {
            return Ok(None);
        };
        let mut low = [0];
        self.inner.exact(&mut low, "two bytes of payload length")?;
        let len = usize::from(u16::from_be_bytes([high, low[0]]));
        if len == 0 {
            let mut hash = [0; 32];
            self.inner
                .exact(&mut hash, "32 bytes of a deleted receipt's hash")?;
            return Ok(Some(Next::Deleted(LeafHash::from_bytes(hash))));
        }
        let small = ReceiptsError::Buffer {
            offset: start,
            buffer: buf.len(),
        };
        if len > buf.len() {
            return Err(small);
        }
        self.inner.exact(
            &mut buf[..len],
            "as many bytes of payload as its length says",
        )?;
        let at = self.inner.offset();
        let mut seal = [0];
        self.inner.exact(&mut seal, "one byte of seal length")?;
        let seal = match seal[0] {
            0 => 0,
            64 => SIGNATURE_LEN,
            _ => {
                return Err(ReceiptsError::Format {
                    offset: at,
                    expected: "a seal length of 64 or 0",
                });
            }
        };
        if len + seal > buf.len() {
            return Err(small);
        }
        self.inner
            .exact(&mut buf[len..len + seal], "64 bytes of signature")?;
        // The seal's length is said twice: here and by the header's mode.
        match Outline::read(&buf[..len + seal]) {
            Some(outline) if outline.payload_len != len => Err(ReceiptsError::Format {
                offset: at,
                expected: "the seal length that the header's mode calls for",
            }),
            _ => Ok(Some(Next::Sealed(len + seal))),
        }
    }
}

/// Writes a receipts file.
#[derive(Debug)]
pub struct ReceiptsWriter<W> {
    inner: W,
}

impl<W: Write> ReceiptsWriter<W> {
    /// Writes the first line.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn new(mut inner: W) -> io::Result<Self> {
        inner.write_all(RECEIPTS_MAGIC)?;
        Ok(Self { inner })
    }

    /// Writes a receipt that was parsed from its sealed bytes.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn write(&mut self, receipt: &UnverifiedReceipt<'_>) -> io::Result<()> {
        let payload = receipt.payload();
        let len = u16::try_from(payload.len()).map_err(io::Error::other)?;
        self.inner.write_all(&len.to_be_bytes())?;
        self.inner.write_all(payload)?;
        match receipt.signature() {
            Some(signature) => {
                self.inner.write_all(&[64])?;
                self.inner.write_all(signature.as_bytes())
            }
            None => self.inner.write_all(&[0]),
        }
    }

    /// Writes what is left of a receipt whose bytes are deleted.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn write_deleted(&mut self, hash: &LeafHash) -> io::Result<()> {
        self.inner.write_all(&[0, 0])?;
        self.inner.write_all(hash.as_bytes())
    }

    /// The writer, back.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

/// Bytes of the longest framed receipt.
pub(crate) const MAX_FRAMED_LEN: usize = 2 + MAX_PAYLOAD_LEN + 1 + SIGNATURE_LEN;
const _: () = assert!(MAX_FRAMED_LEN == MAX_SEALED_LEN + 3);
