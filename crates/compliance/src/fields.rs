//! The fields and states of receipts that selectors name, and selectors made ready to be matched.

use crate::catalogue::Selector;
use crate::follow::Seen;
use ai_audit_agentic::{
    Attestation, ContractActivation, ContractState, ContractVerdict, HumanReview, Incident,
    IncidentStage, Provenance, ReviewVerdict, ToolIntent, ToolOutcome, ToolStatus, TraceNode,
    TraceStep,
};
use ai_audit_core::{
    Action, Decision, DecodeBody, Gap, Genesis, Header, Imported, ImportedRecord, Kind, List,
    PolicyChange, PolicyEntry, Said, Start, Stop, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, RETENTION_POLICY, Retention};
use ai_audit_note::Anchor;
use ai_audit_shredding::{Access, ErasureRequested};

/// The genesis's and policy receipts' entry with the redaction policy in force.
const REDACTION_POLICY: &str = "redaction";
/// Six calendar months are never longer, in days.
const LONGEST_SIX_MONTHS: u64 = 184;
/// Below this trust, in hundredths, a source is one of low trust.
const LOW_TRUST: u8 = 50;

/// Fields of every kind, in the order of their bits.
const HEADER: [&str; 3] = ["trace_id", "session_id", "actor_id"];

/// Tables of names, each beside what it takes: bits follow the header's in the order of the table.
macro_rules! tables {
    ($($kind:ident $constant:ident $table:ident($body:ident: $type:ty, $seen:ident) {
        $($name:literal => $there:expr,)*
    })*) => {
        $(
            const $constant: &[&str] = &[$($name),*];
            fn $table($body: &$type, $seen: &Seen) -> u64 {
                let _ = $seen;
                let there = [$($there),*];
                there.iter().enumerate().fold(0, |bits, (at, there)| {
                    bits | (u64::from(*there) << (at + HEADER.len()))
                })
            }
        )*

        /// The names of a kind's own fields and states.
        fn names(kind: Kind) -> &'static [&'static str] {
            match kind {
                $(Kind::$kind => $constant,)*
                _ => &[],
            }
        }
    };
}

