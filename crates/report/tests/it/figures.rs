//! Figures count what the receipts say, and name them.

use crate::logs::{Log, half_a_year};
use ai_audit_analytics::{Shift, Sprt, SprtDecision, SprtPlan};
use ai_audit_core::{Action, Check, Decision, DecodeBody as _, Kind, LeafHash, UnverifiedReceipt};
use ai_audit_report::{
    Block, CaseReason, DriftOver, FigureData, FigureOptions, Figures, Paths, Recipe, Span, Tone,
    Unit, compose,
};
use ai_audit_verify::LogVerifier;
use std::collections::BTreeMap;

/// Decisions of a log, read without the code under test.
fn decisions(log: &Log) -> Vec<(u64, Action)> {
    let receipts = log
        .sealed
        .iter()
        .map(|sealed| UnverifiedReceipt::parse(sealed).unwrap());
    receipts
        .filter(|receipt| receipt.header().kind == Kind::DECISION)
        .map(|receipt| {
            (
                receipt.header().seq,
                Decision::decode(&receipt).unwrap().action,
            )
        })
        .collect()
}

#[test]
fn paths_that_are_followed_are_those_of_the_figures_at_any_time() {
    let log = half_a_year();
    let options = FigureOptions::default();
    let (_, figures) = log.report(&["eu-ai-act"], &options, &log.trust());
    let mut paths = Paths::new(&options).unwrap();
    let mut decided = 0;
    for (place, sealed) in log.sealed.iter().enumerate() {
        decided += u64::from(
            paths
                .push(&UnverifiedReceipt::parse(sealed).unwrap())
                .is_some(),
        );
        // A look in between changes nothing of what comes.
        if place == log.sealed.len() / 2 {
            assert_eq!(paths.now().sprt.observations, decided);
        }
    }
    let now = paths.now();
    assert_eq!((decided, now.unreadable), (figures.decisions, 0));
    assert_eq!(now.sprt, figures.sprt);
    assert_eq!(now.cusum, figures.cusum);
    assert_eq!(now.drift, figures.drift);
}

#[test]
fn figures_count_what_the_receipts_say() {
    let log = half_a_year();
    let (_, figures) = log.report(&["eu-ai-act"], &FigureOptions::default(), &log.trust());
    let decisions = decisions(log);
    assert_eq!(figures.decisions, decisions.len() as u64);
    assert!((20..=100).contains(&figures.actions.buckets.len()));
    let mut sums: BTreeMap<Action, u64> = BTreeMap::new();
    for bucket in &figures.actions.buckets {
        for (action, count) in Action::ALL.iter().zip(bucket.counts) {
            *sums.entry(*action).or_default() += count;
        }
        let within = |seq: u64| (bucket.receipts.first..=bucket.receipts.last).contains(&seq);
        let inside = decisions.iter().filter(|(seq, _)| within(*seq)).count() as u64;
        assert_eq!(inside, bucket.counts.iter().sum::<u64>());
    }
    for action in Action::ALL {
        let seen = decisions
            .iter()
            .filter(|decision| decision.1 == action)
            .count() as u64;
        assert_eq!(sums[&action], seen, "{action:?}");
    }

    // The test of the rate, by hand.
    let plan = SprtPlan::new(Shift::new(0.01, 0.05).unwrap(), 0.01, 0.01).unwrap();
    let mut test = Sprt::new(plan);
    let alarms: Vec<u64> = decisions
        .iter()
        .filter(|(_, action)| test.push(*action == Action::Reject) == SprtDecision::Reject)
        .map(|(seq, _)| *seq)
        .collect();
    assert!(!alarms.is_empty(), "the log was made to raise some");
    assert_eq!(
        figures
            .sprt
            .alarms
            .iter()
            .map(|alarm| alarm.seq)
            .collect::<Vec<_>>(),
        alarms
    );
    assert_eq!(figures.sprt.rejected, alarms.len() as u64);
    assert!(figures.sprt.path.len() <= 600);
    let highest = figures
        .sprt
        .path
        .iter()
        .map(|s| s.greatest)
        .fold(0.0, f64::max);
    assert!(
        highest >= figures.sprt.upper,
        "the path shows that it crossed"
    );
    assert!(figures.cusum.alarm_count > 0 && figures.drift.shown.iter().any(|w| w.flagged));
    let toxicity = &figures.checks[0];
    assert_eq!(
        (toxicity.name.as_str(), toxicity.runs),
        ("toxicity", figures.decisions)
    );
    assert!(toxicity.fired > 0 && toxicity.scores == toxicity.runs);
    assert_eq!(figures.checks[1].scores, 0);
}

