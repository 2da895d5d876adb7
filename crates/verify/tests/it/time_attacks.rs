//! A14 and its kin: false times, and anchors and timestamps that prove nothing.

mod backdated;

use crate::logs::Log;
use crate::time::{NOW, WRITTEN, anchor, cosigned, policy, secs, why, with};
use ai_audit_core::{Decision, NodeHash, Status};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Anchor, Checkpoint};
use ai_audit_testkit::tsa::Authority;
use ai_audit_verify::{Report, TrustPolicy};
use core::time::Duration;

/// Time failed at this receipt, for a reason with these words; order and bytes still stand.
fn time_failed(report: &Report, seq: u64, words: &str) {
    let Status::Failed {
        reason,
        receipt: Some(at),
    } = &report.verdict.time
    else {
        panic!("time should have failed at {seq}: {report:?}");
    };
    assert_eq!(*at, seq, "{report:?}");
    assert!(reason.contains(words), "{reason}");
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(report.verdict.attribution.is_verified(), "{report:?}");
}

/// Integrity failed at this receipt, for a reason with these words.
fn refused(report: &Report, seq: u64, words: &str) {
    let Status::Failed {
        reason,
        receipt: Some(at),
    } = &report.verdict.integrity
    else {
        panic!("integrity should have failed at {seq}: {report:?}");
    };
    assert_eq!(*at, seq, "{report:?}");
    assert!(reason.contains(words), "{reason}");
    assert!(!report.verdict.time.is_verified());
}

#[test]
fn a14_a_backdated_receipt_contradicts_the_anchor_before_it() {
    // The clock was set back by a day, and nobody but the witness says so.
    let mut honest = Log::of(1, 5);
    let five = cosigned(honest.checkpoint(), &[(11, WRITTEN + 86_400)]);
    let body = anchor(&honest, &five, vec![]);
    honest.seal_at(&body, secs(WRITTEN + 86_400));
    let trusting = policy(&honest, "any", &[11], None);
    assert!(!with(&trusting, &honest, &[], &[]).verdict.time.is_failed());

    let mut log = Log::of(1, 5);
    log.seal_at(&body, secs(WRITTEN + 1));
    log.seal_at(&Decision::new(), secs(WRITTEN + 2));
    let all = cosigned(log.checkpoint(), &[(11, WRITTEN + 86_500)]);
    let report = with(&trusting, &log, &[&all], &[]);
    time_failed(
        &report,
        5,
        "when the quorum q cosigned what is in receipt 5",
    );
    // A verifier who trusts nobody has nothing to hold it against.
    let nobody = policy(&log, "", &[], None);
    assert!(matches!(
        with(&nobody, &log, &[&all], &[]).verdict.time,
        Status::Unverified { .. }
    ));
}

#[test]
fn a14_the_same_by_a_timestamp() {
    let authority = Authority::new(1);
    let mut log = Log::of(1, 5);
    let note = log.checkpoint();
    let token = authority.token(note.text().as_bytes(), secs(WRITTEN + 86_400));
    log.seal_at(&anchor(&log, &note, token), secs(WRITTEN + 1));
    let trusting = policy(&log, "", &[], Some(&authority));
    let report = with(&trusting, &log, &[], &[]);
    time_failed(
        &report,
        5,
        "when CN=Authority 1 stamped what is in receipt 5",
    );
}

#[test]
fn a14_a_receipt_from_the_future_contradicts_the_checkpoint_that_has_it() {
    let mut log = Log::of(1, 5);
    log.seal_at(&Decision::new(), secs(WRITTEN + 86_400));
    log.seal_at(&Decision::new(), secs(WRITTEN + 86_401));
    let note = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
    let trusting = policy(&log, "any", &[11], None);
    // The first that claims it, whether the checkpoint is beside the log or in an anchor.
    let report = with(&trusting, &log, &[&note], &[]);
    time_failed(
        &report,
        5,
        "when the quorum q cosigned a checkpoint with it",
    );
    log.seal_at(&anchor(&log, &note, vec![]), secs(WRITTEN + 86_402));
    time_failed(&with(&trusting, &log, &[], &[]), 5, "lies after");
    let authority = Authority::new(1);
    let token = authority.token(note.text().as_bytes(), secs(WRITTEN + 60));
    let stamped = policy(&log, "", &[], Some(&authority));
    time_failed(
        &with(&stamped, &log, &[&note], &[&token]),
        5,
        "CN=Authority 1 stamped",
    );
}