tables! {
    DECISION DECISION_NAMES decision(d: Decision<'_>, seen) {
        "occurred_at" => d.occurred_at.is_some(),
        "subject" => !d.subject.is_empty(),
        "input" => d.input.is_some(),
        "input_canonical" => d.input_canonical.is_some(),
        "output" => d.output.is_some(),
        "state" => d.state.is_some(),
        "checks" => d.checks.iter().next().is_some(),
        "checks.version" => some_and_all(d.checks.iter(), |check| !check.version.is_empty()),
        "checks.score" => some_and_all(d.checks.iter(), |check| check.score.is_some()),
        "checks.threshold" => some_and_all(d.checks.iter(), |check| check.threshold.is_some()),
        "checks.fired" => d.checks.iter().any(|check| check.fired),
        "reason_codes" => d.reason_codes.iter().next().is_some(),
        "tags" => d.tags.iter().next().is_some(),
        "provider" => !d.provider.is_empty(),
        "model" => !d.model.is_empty(),
        "operation" => !d.operation.is_empty(),
        "input_tokens" => d.input_tokens.is_some(),
        "output_tokens" => d.output_tokens.is_some(),
        "duration_us" => d.duration_us.is_some(),
        "config" => d.config.is_some(),
        "policy" => d.policy.is_some(),
        "kept" => d.kept.iter().next().is_some(),
        "kept.encrypted" => d.encrypted().next().is_some(),
        "redactions" => d.redactions.iter().next().is_some(),
        "parents" => d.parents.iter().next().is_some(),
        "action.allow" => d.action == Action::Allow,
        "action.reject" => d.action == Action::Reject,
        "action.fail_retry" => d.action == Action::FailRetry,
        "action.cache_hit" => d.action == Action::CacheHit,
        "action.escalate" => d.action == Action::Escalate,
        "action.bypass" => d.action == Action::Bypass,
        "model.new" => seen.model_new,
        "config.new" => seen.config_new,
        "policy.new" => seen.policy_new,
    }
    TOOL_INTENT TOOL_INTENT_NAMES tool_intent(intent: ToolIntent<'_>, seen) {
        "occurred_at" => intent.occurred_at.is_some(),
        "call_id" => !intent.call_id.is_empty(),
        "arguments" => intent.arguments.is_some(),
        "parents" => intent.parents.iter().next().is_some(),
    }
    TOOL_OUTCOME TOOL_OUTCOME_NAMES tool_outcome(outcome: ToolOutcome<'_>, seen) {
        "occurred_at" => outcome.occurred_at.is_some(),
        "call_id" => !outcome.call_id.is_empty(),
        "intent" => outcome.intent.is_some(),
        "result" => outcome.result.is_some(),
        "duration_us" => outcome.duration_us.is_some(),
        "error" => !outcome.error.is_empty(),
        "parents" => outcome.parents.iter().next().is_some(),
        "intent.reviewed" => seen.intent_reviewed,
        "status.ok" => outcome.status == ToolStatus::Ok,
        "status.error" => outcome.status == ToolStatus::Error,
        "status.denied" => outcome.status == ToolStatus::Denied,
        "status.timed_out" => outcome.status == ToolStatus::TimedOut,
    }
    HUMAN_REVIEW HUMAN_REVIEW_NAMES human_review(signed: HumanReview<'_>, seen) {
        "parameters" => signed.review.parameters.is_some(),
        "reviewer" => !signed.review.reviewer.is_empty(),
        "comment" => !signed.review.comment.is_empty(),
        "verdict.approved" => signed.review.verdict == ReviewVerdict::Approved,
        "verdict.rejected" => signed.review.verdict == ReviewVerdict::Rejected,
        "verdict.noted" => signed.review.verdict == ReviewVerdict::Noted,
        "of.escalation" => seen.of_escalation,
        "of.tool_intent" => seen.of_tool_intent,
        "of.deletion" => seen.of_deletion,
        "second" => seen.second,
    }
    ATTESTATION ATTESTATION_NAMES attestation(signed: Attestation<'_>, seen) {
        "statement" => !signed.statement.statement.is_empty(),
    }
    INCIDENT INCIDENT_NAMES incident(incident: Incident<'_>, seen) {
        "occurred_at" => incident.occurred_at.is_some(),
        "aware_at" => incident.aware_at.is_some(),
        "category" => !incident.category.is_empty(),
        "authority" => !incident.authority.is_empty(),
        "reported_at" => incident.reported_at.is_some(),
        "receipts" => incident.receipts.iter().next().is_some(),
        "description" => incident.description.is_some(),
        "stage.opened" => incident.stage == IncidentStage::Opened,
        "stage.updated" => incident.stage == IncidentStage::Updated,
        "stage.reported" => incident.stage == IncidentStage::Reported,
        "stage.closed" => incident.stage == IncidentStage::Closed,
        "class.serious" => incident.class.is_serious(),
    }
    CONTRACT_ACTIVATION CONTRACT_ACTIVATION_NAMES activation(body: ContractActivation<'_>, seen) {
        "name" => !body.name.is_empty(),
        "description" => !body.description.is_empty(),
    }
    CONTRACT_STATE CONTRACT_STATE_NAMES contract_state(body: ContractState<'_>, seen) {
        "state" => body.state.is_some(),
        "violated" => body.verdict != ContractVerdict::Compliant,
    }
    PROVENANCE PROVENANCE_NAMES provenance(body: Provenance<'_>, seen) {
        "of" => body.of.is_some(),
        "sources" => body.size > 0,
        "trust.low" => body.size > 0 && body.lowest.hundredths() < LOW_TRUST,
    }
    TRACE_NODE TRACE_NODE_NAMES trace_node(node: TraceNode<'_>, seen) {
        "parents" => node.parents.iter().next().is_some(),
        "metadata" => node.metadata.iter().next().is_some(),
        "step.delegation" => node.step == TraceStep::Delegation,
        "step.hand_off" => node.step == TraceStep::HandOff,
    }
    START START_NAMES start(body: Start<'_>, seen) {
        "clean" => body.clean,
    }
    STOP STOP_NAMES stop(body: Stop<'_>, seen) {
        "reason" => !body.reason.is_empty(),
    }
    GAP GAP_NAMES gap(body: Gap<'_>, seen) {
        "reason" => !body.reason.is_empty(),
    }
    DELETION DELETION_NAMES deletion(body: Deletion<'_>, seen) {
        "reason" => !body.reason.is_empty(),
        "archive" => body.archive.is_some(),
    }
    ERASURE_REQUESTED ERASURE_NAMES erasure_requested(body: ErasureRequested<'_>, seen) {
        "reason" => !body.reason.is_empty(),
        "legal_basis" => !body.legal_basis.is_empty(),
        "requested_by" => !body.requested_by.is_empty(),
    }
    ANCHOR ANCHOR_NAMES anchor(body: Anchor<'_>, seen) {
        "cosigned" => is_cosigned(body),
        "timestamped" => !body.token.is_empty(),
    }
    ACCESS ACCESS_NAMES access(body: Access<'_>, seen) {
        "purpose" => !body.purpose.is_empty(),
    }
    GENESIS GENESIS_NAMES genesis(body: Genesis<'_>, seen) {
        "retention" => promises(&body.policy, RETENTION_POLICY),
        "retention.six_months" => promises_six_months(body),
        "redaction" => promises(&body.policy, REDACTION_POLICY),
    }
    POLICY POLICY_NAMES policy(body: PolicyChange<'_>, seen) {
        "redaction" => promises(&body.policy, REDACTION_POLICY),
    }
    IMPORTED IMPORTED_NAMES imported(body: Imported<'_>, seen) {
        "source" => matches!(body.record, ImportedRecord::Source(_)),
        "item" => matches!(body.record, ImportedRecord::Item(_)),
        "key" => is_proven(body),
    }
}

