//! A03, A06, A07, A08, A14: receipts missing, swapped, from elsewhere, twice, backdated.

use crate::logs::{Log, Why, at, check, decision, edit, hash_of, id};
use ai_audit_core::{ChainError, Draft, Kind, SealError, Timestamp};

#[test]
fn a03_deleted_in_the_middle() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    for gone in 0..log.sealed.len() - 1 {
        let mut sealed = log.sealed.clone();
        sealed.remove(gone);
        let n = u64::try_from(gone).unwrap();
        let missing = ChainError::Missing {
            expected: n,
            found: n + 1,
        };
        assert_eq!(check(&sealed, &public), Err((gone, Why::Chain(missing))));
        assert!(
            missing
                .to_string()
                .contains(&format!("receipt {gone} is missing")),
            "{missing}"
        );
    }
    let mut sealed = log.sealed.clone();
    sealed.drain(2..5);
    let (place, why) = check(&sealed, &public).unwrap_err();
    let missing = ChainError::Missing {
        expected: 2,
        found: 5,
    };
    assert_eq!((place, &why), (2, &Why::Chain(missing)));
    assert!(
        missing.to_string().contains("receipts 2 to 4 are missing"),
        "{missing}"
    );
}

/// The key's own holder takes one out and makes the next fit by `prev`: `seq` still shows it.
#[test]
fn a03_deleted_and_relinked_with_the_true_key() {
    let log = Log::full(1);
    let mut sealed = log.sealed.clone();
    sealed.remove(3);
    let prev = hash_of(&sealed[2]);
    sealed[3] = edit(&sealed[3], &log.key, |header, _| header.prev = prev);
    let missing = ChainError::Missing {
        expected: 3,
        found: 4,
    };
    assert_eq!(
        check(&sealed, &log.key.verifying_key()),
        Err((3, Why::Chain(missing)))
    );
}

#[test]
fn a06_two_receipts_swapped_and_signed_again_with_the_true_key() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    // As they are.
    let mut sealed = log.sealed.clone();
    sealed.swap(2, 3);
    let missing = ChainError::Missing {
        expected: 2,
        found: 3,
    };
    assert_eq!(check(&sealed, &public), Err((2, Why::Chain(missing))));
    // With `seq` made to fit: the time or `prev` does not.
    let time = |sealed: &[Vec<u8>], place: usize| at(1_000 * sealed[..place].len() as u64);
    let mut renumbered = sealed.clone();
    for place in [2, 3] {
        let now = time(&renumbered, place);
        renumbered[place] = edit(&renumbered[place], &log.key, |header, _| {
            header.seq = place as u64;
            header.sealed_at = now;
        });
    }
    assert_eq!(
        check(&renumbered, &public),
        Err((2, Why::Chain(ChainError::Prev)))
    );
    // With both made to fit inside the pair: the receipt after the pair shows it.
    let mut linked = renumbered;
    for place in [2, 3] {
        let prev = hash_of(&linked[place - 1]);
        linked[place] = edit(&linked[place], &log.key, |header, _| header.prev = prev);
    }
    assert_eq!(
        check(&linked, &public),
        Err((4, Why::Chain(ChainError::Prev)))
    );
}

#[test]
fn a07_receipt_of_another_log_spliced_in() {
    let (log, other) = (Log::full(1), Log::full(11));
    let public = log.key.verifying_key();
    let found = other.head.log_id();
    for place in 1..log.sealed.len() {
        let mut sealed = log.sealed.clone();
        sealed[place] = other.sealed[place].clone();
        let why = Why::Chain(ChainError::OtherLog { found });
        assert_eq!(check(&sealed, &public), Err((place, why)));
    }
    // Another genesis under the same receipts.
    let mut sealed = log.sealed.clone();
    sealed[0] = other.sealed[0].clone();
    assert_eq!(check(&sealed, &public).unwrap_err().0, 0);
    // One key in two logs: the log id still tells them apart.
    let spliced = edit(&other.sealed[2], &log.key, |header, _| {
        header.key_id = public.id();
        header.prev = hash_of(&log.sealed[1]);
    });
    let mut sealed = log.sealed.clone();
    sealed[2] = spliced;
    assert_eq!(
        check(&sealed, &public),
        Err((2, Why::Chain(ChainError::OtherLog { found })))
    );
}

