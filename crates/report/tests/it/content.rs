//! What a report must say, in every form.

use crate::logs::{example, half_a_year, make};
use ai_audit_compliance::{Crosswalk, Status};
use ai_audit_report::{
    Block, Document, FigureOptions, JsonReport, Recipe, Span, Table, compose, csv, html, json,
    markdown,
};
use ai_audit_verify::TrustPolicy;
use scraper::{Html, Selector};

/// All tables, those behind figures as well.
fn tables(document: &Document) -> impl Iterator<Item = &Table> {
    let blocks = document.sections.iter().flat_map(|section| &section.blocks);
    blocks.filter_map(|block| match block {
        Block::Table(table) => Some(table),
        Block::Figure(figure) => Some(&figure.table),
        _ => None,
    })
}

fn rows(crosswalk: &Crosswalk) -> usize {
    crosswalk
        .frameworks
        .iter()
        .map(|framework| framework.controls.len())
        .sum()
}

#[test]
fn every_control_stands_there_with_status_limits_and_receipts() {
    let (crosswalk, _, document) = example();
    let (page, text) = (html(&document), markdown(&document));
    let page_text: String = Html::parse_document(&page).root_element().text().collect();
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page_text = flat(&page_text);
    let lower = page_text.to_lowercase();
    for framework in &crosswalk.frameworks {
        for control in &framework.controls {
            for missing in &control.missing {
                let found = lower.contains(&flat(missing).to_lowercase());
                assert!(found, "{} misses {missing}", control.id);
            }
            assert!(page_text.contains(&flat(&control.limits)), "{}", control.id);
            assert!(
                page_text.contains(&flat(&control.requirement)),
                "{}",
                control.id
            );
        }
    }
    for status in Status::ALL {
        assert!(page_text.contains(status.words()) && text.contains(status.words()));
    }
    let cells = tables(&document)
        .flat_map(|table| &table.rows)
        .flatten()
        .flatten();
    let statuses = cells.filter(|span| matches!(span, Span::Status(_))).count();
    assert_eq!(statuses, rows(&crosswalk), "one status for each control");
    for seq in crosswalk.pointers.keys() {
        assert!(
            page.contains(&format!("id=\"r{seq}\"")),
            "receipt {seq} is in the annex"
        );
    }
    assert!(!page_text.contains("PASS"));
    for word in ["compliant", "certified", "compliance score", "grade"] {
        assert!(!lower.contains(word), "the report says {word:?}");
    }
}

#[test]
fn tables_are_rectangular_and_ids_are_unique() {
    let (_, _, document) = example();
    for table in tables(&document) {
        assert_eq!(table.head.len(), table.numeric.len(), "{}", table.caption);
        assert!(
            table.rows.iter().all(|row| row.len() == table.head.len()),
            "{}",
            table.caption
        );
        assert!(!table.caption.is_empty());
    }
    let page = Html::parse_document(&html(&document));
    let all = Selector::parse("[id]").unwrap();
    let mut ids: Vec<&str> = page
        .select(&all)
        .filter_map(|e| e.value().attr("id"))
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for link in page.select(&Selector::parse("a[href]").unwrap()) {
        let target = link
            .value()
            .attr("href")
            .unwrap()
            .strip_prefix('#')
            .unwrap();
        assert!(
            ids.binary_search(&target).is_ok(),
            "nothing is called {target}"
        );
    }
    for labelled in page.select(&Selector::parse("[aria-labelledby]").unwrap()) {
        for id in labelled.value().attr("aria-labelledby").unwrap().split(' ') {
            assert!(ids.binary_search(&id).is_ok(), "nothing is called {id}");
        }
    }
}

#[test]
fn the_verdict_comes_first_and_decides() {
    let (_, _, document) = example();
    assert_eq!(document.sections[0].id, "verdict");
    let log = half_a_year();
    let (crosswalk, figures) = log.report(
        &["eu-ai-act"],
        &FigureOptions::default(),
        &TrustPolicy::new(),
    );
    let document = compose(&crosswalk, Some(&figures), &Recipe::default());
    let Some(Block::Notice(_, spans)) = document.sections[0].blocks.first() else {
        panic!("no notice");
    };
    assert_eq!(
        spans[0],
        Span::Strong("Nothing counts as evidence in this report.".into())
    );
    let figures_there = document.sections.iter().flat_map(|section| &section.blocks);
    assert!(
        !figures_there
            .into_iter()
            .any(|block| matches!(block, Block::Figure(_)))
    );
    let page = html(&document);
    assert!(
        !page.contains("evidence available</span>"),
        "nothing counts, so nothing is available"
    );
    let written = json(&JsonReport::new(&crosswalk, Some(&figures))).unwrap();
    assert!(written.contains("\"figures\": null"));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, other) = (example(), make());
    assert_eq!(html(&one.2), html(&other.2));
    assert_eq!(markdown(&one.2), markdown(&other.2));
    assert_eq!(csv(&one.0).unwrap(), csv(&other.0).unwrap());
    let written = |e: &(Crosswalk, _, _)| json(&JsonReport::new(&e.0, Some(&e.1))).unwrap();
    assert_eq!(written(&one), written(&other));
}

#[test]
fn json_and_csv_hold_every_control() {
    let (crosswalk, figures, _) = example();
    let written = json(&JsonReport::new(&crosswalk, Some(&figures))).unwrap();
    let value: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(value["format"], "ai-audit/report/v1");
    assert_eq!(
        value["crosswalk"],
        serde_json::to_value(&crosswalk).unwrap()
    );
    assert_eq!(value["figures"]["decisions"], figures.decisions);
    let written = csv(&crosswalk).unwrap();
    let mut reader = csv_reader(&written);
    assert_eq!(
        reader.records().filter(Result::is_ok).count(),
        rows(&crosswalk)
    );
}

fn csv_reader(text: &str) -> ::csv::Reader<&[u8]> {
    ::csv::Reader::from_reader(text.as_bytes())
}

#[test]
fn charts_are_well_formed_follow_the_page_and_can_be_light() {
    let (_, _, document) = example();
    let blocks = document.sections.iter().flat_map(|section| &section.blocks);
    let mut count = 0;
    for block in blocks {
        let Block::Figure(figure) = block else {
            continue;
        };
        if figure.table.rows.is_empty() || figure.svg.is_empty() {
            continue;
        }
        count += 1;
        let svg = roxmltree::Document::parse(&figure.svg).unwrap();
        let root = svg.root_element();
        assert_eq!(root.attribute("role"), Some("img"), "{}", figure.id);
        assert!(root.attribute("viewBox").is_some());
        for node in svg.descendants().filter(roxmltree::Node::is_element) {
            for paint in ["fill", "stroke"]
                .iter()
                .filter_map(|name| node.attribute(*name))
            {
                let follows = paint.starts_with("var(--")
                    || paint.starts_with(&format!("url(#{}-", figure.id))
                    || paint == "none";
                assert!(follows, "{}: {paint}", figure.id);
            }
        }
    }
    assert_eq!(
        count, 6,
        "actions, one check with scores, both tests, drift; and the case"
    );
}