#[test]
fn every_receipt_that_a_figure_names_is_listed() {
    let log = half_a_year();
    let (_, figures) = log.report(&["eu-ai-act"], &FigureOptions::default(), &log.trust());
    let mut named: Vec<u64> = Vec::new();
    named.extend(
        figures
            .actions
            .buckets
            .iter()
            .flat_map(|b| [b.receipts.first, b.receipts.last]),
    );
    for check in &figures.checks {
        named.extend(
            check
                .buckets
                .iter()
                .flat_map(|b| [b.receipts.first, b.receipts.last]),
        );
    }
    for alarms in [&figures.sprt.alarms, &figures.cusum.alarms] {
        named.extend(alarms.iter().flat_map(|alarm| [alarm.seq, alarm.since]));
    }
    named.extend(
        figures
            .drift
            .shown
            .iter()
            .flat_map(|w| [w.receipts.first, w.receipts.last]),
    );
    named.extend(
        figures
            .case
            .iter()
            .flat_map(|case| &case.steps)
            .map(|step| step.seq),
    );
    for seq in named {
        let listed = &figures.receipts[&seq];
        let sealed = &log.sealed[usize::try_from(seq).unwrap()];
        assert_eq!(
            listed.hash,
            UnverifiedReceipt::parse(sealed).unwrap().hash()
        );
    }
}

#[test]
fn the_case_is_the_first_escalation_unless_another_is_asked_for() {
    let log = half_a_year();
    let (_, figures) = log.report(&["eu-ai-act"], &FigureOptions::default(), &log.trust());
    let case = figures.case.unwrap();
    let escalated = decisions(log)
        .into_iter()
        .find(|d| d.1 == Action::Escalate)
        .unwrap();
    assert_eq!(case.why, CaseReason::FirstIncident);
    assert!(
        case.steps
            .iter()
            .any(|step| step.seq == escalated.0 && step.alarm)
    );
    assert!(
        case.nodes >= 8 && case.edges >= 7,
        "{} {}",
        case.nodes,
        case.edges
    );

    let asked = FigureOptions {
        trace_id: Some("claim-18".into()),
        ..FigureOptions::default()
    };
    let (_, figures) = log.report(&["eu-ai-act"], &asked, &log.trust());
    assert_eq!(figures.case_not_found, None);
    let case = figures.case.unwrap();
    assert_eq!(
        (case.why, case.trace_id.as_str()),
        (CaseReason::Asked, "claim-18")
    );
    let nobody = FigureOptions {
        trace_id: Some("nobody".into()),
        ..FigureOptions::default()
    };
    let (crosswalk, figures) = log.report(&["eu-ai-act"], &nobody, &log.trust());
    assert_eq!(
        (&figures.case, figures.case_not_found.as_deref()),
        (&None, Some("nobody"))
    );
    let document = compose(&crosswalk, Some(&figures), &Recipe::default());
    let section = document.sections.iter().find(|s| s.id == "case").unwrap();
    let [Block::Notice(Tone::Open, said)] = section.blocks.as_slice() else {
        panic!("{:?}", section.blocks);
    };
    assert_eq!(
        said[0],
        Span::text("No receipt of the period has the trace ")
    );
    assert_eq!(said[1], Span::Code("nobody".into()));
}

#[test]
fn without_an_escalation_the_largest_case_is_drawn() {
    let mut log = Log::new();
    for n in 0..1_000u32 {
        log.trace(&format!("t{n}"));
        let first = log.decide(Action::Allow, 0.1, &[]);
        if n == 40 {
            log.decide(Action::Allow, 0.1, &[first]);
        }
    }
    let (_, figures) = log.report(&["eu-ai-act"], &FigureOptions::default(), &log.trust());
    let case = figures.case.unwrap();
    assert_eq!(
        (case.why, case.trace_id.as_str()),
        (CaseReason::Largest, "t40")
    );
}

#[test]
fn what_is_unverified_is_in_no_figure() {
    let log = half_a_year();
    let policy = ai_audit_verify::TrustPolicy::new();
    let (crosswalk, figures) = log.report(&["eu-ai-act"], &FigureOptions::default(), &policy);
    assert!(crosswalk.nothing_counts.is_some());
    assert_eq!((figures.decisions, figures.receipts.len()), (0, 0));
}

