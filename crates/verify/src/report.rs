//! What a verification tells.

use crate::{FieldDisclosure, Pin, TimeBound, TrustPolicy};
use ai_audit_agentic::{MAX_OPEN, OpenIntents};
use ai_audit_core::{Exit, LeafHash, LogId, Question, ReceiptId, Status, Timestamp, Verdict};
use ai_audit_epochs::DeletedEpoch;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// The outcome of a verification: the verdict, and what was seen on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The five answers.
    pub verdict: Verdict,
    /// How many receipts were read, those included of which only the hash is left.
    pub receipts: u64,
    /// The epochs of which bytes are deleted, each with the receipt that accounts for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<DeletedEpoch>,
    /// Tool intents without an outcome, in the order of the log. In a selection the outcome may
    /// have been left out. At most 65,536 are followed; a remark counts those beyond.
    pub open_tool_intents: Vec<OpenToolIntent>,
    /// The log's origin, as its genesis gives it. Trust it only where attribution is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The log's id, where a receipt could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_id: Option<LogId>,
    /// Size of the largest checkpoint or known size that the receipts were found to reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete_to: Option<u64>,
    /// What each witness of the policy says of the checkpoint that tells most: the newest that the
    /// quorum makes complete, or has cosigned, or else the newest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<WitnessFinding>,
    /// What third parties whom the policy trusts say of when receipts were sealed. Where there are
    /// very many, some of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub time_bounds: Vec<TimeBound>,
    /// What is worth knowing and changes no answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Texts that were held against the digests of a single receipt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disclosed: Vec<FieldDisclosure>,
    /// What [`Report::is_of_unknown_subject`] tells: a verdict may hang on it, so it is no matter of words.
    #[serde(skip)]
    pub(crate) of_unknown_subject: bool,
}

/// What was found of one witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WitnessFinding {
    /// Its name in the policy, with what is no printable text escaped.
    pub name: String,
    /// `cosigned`, `missing`, `invalid` (a cosignature that does not hold), `future` (its time has
    /// not come) or `not_independent` (its key is the log's own). Only `cosigned` counts.
    pub status: &'static str,
    /// The time that it vouches for, or claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Size of the checkpoint.
    pub checkpoint: u64,
}

/// A tool intent without an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenToolIntent {
    /// Its `seq`.
    pub receipt: u64,
    /// Its receipt id.
    pub id: ReceiptId,
    /// Its hash.
    pub hash: LeafHash,
    /// The tool. Long texts are cut, with `…` as their last character.
    pub tool: String,
    /// The call id; may be empty.
    pub call_id: String,
    /// The trace; may be empty.
    pub trace_id: String,
}

/// A remark where there were more open intents than are followed.
pub(crate) fn not_followed(intents: &OpenIntents) -> Option<String> {
    let count = intents.not_followed();
    (count > 0).then(|| {
        format!(
            "{count} tool intents came while {MAX_OPEN} were open: whether they have an outcome was \
             not followed"
        )
    })
}

impl OpenToolIntent {
    pub(crate) fn all(intents: &OpenIntents) -> Vec<Self> {
        let mut all: Vec<Self> = intents
            .open()
            .map(|intent| Self {
                receipt: intent.seq,
                id: intent.id,
                hash: intent.hash,
                tool: intent.tool.clone(),
                call_id: intent.call_id.clone(),
                trace_id: intent.trace_id.clone(),
            })
            .collect();
        all.sort_by_key(|intent| intent.receipt);
        all
    }
}

/// What to tell of deleted epochs.
pub(crate) fn deleted_remark(deleted: &[DeletedEpoch]) -> Option<String> {
    let count: u64 = deleted.iter().map(|epoch| epoch.deleted).sum();
    let (first, last) = (deleted.first()?, deleted.last()?);
    let which = match deleted.len() {
        1 => format!(
            "epoch {}, accounted for by receipt {}",
            first.epoch, first.deletion
        ),
        epochs => format!(
            "{epochs} epochs from {} to {}, accounted for by deletion receipts",
            first.epoch, last.epoch
        ),
    };
    Some(format!(
        "the bytes of {count} receipts are deleted ({which}): the seals of their epochs vouch for their hashes; signatures, texts and open tool calls among them could not be looked at"
    ))
}

/// What to tell of the epochs that a selection has in full.
pub(crate) fn complete_remark(epochs: &[u64]) -> Option<String> {
    match epochs {
        [] => None,
        [one] => Some(format!(
            "epoch {one} is here from its first receipt to its seal"
        )),
        [first, .., last] => Some(format!(
            "{} epochs between {first} and {last} are here from their first receipt to their seal",
            epochs.len()
        )),
    }
}

impl Report {
    /// The report on evidence of one log alone. Who brings key line and checkpoint of another log too
    /// asks for that one as well, and this evidence cannot answer for it: completeness then is not
    /// verified, but where each of [several logs](TrustPolicy::of_several_logs) is verified by itself.
    #[must_use]
    pub fn of_one_log(mut self, policy: &TrustPolicy) -> Self {
        if policy.is_of_several_logs() {
            return self;
        }
        let own = self.origin.as_deref();
        let pinned = policy.pins().iter().filter_map(|pin| match pin {
            Pin::Log(line) => Some(line.name()),
            Pin::Key(_) => None,
        });
        let mut others = pinned.filter(|origin| Some(*origin) != own);
        let other = others.find(|origin| policy.checkpoint_origins().any(|of| of == *origin));
        if let Some(origin) = other
            && self.verdict.completeness.is_verified()
        {
            self.verdict.completeness = Status::unverified(format!(
                "you brought key line and checkpoint of {origin} too, and this is not that log"
            ));
        }
        self
    }

    /// What it comes to when these questions are asked. A failure counts even where its question
    /// was not asked, and so does a disclosed text that is not the recorded one.
    #[must_use]
    pub fn exit(&self, asked: &[Question]) -> Exit {
        let exit = self.verdict.exit(asked);
        if self.disclosed.iter().any(|field| field.status.is_failed()) {
            return Exit::Failed;
        }
        let open = |field: &FieldDisclosure| matches!(field.status, Status::Unverified { .. });
        if exit == Exit::Verified && self.disclosed.iter().any(open) {
            return Exit::Unverified;
        }
        exit
    }
}
