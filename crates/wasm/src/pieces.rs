//! A file that is read in pieces: few are kept, however long it is.

use ai_audit_export::archive::ReadAt;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;

/// Bytes of a piece: asking a browser for one costs about as much as copying this many.
const PIECE: u64 = 1 << 18;
/// Pieces that are kept. A package's files are read side by side, up to six of them at once.
const KEPT: usize = 12;

/// Where pieces come from.
pub trait ReadPiece {
    /// Length in bytes.
    fn size(&self) -> u64;

    /// The bytes from `start` to before `end`, which is at most [`ReadPiece::size`].
    ///
    /// # Errors
    ///
    /// Those of the source.
    fn read_piece(&self, start: u64, end: u64) -> io::Result<Vec<u8>>;
}

/// A source of pieces, as a package is read: the last few pieces are kept, 3 MiB at most.
///
/// ```
/// use ai_audit_export::archive::ReadAt as _;
/// use ai_audit_wasm::{Pieces, ReadPiece};
///
/// struct Zeros;
///
/// impl ReadPiece for Zeros {
///     fn size(&self) -> u64 { 1 << 30 }
///     fn read_piece(&self, start: u64, end: u64) -> std::io::Result<Vec<u8>> {
///         Ok(vec![0; (end - start) as usize])
///     }
/// }
///
/// let mut buf = [1; 4];
/// assert_eq!(Pieces::new(Zeros).read_at(&mut buf, 1 << 29)?, 4);
/// assert_eq!(buf, [0; 4]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Pieces<S> {
    source: S,
    /// The piece used last is the first.
    kept: RefCell<VecDeque<(u64, Vec<u8>)>>,
}

impl<S: ReadPiece> Pieces<S> {
    /// Reads from `source`.
    pub fn new(source: S) -> Self {
        let kept = RefCell::new(VecDeque::with_capacity(KEPT));
        Self { source, kept }
    }
}

impl<S: ReadPiece> ReadAt for Pieces<S> {
    fn size(&self) -> io::Result<u64> {
        Ok(self.source.size())
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let size = self.source.size();
        if offset >= size || buf.is_empty() {
            return Ok(0);
        }
        let start = offset - offset % PIECE;
        let mut kept = self.kept.borrow_mut();
        let found = kept.iter().position(|(at, _)| *at == start);
        let piece = match found.and_then(|place| kept.remove(place)) {
            Some(piece) => piece,
            None => {
                let end = start.saturating_add(PIECE).min(size);
                (start, self.source.read_piece(start, end)?)
            }
        };
        let from = usize::try_from(offset - start).map_err(io::Error::other)?;
        let rest = piece.1.get(from..).unwrap_or_default();
        let len = rest.len().min(buf.len());
        if let (Some(buf), Some(rest)) = (buf.get_mut(..len), rest.get(..len)) {
            buf.copy_from_slice(rest);
        }
        kept.push_front(piece);
        kept.truncate(KEPT);
        if len == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("at byte {offset}: the file ends before its length of {size} bytes"),
            ));
        }
        Ok(len)
    }
}
