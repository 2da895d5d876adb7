//! Approvals that the log's own policy asks for, as the log has them now.

use crate::GateError;
use ai_audit_agentic::{
    ApprovalAudit, ApprovalRules, Standing, ToolOutcome, ToolStatus, TraceNode,
};
use ai_audit_core::{DecodeBody as _, Kind, LeafHash, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_intake::{FORWARDED, Intake};
use ai_audit_store::{LogName, StoredContent};
use std::collections::{BTreeMap, BTreeSet};

/// The most intents of one tool that wait for approvals. Beyond it a new call of that tool is refused without
/// an intent, so that nobody fills what is followed with calls that no reviewer asked for.
pub(crate) const MAX_WAITING: usize = 256;

/// Follows the log, read as far as it was when a tool with a rule was last asked for.
#[derive(Debug)]
pub(crate) struct Approvals {
    audit: ApprovalAudit,
    /// The first receipt that was not read.
    next: u64,
    /// Intents that went out: by this process, or by one before it.
    used: BTreeSet<LeafHash>,
    /// Intents with an outcome that says that they were denied: once is enough.
    denied: BTreeSet<LeafHash>,
    /// Hashes of the canonical arguments of intents that this process met.
    met: BTreeMap<LeafHash, Option<LeafHash>>,
}

/// What a call is asked to run on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) tool: &'a str,
    /// As they came.
    pub(crate) arguments: Option<&'a str>,
    /// The same in canonical form.
    pub(crate) canonical: Option<&'a str>,
}

impl Wanted<'_> {
    /// The hash by which arguments are known; none where they have no canonical form.
    fn known(&self) -> Option<Option<LeafHash>> {
        let hash = self.canonical.map(|text| LeafHash::of(text.as_bytes()));
        (self.arguments.is_some() == hash.is_some()).then_some(hash)
    }
}

/// A call of a tool with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The intent that waits for it.
    pub(crate) intent: LeafHash,
    /// Whether it may go out.
    pub(crate) standing: Standing,
}

impl Approvals {
    pub(crate) fn new() -> Self {
        Self {
            audit: ApprovalAudit::new(ApprovalRules::new()),
            next: 0,
            used: BTreeSet::new(),
            denied: BTreeSet::new(),
            met: BTreeMap::new(),
        }
    }

    /// Reads what the log has more than before.
    pub(crate) fn catch_up(
        &mut self,
        directory: &LogDirectory,
        log: &LogName,
    ) -> Result<(), GateError> {
        let size = directory.head(log)?.size();
        while self.next < size {
            match directory.stored(log, self.next)? {
                StoredContent::Deleted(_) => self.audit.push_deleted(),
                StoredContent::Sealed(sealed) => {
                    let receipt = UnverifiedReceipt::parse(&sealed).map_err(|error| {
                        GateError::Log(format!("log {log}, receipt {}: {error}", self.next))
                    })?;
                    self.take(&receipt)?;
                }
            }
            self.next += 1;
        }
        Ok(())
    }

    fn take(&mut self, receipt: &UnverifiedReceipt<'_>) -> Result<(), GateError> {
        // What a log breaks of its rules is for its verifier; a policy that is none forbids everything.
        if let Err(error @ ai_audit_agentic::ApprovalError::Rules(_)) = self.audit.push(receipt) {
            return Err(GateError::Log(error.to_string()));
        }
        if receipt.header().kind == Kind::TOOL_OUTCOME
            && let Ok(outcome) = ToolOutcome::decode(receipt)
            && let Some(intent) = outcome.intent
            && self.audit.needs(&outcome.tool)
        {
            match outcome.status {
                ToolStatus::Denied => drop(self.denied.insert(intent)),
                _ => {
                    // It ran, and is not waiting any more.
                    self.denied.remove(&intent);
                    self.met.remove(&intent);
                }
            }
        }
        if receipt.header().kind == Kind::TRACE_NODE
            && let Ok(node) = TraceNode::decode(receipt)
            && node.name == *FORWARDED
        {
            self.used.extend(node.parents.iter().copied());
        }
        Ok(())
    }

    /// Whether a tool has a rule.
    pub(crate) fn needs(&self, tool: &str) -> bool {
        self.audit.needs(tool)
    }

    /// The intent that waits for this call, if one does: one that may go out before others.
    pub(crate) fn waiting(
        &mut self,
        intake: &Intake,
        log: &LogName,
        wanted: Wanted<'_>,
    ) -> Result<Option<Asked>, GateError> {
        let mut best: Option<Asked> = None;
        let known = wanted.known();
        for waiting in self.audit.waiting(wanted.tool) {
            if self.used.contains(&waiting.hash) {
                continue;
            }
            let same = match (known, self.met.get(&waiting.hash)) {
                (Some(known), Some(met)) => known == *met,
                _ => {
                    let held = waiting.arguments.as_ref();
                    let same = intake.is_of_arguments(log, &waiting.id, held, wanted.arguments)?;
                    if let (true, Some(known)) = (same, known) {
                        self.met.insert(waiting.hash, known);
                    }
                    same
                }
            };
            if !same {
                continue;
            }
            let approved = waiting.standing == Standing::Approved;
            if best.is_none() || approved {
                best = Some(Asked {
                    intent: waiting.hash,
                    standing: waiting.standing,
                });
            }
        }
        Ok(best)
    }

    /// Whether as many calls of a tool wait as may.
    pub(crate) fn is_full(&self, tool: &str) -> bool {
        let waiting = self.audit.waiting(tool);
        let unused = waiting.filter(|waiting| !self.used.contains(&waiting.hash));
        unused.count() >= MAX_WAITING
    }

    /// Knows an intent that was made for a call.
    pub(crate) fn met(&mut self, intent: LeafHash, wanted: Wanted<'_>) {
        if let Some(known) = wanted.known() {
            self.met.insert(intent, known);
        }
    }

    /// Whether the log says already that an intent was denied.
    pub(crate) fn is_denied(&self, intent: &LeafHash) -> bool {
        self.denied.contains(intent)
    }

    /// What stands of one intent.
    pub(crate) fn of(&self, tool: &str, intent: &LeafHash) -> Option<Standing> {
        let mut waiting = self.audit.waiting(tool);
        waiting
            .find(|waiting| waiting.hash == *intent)
            .map(|waiting| waiting.standing)
    }

    /// Takes an intent for a call that goes out: for this one alone.
    pub(crate) fn take_up(&mut self, intent: LeafHash) {
        self.used.insert(intent);
    }
}
