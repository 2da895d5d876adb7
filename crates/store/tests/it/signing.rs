//! A32: the receipts of a commit are signed together, and the signer fails somewhere among them.

use crate::rig::{Gate, Gated, Rig, gated_log, name, record, rig, walk};
use ai_audit_core::{
    DecodeBody as _, Gap, Kind, LeafHash, Signature, Signer, SignerError, UnverifiedReceipt,
    VerifyingKey,
};
use ai_audit_store::{AppendError, LogName, LogSigners, NewLog, Outcome};
use ai_audit_testkit::TestLog;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A signer behind a gate, one of whose signatures fails.
struct Failing {
    inner: Gated,
    /// How many succeed before.
    before: Arc<AtomicUsize>,
    /// Whether several threads may sign with it.
    shares: bool,
}

const NEVER: usize = usize::MAX;

impl Signer for Failing {
    fn verifying_key(&self) -> VerifyingKey {
        self.inner.verifying_key()
    }

    fn try_sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        let signature = self.inner.try_sign(message)?;
        let count = |left: usize| match left {
            NEVER => None,
            0 => Some(NEVER),
            left => Some(left - 1),
        };
        match self
            .before
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, count)
        {
            Ok(0) => Err(SignerError::new("the token was removed")),
            _ => Ok(signature),
        }
    }

    fn shared(&self) -> Option<&(dyn Signer + Sync)> {
        self.shares.then_some(self)
    }
}

/// Records of the groups that are sealed for one commit: 32 in all, enough for several threads.
const GROUPS: [usize; 5] = [3, 1, 19, 8, 1];

/// What came of the groups when the signature behind `before` others failed.
fn run(rig: &Rig, before: usize, shares: bool, set_back: bool) -> Vec<Outcome> {
    let (gate, countdown) = (Arc::new(Gate::default()), Arc::new(AtomicUsize::new(NEVER)));
    let ledger = rig.open();
    let [receipt, checkpoint, _] = TestLog::keys(1);
    let signer = Failing {
        inner: Gated::new(receipt, &gate),
        before: Arc::clone(&countdown),
        shares,
    };
    let log = NewLog {
        signers: LogSigners {
            receipt: Box::new(signer),
            checkpoint: Box::new(checkpoint),
        },
        ..TestLog::new_log(1)
    };
    ledger.create_log(LogName::default(), log).unwrap();
    gate.shut();
    let submit = |count: usize| {
        let records = (0..count).map(|_| record("m")).collect();
        ledger.submit(&LogName::default(), records).unwrap()
    };
    let first = submit(1);
    gate.wait_for_signer();
    if set_back {
        rig.clock.set(crate::rig::NOW - 1);
    }
    let tickets = GROUPS.map(submit);
    // One more for the first group.
    countdown.store(before.saturating_add(1), Ordering::SeqCst);
    gate.open();
    first.wait().unwrap();
    let outcomes: Vec<Outcome> = tickets.map(|ticket| ticket.wait()).into();
    countdown.store(NEVER, Ordering::SeqCst);
    ledger.close("").unwrap();
    let lost = ledger.stats().lost;
    holds(rig, &outcomes, lost);
    outcomes
}

/// Everything acknowledged is stored, nothing else is, and what is missing is declared.
fn holds(rig: &Rig, outcomes: &[Outcome], counted: u64) {
    // This verifies chain and signatures.
    let all = walk(&*rig.store, &LogName::default(), 1);
    let stored: Vec<LeafHash> = all
        .iter()
        .filter(|(kind, _)| *kind == Kind::DECISION)
        .skip(1)
        .map(|(_, sealed)| UnverifiedReceipt::parse(sealed).unwrap().hash())
        .collect();
    let acknowledged: Vec<LeafHash> = outcomes
        .iter()
        .flatten()
        .flatten()
        .map(|receipt| receipt.hash)
        .collect();
    assert_eq!(stored, acknowledged);
    let declared: u64 = all
        .iter()
        .filter(|(kind, _)| *kind == Kind::GAP)
        .map(|(_, sealed)| {
            let gap = Gap::decode(&UnverifiedReceipt::parse(sealed).unwrap()).unwrap();
            assert!(gap.reason.contains("token was removed"), "{}", gap.reason);
            gap.lost.unwrap()
        })
        .sum();
    let lost = GROUPS.iter().sum::<usize>() - acknowledged.len();
    assert_eq!((declared, counted), (lost as u64, lost as u64));
}

