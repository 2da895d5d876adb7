//! A strict reader of Prometheus's text format, which knows nothing of what wrote it, and the
//! specification's table.

use std::collections::BTreeMap;

/// A metric family.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) kind: String,
    pub(super) help: String,
    /// Name, labels, value.
    pub(super) samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

/// Reads a text, or panics at what does not belong there.
pub(super) fn read(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            families.entry(name.into()).or_default().help = help.into();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            let family = families.entry(name.into()).or_default();
            assert!(family.kind.is_empty(), "{line}: a family twice");
            family.kind = kind.into();
        } else {
            let (name, labels, value) = sample(line);
            let of = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .filter(|of| {
                    families
                        .get(*of)
                        .is_some_and(|family| family.kind == "histogram")
                })
                .unwrap_or(&name)
                .to_owned();
            let family = families
                .get_mut(&of)
                .unwrap_or_else(|| panic!("{line}: no family"));
            let twice = family
                .samples
                .iter()
                .any(|one| (&one.0, &one.1) == (&name, &labels));
            assert!(!twice, "{line}: twice");
            family.samples.push((name, labels, value));
        }
    }
    families
}

fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let name_end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line}"));
    let (name, mut rest) = line.split_at(name_end);
    assert!(
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
        "{line}"
    );
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            assert!(
                label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
                "{line}"
            );
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().unwrap_or_else(|| panic!("{line}: cut off")) {
                    (at, '"') => break at,
                    (_, '\\') => match chars.next().unwrap().1 {
                        'n' => value.push('\n'),
                        c @ ('\\' | '"') => value.push(c),
                        c => panic!("{line}: \\{c}"),
                    },
                    (_, c) => value.push(c),
                }
            };
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
            rest = after[end + 1..].trim_start_matches(',');
        }
        rest = &rest[1..];
    }
    let value = rest
        .trim_start()
        .parse()
        .unwrap_or_else(|_| panic!("{line}"));
    (name.into(), labels, value)
}

/// The value of one sample.
pub(super) fn value(text: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let wanted: BTreeMap<String, String> = labels
        .iter()
        .map(|(label, value)| ((*label).into(), (*value).into()))
        .collect();
    let families = read(text);
    let mut all = families.values().flat_map(|family| &family.samples);
    all.find(|(of, with, _)| of == name && *with == wanted)
        .map(|(_, _, value)| *value)
}

/// A metric as `docs/spec/telemetry.md` has it.
#[derive(Debug)]
pub(super) struct Specified {
    pub(super) kind: String,
    pub(super) labels: Vec<String>,
}

/// The specification's metrics, by their names in Prometheus's text.
pub(super) fn specified() -> BTreeMap<String, Specified> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/spec/telemetry.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, table) = text.split_once("\n## Metrics\n").unwrap();
    let table = table.split("\n## ").next().unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| `"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let ticked = |cell: &str| -> Vec<String> {
                let parts = cell.split('`').skip(1).step_by(2);
                parts.map(|part| part.replace('.', "_")).collect()
            };
            let mut name = ticked(cells[1]).remove(0);
            if name.starts_with("http_") {
                name.push_str("_seconds");
            }
            let one = Specified {
                kind: cells[2].into(),
                labels: ticked(cells[4]),
            };
            (name, one)
        })
        .collect()
}
