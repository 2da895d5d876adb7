//! Verifying a selection of a log's receipts, each by its inclusion in a checkpoint.

mod brought;
mod place;

use crate::approvals::OwnRules;
use crate::contracts::Contracts;
use crate::erasure::{ErasureLine, Seen};
use crate::imports::Imports;
use crate::incidents::Incidents;
use crate::quorum::Judgement;
use crate::report::{self, OpenToolIntent, complete_remark};
use crate::time::{Times, judge};
use crate::verified::VerifiedReceipt;
use crate::walk::{Facts, Seal, Walk};
use crate::{PolicyError, Report, TrustPolicy, bodies};
use ai_audit_agentic::OpenIntents;
use ai_audit_core::{
    GoodSignature, Kind, LeafHash, LogId, NodeHash, Status, Timestamp, UnverifiedReceipt, Verdict,
};
use ai_audit_epochs::SelectedEpochs;
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_timestamp::TimestampToken;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::RangeInclusive;

/// Verifies receipts that were selected from a log, in ascending `seq`, the genesis first.
///
/// Each is held against a checkpoint that came with it. What was left out cannot be seen, so
/// completeness is never verified here.
#[derive(Debug)]
pub struct SelectionVerifier<'p> {
    policy: &'p TrustPolicy,
    walk: Walk<'p>,
    note: SignedNote,
    checkpoint: Checkpoint,
    /// Whether the checkpoint is the log's own, once the genesis was seen.
    signed: Option<bool>,
    last: Option<Last>,
    log_id: Option<LogId>,
    receipts: u64,
    broken: Option<Status>,
    intents: OpenIntents,
    rules: OwnRules,
    /// Whether a tool outcome is among the receipts: nothing else breaks a rule for approvals.
    outcome: bool,
    time: Times<'p>,
    epochs: SelectedEpochs,
    erasures: ErasureLine<'p>,
    contracts: Contracts,
    imports: Imports<'p>,
    incidents: Incidents,
    single: bool,
    /// What the selection claims to have without gaps.
    span: Option<RangeInclusive<u64>>,
    remarks: Vec<String>,
}

#[derive(Debug)]
struct Last {
    seq: u64,
    hash: LeafHash,
    sealed_at: Timestamp,
}

impl<'p> SelectionVerifier<'p> {
    /// A verifier that holds receipts against this checkpoint, whose signature is verified once
    /// the genesis was pushed.
    #[must_use]
    pub fn new(policy: &'p TrustPolicy, note: SignedNote, checkpoint: Checkpoint) -> Self {
        let mut imports = Imports::new(policy);
        imports.part();
        let mut time = Times::new(policy);
        time.part();
        Self {
            policy,
            walk: Walk::new(policy),
            note,
            checkpoint,
            signed: None,
            last: None,
            log_id: None,
            receipts: 0,
            broken: None,
            intents: OpenIntents::new(),
            rules: OwnRules::default(),
            outcome: false,
            time,
            epochs: SelectedEpochs::new(),
            erasures: ErasureLine::new(policy),
            contracts: Contracts::default(),
            imports,
            incidents: Incidents::default(),
            single: false,
            span: None,
            remarks: Vec::new(),
        }
    }

    /// For the proof of one receipt, of which nobody asks whether it is complete.
    pub(crate) fn single(self) -> Self {
        Self {
            single: true,
            ..self
        }
    }

