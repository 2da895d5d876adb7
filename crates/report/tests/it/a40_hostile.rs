//! Texts of an enemy in every place, in every form.

use crate::logs::example;
use ai_audit_compliance::Crosswalk;
use ai_audit_core::Status;
use ai_audit_report::{FigureData, JsonReport, Recipe, compose, csv, html, json, markdown};
use scraper::{Html, Selector};
use std::collections::BTreeMap;

/// What is put into every text.
fn hostile() -> Vec<String> {
    vec![
        "</script><script>alert(1)</script>".into(),
        "\"><img src=x onerror=alert(1)>".into(),
        "</style><svg onload=alert(1)>".into(),
        "'--></title></svg><iframe srcdoc=x>".into(),
        "\u{1b}[31mred\u{1b}[0m\u{7}\u{9b}2J".into(),
        "\u{202e}gnp.exe\u{2066}x\u{2069}\u{200b}\u{feff}\u{e0041}".into(),
        "=HYPERLINK(\"http://evil.example\",\"x\")".into(),
        "+1".into(),
        "-1|cmd".into(),
        "@SUM(A1)".into(),
        "\t=1+1".into(),
        "\r\n=1+1".into(),
        "a | b || `code` [x](http://evil.example) ![y](z) <b>".into(),
        "line\nbreak\r\n# heading\n\n- list\n".into(),
        "nul\0nul".into(),
        "&lt;b&gt;&#x3c;script&#x3e;".into(),
        "javascript:alert(1)".into(),
        "x".repeat(100_000),
        "𝕳é漢字 عربى".into(),
    ]
}

/// Puts a text into every text field of a crosswalk and of figures that is not a fixed word.
fn poison(crosswalk: &mut Crosswalk, figures: &mut FigureData, texts: &[String]) {
    let mut at = 0;
    let mut next = || {
        at += 1;
        texts[at % texts.len()].clone()
    };
    crosswalk.origin = Some(next());
    crosswalk.tenant = next();
    crosswalk.verdict.time = Status::failed_at(3, next());
    crosswalk.verdict.completeness = Status::unverified(next());
    for framework in &mut crosswalk.frameworks {
        for text in [
            &mut framework.name,
            &mut framework.title,
            &mut framework.edition,
            &mut framework.notice,
        ] {
            *text = next();
        }
        for date in &mut framework.dates {
            (date.what, date.basis) = (next(), next());
        }
        for group in &mut framework.groups {
            (group.id, group.title) = (next(), next());
        }
        for control in &mut framework.controls {
            for text in [
                &mut control.id,
                &mut control.title,
                &mut control.group,
                &mut control.applies,
                &mut control.requirement,
                &mut control.limits,
                &mut control.source,
            ] {
                *text = next();
            }
            control.missing = vec![next(), next()];
        }
    }
    for coverage in &mut crosswalk.coverage {
        (coverage.selector, coverage.says) = (next(), next());
        coverage.fields = vec![next()];
        coverage.lacking = BTreeMap::from([(next(), 3)]);
    }
    for gap in &mut crosswalk.gaps {
        gap.says = vec![next(), next()];
        gap.advice = next();
    }
    figures.case_not_found = Some(next());
    figures.sprt.event = next();
    figures.cusum.event = next();
    for check in &mut figures.checks {
        check.name = next();
    }
    for window in &mut figures.drift.shown {
        window.most = next();
    }
    if let Some(case) = &mut figures.case {
        case.trace_id = next();
        case.problems = vec![next()];
        for step in &mut case.steps {
            for text in [
                &mut step.sort,
                &mut step.agent,
                &mut step.label,
                &mut step.status,
            ] {
                *text = next();
            }
        }
    }
}

fn poisoned() -> (Crosswalk, FigureData) {
    let (mut crosswalk, mut figures, _) = example();
    poison(&mut crosswalk, &mut figures, &hostile());
    (crosswalk, figures)
}

fn recipe() -> Recipe {
    let texts = hostile();
    Recipe {
        file: texts[0].clone(),
        evidence: texts[1].clone(),
        trust: texts.clone(),
        files: vec![(texts[2].clone(), texts[3].clone())],
        options: texts,
    }
}

