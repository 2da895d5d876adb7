//! A01 to A09 and A14: changed, re-signed, missing, swapped, spliced, replayed, rebuilt, backdated.

use crate::logs::{Log, verify};
use ai_audit_core::{
    Decision, Draft, Exit, Head, LeafHash, MAX_SEALED_LEN, Question, ReceiptId, Status, Timestamp,
    UnverifiedReceipt,
};
use ai_audit_verify::{LogVerifier, Report, TrustPolicy};

/// Integrity failed, at this receipt.
fn fails_at(report: &Report, seq: u64) -> bool {
    report.exit(&Question::DEFAULT) == Exit::Failed
        && matches!(report.verdict.integrity, Status::Failed { receipt: Some(at), .. } if at == seq)
}

#[test]
fn an_honest_log_verifies() {
    let log = Log::of(1, 25);
    let report = verify(&log.policy(), &log.sealed);
    assert_eq!(
        report.exit(&Question::DEFAULT),
        Exit::Verified,
        "{report:?}"
    );
    assert_eq!((report.receipts, report.complete_to), (25, Some(25)));
    assert_eq!(report.origin.as_deref(), Some(log.origin.as_str()));
    // Its own clock bounds nothing.
    assert!(matches!(report.verdict.time, Status::Unverified { .. }));
    assert_eq!(report.exit(&[Question::Time]), Exit::Unverified);
}

#[test]
fn a01_any_changed_byte_fails_at_its_receipt() {
    let log = Log::of(1, 6);
    for (place, sealed) in log.sealed.iter().enumerate() {
        for byte in 0..sealed.len() {
            let mut changed = log.sealed.clone();
            changed[place][byte] ^= 0x40;
            let report = verify(&log.policy(), &changed);
            // A genesis whose number was changed is named by that number.
            let claimed =
                UnverifiedReceipt::parse(&changed[place]).map(|receipt| receipt.header().seq);
            // A changed key_id makes the receipt somebody else's, which is attribution's matter.
            let stranger = matches!(report.verdict.attribution,
                Status::Failed { receipt: Some(at), .. } if at == place as u64);
            let named = (stranger && report.verdict.integrity.is_failed())
                || fails_at(&report, place as u64)
                || (place == 0 && claimed.is_ok_and(|seq| fails_at(&report, seq)));
            assert!(named, "receipt {place}, byte {byte}: {report:?}");
        }
    }
}

/// What an attacker who has no key does: edits, and makes the hashes fit again.
fn rehashed(log: &Log, place: usize, from: &[u8], to: &[u8]) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = log.sealed.clone();
    let at = out[place]
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    out[place][at..at + to.len()].copy_from_slice(to);
    for next in place + 1..out.len() {
        let before = UnverifiedReceipt::parse(&out[next - 1]).unwrap().hash();
        let old = *UnverifiedReceipt::parse(&out[next])
            .unwrap()
            .header()
            .prev
            .as_bytes();
        let at = out[next]
            .windows(32)
            .position(|window| window == old)
            .unwrap();
        out[next][at..at + 32].copy_from_slice(before.as_bytes());
    }
    out
}

#[test]
fn a02_an_edit_with_all_hashes_made_to_fit_fails() {
    let log = Log::of(1, 8);
    let forged = rehashed(&log, 4, b"gpt-4o", b"gpt-5o");
    let report = verify(&log.policy(), &forged);
    assert!(fails_at(&report, 4), "{report:?}");
    assert!(report.verdict.attribution.is_failed());
    // Without any pin too: the log's own keys do not fit the bytes.
    assert!(fails_at(&verify(&TrustPolicy::new(), &forged), 4));
}

#[test]
fn a03_a_receipt_deleted_in_the_middle_is_named() {
    let log = Log::of(1, 8);
    let mut cut = log.sealed.clone();
    cut.remove(5);
    let report = verify(&log.policy(), &cut);
    assert!(fails_at(&report, 5), "{report:?}");
    let text = report.verdict.integrity.to_string();
    assert!(text.contains("receipt 5 is missing"), "{text}");
}

#[test]
fn a06_swapped_and_signed_again_with_the_true_key_fails() {
    let log = Log::of(1, 8);
    let mut swapped = log.sealed.clone();
    swapped.swap(4, 5);
    assert!(fails_at(&verify(&log.policy(), &swapped), 4));
    // The same contents sealed anew in the other order: a chain that holds, and another root than
    // the one that was published.
    let mut other = Log::of(1, 4);
    other.decide("second");
    other.decide("first");
    let mut first = Log::of(1, 4);
    first.decide("first");
    first.decide("second");
    let report = verify(&first.policy(), &other.sealed);
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
    // Renumbered and signed with the true key, but out of its place: `prev` tells.
    let mut buf = vec![0; MAX_SEALED_LEN];
    let head = Head::from_parts(
        log.head.log_id(),
        5,
        LeafHash::of(b"another"),
        Timestamp::from_micros(0),
    );
    let now = Timestamp::from_micros(1_790_000_000_000_005);
    let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
    let forged = draft
        .seal(&Decision::new(), &head, &log.receipt_key, &mut buf)
        .unwrap();
    let mut sealed = log.sealed[..5].to_vec();
    sealed.push(forged.as_bytes().to_vec());
    let report = verify(&log.policy(), &sealed);
    assert!(fails_at(&report, 5), "{report:?}");
    assert!(report.verdict.integrity.to_string().contains("prev"));
}