#[test]
fn times_may_differ_by_the_skew_and_no_more() {
    let at = |seconds: u64| {
        let mut log = Log::of(1, 5);
        log.seal_at(&Decision::new(), secs(WRITTEN + seconds));
        log
    };
    let status = |log: &Log, policy: &TrustPolicy| {
        let note = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
        with(policy, log, &[&note], &[]).verdict.time
    };
    let (within, beyond) = (at(360), at(361));
    let trusting = policy(&within, "any", &[11], None);
    assert!(status(&within, &trusting).is_verified());
    assert!(status(&beyond, &trusting).is_failed());
    assert!(
        status(
            &beyond,
            &trusting.clone().clock_skew(Duration::from_secs(301))
        )
        .is_verified()
    );
    assert!(status(&within, &trusting.clock_skew(Duration::ZERO)).is_failed());
}

#[test]
fn one_lying_witness_of_two_moves_no_bound_past_the_other() {
    // W11 says that the checkpoint is from long before, W12 when it really was.
    let log = Log::of(1, 5);
    let note = cosigned(
        log.checkpoint(),
        &[(11, WRITTEN - 86_400), (12, WRITTEN + 60)],
    );
    let both = policy(&log, "all", &[11, 12], None);
    let report = with(&both, &log, &[&note], &[]);
    assert!(report.verdict.time.is_verified(), "{report:?}");
    assert_eq!(report.time_bounds[0].time, secs(WRITTEN + 60));
    // Whom any one suffices takes the word of either.
    let either = policy(&log, "any", &[11, 12], None);
    assert!(with(&either, &log, &[&note], &[]).verdict.time.is_failed());
}

#[test]
fn an_anchor_of_another_log() {
    let (mut log, other) = (Log::of(1, 5), Log::of(2, 5));
    let note = cosigned(other.checkpoint(), &[(11, WRITTEN + 60)]);
    log.seal(&Anchor {
        note: note.to_string().into(),
        token: vec![].into(),
        path: vec![].into(),
    });
    let trusting = policy(&log, "any", &[11], None);
    refused(&with(&trusting, &log, &[], &[]), 5, "of another log");
}

#[test]
fn an_anchor_that_the_log_did_not_sign() {
    let mut log = Log::of(1, 5);
    let mut forged = Log::of(1, 5);
    forged.checkpoint_key = ai_audit_core::SigningKey::from_bytes(&[77; 32]);
    let note = cosigned(forged.checkpoint(), &[(11, WRITTEN + 60)]);
    log.seal(&anchor(&log, &note, vec![]));
    let trusting = policy(&log, "any", &[11], None);
    refused(
        &with(&trusting, &log, &[], &[]),
        5,
        "not signed by the log's checkpoint key",
    );
}

#[test]
fn an_anchor_of_another_history() {
    // Shown to the witness: five receipts, the last of them another one.
    let mut shown = Log::of(1, 4);
    shown.decide("shown to the witness");
    let note = cosigned(shown.checkpoint(), &[(11, WRITTEN + 60)]);
    let mut log = Log::of(1, 5);
    log.seal(&anchor(&log, &note, vec![]));
    let trusting = policy(&log, "any", &[11], None);
    refused(
        &with(&trusting, &log, &[], &[]),
        5,
        "do not continue the anchor's checkpoint",
    );
    let mut log = Log::of(1, 8);
    log.seal(&anchor(&log, &note, vec![]));
    refused(
        &with(&trusting, &log, &[], &[]),
        8,
        "do not continue the anchor's checkpoint",
    );
}

#[test]
fn an_anchor_of_receipts_that_are_not_before_it() {
    let log = Log::of(1, 9);
    let note = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
    let mut cut = Log::of(1, 5);
    cut.seal(&Anchor {
        note: note.to_string().into(),
        token: vec![].into(),
        path: vec![].into(),
    });
    let trusting = policy(&log, "any", &[11], None);
    refused(
        &with(&trusting, &cut, &[], &[]),
        5,
        "but only 5 are before it",
    );
}

#[test]
fn an_anchor_with_a_wrong_path() {
    let good = {
        let log = Log::of(1, 5);
        cosigned(log.checkpoint(), &[(11, WRITTEN + 60)])
    };
    let mut log = Log::of(1, 9);
    let right = anchor(&log, &good, vec![]).path.to_vec();
    let trusting = policy(&log, "any", &[11], None);
    let mut swapped = right.clone();
    swapped.swap(0, 1);
    let mut changed = right.clone();
    changed[0] = NodeHash::EMPTY;
    let longer = [right.as_slice(), &[NodeHash::EMPTY]].concat();
    for path in [vec![], right[1..].to_vec(), swapped, changed, longer] {
        let mut log = Log::of(1, 9);
        log.seal(&Anchor {
            note: good.to_string().into(),
            token: vec![].into(),
            path: path.into(),
        });
        refused(&with(&trusting, &log, &[], &[]), 9, "size 5");
    }
    log.seal(&anchor(&log, &good, vec![]));
    assert!(
        with(&trusting, &log, &[], &[])
            .verdict
            .integrity
            .is_verified()
    );
}

