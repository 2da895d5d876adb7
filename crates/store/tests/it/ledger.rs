//! The ledger in ordinary use: groups, producers, start and stop, clocks, checkpoints, refusals.

use crate::rig::{NOW, decision, kinds, name, record, rig, walk};
use ai_audit_core::{
    ClockAnomaly, Decision, DecodeBody as _, Head, Kind, ReceiptId, Start, Stop, Timestamp,
    UnverifiedReceipt,
};
use ai_audit_merkle::{Tiled, TreeSize, root};
use ai_audit_note::{Checkpoint, SignedNote, VKey, cosign};
use ai_audit_store::{
    AppendError, CheckpointPolicy, EncodedRecordBody, Ledger, LedgerError, LogName, Record, Store,
    StoreTiles, SubmitError,
};
use ai_audit_testkit::TestLog;
use core::time::Duration;
use std::sync::Mutex;

#[test]
fn a_group_is_contiguous_and_refers_to_itself() {
    let rig = rig();
    let ledger = rig.created();
    let id = ReceiptId::from_parts(Timestamp::from_micros(NOW), [9; 10]);
    let group = vec![
        record("first").trace("t").session("s").actor("a"),
        Record::build(id, |earlier| {
            let parents = earlier.hashes().to_vec().into();
            assert!(earlier.hash(1).is_none());
            EncodedRecordBody::new(&Decision {
                parents,
                ..decision("second")
            })
        }),
    ];
    let receipts = ledger
        .submit(&LogName::default(), group)
        .unwrap()
        .wait()
        .unwrap();
    assert_eq!((receipts[0].seq, receipts[1].seq), (2, 3));
    assert_eq!(receipts[1].id, id);
    ledger.close("done").unwrap();
    let log = walk(&*rig.store, &LogName::default(), 1);
    let first = UnverifiedReceipt::parse(&log[2].1).unwrap();
    let header = first.header();
    assert_eq!(
        (header.trace_id, header.session_id, header.actor_id),
        ("t", "s", "a")
    );
    assert_eq!(
        (header.id, first.hash()),
        (receipts[0].id, receipts[0].hash)
    );
    let second = UnverifiedReceipt::parse(&log[3].1).unwrap();
    let second = Decision::decode(&second).unwrap();
    assert_eq!(second.parents.as_slice(), [receipts[0].hash]);
}

#[test]
fn many_producers_and_logs_share_commits_and_nothing_is_lost() {
    let rig = rig();
    let ledger = rig.created();
    let second = name("second");
    ledger
        .create_log(second.clone(), TestLog::new_log(2))
        .unwrap();
    let acknowledged = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for producer in 0..16u8 {
            let (ledger, acknowledged, second) = (&ledger, &acknowledged, &second);
            scope.spawn(move || {
                for _ in 0..20 {
                    let log = if producer % 2 == 0 {
                        LogName::default()
                    } else {
                        second.clone()
                    };
                    let group = vec![record("a"), record("b"), record("c")];
                    let receipts = ledger.submit(&log, group).unwrap().wait().unwrap();
                    assert!(receipts.windows(2).all(|two| two[0].seq + 1 == two[1].seq));
                    acknowledged.lock().unwrap().push((log, receipts));
                }
            });
        }
    });
    ledger.close("done").unwrap();
    let stats = ledger.stats();
    assert_eq!(stats.appended, 16 * 20 * 3 + 2 * 3);
    assert!(stats.commits < 16 * 20, "{stats:?}");
    let logs = [
        walk(&*rig.store, &LogName::default(), 1),
        walk(&*rig.store, &second, 2),
    ];
    for (log, receipts) in acknowledged.into_inner().unwrap() {
        let log = &logs[usize::from(log == second)];
        for receipt in receipts {
            let sealed = &log[usize::try_from(receipt.seq).unwrap()].1;
            let sealed = UnverifiedReceipt::parse(sealed).unwrap();
            assert_eq!(sealed.hash(), receipt.hash);
            assert_eq!(sealed.header().id, receipt.id);
        }
    }
    assert_eq!(logs[0].len(), 3 + 8 * 20 * 3);
}