#[test]
fn a07_a_receipt_of_another_log_fails() {
    let log = Log::of(1, 8);
    let other = Log::of(2, 8);
    let mut spliced = log.sealed.clone();
    spliced[5] = other.sealed[5].clone();
    let report = verify(&log.policy(), &spliced);
    assert!(fails_at(&report, 5), "{report:?}");
    assert!(report.verdict.integrity.to_string().contains("log_id"));
    // A log of the same keys with another name is another log.
    assert!(
        verify(&log.policy(), &other.sealed)
            .verdict
            .attribution
            .is_failed()
    );
}

#[test]
fn a08_a_receipt_replayed_later_fails() {
    let log = Log::of(1, 8);
    for replayed in 0..8 {
        let mut again = log.sealed.clone();
        again.push(log.sealed[replayed].clone());
        let report = verify(&log.policy(), &again);
        assert!(fails_at(&report, 8), "receipt {replayed}: {report:?}");
    }
}

#[test]
fn a09_a_log_rebuilt_under_other_keys_fails_under_the_pin() {
    let log = Log::of(1, 8);
    let rebuilt = Log::of(2, 8);
    // The rebuilt log is sound in itself.
    let unpinned = verify(&TrustPolicy::new(), &rebuilt.sealed);
    assert!(unpinned.verdict.integrity.is_verified());
    assert!(matches!(
        unpinned.verdict.attribution,
        Status::Unverified { .. }
    ));
    assert_eq!(unpinned.exit(&Question::DEFAULT), Exit::Unverified);
    let report = verify(&log.policy(), &rebuilt.sealed);
    assert!(report.verdict.attribution.is_failed(), "{report:?}");
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Failed);
}

#[test]
fn a14_order_is_seq_and_time_is_never_verified_by_the_own_clock() {
    let mut log = Log::of(1, 4);
    // Sealing refuses a clock that ran backwards; a writer that forges the head does not.
    let early = Timestamp::from_micros(5);
    let head = Head::from_parts(
        log.head.log_id(),
        4,
        log.head.hash(),
        Timestamp::from_micros(0),
    );
    let mut buf = vec![0; MAX_SEALED_LEN];
    let draft = Draft::new(ReceiptId::from_parts(early, [0; 10]), early);
    assert!(
        draft
            .seal(&Decision::new(), &log.head, &log.receipt_key, &mut buf)
            .is_err()
    );
    let backdated = draft
        .seal(&Decision::new(), &head, &log.receipt_key, &mut buf)
        .unwrap();
    let mut sealed = log.sealed.clone();
    sealed.push(backdated.as_bytes().to_vec());
    let report = verify(&TrustPolicy::new().pin(log.pin()), &sealed);
    assert!(fails_at(&report, 4), "{report:?}");
    // Equal times are no reordering, and no time is verified.
    log.seal_at(&Decision::new(), log.head.sealed_at());
    let report = verify(&log.policy(), &log.sealed);
    assert!(report.verdict.integrity.is_verified());
    assert!(!report.verdict.time.is_verified());
}

#[test]
fn receipts_are_verified_while_they_hold() {
    let log = Log::of(1, 4);
    let policy = log.policy();
    let mut verifier = LogVerifier::new(&policy);
    assert!(verifier.push(&log.sealed[0]).is_some());
    assert_eq!(verifier.push(&log.sealed[1]).unwrap().header().seq, 1);
    assert!(verifier.push(&log.sealed[3]).is_none());
    assert!(verifier.push(&log.sealed[2]).is_none());
    let nobody = TrustPolicy::new();
    assert!(LogVerifier::new(&nobody).push(&log.sealed[0]).is_none());
}

#[test]
fn a39_open_intents_are_listed() {
    let mut log = Log::of(1, 3);
    let closed = log.intend();
    log.outcome(closed);
    let open = log.intend();
    let report = verify(&log.policy(), &log.sealed);
    assert_eq!(report.exit(&Question::DEFAULT), Exit::Verified);
    assert_eq!(report.open_tool_intents.len(), 1);
    assert_eq!(
        (
            report.open_tool_intents[0].hash,
            report.open_tool_intents[0].receipt
        ),
        (open, 5)
    );
}
