//! Whether a record is what it says: its hash, its signature.

use ai_audit_core::{Digest, Signature, VerifyingKey};
use alloc::vec::Vec;
use core::fmt;

use super::{Record, RecordKind, UNSIGNED, is_lower_case};
use crate::Keys;
use crate::number::rewrite;

/// What was found of a record's own proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Examined {
    /// SHA-256 of the signed bytes; none where they cannot be rebuilt, that is, where the hash that
    /// the record names does not fit.
    pub hash: Option<Digest>,
    /// The trusted key under which the signature holds.
    pub key: Option<VerifyingKey>,
    /// What does not hold, or could not be checked; none exactly where there is a `key`.
    pub problem: Option<Problem>,
}

/// What does not hold of a record, or could not be checked.
///
/// Exhaustive on purpose: whoever decides over records has to decide over each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// A receipt that names no hash.
    NoHash,
    /// A seal that names a hash: the library writes none into seals, and nothing signs it there.
    SealHash,
    /// The hash that it names is not that of its bytes.
    Hash {
        /// What it names, where that has the form of a hash.
        named: Option<Digest>,
        /// That of its bytes.
        found: Digest,
    },
    /// It has no signature.
    NoSignature,
    /// Its signature has another form than the library writes.
    SignatureForm,
    /// There is no key to verify with. Says nothing against the record.
    NoKeys,
    /// Its signature holds under none of the keys.
    Signature {
        /// How many keys were tried.
        keys: usize,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHash => {
                f.write_str("receipt_hash: expected the hash of the signed bytes, found none")
            }
            Self::SealHash => {
                f.write_str("receipt_hash: expected none in a seal, found one, which nothing signs")
            }
            Self::Hash {
                named: Some(named),
                found,
            } => write!(
                f,
                "receipt_hash: expected {found}, that of the signed bytes, found {named}"
            ),
            Self::Hash { named: None, found } => write!(
                f,
                "receipt_hash: expected {found}, that of the signed bytes, found no 64 hexadecimal digits in lower case"
            ),
            Self::NoSignature => f.write_str("signature: expected one, found none"),
            Self::SignatureForm => f.write_str(
                "signature: expected 128 hexadecimal digits in lower case, found something else",
            ),
            Self::NoKeys => f.write_str("signature: expected a key to verify it with, found none"),
            Self::Signature { keys: 1 } => f.write_str(
                "signature: expected one by the trusted key, found one that does not hold under it",
            ),
            Self::Signature { keys } => write!(
                f,
                "signature: expected one by a trusted key, found one that holds under none of {keys}"
            ),
        }
    }
}

impl core::error::Error for Problem {}

impl Record<'_> {
    /// Holds the hash that it names against the signed bytes, then the signature against the keys.
    ///
    /// Where the hash does not fit, the numbers are tried as the library's own writer would have
    /// written them, since databases and other JSON writers change their text; up to 128 times. What
    /// fits is what [`Record::signed_bytes`] gives from then on.
    pub fn examine(&mut self, keys: &mut Keys) -> Examined {
        let none = |hash, problem| Examined {
            hash,
            key: None,
            problem: Some(problem),
        };
        if let Err(problem) = self.fit() {
            return none(None, problem);
        }
        let hash = Some(self.hash);
        match self.verify(keys) {
            Ok(key) => Examined {
                hash,
                key: Some(key),
                problem: None,
            },
            Err(problem) => none(hash, problem),
        }
    }

    /// Holds the signature against keys, over the signed bytes as they are now.
    ///
    /// # Errors
    ///
    /// Why there is none of the keys under which it holds.
    pub fn verify(&self, keys: &mut Keys) -> Result<VerifyingKey, Problem> {
        let signature: Signature = match self.signature() {
            Some(signature) => signature,
            None if self.signature.is_empty() => return Err(Problem::NoSignature),
            None => return Err(Problem::SignatureForm),
        };
        let tried = keys.iter().len();
        match keys.verify(&self.signed, &signature) {
            Some(key) => Ok(key),
            None if tried == 0 => Err(Problem::NoKeys),
            None => Err(Problem::Signature { keys: tried }),
        }
    }

    /// Makes the signed bytes those whose hash the record names.
    pub(crate) fn fit(&mut self) -> Result<(), Problem> {
        let found = self.hash;
        let seal = matches!(self.kind, RecordKind::BatchSeal | RecordKind::EpochSeal);
        let named = match (self.named_hash.as_deref(), seal) {
            (Some(named), false) => named,
            (None, false) => return Err(Problem::NoHash),
            (Some(_), true) => return Err(Problem::SealHash),
            (None, true) => return Ok(()),
        };
        let named: Option<Digest> = is_lower_case(named).then(|| named.parse().ok()).flatten();
        let problem = Problem::Hash { named, found };
        let Some(named) = named else {
            return Err(problem);
        };
        if named == found {
            return Ok(());
        }
        let fits = |bytes: &[u8]| Digest::of(bytes) == named;
        let signed = rewrite(&self.json, &UNSIGNED, &self.floats(), fits).ok_or(problem)?;
        (self.signed, self.hash) = (signed, named);
        Ok(())
    }

    /// The numbers that the library writes as floats whatever their value, by their nodes.
    fn floats(&self) -> Vec<u32> {
        let root = self.json.root();
        let checks = root
            .get("checks")
            .into_iter()
            .flat_map(|checks| checks.items());
        let mut floats: Vec<u32> = checks
            .flat_map(|check| [check.get("score"), check.get("threshold")])
            .chain([root.get("duration_ms")])
            .flatten()
            .map(|value| value.index())
            .collect();
        floats.sort_unstable();
        floats
    }
}