#[test]
fn runs_begin_with_start_and_end_with_stop() {
    let rig = rig();
    let log = LogName::default();
    let ledger = rig.created();
    ledger
        .submit(&log, vec![record("a")])
        .unwrap()
        .wait()
        .unwrap();
    ledger.close("first run ends").unwrap();
    assert_eq!(ledger.close("twice"), Err(LedgerError::Closed));
    assert_eq!(
        ledger.submit(&log, vec![record("late")]).unwrap_err(),
        SubmitError::Closed
    );
    // The second run is never ended: its ledger is forgotten, as in a crash.
    std::mem::forget(rig.attached());
    let ledger = rig.attached();
    drop(ledger);
    let all = walk(&*rig.store, &log, 1);
    let kinds: Vec<Kind> = all.iter().map(|(kind, _)| *kind).collect();
    let (start, stop) = (Kind::START, Kind::STOP);
    let run = [
        Kind::GENESIS,
        start,
        Kind::DECISION,
        stop,
        start,
        start,
        stop,
    ];
    assert_eq!(kinds, run);
    let body = |seq: usize| UnverifiedReceipt::parse(&all[seq].1).unwrap();
    let starts = [1, 4, 5].map(|seq| {
        let receipt = body(seq);
        let start = Start::decode(&receipt).unwrap();
        assert_eq!(start.software, "test 1");
        (start.size, start.clean)
    });
    assert_eq!(starts, [(1, true), (4, true), (5, false)]);
    let receipt = body(3);
    let stop = Stop::decode(&receipt).unwrap();
    assert_eq!((stop.reason.as_str(), stop.size), ("first run ends", 3));
}

#[test]
fn a_clock_that_runs_backwards_is_recorded_and_reorders_nothing() {
    let rig = rig();
    let log = LogName::default();
    let ledger = rig.created();
    let append = |model| {
        ledger
            .submit(&log, vec![record(model)])
            .unwrap()
            .wait()
            .unwrap()[0]
    };
    rig.clock.set(NOW + 100);
    assert_eq!(append("a").sealed_at, Timestamp::from_micros(NOW + 100));
    rig.clock.set(NOW + 50);
    assert_eq!(append("b").sealed_at, Timestamp::from_micros(NOW + 100));
    assert_eq!(append("c").sealed_at, Timestamp::from_micros(NOW + 100));
    rig.clock.set(NOW + 200);
    assert_eq!(append("d").sealed_at, Timestamp::from_micros(NOW + 200));
    rig.clock.set(NOW);
    ledger.close("").unwrap();
    let all = walk(&*rig.store, &log, 1);
    let kinds: Vec<Kind> = all.iter().map(|(kind, _)| *kind).collect();
    let (one, odd) = (Kind::DECISION, Kind::CLOCK_ANOMALY);
    let run = [
        Kind::GENESIS,
        Kind::START,
        one,
        odd,
        one,
        one,
        one,
        odd,
        Kind::STOP,
    ];
    assert_eq!(kinds, run);
    let receipt = UnverifiedReceipt::parse(&all[3].1).unwrap();
    let anomaly = ClockAnomaly::decode(&receipt).unwrap();
    assert_eq!(anomaly.observed, Timestamp::from_micros(NOW + 50));
    assert_eq!(anomaly.last, Timestamp::from_micros(NOW + 100));
    let receipt = UnverifiedReceipt::parse(&all[8].1).unwrap();
    assert_eq!(Stop::decode(&receipt).unwrap().size, 8);
}

fn open_checkpoint(note: &str, origin: &str) -> Checkpoint {
    let key = TestLog::keys(1)[1].verifying_key();
    Checkpoint::open(note.as_bytes(), &VKey::ed25519(origin, key).unwrap()).unwrap()
}

