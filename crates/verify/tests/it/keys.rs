//! A12 and A13: rotations and revocations of receipt keys, inside the log and detached.

use crate::logs::{Log, verify};
use ai_audit_core::{
    Exit, KeyRevocation, KeyRotation, LogId, Question, SigningKey, Status, Timestamp, VerifyingKey,
    encode_body,
};
use ai_audit_verify::{DetachedRevocation, Report, TrustPolicy};

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn rotation(log: &Log, new: &SigningKey) -> KeyRotation<'static> {
    let old = log.receipt_key.verifying_key();
    KeyRotation::new(&log.head.log_id(), &old, log.size(), new, "test").unwrap()
}

/// Rotates as an honest writer does.
pub(crate) fn rotate(log: &mut Log, new: SigningKey) {
    let body = rotation(log, &new);
    log.seal(&body);
    log.receipt_key = new;
}

fn since() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn revocation(
    log: &Log,
    stolen: VerifyingKey,
    after: u64,
    successor: &SigningKey,
) -> KeyRevocation<'static> {
    KeyRevocation::sign(
        &log.head.log_id(),
        stolen,
        after,
        since(),
        successor.verifying_key(),
        "stolen",
        &log.recovery_key,
    )
    .unwrap()
}

fn detached(log: &Log, revocation: &KeyRevocation<'_>) -> DetachedRevocation {
    DetachedRevocation::new(&log.origin, encode_body(revocation).unwrap()).unwrap()
}

/// Attribution failed, at this receipt, for a reason that has these words.
pub(crate) fn unattributed(report: &Report, seq: u64, words: &str) {
    let Status::Failed {
        reason,
        receipt: Some(at),
    } = &report.verdict.attribution
    else {
        panic!("attribution should have failed at {seq}: {report:?}");
    };
    assert_eq!(*at, seq, "{report:?}");
    assert!(reason.contains(words), "{reason}");
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
}

fn good(report: &Report) {
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
}

#[test]
fn rotated_and_revoked_logs_verify_from_the_same_pin() {
    let mut log = Log::of(1, 5);
    let pin = log.pin();
    for seed in [100, 101, 102] {
        rotate(&mut log, key(seed));
        log.decide("m");
    }
    let successor = key(103);
    let stolen = log.receipt_key.verifying_key();
    let body = revocation(&log, stolen, log.size() - 1, &successor);
    log.receipt_key = successor;
    log.seal(&body);
    log.decide("m");
    let report = verify(&log.policy(), &log.sealed);
    good(&report);
    assert_eq!(report.receipts, 13);
    // The pin is the line that was handed out at the beginning.
    let note = log.checkpoint().to_string();
    let policy = TrustPolicy::new()
        .pin(pin)
        .checkpoint(note.as_bytes())
        .unwrap();
    good(&verify(&policy, &log.sealed));
}

#[test]
fn a12_a_rotation_that_the_valid_key_did_not_sign_fails() {
    let mut log = Log::of(1, 5);
    let thief = key(100);
    let body = rotation(&log, &thief);
    log.receipt_key = thief;
    log.seal(&body);
    unattributed(&verify(&log.policy(), &log.sealed), 5, "key_id");
}

#[test]
fn a12_a_new_key_without_proof_of_possession_fails() {
    let honest = Log::of(1, 5);
    let (new, other) = (key(100), key(101));
    let proofs = [
        // By another key than the new one.
        rotation(&honest, &other).proof,
        // For another place.
        KeyRotation::new(
            &honest.head.log_id(),
            &honest.receipt_key.verifying_key(),
            6,
            &new,
            "",
        )
        .unwrap()
        .proof,
        // For another log.
        KeyRotation::new(
            &LogId::ZERO,
            &honest.receipt_key.verifying_key(),
            5,
            &new,
            "",
        )
        .unwrap()
        .proof,
        // From another old key.
        KeyRotation::new(&honest.head.log_id(), &other.verifying_key(), 5, &new, "")
            .unwrap()
            .proof,
    ];
    for (number, proof) in proofs.into_iter().enumerate() {
        let mut log = Log::of(1, 5);
        let body = KeyRotation {
            proof,
            ..rotation(&log, &new)
        };
        log.seal(&body);
        let report = verify(&log.policy(), &log.sealed);
        unattributed(&report, 5, "proof");
        assert!(number < 4);
    }
}

#[test]
fn a12_keys_of_another_purpose_or_of_before_do_not_take_over() {
    for pick in [
        (|log: &Log| log.recovery_key.to_seed()) as fn(&Log) -> _,
        |log| log.checkpoint_key.to_seed(),
        |log| log.receipt_key.to_seed(),
    ] {
        let mut log = Log::of(1, 5);
        let new = SigningKey::from_bytes(&pick(&log));
        let body = rotation(&log, &new);
        log.seal(&body);
        unattributed(&verify(&log.policy(), &log.sealed), 5, "cannot take over");
    }
    let mut log = Log::of(1, 5);
    let first = SigningKey::from_bytes(&log.receipt_key.to_seed());
    rotate(&mut log, key(100));
    rotate(&mut log, first);
    unattributed(&verify(&log.policy(), &log.sealed), 6, "valid before");
}

