//! `cargo xtask bench`: measures with criterion and sets each figure beside its bare primitive.

use crate::shell::Cmd;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result};
use std::path::Path;

/// What is compared: work, group, ours, the bare primitive, the highest ratio that the bar allows.
const ROWS: &[(&str, &str, &str, &str, f64)] = &[
    ("seal", "seal", "ours", "ed25519-sign", 1.06),
    (
        "verify one receipt",
        "verify",
        "ours",
        "ed25519-verify-strict",
        1.06,
    ),
    (
        "append, memory, 1024",
        "append-memory",
        "ours",
        "ed25519-sign",
        1.6,
    ),
    (
        "append, durable, 1",
        "append-durable-1",
        "ours",
        "append-fdatasync",
        1.5,
    ),
    (
        "append, durable, 64",
        "append-durable-64",
        "ours",
        "sign-and-commit-rows",
        1.25,
    ),
    (
        "Merkle root of 2048",
        "merkle-root-2048",
        "ours",
        "node-hashes",
        1.25,
    ),
    (
        "the same, rs_merkle",
        "merkle-root-2048",
        "rs-merkle",
        "node-hashes",
        3.0,
    ),
    (
        "inclusion, verify",
        "inclusion-proof",
        "ours",
        "node-hashes",
        1.2,
    ),
    (
        "trace measures, 10^6",
        "trace-graph-1m",
        "measures",
        "bare-pass",
        25.0,
    ),
    (
        "package write",
        "package-write",
        "ours",
        "sha256-deflate",
        2.5,
    ),
    (
        "package verify",
        "package-verify",
        "ours",
        "ed25519-verify-strict",
        0.85,
    ),
    // The bars are 200 MB/s, and 50 MB/s where it is dense, beside a scan of 3.8 GB/s.
    ("redact prose", "redact-prose", "ours", "byte-sum", 19.0),
    (
        "redact conversations",
        "redact-tau-bench",
        "ours",
        "byte-sum",
        19.0,
    ),
    (
        "redact dense text",
        "redact-dense",
        "ours",
        "byte-sum",
        76.0,
    ),
    (
        "three tests, 10,000",
        "sequential-tests",
        "ours",
        "three-sums",
        5.0,
    ),
    ("drift, 10,000", "drift-push", "ours", "count-in-map", 2.5),
    ("quantiles, 10,000", "quantiles-push", "ours", "sort", 2.5),
];

/// Measures; what follows the command goes to criterion (a filter, `--quick`). Then the table.
pub(crate) fn run(rest: &[String]) -> Result<()> {
    let workspace = Workspace::load()?;
    Cmd::cargo(&workspace)
        .args(["bench", "-p", "ai-audit-benches", "--benches"])
        .args(if rest.is_empty() { &[] } else { &["--"][..] })
        .args(rest)
        .run()?;
    let folder = workspace.target.join("criterion");
    println!(
        "\n{:<22}{:>12}{:>12}{:>8}{:>8}  reached",
        "work", "ours", "bare", "ratio", "bar"
    );
    for (work, group, ours, bare, bar) in ROWS {
        let folder = folder.join(group);
        let (Some(ours), Some(bare)) = (median(&folder.join(ours))?, median(&folder.join(bare))?)
        else {
            println!("{work:<22}not measured yet");
            continue;
        };
        let ratio = ours / bare;
        let reached = if ratio <= *bar { "yes" } else { "no" };
        let (ours, bare) = (micros(ours), micros(bare));
        println!("{work:<22}{ours:>12}{bare:>12}{ratio:>8.2}{bar:>8.2}  {reached}");
    }
    println!(
        "\nmedians of the newest measurement of each, from {}",
        folder.display()
    );
    Ok(())
}

/// The median in nanoseconds, if it was measured.
fn median(measurement: &Path) -> Result<Option<f64>> {
    let path = measurement.join("new/estimates.json");
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let estimates: serde_json::Value =
        serde_json::from_slice(&text).with_context(|| format!("parsing {}", path.display()))?;
    let median = estimates["median"]["point_estimate"].as_f64();
    Ok(Some(median.with_context(|| {
        format!("{} has no median", path.display())
    })?))
}

fn micros(nanos: f64) -> String {
    format!("{:.2} µs", nanos / 1000.0)
}
