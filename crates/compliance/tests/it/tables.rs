//! The catalogues against the tables of facts in `../shared`, and against what others got wrong.

use ai_audit_compliance::{Catalogues, Control, Verification};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The most words in a row that a sentence of ours may have in common with the tables.
const COMMON_WORDS: usize = 8;
/// Names of things have as many words as they have: sentences that hold them may share them.
const FILES: [&str; 9] = [
    "eu_ai_act.tsv",
    "iso_42001.tsv",
    "nist_ai_rmf.tsv",
    "nist_ai_600_1.tsv",
    "nist_800_53_au.tsv",
    "soc2_iso27001_pci.tsv",
    "gdpr_dora.tsv",
    "us_uk_sg_standards.tsv",
    "owasp_atlas_aicm.tsv",
];

fn shared(file: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/compliance")
        .join(file);
    let text = fs::read_to_string(path).ok();
    if text.is_none() {
        println!("SKIPPED: {file}: ../shared is absent");
    }
    text
}

struct Row {
    id: String,
    title: String,
    requirement: String,
    evidence: String,
    support: String,
    limits: String,
    verification: String,
}

fn rows() -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for file in FILES {
        let text = shared(file)?;
        let mut lines = text
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let head = lines.next().unwrap();
        let place = |name: &str| head.iter().position(|column| *column == name);
        for line in lines.filter(|line| line[0] != "framework") {
            let cell = |name: &str| place(name).map_or("", |at| line[at]).to_string();
            rows.push(Row {
                id: cell("id"),
                title: cell("true_title"),
                requirement: cell("requirement_own_words"),
                evidence: cell("log_evidence"),
                support: cell("support"),
                limits: cell("limits_cannot_show"),
                verification: cell("verification"),
            });
        }
    }
    Some(rows)
}

fn controls(catalogues: &Catalogues) -> Vec<(&str, &Control)> {
    catalogues
        .iter()
        .flat_map(|one| {
            one.controls
                .iter()
                .map(|control| (one.id.as_str(), control))
        })
        .collect()
}

#[test]
fn every_row_is_in_one_catalogue_with_its_true_title_and_support() {
    let Some(rows) = rows() else { return };
    let catalogues = Catalogues::builtin().unwrap();
    let mut controls: BTreeMap<(String, String, &str), Vec<&Control>> = BTreeMap::new();
    for (_, control) in self::controls(&catalogues) {
        let key = (
            control.id.clone(),
            control.title.clone(),
            control.support.name(),
        );
        controls.entry(key).or_default().push(control);
    }
    for row in &rows {
        let key = (row.id.clone(), row.title.clone(), row.support.as_str());
        let found = controls.get_mut(&key).and_then(Vec::pop);
        let control =
            found.unwrap_or_else(|| panic!("{}: {} ({})", row.id, row.title, row.support));
        // A row may be said to be less sure than the table has it, never more.
        if !row.verification.starts_with("verified") {
            assert_ne!(control.verification, Verification::Verified, "{}", row.id);
        }
    }
    let left: Vec<_> = controls
        .into_iter()
        .filter(|(_, left)| !left.is_empty())
        .collect();
    assert!(left.is_empty(), "no row of the tables: {left:?}");
    assert_eq!(rows.len(), 390);
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[test]
fn the_sentences_are_our_own() {
    let Some(rows) = rows() else { return };
    let mut theirs: BTreeSet<Vec<String>> = BTreeSet::new();
    for row in &rows {
        for text in [&row.requirement, &row.limits, &row.evidence] {
            theirs.extend(words(text).windows(COMMON_WORDS).map(<[String]>::to_vec));
        }
    }
    let whole: BTreeSet<String> = rows
        .iter()
        .flat_map(|row| [&row.requirement, &row.limits])
        .map(|text| words(text).join(" "))
        .filter(|text| text.contains(' '))
        .collect();
    let catalogues = Catalogues::builtin().unwrap();
    for (framework, control) in controls(&catalogues) {
        for text in [&control.requirement, &control.limits] {
            let place = format!("{framework} {}: {text}", control.id);
            assert!(!whole.contains(&words(text).join(" ")), "{place}");
            for run in words(text).windows(COMMON_WORDS) {
                assert!(!theirs.contains(run), "{place}: {run:?}");
            }
            assert!(
                !text.contains('\n') && text.chars().count() <= 300,
                "{place}"
            );
        }
    }
}

/// Titles and claims that were wrong elsewhere: each row of the list names where, and why.
#[test]
fn what_was_wrong_elsewhere_is_held_out() {
    let list = include_str!("../data/held_out.tsv");
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue"));
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        all += &fs::read_to_string(entry.unwrap().path()).unwrap();
        all += "\n";
    }
    // The text of each control as its file has it.
    let blocks: Vec<&str> = all
        .split("\n[[")
        .filter(|text| text.starts_with("control]]"))
        .collect();
    let mut held = 0;
    for line in list.lines().skip(1).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [control, text, why] = cells[..] else {
            panic!("three columns: {line}");
        };
        assert!(!why.is_empty(), "{line}");
        held += 1;
        if control == "*" {
            assert!(!all.contains(text), "{text}: {why}");
            continue;
        }
        let id = format!("\nid = {control:?}\n");
        let own: Vec<&&str> = blocks.iter().filter(|block| block.contains(&id)).collect();
        assert!(!own.is_empty(), "there is no control {control}");
        // Two frameworks may have one id; the list means the one that it says the truth about.
        assert!(
            own.iter().any(|block| !block.contains(text)),
            "{control}: {text}: {why}"
        );
    }
    assert!(held >= 200, "{held}");
}

