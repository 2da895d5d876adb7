//! The proof of one receipt: a C2SP tlog-proof that carries the receipt and what it discloses.

use crate::{Report, SelectionVerifier, TrustPolicy};
use ai_audit_agentic::{ContractState, Incident, JsonDigest, ToolIntent, ToolOutcome};
use ai_audit_core::{
    Decision, DecodeBody, DisclosureKey, Kind, NodeHash, Status, TextDigest, UnverifiedReceipt,
};
use ai_audit_merkle::LeafIndex;
use ai_audit_note::{Checkpoint, CheckpointError, SignedNote, TlogProof, TlogProofError};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// What `extra` begins with.
const LABEL: &str = "ai-audit/proof/v1";

/// A receipt, its log's genesis, and the proof that both are in a checkpoint.
///
/// The file is a C2SP tlog-proof whose `extra` data is the postcard encoding of this label,
/// genesis, genesis path, receipt and disclosures; see `docs/spec/proof.md`.
#[derive(Debug, Clone)]
pub struct ReceiptProof {
    checkpoint: SignedNote,
    index: LeafIndex,
    path: Vec<NodeHash>,
    extra: Extra,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Extra {
    label: String,
    genesis: Vec<u8>,
    genesis_path: Vec<NodeHash>,
    key_changes: Vec<Included>,
    receipt: Vec<u8>,
    disclosures: Vec<Disclosure>,
}

/// A receipt with the hashes of its inclusion proof, lowest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Included {
    /// The sealed bytes.
    pub sealed: Vec<u8>,
    /// The inclusion proof in the proof's checkpoint.
    pub path: Vec<NodeHash>,
}

/// The key of one digest of the receipt, so that the holder of the text can show that it is the
/// one recorded. It opens no other digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// The digest's field: `input`, `output`, `arguments` or `result`.
    pub field: String,
    /// Its key.
    pub key: [u8; 32],
}

/// Whether a text is the one that a receipt recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldDisclosure {
    /// The digest's field.
    pub field: String,
    /// Verified where the text is the one recorded.
    #[serde(flatten)]
    pub status: Status,
}

/// Why bytes are no proof of a receipt.
#[derive(Debug)]
pub enum ProofFileError {
    /// They are no tlog-proof.
    Tlog(TlogProofError),
    /// Its note is no checkpoint.
    Checkpoint(CheckpointError),
    /// Its extra data is not what this project puts there.
    Extra {
        /// What was expected.
        expected: &'static str,
    },
}

impl ReceiptProof {
    /// A proof from its parts: a signed checkpoint, the genesis and the receipt as sealed bytes,
    /// each with the hashes of its inclusion proof, and the disclosed keys.
    ///
    /// `key_changes` are the log's rotations before the receipt and all of its revocations, in the
    /// order of the log, without the receipt itself; where that is batched, with the batch seal that
    /// signs for it in its place.
    #[must_use]
    pub fn new(
        checkpoint: SignedNote,
        genesis: Included,
        key_changes: Vec<Included>,
        receipt: (Included, LeafIndex),
        disclosures: Vec<Disclosure>,
    ) -> Self {
        Self {
            checkpoint,
            index: receipt.1,
            path: receipt.0.path,
            extra: Extra {
                label: LABEL.into(),
                genesis: genesis.sealed,
                genesis_path: genesis.path,
                key_changes,
                receipt: receipt.0.sealed,
                disclosures,
            },
        }
    }

