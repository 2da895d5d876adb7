//! The same numbers as scipy, where Python has it.

use ai_audit_analytics::{
    Categories, ConfidenceSequence, CusumPlan, Divergence, ScoreDrift, Shift, Significance,
    SplitMix64, SprtPlan, chi_square_tail,
};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Runs the script with scipy; none where it is not there.
fn scipy(cases: &[Value]) -> Option<(bool, String)> {
    let has = Command::new("python3")
        .args(["-c", "import scipy"])
        .output();
    if !has.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: statistics against scipy: python3 has no scipy");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/scipy_check.py");
    let mut child = Command::new("python3")
        .args(["-B", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_string(cases).unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8(said).unwrap()))
}

fn case(what: &str, args: Value, ours: Value, rtol: f64) -> Value {
    json!({ "what": what, "args": args, "ours": ours, "rtol": rtol })
}

fn tests_of_counts(random: &mut SplitMix64, cases: &mut Vec<Value>) {
    for freedom in [1, 2, 5, 30, 300, 1_000] {
        for scale in [0.01, 0.5, 1.0, 1.5, 3.0, 10.0] {
            let x = scale * freedom as f64;
            let ours = chi_square_tail(x, freedom);
            cases.push(case("chi2", json!([x, freedom]), json!(ours), 1e-8));
        }
    }
    for size in [2u64, 4, 20] {
        let rows: Vec<(u64, u64)> = (0..size)
            .map(|_| (50 + random.below(500), 50 + random.below(100)))
            .collect();
        let (mut first, mut second) = (Categories::new(), Categories::new());
        for (n, row) in rows.iter().enumerate() {
            first.add(&n.to_string(), row.0);
            second.add(&n.to_string(), row.1);
        }
        let table = [
            rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            rows.iter().map(|row| row.1).collect(),
        ];
        let divergence = Divergence::of(&first, &second).unwrap();
        cases.push(case("jsd", json!(table), json!(divergence.bits), 1e-9));
        let g = divergence.significance.g.unwrap().statistic;
        cases.push(case("g", json!(table), json!(g), 1e-9));
    }
    for (a, b, first, second) in [(0, 3, 5_000, 200), (4, 0, 5_000, 900), (1, 9, 20_000, 500)] {
        let significance = Significance::of(&[(first - a, second - b), (a, b)]);
        assert_eq!((significance.rare, significance.g), (1, None));
        let ours = json!(significance.p);
        cases.push(case("fisher", json!([a, b, first, second]), ours, 1e-8));
    }
}

fn tests_of_scores(random: &mut SplitMix64, cases: &mut Vec<Value>) {
    for (n, m, exact) in [
        (7, 5, true),
        (100, 80, true),
        (500, 300, true),
        (5_000, 2_000, false),
    ] {
        for shift in [0.0, 0.05, 0.2] {
            let a: Vec<f64> = (0..n).map(|_| random.unit()).collect();
            let b: Vec<f64> = (0..m).map(|_| random.unit() + shift).collect();
            let drift = ScoreDrift::of(&a, &b).unwrap().unwrap();
            assert_eq!(drift.exact, exact);
            // The limit is corrected in another way there; far out both are 0 for all purposes.
            let (what, rtol) = if exact {
                ("ks_exact", 1e-7)
            } else {
                ("ks_limit", 0.1)
            };
            if exact || drift.p > 1e-6 {
                cases.push(case(
                    what,
                    json!([a, b]),
                    json!([drift.distance, drift.p]),
                    rtol,
                ));
            }
        }
    }
}

fn sequential_tests(cases: &mut Vec<Value>) {
    for (n, k, p) in [
        (10u64, 0u64, 0.1),
        (1_000, 20, 0.05),
        (200_000, 1_000, 0.006),
    ] {
        let mut rate = ConfidenceSequence::new(0.05).unwrap();
        (0..n).for_each(|i| rate.push(i < k));
        cases.push(case(
            "evidence",
            json!([n, k, p]),
            json!(rate.evidence(p)),
            1e-7,
        ));
    }
    for (p0, p1, p) in [
        (0.1, 0.3, 0.1),
        (0.1, 0.3, 0.2),
        (0.05, 0.2, 0.2),
        (0.4, 0.2, 0.3),
    ] {
        let plan = SprtPlan::new(Shift::new(p0, p1).unwrap(), 0.02, 0.03).unwrap();
        let args = json!([p0, p1, plan.lower(), plan.upper(), p]);
        let exact = plan.exact(p).unwrap();
        let ours = json!([exact.accept, exact.reject, exact.observations]);
        cases.push(case("sprt", args, ours, 1e-9));
    }
    // The rate at which an event weighs as much as `up` other observations.
    for (p0, up, h) in [(0.01, 39, 100), (0.05, 8, 40), (0.2, 2, 15)] {
        let excess = |p1: f64| {
            let shift = Shift::new(p0, p1).unwrap();
            shift.weight(true) + f64::from(up) * shift.weight(false)
        };
        let (mut low, mut high) = (p0 * 1.001, 0.999);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if excess(middle) > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        let shift = Shift::new(p0, low).unwrap();
        let threshold = -(f64::from(h) - 0.5) * shift.weight(false);
        let plan = CusumPlan::new(shift, threshold).unwrap();
        for p in [p0, low, 0.5] {
            let ours = json!(plan.run_length(p).unwrap());
            cases.push(case("run_length", json!([up, h, p]), ours, 1e-6));
        }
    }
    // What makes the sequence valid: under the rate p the mixture's likelihood ratio has mean 1, over the
    // binomial distribution of the events, at every n.
    for (n, p) in [(5u64, 0.3), (60, 0.02), (400, 0.1)] {
        let evidence = |k: u64| {
            let mut rate = ConfidenceSequence::new(0.05).unwrap();
            (0..n).for_each(|i| rate.push(i < k));
            rate.evidence(p)
        };
        let all: Vec<f64> = (0..=n).map(evidence).collect();
        cases.push(case("binomial", json!([n, p, all]), json!(1.0), 1e-8));
    }
}

#[test]
fn the_same_as_scipy() {
    let (mut random, mut cases) = (SplitMix64::new(2), Vec::new());
    tests_of_counts(&mut random, &mut cases);
    tests_of_scores(&mut random, &mut cases);
    sequential_tests(&mut cases);
    if let Some((same, said)) = scipy(&cases) {
        assert!(same && said.contains("checked"), "{said}");
    }
}
