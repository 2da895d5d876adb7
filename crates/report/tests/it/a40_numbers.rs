//! Numbers of an enemy: scores, thresholds, rates and counts at the ends of what can be written.

use crate::logs::{Log, example};
use ai_audit_core::{Check, Decision};
use ai_audit_report::{Document, FigureData, FigureOptions, Recipe, Scores, compose, html};

/// Pairs of a score and a threshold.
const EXTREMES: [(f64, f64); 8] = [
    (9e307, 1.75e308),
    (-9e307, -5e307),
    (f64::MAX, f64::MAX),
    (-f64::MAX, -f64::MAX),
    (5e-324, f64::MIN_POSITIVE),
    (-5e-324, -f64::MIN_POSITIVE),
    (1e15, -1e15),
    (0.5, 0.7),
];

/// Every form that draws.
fn written(document: &Document) -> String {
    #[cfg(feature = "pdf")]
    assert!(
        ai_audit_report::to_pdf(document, crate::samples::AT, "id")
            .unwrap()
            .starts_with(b"%PDF-")
    );
    html(document)
}

fn checked(pairs: &[(f64, f64)]) -> (Document, FigureData) {
    let mut log = Log::new();
    for n in 0..1_200_usize {
        let (score, threshold) = pairs[n % pairs.len()];
        log.trace(&format!("t{n}"));
        log.seal(&Decision {
            checks: vec![Check {
                name: "c".into(),
                score: Some(score),
                threshold: Some(threshold),
                ..Check::default()
            }]
            .into(),
            ..Decision::new()
        });
    }
    let (crosswalk, figures) = log.report(&["iso-42001"], &FigureOptions::default(), &log.trust());
    let document = compose(&crosswalk, Some(&figures), &Recipe::default());
    (document, figures)
}

#[test]
fn a40_scores_and_thresholds_of_any_size_are_drawn() {
    let (document, figures) = checked(&EXTREMES[..2]);
    assert_eq!(figures.checks[0].scores, 1_200);
    let page = written(&document);
    for said in ["1e15 or more", "-1e15 or less", "is cut to that."] {
        assert!(page.contains(said), "{said}");
    }
    let (document, figures) = checked(&EXTREMES);
    for bucket in &figures.checks[0].buckets {
        let scores = bucket.scores.unwrap();
        let all = [scores.least, scores.quarter, scores.median, scores.high];
        assert!(all.iter().all(|score| score.abs() <= 1e15), "{all:?}");
    }
    written(&document);
    let (document, _) = checked(&EXTREMES[4..6]);
    assert!(!written(&document).contains("1e15"));
    for pair in EXTREMES {
        let (document, _) = checked(&[pair]);
        assert!(html(&document).contains("id=\"chart-check-0-title\""));
    }
}

#[test]
fn a40_rates_at_their_ends_are_drawn() {
    let log = crate::logs::half_a_year();
    let least = f64::from_bits(1);
    let most = 1.0 - f64::EPSILON;
    let mut taken = 0;
    for (p0, p1) in [
        (least, most),
        (most, least),
        (1e-300, most),
        (most, 1e-300),
        (0.5, most),
    ] {
        let options = FigureOptions {
            p0,
            p1,
            run_length: 1e9,
            ..FigureOptions::default()
        };
        if ai_audit_report::Figures::new(&options).is_err() {
            continue;
        }
        taken += 1;
        let (crosswalk, figures) = log.report(&["iso-42001"], &options, &log.trust());
        let page = html(&compose(&crosswalk, Some(&figures), &Recipe::default()));
        assert!(page.contains("id=\"chart-sprt-title\""), "{p0} {p1}");
    }
    assert!(taken > 1, "{taken}");
}

/// Whoever makes figures by other means may put anything into them.
#[test]
fn a40_figures_of_any_numbers_are_drawn() {
    let numbers = [
        f64::MAX,
        -f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        5e-324,
    ];
    let (crosswalk, figures, _) = example();
    for turn in 0..numbers.len() {
        let mut figures = figures.clone();
        let mut at = turn;
        let mut next = || {
            at += 1;
            numbers[at % numbers.len()]
        };
        for bucket in figures.checks.iter_mut().flat_map(|c| &mut c.buckets) {
            bucket.thresholds = Some((next(), next()));
            bucket.scores = Some(Scores {
                count: u64::MAX,
                least: next(),
                quarter: next(),
                median: next(),
                three_quarters: next(),
                high: next(),
                greatest: next(),
            });
        }
        for bucket in &mut figures.actions.buckets {
            bucket.counts = [u64::MAX; 6];
        }
        let (sprt, cusum) = (&mut figures.sprt, &mut figures.cusum);
        for stretch in sprt.path.iter_mut().chain(&mut cusum.path) {
            (stretch.least, stretch.greatest, stretch.last) = (next(), next(), next());
            stretch.to = u64::MAX;
        }
        (sprt.lower, sprt.upper, cusum.threshold) = (next(), next(), next());
        for window in &mut figures.drift.shown {
            (window.p, window.bits, window.before) = (next(), next(), next());
        }
        figures.drift.level = next();
        let document = compose(&crosswalk, Some(&figures), &Recipe::default());
        let page = if turn < 2 {
            written(&document)
        } else {
            html(&document)
        };
        for id in ["actions", "check-0", "sprt", "cusum", "drift"] {
            assert!(page.contains(&format!("id=\"chart-{id}-title\"")), "{id}");
        }
    }
}
