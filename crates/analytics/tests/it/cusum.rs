//! CUSUM run lengths against closed forms, Lorden's bound and simulation.

use ai_audit_analytics::{Cusum, CusumPlan, Shift, SplitMix64};

fn near(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within * b.abs(), "{a} is not {b}");
}

/// Where one other observation takes the sum back to 0, an alarm is a run of r events: Feller, *An
/// Introduction to Probability Theory*, volume 1, XIII.7: (1 − p^r)/((1 − p) p^r), 14 tosses of a coin
/// for three heads.
#[test]
fn a_run_of_events() {
    let shift = Shift::new(0.5, 0.9).unwrap();
    let plan = CusumPlan::new(shift, 2.5 * shift.weight(true)).unwrap();
    near(plan.run_length(0.5).unwrap(), 14.0, 1e-12);
    for p in [0.1f64, 0.3, 0.9] {
        let runs = (1.0 - p.powi(3)) / ((1.0 - p) * p.powi(3));
        near(plan.run_length(p).unwrap(), runs, 1e-10);
    }
    assert_eq!(plan.run_length(1.0).unwrap(), 3.0);
    assert_eq!(plan.run_length(0.0).unwrap(), f64::INFINITY);
}

/// Equal steps up and down, and a floor that holds: the mean time to h is h(h + 1) for a fair coin, and
/// for p ≠ q it is h/(p − q) − q(1 − (q/p)^h)/(p − q)² (Feller, XIV.3).
#[test]
fn a_walk_on_a_floor() {
    let shift = Shift::new(0.4, 0.6).unwrap();
    for h in [1i32, 3, 10] {
        let threshold = (f64::from(h) - 0.5) * shift.weight(true);
        let plan = CusumPlan::new(shift, threshold).unwrap();
        let fair = f64::from(h) * f64::from(h + 1);
        near(plan.run_length(0.5).unwrap(), fair, 1e-9);
        for p in [0.4f64, 0.6] {
            let (q, d) = (1.0 - p, 2.0 * p - 1.0);
            let mean = f64::from(h) / d - q * (1.0 - (q / p).powi(h)) / (d * d);
            near(plan.run_length(p).unwrap(), mean, 1e-9);
        }
    }
}

#[test]
fn the_threshold_keeps_the_run_length_asked_for() {
    for (p0, p1, wanted) in [
        (0.01, 0.05, 1_000.0),
        (0.01, 0.05, 1e6),
        (0.01, 0.02, 10_000.0),
        (0.2, 0.1, 10_000.0),
        (0.001, 0.002, 50_000.0),
    ] {
        let shift = Shift::new(p0, p1).unwrap();
        let plan = CusumPlan::for_run_length(shift, wanted).unwrap();
        let length = plan.run_length(p0).unwrap();
        assert!(length >= wanted, "{p0} {p1} {wanted}: {length}");
        // Lorden: e^h bounds it from below, so the threshold is at most ln(wanted).
        assert!(plan.threshold() <= wanted.ln());
        // The run length is a step function of the threshold: a little less does not do.
        let less = CusumPlan::new(shift, plan.threshold() - 2e-9).unwrap();
        assert!(less.run_length(p0).unwrap() < wanted);
        assert!(plan.run_length(p1).unwrap() < wanted / 5.0);
    }
}

#[test]
fn run_lengths_agree_with_simulation() {
    let shift = Shift::new(0.02, 0.1).unwrap();
    let plan = CusumPlan::for_run_length(shift, 2_000.0).unwrap();
    for (p, alarms) in [(0.02, 3_000u32), (0.05, 4_000), (0.1, 8_000)] {
        let exact = plan.run_length(p).unwrap();
        let (mut cusum, mut random, mut n) = (Cusum::new(plan), SplitMix64::new(11), 0u64);
        while cusum.alarms() < u64::from(alarms) {
            cusum.push(random.event(p));
            n += 1;
        }
        // Run lengths are nearly exponential: their deviation is at most about their mean.
        let mean = n as f64 / f64::from(alarms);
        near(mean, exact, 4.0 / f64::from(alarms).sqrt());
    }
}

#[test]
fn what_cannot_be_had_is_said() {
    let shift = Shift::new(0.1, 0.2).unwrap();
    for wanted in [0.0, 1.0, 1e10, f64::NAN, f64::INFINITY] {
        let error = CusumPlan::for_run_length(shift, wanted).unwrap_err();
        assert!(error.to_string().contains("from 2 to"), "{error}");
    }
    for threshold in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(CusumPlan::new(shift, threshold).is_err());
    }
    let plan = CusumPlan::new(shift, 3.0).unwrap();
    assert!(plan.run_length(-0.1).is_err() && plan.run_length(f64::NAN).is_err());
}
