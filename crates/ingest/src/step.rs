//! Steps: what one line or one conversation asks a ledger to seal.

use crate::error::Problem;
use crate::protect::Ciphertext;
use ai_audit_agentic::{Provenance, ToolIntent, ToolOutcome, TraceNode};
use ai_audit_core::{Body, Decision, LeafHash, MAX_PAYLOAD_LEN, ReceiptId, SealError, encode_body};

/// What one line or one conversation gives: steps to seal together, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Where it came from, counted from 1: `line 7`, `conversation 3`.
    pub place: String,
    /// The steps. A conversation in which the assistant never spoke has none.
    pub steps: Vec<Step>,
}

/// One receipt to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The log that the line asked for by its tenant; `None` for the default one.
    pub log: Option<String>,
    /// The receipt's id. Keyed digests of its texts depend on it, so that no two receipts of a log
    /// may have the same.
    pub id: ReceiptId,
    /// Whether the input gave the id; else it was made.
    pub id_given: bool,
    /// The trace; may be empty.
    pub trace_id: String,
    /// The session; may be empty.
    pub session_id: String,
    /// Who acted; may be empty.
    pub actor_id: String,
    /// What the receipt says.
    pub body: StepBody,
    /// The texts that are kept encrypted beside the receipt, in the order of its kept texts.
    pub ciphertexts: Vec<Ciphertext>,
    /// Indices of earlier steps of the group that this one follows from. Once they have hashes,
    /// [`StepBody::link`] takes these, in this order.
    pub parents: Vec<usize>,
}

/// The body of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepBody {
    /// A decision.
    Decision(Box<Decision<'static>>),
    /// A tool call that is asked for.
    ToolIntent(Box<ToolIntent<'static>>),
    /// What came of a tool call.
    ToolOutcome(Box<ToolOutcome<'static>>),
    /// A step of a trace.
    TraceNode(Box<TraceNode<'static>>),
    /// Sources, and which of them earlier steps of the group recorded.
    Provenance(Box<Provenance<'static>>, Vec<SourceLink>),
}

/// A source that an earlier step of the group recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceLink {
    /// The source's place.
    pub source: usize,
    /// The step's place among [`Step::parents`].
    pub parent: usize,
}

impl StepBody {
    /// Adds the hashes of the receipts that this one follows from. An outcome takes the first of
    /// them for its intent, unless it has one.
    pub fn link(&mut self, parents: &[LeafHash]) {
        let (list, rest) = match self {
            Self::Decision(decision) => (&mut decision.parents, parents),
            Self::ToolIntent(intent) => (&mut intent.parents, parents),
            Self::TraceNode(node) => (&mut node.parents, parents),
            Self::Provenance(provenance, links) => {
                **provenance = linked(provenance, links, parents);
                (&mut provenance.parents, parents)
            }
            Self::ToolOutcome(outcome) => {
                let mut rest = parents;
                if let (None, Some((first, others))) = (outcome.intent, parents.split_first()) {
                    outcome.intent = Some(*first);
                    rest = others;
                }
                (&mut outcome.parents, rest)
            }
        };
        for parent in rest {
            list.push(*parent);
        }
    }

    /// Length of its encoding.
    fn encoded_len(&self) -> Result<usize, SealError> {
        fn len(body: &impl Body) -> Result<usize, SealError> {
            encode_body(body).map(|bytes| bytes.len())
        }
        match self {
            Self::Decision(decision) => len(&**decision),
            Self::ToolIntent(intent) => len(&**intent),
            Self::ToolOutcome(outcome) => len(&**outcome),
            Self::TraceNode(node) => len(&**node),
            Self::Provenance(provenance, links) => {
                // What the hashes of receipts will add to the sources.
                len(&**provenance).map(|len| len + links.len() * PARENT_LEN)
            }
        }
    }
}

/// The same provenance with the receipts of its sources, and the commitment to them.
fn linked(
    provenance: &Provenance<'static>,
    links: &[SourceLink],
    parents: &[LeafHash],
) -> Provenance<'static> {
    let mut sources = provenance.sources.to_vec();
    for link in links {
        if let Some(source) = sources.get_mut(link.source) {
            source.receipt = parents.get(link.parent).copied();
        }
    }
    Provenance {
        occurred_at: provenance.occurred_at,
        of: provenance.of,
        parents: provenance.parents.clone(),
        ..Provenance::of_sources(sources)
    }
}

/// More than a header needs beside its three texts, with the varints at their longest.
const HEADER_LEN: usize = 128;
/// What one parent adds to a body, and a little for the count.
const PARENT_LEN: usize = 33;

impl Step {
    /// Whether a receipt can hold it: found here, where the line is known, not when it is sealed.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let body = match self.body.encoded_len() {
            Ok(len) => len,
            Err(SealError::Body(error)) => {
                return Err(Problem::of(
                    error.field,
                    format!("expected {}", error.expected),
                ));
            }
            Err(SealError::TooLong { .. }) => MAX_PAYLOAD_LEN,
            Err(error) => return Err(Problem::new(error.to_string())),
        };
        let texts = self.trace_id.len() + self.session_id.len() + self.actor_id.len();
        let needed = body + texts + HEADER_LEN + PARENT_LEN * self.parents.len();
        if needed > MAX_PAYLOAD_LEN {
            return Err(Problem::new(format!(
                "too long for a receipt, expected at most {MAX_PAYLOAD_LEN} bytes of fields and of texts kept in the clear"
            )));
        }
        Ok(())
    }
}