#[test]
fn a13_the_old_key_signs_nothing_after_a_rotation() {
    let mut log = Log::of(1, 5);
    let old = SigningKey::from_bytes(&log.receipt_key.to_seed());
    rotate(&mut log, key(100));
    log.decide("m");
    log.receipt_key = old;
    log.decide("forged");
    unattributed(&verify(&log.policy(), &log.sealed), 7, "key_id");
}

#[test]
fn a13_the_revoked_key_signs_nothing_after_its_revocation() {
    let mut log = Log::of(1, 5);
    let stolen = SigningKey::from_bytes(&log.receipt_key.to_seed());
    let successor = key(100);
    let body = revocation(&log, stolen.verifying_key(), 4, &successor);
    log.receipt_key = successor;
    log.seal(&body);
    log.receipt_key = stolen;
    log.decide("forged");
    unattributed(&verify(&log.policy(), &log.sealed), 6, "key_id");
}

#[test]
fn a13_a_key_that_was_revoked_first_never_becomes_valid() {
    // Directly, and behind so many more revocations that the key history has forgotten the first.
    for more in [0, 8] {
        let mut log = Log::of(1, 5);
        let mut first = None;
        for n in 0..=more {
            let body = revocation(&log, key(110 + n).verifying_key(), 2, &key(120 + n));
            first.get_or_insert_with(|| detached(&log, &body));
            log.receipt_key = key(120 + n);
            log.seal(&body);
        }
        // The keys were never valid, so nothing is suspect.
        good(&verify(&log.policy(), &log.sealed));
        let at = log.size();
        rotate(&mut log, key(110));
        log.decide("m");
        let brought = log.policy().revocation(first.unwrap());
        for policy in [log.policy(), brought] {
            unattributed(&verify(&policy, &log.sealed), at, "revoked it");
        }
    }
}

#[test]
fn a13_only_the_recovery_key_revokes() {
    let mut log = Log::of(1, 5);
    let (stolen, thief) = (log.receipt_key.verifying_key(), key(100));
    let body = KeyRevocation::sign(
        &log.head.log_id(),
        stolen,
        4,
        since(),
        thief.verifying_key(),
        "",
        &log.receipt_key,
    )
    .unwrap();
    log.receipt_key = thief;
    log.seal(&body);
    unattributed(&verify(&log.policy(), &log.sealed), 5, "recovery key");
}

#[test]
fn a13_a_revocation_is_written_by_the_successor_it_names() {
    let mut log = Log::of(1, 5);
    let body = revocation(&log, log.receipt_key.verifying_key(), 4, &key(100));
    // The stolen key writes it down.
    log.seal(&body);
    unattributed(&verify(&log.policy(), &log.sealed), 5, "key_id");
    let mut log = Log::of(1, 5);
    let successor = key(100);
    let body = revocation(&log, log.receipt_key.verifying_key(), 5, &successor);
    log.receipt_key = successor;
    log.seal(&body);
    unattributed(&verify(&log.policy(), &log.sealed), 5, "after");
}

#[test]
fn a13_receipts_after_the_compromise_are_suspect_back_to_its_limit() {
    let mut log = Log::of(1, 5);
    let stolen = log.receipt_key.verifying_key();
    log.decide("perhaps forged");
    // The thief may have rotated too: that key hangs on the stolen one.
    rotate(&mut log, key(101));
    log.decide("perhaps forged");
    let successor = key(100);
    let body = revocation(&log, stolen, 4, &successor);
    log.receipt_key = successor;
    log.seal(&body);
    log.decide("good again");
    unattributed(&verify(&log.policy(), &log.sealed), 5, "suspect");
}

#[test]
fn a13_a_thief_who_rotates_before_the_limit_escapes_nothing() {
    // The true log had no rotation; receipts after 7 are suspect.
    let honest = Log::of(1, 9);
    let said = revocation(&honest, honest.receipt_key.verifying_key(), 7, &key(100));
    for before in [5, 6, 7] {
        let mut fork = Log::of(1, before);
        rotate(&mut fork, key(101));
        while fork.size() < 12 {
            fork.decide("forged");
        }
        let policy = fork.policy().revocation(detached(&fork, &said));
        unattributed(&verify(&policy, &fork.sealed), 8, "suspect");
    }
}

