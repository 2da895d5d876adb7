//! Leases: who takes which when, by the state machine alone; and A110 to A112, with ledgers on one store.

use crate::rig::{Rig, kinds, name, record, rig};
use ai_audit_core::Kind;
use ai_audit_store::{
    AppendError, Lease, LeaseError, LeaseKeeper, LeaseRules, LeaseStanding, LeaseStep, Leases,
    Ledger, LedgerError, LogName, MemoryLeases, Store, StoreError, SubmitError,
};
use ai_audit_testkit::{TestLog, leases_conform};
use std::time::Duration;

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn keeper(holder: &str) -> LeaseKeeper {
    LeaseKeeper::new(holder, LeaseRules::default()).unwrap()
}

fn held_by(holder: &str, changes: u32) -> Lease {
    Lease {
        holder: holder.into(),
        changes,
        length: secs(10),
        fence: 3,
    }
}

#[test]
fn leases_in_memory_conform() {
    leases_conform(&MemoryLeases::new());
}

#[test]
fn a_lease_that_changes_is_never_taken_and_one_that_stands_still_is() {
    let mut keeper = keeper("b/1");
    for second in 0..100_u32 {
        let now = secs(u64::from(second));
        let step = keeper.observe(Some(&held_by("a/1", second)), now);
        assert_eq!(step, LeaseStep::Rest, "{second}");
    }
    // The last change was seen at 99: length and margin from then on.
    let last = held_by("a/1", 99);
    for second in 100..110 {
        assert_eq!(keeper.observe(Some(&last), secs(second)), LeaseStep::Rest);
    }
    assert_eq!(keeper.observe(Some(&last), secs(110)), LeaseStep::Take);
    let log = LogName::default();
    let taken = keeper.to_take(&log, Some(&last), 5).unwrap();
    assert_eq!((taken.changes, taken.fence), (100, 5));
    // Any change begins anew, also one by somebody who lost it meanwhile.
    let other = held_by("c/1", 99);
    assert_eq!(keeper.observe(Some(&other), secs(111)), LeaseStep::Rest);
    assert_eq!(keeper.observe(Some(&last), secs(112)), LeaseStep::Rest);
    assert_eq!(keeper.observe(Some(&last), secs(122)), LeaseStep::Rest);
    assert_eq!(keeper.observe(Some(&last), secs(123)), LeaseStep::Take);
}

#[test]
fn patience_is_waited_for_in_any_case() {
    let rules = LeaseRules::default().patience(secs(2));
    let mut keeper = LeaseKeeper::new("b/1", rules).unwrap();
    let free = Lease {
        length: Duration::ZERO,
        ..held_by("a/1", 1)
    };
    for record in [None, Some(&free)] {
        let begun = secs(if record.is_none() { 0 } else { 50 });
        assert_eq!(keeper.observe(record, begun), LeaseStep::Rest);
        assert_eq!(keeper.observe(record, begun + secs(1)), LeaseStep::Rest);
        assert_eq!(keeper.observe(record, begun + secs(2)), LeaseStep::Take);
    }
    let other = held_by("a/1", 2);
    assert_eq!(keeper.observe(Some(&other), secs(60)), LeaseStep::Rest);
    assert_eq!(keeper.observe(Some(&other), secs(72)), LeaseStep::Rest);
    assert_eq!(keeper.observe(Some(&other), secs(73)), LeaseStep::Take);
}

#[test]
fn a_holder_renews_after_a_third_and_is_sure_until_the_margin() {
    let mut keeper = keeper("a/1");
    assert_eq!(keeper.observe(None, secs(0)), LeaseStep::Take);
    let mine = keeper.to_take(&LogName::default(), None, 3).unwrap();
    keeper.wrote(mine.clone(), secs(0));
    assert_eq!(keeper.observe(Some(&mine), secs(3)), LeaseStep::Rest);
    let LeaseStep::Renew(next) = keeper.observe(Some(&mine), secs(4)) else {
        panic!("a third is over");
    };
    assert_eq!(
        next,
        Lease {
            changes: 1,
            ..mine.clone()
        }
    );
    // Whether it was stored is not known: that gives no time.
    assert!(keeper.is_sure(Duration::from_millis(8_999)));
    assert!(!keeper.is_sure(secs(9)));
    // It was stored; and it is renewed, by whatever time.
    let LeaseStep::Renew(again) = keeper.observe(Some(&next), secs(20)) else {
        panic!("ours, and other than what we know of");
    };
    assert_eq!((again.changes, again.fence), (2, 3));
    keeper.wrote(again.clone(), secs(20));
    assert!(keeper.is_sure(secs(28)));
    // Another one has it: over at once.
    let other = held_by("b/1", 3);
    assert_eq!(keeper.observe(Some(&other), secs(21)), LeaseStep::Rest);
    assert!(!keeper.is_sure(secs(21)));
    // A process of another run is another holder.
    let mut later = self::keeper("a/2");
    assert_eq!(later.observe(Some(&again), secs(0)), LeaseStep::Rest);
}

