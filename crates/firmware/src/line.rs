//! Lines on the serial line: words, and a checksum against what noise does to them.
//!
//! `word word … *` and the CRC-32 (ISO-HDLC) of what stands before the ` *`, as 8 hexadecimal digits,
//! then a line feed. The checksum is against accidents only; against people there are signatures.

use core::fmt::{self, Write};

use crc::{CRC_32_ISO_HDLC, Crc, Digest, NoTable};

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// Writes one line, part by part, and its checksum at the end.
pub struct LineWriter<'w, W> {
    to: &'w mut W,
    digest: Digest<'static, u32, NoTable>,
}

impl<W> fmt::Debug for LineWriter<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineWriter").finish_non_exhaustive()
    }
}

impl<'w, W: Write> LineWriter<'w, W> {
    /// Begins a line.
    pub fn new(to: &'w mut W) -> Self {
        static FIXED: Crc<u32, NoTable> = CRC;
        Self {
            to,
            digest: FIXED.digest(),
        }
    }

    /// Writes bytes as hexadecimal digits.
    ///
    /// # Errors
    ///
    /// When the serial line fails.
    pub fn hex(&mut self, bytes: &[u8]) -> fmt::Result {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        for byte in bytes {
            for half in [byte >> 4, byte & 15] {
                let digit = DIGITS.get(usize::from(half)).copied().unwrap_or(b'0');
                self.write_char(char::from(digit))?;
            }
        }
        Ok(())
    }

    /// Ends the line.
    ///
    /// # Errors
    ///
    /// When the serial line fails.
    pub fn end(self) -> fmt::Result {
        writeln!(self.to, " *{:08x}", self.digest.finalize())
    }
}

impl<W: Write> Write for LineWriter<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.digest.update(text.as_bytes());
        self.to.write_str(text)
    }
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineError {
    /// No ` *` and 8 hexadecimal digits at its end.
    NoChecksum,
    /// The checksum is of another line.
    Checksum {
        /// What the line's contents have.
        computed: u32,
    },
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChecksum => f.write_str("a line ends in ' *' and 8 hexadecimal digits"),
            Self::Checksum { computed } => write!(f, "checksum should be {computed:08x}"),
        }
    }
}

impl core::error::Error for LineError {}

/// The words of a line, once its checksum holds.
///
/// ```
/// use core::fmt::Write as _;
/// use ai_audit_firmware::{LineWriter, read_line};
/// let mut text = String::new();
/// let mut line = LineWriter::new(&mut text);
/// write!(line, "export {}", 1)?;
/// line.end()?;
/// assert_eq!(read_line(&text), Ok("export 1"));
/// assert!(read_line(&text.replace('1', "2")).is_err());
/// # Ok::<(), core::fmt::Error>(())
/// ```
///
/// # Errors
///
/// When there is no checksum, or it is of another line.
pub fn read_line(line: &str) -> Result<&str, LineError> {
    let line = line.trim_end_matches(['\r', '\n']);
    let (words, digits) = line.rsplit_once(" *").ok_or(LineError::NoChecksum)?;
    let well_formed = digits.len() == 8
        && digits
            .bytes()
            .all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let said = u32::from_str_radix(digits, 16).ok().filter(|_| well_formed);
    let said = said.ok_or(LineError::NoChecksum)?;
    let computed = CRC.checksum(words.as_bytes());
    if said != computed {
        return Err(LineError::Checksum { computed });
    }
    Ok(words)
}
