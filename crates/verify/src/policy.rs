//! The trust policy: all that a verifier brings.

mod file;

use crate::{Depth, DetachedRevocation, Pin};
use ai_audit_agentic::{ApprovalRule, ApprovalRuleError, ApprovalRules};
use ai_audit_core::{BulkVerifier, Timestamp, VerifyingKey};
use ai_audit_note::{Checkpoint, CheckpointError, NoteError, Policy, SignedNote};
use ai_audit_timestamp::TimestampToken;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;

/// How far a time may lie beyond another party's, where the policy names nothing else.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// What a verifier trusts before he sees the data. Empty, it trusts nobody: attribution and
/// completeness then stay unverified.
#[derive(Debug, Clone)]
pub struct TrustPolicy {
    pins: Vec<Pin>,
    checkpoints: Vec<(SignedNote, Checkpoint)>,
    min_size: Option<u64>,
    little_memory: bool,
    threads: NonZeroUsize,
    depth: Depth,
    witnesses: Option<Policy>,
    now: Option<Timestamp>,
    max_age: Option<Duration>,
    clock_skew: Duration,
    revocations: Vec<DetachedRevocation>,
    timestamp_authorities: Vec<Vec<u8>>,
    timestamps: Vec<TimestampToken>,
    subject: Option<String>,
    approvals: ApprovalRules,
    of_several: bool,
}

/// A checkpoint that cannot be part of a policy.
#[derive(Debug)]
pub enum PolicyError {
    /// It is no signed note.
    Note(NoteError),
    /// It is a signed note, and its text is no checkpoint.
    Checkpoint(CheckpointError),
}

impl Default for TrustPolicy {
    fn default() -> Self {
        Self {
            pins: Vec::new(),
            checkpoints: Vec::new(),
            min_size: None,
            little_memory: false,
            threads: NonZeroUsize::MIN,
            depth: Depth::Full,
            witnesses: None,
            now: None,
            max_age: None,
            clock_skew: CLOCK_SKEW,
            revocations: Vec::new(),
            timestamp_authorities: Vec::new(),
            timestamps: Vec::new(),
            subject: None,
            approvals: ApprovalRules::new(),
            of_several: false,
        }
    }
}

