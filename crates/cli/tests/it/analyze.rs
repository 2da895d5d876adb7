//! `analyze` and the figures of `stats`: against counts made here, with bad input, and for a terminal.

use crate::run::Place;
use ai_audit_analytics::{ConfidenceSequence, Cusum, CusumPlan, Shift};
use serde_json::Value;

/// 400 decisions, of which the last 100 are rejected each third time, and what happened in them.
fn place() -> (Place, Vec<bool>) {
    let place = Place::empty();
    place
        .run(&[
            "init",
            "audit",
            "--name",
            "example.org/test",
            "--tenant",
            "ACME",
        ])
        .good();
    let rejected: Vec<bool> = (0..400)
        .map(|n| n % 60 == 7 || (n >= 300 && n % 3 == 0))
        .collect();
    let lines: String = rejected
        .iter()
        .enumerate()
        .map(|(n, &rejected)| {
            let action = if rejected { "reject" } else { "allow" };
            let score = f64::from(u32::try_from(n * 37 % 100).unwrap()) / 100.0;
            let model = if n % 4 == 0 { "gpt-4o" } else { "gpt-5" };
            format!(
                "{{\"action\":\"{action}\",\"model\":\"{model}\",\"duration_ms\":{},\"input_tokens\":3,\
                 \"checks\":[{{\"name\":\"toxicity\",\"score\":{score},\"fired\":{rejected}}}]}}\n",
                n + 1
            )
        })
        .collect();
    place.record(&lines);
    (place, rejected)
}

fn json(place: &Place, args: &[&str]) -> Value {
    place.run(&[args, &["--json"]].concat()).good().json()
}

#[test]
fn figures_are_those_of_the_lines() {
    let (place, rejected) = place();
    let stats = json(&place, &["stats", "audit"]);
    let rejects = rejected.iter().filter(|&&rejected| rejected).count();
    let decisions = &stats["decisions"];
    assert_eq!(stats["actions"]["reject"], rejects, "as it was before");
    assert_eq!(decisions["actions"]["reject"]["count"], rejects);
    assert_eq!(
        decisions["actions"]["reject"]["rate"],
        rejects as f64 / 400.0
    );
    let check = &decisions["checks"]["toxicity"];
    assert_eq!(
        (&check["ran"], &check["fired"]),
        (&400.into(), &rejects.into())
    );
    assert_eq!(
        (&check["scores"]["min"], &check["scores"]["max"]),
        (&0.0.into(), &0.99.into())
    );
    assert_eq!(decisions["input_tokens"], 1_200);
    assert_eq!(decisions["total_us"], 400 * 401 / 2 * 1_000);
    assert_eq!(decisions["duration_us"]["max"], 400_000.0);
    assert_eq!(stats["by_tenant"]["ACME"]["decisions"], 400);
    assert_eq!(stats["by_model"]["gpt-4o"]["decisions"], 100);
    let days = stats["by_day"].as_object().unwrap();
    let of_days: u64 = days
        .values()
        .map(|day| day["decisions"].as_u64().unwrap())
        .sum();
    assert_eq!(of_days, 400);
}