#[test]
fn checkpoints_on_demand_and_by_number() {
    let mut rig = rig();
    rig.config.checkpoints = CheckpointPolicy {
        every_receipts: Some(10),
        every: None,
        at_close: true,
    };
    let log = LogName::default();
    let ledger = rig.open();
    let origin = ledger
        .create_log(log.clone(), TestLog::new_log(1))
        .unwrap()
        .origin;
    let note = ledger.checkpoint(&log).unwrap();
    assert_eq!(ledger.checkpoint(&log).unwrap(), note);
    assert_eq!(open_checkpoint(&note, &origin).size, TreeSize::new(2));
    for _ in 0..25 {
        ledger
            .submit(&log, vec![record("a")])
            .unwrap()
            .wait()
            .unwrap();
    }
    ledger.drain().unwrap();
    ledger.close("").unwrap();
    let stored = rig.store.checkpoints(&log).unwrap();
    let sizes: Vec<u64> = stored.iter().map(|kept| kept.size.as_u64()).collect();
    assert_eq!(sizes, [2, 12, 22, 28]);
    for kept in stored {
        let checkpoint = open_checkpoint(&kept.note, &origin);
        assert_eq!(checkpoint.size, kept.size);
        let mut tiles = Tiled::new(StoreTiles::new(&*rig.store, &log));
        assert_eq!(checkpoint.root, root(&mut tiles, kept.size).unwrap());
    }
    assert_eq!(ledger.stats().checkpoints, 4);
}

/// Another process makes the checkpoint and gets it cosigned, while the writer runs: neither of the
/// two orders loses the cosignature.
#[test]
fn a_checkpoint_made_again_keeps_its_cosignatures() {
    let rig = rig();
    let log = LogName::default();
    let ledger = rig.created();
    let witness = TestLog::keys(9)[0].verifying_key();
    let line = VKey::cosignature("w.example", witness).unwrap();
    let cosigned = |text: &str| {
        let mut note = SignedNote::parse(text.as_bytes()).unwrap();
        let time = Timestamp::from_micros(NOW);
        let signature = cosign(&note, "w.example", &TestLog::keys(9)[0], time).unwrap();
        note.add(signature).unwrap();
        note
    };
    let put = |note: &SignedNote| {
        let size = Checkpoint::parse(note.text()).unwrap().size;
        rig.store
            .put_checkpoint(&log, size, &note.to_string())
            .unwrap();
    };
    // After the writer made it.
    let made = ledger.checkpoint(&log).unwrap();
    put(&cosigned(&made));
    let again = ledger.checkpoint(&log).unwrap();
    assert_eq!(again, cosigned(&made).to_string());
    // Before the writer makes it.
    let submit = |model| ledger.submit(&log, vec![record(model)]).unwrap().wait();
    submit("a").unwrap();
    let mut tiles = Tiled::new(StoreTiles::new(&*rig.store, &log));
    let size = TreeSize::new(3);
    let checkpoint = Checkpoint {
        origin: Checkpoint::parse(cosigned(&made).text()).unwrap().origin,
        size,
        root: root(&mut tiles, size).unwrap(),
        extensions: Vec::new(),
    };
    let elsewhere = checkpoint.sign(&TestLog::keys(1)[1]).unwrap().to_string();
    put(&cosigned(&elsewhere));
    let note = SignedNote::parse(ledger.checkpoint(&log).unwrap().as_bytes()).unwrap();
    assert!(note.verify_cosignature(&line).is_ok());
    // One that is not this log's is not taken for it.
    submit("b").unwrap();
    let forged = Checkpoint {
        size: TreeSize::new(4),
        ..checkpoint
    };
    put(&forged.sign(&TestLog::keys(1)[1]).unwrap());
    // Nor is a second one of the same size signed beside it: somebody has been shown that one.
    let error = ledger.checkpoint(&log).unwrap_err();
    assert!(
        error.to_string().contains("another checkpoint of 4"),
        "{error}"
    );
}

