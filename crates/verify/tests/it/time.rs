//! Time: bounds by a quorum of witnesses and by timestamp authorities, in the log and beside it.

use crate::logs::Log;
use ai_audit_core::{Exit, KeyRevocation, Question, SigningKey, Status, Timestamp, encode_body};
use ai_audit_merkle::{TreeSize, consistency_proof};
use ai_audit_note::{Anchor, Checkpoint, SignedNote, VKey, cosign};
use ai_audit_testkit::tsa::Authority;
use ai_audit_timestamp::TimestampToken;
use ai_audit_verify::{
    DetachedRevocation, LogVerifier, Report, SelectionVerifier, TimeBoundKind, TimeSource,
    TrustPolicy,
};

/// When the logs of these tests are written, in seconds; see [`Log::seal`].
pub(crate) const WRITTEN: u64 = 1_790_000_000;
/// The verifier's clock.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn secs(seconds: u64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn name(seed: u8) -> String {
    format!("w{seed}.example")
}

/// A policy that pins the log and trusts these witnesses and this authority.
pub(crate) fn policy(
    log: &Log,
    rule: &str,
    seeds: &[u8],
    authority: Option<&Authority>,
) -> TrustPolicy {
    let mut text = format!("ai-audit/policy/v1\nlog {}\n", log.key_line());
    let mut names = String::new();
    for seed in seeds {
        let line = VKey::cosignature(&name(*seed), key(*seed).verifying_key()).unwrap();
        text += &format!("witness W{seed} {line}\n");
        names += &format!(" W{seed}");
    }
    text += &match seeds {
        [] => "quorum none\n".to_owned(),
        _ => format!("group q {rule}{names}\nquorum q\n"),
    };
    let policy = TrustPolicy::parse_file(text.as_bytes())
        .unwrap()
        .now(secs(NOW));
    match authority {
        Some(authority) => policy.timestamp_authority(authority.root.clone()),
        None => policy,
    }
}

pub(crate) fn cosigned(mut note: SignedNote, by: &[(u8, u64)]) -> SignedNote {
    for (seed, seconds) in by {
        let line = cosign(&note, &name(*seed), &key(*seed), secs(*seconds)).unwrap();
        note.add(line).unwrap();
    }
    note
}

/// The anchor of a checkpoint for the next place of the log.
pub(crate) fn anchor(log: &Log, note: &SignedNote, token: Vec<u8>) -> Anchor<'static> {
    let size = Checkpoint::parse(note.text()).unwrap().size;
    let mut tree = log.tree.clone();
    let proof = consistency_proof(&mut tree, size, TreeSize::new(log.size())).unwrap();
    Anchor {
        note: note.to_string().into(),
        token: token.into(),
        path: proof.path.into(),
    }
}

/// Verifies a whole log with checkpoints and tokens that came with it.
pub(crate) fn with(
    policy: &TrustPolicy,
    log: &Log,
    notes: &[&SignedNote],
    tokens: &[&[u8]],
) -> Report {
    let mut verifier = LogVerifier::new(policy);
    for note in notes {
        verifier
            .evidence_checkpoint(note.to_string().as_bytes())
            .unwrap();
    }
    for token in tokens {
        verifier.evidence_timestamp(TimestampToken::read(token).unwrap());
    }
    for receipt in &log.sealed {
        verifier.push(receipt);
    }
    verifier.finish()
}

pub(crate) fn why(report: &Report) -> &str {
    match &report.verdict.time {
        Status::Unverified { why } => why,
        other => panic!("{other:?}"),
    }
}

/// Bounds as kind, first, last, time, checkpoint, anchor.
type Bound = (TimeBoundKind, u64, Option<u64>, Timestamp, u64, Option<u64>);

fn bounds(report: &Report) -> Vec<Bound> {
    let of = |bound: &ai_audit_verify::TimeBound| {
        (
            bound.kind,
            bound.first,
            bound.last,
            bound.time,
            bound.checkpoint,
            bound.anchor,
        )
    };
    report.time_bounds.iter().map(of).collect()
}

#[test]
fn a_quorum_over_all_receipts_verifies_time() {
    let log = Log::of(1, 9);
    let note = cosigned(
        log.checkpoint(),
        &[(11, WRITTEN + 60), (12, WRITTEN + 90), (13, WRITTEN + 70)],
    );
    let policy = policy(&log, "2", &[11, 12, 13], None);
    let report = with(&policy, &log, &[&note], &[]);
    assert!(report.verdict.time.is_verified(), "{report:?}");
    assert_eq!(report.exit(&[Question::Time]), Exit::Verified);
    // By the second of the three the quorum was there.
    assert_eq!(
        bounds(&report),
        [(
            TimeBoundKind::NotLater,
            0,
            Some(8),
            secs(WRITTEN + 70),
            9,
            None
        )]
    );
    assert_eq!(
        (
            report.time_bounds[0].source,
            report.time_bounds[0].by.as_str()
        ),
        (TimeSource::Quorum, "q")
    );
    // Where the verifier brought it, it is the same.
    let brought = policy.checkpoint(note.to_string().as_bytes()).unwrap();
    assert!(with(&brought, &log, &[], &[]).verdict.time.is_verified());
}

