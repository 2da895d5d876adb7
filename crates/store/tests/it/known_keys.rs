//! A124: the keys of subjects are an older copy, or another instance has its own. No subject gets a second key beside the one that
//! the log uses.

use crate::erasing::{Erasing, Keys, Source, erasing, log, shred};
use crate::rig::{Rig, record};
use ai_audit_core::{DecodeBody as _, Kind, NodeHash, SubjectKeyId};
use ai_audit_shredding::{ErasureCompleted, HeldKey, KnownUpTo, SubjectKeys, SubjectKeysError};
use ai_audit_store::{
    AppendError, KeyConflictKind, KnownSubjectKeys, LedgerError, MemoryKeys, MemorySubjectKeys,
    Record, Shred, Store, SystemClock,
};
use ai_audit_store::{Random, RandomError};
use ai_audit_testkit::Counter;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Other bytes than the counter's of the first copy.
struct Elsewhere(Counter);

impl Random for Elsewhere {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(out)?;
        for byte in out {
            *byte = !*byte;
        }
        Ok(())
    }
}

/// The same store beside the keys of another copy of the directory, which has none of the first one's.
fn other_copy(first: &Erasing) -> Erasing {
    let other = copy_with(first, Arc::new(Elsewhere(Counter::default())));
    other.keeper().key_for("nobody 1").unwrap();
    other
}

/// The same store beside no keys, of which these bytes make some.
fn copy_with(first: &Erasing, random: Arc<dyn Random>) -> Erasing {
    let keys = Arc::new(Keys {
        keys: MemoryKeys::new(random),
        fails: Mutex::default(),
        sync_fails: Mutex::default(),
        refuses: Mutex::default(),
        afterwards: Mutex::default(),
    });
    let mut config = first.rig.config.clone();
    config.subject_keys = Some(Arc::new(Source(Arc::clone(&keys))));
    Erasing {
        rig: Rig {
            store: Arc::clone(&first.rig.store),
            clock: Arc::clone(&first.rig.clock),
            config,
        },
        keys,
        ids: Cell::new(100),
    }
}

fn known(of: &Erasing) -> KnownSubjectKeys {
    KnownSubjectKeys::new(of.keeper(), of.rig.store.clone(), log())
}

fn refusal(keys: &KnownSubjectKeys, subject: &str) -> String {
    let refused: SubjectKeysError = keys.key_for(subject).unwrap_err();
    refused.to_string()
}

fn lost(subject: &str, key: SubjectKeyId) -> Shred {
    Shred {
        lost: vec![(subject.to_owned(), key)],
        ..shred(&[])
    }
}

#[test]
fn a124_keys_that_lack_one_of_the_log_make_no_new_ones_until_it_is_said_to_be_lost() {
    let first = erasing();
    let ledger = first.rig.created();
    first.submit(&ledger, "b");
    let seq = first.submit(&ledger, "a");
    let used = ["a", "b"].map(|of| first.keeper().find(of).unwrap().unwrap());
    drop(ledger);

    let other = other_copy(&first);
    let keys = known(&other);
    // Whoever is not in the log may have a key that is not here, all the same.
    for (subject, seq, key) in [("a", seq, used[0]), ("somebody else", seq - 1, used[1])] {
        let refused = refusal(&keys, subject);
        let names = format!("receipt {seq} is encrypted under key {key}");
        assert!(refused.contains(&names), "{refused}");
        assert!(refused.contains("shred DIR --lost-keys"), "{refused}");
        assert_eq!(keys.find(subject).unwrap(), None);
    }
    // A key that is here and that the log does not contradict.
    assert!(keys.key_for("nobody 1").is_ok());

    let ledger = other.rig.attached();
    ledger.shred(&log(), lost("a", used[0])).unwrap();
    // One is missing yet.
    assert!(refusal(&keys, "a").contains(&used[1].to_string()));
    ledger.shred(&log(), lost("b", used[1])).unwrap();
    assert!(keys.key_for("a").is_ok());
    other.submit(&ledger, "a");
    other.submit(&ledger, "somebody else");
    other.assert_open();
}

