//! The confidence sequence: its bounds, and that looking all the time is allowed.

use ai_audit_analytics::{ConfidenceSequence, SplitMix64};

fn after(alpha: f64, observations: u64, events: u64) -> ConfidenceSequence {
    let mut rate = ConfidenceSequence::new(alpha).unwrap();
    for n in 0..observations {
        rate.push(n < events);
    }
    rate
}

/// The mixture's martingale with no events is B(1/2, n + 1/2)/(B(1/2, 1/2)(1 − p)^n), so the bound has
/// a closed form; for n = 1 the ratio of beta functions is 1/2.
#[test]
fn no_events_have_a_closed_form() {
    let interval = after(0.05, 1, 0).interval();
    assert_eq!(interval.lower, 0.0);
    assert!((interval.upper - (1.0 - 0.5 * 0.05)).abs() < 1e-12);
    let interval = after(0.05, 1, 1).interval();
    assert_eq!(interval.upper, 1.0);
    assert!((interval.lower - 0.5 * 0.05).abs() < 1e-12);
    // B(1/2, 5/2)/B(1/2, 1/2) = 3/8.
    let interval = after(0.05, 2, 0).interval();
    assert!((interval.upper - (1.0 - (0.375f64 * 0.05).sqrt())).abs() < 1e-12);
}

#[test]
fn bounds_are_where_the_evidence_is_the_limit() {
    for (n, k) in [(10, 3), (1_000, 1), (50_000, 2_500)] {
        let rate = after(0.01, n, k);
        let interval = rate.interval();
        assert!(interval.contains(rate.rate().unwrap()));
        for bound in [interval.lower, interval.upper] {
            assert!((rate.evidence(bound) - 100f64.ln()).abs() < 1e-6);
        }
    }
}

/// In at most alpha of all logs the true rate is ever outside, although it is looked at each time. A
/// fixed-sample interval is outside in most of them.
#[test]
fn looking_all_the_time_is_allowed() {
    let (logs, length, alpha) = (1_000u32, 2_000u64, 0.05);
    for p in [0.01, 0.3] {
        let (mut random, mut ever, mut fixed) = (SplitMix64::new(3), 0, 0);
        for _ in 0..logs {
            let mut rate = ConfidenceSequence::new(alpha).unwrap();
            let (mut out, mut normal_out) = (false, false);
            for n in 1..=length {
                rate.push(random.event(p));
                out |= rate.evidence(p) >= -alpha.ln();
                let deviation = (p * (1.0 - p) / n as f64).sqrt();
                normal_out |= (rate.rate().unwrap() - p).abs() > 1.96 * deviation;
            }
            ever += u32::from(out);
            fixed += u32::from(normal_out);
        }
        // 50 are expected at most; four deviations more would be 78.
        assert!(ever < 78, "{p}: {ever}");
        assert!(fixed > logs / 3, "{p}: {fixed}");
    }
}
