//! Anchors: what the ledger takes back into a log, and that a verifier finds it there.

use crate::rig::{NOW, Rig, kinds, record, rig, walk};
use ai_audit_core::{Kind, NodeHash, SigningKey, Timestamp};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Anchor, Checkpoint, NoteSignature, Policy, SignedNote, VKey, cosign};
use ai_audit_store::{AnchorRequest, Ledger, LedgerError, LogName, Store as _};
use ai_audit_testkit::tsa::Authority;
use ai_audit_testkit::{Fault, TestLog};
use ai_audit_verify::{LogVerifier, Report, TrustPolicy};

fn witness() -> SigningKey {
    SigningKey::from_bytes(&[77; 32])
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn cosigned(note: &str, micros: u64) -> String {
    let mut note = SignedNote::parse(note.as_bytes()).unwrap();
    note.add(cosign(&note, "w.example", &witness(), at(micros)).unwrap())
        .unwrap();
    note.to_string()
}

fn request(note: &str, token: &[u8]) -> AnchorRequest {
    AnchorRequest {
        note: note.into(),
        token: token.into(),
    }
}

fn text(note: &str) -> String {
    SignedNote::parse(note.as_bytes()).unwrap().text().into()
}

/// Verifies the log under a policy that trusts the witness and the authority.
fn verified(rig: &Rig, authority: &Authority) -> Report {
    let line = VKey::cosignature("w.example", witness().verifying_key()).unwrap();
    let witnesses = Policy::parse(format!("witness W {line}\nquorum W\n").as_bytes()).unwrap();
    let policy = TrustPolicy::new()
        .witnesses(witnesses)
        .timestamp_authority(authority.root.clone());
    let mut verifier = LogVerifier::new(&policy);
    for (_, sealed) in walk(&*rig.store, &LogName::default(), 1) {
        verifier.push(&sealed);
    }
    verifier.finish()
}

fn fill(ledger: &Ledger, count: usize) {
    for _ in 0..count {
        let ticket = ledger
            .submit(&LogName::default(), vec![record("m")])
            .unwrap();
        ticket.wait().unwrap();
    }
}

#[test]
fn anchors_stand_in_the_log_and_verify() {
    let rig = rig();
    let log = LogName::default();
    let authority = Authority::new(1);
    let ledger = rig.created();
    // Sizes on both sides of a tile's edge, anchored at once and much later.
    for (before, after) in [(0, 0), (3, 1), (250, 20), (1, 300)] {
        fill(&ledger, before);
        let note = cosigned(&ledger.checkpoint(&log).unwrap(), NOW);
        fill(&ledger, after);
        let receipt = ledger.anchor(&log, request(&note, b"")).unwrap();
        let token = authority.token(text(&note).as_bytes(), at(NOW));
        let second = ledger.anchor(&log, request(&note, &token)).unwrap();
        assert_eq!(second.seq, receipt.seq + 1);
        // Where there is a token, nobody needs to have cosigned.
        let bare = ledger.checkpoint(&log).unwrap();
        let token = authority.token(text(&bare).as_bytes(), at(NOW));
        ledger.anchor(&log, request(&bare, &token)).unwrap();
    }
    ledger.close("done").unwrap();
    let anchors = kinds(&*rig.store, &log).into_iter();
    assert_eq!(anchors.filter(|kind| *kind == Kind::ANCHOR).count(), 12);
    let report = verified(&rig, &authority);
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
    // The still clock makes all times one; of the bounds that say the same, the widest are left.
    let ends: Vec<_> = report.time_bounds.iter().map(|bound| bound.last).collect();
    assert_eq!(ends, [Some(285), Some(587), None], "{report:?}");
}

#[test]
fn a_clock_that_runs_backwards_gets_its_receipt_before_the_anchor() {
    let rig = rig();
    let log = LogName::default();
    let ledger = rig.created();
    fill(&ledger, 5);
    let note = cosigned(&ledger.checkpoint(&log).unwrap(), NOW);
    rig.clock.set(NOW - 1);
    let receipt = ledger.anchor(&log, request(&note, b"")).unwrap();
    assert_eq!(receipt.seq, 8);
    ledger.close("done").unwrap();
    assert_eq!(
        kinds(&*rig.store, &log)[7..9],
        [Kind::CLOCK_ANOMALY, Kind::ANCHOR]
    );
    let report = verified(&rig, &Authority::new(1));
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
}

#[test]
fn what_is_no_anchor_is_refused_and_leaves_no_receipt() {
    let rig = rig();
    let log = LogName::default();
    let authority = Authority::new(1);
    let ledger = rig.created();
    fill(&ledger, 5);
    let note = ledger.checkpoint(&log).unwrap();
    let checkpoint = Checkpoint::parse(&text(&note)).unwrap();
    let key = &TestLog::keys(1)[1];
    let with = |change: &dyn Fn(&mut Checkpoint)| {
        let mut changed = checkpoint.clone();
        change(&mut changed);
        cosigned(&changed.sign(key).unwrap().to_string(), NOW)
    };
    let good = authority.token(text(&note).as_bytes(), at(NOW));
    let cases: [(String, Vec<u8>, &str); 9] = [
        ("no note".into(), vec![], "note"),
        (note.clone(), vec![], "nobody but the log itself signed"),
        (
            with(&|c| c.root = NodeHash::EMPTY),
            vec![],
            "another history",
        ),
        (
            with(&|c| c.size = TreeSize::new(8)),
            vec![],
            "expected 1 to 7",
        ),
        (
            with(&|c| c.size = TreeSize::ZERO),
            vec![],
            "expected 1 to 7",
        ),
        (with(&|c| c.origin.push('x')), vec![], "not"),
        (
            cosigned(&checkpoint.sign(&witness()).unwrap().to_string(), NOW),
            vec![],
            "",
        ),
        (note.clone(), b"garbage".to_vec(), "timestamp"),
        (
            note.clone(),
            authority.token(b"other", at(NOW)),
            "not over this checkpoint",
        ),
    ];
    let size = rig.store.head(&log).unwrap().unwrap().size();
    for (note, token, words) in cases {
        let error = ledger.anchor(&log, request(&note, &token)).unwrap_err();
        assert!(matches!(error, LedgerError::Anchor { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    // More than fits a receipt.
    let mut long = SignedNote::parse(note.as_bytes()).unwrap();
    for number in 0..60 {
        let line = format!("\u{2014} w{number}.example {}", "AAAA".repeat(300));
        long.add(NoteSignature::parse(&line).unwrap()).unwrap();
    }
    let error = ledger
        .anchor(&log, request(&long.to_string(), b""))
        .unwrap_err();
    assert!(matches!(error, LedgerError::Append { .. }), "{error:?}");
    assert!(error.to_string().contains("anchor"), "{error}");
    assert_eq!(rig.store.head(&log).unwrap().unwrap().size(), size);
    let other = LogName::new("other").unwrap();
    let error = ledger.anchor(&other, request(&note, &good)).unwrap_err();
    assert!(
        matches!(error, LedgerError::NotAttached { .. }),
        "{error:?}"
    );
    // The ledger goes on.
    ledger.anchor(&log, request(&note, &good)).unwrap();
    fill(&ledger, 1);
}

#[test]
fn a_store_that_fails_leaves_no_anchor_and_no_doubt() {
    let rig = rig();
    let log = LogName::default();
    let ledger = rig.created();
    let note = cosigned(&ledger.checkpoint(&log).unwrap(), NOW);
    for fault in [Fault::Full, Fault::Before] {
        rig.store.fail_next(fault);
        let error = ledger.anchor(&log, request(&note, b"")).unwrap_err();
        assert!(matches!(error, LedgerError::Append { .. }), "{error:?}");
        assert!(!kinds(&*rig.store, &log).contains(&Kind::ANCHOR));
    }
    ledger.anchor(&log, request(&note, b"")).unwrap();
    // Told that it failed, and written all the same: said so, and counted once.
    rig.store.fail_next(Fault::After);
    let error = ledger.anchor(&log, request(&note, b"")).unwrap_err();
    assert!(error.to_string().contains("perhaps not durably"), "{error}");
    ledger.close("done").unwrap();
    let all = kinds(&*rig.store, &log);
    assert_eq!(all.iter().filter(|kind| **kind == Kind::ANCHOR).count(), 2);
    let report = verified(&rig, &Authority::new(1));
    assert!(report.verdict.integrity.is_verified(), "{report:?}");
}

#[test]
fn the_body_is_what_the_specification_says() {
    use ai_audit_core::{DecodeBody as _, UnverifiedReceipt};
    let rig = rig();
    let log = LogName::default();
    let ledger = rig.created();
    let note = cosigned(&ledger.checkpoint(&log).unwrap(), NOW);
    fill(&ledger, 3);
    let receipt = ledger.anchor(&log, request(&note, b"")).unwrap();
    ledger.close("done").unwrap();
    let all = walk(&*rig.store, &log, 1);
    let sealed = &all[usize::try_from(receipt.seq).unwrap()].1;
    let receipt = UnverifiedReceipt::parse(sealed).unwrap();
    let anchor = Anchor::decode(&receipt).unwrap();
    assert_eq!(
        (&*anchor.note, anchor.token.is_empty()),
        (note.as_str(), true)
    );
    // Text: length and bytes. No token: length 0. The path: their number, and 32 bytes each.
    let mut expected = vec![
        u8::try_from(note.len() & 0x7f).unwrap() | 0x80,
        u8::try_from(note.len() >> 7).unwrap(),
    ];
    expected.extend_from_slice(note.as_bytes());
    expected.extend_from_slice(&[0, u8::try_from(anchor.path.len()).unwrap()]);
    for hash in anchor.path.iter() {
        expected.extend_from_slice(hash.as_bytes());
    }
    assert_eq!(receipt.body(), expected);
}
