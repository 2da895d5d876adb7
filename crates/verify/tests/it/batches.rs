//! A67 to A74: batched receipts, and the seals that sign for them.

mod made;
mod vectors;

use crate::keys::{key, rotate, unattributed};
use crate::logs::{Log, verify};
use ai_audit_core::{
    BatchSeal, Body, Decision, Exit, KeyRevocation, Kind, LeafHash, NodeHash, PolicyEntry,
    Question, Timestamp, UnverifiedReceipt, encode_body,
};
use ai_audit_merkle::root_of;
use ai_audit_note::Checkpoint;
use ai_audit_verify::{DetachedRevocation, LogVerifier, SelectionVerifier, TrustPolicy};
use made::{
    batch, batch_control, batch_one, close, draft, good, open, permission, permitting, proved,
    selected, whole,
};

#[test]
fn batches_verify_whole_and_one_receipt_alone() {
    let log = whole();
    let policy = log.policy();
    let mut verifier = LogVerifier::new(&policy);
    for sealed in &log.sealed {
        assert!(verifier.push(sealed).is_some());
    }
    good(&verifier.finish());
    // A batched receipt is 64 bytes shorter.
    assert_eq!(
        log.sealed[2].len() + 64 + "signed-m".len() - 1,
        log.sealed[8].len() + 1
    );
    let two = [Question::Integrity, Question::Attribution];
    for seqs in [
        &[0, 1, 4, 7, 12, 13, 15][..],
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 15],
        &[0, 1, 7, 11, 12, 13, 14, 15],
    ] {
        assert_eq!(selected(&log, seqs).exit(&two), Exit::Verified, "{seqs:?}");
    }
    for (seq, with) in [
        (3, &[7][..]),
        (11, &[12]),
        (14, &[13, 15]),
        (7, &[]),
        (8, &[]),
    ] {
        let report = proved(&log, seq, with);
        assert_eq!(report.exit(&two), Exit::Verified, "{seq}: {report:?}");
    }
}

#[test]
fn deleted_receipts_of_a_batch_count_by_their_hashes() {
    // No deletion receipt accounts for them here, so integrity fails; who signed is another question.
    let log = whole();
    let policy = TrustPolicy::new().pin(log.pin());
    for gone in [&[2, 3][..], &[2, 3, 4, 5, 6], &[4, 10], &[14]] {
        let mut verifier = LogVerifier::new(&policy);
        for (sealed, seq) in log.sealed.iter().zip(0_u64..) {
            if gone.contains(&seq) {
                let hash = UnverifiedReceipt::parse(sealed).unwrap().hash();
                verifier.push_deleted(hash);
            } else {
                verifier.push(sealed);
            }
        }
        let verdict = verifier.finish().verdict;
        assert!(verdict.attribution.is_verified(), "{gone:?}: {verdict:?}");
    }
}

#[test]
fn a67_batched_where_nothing_permits_it() {
    for value in ["", "Batched", "signed"] {
        let policy = [PolicyEntry {
            name: BatchSeal::POLICY.into(),
            value: value.into(),
        }];
        let mut log = Log::promising(1, &policy);
        batch(&mut log, 1);
        close(&mut log, 1);
        let report = verify(&log.policy(), &log.sealed);
        unattributed(&report, 1, "does not permit");
        assert!(report.verdict.integrity.is_verified());
    }
    let mut log = Log::of(1, 3);
    let root = log.tree.root();
    let (from, count) = (2, 1);
    log.seal(&BatchSeal { from, count, root });
    unattributed(&verify(&log.policy(), &log.sealed), 3, "does not permit");
    // A policy receipt cannot bring it in later.
    let permission = permission();
    let change = ai_audit_core::PolicyChange {
        policy: (&permission[..]).into(),
        reason: "".into(),
    };
    assert!(change.check().is_err());
    // Where the genesis is not there nobody can tell.
    let log = whole();
    let bare = ai_audit_verify::Pin::Key(Log::new(1).receipt_key.verifying_key());
    let report = verify(&TrustPolicy::new().pin(bare), &log.sealed[8..13]);
    let attribution = report.verdict.attribution.to_string();
    assert!(attribution.contains("could permit them"), "{attribution}");
}

