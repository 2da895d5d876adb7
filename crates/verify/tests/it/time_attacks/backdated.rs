//! A130: logs that were backdated as a whole, and what parts of a log say of times and of approvals.

use crate::logs::Log;
use crate::selections::verify;
use crate::time::{WRITTEN, anchor, cosigned, policy, secs, with};
use ai_audit_agentic::ApprovalRule;
use ai_audit_core::{Decision, PolicyEntry, SigningKey, Timestamp};
use ai_audit_merkle::LeafIndex;
use ai_audit_note::SignedNote;
use ai_audit_verify::{Included, ReceiptProof, Report, TrustPolicy};

const TODAY: u64 = WRITTEN + 25 * 365 * 86_400;

/// Receipts of [`Log::of`] have times of the second in which it is written.
fn written(seq: u64) -> Timestamp {
    Timestamp::from_micros(WRITTEN * 1_000_000 + seq)
}

fn open(whose: &str) -> String {
    format!("nothing shows that {whose} were not sealed later than they say")
}

fn long(seq: u64, sealed_at: Timestamp) -> String {
    format!(
        ": receipt {seq} says {sealed_at}, and it was {} when the quorum q cosigned a checkpoint with it",
        secs(TODAY)
    )
}

/// What a report says of times that nothing shows. That they are verified stands besides.
fn times(report: &Report) -> Vec<String> {
    assert!(report.verdict.time.is_verified(), "{report:?}");
    let mut told = report.remarks.clone();
    told.retain(|remark| remark.contains("sealed later than they say"));
    told
}

/// The same of a whole log, of which the witness saw a checkpoint at this second.
fn told(trusting: &TrustPolicy, log: &Log, at: u64) -> Vec<String> {
    let note = cosigned(log.checkpoint(), &[(11, at)]);
    times(&with(trusting, log, &[&note], &[]))
}

/// A writer sets his clock back by 25 years, seals a whole log, and shows it to a witness. An upper bound
/// fits whatever he says: what it does not show is told.
#[test]
fn a130_a_log_that_is_backdated_as_a_whole_is_told() {
    let mut log = Log::of(1, 5);
    let trusting = policy(&log, "any", &[11], None).now(secs(TODAY + 60));
    let all = open("the receipts") + &long(0, written(0));
    assert_eq!(told(&trusting, &log, TODAY), *std::slice::from_ref(&all));
    // Of an honest log nobody can tell it either.
    assert_eq!(told(&trusting, &log, WRITTEN + 60), [open("the receipts")]);
    // One receipt of the true time at the end takes nothing back.
    log.seal_at(&Decision::new(), secs(TODAY));
    assert_eq!(told(&trusting, &log, TODAY), [all]);
    // Where nothing is bounded at all, the answer says so.
    let report = with(&trusting, &log, &[], &[]);
    assert!(!report.verdict.time.is_verified(), "{report:?}");
}

/// What was anchored in time bounds what comes behind it by nothing but its own, old time.
#[test]
fn a130_what_is_backdated_behind_an_anchor_is_told() {
    let mut log = Log::of(1, 5);
    let trusting = policy(&log, "any", &[11], None).now(secs(TODAY + 60));
    let five = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
    log.seal_at(&anchor(&log, &five, vec![]), secs(WRITTEN + 120));
    log.seal_at(&Decision::new(), secs(WRITTEN + 180));
    let below = open("receipts below 5");
    let behind = |last: u64| open(&format!("receipts 6 to {last}")) + &long(6, secs(WRITTEN + 180));
    assert_eq!(told(&trusting, &log, TODAY), [below.clone(), behind(6)]);
    assert_eq!(
        told(&trusting, &log, WRITTEN + 240),
        *std::slice::from_ref(&below)
    );
    // Neither a receipt of the true time behind it changes that, nor an anchor.
    log.seal_at(&Decision::new(), secs(TODAY));
    assert_eq!(told(&trusting, &log, TODAY), [below.clone(), behind(7)]);
    let eight = cosigned(log.checkpoint(), &[(11, TODAY)]);
    log.seal_at(&anchor(&log, &eight, vec![]), secs(TODAY + 1));
    log.seal_at(&Decision::new(), secs(TODAY + 2));
    assert_eq!(told(&trusting, &log, TODAY + 3), [below, behind(7)]);
}

