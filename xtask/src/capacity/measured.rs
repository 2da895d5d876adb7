//! Figures that other pages have measured, read out of them.

use std::fs;

use anyhow::{Context as _, Result};

use crate::measure::time;
use crate::workspace::Workspace;

/// One figure: in seconds, bytes, or a number a second.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub(super) what: &'static str,
    pub(super) value: f64,
    pub(super) unit: Unit,
    pub(super) page: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Bytes,
    ASecond,
}

impl Figure {
    pub(super) fn shown(&self) -> String {
        match self.unit {
            Unit::Seconds => time(self.value * 1e9),
            Unit::Bytes => format!("{:.0} B", self.value),
            Unit::ASecond => format!("{} a second", super::grouped(self.value)),
        }
    }
}

/// Where a page has a figure.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Behind a label at the beginning of a line, as in the table of a run of `bench`.
    Line(&'static str),
    /// In the first row of a table whose first cell is this, in this column, counted from 0.
    Cell(&'static str, usize),
    /// Behind these words.
    Words(&'static str),
}

/// All that the model takes.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) sealed_bytes: Figure,
    pub(super) seal: Figure,
    pub(super) batch: Figure,
    pub(super) one: Figure,
    pub(super) eight: Figure,
    pub(super) many: Figure,
    pub(super) http: Figure,
    pub(super) sqlite_bytes: Figure,
    pub(super) postgres: Figure,
    pub(super) postgres_batched: Figure,
    pub(super) redis: Figure,
    pub(super) redis_batched: Figure,
    pub(super) verify: Figure,
    pub(super) tree: Figure,
    pub(super) checkpoint: Figure,
    pub(super) package_bytes: Figure,
}

const BENCH: &str = "docs/performance.md";
const LATENCY: &str = "docs/performance/latency.md";
const GROWTH: &str = "docs/performance/growth.md";
const STORES: &str = "docs/performance/stores.md";

impl Measured {
    /// # Errors
    /// When a page has not the figure that is looked for.
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        Self::with(|page| {
            let path = workspace.root.join(page);
            fs::read_to_string(&path).with_context(|| path.display().to_string())
        })
    }

    fn with(read: impl Fn(&str) -> Result<String>) -> Result<Self> {
        use Place::{Cell, Line, Words};
        use Unit::{ASecond, Bytes, Seconds};
        let figure = |what, page, place, unit| -> Result<Figure> {
            let text = read(page)?;
            let value = find(&text, place).with_context(|| {
                format!("{page} has no figure for {what:?} where it should be: {place:?}")
            })?;
            Ok(Figure {
                what,
                value,
                unit,
                page,
            })
        };
        Ok(Self {
            sealed_bytes: figure("a sealed receipt", BENCH, Line("sealed size"), Bytes)?,
            seal: figure(
                "sealing one, signature included",
                BENCH,
                Line("seal"),
                Seconds,
            )?,
            batch: figure(
                "the same in a batch of 1,024",
                BENCH,
                Line("batch of 1,024"),
                Seconds,
            )?,
            one: figure(
                "SQLite, durable, 1 producer",
                LATENCY,
                Cell("1 producer", 5),
                ASecond,
            )?,
            eight: figure("8 producers", LATENCY, Cell("8 producers", 5), ASecond)?,
            many: figure("64 producers", LATENCY, Cell("64 producers", 5), ASecond)?,
            http: figure(
                "over HTTP, 64 connections that wait for each record",
                LATENCY,
                Words("64 connections "),
                ASecond,
            )?,
            sqlite_bytes: figure(
                "a receipt in SQLite, of 10^6, indexes and tree included",
                GROWTH,
                Cell("1,000,000", 8),
                Bytes,
            )?,
            postgres: figure(
                "PostgreSQL, durable, 64 producers",
                STORES,
                Cell("PostgreSQL, signed, 64", 1),
                ASecond,
            )?,
            postgres_batched: figure(
                "the same in a log that permits batches",
                STORES,
                Cell("PostgreSQL, batched, 64", 1),
                ASecond,
            )?,
            redis: figure(
                "Redis, durable, 64 producers",
                STORES,
                Cell("Redis, signed, 64", 1),
                ASecond,
            )?,
            redis_batched: figure(
                "the same in a log that permits batches",
                STORES,
                Cell("Redis, batched, 64", 1),
                ASecond,
            )?,
            verify: figure(
                "verifying one of a whole log, one core",
                GROWTH,
                Cell("1,000,000", 3),
                Seconds,
            )?,
            tree: figure(
                "the same, tree and checkpoint only",
                BENCH,
                Line("tree and checkpoint only"),
                Seconds,
            )?,
            checkpoint: figure("a checkpoint", GROWTH, Cell("1,000,000", 6), Seconds)?,
            package_bytes: figure(
                "a receipt in a package, without JSON view",
                BENCH,
                Line("bytes a receipt"),
                Bytes,
            )?,
        })
    }

    /// In the order in which they are told.
    pub(super) fn all(&self) -> [&Figure; 16] {
        [
            &self.sealed_bytes,
            &self.seal,
            &self.batch,
            &self.one,
            &self.eight,
            &self.many,
            &self.http,
            &self.sqlite_bytes,
            &self.postgres,
            &self.postgres_batched,
            &self.redis,
            &self.redis_batched,
            &self.verify,
            &self.tree,
            &self.checkpoint,
            &self.package_bytes,
        ]
    }

    /// Round figures to test with.
    #[cfg(test)]
    pub(super) fn example() -> Self {
        const PAGES: &str = " seal                      10.0 µs  13.2 µs\n sealed size   400 B\n \
             batch of 1,024  500 ns 1\n tree and checkpoint only   400 ns  1\n bytes a receipt   250 B\n\
             | 1 producer | 1 | 1 | 1 | 1 | 5000 | |\n| 8 producers | 1 | 1 | 1 | 1 | 20000 | |\n\
             | 64 producers | 1.29 ms | 1 | 1 | 1 | 40000 | |\nx, 64 connections 16,000 (p50)\n\
             | 1,000,000 | 25 µs | 1 | 10.0 µs | 1 | 1 | 200 µs | 1 | 700 |\n\
             | PostgreSQL, signed, 64 | 10,000 |\n| PostgreSQL, batched, 64 | 20,000 |\n\
             | Redis, signed, 64 | 11,000 |\n| Redis, batched, 64 | 22,000 |\n";
        Self::with(|_| Ok(PAGES.into())).expect("all are there")
    }
}

