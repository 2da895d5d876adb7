//! The dashboard asks for metrics that there are, by labels that they have.

use super::text::specified;
use serde_json::Value;
use std::collections::BTreeSet;

/// Words of the query language, and labels that the scraper adds.
const OTHERS: [&str; 16] = [
    "sum",
    "max",
    "by",
    "rate",
    "increase",
    "or",
    "vector",
    "histogram_quantile",
    "label_values",
    "job",
    "le",
    "log",
    "outcome",
    "reason",
    "signal",
    "failed",
];

fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "expr" || name == "query" => {
                        found.push(text.clone());
                    }
                    other => queries(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| queries(item, found)),
        _ => {}
    }
}

#[test]
fn each_metric_and_label_of_the_dashboard_is_specified_and_each_metric_is_on_it() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/dashboards/ai-audit.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let (specified, mut shown) = (specified(), BTreeSet::new());
    let mut all = Vec::new();
    queries(&dashboard, &mut all);
    assert!(all.len() > 25, "{}", all.len());
    for query in all.iter().filter(|query| *query != "prometheus") {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let words = query.split(|c| !word(c)).filter(|one| !one.is_empty());
        let words = words.filter(|one| !one.starts_with('$') && one.parse::<f64>().is_err());
        let words: Vec<&str> = words.collect();
        let mut of = None;
        for one in &words {
            let name = ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|end| {
                    one.strip_suffix(end)
                        .filter(|name| specified.contains_key(*name))
                })
                .unwrap_or(one);
            if let Some(metric) = specified.get(name) {
                shown.insert(name.to_owned());
                of = Some(metric);
            }
        }
        let metric = of.unwrap_or_else(|| panic!("{query}: no metric"));
        for one in words {
            let named = shown.iter().any(|name| one.starts_with(name.as_str()));
            let label = metric.labels.iter().any(|label| label == one);
            assert!(named || label || OTHERS.contains(&one), "{query}: {one}");
        }
    }
    let missing: Vec<&String> = specified
        .keys()
        .filter(|name| !shown.contains(*name))
        .collect();
    assert!(missing.is_empty(), "not on the dashboard: {missing:?}");
}
