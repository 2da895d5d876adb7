//! What one receipt says of others: what is new in the log, and what reviews are of.

use crate::result::Period;
use crate::sample::Named;
use ai_audit_agentic::{HumanReview, ToolOutcome};
use ai_audit_core::{
    Action, Decision, DecodeBody as _, Digest, Kind, LeafHash, Said, UnverifiedReceipt,
    VerifyingKey,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most values of one sort that are told apart; beyond, none is new any more.
const MAX_VALUES: usize = 4096;
/// The most bytes of a model's name that are kept.
const MAX_NAME: usize = 128;
/// The most escalated decisions, tool intents and reviewed receipts that are followed at a time.
pub(crate) const MAX_FOLLOWED: usize = 1 << 18;

/// What a receipt is among those before it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) model_new: bool,
    pub(crate) config_new: bool,
    pub(crate) policy_new: bool,
    pub(crate) of_escalation: bool,
    pub(crate) of_tool_intent: bool,
    pub(crate) of_deletion: bool,
    pub(crate) intent_reviewed: bool,
    pub(crate) second: bool,
}

/// Follows a log's verified receipts. Memory is bounded: what cannot be followed any more makes
/// receipts count for less, never for more.
#[derive(Debug, Default)]
pub(crate) struct Follow {
    models: BTreeSet<String>,
    configs: BTreeSet<Digest>,
    policies: BTreeSet<Digest>,
    escalations: BTreeMap<LeafHash, Escalation>,
    /// Escalated decisions that came while as many as can be were followed.
    not_followed: u64,
    intents: BTreeSet<LeafHash>,
    intents_in_order: VecDeque<LeafHash>,
    deletions: BTreeSet<LeafHash>,
    reviewed: BTreeMap<LeafHash, VerifyingKey>,
}

/// An escalated decision.
#[derive(Debug, Clone, Copy)]
struct Escalation {
    named: Named,
    reviewed: bool,
    imported: bool,
}

/// How many escalated decisions there are, and which nobody reviewed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Escalations {
    pub(crate) all: u64,
    /// Those without a review, in the order of the log.
    pub(crate) open: Vec<Named>,
    /// How many of those were imported from another system.
    pub(crate) imported: u64,
    pub(crate) not_followed: u64,
}

impl Follow {
    /// Takes the next receipt, and what it says.
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>, said: &Said<'_>) -> Seen {
        match said.kind {
            Kind::DECISION => match Decision::decode_said(said) {
                Ok(decision) => self.decision(receipt, said, &decision),
                Err(_) => Seen::default(),
            },
            Kind::TOOL_INTENT => {
                self.intents.insert(receipt.hash());
                self.intents_in_order.push_back(receipt.hash());
                if self.intents_in_order.len() > MAX_FOLLOWED
                    && let Some(oldest) = self.intents_in_order.pop_front()
                {
                    self.intents.remove(&oldest);
                }
                Seen::default()
            }
            Kind::TOOL_OUTCOME => match ToolOutcome::decode_said(said) {
                Ok(outcome) => Seen {
                    intent_reviewed: outcome
                        .intent
                        .is_some_and(|intent| self.reviewed.contains_key(&intent)),
                    ..Seen::default()
                },
                Err(_) => Seen::default(),
            },
            Kind::DELETION => {
                if self.deletions.len() < MAX_FOLLOWED {
                    self.deletions.insert(receipt.hash());
                }
                Seen::default()
            }
            Kind::HUMAN_REVIEW => match HumanReview::decode(receipt) {
                Ok(review) => self.review(&review),
                Err(_) => Seen::default(),
            },
            _ => Seen::default(),
        }
    }

    fn decision(
        &mut self,
        receipt: &UnverifiedReceipt<'_>,
        said: &Said<'_>,
        decision: &Decision<'_>,
    ) -> Seen {
        if decision.action == Action::Escalate {
            if self.escalations.len() < MAX_FOLLOWED {
                let escalation = Escalation {
                    named: Named::of(receipt, said),
                    reviewed: false,
                    imported: said.imported,
                };
                self.escalations.insert(receipt.hash(), escalation);
            } else {
                self.not_followed = self.not_followed.saturating_add(1);
            }
        }
        let model = shortened(decision.model.as_str());
        Seen {
            model_new: !model.is_empty()
                && !self.models.contains(model.as_ref())
                && self.models.len() < MAX_VALUES
                && self.models.insert(model.into_owned()),
            config_new: is_new(&mut self.configs, decision.config),
            policy_new: is_new(&mut self.policies, decision.policy),
            ..Seen::default()
        }
    }

    fn review(&mut self, signed: &HumanReview<'_>) -> Seen {
        let of = signed.review.receipt;
        let escalation = self.escalations.get_mut(&of);
        let of_escalation = escalation.is_some();
        if let Some(escalation) = escalation {
            escalation.reviewed = true;
        }
        let second = match self.reviewed.get(&of) {
            Some(first) => *first != signed.key,
            None => {
                if self.reviewed.len() < MAX_FOLLOWED {
                    self.reviewed.insert(of, signed.key);
                }
                false
            }
        };
        Seen {
            of_escalation,
            of_tool_intent: self.intents.contains(&of),
            of_deletion: self.deletions.contains(&of),
            second,
            ..Seen::default()
        }
    }

    /// The models that were named, in ascending order.
    pub(crate) fn models(&self) -> Vec<String> {
        self.models.iter().cloned().collect()
    }

    /// How the escalated decisions of a period stand.
    pub(crate) fn escalations(&self, period: Period) -> Escalations {
        let mut found = Escalations {
            not_followed: self.not_followed,
            ..Escalations::default()
        };
        for escalation in self.escalations.values() {
            if period.contains(escalation.named.time) {
                found.all += 1;
                if !escalation.reviewed {
                    found.open.push(escalation.named);
                    found.imported += u64::from(escalation.imported);
                }
            }
        }
        found.open.sort_unstable_by_key(|named| named.seq);
        found
    }
}

/// A name as it is kept: hostile ones may be as long as a receipt.
fn shortened(name: &str) -> Cow<'_, str> {
    if name.len() <= MAX_NAME {
        return name.into();
    }
    let mut end = MAX_NAME;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", name.get(..end).unwrap_or_default()).into()
}

fn is_new(values: &mut BTreeSet<Digest>, value: Option<Digest>) -> bool {
    value.is_some_and(|value| values.len() < MAX_VALUES && values.insert(value))
}