/// Each row of the corrections has something in the list that holds the wrong one out, or is about
/// what catalogues cannot say at all.
#[test]
fn every_correction_is_in_the_catalogues() {
    let Some(text) = shared("seed_corrections.tsv") else {
        return;
    };
    let catalogues = Catalogues::builtin().unwrap();
    let find = |framework: &str, id: &str| {
        let all = controls(&catalogues);
        let found = all
            .into_iter()
            .find(|(of, control)| *of == framework && control.id == id);
        found
            .unwrap_or_else(|| panic!("{framework} {id}"))
            .1
            .clone()
    };
    for (framework, id, title) in [
        ("iso-42001", "A.6.2.8", "AI system recording of event logs"),
        ("iso-42001", "A.6.2.6", "AI system operation and monitoring"),
        ("iso-42001", "A.8.4", "Communication of incidents"),
        (
            "iso-42001",
            "A.5.3",
            "Documentation of AI system impact assessments",
        ),
        ("iso-42001", "A.7.5", "Data provenance"),
        ("eu-ai-act", "Art. 18(1)", "Documentation keeping"),
        ("eu-ai-act", "Art. 19(1)", "Automatically generated logs"),
        ("eu-ai-act", "Art. 12(1)", "Record-keeping"),
        ("eu-ai-act", "Art. 9(1)-(2)", "Risk management system"),
        ("eu-ai-act", "Art. 17(1)(k)", "Quality management system"),
        (
            "eu-ai-act",
            "Art. 13(1)",
            "Transparency and provision of information to deployers",
        ),
    ] {
        assert_eq!(find(framework, id).title, title);
    }
    let act = catalogues.iter().find(|one| one.id == "eu-ai-act").unwrap();
    let dates: Vec<String> = act.dates.iter().map(|date| date.date.to_string()).collect();
    for date in ["2026-08-02", "2027-12-02", "2028-08-02"] {
        assert!(dates.iter().any(|known| known == date), "{date}");
    }
    assert!(
        find("eu-ai-act", "Art. 12(1)")
            .applies
            .contains("2 Dec 2027")
    );
    // The functions of the AI RMF: 4, with 19 categories and 72 subcategories.
    let rmf = catalogues
        .iter()
        .find(|one| one.id == "nist-ai-rmf")
        .unwrap();
    let by_dots = |wanted: fn(&str) -> bool| {
        rmf.controls
            .iter()
            .filter(|control| wanted(&control.id))
            .count()
    };
    assert_eq!(by_dots(|id| !id.contains(' ')), 4);
    assert_eq!(by_dots(|id| id.contains(' ') && !id.contains('.')), 19);
    assert_eq!(by_dots(|id| id.contains('.')), 72);
    // Ids of a list that is numbered anew each year have their year.
    for one in catalogues
        .iter()
        .filter(|one| one.id.starts_with("owasp-llm"))
    {
        let year = one.id.rsplit('-').next().unwrap();
        assert!(
            one.controls
                .iter()
                .all(|control| control.id.ends_with(year)),
            "{}",
            one.id
        );
    }
    assert_eq!(
        text.lines().count(),
        23,
        "the corrections have changed: look at the list again"
    );
}
