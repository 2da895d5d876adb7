//! Precision, recall and F1 of each kind on labelled texts.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod cases;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ai_audit_pii::{Finding, Kind, Policy, Redactor};
use anyhow::{Context as _, Result, bail};

use cases::{Case, Label};

/// From this confidence on a finding says that it is of its kind; below it is redacted for caution.
const COUNTS_FROM: f32 = 0.5;

/// How many wrong cases of a kind are printed.
const SHOWN: usize = 12;

/// Right, wrong and missed findings of a kind.
#[derive(Default)]
struct Score {
    hit: usize,
    wrong: usize,
    missed: usize,
    cases: usize,
    shown: Vec<String>,
}

/// The cases that are not ours to publish, beside the checkout.
const BESIDE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/vectors/pii-recognizer-cases"
);

/// Measures on `--cases FILE`, or on the cases beside the checkout; says that they are not there.
///
/// # Errors
/// When a file cannot be read, or an IBAN or card case is not decided as expected.
pub fn run(rest: &[String]) -> Result<()> {
    let (file, verbose) = arguments(rest)?;
    let redactor = Redactor::new(&Policy::default())?;
    let folder = Path::new(BESIDE);
    let own = file.is_none();
    let file = file.unwrap_or_else(|| folder.join("presidio_recognizer_cases.jsonl"));
    if own && !file.exists() {
        println!("SKIPPED: {} is not there", file.display());
        return Ok(());
    }
    let read = cases::read(&file)?;
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    for case in &read {
        measure(&redactor, case, &mut scores, &mut unknown);
    }
    println!(
        "{:<17}{:>6}{:>6}{:>7}{:>8}{:>11}{:>8}{:>8}",
        "kind", "cases", "hit", "wrong", "missed", "precision", "recall", "F1"
    );
    for (kind, score) in &scores {
        let ratio = |part: usize, of: usize| {
            if of == 0 {
                1.0
            } else {
                part as f64 / of as f64
            }
        };
        let precision = ratio(score.hit, score.hit + score.wrong);
        let recall = ratio(score.hit, score.hit + score.missed);
        let f1 = ratio(2 * score.hit, 2 * score.hit + score.wrong + score.missed);
        println!(
            "{kind:<17}{:>6}{:>6}{:>7}{:>8}{precision:>11.3}{recall:>8.3}{f1:>8.3}",
            score.cases, score.hit, score.wrong, score.missed
        );
    }
    if verbose {
        for (kind, score) in &scores {
            for line in &score.shown {
                println!("{kind}: {line}");
            }
        }
    }
    if !unknown.is_empty() {
        let listed: Vec<String> = unknown
            .iter()
            .map(|(entity, count)| format!("{entity} {count}"))
            .collect();
        println!("\nnot measured, no kind of ours: {}", listed.join(", "));
    }
    if !own {
        return Ok(());
    }
    let mut bad = lists(&redactor, folder)?;
    for kind in [Kind::Iban, Kind::CreditCard] {
        if let Some(score) = scores.get(kind.name()) {
            bad += score.wrong + score.missed;
        }
    }
    if bad > 0 {
        bail!("{bad} IBAN or card cases are not decided as expected");
    }
    println!("all IBAN and card cases are decided as expected");
    Ok(())
}

fn arguments(rest: &[String]) -> Result<(Option<PathBuf>, bool)> {
    let mut file = None;
    let mut verbose = false;
    let mut rest = rest.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--cases" => file = Some(rest.next().context("--cases takes a file")?.into()),
            "--wrong" => verbose = true,
            other => {
                bail!("unexpected argument {other:?}; pii-accuracy takes --cases FILE and --wrong")
            }
        }
    }
    Ok((file, verbose))
}

/// Holds the findings of a text against its labels. A finding is right if its span is exactly that of
/// a label of its kind; without spans only the number counts.
fn measure(
    redactor: &Redactor,
    case: &Case,
    scores: &mut BTreeMap<String, Score>,
    unknown: &mut BTreeMap<String, usize>,
) {
    let found = redactor.find(&case.text);
    for label in &case.labels {
        let Some(kind) = label.kind() else {
            *unknown.entry(label.entity.clone()).or_default() += 1;
            continue;
        };
        let ours: Vec<&Finding> = found
            .iter()
            .filter(|one| one.kind == kind && one.confidence >= COUNTS_FROM)
            .collect();
        let score = scores.entry(kind.name().into()).or_default();
        score.cases += 1;
        let hit = match &label.spans {
            Some(spans) => ours
                .iter()
                .filter(|one| spans.contains(&(one.start, one.end)))
                .count(),
            None => ours.len().min(label.expected),
        };
        let (wrong, missed) = (ours.len() - hit, label.expected - hit.min(label.expected));
        score.hit += hit;
        score.wrong += wrong;
        score.missed += missed;
        if wrong + missed > 0 && score.shown.len() < SHOWN {
            let got: Vec<&str> = ours
                .iter()
                .filter_map(|one| case.text.get(one.start..one.end))
                .collect();
            score.shown.push(format!(
                "{:?}: {} expected, got {got:?}",
                case.text, label.expected
            ));
        }
    }
}

/// The lists of single IBANs and cards: how many are decided wrongly.
fn lists(redactor: &Redactor, folder: &Path) -> Result<usize> {
    let mut bad = 0;
    let mut count = 0;
    for (text, kind, expected) in cases::lists(folder)? {
        let found = redactor.find(&text);
        let whole = found.iter().any(|one| {
            one.kind == kind
                && one.confidence >= COUNTS_FROM
                && (one.start, one.end) == (0, text.len())
        });
        let any = found
            .iter()
            .any(|one| one.kind == kind && one.confidence >= COUNTS_FROM);
        let decided = if expected { whole } else { !any };
        count += 1;
        if !decided {
            bad += 1;
            println!(
                "{kind}: {text:?} should {}be found",
                if expected { "" } else { "not " }
            );
        }
    }
    println!(
        "\nlists of IBANs and cards: {} of {count} decided as expected",
        count - bad
    );
    Ok(bad)
}

impl Label {
    /// Our kind for an entity of the file.
    fn kind(&self) -> Option<Kind> {
        match self.entity.as_str() {
            "EMAIL_ADDRESS" => Some(Kind::Email),
            "IBAN_CODE" => Some(Kind::Iban),
            "PHONE_NUMBER" => Some(Kind::Phone),
            name => Kind::built_in(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_iban_and_card_case_is_decided_as_expected() {
        // Says so where the cases are not there.
        let said = run(&[]);
        assert!(said.is_ok(), "{said:?}");
    }

    #[test]
    fn a_wrong_span_counts_as_wrong_and_missed() {
        let redactor = Redactor::new(&Policy::default()).unwrap();
        let case = |start, end| Case {
            text: "to bob@example.org".into(),
            labels: vec![Label {
                entity: "EMAIL_ADDRESS".into(),
                expected: 1,
                spans: Some(vec![(start, end)]),
            }],
        };
        for (span, expected) in [((3, 18), (1, 0, 0)), ((3, 17), (0, 1, 1))] {
            let (mut scores, mut unknown) = (BTreeMap::new(), BTreeMap::new());
            measure(&redactor, &case(span.0, span.1), &mut scores, &mut unknown);
            let score = &scores["EMAIL"];
            assert_eq!((score.hit, score.wrong, score.missed), expected);
        }
    }
}
