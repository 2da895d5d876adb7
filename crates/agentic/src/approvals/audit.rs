//! Holding the rules against a log, in the order of its receipts.

use super::{APPROVALS_POLICY, ApprovalRule, ApprovalRuleError, ApprovalRules};
use crate::{
    HumanReview, JsonDigest, MAX_OPEN, ReviewVerdict, ToolIntent, ToolOutcome, ToolStatus,
};
use ai_audit_core::{
    DecodeBody as _, Genesis, Kind, LeafHash, List, PolicyChange, PolicyEntry, ReceiptId,
    UnverifiedReceipt, VerifyingKey,
};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Follows a log from its genesis on, in memory that grows with the open intents of tools that have
/// rules, at most [`MAX_OPEN`], and with the hashes of as many of other tools.
///
/// That receipts follow each other and are signed, and that reviews are signed by the keys they name,
/// is for others to check; a body that does not decode is no matter of this.
#[derive(Debug, Default)]
pub struct ApprovalAudit {
    /// Those that the log itself has in force.
    own: ApprovalRules,
    /// Those that the verifier brought.
    asked: ApprovalRules,
    open: BTreeMap<LeafHash, Open>,
    /// Intents that came while [`MAX_OPEN`] were open.
    not_followed: u64,
    /// Intents of such tools that an outcome answered: an approval is for one run.
    answered: BTreeSet<LeafHash>,
    /// Intents of tools without rules that no outcome answered; [`MAX_OPEN`] of them.
    free: BTreeSet<LeafHash>,
    /// Receipts whose bytes are deleted.
    deleted: u64,
    /// Outcomes whose intents, or whose approvals, may be among these.
    unjudged: u64,
    /// Outcomes that were approved, where a rejection may be among these.
    half_judged: u64,
    /// Whether there ever was a rule.
    any_rule: bool,
}

/// So many answered intents are remembered; a second outcome of a later one is not noticed.
const MAX_ANSWERED: usize = 1 << 18;

/// An intent of a tool that needs approvals.
#[derive(Debug)]
struct Open {
    id: ReceiptId,
    tool: String,
    arguments: Option<JsonDigest>,
    rules: Vec<ApprovalRule>,
    /// The last word of each key of the rules, and where it stands.
    reviews: Vec<(VerifyingKey, ReviewVerdict, u64)>,
    /// Receipts before it whose bytes are deleted.
    deleted: u64,
}

/// An intent of a tool that needs approvals, and that did not run yet as far as the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingIntent<'a> {
    /// Its receipt's hash.
    pub hash: LeafHash,
    /// Its receipt's id.
    pub id: ReceiptId,
    /// The tool.
    pub tool: &'a str,
    /// Digest of its arguments.
    pub arguments: Option<JsonDigest>,
    /// Whether it may run.
    pub standing: Standing,
}

/// Whether a tool may run on an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has the approvals that it needs.
    Approved,
    /// It has not.
    TooFew {
        /// Approvals that count.
        found: usize,
        /// Those that are needed.
        needed: usize,
    },
    /// Somebody who can approve it rejected it.
    Rejected {
        /// The `seq` of the review.
        review: u64,
    },
}

impl Open {
    fn standing(&self) -> Standing {
        // Under whichever rule, of which each review's key is one's: where reviews may be missing, too few of them excuse
        // nothing that is there.
        let rejects = |(_, said, _): &&(_, ReviewVerdict, u64)| *said == ReviewVerdict::Rejected;
        if let Some((_, _, review)) = self.reviews.iter().find(rejects) {
            return Standing::Rejected { review: *review };
        }
        for rule in &self.rules {
            let approves = |(key, said, _): &&(VerifyingKey, ReviewVerdict, u64)| {
                *said == ReviewVerdict::Approved && rule.keys().contains(key)
            };
            let found = self.reviews.iter().filter(approves).count();
            let needed = rule.needed();
            if found < needed {
                return Standing::TooFew { found, needed };
            }
        }
        Standing::Approved
    }
}

/// What does not hold about a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalError {
    /// The log's policy entry is none.
    Rules(ApprovalRuleError),
    /// A tool ran without an intent, though it needs approvals.
    NoIntent {
        /// The tool.
        tool: String,
    },
    /// A tool ran with fewer approvals than it needs.
    TooFew {
        /// The tool.
        tool: String,
        /// Approvals that count.
        found: usize,
        /// Those that are needed.
        needed: usize,
    },
    /// A tool ran though somebody who can approve it rejected it.
    Rejected {
        /// The tool.
        tool: String,
        /// The `seq` of the review.
        review: u64,
    },
    /// An outcome names an intent that was answered before.
    Again {
        /// The tool, as the outcome has it; may be empty.
        tool: String,
    },
    /// An outcome names the intent of another tool.
    OtherTool {
        /// Its tool.
        tool: String,
        /// The intent's.
        intent: String,
    },
    /// So many intents of such tools were open that this one was not followed.
    NotFollowed,
}