fn is_signers(outcome: &Outcome) -> bool {
    let error = outcome.as_ref().unwrap_err();
    matches!(error, AppendError::Record { .. } | AppendError::Own { .. })
        && error.to_string().contains("token was removed")
}

/// The group of the receipt `index`, counted over all groups.
fn group_of(index: usize) -> usize {
    let mut end = 0;
    GROUPS
        .iter()
        .position(|len| {
            end += len;
            index < end
        })
        .unwrap()
}

#[test]
fn a32_groups_from_the_one_that_was_not_signed_on_fail_and_are_declared() {
    for before in 0..32 {
        let outcomes = run(&rig(), before, false, false);
        let failed = group_of(before);
        for (group, outcome) in outcomes.iter().enumerate() {
            assert_eq!(outcome.is_ok(), group < failed, "{before}: group {group}");
            assert!(outcome.is_ok() || is_signers(outcome), "{outcome:?}");
        }
        let error = outcomes[failed].as_ref().unwrap_err();
        let start: usize = GROUPS[..failed].iter().sum();
        assert!(
            matches!(error, AppendError::Record { index, .. } if *index == before - start),
            "{before}: {error:?}"
        );
    }
}

#[test]
fn a32_the_same_where_several_threads_sign() {
    for before in 0..32 {
        // Which receipt gets the signature that fails is chance now.
        let outcomes = run(&rig(), before, true, false);
        let failed = outcomes.iter().position(Result::is_err).unwrap();
        assert!(outcomes[failed..].iter().all(is_signers), "{outcomes:?}");
    }
    let outcomes = run(&rig(), NEVER - 1, true, false);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

#[test]
fn a32_a_word_on_the_clock_goes_with_its_group() {
    for before in [0, 1, 3, 4, 30] {
        let rig = rig();
        let outcomes = run(&rig, before, false, true);
        let failed = group_of(before.saturating_sub(1));
        assert_eq!(outcomes.iter().position(Result::is_err), Some(failed));
        let own = matches!(&outcomes[failed], Err(AppendError::Own { kind, .. }) if *kind == Kind::CLOCK_ANOMALY);
        assert_eq!(own, before == 0, "{:?}", outcomes[failed]);
        let anomalies = walk(&*rig.store, &LogName::default(), 1)
            .iter()
            .filter(|(kind, _)| *kind == Kind::CLOCK_ANOMALY)
            .count();
        assert_eq!(anomalies, 1, "said once, with whatever came first");
    }
}

#[test]
fn a32_epochs_are_sealed_over_what_was_signed_alone() {
    for (before, shares) in (0..36).flat_map(|before| [(before, false), (before, true)]) {
        let mut rig = rig();
        rig.config.epochs.receipts = Some(4);
        let outcomes = run(&rig, before, shares, false);
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        // None where the signature of a seal was the one: the epoch stays open for a while.
        assert!(failed <= 2, "{before}: {outcomes:?}");
    }
}

#[test]
fn other_logs_of_the_commit_are_stored() {
    let rig = rig();
    let (gate, ledger) = (Arc::new(Gate::default()), rig.open());
    let [receipt, checkpoint, _] = TestLog::keys(1);
    let countdown = Arc::new(AtomicUsize::new(NEVER));
    let failing = NewLog {
        signers: LogSigners {
            receipt: Box::new(Failing {
                inner: Gated::new(receipt, &gate),
                before: Arc::clone(&countdown),
                shares: true,
            }),
            checkpoint: Box::new(checkpoint),
        },
        ..TestLog::new_log(1)
    };
    ledger.create_log(name("failing"), failing).unwrap();
    let other_gate = Arc::new(Gate::default());
    ledger
        .create_log(name("other"), gated_log(2, &other_gate))
        .unwrap();
    other_gate.shut();
    let held = ledger.submit(&name("other"), vec![record("m")]).unwrap();
    other_gate.wait_for_signer();
    let [failed, stored] = [name("failing"), name("other")]
        .map(|log| ledger.submit(&log, vec![record("m"), record("m")]).unwrap());
    countdown.store(1, Ordering::SeqCst);
    other_gate.open();
    held.wait().unwrap();
    assert!(is_signers(&failed.wait()));
    assert_eq!(stored.wait().unwrap().len(), 2);
    ledger.close("").unwrap();
    assert_eq!(walk(&*rig.store, &name("other"), 2).len(), 6);
    assert_eq!(ledger.stats().lost, 2);
}