/// Figures of a log, and the most bytes that they took.
fn measured(log: &Log, options: &FigureOptions) -> (FigureData, u64) {
    let policy = log.trust();
    let mut data = None;
    let used = allocation_counter::measure(|| {
        let mut figures = Figures::new(options).unwrap();
        let mut verifier = LogVerifier::new(&policy);
        for sealed in &log.sealed {
            verifier.push_observed(sealed, None, &mut figures);
        }
        drop(verifier);
        data = Some(figures.finish());
    });
    (data.unwrap(), used.bytes_max)
}

/// Twenty thousand days of hostile decisions: many checks, many models, a trace for each.
#[test]
fn figures_stay_in_bounded_memory() {
    let mut log = Log::new();
    for n in 0..6_000u64 {
        log.now += 3 * 86_400_000_000;
        log.trace(&format!("{n}-{}", "x".repeat(40)));
        let checks = (0..40u64).map(|check| Check {
            name: format!("check {}", (check + n % 7) % 45).into(),
            score: Some(0.001 * f64::from(u32::try_from(n).unwrap())),
            threshold: Some(0.5),
            ..Check::default()
        });
        log.seal(&Decision {
            model: format!("model {n}").into(),
            checks: checks.collect::<Vec<_>>().into(),
            ..Decision::new()
        });
    }
    let options = FigureOptions {
        drift_over: DriftOver::Model,
        drift_baseline: 100,
        drift_window: 10,
        ..FigureOptions::default()
    };
    let (data, used) = measured(&log, &options);
    assert_eq!(data.decisions, 6_000);
    assert!(data.actions.buckets.len() <= 100 && data.actions.unit == Unit::Year);
    assert_eq!(data.checks.len(), 32);
    assert!(data.checks_left_out > 0 && data.drift.shown.len() <= 200);
    assert!(data.receipts.len() < 4_000, "{}", data.receipts.len());
    assert!(used < 48 << 20, "{} MiB", used >> 20);
}

/// Every text as long as a receipt can have it, and lists of parents likewise.
#[test]
fn a40_long_texts_of_a_case_are_cut_as_they_are_taken_in() {
    let parents: Vec<LeafHash> = (0..1_000u64)
        .map(|n| LeafHash::of(&n.to_be_bytes()))
        .collect();
    for one_trace in [true, false] {
        let mut log = Log::new();
        for n in 0..1_000u64 {
            let long = |part: u64| match n % 5 == part {
                true => format!("{n} {}", "字".repeat(20_000)),
                false => format!("{n}"),
            };
            log.trace(&match one_trace {
                true => "one".into(),
                false => long(0),
            });
            log.actor = long(1);
            let check = Check {
                name: long(2).into(),
                fired: true,
                ..Check::default()
            };
            log.seal(&Decision {
                model: long(3).into(),
                checks: vec![check].into(),
                parents: match n % 5 {
                    4 => parents.clone(),
                    _ => Vec::new(),
                }
                .into(),
                ..Decision::new()
            });
        }
        let options = FigureOptions {
            trace_id: one_trace.then(|| "one".into()),
            drift_over: DriftOver::Checks,
            drift_baseline: 100,
            drift_window: 10,
            ..FigureOptions::default()
        };
        let (data, used) = measured(&log, &options);
        assert!(used < 16 << 20, "{} MiB", used >> 20);
        let case = data.case.unwrap();
        assert_eq!(case.cut, one_trace);
        assert_eq!(case.nodes, if one_trace { 1_000 } else { 1 });
        let texts = case
            .steps
            .iter()
            .flat_map(|step| [&step.agent, &step.label]);
        let names = data.checks.iter().map(|check| &check.name);
        for text in texts.chain(names) {
            assert!(text.len() <= 128, "{}", text.len());
            assert!(text.len() < 100 || text.ends_with('…'), "{text}");
        }
    }
}

/// Many short receipts, each with as many parents as are held: the limit is one of bytes, too.
#[test]
fn held_traces_stay_within_their_bytes() {
    let mut log = Log::new();
    let parents: Vec<LeafHash> = (0..32u64).map(|n| LeafHash::of(&n.to_be_bytes())).collect();
    for n in 0..12_000u64 {
        log.trace(&format!("t{}", n / 40));
        log.actor = format!("{n} {}", "x".repeat(110));
        log.seal(&Decision {
            model: log.actor.clone().into(),
            parents: parents.clone().into(),
            ..Decision::new()
        });
    }
    let (data, used) = measured(&log, &FigureOptions::default());
    assert!(used < 16 << 20, "{} MiB", used >> 20);
    assert_eq!(data.case.unwrap().nodes, 40);
}