impl fmt::Display for ApprovalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules(error) => write!(f, "policy entry {APPROVALS_POLICY}: {error}"),
            Self::NoIntent { tool } => write!(
                f,
                "the tool {tool:?} ran without an intent in the log, and needs approvals"
            ),
            Self::TooFew {
                tool,
                found,
                needed,
            } => write!(
                f,
                "the tool {tool:?} ran with {found} approvals of its intent; it needs {needed}"
            ),
            Self::Rejected { tool, review } => write!(
                f,
                "the tool {tool:?} ran though receipt {review} rejects it"
            ),
            Self::Again { tool } => write!(
                f,
                "the tool {tool:?} ran again on an intent that was answered before; an approval is for one run"
            ),
            Self::OtherTool { tool, intent } => write!(
                f,
                "the tool {tool:?} ran on an intent of the tool {intent:?}, which needs approvals"
            ),
            Self::NotFollowed => write!(
                f,
                "more than {MAX_OPEN} intents of tools that need approvals were open: whether this one was approved cannot be told"
            ),
        }
    }
}

impl core::error::Error for ApprovalError {}

impl ApprovalAudit {
    /// For a log of which no receipt was seen, with the rules that the verifier brings.
    #[must_use]
    pub fn new(asked: ApprovalRules) -> Self {
        Self {
            any_rule: !asked.is_empty(),
            asked,
            ..Self::default()
        }
    }

    /// Takes the next receipt.
    ///
    /// # Errors
    ///
    /// What does not hold about it.
    pub fn push(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<(), ApprovalError> {
        match receipt.header().kind {
            Kind::GENESIS => {
                Genesis::decode(receipt).map_or(Ok(()), |genesis| self.policy(&genesis.policy))
            }
            Kind::POLICY => {
                PolicyChange::decode(receipt).map_or(Ok(()), |change| self.policy(&change.policy))
            }
            Kind::TOOL_INTENT => {
                if let Ok(intent) = ToolIntent::decode(receipt) {
                    self.intent(receipt.header().id, receipt.hash(), &intent);
                }
                Ok(())
            }
            Kind::HUMAN_REVIEW => {
                if let Ok(review) = HumanReview::decode(receipt) {
                    self.review(receipt.header().seq, &review);
                }
                Ok(())
            }
            Kind::TOOL_OUTCOME => {
                ToolOutcome::decode(receipt).map_or(Ok(()), |outcome| self.outcome(&outcome))
            }
            _ => Ok(()),
        }
    }

    /// The intents of a tool with rules that no outcome answered but such as were denied: for whoever
    /// is about to run it. In no particular order.
    pub fn waiting(&self, tool: &str) -> impl Iterator<Item = WaitingIntent<'_>> {
        let open = self.open.iter().filter(move |(_, open)| open.tool == tool);
        open.map(|(hash, open)| WaitingIntent {
            hash: *hash,
            id: open.id,
            tool: &open.tool,
            arguments: open.arguments,
            standing: open.standing(),
        })
    }

    /// Whether a tool needs approvals by the rules in force now.
    #[must_use]
    pub fn needs(&self, tool: &str) -> bool {
        [&self.own, &self.asked]
            .iter()
            .any(|rules| rules.of(tool).is_some())
    }

    fn policy(&mut self, entries: &List<'_, PolicyEntry<'_>>) -> Result<(), ApprovalError> {
        let entry = entries.iter().find(|entry| entry.name == *APPROVALS_POLICY);
        let Some(entry) = entry else {
            return Ok(());
        };
        self.own = match entry.value.as_str() {
            "" => ApprovalRules::new(),
            json => ApprovalRules::from_json(json).map_err(ApprovalError::Rules)?,
        };
        self.any_rule |= !self.own.is_empty();
        Ok(())
    }

    /// The rules in force for a tool.
    fn rules(&self, tool: &str) -> Vec<ApprovalRule> {
        let both = [self.own.of(tool), self.asked.of(tool)];
        both.into_iter().flatten().cloned().collect()
    }