#[test]
fn a_body_that_holds_no_checkpoint() {
    let log = Log::of(1, 5);
    let manifest =
        ai_audit_note::SignedNote::sign("ai-audit/manifest/v1\n", &log.origin, &log.checkpoint_key);
    let empty = Checkpoint {
        origin: log.origin.clone(),
        size: TreeSize::ZERO,
        root: NodeHash::EMPTY,
        extensions: vec![],
    };
    let empty = empty.sign(&log.checkpoint_key).unwrap();
    for note in [
        "",
        "text",
        &manifest.unwrap().to_string(),
        &empty.to_string(),
    ] {
        let body = Anchor {
            note: note.into(),
            token: vec![].into(),
            path: vec![].into(),
        };
        // Nobody seals such a body by mistake; sealed all the same, it would not decode.
        let error = ai_audit_core::encode_body(&body).unwrap_err().to_string();
        assert!(error.contains("note"), "{error}");
    }
}

#[test]
fn tokens_that_do_not_count() {
    let (trusted, other) = (Authority::new(1), Authority::new(2));
    let base = Log::of(1, 5);
    let note = base.checkpoint();
    let text = note.text().as_bytes();
    let trusting = policy(&base, "", &[], Some(&trusted));
    let good = trusted.token(text, secs(WRITTEN + 60));
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let cases: [(Vec<u8>, &str); 5] = [
        (b"garbage".to_vec(), "does not count"),
        (
            other.token(text, secs(WRITTEN + 60)),
            "no trusted certificate leads",
        ),
        (
            trusted.token(b"other", secs(WRITTEN + 60)),
            "over something else",
        ),
        (damaged, "signature does not verify"),
        (trusted.token(text, secs(NOW + 301)), "has not come"),
    ];
    for (token, words) in cases {
        let mut log = Log::of(1, 5);
        log.seal(&anchor(&log, &note, token));
        let report = with(&trusting, &log, &[], &[]);
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        assert!(why(&report).contains("the writer's own"), "{report:?}");
        assert!(
            report.remarks.iter().any(|remark| remark.contains(words)),
            "{words}: {report:?}"
        );
        assert!(report.time_bounds.is_empty());
    }
    // Beside a log the same.
    let report = with(
        &trusting,
        &base,
        &[&note],
        &[&other.token(text, secs(WRITTEN + 60))],
    );
    assert!(why(&report).contains("the writer's own"), "{report:?}");
    let report = with(
        &trusting,
        &base,
        &[&note],
        &[&trusted.token(b"other", secs(WRITTEN + 60))],
    );
    assert!(
        report
            .remarks
            .iter()
            .any(|remark| remark.contains("over none of the checkpoints")),
        "{report:?}"
    );
    // And the good one does.
    let report = with(&trusting, &base, &[&note], &[&good]);
    assert!(report.verdict.time.is_verified(), "{report:?}");
}

#[test]
fn a_cosignature_that_does_not_hold_bounds_nothing() {
    let mut log = Log::of(1, 5);
    let note = log.checkpoint();
    let good = cosigned(note.clone(), &[(11, WRITTEN + 60)]).to_string();
    let place = good.trim_end().len() - 8;
    let mut bad = good.into_bytes();
    bad[place] = if bad[place] == b'A' { b'B' } else { b'A' };
    let bad = ai_audit_note::SignedNote::parse(&bad).unwrap();
    log.seal(&anchor(&log, &bad, vec![]));
    let trusting = policy(&log, "any", &[11], None);
    let report = with(&trusting, &log, &[], &[]);
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    assert!(report.time_bounds.is_empty() && !report.verdict.time.is_verified());
}

#[test]
fn broken_evidence_has_no_verified_time() {
    let mut log = Log::of(1, 9);
    let note = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
    let trusting = policy(&log, "any", &[11], None);
    assert!(
        with(&trusting, &log, &[&note], &[])
            .verdict
            .time
            .is_verified()
    );
    let cut = log.sealed.remove(4);
    assert!(why(&with(&trusting, &log, &[&note], &[])).contains("integrity"));
    log.sealed.insert(4, cut);
    log.sealed.remove(0);
    assert!(why(&with(&trusting, &log, &[&note], &[])).contains("integrity"));
}

#[test]
fn a_certificate_that_cannot_be_read_is_told() {
    let log = Log::of(1, 5);
    let broken = policy(&log, "", &[], None).timestamp_authority(vec![0x30, 0]);
    let report = with(&broken, &log, &[], &[]);
    assert!(
        report
            .remarks
            .iter()
            .any(|remark| remark.contains("is left out")),
        "{report:?}"
    );
}