#[test]
fn a08_the_same_receipt_replayed_later() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    for (from, to) in [(2, 3), (2, 7), (6, 7), (1, 5)] {
        let mut sealed = log.sealed.clone();
        sealed.insert(to, log.sealed[from].clone());
        let repeated = ChainError::Repeated {
            expected: to as u64,
            found: from as u64,
        };
        assert_eq!(check(&sealed, &public), Err((to, Why::Chain(repeated))));
    }
    // The genesis has a log id of zeros, so it is another log's receipt anywhere but first.
    let mut sealed = log.sealed.clone();
    sealed.push(log.sealed[0].clone());
    let (place, why) = check(&sealed, &public).unwrap_err();
    assert!(place == 7 && matches!(why, Why::Chain(ChainError::OtherLog { .. })));
    // A second genesis under the true log id, signed with the true key.
    let head = log.head;
    let second = edit(&log.sealed[0], &log.key, |header, _| {
        header.log_id = head.log_id();
        header.seq = head.size();
        header.prev = head.hash();
        header.sealed_at = head.sealed_at();
    });
    sealed[7] = second;
    assert_eq!(
        check(&sealed, &public),
        Err((7, Why::Chain(ChainError::Genesis)))
    );
}

#[test]
fn a14_backdated_receipts() {
    let log = Log::full(1);
    let public = log.key.verifying_key();
    // Sealing refuses a clock that was set back.
    let last = log.head.sealed_at();
    let earlier = Timestamp::from_micros(last.as_micros() - 1);
    let mut buf = [0; 1024];
    let draft = Draft::new(id(7), earlier);
    let refused = draft.seal(&decision(7), &log.head, &log.key, &mut buf);
    assert_eq!(refused.err(), Some(SealError::TimeBackwards { last }));
    // One that was sealed all the same, by other software, is refused.
    let mut sealed = log.sealed.clone();
    sealed[6] = edit(&sealed[6], &log.key, |header, _| {
        header.sealed_at = Timestamp::from_micros(at(5_000).as_micros() - 1);
    });
    assert_eq!(
        check(&sealed, &public),
        Err((6, Why::Chain(ChainError::TimeBackwards)))
    );
    // Equal times are fine: `seq` orders, never the clock.
    sealed[6] = edit(&log.sealed[6], &log.key, |header, _| {
        header.sealed_at = at(5_000)
    });
    assert!(check(&sealed, &public).is_ok());
    // What happened long ago may be said in the body.
    let old = ai_audit_core::Decision {
        occurred_at: Some(Timestamp::from_micros(0)),
        ..decision(1)
    };
    let mut log = log;
    log.push(&old);
    assert_eq!(check(&log.sealed, &public), Ok(log.head));
}

#[test]
fn kinds_that_are_not_known_verify_as_bytes() {
    let mut log = Log::full(1);
    let mut buf = [0; 1024];
    let draft = Draft::new(id(9), at(9_000));
    for kind in [Kind::new(28), Kind::new(0x8000), Kind::new(u16::MAX)] {
        let sealed = draft
            .seal_encoded(kind, b"\xff\x00any", &log.head, &log.key, &mut buf)
            .unwrap();
        log.head = sealed.head();
        log.sealed.push(sealed.as_bytes().to_vec());
        assert!(kind.name().is_none() && kind.to_string().starts_with("unknown_"));
    }
    assert_eq!(check(&log.sealed, &log.key.verifying_key()), Ok(log.head));
}
