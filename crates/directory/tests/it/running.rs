//! Statistics that go on where they ended are those that are counted from the first receipt on.

use crate::grown::{Grown, log, ops};
use ai_audit_directory::{RunningStatistics, Statistics};
use proptest::prelude::*;
use serde_json::{Value, to_value};

fn counted_on(running: &mut RunningStatistics, grown: &Grown) -> Value {
    let statistics = running.catch_up(grown.directory(), &log(), |_, _| {});
    to_value(statistics.unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever was added, deleted and put back in between, and wherever somebody asked.
    #[test]
    fn counted_on_or_from_the_first_receipt_on_they_are_the_same(
        ops in prop::collection::vec((ops(), any::<bool>()), 1..3),
        asked in prop::collection::vec(any::<bool>(), 1..14),
        batched in any::<bool>(),
    ) {
        let grown = Grown::new(batched);
        let (mut often, mut seldom) = (RunningStatistics::new(), RunningStatistics::new());
        let ops = ops.iter().flat_map(|(ops, _)| ops);
        for (op, ask) in ops.zip(asked.iter().cycle()) {
            grown.act(op);
            let anew = Statistics::of(grown.directory(), &log(), |_, _| {}).unwrap();
            let anew = to_value(anew).unwrap();
            prop_assert_eq!(&counted_on(&mut often, &grown), &anew);
            if *ask {
                prop_assert_eq!(&counted_on(&mut seldom, &grown), &anew);
            }
        }
    }
}
