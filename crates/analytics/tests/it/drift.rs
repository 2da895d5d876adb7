//! Divergence and its significance: known values, sizes under the null, and what small counts do.

use ai_audit_analytics::{
    Baseline, Categories, Divergence, DriftMonitor, MAX_CATEGORIES, REST, Significance, SplitMix64,
};

fn counts(of: &[(&str, u64)]) -> Categories {
    let mut categories = Categories::new();
    for &(name, count) in of {
        categories.add(name, count);
    }
    categories
}

#[test]
fn known_divergences() {
    let of = |p: &[(&str, u64)], q: &[(&str, u64)]| Divergence::of(&counts(p), &counts(q)).unwrap();
    assert_eq!(of(&[("a", 7)], &[("a", 3)]).bits, 0.0);
    assert_eq!(of(&[("a", 7)], &[("b", 3)]).bits, 1.0);
    // (1/2, 1/2) against (1, 0): 3/4·log₂(4/3) − 0 … = 1 − 3/4·log₂ 3 + 1/2 = 0.311278.
    let half = of(&[("a", 5), ("b", 5)], &[("a", 10)]);
    assert!((half.bits - (1.5 - 0.75 * 3f64.log2())).abs() < 1e-12);
    let sum: f64 = half.contributions.iter().map(|part| part.bits).sum();
    assert!((sum - half.bits).abs() < 1e-12);
    assert_eq!(half.contributions[0].category, "b");
    assert!(Divergence::of(&counts(&[("a", 1)]), &Categories::new()).is_none());
}

/// Fisher's lady (*The Design of Experiments*, 1935): all eight cups right has 1/70 in one tail.
#[test]
fn the_lady_tasting_tea() {
    // Expected counts are 2: both kinds of cup are rare, each has 2/70, and their pool would be all.
    let tea = Significance::of(&[(4, 0), (0, 4)]);
    assert_eq!((tea.g, tea.rare), (None, 2));
    assert!((tea.p - 2.0 * 2.0 / 70.0).abs() < 1e-12, "{tea:?}");
}

#[test]
fn equal_rows_are_no_drift() {
    let same = Significance::of(&[(423, 423), (133, 133)]);
    assert!(same.p > 0.999_999 && same.g.unwrap().statistic < 1e-9);
    // By hand: 2·Σ O ln(O/E).
    let table = Significance::of(&[(10, 30), (20, 5)]);
    let by_hand: f64 = [
        (10.0, 30.0, 40.0),
        (30.0, 35.0, 40.0),
        (20.0, 30.0, 25.0),
        (5.0, 35.0, 25.0),
    ]
    .iter()
    .map(|&(o, row, column): &(f64, f64, f64)| 2.0 * o * (o / (row * column / 65.0)).ln())
    .sum();
    let g = table.g.unwrap();
    assert!((g.statistic - by_hand).abs() < 1e-9 && g.freedom == 1);
    assert!(table.p < 1e-5);
}

/// At every size the level holds: of windows without drift at most a part alpha is flagged.
#[test]
fn chance_alone_is_rarely_flagged() {
    let mut random = SplitMix64::new(5);
    for (baseline, window) in [(30u32, 20u32), (500, 50), (2_000, 500)] {
        let mut flagged = 0;
        for _ in 0..1_000 {
            let mut draw = |n: u32| {
                let mut counts = Categories::new();
                for _ in 0..n {
                    let u = random.unit();
                    let names = ["allow", "reject", "escalate", "bypass"];
                    let at = [0.9, 0.97, 0.995, 1.0]
                        .iter()
                        .position(|&end| u < end)
                        .unwrap();
                    counts.add(names[at], 1);
                }
                counts
            };
            let (baseline, window) = (draw(baseline), draw(window));
            let divergence = Divergence::of(&baseline, &window).unwrap();
            flagged += u32::from(divergence.significance.p <= 0.05);
        }
        // 50 expected at most; G is a little liberal at its least counts, and chance adds its part.
        assert!(flagged <= 75, "{baseline} {window}: {flagged}");
    }
}

#[test]
fn a_new_rare_category_is_found() {
    let baseline = counts(&[("allow", 9_900), ("reject", 100)]);
    let window = counts(&[("allow", 490), ("reject", 5), ("bypass", 5)]);
    let drift = Divergence::of(&baseline, &window).unwrap();
    assert!(drift.significance.p < 1e-5, "{drift:?}");
    assert_eq!(drift.contributions[0].category, "bypass");
    // One alone is no proof.
    let window = counts(&[("allow", 494), ("reject", 5), ("bypass", 1)]);
    assert!(Divergence::of(&baseline, &window).unwrap().significance.p > 0.05);
}

#[test]
fn a_slow_baseline_forgets_and_a_frozen_one_does_not() {
    let mut slow = DriftMonitor::new(100, Baseline::Slow(400)).unwrap();
    let mut frozen = DriftMonitor::new(100, Baseline::Frozen(400)).unwrap();
    let mut seen = (false, false);
    for n in 0..3_000 {
        for (monitor, seen) in [(&mut slow, &mut seen.0), (&mut frozen, &mut seen.1)] {
            monitor.push(if n < 1_000 { "gpt-4o" } else { "gpt-5" });
            *seen |= monitor.report().is_some_and(|drift| drift.bits > 0.9);
        }
    }
    assert_eq!(seen, (true, true));
    assert!(slow.report().unwrap().bits < 0.01);
    assert_eq!(frozen.report().unwrap().bits, 1.0);
}

#[test]
fn names_without_end_are_bounded() {
    let mut monitor = DriftMonitor::new(10, Baseline::Frozen(3_000)).unwrap();
    let mut categories = Categories::new();
    for n in 0..3_010 {
        let name = format!("model-{n:0>500}");
        let short = format!("model-{n}");
        monitor.push(if n % 2 == 0 { &name } else { &short });
        categories.add(&short, 1);
    }
    let report = monitor.report().unwrap();
    assert!(report.contributions.len() <= MAX_CATEGORIES + 1);
    assert_eq!(categories.iter().count(), MAX_CATEGORIES + 1);
    assert_eq!(categories.count(REST), 3_010 - MAX_CATEGORIES as u64);
    assert!(
        report
            .contributions
            .iter()
            .all(|part| part.category.len() <= 128)
    );
}
