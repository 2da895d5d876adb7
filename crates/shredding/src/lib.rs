//! Fields that can be made unreadable while the log stays whole: crypto-shredding.
//!
//! A text that is kept is encrypted under a key derived for its receipt and field from the key of
//! the person concerned ([`SubjectKey`]). Destroying that one key makes every ciphertext and every
//! keyed digest of the person meaningless; two receipts say that it was done. The formats are in
//! `docs/spec/erasure.md`. Randomness is an argument; nothing here keeps a key.
//!
//! | need | use |
//! |---|---|
//! | encrypt a field, read it again | [`SubjectKey::encrypt`], [`SubjectKey::decrypt`] |
//! | a subject's digest secret, the log's key of pseudonyms | [`SubjectKey::digest_secret`], [`SubjectKey::pseudonym_key`] |
//! | store subject keys | [`KeyWrapper`], [`Kek`], [`SubjectKeys`], [`KekVault`] |
//! | say what was erased | [`ErasureRequested`], [`ErasureCompleted`] |
//! | say that somebody looked | [`Access`] |
//! | hold erasures against a log | [`ErasureAudit`] |
//!
//! # Example
//!
//! ```
//! use ai_audit_core::{LogId, ReceiptId, SubjectKeyId};
//! use ai_audit_shredding::{Place, SubjectKey};
//!
//! let log = LogId::from_bytes([2; 32]);
//! let key = SubjectKey::new(SubjectKeyId::from_bytes([1; 16]), log, &[7; 32]);
//! let place = Place {
//!     receipt: ReceiptId::from_bytes([3; 16]),
//!     subject: "person-7",
//!     field: "input",
//! };
//! let (field, ciphertext) = key.encrypt(&place, b"my card was stolen", [4; 12])?;
//! assert_eq!(key.decrypt(&place, &field, &ciphertext)?.as_slice(), b"my card was stolen");
//! // Elsewhere it does not open.
//! assert!(key.decrypt(&Place { field: "output", ..place }, &field, &ciphertext).is_err());
//! # Ok::<(), ai_audit_shredding::FieldError>(())
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod access;
mod audit;
mod erasure;
mod field;
mod hkdf;
mod keep;
mod key;
mod wrap;

pub use access::{Access, AccessOutcome};
pub use audit::{Erasure, ErasureAudit, ErasureError, Erasures, Remains, Remnant};
pub use erasure::{ErasedSubject, ErasureCompleted, ErasureRequested};
pub use field::{FieldError, MAX_NAME, MAX_TEXT, Place};
pub use keep::{HeldKey, KekVault, KnownUpTo, SubjectKeys, SubjectKeysError, WrapsKeys};
pub use key::SubjectKey;
pub use wrap::{Kek, KekId, KeyWrapper, WRAPPED_LEN, WrapError};
