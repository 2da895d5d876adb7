//! A05, A11, A15 with witnesses: what a quorum makes complete, and what it does not.

use crate::logs::{Log, verify};
use ai_audit_core::{Exit, NodeHash, Question, SigningKey, Status, Timestamp};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Checkpoint, SignedNote, VKey, cosign};
use ai_audit_verify::{
    Included, LogVerifier, ReceiptProof, Report, SelectionVerifier, TrustPolicy,
};
use core::time::Duration;

/// The verifier's clock, in seconds.
const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

fn secs(seconds: u64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn name(seed: u8) -> String {
    format!("w{seed}.example")
}

/// A policy that pins the log and asks for these witnesses, at the time of the verifier's clock.
fn policy(log: &Log, rule: &str, seeds: &[u8], more: &str) -> TrustPolicy {
    let mut text = format!("ai-audit/policy/v1\nlog {}\n{more}", log.key_line());
    let mut names = String::new();
    for seed in seeds {
        let line = VKey::cosignature(&name(*seed), key(*seed).verifying_key()).unwrap();
        text += &format!("witness W{seed} {line}\n");
        names += &format!(" W{seed}");
    }
    text += &format!("group q {rule}{names}\nquorum q\n");
    TrustPolicy::parse_file(text.as_bytes())
        .unwrap()
        .now(secs(NOW))
}

fn cosigned(mut note: SignedNote, by: &[(u8, u64)]) -> SignedNote {
    for (seed, seconds) in by {
        let line = cosign(&note, &name(*seed), &key(*seed), secs(*seconds)).unwrap();
        note.add(line).unwrap();
    }
    note
}

fn with(policy: &TrustPolicy, notes: &[&SignedNote], sealed: &[Vec<u8>]) -> Report {
    let mut verifier = LogVerifier::new(policy);
    for note in notes {
        verifier
            .evidence_checkpoint(note.to_string().as_bytes())
            .unwrap();
    }
    for receipt in sealed {
        verifier.push(receipt);
    }
    verifier.finish()
}

fn why(report: &Report) -> &str {
    match &report.verdict.completeness {
        Status::Unverified { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_quorum_makes_a_log_complete() {
    let log = Log::of(1, 9);
    let both = policy(&log, "all", &[11, 12], "max-age 1d\n");
    let note = cosigned(log.checkpoint(), &[(11, NOW - 60), (12, NOW - DAY)]);
    let report = with(&both, &[&note], &log.sealed);
    assert!(report.verdict.completeness.is_verified(), "{report:?}");
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    assert_eq!(report.complete_to, Some(9));
    let found: Vec<_> = report
        .witnesses
        .iter()
        .map(|one| (one.name.as_str(), one.status, one.time, one.checkpoint))
        .collect();
    assert_eq!(
        found,
        [
            ("W11", "cosigned", Some(secs(NOW - 60)), 9),
            ("W12", "cosigned", Some(secs(NOW - DAY)), 9)
        ]
    );
    // Where the verifier brought it himself it works the same.
    let brought = both.checkpoint(note.to_string().as_bytes()).unwrap();
    assert!(
        verify(&brought, &log.sealed)
            .verdict
            .completeness
            .is_verified()
    );
}

#[test]
fn what_keeps_a_quorum_from_it_is_said() {
    let log = Log::of(1, 9);
    let with_age = policy(&log, "2", &[11, 12, 13], "max-age 1d\n");
    let of = |policy: &TrustPolicy, by: &[(u8, u64)]| {
        let note = cosigned(log.checkpoint(), by);
        let report = with(policy, &[&note], &log.sealed);
        assert_eq!(
            report.exit(&Question::DEFAULT),
            Exit::Unverified,
            "{report:?}"
        );
        assert_eq!(report.complete_to, None);
        why(&report).to_owned()
    };
    assert_eq!(
        of(&with_age, &[(12, NOW)]),
        "checkpoint of size 9: quorum q needs 2 and has 1; cosigned by W12; not by W11, W13"
    );
    // Of two that are asked for, one is too old: the other one's word is not enough.
    assert_eq!(
        of(&with_age, &[(12, NOW), (13, NOW - 2 * DAY - 3_600)]),
        format!(
            "checkpoint of size 9 has its quorum, but the quorum vouches for it at {} only: that is \
             2 d 1 h ago, 1 d 1 h more than max-age allows",
            secs(NOW - 2 * DAY - 3_600)
        )
    );
    // Cosigned in the future: beyond the skew it counts for nothing.
    let future = of(&with_age, &[(12, NOW), (13, NOW + 301)]);
    assert!(
        future.contains("has 1; cosigned by W12; not by W11, W13 (cosigned in the future"),
        "{future}"
    );
    let note = cosigned(log.checkpoint(), &[(12, NOW), (13, NOW + 300)]);
    let report = with(&with_age, &[&note], &log.sealed);
    assert!(report.verdict.completeness.is_verified());
    // Without an age it may be any earlier one.
    let ageless = policy(&log, "any", &[11], "");
    assert!(of(&ageless, &[(11, NOW)]).contains("the policy has no max-age"));
    let timeless = ageless.max_age(Duration::from_secs(60));
    let timeless = TrustPolicy::new()
        .pin(log.pin())
        .witnesses(timeless.quorum().unwrap().clone())
        .max_age(Duration::from_secs(60));
    assert!(of(&timeless, &[(11, NOW)]).contains("without the time of verification"));
    // No checkpoint at all.
    let report = with(&with_age, &[], &log.sealed);
    assert!(
        why(&report).contains("no checkpoint of this log"),
        "{report:?}"
    );
}

#[test]
fn cosignatures_that_do_not_hold_are_told_and_do_not_count() {
    let log = Log::of(1, 9);
    let policy = policy(&log, "any", &[11, 12], "max-age 1d\n");
    let other = Log::of(2, 9);
    let mut note = log.checkpoint();
    // Over another log's checkpoint.
    note.add(cosign(&other.checkpoint(), &name(11), &key(11), secs(NOW)).unwrap())
        .unwrap();
    // By a key that nobody knows, under a known name.
    note.add(cosign(&note, &name(12), &key(66), secs(NOW)).unwrap())
        .unwrap();
    let report = with(&policy, &[&note], &log.sealed);
    assert!(why(&report).contains("has 0"), "{report:?}");
    assert!(
        report.verdict.integrity.is_verified(),
        "others' lines are not the log's fault"
    );
    let status: Vec<_> = report.witnesses.iter().map(|one| one.status).collect();
    assert_eq!(status, ["invalid", "missing"]);
    assert!(report.witnesses[0].reason.is_some());
}

/// The keeper as his own witness, in a policy that he wrote.
#[test]
fn the_log_itself_is_no_witness() {
    let log = Log::of(1, 9);
    for own in [&log.checkpoint_key, &log.receipt_key] {
        let line = VKey::cosignature("independent.example", own.verifying_key()).unwrap();
        let text = format!(
            "ai-audit/policy/v1\nlog {}\nwitness W {line}\nquorum W\nmax-age 1d\n",
            log.key_line()
        );
        let policy = TrustPolicy::parse_file(text.as_bytes())
            .unwrap()
            .now(secs(NOW));
        let mut note = log.checkpoint();
        note.add(cosign(&note, "independent.example", own, secs(NOW)).unwrap())
            .unwrap();
        let report = with(&policy, &[&note], &log.sealed);
        assert!(
            why(&report).contains("W (its key is the log's own)"),
            "{report:?}"
        );
        assert_eq!(report.witnesses[0].status, "not_independent");
    }
}

#[test]
fn a05_the_end_cut_off_with_an_older_cosigned_checkpoint() {
    let mut log = Log::of(1, 5);
    let older = cosigned(log.checkpoint(), &[(11, NOW - 2 * DAY)]);
    while log.size() < 9 {
        log.decide("gpt-4o");
    }
    let newest = cosigned(log.checkpoint(), &[(11, NOW)]);
    let policy = policy(&log, "any", &[11], "max-age 1d\n");
    let report = with(&policy, &[&older], &log.sealed[..5]);
    assert!(
        why(&report).contains("more than max-age allows"),
        "{report:?}"
    );
    // The verifier who has the newer one from the witness sees that four are missing.
    let brought = policy
        .clone()
        .checkpoint(newest.to_string().as_bytes())
        .unwrap();
    let report = with(&brought, &[&older], &log.sealed[..5]);
    assert!(report.verdict.completeness.is_failed(), "{report:?}");
    // Everything there, and both in the evidence: the newer one counts.
    let report = with(&policy, &[&older, &newest], &log.sealed);
    assert_eq!(report.complete_to, Some(9));
    // Receipts after the newest cosigned checkpoint are not covered, and that is told.
    log.decide("gpt-4o");
    let plain = log.checkpoint();
    let report = with(&policy, &[&newest, &plain], &log.sealed);
    assert!(report.verdict.completeness.is_verified());
    assert_eq!((report.complete_to, report.receipts), (Some(9), 10));
    assert_eq!(report.witnesses[0].checkpoint, 9);
}

#[test]
fn a11_of_two_histories_only_one_has_the_witness() {
    let shown = Log::of(1, 9);
    // The same keys, and another history from receipt 2 on.
    let mut hidden = Log::of(1, 2);
    while hidden.size() < 9 {
        hidden.decide("another-model");
    }
    assert_eq!(shown.origin, hidden.origin);
    assert_ne!(shown.checkpoint().text(), hidden.checkpoint().text());
    let policy = policy(&shown, "any", &[11], "max-age 1d\n");
    let cosignature = cosigned(shown.checkpoint(), &[(11, NOW)]);
    assert!(
        with(&policy, &[&cosignature], &shown.sealed)
            .verdict
            .completeness
            .is_verified()
    );
    // The other party gets the second history with the first one's cosignature under it.
    let mut forged = hidden.checkpoint();
    forged.add(cosignature.signatures()[1].clone()).unwrap();
    let report = with(&policy, &[&forged], &hidden.sealed);
    assert!(why(&report).contains("has 0"), "{report:?}");
    // Or with the cosigned checkpoint of the first: the receipts do not lead to it.
    let report = with(&policy, &[&cosignature], &hidden.sealed);
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
}

#[test]
fn a15_a_cosigned_checkpoint_of_another_root() {
    let log = Log::of(1, 9);
    let forged = Checkpoint {
        origin: log.origin.clone(),
        size: TreeSize::new(9),
        root: NodeHash::from_bytes([1; 32]),
        extensions: vec![],
    };
    let forged = cosigned(forged.sign(&log.checkpoint_key).unwrap(), &[(11, NOW)]);
    let policy = policy(&log, "any", &[11], "max-age 1d\n");
    let good = cosigned(log.checkpoint(), &[(11, NOW)]);
    let report = with(&policy, &[&good, &forged], &log.sealed);
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
    assert!(!report.verdict.completeness.is_verified());
}

#[test]
fn selections_and_proofs_say_who_cosigned() {
    let log = Log::of(1, 9);
    let note = |by: &[(u8, u64)]| cosigned(log.checkpoint(), by);
    let policy = policy(&log, "all", &[11, 12], "");
    let selection = |note: SignedNote| {
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
        for seq in [0u8, 1, 4] {
            verifier.push(&log.sealed[usize::from(seq)], log.path(seq.into()));
        }
        verifier.finish()
    };
    // However well witnessed, what was left out of a selection does not show.
    let report = selection(note(&[(11, NOW), (12, NOW)]));
    assert!(why(&report).contains("selection"), "{report:?}");
    assert_eq!(report.witnesses[1].status, "cosigned");
    let told = report.remarks.join("\n");
    assert!(told.contains("needs 2 and has 2"), "{report:?}");
    let proof = |note: SignedNote| {
        let index = ai_audit_merkle::LeafIndex::new(4);
        let included = |seq: u8| Included {
            sealed: log.sealed[usize::from(seq)].clone(),
            path: log.path(seq.into()),
        };
        let (genesis, receipt) = (included(0), included(4));
        let proof = ReceiptProof::new(note, genesis, Vec::new(), (receipt, index), Vec::new());
        proof.verify(&policy, &[]).unwrap()
    };
    let report = proof(note(&[(11, NOW), (12, NOW - 900 * DAY)]));
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    // Who asks for a quorum does not take a proof without it.
    let report = proof(note(&[(11, NOW)]));
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Unverified);
    assert!(why(&report).contains("not by W12"), "{report:?}");
}
