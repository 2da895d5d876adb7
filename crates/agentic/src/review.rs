//! What a person decided about a receipt, and what a third party signed over one.

use crate::JsonDigest;
use ai_audit_core::{
    Body, BodyError, DecodeError, Kind, LeafHash, LogId, PUBLIC_KEY_LEN, SIGNATURE_LEN, Signature,
    SignatureError, Signer, SignerError, Text, VerifyingKey, decode_body, encode_body,
};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Sets signatures of reviews apart from all others.
const REVIEW: &[u8] = b"ai-audit/review/v1\0";
/// Sets signatures of attestations apart from all others.
const ATTESTATION: &[u8] = b"ai-audit/attestation/v1\0";

/// What a reviewer decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewVerdict {
    /// It may be done, or was right.
    Approved,
    /// It may not be done, or was wrong.
    Rejected,
    /// It was looked at.
    Noted,
}

/// A review as its reviewer signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review<'a> {
    /// The receipt that was reviewed, such as a tool intent.
    pub receipt: LeafHash,
    /// Digest of the parameters that the reviewer saw; for a tool intent its arguments.
    pub parameters: Option<JsonDigest>,
    /// What he decided.
    pub verdict: ReviewVerdict,
    /// A pseudonym; may be empty.
    #[serde(borrow)]
    pub reviewer: Text<'a>,
    /// Why; may be empty.
    #[serde(borrow)]
    pub comment: Text<'a>,
}

/// A signed review: the body of its receipt.
///
/// ```
/// use ai_audit_agentic::{HumanReview, Review, ReviewVerdict};
/// use ai_audit_core::{LeafHash, LogId, SigningKey};
///
/// let log = LogId::from_bytes([1; 32]);
/// let reviewer = SigningKey::from_bytes(&[7; 32]);
/// let review = Review {
///     receipt: LeafHash::of(b"the intent's payload"),
///     parameters: None,
///     verdict: ReviewVerdict::Approved,
///     reviewer: "officer-2".into(),
///     comment: "".into(),
/// };
/// let signed = HumanReview::sign(review, &log, &reviewer)?;
/// assert!(signed.verify(&log).is_ok());
/// // It stands for this log alone.
/// assert!(signed.verify(&LogId::from_bytes([2; 32])).is_err());
/// # Ok::<(), ai_audit_core::SignerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanReview<'a> {
    /// What was signed.
    #[serde(borrow)]
    pub review: Review<'a>,
    /// The reviewer's key.
    pub key: VerifyingKey,
    /// His signature.
    pub signature: Signature,
}

/// What a third party says of a receipt, as it signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement<'a> {
    /// The receipt that is attested, such as a tool outcome.
    pub receipt: LeafHash,
    /// Who attests, such as `tool`; not empty.
    #[serde(borrow)]
    pub role: Text<'a>,
    /// What; may be empty.
    #[serde(borrow)]
    pub statement: Text<'a>,
}

/// A signed statement: the body of its receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation<'a> {
    /// What was signed.
    #[serde(borrow)]
    pub statement: Statement<'a>,
    /// The attester's key.
    pub key: VerifyingKey,
    /// Its signature.
    pub signature: Signature,
}

impl ReviewVerdict {
    /// Its name in the JSON view.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Noted => "noted",
        }
    }
}

impl Review<'_> {
    /// Holds what a review's file says beside its body, for people to read, against what was signed. Gives
    /// the first member that says something else, and what was signed in its place.
    ///
    /// ```
    /// # use ai_audit_agentic::{Review, ReviewVerdict};
    /// # use ai_audit_core::LeafHash;
    /// # let receipt = LeafHash::of(b"the intent's payload");
    /// # let review = Review {
    /// #     receipt,
    /// #     parameters: None,
    /// #     verdict: ReviewVerdict::Approved,
    /// #     reviewer: "".into(),
    /// #     comment: "".into(),
    /// # };
    /// let receipt = receipt.to_string();
    /// assert_eq!(review.misquoted(&receipt, "approved"), None);
    /// let said = review.misquoted(&receipt, "rejected");
    /// assert_eq!(said, Some(("verdict", "approved".to_owned())));
    /// ```
    #[must_use]
    pub fn misquoted(&self, receipt: &str, verdict: &str) -> Option<(&'static str, String)> {
        if receipt.parse::<LeafHash>().ok() != Some(self.receipt) {
            return Some(("receipt", self.receipt.to_string()));
        }
        let signed = self.verdict.name();
        (verdict != signed).then(|| ("verdict", signed.to_string()))
    }
}

impl<'a> HumanReview<'a> {
    /// Reads the bytes of a body outside of a receipt, as a reviewer hands them over.
    ///
    /// # Errors
    ///
    /// Offset, field and expectation of the first thing that does not hold.
    pub fn from_body_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        decode_body(bytes)
    }

    /// Signs a review of a receipt of a log.
    ///
    /// # Errors
    ///
    /// When the signer cannot sign.
    pub fn sign(
        review: Review<'a>,
        log: &LogId,
        signer: &(impl Signer + ?Sized),
    ) -> Result<Self, SignerError> {
        let mut signed = Self {
            review,
            key: signer.verifying_key(),
            signature: Signature::from_bytes([0; SIGNATURE_LEN]),
        };
        signed.signature = signer.try_sign(&message(REVIEW, log, &signed))?;
        Ok(signed)
    }

    /// Verifies that the key signed this for a receipt of this log. Whose key it is, is for the caller
    /// to know.
    ///
    /// # Errors
    ///
    /// When it did not.
    pub fn verify(&self, log: &LogId) -> Result<(), SignatureError> {
        self.key
            .verify(&message(REVIEW, log, self), &self.signature)
    }
}

impl<'a> Attestation<'a> {
    /// Signs a statement about a receipt of a log.
    ///
    /// # Errors
    ///
    /// When the signer cannot sign.
    pub fn sign(
        statement: Statement<'a>,
        log: &LogId,
        signer: &(impl Signer + ?Sized),
    ) -> Result<Self, SignerError> {
        let mut signed = Self {
            statement,
            key: signer.verifying_key(),
            signature: Signature::from_bytes([0; SIGNATURE_LEN]),
        };
        signed.signature = signer.try_sign(&message(ATTESTATION, log, &signed))?;
        Ok(signed)
    }

    /// Verifies that the key signed this for a receipt of this log. Whose key it is, is for the caller
    /// to know.
    ///
    /// # Errors
    ///
    /// When it did not.
    pub fn verify(&self, log: &LogId) -> Result<(), SignatureError> {
        self.key
            .verify(&message(ATTESTATION, log, self), &self.signature)
    }
}

/// What is signed: the body but for key and signature, which stand at its end.
fn message(label: &[u8], log: &LogId, body: &impl Body) -> Vec<u8> {
    let mut message = [label, log.as_bytes()].concat();
    // A body that cannot be sealed has no encoding, and no signature of it is any good.
    if let Ok(encoded) = encode_body(body) {
        let signed = encoded.len().saturating_sub(PUBLIC_KEY_LEN + SIGNATURE_LEN);
        message.extend_from_slice(encoded.get(..signed).unwrap_or_default());
    }
    message
}

impl Body for HumanReview<'_> {
    const KIND: Kind = Kind::HUMAN_REVIEW;
}

impl Body for Attestation<'_> {
    const KIND: Kind = Kind::ATTESTATION;

    fn check(&self) -> Result<(), BodyError> {
        if self.statement.role.is_empty() {
            return Err(BodyError {
                field: "role",
                expected: "who attests, such as tool",
            });
        }
        Ok(())
    }
}
