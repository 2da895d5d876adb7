//! When receipts were sealed, by the word of third parties: bounds, and the writer's times held
//! against them.

mod below;
mod bounds;
mod sealed;

pub use bounds::{TimeBound, TimeBoundKind, TimeBounds, TimeSource};

use crate::TrustPolicy;
use crate::quorum::Judgement;
use crate::walk::Facts;
use ai_audit_core::{DecodeBody, NodeHash, Status, Timestamp, UnverifiedReceipt};
use ai_audit_merkle::{ConsistencyProof, TreeSize};
use ai_audit_note::{Anchor, SignedNote};
use ai_audit_timestamp::{TimestampError, TimestampToken, TrustedCertificates, VerifiedTimestamp};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use below::Below;
use sealed::SealedTimes;

/// The most remarks about tokens that do not count.
const MAX_REMARKS: usize = 8;

/// Collects bounds while the receipts go by.
#[derive(Debug)]
pub(crate) struct Times<'p> {
    policy: &'p TrustPolicy,
    authorities: TrustedCertificates,
    /// Tokens that came beside the receipts, and whether a checkpoint was found that they are over.
    tokens: Vec<(TimestampToken, bool)>,
    sealed: SealedTimes,
    bounds: TimeBounds,
    below: Below,
    /// The contradiction of the lowest receipt.
    contradiction: Option<(u64, String)>,
    remarks: Vec<String>,
}

/// What somebody whom the policy trusts says of a checkpoint.
struct Word {
    source: TimeSource,
    by: String,
    not_later: Timestamp,
    not_before: Timestamp,
}

/// The outcome.
#[derive(Debug)]
pub(crate) struct TimeOutcome {
    pub(crate) status: Status,
    pub(crate) bounds: TimeBounds,
    pub(crate) remarks: Vec<String>,
}

impl<'p> Times<'p> {
    pub(crate) fn new(policy: &'p TrustPolicy) -> Self {
        let mut times = Self {
            policy,
            authorities: TrustedCertificates::new(),
            tokens: policy
                .timestamps()
                .iter()
                .map(|token| (token.clone(), false))
                .collect(),
            sealed: SealedTimes::default(),
            bounds: TimeBounds::default(),
            below: Below::default(),
            contradiction: None,
            remarks: Vec::new(),
        };
        for certificate in policy.timestamp_authorities() {
            if let Err(error) = times.authorities.add_der(certificate) {
                times.remark(format!(
                    "a timestamp authority of the policy is left out: {error}"
                ));
            }
        }
        times
    }

    /// The receipts are a part of a log: what bounds them may be in what is not here.
    pub(crate) const fn part(&mut self) {
        self.below.part();
    }

    /// A checkpoint of this size will be asked about: the times of its last receipt and of the first
    /// behind it are kept.
    pub(crate) fn expect(&mut self, size: u64) {
        self.below.expect(size);
        if let Some(last) = size.checked_sub(1) {
            self.sealed.keep(last);
        }
    }

    /// Takes a token that came beside the receipts.
    pub(crate) fn token(&mut self, token: TimestampToken) {
        self.tokens.push((token, false));
    }

    /// Takes the time of the next receipt, which does not lie before that of the last.
    pub(crate) fn see(&mut self, seq: u64, sealed_at: Timestamp) {
        self.below.see(seq, sealed_at);
        self.hold(seq, sealed_at);
    }

    /// The same with a receipt that travels with every part of a log: nobody asks here when it was
    /// sealed, and it is older than what was asked for.
    pub(crate) fn see_beside(&mut self, seq: u64, sealed_at: Timestamp) {
        self.below.pass();
        self.hold(seq, sealed_at);
    }

    /// Holds a time against the bounds from below.
    fn hold(&mut self, seq: u64, sealed_at: Timestamp) {
        self.sealed.record(seq, sealed_at);
        let Some(bound) = self.bounds.latest_not_before() else {
            return;
        };
        if sealed_at < earlier(bound.time, self.policy) {
            let reason = format!(
                "sealed_at {sealed_at} lies before {}, when {} what is in receipt {}",
                bound.time,
                bound.source.did(&bound.by),
                bound.first
            );
            self.contradict(seq, reason);
        }
    }