#[test]
fn an_answer_that_was_lost_is_found_in_the_record() {
    let mut keeper = keeper("a/1");
    keeper.observe(None, secs(0));
    let mine = keeper.to_take(&LogName::default(), None, 3).unwrap();
    // It was stored, and nobody said so.
    assert!(!keeper.is_sure(secs(0)));
    assert_eq!(keeper.observe(Some(&mine), secs(1)), LeaseStep::Take);
    let again = keeper.to_take(&LogName::default(), Some(&mine), 4).unwrap();
    assert_eq!((again.changes, again.fence), (1, 4));
}

#[test]
fn a_lease_that_is_given_back_is_taken_at_once() {
    let (leases, log) = (MemoryLeases::new(), LogName::default());
    let [mut a, mut b] = ["a/1", "b/1"].map(keeper);
    let look = |keeper: &mut LeaseKeeper, second| {
        let found = leases.lease(&log).unwrap();
        keeper.tend(&leases, &log, found.as_ref(), || Ok(2), secs(second))
    };
    assert_eq!(look(&mut a, 0), Ok(LeaseStanding::Taken { fence: 2 }));
    assert_eq!(
        look(&mut b, 0),
        Ok(LeaseStanding::Elsewhere(Some("a/1".into())))
    );
    assert_eq!(a.give_back(&leases, &log), Ok(true));
    assert!(!a.is_sure(secs(0)));
    assert_eq!(look(&mut b, 1), Ok(LeaseStanding::Taken { fence: 2 }));
    // What is not ours any more is not given back.
    assert_eq!(a.give_back(&leases, &log), Ok(false));
    assert_eq!(look(&mut b, 5), Ok(LeaseStanding::Held));
    assert_eq!(leases.lease(&log).unwrap().unwrap().changes, 3);
}

#[test]
fn numbers_wrap_and_rules_are_within_bounds() {
    let mut keeper = keeper("b/1");
    let last = Lease {
        length: Duration::ZERO,
        ..held_by("a/1", u32::MAX)
    };
    assert_eq!(keeper.observe(Some(&last), secs(0)), LeaseStep::Take);
    let taken = keeper.to_take(&name("x"), Some(&last), 3).unwrap();
    assert_eq!(taken.changes, 0);
    for (length, margin) in [
        (Duration::ZERO, Duration::ZERO),
        (secs(601), secs(1)),
        (secs(9), secs(4)),
        (Duration::from_micros(9_000_500), secs(1)),
    ] {
        assert!(LeaseRules::new(length, margin).is_err(), "{length:?}");
    }
    assert!(LeaseRules::new(secs(600), secs(200)).is_ok());
    for holder in ["", "a b", "ä"] {
        assert!(LeaseKeeper::new(holder, LeaseRules::default()).is_err());
    }
}

/// An instance: a ledger and its view of the lease.
struct Instance<'r> {
    rig: &'r Rig,
    leases: &'r MemoryLeases,
    ledger: Ledger,
    keeper: LeaseKeeper,
}

impl<'r> Instance<'r> {
    fn new(rig: &'r Rig, leases: &'r MemoryLeases, holder: &str) -> Self {
        Self {
            rig,
            leases,
            ledger: rig.open(),
            keeper: keeper(holder),
        }
    }

    /// Looks at the lease at a time of its own clock, and attaches or lets go of the log.
    fn look(&mut self, second: u64) -> LeaseStanding {
        let log = LogName::default();
        let found = self.leases.lease(&log).unwrap();
        let store = &self.rig.store;
        let standing = self.keeper.tend(
            self.leases,
            &log,
            found.as_ref(),
            || Ok(store.head(&log)?.map_or(0, |head| head.size())),
            secs(second),
        );
        let standing = standing.unwrap();
        match &standing {
            LeaseStanding::Taken { .. } => {
                let _ = self.ledger.detach_log(&log, None);
                self.ledger.attach_log(log, TestLog::signers(1)).unwrap();
            }
            LeaseStanding::Elsewhere(_) => {
                let _ = self.ledger.detach_log(&log, None);
            }
            LeaseStanding::Held => {}
        }
        standing
    }

    /// Appends as if the lease were sure.
    fn append(&self, model: &str) -> Result<u64, AppendError> {
        let ticket = self
            .ledger
            .submit(&LogName::default(), vec![record(model)])
            .unwrap();
        ticket.wait().map(|receipts| receipts[0].seq)
    }
}