#[test]
fn a13_a_revocation_that_was_cut_out_works_detached() {
    let mut log = Log::of(1, 5);
    let stolen = log.receipt_key.verifying_key();
    let said = revocation(&log, stolen, 4, &key(100));
    let file = detached(&log, &said).to_string();
    // The thief goes on without the revocation.
    log.decide("forged");
    rotate(&mut log, key(101));
    log.decide("forged");
    let brought = DetachedRevocation::parse(file.as_bytes()).unwrap();
    good(&verify(&log.policy(), &log.sealed));
    let policy = log.policy().revocation(brought.clone());
    unattributed(&verify(&policy, &log.sealed), 5, "suspect");
    // What was sealed before is not touched by it.
    let before = Log::of(1, 5);
    good(&verify(
        &before.policy().revocation(brought.clone()),
        &before.sealed,
    ));
    // Nor is another log.
    let other = Log::of(7, 9);
    good(&verify(&other.policy().revocation(brought), &other.sealed));
}

#[test]
fn a13_a_detached_revocation_that_the_log_has_too_changes_nothing() {
    let mut log = Log::of(1, 5);
    let successor = key(100);
    let body = revocation(&log, log.receipt_key.verifying_key(), 4, &successor);
    let brought = detached(&log, &body);
    log.receipt_key = successor;
    log.seal(&body);
    log.decide("m");
    good(&verify(&log.policy().revocation(brought), &log.sealed));
}

#[test]
fn a13_a_detached_revocation_by_another_key_is_refused() {
    let log = Log::of(1, 5);
    let forged = KeyRevocation::sign(
        &log.head.log_id(),
        log.receipt_key.verifying_key(),
        2,
        since(),
        key(100).verifying_key(),
        "",
        &log.checkpoint_key,
    )
    .unwrap();
    let policy = log.policy().revocation(detached(&log, &forged));
    unattributed(&verify(&policy, &log.sealed), 0, "recovery key");
}

#[test]
fn a_promise_of_forward_security_that_is_not_kept_is_remarked() {
    use ai_audit_epochs::EpochSeal;
    for rotates in [true, false] {
        let mut log = Log::of(1, 5);
        let policy = [ai_audit_core::PolicyEntry {
            name: "receipt-key".into(),
            value: "forward-secure".into(),
        }];
        let public = [&log.receipt_key, &log.checkpoint_key, &log.recovery_key]
            .map(SigningKey::verifying_key);
        let mut genesis = ai_audit_core::Genesis::new(
            "example.org/log",
            "acme",
            &public[0],
            &public[1],
            &public[2],
            [9; 16],
        );
        genesis.policy = (&policy).into();
        log.head = ai_audit_core::Head::EMPTY;
        log.sealed.clear();
        log.tree = ai_audit_merkle::MemoryTree::new();
        let first = log.seal(&genesis);
        let seal = EpochSeal {
            number: 0,
            first: 0,
            count: 2,
            control: 2,
            size: 1,
            root: log.tree.root(),
            first_hash: first,
            last_hash: first,
            previous: None,
        };
        log.seal(&seal);
        if rotates {
            rotate(&mut log, key(100));
        }
        log.decide("m");
        let report = verify(&log.policy(), &log.sealed);
        good(&report);
        let remarked = report
            .remarks
            .iter()
            .any(|remark| remark.contains("forward security"));
        assert_eq!(remarked, !rotates, "{report:?}");
    }
}

#[test]
fn nothing_suspect_is_given_out_as_verified() {
    let log = Log::of(1, 8);
    let said = revocation(&log, log.receipt_key.verifying_key(), 4, &key(100));
    let policy = log.policy().revocation(detached(&log, &said));
    let mut verifier = ai_audit_verify::LogVerifier::new(&policy);
    let trusted: Vec<bool> = log
        .sealed
        .iter()
        .map(|sealed| verifier.push(sealed).is_some())
        .collect();
    assert_eq!(trusted, [true, true, true, true, true, false, false, false]);
}

#[test]
fn detached_revocations_have_one_form() {
    let log = Log::of(1, 5);
    let said = revocation(&log, log.receipt_key.verifying_key(), 4, &key(100));
    let text = detached(&log, &said).to_string();
    assert_eq!(
        DetachedRevocation::parse(text.as_bytes())
            .unwrap()
            .to_string(),
        text
    );
    for changed in [
        text.replace("/v1", "/v2"),
        text.replace(&log.origin, ""),
        text.trim_end().to_string(),
        format!("{text}\n"),
        format!("{text}x"),
        text.replace('\n', "\r\n"),
        text.replacen('A', "*", 1),
        String::new(),
        "ai-audit/revocation/v1\no\nAAAA\n".into(),
    ] {
        let error = DetachedRevocation::parse(changed.as_bytes()).map(|_| ());
        let error = error.expect_err(&changed).to_string();
        assert!(error.starts_with("revocation: "), "{error}");
    }
}
