//! What stores must do about the ciphertexts that stand beside receipts.

use super::{append, name};
use crate::TestLog;
use crate::erasures::{ciphertext, decision_with, key_id};
use ai_audit_core::Head;
use ai_audit_store::{Ciphertext, LogName, ReadLimit, Sealed, Store, StoreError, StoredContent};

/// Receipts of the log; 0 and 1 are control receipts.
const RECEIPTS: u64 = 40;
/// The key of every second ciphertext.
const COMMON: u8 = 9;

fn log_name() -> LogName {
    name("beside")
}

/// What stands beside a receipt of the log: two ciphertexts, or none beside every fourth.
fn beside(seq: u64) -> Vec<Ciphertext> {
    if seq < 2 || seq % 4 == 3 {
        return Vec::new();
    }
    let text = |place: u8| format!("ciphertext {place} of receipt {seq}").repeat(50);
    let own = u8::try_from(seq % 3).unwrap();
    vec![
        ciphertext(own, text(0).as_bytes()),
        ciphertext(COMMON, text(1).as_bytes()),
    ]
}

fn seal(log: &mut TestLog) -> Vec<Sealed> {
    let mut all = log.seal(2);
    all.extend((2..RECEIPTS).map(|seq| {
        let ciphertexts = beside(seq);
        log.seal_next(&decision_with("person-7", &ciphertexts))
            .with_ciphertexts(ciphertexts)
    }));
    all
}

fn all_beside(store: &dyn Store, log: &LogName) -> Vec<Vec<Ciphertext>> {
    (0..RECEIPTS)
        .map(|seq| store.ciphertexts(log, seq).unwrap())
        .collect()
}

/// What should be there where only these are left.
fn left(keep: impl Fn(u64, &Ciphertext) -> bool) -> Vec<Vec<Ciphertext>> {
    (0..RECEIPTS)
        .map(|seq| {
            let all = beside(seq).into_iter();
            all.filter(|one| keep(seq, one)).collect()
        })
        .collect()
}

fn contents(store: &dyn Store) -> Vec<StoredContent> {
    let limit = ReadLimit {
        receipts: usize::MAX,
        bytes: usize::MAX,
    };
    let read = store.read(&log_name(), 0, limit).unwrap();
    read.into_iter().map(|receipt| receipt.content).collect()
}

pub(super) fn come_with_their_receipts(store: &dyn Store) {
    let (log_name, mut log) = (log_name(), TestLog::new(8));
    let all = seal(&mut log);
    // Nothing of an append that is refused stays.
    let wrong = TestLog::new(8).seal(3);
    let mut broken = all.clone();
    broken[20] = wrong[2].clone();
    assert!(append(store, &log_name, &Head::EMPTY, &broken).is_err());
    assert!(all_beside(store, &log_name).iter().all(Vec::is_empty));

    append(store, &log_name, &Head::EMPTY, &all[..7]).unwrap();
    let head = store.head(&log_name).unwrap().unwrap();
    let again: Vec<Sealed> = all[..9]
        .iter()
        .map(|sealed| sealed.clone().with_ciphertexts(beside(2)))
        .collect();
    let stale = append(store, &log_name, &Head::EMPTY, &again).unwrap_err();
    assert!(matches!(stale, StoreError::HeadMoved { .. }), "{stale}");
    assert_eq!(store.ciphertexts(&log_name, 6).unwrap(), beside(6));
    assert!(store.ciphertexts(&log_name, 8).unwrap().is_empty());
    append(store, &log_name, &head, &all[7..]).unwrap();
    assert_eq!(all_beside(store, &log_name), left(|_, _| true));
    // The receipts are those that they would be without.
    let sealed = |one: &Sealed| StoredContent::Sealed(one.as_bytes().to_vec());
    assert_eq!(contents(store), all.iter().map(sealed).collect::<Vec<_>>());
    for seq in [RECEIPTS, u64::MAX] {
        assert!(store.ciphertexts(&log_name, seq).unwrap().is_empty());
    }
    assert!(store.ciphertexts(&name("no-such"), 2).unwrap().is_empty());

    // Another log with the same keys.
    let (other, mut log) = (name("beside-too"), TestLog::new(9));
    append(store, &other, &Head::EMPTY, &seal(&mut log)).unwrap();
}