/// The writer looks by itself: at what came after a key was handed out, and beside a keeper that looks at nothing.
#[test]
fn a124_the_ledger_stores_nothing_under_a_second_key_of_a_subject() {
    let first = erasing();
    let ledger = first.rig.created();
    let seq = first.submit(&ledger, "a");
    let used = first.keeper().find("a").unwrap().unwrap();
    drop(ledger);

    let other = other_copy(&first);
    let ledger = other.rig.attached();
    let error = ledger
        .submit(&log(), vec![other.record("a")])
        .unwrap()
        .wait()
        .unwrap_err();
    let AppendError::KeyConflict { index: 0, conflict } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((conflict.seq, conflict.key), (seq, used));
    assert_eq!(conflict.kind, KeyConflictKind::Unknown);
    // What is about nobody, and about others, goes on; nothing is declared as lost.
    ledger
        .submit(&log(), vec![record("a")])
        .unwrap()
        .wait()
        .unwrap();
    other.submit(&ledger, "nobody 1");
    assert!(other.receipts(Kind::GAP, |_| ()).is_empty());
    // Erasing him by the key that is here would leave the other one.
    let error = ledger.shred(&log(), shred(&["a"])).unwrap_err();
    assert!(
        matches!(&error, LedgerError::SubjectKeys { .. }) && error.to_string().contains("receipt "),
        "{error}"
    );
    let both = Shred {
        lost: vec![("a".to_owned(), used)],
        ..shred(&["a"])
    };
    ledger.shred(&log(), both).unwrap();
    other.submit(&ledger, "a");
    other.assert_open();
}

#[test]
fn a124_two_copies_that_each_have_a_key_of_a_subject_do_not_both_use_it() {
    let first = erasing();
    let ledger = first.rig.created();
    // Nothing was encrypted under it yet: the log does not name it.
    first.keeper().key_for("a").unwrap();
    drop(ledger);
    let other = other_copy(&first);
    let ledger = other.rig.attached();
    let seq = other.submit(&ledger, "a");
    drop(ledger);
    let keys = known(&first);
    let refused = refusal(&keys, "a");
    assert!(refused.contains(&format!("receipt {seq} ")), "{refused}");
    assert_eq!(first.keeper().known_up_to().unwrap(), None);
}

#[test]
fn a124_a_copy_from_before_an_erasure_does_not_use_the_destroyed_key() {
    let first = erasing();
    let ledger = first.rig.created();
    first.submit(&ledger, "a");
    let key = first.keeper().find("a").unwrap().unwrap();
    // The copy: the same keys, which the log's own counter makes again.
    let copy = MemorySubjectKeys::new(*first.keeper().log(), Arc::new(Counter::default()));
    copy.key_for("a").unwrap();
    assert_eq!(copy.find("a").unwrap(), Some(key));
    ledger.shred(&log(), shred(&["a"])).unwrap();
    let completed = first.receipts(Kind::ERASURE_COMPLETED, |receipt| {
        let done = ErasureCompleted::decode(receipt).unwrap();
        assert!(done.keys.iter().eq([&key]));
        receipt.header().seq
    });
    let keys = KnownSubjectKeys::new(Arc::new(copy), first.rig.store.clone(), log());
    let refused = refusal(&keys, "a");
    let says = format!("receipt {} says that key {key} is destroyed", completed[0]);
    assert!(refused.contains(&says), "{refused}");
    assert!(refusal(&keys, "b").contains(&says));
    // With the newest ones there is nothing to refuse.
    let keys = known(&first);
    assert!(keys.key_for("a").is_ok());
    assert!(matches!(keys.held(key).unwrap(), HeldKey::Destroyed));
}

