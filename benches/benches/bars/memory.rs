//! What a store in memory takes: the process's memory beside the sealed bytes in it.

use ai_audit_benches::MemoryLog;
use ai_audit_benches::compare::{Row, Runner};
use serde_json::{Value, json};
use std::process::Command;

const GROUP: &str = "Memory";
const WORK: &str = "store in memory";

/// Fills a store with so many decisions, in a process that did nothing else, and prints what it took.
#[allow(clippy::print_stdout, reason = "the other process reads it")]
pub(crate) fn fill(decisions: usize) {
    let before = resident_kib();
    let log = MemoryLog::of(decisions);
    let after = resident_kib();
    let sealed: usize = log.sealed().iter().map(Vec::len).sum();
    println!(
        "{}",
        json!({"before": before, "after": after, "sealed": sealed})
    );
}

/// Resident memory now; none where there is no `/proc`.
pub(crate) fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

pub(crate) fn rows(runner: &Runner) {
    if !runner.wants(GROUP, WORK) {
        return;
    }
    if resident_kib().is_none() {
        return runner.skip(GROUP, WORK, "there is no /proc/self/status");
    }
    let decisions = runner.effort().of(5_000, 100_000, 400_000).to_string();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--memory", &decisions])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let bytes = |name: &str| said[name].as_f64().unwrap();
    let taken = (bytes("after") - bytes("before")) * 1024.0;
    runner.proportion(
        Row::new(GROUP, WORK).beside("sealed bytes").most(1.3),
        (taken, bytes("sealed")),
        "B",
    );
}