fn begun() -> (Rig, MemoryLeases) {
    let rig = rig();
    rig.created().close("").unwrap();
    (rig, MemoryLeases::new())
}

const TAKEN: LeaseStanding = LeaseStanding::Taken { fence: 3 };

#[test]
fn a110_a_holder_that_was_paused_and_goes_on_writes_nothing() {
    let (rig, leases) = begun();
    let mut a = Instance::new(&rig, &leases, "a/1");
    let mut b = Instance::new(&rig, &leases, "b/1");
    assert_eq!(a.look(0), TAKEN);
    a.append("a").unwrap();
    b.look(0);
    // The first one is stopped here, and its clock too: a suspended machine.
    assert_eq!(b.look(11), LeaseStanding::Taken { fence: 5 });
    b.append("b").unwrap();
    assert!(a.keeper.is_sure(secs(1)), "so it thinks");
    let error = a.append("late").unwrap_err();
    assert!(matches!(error, AppendError::TakenOver { .. }), "{error}");
    // From the record it learns the rest, and its lease is not sure again before that.
    a.keeper.forget();
    assert!(!a.keeper.is_sure(secs(1)));
    assert_eq!(a.look(1), LeaseStanding::Elsewhere(Some("b/1".into())));
    b.append("b").unwrap();
    let (start, one) = (Kind::START, Kind::DECISION);
    let log = LogName::default();
    assert_eq!(
        kinds(&*rig.store, &log)[2..],
        [Kind::STOP, start, one, start, one, one]
    );
}

#[test]
fn a110_what_the_old_holder_appends_before_the_new_one_attaches_stays() {
    let (rig, leases) = begun();
    let mut a = Instance::new(&rig, &leases, "a/1");
    let mut b = keeper("b/1");
    assert_eq!(a.look(0), TAKEN);
    let log = LogName::default();
    let look = |b: &mut LeaseKeeper, second| {
        let found = leases.lease(&log).unwrap();
        b.tend(&leases, &log, found.as_ref(), || Ok(4), secs(second))
    };
    look(&mut b, 0).unwrap();
    assert_eq!(look(&mut b, 11), Ok(LeaseStanding::Taken { fence: 4 }));
    // The lease is the other's, its start receipt is not there yet: this is acknowledged, and stays.
    let seq = a.append("a").unwrap();
    let second = rig.attached();
    let error = a.append("late").unwrap_err();
    assert!(matches!(error, AppendError::TakenOver { .. }), "{error}");
    second.close("").unwrap();
    let kinds = kinds(&*rig.store, &log);
    assert_eq!(seq, 4);
    assert_eq!(kinds[4..], [Kind::DECISION, Kind::START, Kind::STOP]);
}

#[test]
fn a111_clocks_that_are_set_wrong_change_nothing_and_one_that_runs_fast_is_shut_out_in_turn() {
    let (rig, leases) = begun();
    let mut a = Instance::new(&rig, &leases, "a/1");
    let mut b = Instance::new(&rig, &leases, "b/1");
    let ahead = 400 * 24 * 3600;
    assert_eq!(a.look(0), TAKEN);
    for second in 0..60 {
        a.look(second);
        // A year ahead, and as fast as the other: nothing to take.
        let standing = b.look(ahead + second);
        assert_eq!(standing, LeaseStanding::Elsewhere(Some("a/1".into())));
    }
    // It runs five times as fast: it takes what is held, and then it has it.
    a.append("a").unwrap();
    let fast =
        (0..20).find(|step| matches!(b.look(ahead + 60 + 5 * step), LeaseStanding::Taken { .. }));
    assert!(fast.is_some());
    b.append("b").unwrap();
    let error = a.append("a").unwrap_err();
    assert!(matches!(error, AppendError::TakenOver { .. }), "{error}");
    assert_eq!(a.look(61), LeaseStanding::Elsewhere(Some("b/1".into())));
    b.append("b").unwrap();
    let all = kinds(&*rig.store, &LogName::default());
    assert_eq!(
        all.iter().filter(|kind| **kind == Kind::DECISION).count(),
        3
    );
}