fn some_and_all<T>(items: impl Iterator<Item = T>, holds: impl Fn(T) -> bool) -> bool {
    let mut some = false;
    for item in items {
        if !holds(item) {
            return false;
        }
        some = true;
    }
    some
}

fn promises(policy: &List<'_, PolicyEntry<'_>>, name: &str) -> bool {
    let mut entries = policy.iter();
    entries.any(|entry| entry.name.as_str() == name && !entry.value.is_empty())
}

/// Whether what the genesis promises is never shorter than six calendar months.
fn promises_six_months(genesis: &Genesis<'_>) -> bool {
    let promised = Retention::promised(genesis).ok().flatten();
    promised.is_some_and(|retention| retention.as_days() >= LONGEST_SIX_MONTHS)
}

/// Whether others than the log signed the checkpoint. Whether one trusts them, the verdict says.
fn is_cosigned(anchor: &Anchor<'_>) -> bool {
    anchor.checkpoint().is_ok_and(|(note, checkpoint)| {
        let mut signatures = note.signatures().iter();
        signatures.any(|signature| signature.name() != checkpoint.origin.as_str())
    })
}

/// Whether the proof that an imported record brought was found to hold.
const fn is_proven(imported: &Imported<'_>) -> bool {
    match &imported.record {
        ImportedRecord::Item(item) => item.key.is_some(),
        ImportedRecord::Source(_) => false,
    }
}

/// What a receipt carries, as far as selectors ask.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    /// The kind of what it says.
    kind: Kind,
    bits: u64,
    /// What it carries as an `imported` receipt, where what it says is of another kind.
    import: Option<u64>,
    decision: Option<Decision<'a>>,
}

impl<'a> Facts<'a> {
    /// Of a verified receipt, which decodes, and of what it says.
    pub(crate) fn of(receipt: &UnverifiedReceipt<'a>, said: &Said<'a>, seen: &Seen) -> Self {
        let header = of_header(receipt.header());
        let mut decision = None;
        let own = match said.kind {
            Kind::DECISION => {
                decision = Decision::decode_said(said).ok();
                decision.as_ref().map(|body| self::decision(body, seen))
            }
            Kind::TOOL_INTENT => decoded(said, seen, tool_intent),
            Kind::TOOL_OUTCOME => decoded(said, seen, tool_outcome),
            Kind::HUMAN_REVIEW => decoded(said, seen, human_review),
            Kind::ATTESTATION => decoded(said, seen, attestation),
            Kind::INCIDENT => decoded(said, seen, incident),
            Kind::CONTRACT_ACTIVATION => decoded(said, seen, activation),
            Kind::CONTRACT_STATE => decoded(said, seen, contract_state),
            Kind::PROVENANCE => decoded(said, seen, provenance),
            Kind::TRACE_NODE => decoded(said, seen, trace_node),
            Kind::START => decoded(said, seen, start),
            Kind::STOP => decoded(said, seen, stop),
            Kind::GAP => decoded(said, seen, gap),
            Kind::DELETION => decoded(said, seen, deletion),
            Kind::ERASURE_REQUESTED => decoded(said, seen, erasure_requested),
            Kind::ANCHOR => decoded(said, seen, anchor),
            Kind::ACCESS => decoded(said, seen, access),
            Kind::GENESIS => decoded(said, seen, genesis),
            Kind::POLICY => decoded(said, seen, policy),
            Kind::IMPORTED => decoded(said, seen, imported),
            _ => None,
        };
        let import = || Imported::decode(receipt).ok();
        Self {
            kind: said.kind,
            bits: header | own.unwrap_or_default(),
            import: (said.imported.then(import).flatten())
                .map(|import| header | imported(&import, seen)),
            decision,
        }
    }

    /// The decision, where it is one.
    pub(crate) const fn decision(&self) -> Option<&Decision<'a>> {
        self.decision.as_ref()
    }
}

fn decoded<'a, T: DecodeBody<'a>>(
    said: &Said<'a>,
    seen: &Seen,
    table: fn(&T, &Seen) -> u64,
) -> Option<u64> {
    T::decode_said(said).ok().map(|body| table(&body, seen))
}

fn of_header(header: &Header<'_>) -> u64 {
    let there = [header.trace_id, header.session_id, header.actor_id];
    there.iter().enumerate().fold(0, |bits, (at, text)| {
        bits | (u64::from(!text.is_empty()) << at)
    })
}

