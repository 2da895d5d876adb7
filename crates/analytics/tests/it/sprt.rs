//! The SPRT against Wald's formulas, a published plan, and simulation.

use ai_audit_analytics::{Shift, SplitMix64, Sprt, SprtDecision, SprtLimits, SprtPlan};

fn plan(p0: f64, p1: f64, alpha: f64, beta: f64) -> SprtPlan {
    SprtPlan::new(Shift::new(p0, p1).unwrap(), alpha, beta).unwrap()
}

fn near(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within, "{a} is not {b} within {within}");
}

/// NIST/SEMATECH e-Handbook of Statistical Methods, 6.2.6: p1 = 0.01, p2 = 0.10, alpha = 0.05,
/// beta = 0.10: x_a = -0.939 + 0.0397 n, x_r = 1.205 + 0.0397 n.
#[test]
fn the_plan_of_the_nist_handbook() {
    let plan = plan(0.01, 0.10, 0.05, 0.10);
    let lines = plan.lines();
    near(lines.accept, 0.939, 5e-4);
    near(lines.reject, 1.205, 5e-4);
    near(lines.slope, 0.0397, 5e-5);
    // By these lines 24 good ones are the fewest that are accepted, and two bad ones among 19
    // are rejected, while of 21 it takes three (at 20 the rounded lines say two, and the exact ones three).
    let mut test = Sprt::new(plan);
    let accepted = (1..100).find(|_| test.push(false) == SprtDecision::Accept);
    assert_eq!(accepted, Some(24));
    let decides = |good: u32| {
        let mut test = Sprt::new(plan);
        // The events last, or the good ones would be accepted.
        test.push(true);
        for _ in 0..good {
            assert_eq!(test.push(false), SprtDecision::Continue);
        }
        test.push(true)
    };
    assert_eq!(decides(17), SprtDecision::Reject);
    assert_eq!(decides(19), SprtDecision::Continue);
}

/// Wald 1947, section 5.3.3: p0 = 0.1, p1 = 0.3, alpha = 0.02, beta = 0.03.
#[test]
fn walds_example() {
    let plan = plan(0.1, 0.3, 0.02, 0.03);
    near(plan.upper(), (0.97f64 / 0.02).ln(), 1e-12);
    near(plan.lower(), (0.03f64 / 0.98).ln(), 1e-12);
    near(plan.lines().slope, 0.186, 5e-4);
    // The five points of the operating characteristic that need no root (Wald, section 5.3.2).
    near(plan.wald(1e-12).unwrap().accept, 1.0, 1e-9);
    near(plan.wald(0.1).unwrap().accept, 0.98, 1e-9);
    let slope = plan.lines().slope;
    let middle = plan.wald(slope).unwrap();
    near(
        middle.accept,
        plan.upper() / (plan.upper() - plan.lower()),
        1e-6,
    );
    near(plan.wald(0.3).unwrap().accept, 0.03, 1e-9);
    near(plan.wald(1.0 - 1e-12).unwrap().accept, 0.0, 1e-9);
    // Expected numbers at p0 and p1 by hand, from his formula (section 5.3.4).
    let (a, b) = (plan.upper(), plan.lower());
    let z = |p: f64| p * 3f64.ln() + (1.0 - p) * (0.7f64 / 0.9).ln();
    near(
        plan.wald(0.1).unwrap().observations,
        (0.98 * b + 0.02 * a) / z(0.1),
        1e-6,
    );
    near(
        plan.wald(0.3).unwrap().observations,
        (0.03 * b + 0.97 * a) / z(0.3),
        1e-6,
    );
}

#[test]
fn exact_risks_keep_walds_inequalities_and_agree_with_simulation() {
    for (p0, p1, alpha, beta) in [
        (0.1, 0.3, 0.02, 0.03),
        (0.01, 0.05, 0.05, 0.1),
        (0.01, 0.05, 0.001, 0.01),
        (0.3, 0.1, 0.05, 0.05),
        (0.5, 0.6, 0.05, 0.05),
    ] {
        let plan = plan(p0, p1, alpha, beta);
        let (at0, at1) = (plan.exact(p0).unwrap(), plan.exact(p1).unwrap());
        near(at0.accept + at0.reject, 1.0, 1e-9);
        assert!(at0.reject <= alpha / (1.0 - beta), "{at0:?}");
        assert!(at1.accept <= beta / (1.0 - alpha), "{at1:?}");
        assert!(at0.reject + at1.accept <= alpha + beta);
        // Overshoot makes tests longer than Wald's approximation.
        assert!(at0.observations >= plan.wald(p0).unwrap().observations);
        for (p, exact) in [(p0, at0), (p1, at1)] {
            let (mut random, mut test) = (SplitMix64::new(7), Sprt::new(plan));
            let (tests, mut observations) = (4_000u32, 0u64);
            while test.accepted() + test.rejected() < u64::from(tests) {
                test.push(random.event(p));
                observations += 1;
            }
            let n = f64::from(tests);
            let deviation = (exact.reject * exact.accept / n).sqrt();
            near(test.rejected() as f64 / n, exact.reject, 4.0 * deviation);
            near(observations as f64 / n / exact.observations, 1.0, 0.08);
        }
    }
}

#[test]
fn parameters_outside_their_range_are_named() {
    let shift = Shift::new(0.1, 0.2).unwrap();
    for (error, said) in [
        (Shift::new(0.0, 0.2).unwrap_err(), "p0 is 0"),
        (Shift::new(0.1, f64::NAN).unwrap_err(), "p1 is NaN"),
        (Shift::new(0.1, 0.1).unwrap_err(), "differs from p0"),
        (
            SprtPlan::new(shift, 0.5, 0.5).unwrap_err(),
            "alpha + beta is 1",
        ),
        (
            SprtPlan::new(shift, -0.5, 0.5).unwrap_err(),
            "alpha is -0.5",
        ),
        (SprtPlan::new(shift, 0.5, 1.5).unwrap_err(), "beta is 1.5"),
    ] {
        assert!(error.to_string().contains(said), "{error}");
    }
    let close = SprtPlan::new(Shift::new(0.5, 0.500_001).unwrap(), 0.01, 0.01).unwrap();
    let error = close.exact(0.5).unwrap_err();
    assert!(error.to_string().contains("further apart"), "{error}");
}

#[test]
fn strict_limits_keep_both_risks() {
    // Among them is a plan that misses with Wald's limits by a hair.
    let mut above = 0;
    for (p0, p1) in [
        (0.01, 0.05),
        (0.1, 0.3),
        (0.3, 0.1),
        (0.5, 0.6),
        (0.001, 0.01),
    ] {
        for (alpha, beta) in [(0.01, 0.01), (0.05, 0.1), (0.2, 0.05)] {
            let wald = plan(p0, p1, alpha, beta);
            let strict = wald.with_limits(SprtLimits::Strict);
            let (at0, at1) = (strict.exact(p0).unwrap(), strict.exact(p1).unwrap());
            assert!(at0.reject <= alpha && at1.accept <= beta, "{strict:?}");
            assert!(at0.observations >= wald.exact(p0).unwrap().observations);
            above += u32::from(wald.exact(p0).unwrap().reject > alpha);
            above += u32::from(wald.exact(p1).unwrap().accept > beta);
        }
    }
    assert!(above > 0);
}