    fn intent(&mut self, id: ReceiptId, hash: LeafHash, intent: &ToolIntent<'_>) {
        let rules = self.rules(&intent.tool);
        if rules.is_empty() {
            if self.free.len() < MAX_OPEN {
                self.free.insert(hash);
            }
            return;
        }
        if self.open.len() >= MAX_OPEN {
            self.not_followed = self.not_followed.saturating_add(1);
            return;
        }
        let open = Open {
            id,
            tool: intent.tool.as_str().into(),
            arguments: intent.arguments,
            rules,
            reviews: Vec::new(),
            deleted: self.deleted,
        };
        self.open.insert(hash, open);
    }

    fn review(&mut self, seq: u64, signed: &HumanReview<'_>) {
        let review = &signed.review;
        let Some(open) = self.open.get_mut(&review.receipt) else {
            return;
        };
        let counts = open
            .rules
            .iter()
            .any(|rule| rule.keys().contains(&signed.key));
        // Who saw other parameters approved something else; who rejects need not have seen any.
        let same = review.parameters == open.arguments || review.verdict == ReviewVerdict::Rejected;
        if !counts || !same || review.verdict == ReviewVerdict::Noted {
            return;
        }
        let known = open.reviews.iter_mut().find(|(key, ..)| *key == signed.key);
        match known {
            // A rejection stands, whatever the same key says later.
            Some((_, ReviewVerdict::Rejected, _)) => {}
            Some(known) => *known = (signed.key, review.verdict, seq),
            None => open.reviews.push((signed.key, review.verdict, seq)),
        }
    }

    fn outcome(&mut self, outcome: &ToolOutcome<'_>) -> Result<(), ApprovalError> {
        let denied = outcome.status == ToolStatus::Denied;
        let Some((hash, open)) = outcome
            .intent
            .and_then(|intent| Some((intent, self.open.get(&intent)?)))
        else {
            return match denied {
                true => Ok(()),
                false => self.without_open(outcome),
            };
        };
        if !outcome.tool.is_empty() && outcome.tool != *open.tool {
            return Err(ApprovalError::OtherTool {
                tool: outcome.tool.as_str().into(),
                intent: open.tool.clone(),
            });
        }
        // It did not run, and may yet: its intent stays open.
        if denied {
            return Ok(());
        }
        let Some(open) = self.open.remove(&hash) else {
            return Ok(());
        };
        if self.answered.len() < MAX_ANSWERED {
            self.answered.insert(hash);
        }
        // What was deleted since the intent may have been reviews of it.
        let some_missing = self.deleted > open.deleted;
        match open.standing() {
            Standing::Approved => {
                self.half_judged = self.half_judged.saturating_add(some_missing.into());
                Ok(())
            }
            Standing::Rejected { review } => Err(ApprovalError::Rejected {
                tool: open.tool,
                review,
            }),
            Standing::TooFew { .. } if some_missing => {
                self.unjudged = self.unjudged.saturating_add(1);
                Ok(())
            }
            Standing::TooFew { found, needed } => Err(ApprovalError::TooFew {
                tool: open.tool,
                found,
                needed,
            }),
        }
    }

    /// An outcome of what ran that names no open intent of a tool with a rule.
    fn without_open(&mut self, outcome: &ToolOutcome<'_>) -> Result<(), ApprovalError> {
        let tool = || outcome.tool.as_str().into();
        if let Some(intent) = &outcome.intent {
            if self.answered.contains(intent) {
                return Err(ApprovalError::Again { tool: tool() });
            }
            if self.not_followed > 0 {
                return Err(ApprovalError::NotFollowed);
            }
        }
        let has_rule = !self.rules(&outcome.tool).is_empty();
        let known = outcome
            .intent
            .is_some_and(|intent| self.free.remove(&intent));
        if outcome.intent.is_some() && !known && self.deleted > 0 {
            // Its intent may be among what is deleted, and may have been of a tool with a rule.
            self.unjudged = self.unjudged.saturating_add(self.any_rule.into());
            return Ok(());
        }
        if !has_rule {
            return Ok(());
        }
        Err(ApprovalError::NoIntent { tool: tool() })
    }

    /// Takes a receipt whose bytes are deleted.
    pub const fn push_deleted(&mut self) {
        self.deleted = self.deleted.saturating_add(1);
    }

    /// What could not be told of approvals, for the report; none where there is no rule or nothing is
    /// missing.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        if !self.any_rule || self.deleted == 0 {
            return None;
        }
        Some(format!(
            "bytes of {} receipts are deleted: whether tools that ran there had their approvals cannot be told, nor for {} outcomes whose intents or approvals may be among them, nor whether {} that were approved were rejected there, too",
            self.deleted, self.unjudged, self.half_judged
        ))
    }
}