#[test]
fn a112_records_that_are_deleted_altered_or_put_back_make_no_second_chain() {
    let (rig, leases) = begun();
    let log = LogName::default();
    let mut a = Instance::new(&rig, &leases, "a/1");
    assert_eq!(a.look(0), TAKEN);
    let old = leases.lease(&log).unwrap().unwrap();
    a.look(4);
    // Put back, or altered in any field: ours all the same, and written anew at once.
    for altered in [
        old.clone(),
        Lease {
            fence: 0,
            ..old.clone()
        },
        Lease {
            length: secs(600),
            ..old
        },
    ] {
        let now = leases.lease(&log).unwrap();
        assert!(leases.replace_lease(&log, now.as_ref(), &altered).unwrap());
        assert_eq!(a.look(5), LeaseStanding::Held);
        assert_eq!(leases.lease(&log).unwrap().unwrap().fence, 3);
    }
    a.append("a").unwrap();
    // Deleted, and given to somebody else.
    let gone = MemoryLeases::new();
    let mut b = Instance::new(&rig, &gone, "b/1");
    assert_eq!(b.look(0), LeaseStanding::Taken { fence: 5 });
    b.append("b").unwrap();
    assert!(a.keeper.is_sure(secs(6)));
    let error = a.append("a").unwrap_err();
    assert!(matches!(error, AppendError::TakenOver { .. }), "{error}");
    // Both attach by turns: start receipts by turns, and one chain.
    for second in 10..14 {
        for one in [&mut a, &mut b] {
            one.keeper.forget();
            assert!(matches!(one.look(second), LeaseStanding::Taken { .. }));
            one.append("by turns").unwrap();
        }
    }
    let all = kinds(&*rig.store, &log);
    assert_eq!(
        all.iter().filter(|kind| **kind == Kind::DECISION).count(),
        10
    );
}

#[test]
fn a112_a_lease_of_a_longer_log_is_refused_by_name() {
    let mut keeper = keeper("b/1");
    let (leases, log) = (MemoryLeases::new(), name("support"));
    let free = Lease {
        length: Duration::ZERO,
        fence: 9,
        ..held_by("a/1", 1)
    };
    leases.replace_lease(&log, None, &free).unwrap();
    let mut look = |size| keeper.tend(&leases, &log, Some(&free), || Ok(size), secs(0));
    let error = look(8).unwrap_err();
    assert!(matches!(
        error,
        LeaseError::Behind {
            size: 8,
            fence: 9,
            ..
        }
    ));
    assert!(
        error
            .to_string()
            .contains("log support has 8 receipts, but had 9"),
        "{error}"
    );
    assert_eq!(leases.lease(&log).unwrap(), Some(free.clone()));
    assert_eq!(look(9), Ok(LeaseStanding::Taken { fence: 9 }));
}

#[test]
fn a112_an_endless_length_is_no_longer_than_the_longest() {
    let mut keeper = keeper("b/1");
    let endless = Lease {
        length: secs(u64::MAX / 2),
        ..held_by("a/1", 1)
    };
    assert_eq!(keeper.observe(Some(&endless), secs(0)), LeaseStep::Rest);
    assert_eq!(keeper.observe(Some(&endless), secs(600)), LeaseStep::Rest);
    assert_eq!(keeper.observe(Some(&endless), secs(601)), LeaseStep::Take);
}

#[test]
fn a_detached_log_takes_nothing_and_another_writer_goes_on() {
    let rig = rig();
    let (log, other) = (LogName::default(), name("other"));
    let first = rig.created();
    first
        .create_log(other.clone(), TestLog::new_log(2))
        .unwrap();
    let ticket = first.submit(&log, vec![record("a")]).unwrap();
    first.detach_log(&log, Some("handed over")).unwrap();
    assert_eq!(ticket.wait().unwrap()[0].seq, 2, "it came before");
    assert!(matches!(
        first.submit(&log, vec![record("b")]),
        Err(SubmitError::NotAttached { .. })
    ));
    assert!(matches!(
        first.detach_log(&log, None),
        Err(LedgerError::NotAttached { .. })
    ));
    let second = rig.attached();
    let ticket = second.submit(&log, vec![record("c")]).unwrap();
    ticket.wait().unwrap();
    // Without a reason nothing is written, and the first one may have it again.
    second.detach_log(&log, None).unwrap();
    first.attach_log(log.clone(), TestLog::signers(1)).unwrap();
    first
        .submit(&other, vec![record("d")])
        .unwrap()
        .wait()
        .unwrap();
    first.close("").unwrap();
    second.close("").unwrap();
    let (start, one, stop) = (Kind::START, Kind::DECISION, Kind::STOP);
    assert_eq!(
        kinds(&*rig.store, &log),
        [Kind::GENESIS, start, one, stop, start, one, start, stop]
    );
}

#[test]
fn a_log_that_was_taken_over_is_let_go_of_with_an_error() {
    let rig = rig();
    let log = LogName::default();
    let first = rig.created();
    let second = rig.attached();
    let error = first.detach_log(&log, Some("handed over")).unwrap_err();
    let LedgerError::Append { error, .. } = error else {
        panic!("{error}");
    };
    let AppendError::TakenOver { error, .. } = error else {
        panic!("{error}");
    };
    assert!(matches!(*error, StoreError::HeadMoved { .. }));
    assert!(!first.is_attached(&log));
    second.close("").unwrap();
}
