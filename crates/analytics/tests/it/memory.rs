//! Constant memory: what the states hold does not grow with what they have seen.

use ai_audit_analytics::{
    Baseline, ConfidenceSequence, Cusum, CusumPlan, DriftMonitor, Quantiles, ScoreMonitor, Shift,
    SplitMix64, Sprt, SprtPlan, Summary,
};
use ai_audit_core::{Check, Decision, Timestamp};
use serde::Serialize;

#[test]
fn tests_of_rates_allocate_nothing() {
    let shift = Shift::new(0.01, 0.05).unwrap();
    let mut sprt = Sprt::new(SprtPlan::new(shift, 0.01, 0.01).unwrap());
    let mut cusum = Cusum::new(CusumPlan::new(shift, 5.0).unwrap());
    let mut rate = ConfidenceSequence::new(0.05).unwrap();
    let mut random = SplitMix64::new(1);
    let info = allocation_counter::measure(|| {
        for _ in 0..10_000 {
            let event = random.event(0.03);
            sprt.push(event);
            cusum.push(event);
            rate.push(event);
        }
        assert!(rate.interval().lower > 0.0);
    });
    assert_eq!(info.count_total, 0);
    assert!(sprt.rejected() > 0 && cusum.alarms() > 0);
}

fn size(state: &impl Serialize) -> usize {
    postcard::to_allocvec(state).unwrap().len()
}

#[test]
fn states_do_not_grow() {
    let mut random = SplitMix64::new(2);
    let mut drift = DriftMonitor::new(100, Baseline::Slow(1_000)).unwrap();
    let mut scores = ScoreMonitor::new("toxicity", 300, 100).unwrap();
    let (mut quantiles, mut summary) = (Quantiles::new(), Summary::new());
    let mut sizes = Vec::new();
    for n in 1..=40_000 {
        let (score, name) = (random.unit(), random.below(5_000));
        let name = format!("model-{name}");
        drift.push(&name);
        scores.push(score).unwrap();
        quantiles.push(score).unwrap();
        let check = Check {
            name: name.as_str().into(),
            score: Some(score),
            ..Check::default()
        };
        let decision = Decision {
            model: "gpt-4o".into(),
            checks: vec![check].into(),
            ..Decision::new()
        };
        summary
            .push("acme", Timestamp::default(), &decision)
            .unwrap();
        if n % 20_000 == 0 {
            sizes.push([
                size(&drift),
                size(&scores),
                size(&quantiles),
                size(&summary),
            ]);
        }
    }
    // Counts get longer by some bytes; buffers are as full as they happen to be.
    for (at, bound) in [20_000, 4_000, 6_000, 2_000_000].into_iter().enumerate() {
        for size in &sizes {
            assert!(size[at] < bound, "{at}: {sizes:?}");
        }
        assert!(
            sizes[1][at] < sizes[0][at] + sizes[0][at] / 4 + 4_500,
            "{at}: {sizes:?}"
        );
    }
}