impl TrustPolicy {
    /// A policy that trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also trusts a key. With several, a log has to fit one of them.
    #[must_use]
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pins.push(pin);
        self
    }

    /// The same trust for logs with these pins, in the place of its own. The known size is left out: it is
    /// one log's. All else that was brought stays: revocations, rules for approvals, checkpoints, witnesses.
    ///
    /// ```
    /// use ai_audit_core::SigningKey;
    /// use ai_audit_verify::{Pin, TrustPolicy};
    ///
    /// let pin = |seed| Pin::Key(SigningKey::from_bytes(&[seed; 32]).verifying_key());
    /// let policy = TrustPolicy::new().pin(pin(1)).min_size(7);
    /// let other = policy.pinned_to(vec![pin(2), pin(3)]);
    /// assert_eq!((other.pins().len(), other.known_size()), (2, None));
    /// ```
    #[must_use]
    pub fn pinned_to(mut self, pins: Vec<Pin>) -> Self {
        self.pins = pins;
        self.min_size = None;
        self
    }

    /// Says that it is for several logs, each verified by itself: what was brought of the others is neither
    /// told as of other logs nor leaves this one open. Whoever says so tells what nothing answered for.
    #[must_use]
    pub const fn of_several_logs(mut self) -> Self {
        self.of_several = true;
        self
    }

    /// Also expects a log to continue this checkpoint, which the verifier kept or got from
    /// somebody he trusts. Checkpoints of other origins are ignored.
    ///
    /// # Errors
    ///
    /// When the bytes are no checkpoint. Its signature is verified with the log at hand.
    pub fn checkpoint(mut self, note: &[u8]) -> Result<Self, PolicyError> {
        let note = SignedNote::parse(note).map_err(PolicyError::Note)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(PolicyError::Checkpoint)?;
        self.checkpoints.push((note, checkpoint));
        Ok(self)
    }

    /// Also expects a log to have at least this many receipts. 0 says nothing.
    #[must_use]
    pub fn min_size(mut self, size: u64) -> Self {
        if size == 0 {
            return self;
        }
        self.min_size = Some(self.min_size.map_or(size, |old| old.max(size)));
        self
    }

    /// Goes without the tables of keys' multiples (1.3 MB and more) by which many signatures are
    /// verified two and a half times as fast: for devices. The answers are the same.
    #[must_use]
    pub const fn in_little_memory(mut self) -> Self {
        self.little_memory = true;
        self
    }

    /// Verifies signatures on so many threads where the evidence is read from a file or a store; one,
    /// where nothing is said. The answers are the same.
    #[must_use]
    pub const fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// Looks at whole logs no deeper than this.
    #[must_use]
    pub const fn depth(mut self, depth: Depth) -> Self {
        self.depth = depth;
        self
    }

    /// Also asks for approvals of a tool, whatever the log promises: of so many of these keys.
    ///
    /// # Errors
    ///
    /// When the tool has no name or a rule already, or there are too many.
    pub fn approvals(mut self, tool: &str, rule: ApprovalRule) -> Result<Self, ApprovalRuleError> {
        self.approvals.add(tool, rule)?;
        Ok(self)
    }

    /// The rules of [`TrustPolicy::approvals`].
    #[must_use]
    pub const fn approval_rules(&self) -> &ApprovalRules {
        &self.approvals
    }

    /// Trusts the quorum of these witnesses, in place of those named before. The policy's logs are
    /// not pinned by this.
    #[must_use]
    pub fn witnesses(mut self, policy: Policy) -> Self {
        self.witnesses = Some(policy);
        self
    }

    /// The time of the verification, by the verifier's clock. Without it nothing has an age.
    #[must_use]
    pub const fn now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// How old a checkpoint of the quorum may be to make a log complete. Without it none does.
    #[must_use]
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// How far a time may lie beyond one that somebody else vouches for; 300 seconds unless said
    /// otherwise.
    #[must_use]
    pub const fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = skew;
        self
    }

    /// Also knows of a revoked key, though the log may not say it. Revocations of other origins are
    /// ignored; one of the log that its recovery key did not sign fails attribution.
    #[must_use]
    pub fn revocation(mut self, revocation: DetachedRevocation) -> Self {
        self.revocations.push(revocation);
        self
    }

    /// Also trusts the time of an RFC 3161 authority, by its certificate in DER.
    #[must_use]
    pub fn timestamp_authority(mut self, certificate: Vec<u8>) -> Self {
        self.timestamp_authorities.push(certificate);
        self
    }

    /// Also holds a checkpoint against this RFC 3161 token, which the verifier kept. It bounds times
    /// where it is over a checkpoint at hand and its authority is trusted.
    #[must_use]
    pub fn timestamp(mut self, token: TimestampToken) -> Self {
        self.timestamps.push(token);
        self
    }

    /// Asks the erasure line for one subject: his pseudonym as in decisions, empty for the log itself.
    /// What does not hold about the erasures of others is then told in a remark only.
    ///
    /// ```
    /// use ai_audit_verify::TrustPolicy;
    ///
    /// let policy = TrustPolicy::new().subject("person-7");
    /// assert_eq!(policy.asked_subject(), Some("person-7"));
    /// ```
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The pinned keys.
    #[must_use]
    pub const fn pins(&self) -> &[Pin] {
        self.pins.as_slice()
    }

    /// The witnesses and their quorum, where the policy has any.
    #[must_use]
    pub const fn quorum(&self) -> Option<&Policy> {
        self.witnesses.as_ref()
    }

    /// The time of the verification.
    #[must_use]
    pub const fn verification_time(&self) -> Option<Timestamp> {
        self.now
    }

    /// How old a checkpoint of the quorum may be.
    #[must_use]
    pub const fn age_limit(&self) -> Option<Duration> {
        self.max_age
    }

    /// How far a time may lie beyond a bound.
    #[must_use]
    pub const fn skew(&self) -> Duration {
        self.clock_skew
    }

    /// The revocations that the verifier brought.
    #[must_use]
    pub const fn revocations(&self) -> &[DetachedRevocation] {
        self.revocations.as_slice()
    }

    /// The certificates of timestamp authorities, DER.
    pub fn timestamp_authorities(&self) -> impl Iterator<Item = &[u8]> {
        self.timestamp_authorities.iter().map(Vec::as_slice)
    }

    /// The origins of the checkpoints that the verifier brought.
    pub fn checkpoint_origins(&self) -> impl Iterator<Item = &str> {
        self.checkpoints
            .iter()
            .map(|(_, checkpoint)| checkpoint.origin.as_str())
    }

    /// The subject that the erasure line is asked for.
    #[must_use]
    pub fn asked_subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    pub(crate) fn timestamps(&self) -> &[TimestampToken] {
        &self.timestamps
    }

    /// The checkpoints that the verifier brought. Their signatures are not verified here.
    #[must_use]
    pub fn checkpoints(&self) -> &[(SignedNote, Checkpoint)] {
        &self.checkpoints
    }

    /// How many receipts the verifier knows a log to have at least.
    #[must_use]
    pub const fn known_size(&self) -> Option<u64> {
        self.min_size
    }

    /// How many threads may verify signatures ahead; 0 in little memory, where nothing is read ahead.
    #[must_use]
    pub const fn thread_count(&self) -> usize {
        match self.little_memory {
            true => 0,
            false => self.threads.get(),
        }
    }

    /// How deep whole logs are looked at.
    #[must_use]
    pub const fn asked_depth(&self) -> Depth {
        self.depth
    }

    /// The keys that were pinned bare.
    pub fn bare_keys(&self) -> impl Iterator<Item = VerifyingKey> {
        self.pins.iter().filter_map(|pin| match pin {
            Pin::Key(key) => Some(*key),
            Pin::Log(_) => None,
        })
    }

    /// Whether somebody else tells what was brought of other logs.
    pub(crate) const fn is_of_several_logs(&self) -> bool {
        self.of_several
    }

    /// Whether it is used on a device, where little is kept.
    pub(crate) const fn is_in_little_memory(&self) -> bool {
        self.little_memory
    }

    pub(crate) const fn bulk_verifier(&self) -> BulkVerifier {
        match self.little_memory {
            true => BulkVerifier::in_little_memory(),
            false => BulkVerifier::new(),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(error) => write!(f, "checkpoint is no signed note: {error}"),
            Self::Checkpoint(error) => write!(f, "checkpoint: {error}"),
        }
    }
}

impl core::error::Error for PolicyError {}
