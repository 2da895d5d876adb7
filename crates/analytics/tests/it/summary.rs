//! Summaries: against counts made in another way, in parts, and with bad input.

use crate::states::round_binary;
use ai_audit_analytics::Summary;
use ai_audit_core::{Action, Check, Decision, Timestamp};
use proptest::prelude::*;

const DAY: u64 = 86_400_000_000;

/// What a decision of the tests is made of: action, model, day, score, duration.
type Made = (u8, u8, u64, u32, u32);

fn push(summary: &mut Summary, &(action, model, day, score, duration): &Made) {
    let check = Check {
        name: "toxicity".into(),
        score: Some(f64::from(score) / 8.0),
        fired: score > 6,
        ..Check::default()
    };
    let decision = Decision {
        action: Action::ALL[usize::from(action)],
        model: format!("m{model}").into(),
        checks: vec![check].into(),
        input_tokens: Some(u64::from(duration)),
        duration_us: (duration > 0).then(|| u64::from(duration)),
        ..Decision::new()
    };
    let sealed_at = Timestamp::from_micros(20_000 * DAY + day * DAY);
    summary.push("acme", sealed_at, &decision).unwrap();
}

fn of(made: &[Made]) -> Summary {
    let mut summary = Summary::new();
    made.iter().for_each(|one| push(&mut summary, one));
    summary
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn counts_are_those_of_plain_counting(
        made in proptest::collection::vec((0u8..6, 0u8..3, 0u64..4, 0u32..9, 0u32..50), 0..700),
        cut in 0usize..700,
    ) {
        let whole = of(&made);
        prop_assert_eq!(&round_binary(&whole), &whole);
        let report = whole.report();
        let count = |what: &dyn Fn(&Made) -> bool| made.iter().filter(|one| what(one)).count() as u64;
        let n = made.len() as u64;
        prop_assert_eq!(report.all.decisions, n);
        for (number, action) in Action::ALL.iter().enumerate() {
            let counted = report.all.actions.get(action.name()).map_or(0, |action| action.count);
            prop_assert_eq!(counted, count(&|one| usize::from(one.0) == number));
        }
        for (name, model) in [("m0", 0), ("m1", 1), ("m2", 2)] {
            let group = report.by_model.get(name).map_or(0, |group| group.decisions);
            prop_assert_eq!(group, count(&|one| one.1 == model));
        }
        let days: u64 = report.by_day.values().map(|day| day.decisions).sum();
        prop_assert_eq!(days, n);
        if let Some(check) = report.all.checks.get("toxicity") {
            prop_assert_eq!((check.ran, check.fired), (n, count(&|one| one.3 > 6)));
            prop_assert_eq!(check.scores.unwrap().count, n);
        }
        prop_assert_eq!(report.all.input_tokens, made.iter().map(|one| u64::from(one.4)).sum::<u64>());

        // In two parts, in either order: the same counts.
        let cut = cut.min(made.len());
        let (mut ab, mut ba) = (of(&made[..cut]), of(&made[cut..]));
        let (a, b) = (ab.clone(), ba.clone());
        ab.merge(b);
        ba.merge(a);
        for merged in [ab.report(), ba.report()] {
            prop_assert_eq!(&merged.all.actions, &report.all.actions);
            prop_assert_eq!(merged.all.total_us, report.all.total_us);
            prop_assert_eq!(merged.by_day.len(), report.by_day.len());
            let of = |report: &ai_audit_analytics::SummaryReport| {
                report.all.duration_us.map(|spread| (spread.count, spread.min, spread.max))
            };
            prop_assert_eq!(of(&merged), of(&report));
        }
    }
}

#[test]
fn a_score_that_is_not_finite_is_refused_and_nothing_counted() {
    let mut summary = of(&[(0, 0, 0, 1, 1)]);
    let before = summary.clone();
    let check = |score| Check {
        name: "jailbreak".into(),
        score: Some(score),
        ..Check::default()
    };
    let decision = Decision {
        checks: vec![check(0.1), check(f64::INFINITY)].into(),
        ..Decision::new()
    };
    let error = summary
        .push("acme", Timestamp::default(), &decision)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "jailbreak: value 1 is inf: expected a finite number"
    );
    assert_eq!(summary, before);
}

#[test]
fn names_without_end_are_bounded() {
    let mut summary = Summary::new();
    for n in 0..3_000 {
        let check = Check {
            name: format!("check-{n}").into(),
            score: Some(0.5),
            ..Check::default()
        };
        let decision = Decision {
            model: format!("model-{n}").into(),
            checks: vec![check].into(),
            ..Decision::new()
        };
        summary
            .push("acme", Timestamp::default(), &decision)
            .unwrap();
    }
    let report = summary.report();
    assert_eq!(
        (report.by_model.len(), report.all.checks.len()),
        (1_025, 257)
    );
    assert_eq!(report.by_model["…"].decisions, 3_000 - 1_024);
    assert_eq!(report.by_day["1970-01-01"].checks.len(), 65);
}
