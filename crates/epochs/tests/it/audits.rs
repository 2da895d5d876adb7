//! Any log that was sealed as it should be is found right, and nothing else is.

use crate::log::{Log, Step};
use ai_audit_core::UnverifiedReceipt;
use ai_audit_epochs::{EpochError, SelectedEpochs};
use proptest::prelude::*;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Decide),
        2 => Just(Step::Control),
        2 => Just(Step::Seal),
        1 => (0usize..4).prop_map(Step::Declare),
    ];
    prop::collection::vec(step, 0..40)
}

fn log(steps: &[Step]) -> Log {
    let mut log = Log::new();
    for step in steps {
        log.act(*step);
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whatever is gone: it is right exactly where no control receipt is among it and each epoch of
    /// it is declared; and the first place that is not is the one that is told.
    #[test]
    fn an_audit_tells_what_a_model_tells(steps in steps(), picks in any::<u64>()) {
        let log = log(&steps);
        // The genesis is the chain's matter.
        let gone = |seq: u64| seq > 0 && seq < 64 && picks >> seq & 1 == 1;
        let control = |seq: u64| log.kinds[usize::try_from(seq).unwrap()].is_control();
        let size = log.kinds.len() as u64;
        let lost: Vec<u64> = (0..size).filter(|seq| gone(*seq)).collect();
        let uncontrolled = lost.iter().all(|seq| !control(*seq));
        let unaccounted = lost.iter().copied().find(|seq| {
            !log.epoch_of(*seq).is_some_and(|epoch| log.declared.contains(&epoch))
        });
        let found = log.audit(gone);
        match (found, uncontrolled) {
            (Ok(audit), true) => match (audit.finish(), unaccounted) {
                (Ok(epochs), None) => {
                    let count: u64 = epochs.iter().map(|epoch| epoch.deleted).sum();
                    prop_assert_eq!(count, lost.len() as u64);
                }
                (Err((seq, EpochError::Unaccounted { epoch })), Some(first)) => {
                    prop_assert_eq!((seq, epoch), (first, log.epoch_of(first)));
                }
                (other, expected) => prop_assert!(false, "{other:?}, expected {expected:?}"),
            },
            // A control receipt is missed at the next seal, or it is in the open epoch, which
            // nothing accounts for.
            (Err((seq, _)), false) => prop_assert!(lost.iter().any(|lost| *lost < seq && control(*lost))),
            (Ok(audit), false) => prop_assert!(audit.finish().is_err()),
            (Err(error), true) => prop_assert!(false, "{error:?}"),
        }
    }

    /// All control receipts and anything else is a selection that fits; one control receipt less
    /// in a sealed epoch does not.
    #[test]
    fn a_selection_needs_its_control_receipts(steps in steps(), picks in any::<u64>(), left in any::<prop::sample::Index>()) {
        let log = log(&steps);
        let control: Vec<u64> = (1..log.kinds.len() as u64)
            .filter(|seq| log.kinds[usize::try_from(*seq).unwrap()].is_control())
            .filter(|seq| log.epoch_of(*seq).is_some())
            .collect();
        let select = |out: Option<u64>| {
            let mut selected = SelectedEpochs::new();
            for (place, sealed) in log.sealed.iter().enumerate() {
                let seq = place as u64;
                let picked = log.kinds[place].is_control() || picks >> (seq % 64) & 1 == 1;
                if picked && Some(seq) != out {
                    selected.push(&UnverifiedReceipt::parse(sealed).unwrap())?;
                }
            }
            Ok::<_, EpochError>(selected)
        };
        let whole = select(None).unwrap();
        for epoch in whole.complete() {
            let seal = log.seals[usize::try_from(*epoch).unwrap()];
            let all = (seal.first..seal.size).all(|seq| {
                log.kinds[usize::try_from(seq).unwrap()].is_control() || picks >> (seq % 64) & 1 == 1
            });
            prop_assert!(all);
        }
        if !control.is_empty() {
            let out = *left.get(&control);
            // The last seal may be left out without anything behind it that tells.
            let last_seal = log.seals.last().is_some_and(|seal| seal.size == out);
            prop_assert!(select(Some(out)).is_err() || last_seal);
        }
    }
}

#[test]
fn a_tracker_goes_on_from_what_a_store_tells() {
    let mut log = log(&[Step::Decide, Step::Control, Step::Seal, Step::Decide]);
    let resumed = ai_audit_epochs::EpochTracker::resume(*log.tracker.open());
    assert_eq!(resumed, log.tracker);
    assert!(log.tracker.open().has_content());
    log.act(Step::Seal);
    assert!(!log.tracker.open().has_content());
    // An epoch of nothing but its seal.
    let seal = log.counted();
    assert_eq!((seal.count, seal.control), (1, 1));
    log.act(Step::Seal);
    assert!(log.audit(|_| false).unwrap().finish().unwrap().is_empty());
}