#[test]
fn a_timestamp_over_all_receipts_verifies_time() {
    let log = Log::of(1, 9);
    let note = log.checkpoint();
    let authority = Authority::new(1);
    let token = authority.token(note.text().as_bytes(), secs(WRITTEN + 60));
    let policy = policy(&log, "", &[], Some(&authority));
    let report = with(&policy, &log, &[&note], &[&token]);
    assert!(report.verdict.time.is_verified(), "{report:?}");
    // The authority is accurate to a second.
    assert_eq!(
        bounds(&report),
        [(
            TimeBoundKind::NotLater,
            0,
            Some(8),
            secs(WRITTEN + 61),
            9,
            None
        )]
    );
    let bound = &report.time_bounds[0];
    assert_eq!(
        (bound.source, bound.by.as_str()),
        (TimeSource::Timestamp, "CN=Authority 1")
    );
}

#[test]
fn what_is_not_covered_is_said() {
    let mut log = Log::of(1, 9);
    let nine = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
    log.decide("later");
    log.decide("later");
    let trusting = policy(&log, "any", &[11], None);
    let report = with(&trusting, &log, &[&nine, &log.checkpoint()], &[]);
    assert_eq!(
        why(&report),
        format!(
            "receipts below 9 were sealed not later than {}; nothing bounds receipts 9 to 10",
            secs(WRITTEN + 60)
        )
    );
    let report = with(&trusting, &log, &[&log.checkpoint()], &[]);
    assert!(
        why(&report).contains("no checkpoint of these receipts was cosigned"),
        "{report:?}"
    );
    let nobody = policy(&log, "", &[], None);
    let report = with(&nobody, &log, &[&nine], &[]);
    assert!(
        why(&report).contains("the policy trusts no witness"),
        "{report:?}"
    );
    assert!(report.time_bounds.is_empty());
    // With one of two witnesses there is no quorum, and so no time.
    let both = policy(&log, "all", &[11, 12], None);
    assert!(why(&with(&both, &log, &[&nine], &[])).contains("no checkpoint"));
}

#[test]
fn anchors_bound_on_both_sides() {
    let mut log = Log::of(1, 5);
    let five = cosigned(log.checkpoint(), &[(11, WRITTEN + 60), (12, WRITTEN + 70)]);
    log.seal_at(&anchor(&log, &five, vec![]), secs(WRITTEN + 100));
    log.seal_at(&ai_audit_core::Decision::new(), secs(WRITTEN + 200));
    let seven = cosigned(
        log.checkpoint(),
        &[(11, WRITTEN + 260), (12, WRITTEN + 261)],
    );
    log.seal_at(&anchor(&log, &seven, vec![]), secs(WRITTEN + 300));
    let trusting = policy(&log, "2", &[11, 12], None);
    let report = with(&trusting, &log, &[], &[]);
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert_eq!(
        bounds(&report),
        [
            (
                TimeBoundKind::NotLater,
                0,
                Some(4),
                secs(WRITTEN + 70),
                5,
                Some(5)
            ),
            (
                TimeBoundKind::NotLater,
                0,
                Some(6),
                secs(WRITTEN + 261),
                7,
                Some(7)
            ),
            (
                TimeBoundKind::NotBefore,
                5,
                None,
                secs(WRITTEN + 60),
                5,
                Some(5)
            ),
            (
                TimeBoundKind::NotBefore,
                7,
                None,
                secs(WRITTEN + 260),
                7,
                Some(7)
            ),
        ]
    );
    // The last anchor itself is bound by nobody, until the next checkpoint is.
    assert!(
        why(&report).contains("nothing bounds receipts 7 to 7"),
        "{report:?}"
    );
    let eight = cosigned(
        log.checkpoint(),
        &[(11, WRITTEN + 400), (12, WRITTEN + 400)],
    );
    let report = with(&trusting, &log, &[&eight], &[]);
    assert!(report.verdict.time.is_verified(), "{report:?}");
}

