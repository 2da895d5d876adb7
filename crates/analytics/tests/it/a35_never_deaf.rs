//! A35: after 10,000 clean decisions everything is rejected, and the tests are not deaf.

use ai_audit_analytics::{Cusum, CusumPlan, Shift, SplitMix64, Sprt, SprtDecision, SprtPlan};

const CLEAN: usize = 10_000;
const WITHIN: usize = 20;

/// How many rejected decisions in a row it takes until there is an alarm.
fn delay(mut push: impl FnMut(bool) -> bool) -> usize {
    (1..=1_000).find(|_| push(true)).unwrap()
}

#[test]
fn a35_cusum_flags_within_twenty() {
    for (p0, p1, run_length) in [
        (0.01, 0.05, 10_000.0),
        (0.001, 0.01, 100_000.0),
        (0.05, 0.2, 1_000_000.0),
        (0.2, 0.5, 100_000.0),
    ] {
        let plan = CusumPlan::for_run_length(Shift::new(p0, p1).unwrap(), run_length).unwrap();
        // Clean is: no event at all; and as often as usual.
        for rate in [0.0, p0] {
            let (mut cusum, mut random) = (Cusum::new(plan), SplitMix64::new(35));
            for _ in 0..CLEAN {
                cusum.push(random.event(rate));
            }
            let delay = delay(|event| cusum.push(event));
            assert!(delay <= WITHIN, "{p0} {p1} {run_length}: {delay}");
        }
    }
}

#[test]
fn a35_sprt_begins_anew_and_flags_within_twenty() {
    let plan = SprtPlan::new(Shift::new(0.01, 0.05).unwrap(), 0.01, 0.01).unwrap();
    let mut test = Sprt::new(plan);
    for _ in 0..CLEAN {
        assert_ne!(test.push(false), SprtDecision::Reject);
    }
    assert!(test.accepted() > 80, "{}", test.accepted());
    assert_eq!(test.rejected(), 0);
    let delay = delay(|event| test.push(event) == SprtDecision::Reject);
    assert!(delay <= WITHIN, "{delay}");
    // A test without a restart would have gathered 10,000 observations against this.
    let deaf = plan.shift().ratio(10_000 + WITHIN as u64, WITHIN as u64);
    assert!(deaf < plan.lower());
}