    /// Takes an anchor, before its own time is seen. `before` is the root of the tree of all
    /// receipts before it, where that is known.
    ///
    /// # Errors
    ///
    /// Why it does not hold: integrity fails.
    pub(crate) fn anchor(
        &mut self,
        facts: &Facts,
        receipt: &UnverifiedReceipt<'_>,
        before: Option<NodeHash>,
    ) -> Result<(), String> {
        let seq = receipt.header().seq;
        self.below.anchor(seq);
        let anchor = Anchor::decode(receipt).map_err(|error| error.to_string())?;
        let (note, checkpoint) = anchor.checkpoint().map_err(|error| error.to_string())?;
        let size = checkpoint.size.as_u64();
        if checkpoint.origin != facts.origin {
            return Err(format!(
                "the anchor is of another log, {}",
                checkpoint.origin
            ));
        }
        note.verify(&facts.line).map_err(|error| {
            format!("the anchor is not signed by the log's checkpoint key: {error}")
        })?;
        if size > seq {
            return Err(format!(
                "the anchor is of a checkpoint of {size} receipts, but only {seq} are before it"
            ));
        }
        if let Some(root) = before {
            let proof = ConsistencyProof {
                old: checkpoint.size,
                new: TreeSize::new(seq),
                path: anchor.path.to_vec(),
            };
            proof.verify(&checkpoint.root, &root).map_err(|error| {
                format!(
                    "the receipts do not continue the anchor's checkpoint of size {size}: {error}"
                )
            })?;
        }
        let judgement = judge(self.policy, facts, &note, size);
        let mut words: Vec<Word> = judgement.as_ref().and_then(of_quorum).into_iter().collect();
        if !anchor.token.is_empty() {
            let token = TimestampToken::parse(anchor.token.as_slice());
            words.extend(self.word(token, &note, &format!("receipt {seq}")));
        }
        for word in words {
            // That its bytes are in this receipt does not hang on the path.
            self.below.bound(seq);
            self.bounds.add_not_before(TimeBound {
                kind: TimeBoundKind::NotBefore,
                first: seq,
                last: None,
                time: word.not_before,
                source: word.source,
                by: word.by.clone(),
                checkpoint: size,
                anchor: Some(seq),
            });
            if before.is_some() {
                self.not_later(size, Some(seq), word);
            }
        }
        Ok(())
    }

    /// Takes a checkpoint that the log signed and the receipts lead to, with what the witnesses say
    /// of it.
    pub(crate) fn checkpoint(
        &mut self,
        note: &SignedNote,
        size: u64,
        judgement: Option<&Judgement>,
    ) {
        if let Some(word) = judgement.and_then(of_quorum) {
            self.not_later(size, None, word);
        }
        let mut tokens = core::mem::take(&mut self.tokens);
        for (token, found) in &mut tokens {
            if token.is_over(note.text().as_bytes()) {
                *found = true;
                let what = format!("checkpoint of size {size}");
                if let Some(word) = self.word(Ok(token.clone()), note, &what) {
                    self.not_later(size, None, word);
                }
            }
        }
        self.tokens = tokens;
    }

    /// The bounds so far.
    pub(crate) const fn bounds(&self) -> &TimeBounds {
        &self.bounds
    }

    /// The answer for all receipts up to `end`, which is not included; `None` where integrity
    /// failed or the log is not there from its beginning.
    pub(crate) fn finish(mut self, end: Option<u64>) -> TimeOutcome {
        if self.tokens.iter().any(|(_, found)| !found) {
            self.remark("a timestamp is over none of the checkpoints here".into());
        }
        let status = self.answer(end);
        if end.is_some() && !status.is_failed() {
            self.remarks.extend(self.below.remarks());
        }
        TimeOutcome {
            status,
            bounds: self.bounds,
            remarks: self.remarks,
        }
    }