#[test]
fn an_anchor_may_bring_a_token() {
    let mut log = Log::of(1, 5);
    let authority = Authority::new(1);
    let note = log.checkpoint();
    let token = authority.token(note.text().as_bytes(), secs(WRITTEN + 60));
    log.seal_at(&anchor(&log, &note, token), secs(WRITTEN + 100));
    let trusting = policy(&log, "", &[], Some(&authority));
    let report = with(&trusting, &log, &[], &[]);
    assert_eq!(
        bounds(&report),
        [
            (
                TimeBoundKind::NotLater,
                0,
                Some(4),
                secs(WRITTEN + 61),
                5,
                Some(5)
            ),
            (
                TimeBoundKind::NotBefore,
                5,
                None,
                secs(WRITTEN + 59),
                5,
                Some(5)
            ),
        ]
    );
    // Where it is not trusted, it is an anchor like any other, which bounds nothing.
    let nobody = policy(&log, "", &[], None);
    let report = with(&nobody, &log, &[], &[]);
    assert!(report.verdict.integrity.is_verified() && report.time_bounds.is_empty());
}

#[test]
fn a_selection_has_the_bounds_of_its_checkpoint() {
    let mut log = Log::of(1, 5);
    let five = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
    log.seal_at(&anchor(&log, &five, vec![]), secs(WRITTEN + 100));
    for _ in 0..6 {
        log.seal_at(&ai_audit_core::Decision::new(), secs(WRITTEN + 200));
    }
    let authority = Authority::new(1);
    let select = |policy: &TrustPolicy, note: SignedNote, token: Option<&[u8]>| {
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let mut verifier = SelectionVerifier::new(policy, note, checkpoint);
        if let Some(token) = token {
            verifier.evidence_timestamp(TimestampToken::read(token).unwrap());
        }
        for seq in [0, 1, 5, 8, 10] {
            let sealed = &log.sealed[usize::try_from(seq).unwrap()];
            verifier.push(sealed, log.path(seq));
        }
        verifier.finish()
    };
    let trusting = policy(&log, "any", &[11], Some(&authority));
    let note = cosigned(log.checkpoint(), &[(11, WRITTEN + 260)]);
    let report = select(&trusting, note.clone(), None);
    assert!(report.verdict.time.is_verified(), "{report:?}");
    // What is in the selection's checkpoint was there; the anchor bounds what stands behind it.
    assert_eq!(
        bounds(&report),
        [
            (
                TimeBoundKind::NotLater,
                0,
                Some(10),
                secs(WRITTEN + 260),
                12,
                None
            ),
            (
                TimeBoundKind::NotBefore,
                5,
                None,
                secs(WRITTEN + 60),
                5,
                Some(5)
            ),
        ]
    );
    let token = authority.token(note.text().as_bytes(), secs(WRITTEN + 240));
    let report = select(&trusting, log.checkpoint(), Some(&token));
    assert!(report.verdict.time.is_verified(), "{report:?}");
    // Cosigned is the copy that the verifier kept.
    let brought = trusting
        .clone()
        .checkpoint(note.to_string().as_bytes())
        .unwrap();
    assert!(
        select(&brought, log.checkpoint(), None)
            .verdict
            .time
            .is_verified()
    );
    assert!(why(&select(&trusting, log.checkpoint(), None)).contains("the writer's own"));
}

#[test]
fn receipts_anchored_before_a_key_was_stolen_are_told_from_suspect_ones() {
    let mut log = Log::of(1, 6);
    let six = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
    log.seal_at(&anchor(&log, &six, vec![]), secs(WRITTEN + 100));
    let seven = cosigned(log.checkpoint(), &[(11, WRITTEN + 160)]);
    let revoked_since = |log: &Log, since: u64| {
        let body = KeyRevocation::sign(
            &log.head.log_id(),
            log.receipt_key.verifying_key(),
            3,
            secs(since),
            key(99).verifying_key(),
            "stolen",
            &log.recovery_key,
        );
        let body = encode_body(&body.unwrap()).unwrap();
        DetachedRevocation::new(&log.origin, body).unwrap()
    };
    let verify = |since: u64, notes: &[&SignedNote]| {
        let policy = policy(&log, "any", &[11], None).revocation(revoked_since(&log, since));
        with(&policy, &log, notes, &[]).verdict.attribution
    };
    // Stolen after everything was anchored: suspect, but in the log before.
    let answer = verify(WRITTEN + 200, &[&seven]);
    assert!(
        matches!(&answer, Status::Unverified { why } if why.contains("anchor")),
        "{answer:?}"
    );
    // Without that checkpoint the anchor itself may be the thief's; with an earlier theft more.
    let failed_at = |answer: Status| match answer {
        Status::Failed { receipt, .. } => receipt,
        other => panic!("{other:?}"),
    };
    assert_eq!(failed_at(verify(WRITTEN + 200, &[])), Some(6));
    assert_eq!(failed_at(verify(WRITTEN + 100, &[&seven])), Some(6));
    assert_eq!(failed_at(verify(WRITTEN + 60, &[&seven])), Some(4));
}