/// A log that rests for days behind an anchor is told nothing, since the anchor is all that waited.
#[test]
fn a_log_that_rests_is_not_told() {
    let mut log = Log::of(1, 5);
    let trusting = policy(&log, "any", &[11], None).now(secs(TODAY + 60));
    let five = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
    log.seal_at(&anchor(&log, &five, vec![]), secs(WRITTEN + 120));
    log.seal_at(&Decision::new(), secs(TODAY));
    assert_eq!(told(&trusting, &log, TODAY + 1), [open("receipts below 5")]);
}

/// The proof of one receipt, verified.
fn single(policy: &TrustPolicy, log: &Log, note: SignedNote, seq: u64) -> Report {
    let of = |seq: u64| Included {
        sealed: log.sealed[usize::try_from(seq).unwrap()].clone(),
        path: log.path(seq),
    };
    let receipt = (of(seq), LeafIndex::new(seq));
    let proof = ReceiptProof::new(note, of(0), vec![], receipt, vec![]);
    proof.verify(policy, &[]).unwrap()
}

/// The anchors may be in what is not here, and what comes with every part is not what was asked for.
#[test]
fn a130_a_part_tells_what_is_not_shown_here() {
    let mut log = Log::of(1, 5);
    let trusting = policy(&log, "any", &[11], None).now(secs(TODAY + 60));
    let five = cosigned(log.checkpoint(), &[(11, WRITTEN + 60)]);
    log.seal_at(&anchor(&log, &five, vec![]), secs(WRITTEN + 120));
    log.seal_at(&Decision::new(), secs(TODAY - 60));
    let note = cosigned(log.checkpoint(), &[(11, TODAY)]);
    let here = |whose: &str| open(whose).replace("nothing shows", "nothing here shows");
    let whole = here("the receipts");
    let old = whole.clone() + &long(3, written(3));
    assert_eq!(
        times(&single(&trusting, &log, note.clone(), 3)),
        *std::slice::from_ref(&old)
    );
    assert_eq!(
        times(&verify(&log, &trusting, note.clone(), &[0, 1, 3, 4, 6])),
        [old]
    );
    assert_eq!(
        times(&single(&trusting, &log, note.clone(), 6)),
        *std::slice::from_ref(&whole)
    );
    assert_eq!(times(&single(&trusting, &log, note.clone(), 0)), [whole]);
    assert_eq!(
        times(&verify(&log, &trusting, note.clone(), &[0, 1, 5, 6])),
        [here("receipts below 5")]
    );
    // The whole log has the anchor, and so has nothing of that age to tell.
    assert_eq!(
        times(&with(&trusting, &log, &[&note], &[])),
        [open("receipts below 5")]
    );
}

/// Of a single receipt nobody asks who approved it, unless it is what a tool did.
#[test]
fn a128_a_single_receipt_tells_of_approvals_where_it_needs_some() {
    let officer = SigningKey::from_bytes(&[51; 32]).verifying_key();
    let rules = format!("{{\"pay\":{{\"keys\":[\"{officer}\"],\"needed\":1}}}}");
    let mut log = Log::promising(
        1,
        &[PolicyEntry {
            name: "approvals".into(),
            value: rules.into(),
        }],
    );
    log.decide("m");
    let intent = log.intend();
    log.outcome(intent);
    let own = log.policy();
    let rule = ApprovalRule::new(1, vec![officer]).unwrap();
    let brought = log.policy().approvals("pay", rule).unwrap();
    let says = |report: Report| {
        let mut remarks = report.remarks.iter();
        remarks.any(|remark| remark.starts_with("approvals were not judged: "))
    };
    for policy in [&own, &brought] {
        for seq in 0..4 {
            let report = single(policy, &log, log.checkpoint(), seq);
            assert!(report.verdict.integrity.is_verified(), "{report:?}");
            assert_eq!(says(report), seq == 3, "{seq}");
        }
        let report = verify(&log, policy, log.checkpoint(), &[0, 1]);
        assert!(says(report));
    }
}