#[test]
fn a68_seals_over_something_else() {
    let sealed = |from: u64, count: u64, root: fn(&Log) -> NodeHash| {
        let mut log = whole();
        batch(&mut log, 4); // 16 to 19
        let root = root(&log);
        log.seal(&BatchSeal { from, count, root });
        verify(&log.policy(), &log.sealed)
    };
    let own: fn(&Log) -> NodeHash = |log| log.tree.root();
    good(&sealed(16, 4, own));
    let foreign: [fn(&Log) -> NodeHash; 3] = [
        |_| NodeHash::EMPTY,
        |_| whole().tree.root(),
        // Over the batch alone.
        |log| {
            let hashes = log.sealed[16..].iter();
            let leaves: Vec<LeafHash> = hashes
                .map(|sealed| UnverifiedReceipt::parse(sealed).unwrap().hash())
                .collect();
            root_of(&leaves)
        },
    ];
    for root in foreign {
        unattributed(
            &sealed(16, 4, root),
            20,
            "root is not that of the log's tree",
        );
    }
    // Left out at the start; the signed seal before it covered too; ends before and behind itself.
    for (from, count) in [
        (17, 3),
        (15, 5),
        (14, 6),
        (16, 3),
        (16, 5),
        (20, 1),
        (1, 19),
    ] {
        unattributed(&sealed(from, count, own), 20, "expected all batched ones");
    }
    // What no batch seal can say.
    for (from, count) in [
        (0, 20),
        (16, 0),
        (16, 65_537),
        (u64::MAX, 1),
        (16, u64::MAX),
    ] {
        let root = NodeHash::EMPTY;
        assert!(BatchSeal { from, count, root }.check().is_err());
    }
    let mut log = whole();
    batch(&mut log, 1);
    let mut buf = [0; 512];
    // from 16, count 2^64 - 1, which overflows.
    let mut body = vec![16];
    body.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    body.extend([0; 32]);
    let forged = draft(&log)
        .seal_encoded(
            Kind::BATCH_SEAL,
            &body,
            &log.head,
            &log.receipt_key,
            &mut buf,
        )
        .unwrap();
    log.put(forged);
    let report = verify(&log.policy(), &log.sealed);
    unattributed(&report, 17, "count");
    assert!(report.verdict.integrity.is_failed());
}

#[test]
fn a68_the_same_receipts_are_not_sealed_twice() {
    let mut log = whole();
    let root = log.tree.root();
    log.seal(&BatchSeal {
        from: 14,
        count: 2,
        root,
    });
    unattributed(&verify(&log.policy(), &log.sealed), 16, "above receipt 15");
    // Nor is nothing.
    let mut log = whole();
    let root = log.tree.root();
    log.seal(&BatchSeal {
        from: 15,
        count: 1,
        root,
    });
    unattributed(&verify(&log.policy(), &log.sealed), 16, "above receipt 15");
    // In a selection the same.
    let seqs = [0, 1, 7, 12, 13, 15, 16];
    let attribution = selected(&log, &seqs).verdict.attribution;
    assert!(attribution.is_failed(), "{attribution}");
}

#[test]
fn a69_a_swapped_receipt_with_the_chain_rebuilt() {
    let mut log = permitting();
    batch(&mut log, 3);
    close(&mut log, 3);
    let (policy, honest) = (log.policy(), log.sealed.clone());
    // Nobody needs a key to make batched receipts 2 to 4 anew.
    let mut forged = permitting();
    batch_one(
        &mut forged,
        &Decision {
            model: "other".into(),
            ..Decision::new()
        },
    );
    batch(&mut forged, 2);
    // The seal as it was: it names another receipt before it, and another root.
    forged.sealed.push(honest[5].clone());
    let report = verify(&policy, &forged.sealed);
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
    unattributed(&report, 5, "root is not that of the log's tree");
    // The seal fitted to them: it is not what was signed.
    let seal = BatchSeal {
        from: 2,
        count: 3,
        root: forged.tree.root(),
    };
    forged.sealed.pop();
    let mut buf = [0; 512];
    let fitted = draft(&forged)
        .seal(&seal, &forged.head, &forged.receipt_key, &mut buf)
        .unwrap();
    let mut bytes = fitted.as_bytes().to_vec();
    let place = bytes.len() - 64;
    bytes[place..].copy_from_slice(&honest[5][honest[5].len() - 64..]);
    forged.sealed.push(bytes);
    let report = verify(&policy, &forged.sealed);
    assert!(report.verdict.integrity.is_failed(), "{report:?}");
    unattributed(&report, 5, "does not verify");
    // One in the middle swapped, the rest as it was: the seal cannot speak for a broken log.
    let mut broken = honest.clone();
    broken[2].clone_from(&forged.sealed[2]);
    let verdict = verify(&policy, &broken).verdict;
    assert!(verdict.integrity.is_failed(), "{verdict:?}");
    assert!(!verdict.attribution.is_verified(), "{verdict:?}");
}

#[test]
fn a70_receipts_at_the_end_that_nobody_signed_for() {
    let mut log = whole();
    // Anybody who can write to the file can do this.
    batch(&mut log, 1);
    let pinned = TrustPolicy::new().pin(log.pin()).min_size(17);
    open(
        &verify(&pinned, &log.sealed),
        "receipt 16 is batched and no batch seal",
    );
    batch(&mut log, 2);
    open(
        &verify(&pinned, &log.sealed),
        "receipts 16 to 18 are batched",
    );
    // A checkpoint does not stand in for the seal.
    open(
        &verify(&log.policy(), &log.sealed),
        "receipts 16 to 18 are batched",
    );
    // Nor does a signed receipt that goes on behind them, whatever it is.
    log.decide("m");
    unattributed(
        &verify(&pinned, &log.sealed),
        19,
        "receipts 16 to 18 are batched",
    );
}