#[test]
fn checkpoints_by_time_come_without_further_records() {
    let mut rig = rig();
    rig.config.checkpoints.every = Some(Duration::from_millis(30));
    let log = LogName::default();
    let ledger = rig.created();
    ledger
        .submit(&log, vec![record("a")])
        .unwrap()
        .wait()
        .unwrap();
    let latest = || rig.store.latest_checkpoint(&log).unwrap();
    for _ in 0..500 {
        if latest().is_some_and(|kept| kept.size == TreeSize::new(3)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(latest().unwrap().size, TreeSize::new(3));
    let made = ledger.stats().checkpoints;
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(ledger.stats().checkpoints, made, "nothing new to sign");
}

#[test]
fn a_log_is_refused_that_is_not_what_its_last_checkpoint_says() {
    let rig = rig();
    let log = LogName::default();
    let ledger = rig.open();
    let info = ledger.create_log(log.clone(), TestLog::new_log(1)).unwrap();
    ledger.close("").unwrap();
    let [_, key, _] = TestLog::keys(1);
    let forged = Checkpoint {
        origin: info.origin.clone(),
        size: TreeSize::new(2),
        root: ai_audit_core::NodeHash::EMPTY,
        extensions: vec![],
    };
    let attach = || rig.open().attach_log(log.clone(), TestLog::signers(1));
    let put = |size, note: &str| {
        rig.store
            .put_checkpoint(&log, TreeSize::new(size), note)
            .unwrap()
    };
    put(1, &forged.sign(&key).unwrap().to_string());
    assert!(matches!(attach(), Err(LedgerError::Contradiction { .. })));
    let longer = Checkpoint {
        size: TreeSize::new(9),
        ..forged
    };
    put(2, &longer.sign(&key).unwrap().to_string());
    let behind = attach().unwrap_err();
    assert!(
        matches!(
            behind,
            LedgerError::Behind {
                held: 3,
                marked: 9,
                ..
            }
        ),
        "{behind}"
    );
    put(3, "no note");
    assert!(matches!(attach(), Err(LedgerError::Checkpoint { .. })));
    // None of these attempts wrote anything.
    assert_eq!(kinds(&*rig.store, &log).len(), 3);
}

#[test]
fn wrong_keys_names_and_configurations_are_refused() {
    let mut rig = rig();
    let log = LogName::default();
    let ledger = rig.created();
    let again = ledger.create_log(log.clone(), TestLog::new_log(1));
    assert_eq!(again, Err(LedgerError::Exists { log: log.clone() }));
    let again = ledger.attach_log(log.clone(), TestLog::signers(1));
    assert_eq!(again, Err(LedgerError::Attached { log: log.clone() }));
    let missing = ledger.attach_log(name("none"), TestLog::signers(1));
    assert_eq!(missing, Err(LedgerError::NoSuchLog { log: name("none") }));
    assert!(ledger.checkpoint(&name("none")).is_err());
    ledger.close("").unwrap();

    let ledger = rig.open();
    let other = ledger
        .attach_log(log.clone(), TestLog::signers(2))
        .unwrap_err();
    let text = other.to_string();
    assert!(
        text.contains("receipt key") && text.contains("which needs"),
        "{text}"
    );
    let mut signers = TestLog::signers(1);
    signers.checkpoint = TestLog::signers(2).checkpoint;
    let other = ledger.attach_log(log.clone(), signers).unwrap_err();
    assert!(other.to_string().contains("checkpoint key"), "{other}");
    // Keys that are one and the same cannot make a genesis.
    let mut same = TestLog::new_log(3);
    same.recovery = same.signers.receipt.current().unwrap().verifying_key();
    assert!(ledger.create_log(name("same"), same).is_err());
    let mut spaced = TestLog::new_log(3);
    spaced.name = "a b".into();
    assert!(ledger.create_log(name("spaced"), spaced).is_err());
    assert_eq!(rig.store.logs().unwrap(), std::slice::from_ref(&log));
    assert_eq!(rig.store.head(&log).unwrap().unwrap().size(), 3);

    rig.config.capacity = 0;
    let zero = Ledger::open(rig.store.clone(), rig.config.clone()).unwrap_err();
    assert_eq!(zero, LedgerError::Config { field: "capacity" });
}

#[test]
fn records_that_cannot_be_sealed_are_refused_alone() {
    let rig = rig();
    let log = LogName::default();
    let ledger = rig.created();
    let submit = |records| ledger.submit(&log, records);
    assert_eq!(submit(vec![]).unwrap_err(), SubmitError::Empty);
    assert!(matches!(
        ledger.submit(&name("none"), vec![record("a")]),
        Err(SubmitError::NotAttached { .. })
    ));
    let long = record(&"x".repeat(70_000));
    assert!(matches!(
        submit(vec![record("a"), long]),
        Err(SubmitError::Record { index: 1, .. })
    ));
    let stop = Stop {
        reason: "forged".into(),
        size: 1,
    };
    assert!(matches!(
        submit(vec![Record::new(&stop)]),
        Err(SubmitError::Reserved {
            index: 0,
            kind: Kind::STOP
        })
    ));
    // What shows only when it is built takes its group with it, and nothing else.
    let id = |n| ReceiptId::from_parts(Timestamp::from_micros(NOW), [n; 10]);
    let good = submit(vec![record("good")]).unwrap();
    let forged = submit(vec![
        record("with it"),
        Record::build(id(1), move |_| EncodedRecordBody::new(&stop)),
    ]);
    let panics = submit(vec![
        record("a"),
        Record::build(id(2), |_| panic!("on purpose")),
    ]);
    // Fits by itself, but not together with header and names.
    let header = submit(vec![record("a").trace("t".repeat(65_530))]);
    let last = submit(vec![record("last")]);
    assert_eq!(good.wait().unwrap()[0].seq, 2);
    assert!(matches!(
        forged.unwrap().wait(),
        Err(AppendError::Reserved { index: 1, .. })
    ));
    assert_eq!(
        panics.unwrap().wait(),
        Err(AppendError::Panicked { index: 1 })
    );
    assert!(matches!(
        header.unwrap().wait(),
        Err(AppendError::Record { index: 0, .. })
    ));
    assert_eq!(last.unwrap().wait().unwrap()[0].seq, 3);
    ledger.close("").unwrap();
    let (one, stop) = (Kind::DECISION, Kind::STOP);
    // Mistakes of callers are no loss to declare.
    assert_eq!(
        kinds(&*rig.store, &log),
        [Kind::GENESIS, Kind::START, one, one, stop]
    );
}

#[test]
fn policy_and_origin_stand_in_the_genesis() {
    let rig = rig();
    let ledger = rig.open();
    let mut new = TestLog::new_log(1);
    new.policy = vec![
        ("retention-days".into(), "3650".into()),
        ("checkpoint-every".into(), "1000".into()),
    ];
    let info = ledger.create_log(LogName::default(), new).unwrap();
    assert_eq!(info.size, 2);
    let all = walk(&*rig.store, &LogName::default(), 1);
    let receipt = UnverifiedReceipt::parse(&all[0].1).unwrap();
    let genesis = ai_audit_core::Genesis::decode(&receipt).unwrap();
    assert_eq!(genesis.policy_value("checkpoint-every"), Some("1000"));
    assert_eq!(genesis.policy_value("retention-days"), Some("3650"));
    assert_eq!(genesis.origin().unwrap().to_string(), info.origin);
    assert_eq!(receipt.hash().to_log_id(), info.log_id);
    assert_ne!(
        rig.store.head(&LogName::default()).unwrap(),
        Some(Head::EMPTY)
    );
}
