//! The core of an audit trail that anybody can verify: receipts, hashing, keys, the chain.
//!
//! A *receipt* is one sealed record: a header and a body, encoded once as postcard, hashed as an
//! RFC 6962 leaf, chained to the receipt before it and signed with Ed25519. This crate seals and
//! checks receipts without an allocator, a clock, randomness or I/O of its own: time, random bytes
//! and keys are arguments. The byte format is specified in `docs/spec/receipt.md`.
//!
//! | feature | adds |
//! |---|---|
//! | `alloc` (default) | owned bodies, decoding of bodies with lists, the canonical text digest, tables for many signatures by one key |
//! | `fast` (default) | 38 KB of tables with which signing takes a third of the time |
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{Chain, Decision, Draft, Action, ReceiptId, SigningKey, Timestamp, UnverifiedReceipt};
//! # use ai_audit_core::{Genesis, Head};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Three keys, from 32 random bytes each. The checkpoint and recovery keys sign no receipts.
//! let key = SigningKey::from_bytes(&[1; 32]);
//! let (checkpoint, recovery) = (SigningKey::from_bytes(&[2; 32]), SigningKey::from_bytes(&[3; 32]));
//! let now = Timestamp::from_micros(1_790_000_000_000_000);
//! let mut buf = [0u8; 1024];
//!
//! // The genesis opens the log and binds its keys.
//! let genesis = Genesis::new("example.org/support", "acme", &key.verifying_key(),
//!     &checkpoint.verifying_key(), &recovery.verifying_key(), [7; 16]);
//! let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
//! let mut head = Head::EMPTY;
//! let sealed = draft.seal(&genesis, &head, &key, &mut buf)?;
//! let mut chain = Chain::new();
//! head = chain.push(&UnverifiedReceipt::parse(sealed.as_bytes())?)?;
//!
//! // A decision follows it.
//! let decision = Decision { action: Action::Allow, model: "gpt-4o".into(), ..Decision::new() };
//! let draft = Draft::new(ReceiptId::from_parts(now, [1; 10]), now).trace("req-1");
//! let sealed = draft.seal(&decision, &head, &key, &mut buf)?;
//!
//! // Whoever holds the bytes and the key checks them.
//! let receipt = UnverifiedReceipt::parse(sealed.as_bytes())?;
//! chain.push(&receipt)?;
//! receipt.verify_signature(&key.verifying_key())?;
//! # Ok(()) }
//! ```
#![cfg_attr(not(test), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod batches;
mod body;
#[cfg(feature = "alloc")]
mod bulk;
mod chain;
mod codec;
mod domain;
mod error;
#[cfg(feature = "alloc")]
mod good;
mod hash;
mod hex;
mod history;
mod id;
mod keys;
mod kind;
mod list;
mod origin;
mod outline;
mod receipt;
mod seal;
mod source;
mod text;
mod time;
mod unsigned;
mod verdict;

pub use body::batch::BatchSeal;
pub use body::control::{ClockAnomaly, Gap, Start, Stop};
pub use body::decision::{Action, Check, Decision};
pub use body::genesis::{Genesis, GenesisError, PolicyEntry};
pub use body::imported::{
    Bytes, Imported, ImportedAnswer, ImportedBody, ImportedFile, ImportedItem, ImportedRecord,
    ImportedSource,
};
pub use body::kept::{Content, Encrypted, KeptField, Redaction, SubjectKeyId};
pub use body::keys::{KeyRevocation, KeyRotation};
pub use body::policy::PolicyChange;
#[cfg(feature = "alloc")]
pub use body::said::Said;
pub use body::{Body, BodyError, DecodeBody, decode_body};
#[cfg(feature = "alloc")]
pub use bulk::BulkVerifier;
pub use chain::{Chain, ChainError, Head};
pub use error::DecodeError;
#[cfg(feature = "alloc")]
pub use good::GoodSignature;
pub use hash::{Digest, LeafHash, LogId, NodeHash};
pub use hex::ParseHexError;
pub use history::{KeyChange, KeyHistory, KeyHistoryError, Revoked};
pub use id::{ParseIdError, ReceiptId};
pub use keys::{
    KeyError, KeyId, PUBLIC_KEY_LEN, SECRET_KEY_LEN, SIGNATURE_LEN, Signature, SignatureError,
    Signer, SignerError, SigningKey, VerifyingKey,
};
pub use kind::Kind;
pub use list::{List, Text};
pub use origin::{Origin, OriginError};
pub use outline::Outline;
pub use receipt::{Header, MAX_PAYLOAD_LEN, MAX_SEALED_LEN, SealMode, UnverifiedReceipt, VERSION};
#[cfg(feature = "alloc")]
pub use seal::encode_body;
pub use seal::{Draft, SealError, SealedReceipt};
pub use source::{Next, ReceiptSink, ReceiptSource};
#[cfg(feature = "alloc")]
pub use text::canonical_text;
pub use text::{DigestSecret, DisclosureKey, PartsHasher, TextDigest, TextHasher};
pub use time::Timestamp;
pub use unsigned::{UnsignedReceipt, sign_receipt};
pub use verdict::{Exit, Question, Status, Verdict};