#[test]
fn tests_are_those_of_the_library() {
    let (place, rejected) = place();
    let rate = json(&place, &["analyze", "rate", "audit"]);
    let mut sequence = ConfidenceSequence::new(0.05).unwrap();
    rejected.iter().for_each(|&event| sequence.push(event));
    assert_eq!(rate["events"], sequence.events());
    assert_eq!(rate["lower"], sequence.interval().lower);

    let cusum = json(
        &place,
        &["analyze", "cusum", "audit", "--p0", "0.02", "--p1", "0.2"],
    );
    let shift = Shift::new(0.02, 0.2).unwrap();
    let mut test = Cusum::new(CusumPlan::for_run_length(shift, 10_000.0).unwrap());
    let alarms: Vec<usize> = (0..400).filter(|&n| test.push(rejected[n])).collect();
    let listed = cusum["alarms"].as_array().unwrap();
    // Genesis, two starts and a stop come before the decisions.
    let seqs: Vec<u64> = listed
        .iter()
        .map(|alarm| alarm["seq"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = alarms.iter().map(|&n| n as u64 + 4).collect();
    assert!(!seqs.is_empty() && seqs == expected, "{cusum}");
    assert!(listed[0]["since"].as_u64().unwrap() >= 300);

    let sprt = json(
        &place,
        &["analyze", "sprt", "audit", "--p0", "0.02", "--p1", "0.2"],
    );
    let rejections = sprt["alarms"].as_array().unwrap().len();
    assert!(sprt["alarm"] == true && sprt["rejected"] == rejections);
    assert!(sprt["exact"]["p0"]["reject"].as_f64().unwrap() < 0.0125);

    let drift = [
        "analyze",
        "drift",
        "audit",
        "--window",
        "50",
        "--baseline",
        "200",
    ];
    let drift = json(&place, &drift);
    let flagged: Vec<&Value> = drift["windows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| &w["flagged"])
        .collect();
    assert_eq!(flagged, [false, false, true, true], "{drift}");
    assert_eq!(drift["windows"][3]["last"]["seq"], 403);
    let scores = [
        "analyze", "scores", "audit", "--check", "toxicity", "--window", "100",
    ];
    let scores = json(&place, &[&scores[..], &["--baseline", "200"]].concat());
    assert_eq!(
        (
            &scores["alarm"],
            scores["windows"].as_array().unwrap().len()
        ),
        (&false.into(), 2)
    );
}

#[test]
fn what_is_looked_at_can_be_chosen() {
    let (place, rejected) = place();
    let decisions = |args: &[&str]| {
        let all = json(&place, &[&["analyze", "rate", "audit"], args].concat());
        (
            all["observations"].as_u64().unwrap(),
            all["events"].as_u64().unwrap(),
        )
    };
    let of = |n: usize| u64::from(n.is_multiple_of(4) && rejected[n]);
    let events: u64 = (0..400).map(of).sum();
    assert_eq!(decisions(&["--model", "gpt-4o"]), (100, events));
    assert_eq!(decisions(&["--since", "2100-01-01T00:00:00Z"]), (0, 0));
    assert_eq!(decisions(&["--until", "2100-01-01T00:00:00Z"]).0, 400);
    let all = decisions(&[]);
    assert_eq!(decisions(&["--event", "check=*"]), all);
    assert_eq!(decisions(&["--event", "check=toxicity"]), all);
    assert_eq!(decisions(&["--event", "check=other"]), (400, 0));
    assert_eq!(decisions(&["--event", "action=allow"]).1, 400 - all.1);
    assert_eq!(decisions(&["--event", "action=allow,reject"]).1, 400);
}

#[test]
fn an_alarm_may_be_a_failure() {
    let (place, _) = place();
    let cusum = ["analyze", "cusum", "audit", "--p0", "0.02", "--p1", "0.2"];
    assert_eq!(place.run(&cusum).code, 0);
    assert_eq!(
        place.run(&[&cusum[..], &["--alarm-fails"]].concat()).code,
        1
    );
    let rate = ["analyze", "rate", "audit", "--alarm-fails", "--max"];
    assert_eq!(place.run(&[&rate[..], &["0.01"]].concat()).code, 1);
    assert_eq!(place.run(&[&rate[..], &["0.5"]].concat()).code, 0);
    // A check that nobody has, too few for a window: silence is no news then.
    let misspelt = [&rate[..], &["0.5", "--event", "check=toxicty"]].concat();
    let none = place.run(&misspelt);
    assert_eq!(none.code, 3, "{}", none.out);
    assert!(none.out.contains("checks are toxicity"), "{}", none.out);
    let drift = ["analyze", "drift", "audit", "--baseline", "900", "--json"];
    assert_eq!(place.run(&drift).good().json()["tested"], false);
    let fails = [&drift[..], &["--alarm-fails"]].concat();
    assert_eq!(place.run(&fails).code, 3);
}

#[test]
fn wrong_usage_is_said_in_a_sentence() {
    let (place, _) = place();
    for (args, said) in [
        (
            &["cusum", "audit", "--p0", "0", "--p1", "0.1"][..],
            "p0 is 0: expected",
        ),
        (
            &["cusum", "audit", "--p0", "0.1", "--p1", "NaN"],
            "p1 is NaN",
        ),
        (
            &["cusum", "audit", "--p0", "0.1", "--p1", "0.1"],
            "differs from p0",
        ),
        (
            &[
                "rate",
                "audit",
                "--since",
                "2050-01-01T00:00:00Z",
                "--until",
                "1999-01-01T00:00:00Z",
            ],
            "is not before --until",
        ),
        (
            &[
                "cusum",
                "audit",
                "--p0",
                "0.1",
                "--p1",
                "0.2",
                "--run-length",
                "1",
            ],
            "from 2 to",
        ),
        (
            &["cusum", "audit", "--p0", "0.5", "--p1", "0.5000001"],
            "further apart",
        ),
        (
            &[
                "sprt", "audit", "--p0", "0.1", "--p1", "0.2", "--alpha", "1",
            ],
            "alpha is 1",
        ),
        (&["rate", "audit", "--alpha", "0"], "alpha is 0"),
        (&["rate", "audit", "--max", "1"], "--max 1: expected"),
        (
            &["rate", "audit", "--event", "rejected"],
            "expected action=NAME",
        ),
        (
            &["rate", "audit", "--event", "action=rejected"],
            "allow, reject, fail_retry",
        ),
        (&["drift", "audit", "--alpha", "2"], "--alpha 2: expected"),
        (
            &["scores", "audit", "--check", "tox"],
            "checks with scores are toxicity",
        ),
        (
            &["rate", "audit", "--since", "yesterday"],
            "expected a time",
        ),
        (&["rate", "nowhere"], "nowhere"),
    ] {
        let done = place.run(&[&["analyze"], args].concat());
        let sentence = done.sentence(2);
        assert!(sentence.contains(said), "{args:?}: {sentence}");
    }
    for window in ["0", "-1", "2000000", "many"] {
        let window = format!("--window={window}");
        assert_eq!(place.run(&["analyze", "drift", "audit", &window]).code, 2);
    }
}

#[test]
fn reports_are_for_eighty_columns_and_harmless() {
    let place = Place::empty();
    place
        .run(&[
            "init",
            "audit",
            "--name",
            "example.org/test",
            "--no-redaction",
        ])
        .good();
    let model = format!("\\u001b[31m{}\\u202e", "long".repeat(30));
    let lines: String = (1..=60)
        .map(|n| {
            let action = if n <= 40 { "allow" } else { "reject" };
            format!(
                "{{\"action\":\"{action}\",\"model\":\"{model}\",\"checks\":[{{\"name\":\"{model}\",\
                 \"score\":{n}000000.5,\"fired\":true}}],\"duration_ms\":{n}000000}}\n"
            )
        })
        .collect();
    place.record(&lines);
    let windows = ["--window", "10", "--baseline", "30"];
    let rates = ["--p0", "0.01", "--p1", "0.05"];
    for args in [
        &["analyze", "rate", "audit", "--max", "0.1"][..],
        &[&["analyze", "sprt", "audit"], &rates[..]].concat(),
        &[&["analyze", "cusum", "audit"], &rates[..]].concat(),
        &[
            &["analyze", "drift", "audit", "--over", "model"],
            &windows[..],
        ]
        .concat(),
        &[
            &["analyze", "drift", "audit", "--over", "checks"],
            &windows[..],
        ]
        .concat(),
        &[&["analyze", "drift", "audit", "--slow"], &windows[..]].concat(),
        &["stats", "audit"],
    ] {
        let out = place.run(args).good().out;
        assert!(
            !out.contains('\x1b') && !out.contains('\u{202e}'),
            "{out:?}"
        );
        for line in out.lines() {
            assert!(line.chars().count() <= 80, "{args:?}: {line}");
        }
    }
    // Too few are told so.
    let out = place.run(&["analyze", "drift", "audit"]).good().out;
    assert!(out.contains("choose shorter ones by --baseline"), "{out}");
}

#[test]
fn deleted_receipts_are_counted_and_not_looked_at() {
    let (place, _) = place();
    place.run(&["epoch", "seal", "audit"]).good();
    place.record("{\"action\":\"reject\"}\n");
    place.run(&["checkpoint", "audit"]).good();
    let deleted = [
        "epoch",
        "delete",
        "audit",
        "0",
        "--set",
        "retention-days=0",
        "--without-archive",
    ];
    place.run(&deleted).good();
    let rate = json(&place, &["analyze", "rate", "audit"]);
    assert_eq!(
        (&rate["observations"], &rate["events"]),
        (&1.into(), &1.into())
    );
    assert!(rate["seen"]["deleted"].as_u64().unwrap() >= 400);
    let out = place.run(&["analyze", "rate", "audit"]).good().out;
    assert!(out.contains("deleted and not looked at"), "{out}");
}
