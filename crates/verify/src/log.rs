//! Verifying a log from its first receipt to its last, fed one receipt at a time.

use crate::approvals::OwnRules;
use crate::checkpoints::{self, Checkpoints};
use crate::contracts::Contracts;
use crate::erasure::{ErasureLine, KeyStore, Seen};
use crate::forward::ForwardSecurity;
use crate::imports::Imports;
use crate::incidents::Incidents;
use crate::report::{self, OpenToolIntent, deleted_remark};
use crate::time::Times;
use crate::verified::VerifiedReceipt;
use crate::walk::{Seal, Walk};
use crate::{PolicyError, Report, TrustPolicy, bodies};
use ai_audit_agentic::{ApprovalAudit, OpenIntents};
use ai_audit_core::{
    Chain, ChainError, GoodSignature, Head, Kind, LeafHash, LogId, NodeHash, Status,
    UnverifiedReceipt, Verdict,
};
use ai_audit_epochs::EpochAudit;
use ai_audit_merkle::Frontier;
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_shredding::SubjectKeys;
use ai_audit_timestamp::TimestampToken;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Verifies receipts in the order of the log, in memory that does not grow with their number
/// (but with that of open tool intents, incidents, epochs, checkpoints, erasures and subjects).
#[derive(Debug)]
pub struct LogVerifier<'p> {
    policy: &'p TrustPolicy,
    walk: Walk<'p>,
    forward: ForwardSecurity,
    /// `None` before the first receipt and once the chain is broken.
    chain: Option<Chain>,
    frontier: Frontier,
    checkpoints: Checkpoints,
    intents: OpenIntents,
    approvals: ApprovalAudit,
    rules: OwnRules,
    time: Times<'p>,
    epochs: EpochAudit,
    /// The `seq` of the first receipt.
    first: Option<u64>,
    log_id: Option<LogId>,
    receipts: u64,
    broken: Option<Status>,
    erasures: ErasureLine<'p>,
    contracts: Contracts,
    imports: Imports<'p>,
    incidents: Incidents,
    remarks: Vec<String>,
}

impl<'p> LogVerifier<'p> {
    /// A verifier that expects the first receipt.
    #[must_use]
    pub fn new(policy: &'p TrustPolicy) -> Self {
        let mut checkpoints = Checkpoints::default();
        let mut time = Times::new(policy);
        for (note, checkpoint) in policy.checkpoints() {
            time.expect(checkpoint.size.as_u64());
            checkpoints.add(note.clone(), checkpoint.clone(), true);
        }
        Self {
            policy,
            walk: Walk::new(policy),
            forward: ForwardSecurity::default(),
            chain: None,
            frontier: Frontier::new(),
            checkpoints,
            intents: OpenIntents::new(),
            approvals: ApprovalAudit::new(policy.approval_rules().clone()),
            rules: OwnRules::default(),
            time,
            epochs: EpochAudit::new(),
            first: None,
            log_id: None,
            receipts: 0,
            broken: None,
            erasures: ErasureLine::new(policy),
            contracts: Contracts::default(),
            imports: Imports::new(policy),
            incidents: Incidents::default(),
            remarks: Vec::new(),
        }
    }

    /// Also holds the receipts against a checkpoint that came with the evidence. It can show that
    /// something is wrong; it makes nothing complete.
    ///
    /// To be given before as many receipts were pushed as it says: all of them at once, or each
    /// just before its last receipt, which keeps none in memory.
    ///
    /// # Errors
    ///
    /// When the bytes are no checkpoint.
    pub fn evidence_checkpoint(&mut self, note: &[u8]) -> Result<(), PolicyError> {
        let note = SignedNote::parse(note).map_err(PolicyError::Note)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(PolicyError::Checkpoint)?;
        let size = checkpoint.size.as_u64();
        // The time of the newest receipt is at hand anyway.
        if size > self.receipts.saturating_add(1) {
            self.time.expect(size);
        }
        // Where the tree does not grow any more nothing meets it; integrity has failed already.
        if self.first.is_none() || self.grows() {
            self.checkpoints.add(note, checkpoint, false);
        }
        Ok(())
    }

    /// Also takes an RFC 3161 token over one of the checkpoints. It bounds times where the policy
    /// trusts its authority.
    pub fn evidence_timestamp(&mut self, token: TimestampToken) {
        self.time.token(token);
    }

