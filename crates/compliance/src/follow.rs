//! What one receipt says of others: what is new in the log, and what reviews are of.

use ai_audit_agentic::HumanReview;
use ai_audit_core::{
    Action, Decision, DecodeBody as _, Digest, Kind, LeafHash, UnverifiedReceipt, VerifyingKey,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most values of one sort that are told apart; beyond, none is new any more.
const MAX_VALUES: usize = 4096;
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
    reviewed: BTreeMap<LeafHash, VerifyingKey>,
}

/// An escalated decision.
#[derive(Debug, Clone, Copy)]
struct Escalation {
    seq: u64,
    reviewed: bool,
}

/// How many escalated decisions there are, and which nobody reviewed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Escalations {
    pub(crate) all: u64,
    /// Their places, in ascending order.
    pub(crate) open: Vec<u64>,
    pub(crate) not_followed: u64,
}

impl Follow {
    /// Takes the next receipt.
    pub(crate) fn see(&mut self, receipt: &UnverifiedReceipt<'_>) -> Seen {
        match receipt.header().kind {
            Kind::DECISION => match Decision::decode(receipt) {
                Ok(decision) => self.decision(receipt, &decision),
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
            Kind::HUMAN_REVIEW => match HumanReview::decode(receipt) {
                Ok(review) => self.review(&review),
                Err(_) => Seen::default(),
            },
            _ => Seen::default(),
        }
    }

    fn decision(&mut self, receipt: &UnverifiedReceipt<'_>, decision: &Decision<'_>) -> Seen {
        if decision.action == Action::Escalate {
            if self.escalations.len() < MAX_FOLLOWED {
                let escalation = Escalation {
                    seq: receipt.header().seq,
                    reviewed: false,
                };
                self.escalations.insert(receipt.hash(), escalation);
            } else {
                self.not_followed = self.not_followed.saturating_add(1);
            }
        }
        let model = decision.model.as_str();
        Seen {
            model_new: !model.is_empty()
                && !self.models.contains(model)
                && self.models.len() < MAX_VALUES
                && self.models.insert(model.into()),
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
            second,
            ..Seen::default()
        }
    }

    /// How the escalated decisions stand.
    pub(crate) fn escalations(&self) -> Escalations {
        let open = self.escalations.values().filter(|one| !one.reviewed);
        let mut open: Vec<u64> = open.map(|one| one.seq).collect();
        open.sort_unstable();
        Escalations {
            all: self.escalations.len() as u64 + self.not_followed,
            open,
            not_followed: self.not_followed,
        }
    }
}

fn is_new(values: &mut BTreeSet<Digest>, value: Option<Digest>) -> bool {
    value.is_some_and(|value| values.len() < MAX_VALUES && values.insert(value))
}
