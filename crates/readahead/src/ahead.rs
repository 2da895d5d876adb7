//! The source around a source.

use crate::chunk::{Chunk, Item};
use crate::pool::SignaturePool;
use ai_audit_core::{GoodSignature, Next, ReceiptSource, VerifyingKey};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// A chunk is full with so many receipts, or as many bytes.
const RECEIPTS: usize = 512;
const BYTES: usize = 1 << 18;

/// How many chunks are read ahead: one that is worked on, and one so that nobody waits while the next
/// is read.
const AHEAD: usize = 2;

/// Gives the receipts of another source, whose signatures it has verified on several threads.
///
/// It gives what the source gives, in its order, and its error where the source had it. One thread is
/// worth it as well: signatures that are verified together take less time.
#[derive(Debug)]
pub struct ReadAhead<S: ReceiptSource> {
    source: S,
    pool: SignaturePool,
    current: Arc<Chunk>,
    /// The next place in it.
    place: usize,
    ahead: VecDeque<Arc<Chunk>>,
    /// How the source ended, once it did.
    end: Option<Result<(), S::Error>>,
    buf: Vec<u8>,
}

/// Why the next receipt could not be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadAheadError<E> {
    /// The source's error.
    Source(E),
    /// The receipt is longer than the buffer that was given for it.
    Buffer {
        /// Bytes of the receipt.
        receipt: usize,
        /// Bytes of the buffer.
        buffer: usize,
    },
}

impl<E: fmt::Display> fmt::Display for ReadAheadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::Buffer { receipt, buffer } => write!(
                f,
                "the receipt has {receipt} bytes, but the buffer for it only {buffer}"
            ),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ReadAheadError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Source(error) => error.source(),
            Self::Buffer { .. } => None,
        }
    }
}

impl<S: ReceiptSource> ReadAhead<S> {
    /// Reads ahead of a source, and verifies on so many threads, the caller's included. With 0 it gives
    /// what the source has and does nothing else.
    ///
    /// `keys` are those that receipts may be signed by from the first on. What genesis, rotations and
    /// revocations name is added while they are read, so that only a log whose beginning is missing
    /// needs any.
    pub fn new(source: S, threads: usize, keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        Self {
            source,
            pool: SignaturePool::new(threads, keys),
            current: Arc::default(),
            place: 0,
            ahead: VecDeque::new(),
            end: None,
            buf: Vec::new(),
        }
    }

    /// Goes on to the next chunk. Whether there is one.
    fn advance(&mut self, longest: usize) -> bool {
        // Nothing before this is read any more; its memory goes before the next is filled.
        self.current = Arc::default();
        self.place = 0;
        while self.ahead.len() < AHEAD && self.fill(longest) {}
        let Some(next) = self.ahead.pop_front() else {
            return false;
        };
        self.pool.finish(&next);
        self.current = next;
        // So that the others have something to do while this one is read.
        self.fill(longest);
        true
    }

    /// Reads another chunk and gives it to the threads. Whether there is more.
    fn fill(&mut self, longest: usize) -> bool {
        if self.end.is_some() {
            return false;
        }
        self.buf.resize(longest, 0);
        let mut chunk = Chunk::default();
        while chunk.len() < RECEIPTS && chunk.bytes() < BYTES {
            match self.source.read_next(&mut self.buf) {
                Ok(Some(Next::Sealed(len))) => {
                    let sealed = self.buf.get(..len).unwrap_or(&self.buf);
                    self.pool.learn(sealed);
                    chunk.push(sealed);
                }
                Ok(Some(Next::Deleted(hash))) => chunk.push_deleted(hash),
                Ok(None) => {
                    self.end = Some(Ok(()));
                    break;
                }
                Err(error) => {
                    self.end = Some(Err(error));
                    break;
                }
            }
        }
        if !chunk.is_empty() {
            let chunk = Arc::new(chunk);
            self.pool.submit(&chunk);
            self.ahead.push_back(chunk);
        }
        self.end.is_none()
    }
}

impl<S: ReceiptSource> ReceiptSource for ReadAhead<S> {
    type Error = ReadAheadError<S::Error>;

    /// After the source's error it is asked again, after its end it is not.
    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Self::Error> {
        if !self.pool.is_at_work() {
            return self.source.read_next(buf).map_err(ReadAheadError::Source);
        }
        if self.place >= self.current.len() && !self.advance(buf.len()) {
            return match self.end.take() {
                Some(Ok(())) => {
                    self.end = Some(Ok(()));
                    Ok(None)
                }
                Some(Err(error)) => Err(ReadAheadError::Source(error)),
                None => Ok(None),
            };
        }
        match self.current.items().get(self.place) {
            Some(Item::Sealed(range, _)) => {
                let sealed = self.current.sealed(range);
                let Some(out) = buf.get_mut(..sealed.len()) else {
                    return Err(ReadAheadError::Buffer {
                        receipt: sealed.len(),
                        buffer: buf.len(),
                    });
                };
                out.copy_from_slice(sealed);
                self.place += 1;
                Ok(Some(Next::Sealed(sealed.len())))
            }
            Some(Item::Deleted(hash)) => {
                self.place += 1;
                Ok(Some(Next::Deleted(*hash)))
            }
            // There is one, or `advance` would have said so.
            None => Ok(None),
        }
    }

    fn good_signature(&self) -> Option<&GoodSignature> {
        let read = self.place.checked_sub(1)?;
        self.current.items().get(read)?.good()
    }
}
