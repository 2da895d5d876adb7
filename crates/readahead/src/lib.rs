//! Reads receipts ahead and verifies their signatures on several threads.
//!
//! Whoever verifies a log takes one receipt after the other, since each one says what holds for the
//! next. Most of the time goes into signatures, and those do not depend on each other. A [`ReadAhead`]
//! around a source of receipts reads some hundreds of them in advance and verifies their signatures on
//! all threads, some together, under the keys that the receipts themselves name; what it found is at
//! [`ReceiptSource::good_signature`](ai_audit_core::ReceiptSource::good_signature) when the receipt's
//! turn comes. The verifier decides which key is valid there, and takes it where it is of that key. So
//! nothing is accepted that one thread would refuse, and nothing is refused that it would accept.
//!
//! Memory does not grow with the log's length: it is that of a few chunks of 256 KiB, and for each thread of
//! tables, 1.3 MB where one key signed and 3.3 MB where four do in turn. A [`SignaturePool`] has what it is
//! given in memory once more.
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{MAX_SEALED_LEN, Next, ReceiptSource};
//! use ai_audit_readahead::ReadAhead;
//! # use ai_audit_core::{Draft, Genesis, Head, ReceiptId, SigningKey, Timestamp};
//! # struct One(Option<Vec<u8>>);
//! # impl ReceiptSource for One {
//! #     type Error = std::convert::Infallible;
//! #     fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Self::Error> {
//! #         Ok(self.0.take().map(|sealed| {
//! #             buf[..sealed.len()].copy_from_slice(&sealed);
//! #             Next::Sealed(sealed.len())
//! #         }))
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
//! # let [key, checkpoint, recovery] = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
//! # let genesis = Genesis::new("example.org", "", &key, &checkpoint, &recovery, [7; 16]);
//! # let now = Timestamp::from_micros(1_790_000_000_000_000);
//! # let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
//! # let mut buf = [0; 1024];
//! # let sealed = draft.seal(&genesis, &Head::EMPTY, &keys[0], &mut buf)?.as_bytes().to_vec();
//! # let source = One(Some(sealed));
//! let mut source = ReadAhead::new(source, 2, []);
//! let mut buf = vec![0; MAX_SEALED_LEN];
//! while let Some(Next::Sealed(_)) = source.read_next(&mut buf)? {
//!     assert!(source.good_signature().is_some());
//! }
//! # Ok(()) }
//! ```
//!
//! | part | what for |
//! |---|---|
//! | [`ReadAhead`] | the source around a source |
//! | [`SignaturePool`] | the same for receipts that are at hand in groups |
//! | [`ReadAheadError`] | why it could not give the next receipt |

mod ahead;
mod chunk;
mod keys;
mod pool;
mod workers;

pub use ahead::{ReadAhead, ReadAheadError};
pub use pool::SignaturePool;
