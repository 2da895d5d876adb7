//! Score drift and quantiles: known values, refusals, accuracy.

use ai_audit_analytics::{Quantiles, ScoreDrift, ScoreMonitor, SplitMix64};

fn drift(a: &[f64], b: &[f64]) -> ScoreDrift {
    ScoreDrift::of(a, b).unwrap().unwrap()
}

/// Two samples that do not overlap: D = 1, and of all C(n + m, n) orders two are as extreme.
#[test]
fn separate_samples_have_a_closed_form() {
    for (n, m, orders) in [(3, 3, 20.0), (4, 6, 210.0), (5, 5, 252.0)] {
        let a: Vec<f64> = (0..n).map(f64::from).collect();
        let b: Vec<f64> = (0..m).map(|x| 100.0 + f64::from(x)).collect();
        let drift = drift(&a, &b);
        assert_eq!((drift.distance, drift.exact), (1.0, true));
        assert!((drift.p - 2.0 / orders).abs() < 1e-12, "{drift:?}");
    }
}

/// Massey's table (Annals of Mathematical Statistics 23, 1952): for n = m = 10 the 5 % point of D is
/// 7/10, with P(D ≥ 0.7) = 0.0123, and P(D ≥ 0.6) = 0.0524.
#[test]
fn the_table_for_ten_and_ten() {
    let a: Vec<f64> = (0..10).map(f64::from).collect();
    for (shift, p) in [(7.0, 0.0123), (6.0, 0.0524)] {
        let b: Vec<f64> = a.iter().map(|x| x + shift - 0.5).collect();
        let drift = drift(&a, &b);
        assert!((drift.distance - shift / 10.0).abs() < 1e-12);
        assert!((drift.p - p).abs() < 5e-5, "{drift:?}");
    }
}

#[test]
fn the_stability_index_by_hand() {
    // Deciles of 0 to 99; the window has all its ten scores in the upper half.
    let baseline: Vec<f64> = (0..100).map(f64::from).collect();
    let window: Vec<f64> = (0..10).map(|x| 50.0 + 5.0 * f64::from(x)).collect();
    let term = |b: f64, w: f64| (w - b) * (w / b).ln();
    let b = 10.5 / 105.0;
    let by_hand = 5.0 * term(b, 0.5 / 15.0) + 5.0 * term(b, 2.5 / 15.0);
    assert!((drift(&baseline, &window).stability_index - by_hand).abs() < 1e-12);
    let same = drift(&baseline, &baseline);
    assert_eq!(
        (same.stability_index, same.distance, same.p),
        (0.0, 0.0, 1.0)
    );
    // All equal: one class, and one above it that is empty in both.
    assert!(drift(&[0.5; 30], &[0.5; 20]).stability_index < 0.01);
}

#[test]
fn scores_that_are_not_finite_are_refused_with_their_place() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = ScoreDrift::of(&[0.1, 0.2], &[0.1, bad])
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!("window: value 1 is {bad}: expected a finite number")
        );
        let mut quantiles = Quantiles::new();
        quantiles.push(1.0).unwrap();
        assert!(
            quantiles
                .push(bad)
                .unwrap_err()
                .to_string()
                .contains("value 1 is")
        );
        assert_eq!(quantiles.count(), 1);
    }
    assert_eq!(ScoreDrift::of(&[], &[1.0]).unwrap(), None);
    assert!(ScoreMonitor::new("x", 0, 5).is_err() && ScoreMonitor::new("x", 5, 1 << 21).is_err());
}

#[test]
fn quantiles_are_near() {
    let mut random = SplitMix64::new(1);
    let (mut whole, mut parts) = (Quantiles::new(), [Quantiles::new(), Quantiles::new()]);
    let mut values = Vec::new();
    for n in 0..50_000 {
        let value = random.unit() * random.unit() - 0.2;
        values.push(value);
        whole.push(value).unwrap();
        parts[n % 2].push(value).unwrap();
    }
    values.sort_by(f64::total_cmp);
    let [mut merged, other] = parts;
    merged.merge(other);
    assert_eq!((whole.count(), merged.count()), (50_000, 50_000));
    for digest in [&whole, &merged] {
        assert_eq!(digest.quantile(0.0), values.first().copied());
        assert_eq!(digest.quantile(1.0), values.last().copied());
        for q in [0.01, 0.1, 0.5, 0.9, 0.99, 0.999] {
            let value = digest.quantile(q).unwrap();
            let rank = values.partition_point(|&x| x < value) as f64 / 50_000.0;
            assert!((rank - q).abs() < 0.01, "{q}: {rank}");
        }
    }
    assert_eq!(Quantiles::new().quantile(0.5), None);
    assert_eq!(whole.quantile(1.5), None);
}