/// The figure at a place of a page; nothing where it is not there.
fn find(text: &str, place: Place) -> Option<f64> {
    match place {
        Place::Line(label) => text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix(label))
            .find(|rest| rest.starts_with("  "))
            .and_then(value),
        Place::Cell(label, column) => {
            let cells = |line: &str| -> Vec<String> {
                let inner = line.trim().trim_matches('|');
                inner
                    .split('|')
                    .map(|cell| cell.trim().to_owned())
                    .collect()
            };
            text.lines()
                .filter(|line| line.starts_with('|'))
                .map(cells)
                .find(|cells| cells.first().is_some_and(|cell| cell == label))
                .and_then(|cells| value(cells.get(column)?))
        }
        Place::Words(words) => value(text.split_once(words)?.1),
    }
}

/// A number at the beginning, in the base unit of the unit behind it.
fn value(text: &str) -> Option<f64> {
    let mut words = text.split_whitespace();
    let number: f64 = words.next()?.replace(',', "").parse().ok()?;
    let factor = match words.next() {
        Some("ns") => 1e-9,
        Some("µs") => 1e-6,
        Some("ms") => 1e-3,
        _ => 1.0,
    };
    (number.is_finite() && number > 0.0).then_some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_by_their_places() {
        let measured = Measured::example();
        let near = |figure: &Figure, expected: f64| {
            assert!((figure.value / expected - 1.0).abs() < 1e-9, "{figure:?}");
        };
        near(&measured.seal, 10e-6);
        near(&measured.batch, 500e-9);
        near(&measured.sealed_bytes, 400.0);
        near(&measured.many, 40_000.0);
        near(&measured.http, 16_000.0);
        near(&measured.sqlite_bytes, 700.0);
        near(&measured.verify, 10e-6);
        near(&measured.checkpoint, 200e-6);
        assert_eq!(measured.checkpoint.shown(), "200 µs");
        assert_eq!(measured.http.shown(), "16,000 a second");
    }

    #[test]
    fn a_page_without_the_figure_is_named() {
        let error = Measured::with(|_| Ok("seal, AWS-LC   5.95 µs\n".into()));
        let error = format!("{:#}", error.expect_err("there is none"));
        assert!(error.contains("docs/performance.md"), "{error}");
        assert_eq!(find("a b", Place::Words("c")), None);
        assert_eq!(find("| x | - |", Place::Cell("x", 1)), None);
        assert_eq!(find("| x |", Place::Cell("x", 4)), None);
    }
}
