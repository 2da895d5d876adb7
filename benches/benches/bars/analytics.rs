//! Sequential tests and drift: nanoseconds an observation.

use ai_audit_analytics::{
    Baseline, Cusum, CusumPlan, DriftMonitor, Shift, SplitMix64, Sprt, SprtPlan,
};
use ai_audit_benches::compare::{Row, Runner};
use std::hint::black_box;

const GROUP: &str = "Statistics";
/// Observations a call.
const COUNT: u64 = 10_000;
const ACTIONS: [&str; 4] = ["allow", "reject", "escalate", "bypass"];

pub(crate) fn rows(runner: &Runner) {
    let mut random = SplitMix64::new(1);
    let events: Vec<bool> = (0..COUNT).map(|_| random.event(0.01)).collect();
    let shift = Shift::new(0.01, 0.05).unwrap();
    let row = |work| Row::new(GROUP, work);
    let plan = SprtPlan::new(shift, 0.01, 0.01).unwrap();
    runner.single(row("SPRT, an observation").most(50.0), COUNT, || {
        let mut sprt = Sprt::new(plan);
        for &event in &events {
            sprt.push(black_box(event));
        }
        sprt
    });
    let plan = CusumPlan::for_run_length(shift, 10_000.0).unwrap();
    runner.single(row("CUSUM, an observation").most(50.0), COUNT, || {
        let mut cusum = Cusum::new(plan);
        for &event in &events {
            cusum.push(black_box(event));
        }
        cusum
    });
    let mut random = SplitMix64::new(2);
    let mut pick = || {
        let u = random.unit();
        ACTIONS[[0.95, 0.99, 1.0].iter().filter(|&&end| u >= end).count()]
    };
    let actions: Vec<&str> = (0..COUNT).map(|_| pick()).collect();
    runner.single(row("drift, an action").most(500.0), COUNT, || {
        let mut monitor = DriftMonitor::new(500, Baseline::Slow(2_000)).unwrap();
        for action in &actions {
            monitor.push(black_box(action));
        }
        monitor
    });
}