    /// [`SelectionVerifier::push`] of a receipt whose signature was perhaps verified before: where it
    /// was, under the key that is valid here, that is not done again.
    pub fn push_known<'a>(
        &mut self,
        sealed: &'a [u8],
        path: Vec<NodeHash>,
        good: Option<&'a GoodSignature>,
    ) -> Option<VerifiedReceipt<'a>> {
        self.receipts += 1;
        let receipt = match UnverifiedReceipt::parse(sealed) {
            Ok(receipt) => receipt.known(good),
            Err(error) => {
                let after = match &self.last {
                    Some(last) => format!("the receipt after seq {}", last.seq),
                    None => "the first receipt".to_string(),
                };
                self.fail_unread(format!("{after}: {error}"));
                self.walk.unread(format!("{after} cannot be read"));
                return None;
            }
        };
        let header = receipt.header();
        let seq = header.seq;
        let before = match self.place(&receipt, path) {
            Ok(before) => before,
            Err(reason) => {
                self.break_at(seq, reason);
                None
            }
        };
        let seal = self.walk.see(&receipt, before);
        self.open();
        if seal == Seal::Bad {
            self.break_at(
                seq,
                "payload or signature: these are not the bytes that were signed".into(),
            );
        }
        if let Err(error) = bodies::check(&receipt) {
            self.break_at(seq, format!("body of kind {}: {error}", header.kind));
        }
        if !bodies::is_signed(&receipt) {
            self.break_at(seq, bodies::NOT_SIGNED.into());
        }
        self.rules.see(&receipt);
        self.outcome |= header.kind == Kind::TOOL_OUTCOME;
        self.erasures.see(&receipt, false);
        if let Err(reason) = self.contracts.see(&receipt, false) {
            self.break_at(seq, reason);
        }
        if let Err(reason) = self.imports.see(&receipt) {
            self.break_at(seq, reason);
        }
        // A single receipt stands without the others about the log.
        if !self.single
            && self.broken.is_none()
            && let Err(error) = self.epochs.push(&receipt)
        {
            self.break_at(seq, error.to_string());
        }
        self.last = Some(Last {
            seq,
            hash: receipt.hash(),
            sealed_at: header.sealed_at,
        });
        self.bound(&receipt);
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

    /// Also takes an RFC 3161 token over the checkpoint. It bounds times where the policy trusts its
    /// authority.
    pub fn evidence_timestamp(&mut self, token: TimestampToken) {
        self.time.token(token);
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
        self.fail_unread(reason);
    }

    /// Says that the selection claims to have all receipts of this range, so that one that cannot be
    /// read has a number. Whether it has them all is for others to check.
    pub fn spans(&mut self, range: RangeInclusive<u64>) {
        self.span = Some(range);
    }

    /// The smallest place that the next receipt can have.
    pub(crate) fn next_seq(&self) -> u64 {
        self.last
            .as_ref()
            .map_or(0, |last| last.seq.saturating_add(1))
    }

    /// Fails integrity at the receipt behind the last one, where it is known which that is.
    fn fail_unread(&mut self, reason: impl Into<String>) {
        let last = self.last.as_ref().map(|last| last.seq);
        let receipt = last.filter(|last| {
            let span = self.span.as_ref();
            span.is_some_and(|span| span.contains(last) && last < span.end())
        });
        let (reason, receipt) = (reason.into().into(), receipt.map(|last| last + 1));
        self.broken
            .get_or_insert(Status::Failed { reason, receipt });
    }

    /// Looks at another checkpoint that came with the evidence. It has to be the log's own, and to
    /// contradict neither the evidence's checkpoint nor one that the verifier brought. To be given
    /// after the genesis: without one nothing is verified anyway.
    ///
    /// # Errors
    ///
    /// When the bytes are no checkpoint.
    pub fn evidence_checkpoint(&mut self, note: &[u8]) -> Result<(), PolicyError> {
        let note = SignedNote::parse(note).map_err(PolicyError::Note)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(PolicyError::Checkpoint)?;
        let Some(facts) = self.walk.facts() else {
            return Ok(());
        };
        let (size, root) = (checkpoint.size, checkpoint.root);
        if checkpoint.origin != facts.origin {
            let reason = format!(
                "another checkpoint in the evidence, of size {size}, is of another log, {}",
                checkpoint.origin
            );
            self.fail_integrity(reason);
            return Ok(());
        }
        if let Err(error) = note.verify(&facts.line) {
            self.fail_integrity(format!(
                "another checkpoint in the evidence, of size {size}, is not signed by the log's \
                 checkpoint key: {error}"
            ));
            return Ok(());
        }
        let brought = self
            .policy
            .checkpoints()
            .iter()
            // One that somebody else signed is a failure of its own.
            .filter(|(note, other)| {
                other.origin == facts.origin && note.verify(&facts.line).is_ok()
            });
        let others = brought
            .map(|(_, other)| other)
            .chain(core::iter::once(&self.checkpoint));
        for other in others {
            if other.size == size && other.root != root {
                self.fail_integrity(brought::two_histories(size.as_u64()));
                break;
            }
        }
        Ok(())
    }

    /// Adds a remark to the report.
    pub fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    /// The log's key line as the genesis gives it, once it was read. Not to be trusted by itself.
    #[must_use]
    pub fn key_line(&self) -> Option<&ai_audit_note::VKey> {
        self.walk.facts().map(|facts| &facts.line)
    }

    /// The report on all receipts that were pushed.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let signed = self.signed.unwrap_or(false);
        if self.signed.is_none() {
            self.fail_integrity("the genesis is not there, so the checkpoint's key is unknown");
        }
        let (link, remark) = match self.walk.facts().cloned() {
            Some(facts) if signed => self.compare(&facts),
            _ => (None, None),
        };
        self.remarks.extend(remark);
        let witnessed = match self.walk.facts() {
            Some(facts) if signed => {
                let size = self.checkpoint.size.as_u64();
                Judgement::of(self.policy, &self.note, size, &facts.own)
            }
            _ => None,
        };
        let quorum = self
            .policy
            .quorum()
            .is_some_and(|policy| policy.quorum().is_some());
        let integrity = match (&self.broken, self.receipts) {
            (Some(broken), _) => broken.clone(),
            (None, 0) => Status::failed("there is no receipt"),
            (None, _) => Status::Verified,
        };
        let completeness = match link {
            Some(status) => status,
            // Who asks for a quorum does not take a receipt's place in a log that nobody else saw.
            None if self.single && quorum => match &witnessed {
                Some(judgement) if judgement.satisfied() => Status::NotApplicable,
                Some(judgement) => Status::unverified(judgement.describe()),
                None => {
                    Status::unverified("there is no checkpoint that the quorum could have cosigned")
                }
            },
            None if self.single => Status::NotApplicable,
            None => Status::unverified(
                "this is a selection: nothing tells whether receipts that belong to it were left out",
            ),
        };
        let held = signed && self.broken.is_none();
        if held {
            self.checkpoint_times(witnessed.as_ref());
        }
        let attribution = match self.receipts {
            0 => Status::unverified("there is no receipt"),
            _ => {
                let bounds = self.time.bounds();
                self.walk.finish(held, |time| bounds.size_before(time))
            }
        };
        let end = self.last.as_ref().map(|last| last.seq.saturating_add(1));
        let time = self.time.finish(end.filter(|_| held));
        let mut remarks = self.remarks;
        remarks.extend(time.remarks);
        remarks.extend(self.walk.remark().map(String::from));
        if let Some(judgement) = witnessed.as_ref().filter(|_| quorum && !self.single) {
            remarks.push(judgement.describe());
        }
        if self.broken.is_none() {
            remarks.extend(complete_remark(self.epochs.complete()));
        }
        remarks.extend(report::not_followed(&self.intents));
        // A single receipt of another kind needs no approvals.
        if !self.single || self.outcome {
            remarks.extend(self.rules.of_part(self.policy));
        }
        let erasure = match self.single {
            true => self.erasures.of_one(),
            false => self.erasures.finish(&Seen {
                whole: false,
                sound: integrity.is_verified(),
                deleted: false,
                log: self.log_id,
            }),
        };
        remarks.extend(erasure.remarks);
        remarks.extend(self.contracts.remarks());
        // Of a single receipt nobody can say that others are missing.
        if !self.single {
            remarks.extend(self.imports.remarks());
            remarks.extend(self.incidents.remarks());
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
            deleted: Vec::new(),
            // Of a single receipt nobody can say that its outcome is missing.
            open_tool_intents: if self.single {
                Vec::new()
            } else {
                OpenToolIntent::all(&self.intents)
            },
            origin: self.walk.facts().map(|facts| facts.origin.clone()),
            log_id: self.log_id,
            complete_to: None,
            witnesses: witnessed.map_or_else(Vec::new, |one| one.findings()),
            time_bounds: time.bounds.iter().cloned().collect(),
            remarks,
            disclosed: Vec::new(),
            of_unknown_subject: erasure.of_unknown,
        }
    }

    /// Once the genesis was seen: is the checkpoint, which everything is held against, the log's?
    /// Nothing is verified before that is known.
    fn open(&mut self) {
        if self.signed.is_none()
            && let Some(facts) = self.walk.facts().cloned()
        {
            self.signed = Some(self.check_note(&facts));
        }
    }

    /// Whether the checkpoint is the log's own.
    fn check_note(&mut self, facts: &Facts) -> bool {
        if self.checkpoint.origin != facts.origin {
            let reason = format!(
                "the checkpoint is of another log, {}",
                self.checkpoint.origin
            );
            self.fail_integrity(reason);
            return false;
        }
        if let Err(error) = self.note.verify(&facts.line) {
            self.fail_integrity(format!(
                "the checkpoint is not signed by the log's checkpoint key: {error}"
            ));
            return false;
        }
        true
    }

    /// Anchors, and the times that they bound. Without the tree an anchor's path says nothing here,
    /// so it bounds what stands behind it only.
    fn bound(&mut self, receipt: &UnverifiedReceipt<'_>) {
        let (Some(facts), None) = (self.walk.facts(), &self.broken) else {
            return;
        };
        let header = receipt.header();
        if header.kind == Kind::ANCHOR
            && let Err(reason) = self.time.anchor(facts, receipt, None)
        {
            self.break_at(header.seq, reason);
            return;
        }
        match header.kind.is_never_batched() {
            true => self.time.see_beside(header.seq, header.sealed_at),
            false => self.time.see(header.seq, header.sealed_at),
        }
    }

    /// What third parties signed of the checkpoint, in the evidence or as the verifier brought it.
    fn checkpoint_times(&mut self, witnessed: Option<&Judgement>) {
        let Some(facts) = self.walk.facts() else {
            return;
        };
        let size = self.checkpoint.size.as_u64();
        self.time.checkpoint(&self.note, size, witnessed);
        for (note, checkpoint) in self.policy.checkpoints() {
            if *checkpoint == self.checkpoint && note.verify(&facts.line).is_ok() {
                let judgement = judge(self.policy, facts, note, size);
                self.time.checkpoint(note, size, judgement.as_ref());
            }
        }
    }

    fn break_at(&mut self, seq: u64, reason: String) {
        if self.broken.is_none() {
            self.broken = Some(Status::failed_at(seq, reason));
        }
    }
}