    /// Also looks for the keys that the log says are destroyed among these, the log's own as they are
    /// kept now. Without, an erasure is never verified. To be given before the first receipt.
    pub fn subject_keys(&mut self, keys: &'p dyn SubjectKeys) {
        self.erasures.ask(KeyStore::AtHand(keys));
    }

    /// Says that the log's subject keys are there and cannot be opened, and why: erasures stay
    /// unverified for this reason.
    pub fn unreadable_subject_keys(&mut self, reason: impl Into<String>) {
        self.erasures.ask(KeyStore::Unreadable(reason.into()));
    }

    /// [`LogVerifier::push`] of a receipt whose signature was perhaps verified before: where it was, under
    /// the key that is valid here, that is not done again.
    pub fn push_known<'a>(
        &mut self,
        sealed: &'a [u8],
        good: Option<&'a GoodSignature>,
    ) -> Option<VerifiedReceipt<'a>> {
        let place = self.next_seq();
        self.receipts += 1;
        let receipt = match UnverifiedReceipt::parse(sealed) {
            Ok(receipt) => receipt.known(good),
            Err(error) => {
                self.break_at(place, error.to_string());
                self.walk.unread(format!("receipt {place} cannot be read"));
                return None;
            }
        };
        let seq = receipt.header().seq;
        self.log_id.get_or_insert_with(|| bodies::log_of(&receipt));
        // These name the root of what is before them.
        let kind = receipt.header().kind;
        let names = matches!(kind, Kind::EPOCH_SEAL | Kind::BATCH_SEAL | Kind::ANCHOR);
        let before = (names && self.grows()).then(|| self.frontier.root());
        self.follow(&receipt, place);
        let seal = self.walk.see(&receipt, before);
        self.forward.see(&receipt);
        if seal == Seal::Bad {
            self.break_at(
                seq,
                "payload or signature: these are not the bytes that were signed".into(),
            );
        }
        if let Err(error) = bodies::check(&receipt) {
            self.break_at(
                seq,
                format!("body of kind {}: {error}", receipt.header().kind),
            );
        }
        if !bodies::is_signed(&receipt) {
            self.break_at(seq, bodies::NOT_SIGNED.into());
        }
        self.erasures.see(&receipt, self.grows());
        if let Err(reason) = self.contracts.see(&receipt, self.grows()) {
            self.break_at(seq, reason);
        }
        if self.first != Some(0) {
            self.imports.part();
        }
        self.rules.see(&receipt);
        if let Err(reason) = self.imports.see(&receipt) {
            self.break_at(seq, reason);
        }
        self.account(&receipt, before);
        self.bound(&receipt, before);
        self.settle();
        if self.broken.is_some() {
            return None;
        }
        self.incidents.see(&receipt);
        if let Err(error) = self.intents.push(&receipt) {
            self.break_at(seq, error.to_string());
            return None;
        }
        (seal == Seal::Good && self.walk.trusted()).then(|| VerifiedReceipt::new(receipt))
    }

    /// Takes the hash of the next receipt, whose bytes were deleted. A deletion receipt has to
    /// account for it, which may come any time later.
    pub fn push_deleted(&mut self, hash: LeafHash) {
        let place = self.next_seq();
        self.imports.part();
        self.receipts += 1;
        match &mut self.chain {
            Some(chain) => {
                // Only the first receipt has to be there, and it was.
                let _ = chain.push_deleted(hash);
            }
            None if self.first.is_none() => {
                self.first = Some(0);
                self.break_at(
                    0,
                    "the bytes of the genesis are deleted: it is never deleted, and nothing can be verified without it".into(),
                );
                return;
            }
            None => return,
        }
        if self.first != Some(0) {
            self.break_at(
                place,
                "its bytes are deleted, and without the log's beginning no seal vouches for its hash"
                    .into(),
            );
            return;
        }
        self.epochs.push_deleted(hash);
        self.approvals.push_deleted();
        self.walk.deleted(place);
        self.grow(hash);
        self.settle();
    }

    /// Fails integrity for a reason found outside the receipts, such as a broken container.
    pub fn fail_integrity(&mut self, reason: impl Into<String>) {
        if self.broken.is_none() {
            self.broken = Some(Status::failed(reason.into()));
        }
    }

    /// Fails integrity since the receipts cannot be read to their end: who signed those that were
    /// not pushed cannot be told.
    pub fn cut_off(&mut self, reason: impl Into<String>) {
        self.walk
            .unread("the receipts cannot be read to their end".into());
        match self.receipts {
            // Perhaps it is no file of receipts at all.
            0 => self.fail_integrity(reason),
            _ => self.break_at(self.next_seq(), reason.into()),
        }
    }

    /// Adds a remark to the report.
    pub fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    /// The head so far, where the chain holds.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.chain.as_ref().map(Chain::head)
    }

    /// The log's origin as the genesis gives it, once it was read.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.walk.facts().map(|facts| facts.origin.as_str())
    }

    /// The log's key line as the genesis gives it, once it was read. Not to be trusted by itself.
    #[must_use]
    pub fn key_line(&self) -> Option<&ai_audit_note::VKey> {
        self.walk.facts().map(|facts| &facts.line)
    }

    /// The report on all receipts that were pushed.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.checkpoints
            .reach(self.frontier.size().as_u64(), || self.frontier.root());
        let from_genesis = self.first == Some(0);
        let mut deleted = Vec::new();
        if from_genesis && self.broken.is_none() {
            match self.epochs.finish() {
                Ok(epochs) => deleted = epochs,
                Err((seq, error)) => self.break_at(seq, error.to_string()),
            }
        }
        let held = (from_genesis && self.broken.is_none()).then_some(self.receipts);
        let outcome = match self.walk.facts() {
            Some(facts) => {
                let (policy, time) = (self.policy, &mut self.time);
                self.checkpoints.finish(policy, facts, held, time)
            }
            None => checkpoints::Outcome::default(),
        };
        if let Some(reason) = &outcome.contradiction
            && self.broken.is_none()
        {
            self.broken = Some(Status::failed(reason.clone()));
        }
        let integrity = match (&self.broken, self.receipts) {
            (Some(broken), _) => broken.clone(),
            (None, 0) => Status::failed("there is no receipt"),
            (None, _) => Status::Verified,
        };
        let brought = self.checkpoints.brought_any();
        let (completeness, complete_to) = match self.first {
            None if self.broken.is_some() => (
                Status::unverified("integrity failed, so completeness cannot be told"),
                None,
            ),
            None => (Status::failed("there is no receipt"), None),
            Some(first) if first > 0 => {
                let missing = match first {
                    1 => "receipt 0 is missing".to_string(),
                    _ => format!("receipts 0 to {} are missing", first - 1),
                };
                (
                    Status::failed_at(
                        first,
                        format!("the first receipt has seq {first}: {missing}"),
                    ),
                    None,
                )
            }
            Some(_) if !integrity.is_verified() => {
                match checkpoints::completeness(&outcome, brought, self.policy, self.receipts).0 {
                    failed @ Status::Failed { .. } => (failed, None),
                    _ => (
                        Status::unverified("integrity failed, so completeness cannot be told"),
                        None,
                    ),
                }
            }
            Some(_) => checkpoints::completeness(&outcome, brought, self.policy, self.receipts),
        };
        let attribution = match self.receipts {
            0 => Status::unverified("there is no receipt"),
            _ => {
                let bounds = self.time.bounds();
                let before = |time| bounds.size_before(time);
                self.walk.finish(outcome.anchored, before)
            }
        };
        let held = held.filter(|_| integrity.is_verified());
        let time = self.time.finish(held);
        let erasure = self.erasures.finish(&Seen {
            whole: from_genesis,
            sound: integrity.is_verified(),
            deleted: !deleted.is_empty(),
            log: self.log_id,
        });
        let mut remarks = self.remarks;
        remarks.extend(time.remarks);
        remarks.extend(self.walk.remark().map(String::from));
        remarks.extend(self.forward.remark());
        remarks.extend(deleted_remark(&deleted));
        remarks.extend(report::not_followed(&self.intents));
        remarks.extend(match from_genesis {
            true => self.approvals.remark(),
            false => self.rules.of_part(self.policy),
        });
        remarks.extend(erasure.remarks);
        remarks.extend(self.contracts.remarks());
        remarks.extend(self.imports.remarks());
        remarks.extend(self.incidents.remarks());
        if outcome.foreign > 0 && !self.policy.is_of_several_logs() {
            let count = outcome.foreign;
            remarks.push(format!(
                "{count} of the checkpoints that you brought are of other logs"
            ));
        }
        Report {
            verdict: Verdict {
                integrity,
                attribution,
                completeness,
                time: time.status,
                erasure: erasure.status,
            },
            receipts: self.receipts,
            deleted,
            open_tool_intents: OpenToolIntent::all(&self.intents),
            origin: self.walk.facts().map(|facts| facts.origin.clone()),
            log_id: self.log_id,
            complete_to,
            witnesses: outcome
                .witnessed
                .map_or_else(Vec::new, |one| one.findings()),
            time_bounds: time.bounds.iter().cloned().collect(),
            remarks,
            disclosed: Vec::new(),
            of_unknown_subject: erasure.of_unknown,
        }
    }

    /// The place of the next receipt.
    pub(crate) fn next_seq(&self) -> u64 {
        match &self.chain {
            Some(chain) => chain.head().size(),
            // The first may be any number that fits: nothing was held against anything yet.
            None => self.first.unwrap_or(0).saturating_add(self.receipts),
        }
    }

    /// Lets go of the evidence's checkpoints that the tree met.
    fn settle(&mut self) {
        if let Some(facts) = self.walk.facts() {
            self.checkpoints.settle(self.policy, facts, &mut self.time);
        }
    }

    /// Whether further receipts still make the tree grow.
    const fn grows(&self) -> bool {
        self.chain.is_some() && matches!(self.first, Some(0))
    }

    /// Chain and tree.
    fn follow(&mut self, receipt: &UnverifiedReceipt<'_>, place: u64) {
        let header = receipt.header();
        let first = self.first.is_none();
        if first {
            self.first = Some(header.seq);
            self.checkpoints.reach(0, || self.frontier.root());
            // A log that starts later than with its genesis is complete in itself, not complete.
            self.chain = Some(if header.seq == 0 {
                Chain::new()
            } else {
                Chain::resume(Head::from_parts(
                    header.log_id,
                    header.seq,
                    header.prev,
                    header.sealed_at,
                ))
            });
        }
        let Some(chain) = &mut self.chain else {
            return;
        };
        if let Err(error) = chain.push(receipt) {
            self.chain = None;
            let at = match error {
                ChainError::Missing { expected, .. } => expected,
                _ if self.receipts == 1 => header.seq,
                _ => place,
            };
            self.break_at(at, error.to_string());
            return;
        }
        if self.first == Some(0) {
            self.grow(receipt.hash());
        }
    }

    /// The tree, and the checkpoints that it reaches.
    fn grow(&mut self, leaf: LeafHash) {
        // 2^64 receipts cannot have been pushed: the chain counts them too.
        let _ = self.frontier.push(leaf);
        self.checkpoints
            .reach(self.frontier.size().as_u64(), || self.frontier.root());
    }

    /// Seals and deletions, where the log is there from its beginning.
    fn account(&mut self, receipt: &UnverifiedReceipt<'_>, before: Option<NodeHash>) {
        if self.broken.is_some() || self.first != Some(0) {
            return;
        }
        let root = || before.unwrap_or(NodeHash::EMPTY);
        if let Err(error) = self.epochs.push(receipt, root) {
            self.break_at(receipt.header().seq, error.to_string());
        }
        if let Err(error) = self.approvals.push(receipt) {
            self.break_at(receipt.header().seq, error.to_string());
        }
    }

    /// Anchors, and the times that they bound, where the log is there from its beginning.
    fn bound(&mut self, receipt: &UnverifiedReceipt<'_>, before: Option<NodeHash>) {
        let (Some(facts), None, Some(0)) = (self.walk.facts(), &self.broken, self.first) else {
            return;
        };
        let header = receipt.header();
        if header.kind == Kind::ANCHOR
            && let Err(reason) = self.time.anchor(facts, receipt, before)
        {
            self.break_at(header.seq, reason);
            return;
        }
        self.time.see(header.seq, header.sealed_at);
    }

    fn break_at(&mut self, seq: u64, reason: String) {
        if self.broken.is_none() {
            self.broken = Some(Status::failed_at(seq, reason));
        }
    }
}
