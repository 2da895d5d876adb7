//! The table as people read it, 80 columns wide.

use super::row::{Bar, Row};
use std::fmt::Write as _;

/// Widths: work, ours, beside's figure, its name, ratio, bar; then the verdict.
#[cfg(test)]
const WIDTH: usize = 80;

/// All rows, group by group, in the order of their first ones.
pub(crate) fn text(rows: &[Row]) -> String {
    let mut groups: Vec<&str> = Vec::new();
    for row in rows {
        if !groups.contains(&row.group.as_str()) {
            groups.push(&row.group);
        }
    }
    let mut out = String::new();
    for group in groups {
        let blank = if out.is_empty() { "" } else { "\n" };
        // A long name takes the space before the first heading.
        let wide = group.chars().count().clamp(24, 29);
        let headings = format!(
            "{group:<wide$}{:>left$}{:>9} {:<16}{:>7}{:>8}",
            "ours",
            "bare",
            "beside",
            "ratio",
            "bar",
            left = 34 - wide
        );
        let _ = writeln!(out, "{blank}{}", headings.trim_end());
        for row in rows.iter().filter(|row| row.group == group) {
            line(&mut out, row);
        }
    }
    out
}

fn line(out: &mut String, row: &Row) {
    let unit = row.unit.as_str();
    let ours = amount(row.ours, unit);
    let (bare, name, ratio) = row.beside.as_ref().map_or_else(Default::default, |beside| {
        let mark = if row.scattered() { "~" } else { "" };
        let ratio = format!("{mark}{}", short(beside.ratio));
        (amount(beside.figure, unit), beside.name.clone(), ratio)
    });
    // A ratio's bar is a number, and a figure's has its unit, if that changes with the size.
    let unit = match (&row.beside, unit) {
        (None, "ns") => unit,
        _ => "",
    };
    let bar = match row.bar {
        Some(Bar::AtMost(most)) => format!("≤ {}", amount(most, unit)),
        Some(Bar::AtLeast(least)) => format!("≥ {}", amount(least, unit)),
        None => String::new(),
    };
    let verdict = match row.reached() {
        Some(true) => "pass",
        Some(false) => "MISS",
        None => "",
    };
    let text = format!(
        " {:<24}{ours:>9}{bare:>9} {name:<16}{ratio:>7}{bar:>8} {verdict}",
        row.work
    );
    let _ = writeln!(out, "{}", text.trim_end());
}

/// A figure with its unit: of times and sizes the one that fits.
pub(crate) fn amount(figure: f64, unit: &str) -> String {
    let steps: &[(&str, f64)] = match unit {
        "ns" => &[("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)],
        "B" => &[("B", 1.0), ("kB", 1e3), ("MB", 1e6)],
        "" => return trimmed(figure),
        other => return format!("{} {other}", short(figure)),
    };
    let fits = steps.iter().rev().find(|(_, size)| figure >= *size);
    let (name, size) = fits.or(steps.first()).copied().unwrap_or((unit, 1.0));
    let figure = figure / size;
    let digits = if unit == "ns" && figure.fract() == 0.0 {
        trimmed(figure)
    } else {
        short(figure)
    };
    format!("{digits} {name}")
}

/// Three digits.
fn short(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// As short as it can be said.
fn trimmed(figure: f64) -> String {
    format!("{figure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_unit_that_fits() {
        assert_eq!(amount(0.4, "ns"), "0.40 ns");
        assert_eq!(amount(17_723.0, "ns"), "17.7 µs");
        assert_eq!(amount(2e9, "ns"), "2 s");
        assert_eq!(amount(443.0, "B"), "443 B");
        assert_eq!(amount(52_000_000.0, "B"), "52.0 MB");
        assert_eq!(amount(539.2, "MB/s"), "539 MB/s");
        assert_eq!(amount(1.06, ""), "1.06");
    }

    #[test]
    fn a_table_is_grouped_and_80_columns_wide() {
        let line = r#"{"group":"Package","work":"field, encrypt + decrypt","unit":"ns","ours":177000.0,
            "bare":169000.0,"ratio":1.047,"beside":"SHA-256, deflate","quartiles":[1.0,1.2],"rounds":9,
            "bar":{"most":1.25}}"#;
        let pair = Row::parse(line).unwrap().unwrap();
        let figure = Row::figure("Memory", "w", 5e5, "ns", Some(Bar::AtLeast(2e9)));
        let long = Row::figure("A group with a longer heading", "w", 1.0, "B", None);
        let text = text(&[pair.clone(), pair, figure, long]);
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        assert_eq!(text.matches("beside").count(), 3, "{text}");
        assert!(text.contains("~1.05  ≤ 1.25 pass"), "{text}");
        assert!(text.contains("≥ 2 s MISS"), "{text}");
    }
}