/// Whichever of the two stands first by its id.
#[test]
fn a132_a_destroyed_key_that_came_back_does_not_stand_in_for_the_one_in_use() {
    type Bytes = fn() -> Arc<dyn Random>;
    let makes: [Bytes; 2] = [
        || Arc::new(Counter::default()),
        || Arc::new(Elsewhere(Counter::default())),
    ];
    let mut orders = BTreeSet::new();
    for bytes in makes {
        let base = erasing();
        let first = copy_with(&base, bytes());
        let ledger = first.rig.created();
        first.submit(&ledger, "a");
        let old = first.keeper().find("a").unwrap().unwrap();
        ledger.shred(&log(), shred(&["a"])).unwrap();
        first.submit(&ledger, "a");
        let used = first.keeper().find("a").unwrap().unwrap();
        drop(ledger);
        orders.insert(old < used);

        let older = copy_with(&base, bytes());
        older.keeper().key_for("a").unwrap();
        assert_eq!(older.keeper().find("a").unwrap(), Some(old));
        let all = known(&older).conflicts().unwrap();
        let kinds = |key| all.iter().find(|one| one.key == key).map(|one| one.kind);
        assert_eq!(kinds(old), Some(KeyConflictKind::InUseHere));
        assert_eq!(kinds(used), Some(KeyConflictKind::Unknown));
        let ledger = older.rig.attached();
        let refused = ledger.shred(&log(), shred(&["a"])).unwrap_err();
        assert!(refused.to_string().contains(&used.to_string()), "{refused}");
        let both = Shred {
            lost: vec![("a".to_owned(), used)],
            ..shred(&["a"])
        };
        ledger.shred(&log(), both).unwrap();
        assert_eq!(known(&older).conflicts().unwrap(), []);
    }
    assert_eq!(orders.len(), 2);
}

#[test]
fn a124_a_log_from_before_an_erasure_is_told_of_it_first() {
    let first = erasing();
    let ledger = first.rig.created();
    first.submit(&ledger, "a");
    let key = first.keeper().find("a").unwrap().unwrap();
    let kek = first.keeper().kek().unwrap();
    first.keeper().destroy(&[key], kek).unwrap();
    let keys = known(&first);
    let refused = refusal(&keys, "a");
    assert!(refused.contains("restored from before it"), "{refused}");
    // Nobody else is concerned: these keys are the newest.
    assert!(keys.key_for("b").is_ok());
    ledger.shred(&log(), lost("a", key)).unwrap();
    assert!(keys.key_for("a").is_ok());
}

/// What is read: nothing before a key is asked for, then all, then only what came since it was noted.
#[test]
fn what_was_looked_at_is_noted_and_not_read_again() {
    let mut erasing = erasing();
    erasing.rig.config.clock = Arc::new(SystemClock);
    let ledger = erasing.rig.created();
    erasing.submit(&ledger, "a");
    let store = &erasing.rig.store;
    let fill = |count: usize| {
        let records: Vec<Record> = (0..count).map(|_| record("m")).collect();
        ledger.submit(&log(), records).unwrap().wait().unwrap();
    };
    fill(1500);
    let read = |keys: &KnownSubjectKeys| {
        let before = store.receipts_read();
        keys.key_for("a").unwrap();
        keys.key_for("a").unwrap();
        store.receipts_read() - before
    };
    let size = || store.head(&log()).unwrap().unwrap().size();
    assert_eq!(erasing.keeper().known_up_to().unwrap(), None);
    let before = store.receipts_read();
    let keys = known(&erasing);
    assert_eq!(store.receipts_read(), before);
    assert_eq!(read(&keys), size());
    let noted = erasing.keeper().known_up_to().unwrap().unwrap();
    let head = store.head(&log()).unwrap().unwrap();
    assert_eq!(noted.size, head.size());
    assert_eq!(noted.last, NodeHash::from_leaf(head.hash()));
    assert_eq!(read(&known(&erasing)), 0);
    // A little more is read again, and not noted each time.
    fill(20);
    assert_eq!(read(&known(&erasing)), 20);
    assert_eq!(erasing.keeper().known_up_to().unwrap(), Some(noted));
    // Where the log is another one than that was noted of, all of it is read.
    for other in [
        KnownUpTo {
            last: NodeHash::from_bytes([7; 32]),
            ..noted
        },
        KnownUpTo {
            size: size() + 1,
            ..noted
        },
    ] {
        erasing.keeper().note_known_up_to(other).unwrap();
        assert_eq!(read(&known(&erasing)), size());
        erasing.keeper().note_known_up_to(noted).unwrap();
    }
}