    /// Reads a proof file.
    ///
    /// # Errors
    ///
    /// What is not as the format says.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        let tlog = TlogProof::parse(bytes).map_err(ProofFileError::Tlog)?;
        let wrong = |expected| ProofFileError::Extra { expected };
        let bytes = tlog
            .extra
            .as_deref()
            .ok_or(wrong("the receipt in `extra`"))?;
        let (extra, rest): (Extra, _) = postcard::take_from_bytes(bytes)
            .map_err(|_| wrong("label, genesis, path, key changes, receipt, disclosures"))?;
        if !rest.is_empty() {
            return Err(wrong("no bytes after the disclosures"));
        }
        if extra.label != LABEL {
            return Err(wrong("the label ai-audit/proof/v1"));
        }
        if postcard::to_allocvec(&extra).ok().as_deref() != Some(bytes) {
            return Err(wrong("the canonical encoding"));
        }
        Ok(Self {
            checkpoint: tlog.checkpoint,
            index: tlog.index,
            path: tlog.path,
            extra,
        })
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let tlog = TlogProof {
            index: self.index,
            path: self.path.clone(),
            checkpoint: self.checkpoint.clone(),
            // Plain data of this module's own always encodes.
            extra: postcard::to_allocvec(&self.extra).ok(),
        };
        format!("{tlog}")
    }

    /// The receipt's sealed bytes, unverified.
    #[must_use]
    pub fn receipt(&self) -> &[u8] {
        &self.extra.receipt
    }

    /// The fields whose digest keys the proof discloses.
    pub fn disclosed_fields(&self) -> impl Iterator<Item = &str> {
        self.extra
            .disclosures
            .iter()
            .map(|disclosure| disclosure.field.as_str())
    }

    /// Verifies receipt and genesis, and holds texts against the digests: pairs of a field and the
    /// text that is said to be recorded there.
    ///
    /// # Errors
    ///
    /// When the proof's note is no checkpoint.
    pub fn verify(
        &self,
        policy: &TrustPolicy,
        texts: &[(&str, &str)],
    ) -> Result<Report, ProofFileError> {
        let checkpoint =
            Checkpoint::parse(self.checkpoint.text()).map_err(ProofFileError::Checkpoint)?;
        let mut verifier =
            SelectionVerifier::new(policy, self.checkpoint.clone(), checkpoint).single();
        verifier.push(&self.extra.genesis, self.extra.genesis_path.clone());
        // The genesis may be the receipt that is proved.
        let is_genesis = self.extra.receipt == self.extra.genesis;
        if is_genesis && self.path != self.extra.genesis_path {
            verifier.fail_integrity("the two inclusion proofs of the genesis differ");
        }
        let named =
            UnverifiedReceipt::parse(&self.extra.receipt).map(|receipt| receipt.header().seq);
        if let Ok(seq) = named
            && seq != self.index.as_u64()
        {
            verifier.fail_integrity(format!(
                "the proof is for index {}, the receipt has seq {seq}",
                self.index
            ));
        }
        // In the order of the log, the receipt in its place among the key changes.
        let index = self.index.as_u64();
        let mut pushed = is_genesis;
        for change in &self.extra.key_changes {
            let parsed = UnverifiedReceipt::parse(&change.sealed);
            let header = parsed.as_ref().map(UnverifiedReceipt::header);
            if !header.is_ok_and(|header| {
                matches!(
                    header.kind,
                    Kind::KEY_ROTATION | Kind::KEY_REVOCATION | Kind::BATCH_SEAL
                )
            }) {
                verifier.fail_integrity("a key change of the proof is none, and no batch seal");
            }
            if !pushed && header.is_ok_and(|header| header.seq > index) {
                verifier.push(&self.extra.receipt, self.path.clone());
                pushed = true;
            }
            verifier.push(&change.sealed, change.path.clone());
        }
        if !pushed {
            verifier.push(&self.extra.receipt, self.path.clone());
        }
        let mut report = verifier.finish();
        report.receipts = 1;
        for (field, text) in texts {
            report.disclosed.push(FieldDisclosure {
                field: (*field).into(),
                status: self.compare(field, text),
            });
        }
        Ok(report)
    }

    /// Whether `text` is what the receipt recorded as `field`.
    fn compare(&self, field: &str, text: &str) -> Status {
        let Ok(receipt) = UnverifiedReceipt::parse(&self.extra.receipt) else {
            return Status::failed("the receipt cannot be read");
        };
        let digest = match digest_of(&receipt, field, text) {
            Ok(Some(digest)) => digest,
            Ok(None) => return Status::failed(format!("the receipt has no digest of its {field}")),
            Err(reason) => return Status::failed(reason),
        };
        let key = self
            .extra
            .disclosures
            .iter()
            .find(|disclosure| disclosure.field == field)
            .map(|disclosure| DisclosureKey::from_bytes(disclosure.key));
        if matches!(digest.0, TextDigest::Keyed(_)) && key.is_none() {
            return Status::unverified(format!(
                "the digest is keyed, and the proof does not disclose the key of {field}"
            ));
        }
        if digest.0.matches(&digest.1, key.as_ref()) {
            Status::Verified
        } else {
            Status::failed(format!(
                "the text is not the one that was recorded as {field}"
            ))
        }
    }
}

/// The digest of a field, and the text in the form in which it was hashed.
fn digest_of(
    receipt: &UnverifiedReceipt<'_>,
    field: &str,
    text: &str,
) -> Result<Option<(TextDigest, String)>, String> {
    let exact = |digest: Option<TextDigest>| Ok(digest.map(|digest| (digest, text.into())));
    let unreadable = |error| format!("the receipt's body cannot be read: {error}");
    let said = receipt.said();
    let json = match (said.kind, field) {
        (Kind::DECISION, "input") => {
            return exact(Decision::decode_said(&said).map_err(unreadable)?.input);
        }
        (Kind::DECISION, "output") => {
            return exact(Decision::decode_said(&said).map_err(unreadable)?.output);
        }
        (Kind::INCIDENT, "description") => {
            return exact(Incident::decode(receipt).map_err(unreadable)?.description);
        }
        (Kind::TOOL_INTENT, "arguments") => {
            ToolIntent::decode(receipt).map_err(unreadable)?.arguments
        }
        (Kind::CONTRACT_STATE, "state") => {
            ContractState::decode(receipt).map_err(unreadable)?.state
        }
        (Kind::TOOL_OUTCOME, "result") => {
            ToolOutcome::decode_said(&said).map_err(unreadable)?.result
        }
        _ => None,
    };
    Ok(match json {
        None => None,
        Some(JsonDigest::Raw(digest)) => Some((digest, text.into())),
        Some(JsonDigest::Canonical(digest)) => {
            let canonical = ai_audit_json::canonicalize(text).map_err(|error| {
                format!("the text is no JSON, but {field} was recorded as JSON: {error}")
            })?;
            Some((digest, canonical))
        }
    })
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disclosure({}, key)", self.field)
    }
}

impl fmt::Display for ProofFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tlog(error) => write!(f, "proof file: {error}"),
            Self::Checkpoint(error) => write!(f, "proof file: {error}"),
            Self::Extra { expected } => write!(f, "proof file: extra data: expected {expected}"),
        }
    }
}

impl core::error::Error for ProofFileError {}
