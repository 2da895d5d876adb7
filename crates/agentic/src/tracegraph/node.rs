//! A node of a trace graph, and how it is read from a receipt.

use super::{TraceNode, TraceStep};
use crate::{
    Attestation, HumanReview, Provenance, StatedSources, ToolIntent, ToolOutcome, ToolStatus,
};
use ai_audit_core::{
    Action, Decision, DecodeBody, DecodeError, Kind, LeafHash, Timestamp, UnverifiedReceipt,
};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// One node, as it is given to a [`TraceBuilder`](super::TraceBuilder).
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a> {
    /// The receipt's hash.
    pub hash: LeafHash,
    /// Its `seq`.
    pub seq: u64,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// What it is.
    pub sort: NodeSort,
    /// Who acted; may be empty.
    pub agent: Cow<'a, str>,
    /// The model, the tool, the step's name; may be empty.
    pub label: Cow<'a, str>,
    /// To whom it goes on; empty but in a delegation and a hand-off.
    pub to: Cow<'a, str>,
    /// How it ended: an action, a status; may be empty.
    pub status: &'static str,
    /// Whether that is worth a look: see the specification.
    pub alarm: bool,
    /// How long it took, in microseconds.
    pub duration_us: Option<u64>,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Hashes of what it follows from.
    pub parents: Vec<LeafHash>,
    /// A decision's tags.
    pub tags: Vec<String>,
    /// The sources of a provenance receipt.
    pub sources: Option<Box<StatedSources>>,
    /// Of a record that was imported, when it says that it was made; else when it was imported.
    pub imported_of: Option<Timestamp>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeSort {
    /// A decision.
    Decision,
    /// A tool intent.
    ToolIntent,
    /// A tool outcome.
    ToolOutcome,
    /// A trace node.
    Step(TraceStep),
    /// A provenance receipt.
    Provenance,
    /// A receipt of another kind that carries the trace's id.
    Other(Kind),
}

impl fmt::Display for NodeSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decision => f.write_str("decision"),
            Self::ToolIntent => f.write_str("tool_intent"),
            Self::ToolOutcome => f.write_str("tool_outcome"),
            Self::Step(step) => f.write_str(step.name()),
            Self::Provenance => f.write_str("provenance"),
            Self::Other(kind) => kind.fmt(f),
        }
    }
}

impl<'a> Node<'a> {
    /// A node of a hash and a sort, of which nothing else is known.
    #[must_use]
    pub const fn new(hash: LeafHash, seq: u64, sort: NodeSort) -> Self {
        Self {
            hash,
            seq,
            sealed_at: Timestamp::from_micros(0),
            sort,
            agent: Cow::Borrowed(""),
            label: Cow::Borrowed(""),
            to: Cow::Borrowed(""),
            status: "",
            alarm: false,
            duration_us: None,
            input_tokens: 0,
            output_tokens: 0,
            parents: Vec::new(),
            tags: Vec::new(),
            sources: None,
            imported_of: None,
        }
    }

    /// The node of a receipt. One that brings a decision or a tool outcome of another system is a
    /// node of that sort.
    ///
    /// # Errors
    ///
    /// When the body of a kind that is read here does not decode.
    pub fn of(receipt: &UnverifiedReceipt<'a>) -> Result<Self, DecodeError> {
        let (header, said) = (receipt.header(), receipt.said());
        let mut node = Self::new(receipt.hash(), header.seq, NodeSort::Other(header.kind));
        node.sealed_at = header.sealed_at;
        node.agent = header.actor_id.into();
        node.imported_of = said.imported.then_some(said.time);
        match said.kind {
            Kind::DECISION => node.decision(&Decision::decode_said(&said)?),
            Kind::TOOL_INTENT => {
                let body = ToolIntent::decode(receipt)?;
                node.sort = NodeSort::ToolIntent;
                node.label = owned(&body.tool);
                node.parents = body.parents.to_vec();
            }
            Kind::TOOL_OUTCOME => node.outcome(&ToolOutcome::decode_said(&said)?),
            Kind::TRACE_NODE => {
                let body = TraceNode::decode(receipt)?;
                node.sort = NodeSort::Step(body.step);
                node.label = owned(&body.name);
                node.to = owned(&body.to);
                node.duration_us = body.duration_us;
                node.parents = body.parents.to_vec();
            }
            Kind::HUMAN_REVIEW => {
                let body = HumanReview::decode(receipt)?;
                node.label = owned(&body.review.reviewer);
                node.parents.push(body.review.receipt);
            }
            Kind::ATTESTATION => {
                let body = Attestation::decode(receipt)?;
                node.label = owned(&body.statement.role);
                node.parents.push(body.statement.receipt);
            }
            Kind::PROVENANCE => node.provenance(&Provenance::decode(receipt)?),
            _ => {}
        }
        Ok(node)
    }

    fn decision(&mut self, body: &Decision<'_>) {
        self.sort = NodeSort::Decision;
        self.label = owned(&body.model);
        self.status = body.action.name();
        self.alarm = !matches!(body.action, Action::Allow | Action::CacheHit);
        self.duration_us = body.duration_us;
        self.input_tokens = body.input_tokens.unwrap_or(0);
        self.output_tokens = body.output_tokens.unwrap_or(0);
        self.parents = body.parents.to_vec();
        self.tags = body.tags.iter().map(|tag| tag.as_str().into()).collect();
    }

    fn provenance(&mut self, body: &Provenance<'_>) {
        self.sort = NodeSort::Provenance;
        let sources = if body.size == 1 { "source" } else { "sources" };
        self.label = Cow::Owned(alloc::format!(
            "{} {sources}, least trust {}",
            body.size,
            body.lowest
        ));
        self.parents = body.parents.to_vec();
        self.sources = Some(Box::new(StatedSources::new(body)));
    }

    fn outcome(&mut self, body: &ToolOutcome<'_>) {
        self.sort = NodeSort::ToolOutcome;
        self.label = owned(&body.tool);
        (self.status, self.alarm) = match body.status {
            ToolStatus::Unknown => ("", false),
            ToolStatus::Ok => ("ok", false),
            ToolStatus::Error => ("error", true),
            ToolStatus::Denied => ("denied", true),
            ToolStatus::TimedOut => ("timed_out", true),
        };
        self.duration_us = body.duration_us;
        self.parents = body.intent.into_iter().collect();
        self.parents.extend(body.parents.iter());
    }
}

fn owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.into())
}