/// How often each element is there, with the names of its attributes.
fn elements(page: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let parsed = Html::parse_document(page);
    for element in parsed.select(&Selector::parse("*").unwrap()) {
        let mut names: Vec<&str> = element
            .value()
            .attrs()
            .map(|attribute| attribute.0)
            .collect();
        names.sort_unstable();
        for name in &names {
            assert!(!name.starts_with("on"), "an event attribute: {name}");
            assert!(
                *name != "src" && *name != "srcdoc" && *name != "style",
                "{name}"
            );
        }
        if let Some(href) = element.value().attr("href") {
            assert!(href.starts_with('#'), "{href}");
        }
        let key = format!("{} {}", element.value().name(), names.join(" "));
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[test]
fn a40_html_has_no_element_that_a_harmless_report_does_not_have() {
    let (crosswalk, figures) = poisoned();
    let page = html(&compose(&crosswalk, Some(&figures), &recipe()));
    let (mut tame, mut tame_figures, _) = example();
    poison(&mut tame, &mut tame_figures, &["plain".into()]);
    let harmless = html(&compose(&tame, Some(&tame_figures), &Recipe::default()));
    let (found, expected) = (elements(&page), elements(&harmless));
    let kinds = |counts: &BTreeMap<String, usize>| counts.keys().cloned().collect::<Vec<_>>();
    assert_eq!(kinds(&found), kinds(&expected));
    // Hostile names of groups put controls into other tables; all else is there as often.
    let count = |counts: &BTreeMap<String, usize>, name: &str| -> usize {
        let of = counts
            .iter()
            .filter(|(key, _)| key.split(' ').next() == Some(name));
        of.map(|(_, count)| count).sum()
    };
    for name in [
        "svg", "style", "meta", "title", "figure", "main", "li", "dd", "summary",
    ] {
        assert!(count(&expected, name) > 0, "{name}");
        assert_eq!(count(&found, name), count(&expected, name), "{name}");
    }
    for name in [
        "script", "img", "iframe", "link", "object", "form", "input", "base",
    ] {
        assert_eq!(count(&found, name), 0, "{name}");
    }
    for c in page.chars() {
        let shown = c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(
            shown && !('\u{2066}'..='\u{2069}').contains(&c) && c != '\u{200b}',
            "{c:?}"
        );
    }
    assert!(
        page.contains("\\u{202e}gnp.exe"),
        "what was hidden is shown"
    );
    assert!(
        page.len() < 12_000_000,
        "long texts are cut: {}",
        page.len()
    );
}

#[test]
fn a40_svg_stays_well_formed() {
    let (crosswalk, figures) = poisoned();
    let document = compose(&crosswalk, Some(&figures), &recipe());
    let mut count = 0;
    for section in &document.sections {
        for block in &section.blocks {
            let ai_audit_report::Block::Figure(figure) = block else {
                continue;
            };
            if figure.svg.is_empty() {
                continue;
            }
            count += 1;
            let svg = roxmltree::Document::parse(&figure.svg).unwrap();
            for node in svg.descendants().filter(roxmltree::Node::is_element) {
                let name = node.tag_name().name();
                assert!(
                    !["script", "image", "foreignObject", "a", "use"].contains(&name),
                    "{name}"
                );
                assert!(
                    !node
                        .attributes()
                        .any(|a| a.name().starts_with("on") || a.name() == "href")
                );
            }
        }
    }
    assert!(count >= 5);
}

#[test]
fn a40_markdown_is_neither_markup_nor_html() {
    let (crosswalk, figures) = poisoned();
    let text = markdown(&compose(&crosswalk, Some(&figures), &recipe()));
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\0'));
    for line in text.lines() {
        assert!(
            !line.contains('<'),
            "{}",
            line.chars().take(200).collect::<String>()
        );
        // What stands between backticks is no markup.
        let outside: String = line
            .replace("\\`", "")
            .replace("\\]", "")
            .split('`')
            .step_by(2)
            .collect();
        assert!(
            !outside.contains("://") && !outside.contains("](http"),
            "{outside}"
        );
        if line.starts_with('|') {
            let bars = line.replace("\\|", "").matches('|').count();
            assert!(bars >= 3 && line.ends_with('|'));
        }
    }
    // Each table's lines have as many cells as its head.
    let mut width = 0;
    for line in text.lines() {
        let cells = line.replace("\\|", "").matches('|').count();
        match line.starts_with('|') {
            true if width == 0 => width = cells,
            true => assert_eq!(cells, width),
            false => width = 0,
        }
    }
    let headings = text.lines().filter(|line| line.starts_with('#')).count();
    assert!(headings < 200 && !text.contains("\n# heading"));
}

#[test]
fn a40_csv_has_no_formula_and_one_row_a_control() {
    let (crosswalk, _) = poisoned();
    let text = csv(&crosswalk).unwrap();
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let controls: usize = crosswalk.frameworks.iter().map(|f| f.controls.len()).sum();
    assert_eq!(rows.len(), controls + 1);
    for cell in rows.iter().flat_map(::csv::StringRecord::iter) {
        let first = cell.trim_start().chars().next();
        assert!(!first.is_some_and(|c| "=+-@\t\r".contains(c)), "{cell}");
        assert!(!cell.chars().any(char::is_control), "{cell}");
    }
    // Every cell stands in quotation marks, those within it doubled.
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let lines = rows.iter().map(|row| {
        let cells: Vec<String> = row.iter().map(quoted).collect();
        format!("{}\r\n", cells.join(","))
    });
    assert!(text == lines.collect::<String>());
}

#[test]
fn a40_json_shows_what_is_hidden_and_keeps_what_was_said() {
    let (crosswalk, figures) = poisoned();
    let text = json(&JsonReport::new(&crosswalk, Some(&figures))).unwrap();
    assert!(text.contains("\\u202e") && !text.contains('\u{202e}') && !text.contains('\u{1b}'));
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        value["crosswalk"],
        serde_json::to_value(&crosswalk).unwrap()
    );
}