#[test]
fn a71_a_batch_has_one_key_and_that_key_signs_for_it() {
    // Over a rotation.
    let mut log = whole();
    batch(&mut log, 2);
    rotate(&mut log, key(101));
    batch(&mut log, 1);
    close(&mut log, 4);
    unattributed(
        &verify(&log.policy(), &log.sealed),
        18,
        "receipts 16 to 17 are batched",
    );
    // Named for the key before.
    let mut log = whole();
    let new = core::mem::replace(&mut log.receipt_key, key(1));
    batch(&mut log, 1);
    log.receipt_key = new;
    close(&mut log, 1);
    unattributed(&verify(&log.policy(), &log.sealed), 16, "is valid here");
    // Sealed by the key before.
    let mut log = whole();
    batch(&mut log, 1);
    log.receipt_key = key(4);
    close(&mut log, 1);
    unattributed(&verify(&log.policy(), &log.sealed), 17, "is valid here");
    // Sealed by a key that was revoked, inside of the log and with the revocation beside it.
    let mut log = whole();
    let stolen = log.receipt_key.verifying_key();
    let revocation = KeyRevocation::sign(
        &log.head.log_id(),
        stolen,
        17,
        Timestamp::from_micros(1_790_000_000_000_000),
        key(102).verifying_key(),
        "stolen",
        &log.recovery_key,
    )
    .unwrap();
    batch(&mut log, 2); // 16 and 17, not above `after`
    close(&mut log, 2); // 18
    let detached = DetachedRevocation::new(&log.origin, encode_body(&revocation).unwrap()).unwrap();
    let policy = log.policy().revocation(detached);
    unattributed(&verify(&policy, &log.sealed), 18, "was revoked");
    let thief = core::mem::replace(&mut log.receipt_key, key(102));
    log.seal(&revocation);
    log.receipt_key = thief;
    batch(&mut log, 1);
    close(&mut log, 1);
    unattributed(&verify(&log.policy(), &log.sealed), 20, "is valid here");
}

#[test]
fn a72_receipts_about_the_log_are_never_batched() {
    let id = key(4).verifying_key().id();
    for number in 0..26 {
        let kind = Kind::new(number);
        if !kind.is_control() || kind == Kind::GENESIS {
            continue;
        }
        let mut log = permitting();
        let mut buf = [0; 512];
        let refused = draft(&log).seal_batched_encoded(kind, b"", &log.head, id, &mut buf);
        assert!(refused.is_err_and(|error| error.to_string().contains("never batched")));
        batch_control(&mut log, kind, b"\x01\x00\x00");
        close(&mut log, 1);
        let attribution = verify(&log.policy(), &log.sealed).verdict.attribution;
        assert!(
            attribution.to_string().contains("a signature of its own"),
            "{kind}: {attribution}"
        );
    }
}

#[test]
fn a73_out_of_its_batch_without_its_seal() {
    let log = whole();
    // The seal left out.
    open(
        &proved(&log, 3, &[]),
        "receipt 3 is batched and no batch seal",
    );
    let report = selected(&log, &[0, 1, 3, 5]);
    let attribution = report.verdict.attribution.to_string();
    assert!(
        attribution.contains("receipts 3 to 5 are batched"),
        "{attribution}"
    );
    // That of another batch in its place.
    let report = proved(&log, 3, &[12]);
    assert!(report.verdict.attribution.is_failed(), "{report:?}");
    // A receipt of another history under a genuine seal.
    let mut other = permitting();
    batch_one(
        &mut other,
        &Decision {
            model: "other".into(),
            ..Decision::new()
        },
    );
    batch(&mut other, 4);
    close(&mut other, 5);
    let (policy, note) = (TrustPolicy::new().pin(log.pin()), other.checkpoint());
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let mut verifier = SelectionVerifier::new(&policy, note, checkpoint);
    verifier.push(&other.sealed[0], other.path(0));
    assert!(verifier.push(&other.sealed[2], other.path(2)).is_some());
    verifier.push(&log.sealed[7], other.path(7));
    let verdict = verifier.finish().verdict;
    assert!(verdict.integrity.is_failed(), "{verdict:?}");
    assert!(!verdict.attribution.is_verified(), "{verdict:?}");
}

#[test]
fn a74_a_batch_has_an_end() {
    // That as many as the bound are taken is tested with the key history alone.
    let mut over = permitting();
    batch(&mut over, BatchSeal::MAX + 1);
    let report = verify(&TrustPolicy::new().pin(over.pin()), &over.sealed);
    unattributed(&report, 2 + BatchSeal::MAX, "a batch seal was due");
}