#[test]
fn a124_what_contradicts_the_keys_is_found_again_by_the_next_process() {
    let first = erasing();
    let ledger = first.rig.created();
    let seq = first.submit(&ledger, "a");
    let records: Vec<Record> = (0..1500).map(|_| record("m")).collect();
    ledger.submit(&log(), records).unwrap().wait().unwrap();
    drop(ledger);
    let other = other_copy(&first);
    for _ in 0..2 {
        let refused = refusal(&known(&other), "b");
        assert!(refused.contains(&format!("receipt {seq} ")), "{refused}");
        assert_eq!(other.keeper().known_up_to().unwrap(), None);
    }
}

#[test]
fn a124_what_has_no_bytes_is_accounted_for_and_a_store_that_is_away_hands_out_no_key() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    let seq = erasing.submit(&ledger, "a");
    let moved = || SubjectKeysError::new("they were moved away");
    let strict = || known(&erasing).accounting(move || Err(moved()));
    assert!(strict().key_for("a").is_ok());
    let (here, away) = (known(&erasing), known(&erasing));
    erasing.rig.store.go_away();
    let refused = refusal(&away, "b");
    assert!(
        refused.contains("no new key of a subject is made"),
        "{refused}"
    );
    // It is not waited for with each record, and who has a key goes on.
    let asked = erasing.rig.store.asked_in_vain();
    assert_eq!(refusal(&away, "b"), refused);
    assert!(away.key_for("a").is_ok());
    assert_eq!(erasing.rig.store.asked_in_vain(), asked);
    erasing.rig.store.heal();
    assert!(here.key_for("b").is_ok());
    erasing
        .rig
        .store
        .delete_receipts(&log(), seq..=seq)
        .unwrap();
    assert!(refusal(&strict(), "a").contains("they were moved away"));
    assert!(known(&erasing).key_for("c").is_ok());
}

/// What uses a key stands before what erased it.
#[test]
fn a124_a_look_that_breaks_off_holds_nothing_against_whoever_was_erased() {
    let erasing = erasing();
    let ledger = erasing.rig.created();
    erasing.submit(&ledger, "a");
    let records: Vec<Record> = (0..1200).map(|_| record("m")).collect();
    ledger.submit(&log(), records).unwrap().wait().unwrap();
    ledger.shred(&log(), shred(&["a"])).unwrap();
    drop(ledger);
    erasing.rig.store.lose(600..700);
    let ledger = erasing.rig.attached();
    erasing.keeper().key_for("a").unwrap();
    erasing.submit(&ledger, "a");
    ledger.shred(&log(), shred(&["a"])).unwrap();
}

/// Receipts with digests of subjects and nothing encrypted: the ledger looks at no keys of them.
#[test]
fn how_far_a_log_is_known_is_noted_while_keys_are_handed_out() {
    let mut erasing = erasing();
    erasing.rig.config.clock = Arc::new(SystemClock);
    let ledger = erasing.rig.created();
    let keys = known(&erasing);
    keys.key_for("a").unwrap();
    assert_eq!(erasing.keeper().known_up_to().unwrap(), None);
    let records = |count: usize| -> Vec<Record> { (0..count).map(|_| record("m")).collect() };
    let mut tickets = Vec::new();
    for _ in 0..17 {
        tickets.push(ledger.submit(&log(), records(4000)).unwrap());
    }
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    for _ in 0..1 << 10 {
        keys.key_for("a").unwrap();
    }
    let size = erasing.rig.store.head(&log()).unwrap().unwrap().size();
    let noted = erasing.keeper().known_up_to().unwrap().unwrap();
    assert_eq!(noted.size, size);
    let before = erasing.rig.store.receipts_read();
    known(&erasing).key_for("b").unwrap();
    assert_eq!(erasing.rig.store.receipts_read(), before);
}