pub(super) fn go_by_key(store: &dyn Store) {
    let log_name = log_name();
    let before = contents(store);
    let delete = |keys: &[u8]| {
        let keys: Vec<_> = keys.iter().map(|key| key_id(*key)).collect();
        store.delete_ciphertexts(&log_name, &keys).unwrap()
    };
    assert_eq!(store.may_delete(&log_name), Ok(()));
    assert_eq!(all_beside(store, &log_name), left(|_, _| true));
    assert_eq!(delete(&[]), 0);
    assert_eq!(delete(&[77]), 0);
    let gone = [key_id(1), key_id(2), key_id(1)];
    let nowhere = store.delete_ciphertexts(&name("no-such"), &gone).unwrap();
    assert_eq!(nowhere, 0);
    assert_eq!(all_beside(store, &log_name), left(|_, _| true));

    let expected = (2..RECEIPTS).filter(|seq| seq % 4 != 3 && seq % 3 != 0);
    let expected = u64::try_from(expected.count()).unwrap();
    // A key that is named twice is one key, and what is gone is gone.
    assert_eq!(delete(&[1, 77, 2, 1]), expected);
    assert_eq!(delete(&[1, 2]), 0);
    let kept = left(|_, one| !gone.contains(&one.key));
    assert_eq!(all_beside(store, &log_name), kept);
    assert_eq!(contents(store), before);
    // Another log's are its own.
    assert_eq!(all_beside(store, &name("beside-too")), left(|_, _| true));
}

pub(super) fn go_and_come_back_with_their_receipts(store: &dyn Store) {
    let (log_name, all) = (log_name(), seal(&mut TestLog::new(8)));
    let shredded = |one: &Ciphertext| one.key == key_id(1) || one.key == key_id(2);
    let range = |seq: u64| (10..=19).contains(&seq);
    assert_eq!(store.delete_receipts(&log_name, 10..=19).unwrap(), 10);
    let kept = left(|seq, one| !shredded(one) && !range(seq));
    assert_eq!(all_beside(store, &log_name), kept);
    // Of a receipt that is there nothing comes back: its ciphertexts may have been removed.
    assert_eq!(store.restore_receipts(&log_name, &all[..10]).unwrap(), 0);
    assert_eq!(all_beside(store, &log_name), kept);
    // Nothing comes back where one of them is no receipt of the log.
    let wrong = TestLog::new(9).seal(3);
    let error = store.restore_receipts(&log_name, &[all[12].clone(), wrong[2].clone()]);
    assert!(matches!(error, Err(StoreError::OtherReceipt { .. })));
    assert_eq!(all_beside(store, &log_name), kept);
    // One comes back with what it carries, here without any.
    let bare = Sealed::new(all[10].as_bytes().to_vec());
    let back = [bare, all[12].clone(), all[13].clone()];
    assert_eq!(store.restore_receipts(&log_name, &back).unwrap(), 3);
    let came = |seq, one: &Ciphertext| [12, 13].contains(&seq) || !shredded(one) && !range(seq);
    assert_eq!(all_beside(store, &log_name), left(came));
    // They are found by their key again, and by no other log's.
    let again = store.delete_ciphertexts(&log_name, &[key_id(1)]).unwrap();
    assert_eq!(again, 1);
    assert_eq!(all_beside(store, &name("beside-too")), left(|_, _| true));
}

/// The longest that the ledger takes.
fn large() -> Ciphertext {
    let bytes: Vec<u8> = (0..Ciphertext::MAX_LEN)
        .map(|place| u8::try_from(place % 251).unwrap())
        .collect();
    ciphertext(3, &bytes)
}

pub(super) fn may_be_large(store: &dyn Store) {
    let (log_name, mut log) = (name("large"), TestLog::new(10));
    let mut all = log.seal(2);
    let ciphertexts = vec![large(), ciphertext(4, b""), large()];
    let receipt = log.seal_next(&decision_with("person-7", &ciphertexts));
    all.push(receipt.with_ciphertexts(ciphertexts.clone()));
    let before = store.health().unwrap().bytes;
    append(store, &log_name, &Head::EMPTY, &all).unwrap();
    assert!(store.ciphertexts(&log_name, 2).unwrap() == ciphertexts);
    assert!(store.health().unwrap().bytes > before + 2 * (16 << 20));
    let keys = [key_id(3)];
    assert_eq!(store.delete_ciphertexts(&log_name, &keys).unwrap(), 2);
    assert_eq!(
        store.ciphertexts(&log_name, 2).unwrap(),
        [ciphertext(4, b"")]
    );
}

/// What was removed is removed in a store that was opened again, and the rest is there.
pub(super) fn keeps(store: &dyn Store) {
    let came = |seq: u64, one: &Ciphertext| {
        let removed = if [12, 13].contains(&seq) {
            one.key == key_id(1)
        } else {
            (10..=19).contains(&seq) || [key_id(1), key_id(2)].contains(&one.key)
        };
        !removed
    };
    assert_eq!(all_beside(store, &log_name()), left(came));
    assert_eq!(all_beside(store, &name("beside-too")), left(|_, _| true));
    assert_eq!(
        store.ciphertexts(&name("large"), 2).unwrap(),
        [ciphertext(4, b"")]
    );
}