    fn answer(&self, end: Option<u64>) -> Status {
        if let Some((seq, reason)) = &self.contradiction {
            return Status::failed_at(*seq, reason.clone());
        }
        let Some(end) = end else {
            return Status::unverified(
                "integrity is not verified from the log's beginning, so nothing bounds its times",
            );
        };
        let quorum = self
            .policy
            .quorum()
            .is_some_and(|policy| policy.quorum().is_some());
        match self.bounds.widest() {
            Some(widest) if widest.end() >= end => Status::Verified,
            Some(widest) => Status::unverified(format!(
                "receipts below {} were sealed not later than {}; nothing bounds receipts {} to {}",
                widest.end(),
                widest.time,
                widest.end(),
                end.saturating_sub(1)
            )),
            None if !quorum && self.authorities.is_empty() => Status::unverified(
                "the times are the writer's own: the policy trusts no witness and no timestamp authority",
            ),
            None => Status::unverified(
                "the times are the writer's own: no checkpoint of these receipts was cosigned by the \
                 quorum or stamped by a trusted authority",
            ),
        }
    }

    /// What a trusted authority says with a token over a note.
    fn word(
        &mut self,
        token: Result<TimestampToken, TimestampError>,
        note: &SignedNote,
        what: &str,
    ) -> Option<Word> {
        // Who trusts no authority need not hear what is wrong with their tokens.
        if self.authorities.is_empty() {
            return None;
        }
        let verified =
            token.and_then(|token| token.verify(note.text().as_bytes(), &self.authorities));
        let found = match verified {
            Ok(found) => found,
            Err(error) => {
                self.remark(format!("{what}: its timestamp does not count: {error}"));
                return None;
            }
        };
        if let Some(now) = self.policy.verification_time()
            && found.time > later(now, self.policy)
        {
            self.remark(format!(
                "{what}: its timestamp does not count: its time, {}, has not come",
                found.time
            ));
            return None;
        }
        let VerifiedTimestamp { authority, .. } = &found;
        Some(Word {
            source: TimeSource::Timestamp,
            by: authority.clone(),
            not_later: found.latest(),
            not_before: found.earliest(),
        })
    }

    /// Receipts below `size` were sealed not later than somebody says.
    fn not_later(&mut self, size: u64, anchor: Option<u64>, word: Word) {
        let limit = later(word.not_later, self.policy);
        if let Some((seq, sealed_at)) = self.sealed.first_after(limit)
            && seq < size
        {
            let reason = format!(
                "sealed_at {sealed_at} lies after {}, when {} a checkpoint with it",
                word.not_later,
                word.source.did(&word.by)
            );
            self.contradict(seq, reason);
        }
        // Where the time of the last receipt below is not at hand any more, only those count of
        // which it is known that they fit.
        let Some(last) = self.sealed.known_up_to(size, limit).checked_sub(1) else {
            return;
        };
        let bound = TimeBound {
            kind: TimeBoundKind::NotLater,
            first: 0,
            last: Some(last),
            time: word.not_later,
            source: word.source,
            by: word.by,
            checkpoint: size,
            anchor,
        };
        self.below.add(&bound);
        self.bounds.add_not_later(bound);
    }

    fn contradict(&mut self, seq: u64, reason: String) {
        if self
            .contradiction
            .as_ref()
            .is_none_or(|(first, _)| seq < *first)
        {
            self.contradiction = Some((seq, reason));
        }
    }

    fn remark(&mut self, remark: String) {
        if self.remarks.len() < MAX_REMARKS && !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }
}

/// What the policy's witnesses say of a note of this log.
pub(crate) fn judge(
    policy: &TrustPolicy,
    facts: &Facts,
    note: &SignedNote,
    size: u64,
) -> Option<Judgement> {
    Judgement::of(policy, note, size, &facts.own)
}

fn of_quorum(judgement: &Judgement) -> Option<Word> {
    let (by, not_later, not_before) = judgement.times()?;
    Some(Word {
        source: TimeSource::Quorum,
        by,
        not_later,
        not_before,
    })
}

/// A time and the policy's skew.
fn later(time: Timestamp, policy: &TrustPolicy) -> Timestamp {
    Timestamp::from_micros(time.as_micros().saturating_add(skew(policy)))
}

/// A time less the policy's skew.
fn earlier(time: Timestamp, policy: &TrustPolicy) -> Timestamp {
    Timestamp::from_micros(time.as_micros().saturating_sub(skew(policy)))
}

fn skew(policy: &TrustPolicy) -> u64 {
    u64::try_from(policy.skew().as_micros()).unwrap_or(u64::MAX)
}