/// A selector, ready to be matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Probe {
    /// For each kind what must be there to count, and what should be; none of them for any kind.
    kinds: Vec<KindProbe>,
    any: Option<(u64, Vec<u64>)>,
    tag: Option<String>,
    check: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct KindProbe {
    kind: Kind,
    when: u64,
    /// The bit of each field, in the selector's order.
    fields: Vec<u64>,
}

/// How a receipt stands to a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matched {
    /// It is none of those that the selector speaks of.
    Not,
    /// It is, and lacks the fields with these places in the selector's list.
    Lacks(u64),
    /// It carries all.
    All,
}

impl Probe {
    /// # Errors
    ///
    /// Names what no kind has, and what it has.
    pub(crate) fn new(selector: &Selector) -> Result<Self, String> {
        if selector.fields.len() > 64 {
            return Err("fields: expected at most 64".into());
        }
        let mut probe = Self {
            kinds: Vec::new(),
            any: None,
            tag: selector.tag.clone(),
            check: selector.check.clone(),
        };
        if selector.kind.is_empty() {
            return Err("kind: expected at least one".into());
        }
        let own_only = probe.tag.is_some() || probe.check.is_some();
        for name in &selector.kind {
            if name == "any" {
                if selector.kind.len() > 1 || own_only {
                    return Err("kind any: expected to stand alone, without tag and check".into());
                }
                probe.any = Some((
                    mask(&[], &selector.when, name)?,
                    bits(&[], &selector.fields, name)?,
                ));
                continue;
            }
            let kind = kind(name)?;
            if own_only && kind != Kind::DECISION {
                return Err("tag and check: expected kind decision alone".into());
            }
            probe.kinds.push(KindProbe {
                kind,
                when: mask(names(kind), &selector.when, name)?,
                fields: bits(names(kind), &selector.fields, name)?,
            });
        }
        Ok(probe)
    }

    /// Whether bytes of receipts that it speaks of may have been deleted.
    pub(crate) fn is_deletable(&self) -> bool {
        self.any.is_some() || self.kinds.iter().any(|probe| !probe.kind.is_control())
    }

    /// Whether it speaks of anchors, which anybody can write.
    pub(crate) fn is_of_anchors(&self) -> bool {
        self.kinds.iter().any(|probe| probe.kind == Kind::ANCHOR)
    }

    pub(crate) fn matched(&self, facts: &Facts<'_>) -> Matched {
        let of = |kind: Kind| self.kinds.iter().find(|probe| probe.kind == kind);
        let import = || Some((of(Kind::IMPORTED)?, facts.import?));
        let kind = of(facts.kind).map(|probe| (probe, facts.bits));
        let (when, fields, bits) = match (kind.or_else(import), &self.any) {
            (Some((kind, bits)), _) => (kind.when, &kind.fields, bits),
            (None, Some((when, fields))) => (*when, fields, facts.bits),
            (None, None) => return Matched::Not,
        };
        if bits & when != when || !self.fits(facts) {
            return Matched::Not;
        }
        let lacks = fields.iter().enumerate().fold(0, |lacks, (at, bit)| {
            lacks | (u64::from(bits & bit == 0) << at)
        });
        match lacks {
            0 => Matched::All,
            lacks => Matched::Lacks(lacks),
        }
    }

    fn fits(&self, facts: &Facts<'_>) -> bool {
        if self.tag.is_none() && self.check.is_none() {
            return true;
        }
        facts.decision().is_some_and(|decision| {
            let tagged = |tag: &String| decision.tags.iter().any(|found| found.as_str() == tag);
            let checked = |name: &String| {
                decision
                    .checks
                    .iter()
                    .any(|check| check.name.as_str() == name)
            };
            self.tag.as_ref().is_none_or(tagged) && self.check.as_ref().is_none_or(checked)
        })
    }
}

/// The kind of a name.
fn kind(name: &str) -> Result<Kind, String> {
    (0..=u16::MAX)
        .map(Kind::new)
        .find(|kind| kind.name() == Some(name))
        .ok_or_else(|| format!("there is no kind {name:?}: docs/spec/receipt.md lists them"))
}

fn mask(own: &[&str], wanted: &[String], kind: &str) -> Result<u64, String> {
    Ok(bits(own, wanted, kind)?
        .into_iter()
        .fold(0, |all, bit| all | bit))
}

fn bits(own: &[&str], wanted: &[String], kind: &str) -> Result<Vec<u64>, String> {
    let known = || HEADER.iter().chain(own);
    wanted
        .iter()
        .map(|name| {
            let at = known().position(|known| known == name);
            at.map(|at| 1 << at).ok_or_else(|| {
                let known: Vec<&str> = known().copied().collect();
                let known = known.join(", ");
                format!("kind {kind} has no field or state {name:?}: expected one of {known}")
            })
        })
        .collect()
}
