//! `cargo xtask bench`: the table of bars. Ours beside bare primitives and peers, by turns in one process,
//! and whole processes; with the machine's description.

pub(crate) mod machine;
mod options;
mod process;
mod python;
mod row;
mod run;
mod table;

use crate::shell::Cmd;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, ensure};
use machine::Machine;
use options::Options;
use row::Row;
use serde_json::json;
use std::fs;
use std::time::Duration;

/// Ours in a package of their own, and the peers' in a workspace of their own.
const OURS: &str = "ai-audit-benches";
const PEERS: &str = "benches/peers/Cargo.toml";
/// How long the machine is left alone before the first row.
const SETTLED: Duration = Duration::from_secs(5);

/// What a run found.
#[derive(Debug, Default)]
struct Found {
    rows: Vec<Row>,
    /// What a reader of the rows has to know.
    notes: Vec<String>,
    /// What was not measured, and why.
    skipped: Vec<String>,
}

/// Measures what the filter names, prints the table, and writes it as JSON where that is asked for.
///
/// # Errors
/// When something cannot be built or measured, or with `--check` a bar is missed.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    let options = match Options::parse(args)? {
        options::Mode::Table(options) => options,
        options::Mode::Criterion(args) => return criterion(workspace, &args),
        options::Mode::Smoke => return smoke(workspace),
    };
    let machine = Machine::here(workspace)?;
    print!("{}", machine.text());
    ensure!(
        !machine.is_in_memory(),
        "{} is in memory, where nothing is durable: set CARGO_TARGET_DIR to a folder on a disk",
        workspace.target.display()
    );
    let mut found = Found::default();
    let program = run::program(workspace)?;
    settle();
    // One that fails does not take the others' figures along.
    let results = [
        run::rows(workspace, &program, &options, &mut found),
        process::rows(workspace, &options, &mut found),
        python::rows(workspace, &program, &options, &mut found),
        run::peers(workspace, &options, &mut found),
    ];
    let failed: Vec<String> = results
        .into_iter()
        .filter_map(|result| result.err().map(|error| format!("FAILED: {error:#}")))
        .collect();
    ensure!(
        !found.rows.is_empty() || !found.skipped.is_empty() || !failed.is_empty(),
        "no row has {:?} in its group or name",
        options.filter.join(" ")
    );

    println!("\n{}\n{}", machine.text(), table::text(&found.rows));
    for line in found.notes.iter().chain(&found.skipped).chain(&failed) {
        println!("{line}");
    }
    let reached = |wanted: bool| {
        let rows = found.rows.iter();
        rows.filter(|row| row.reached() == Some(wanted)).count()
    };
    let (passed, missed) = (reached(true), reached(false));
    println!(
        "{passed} bars reached, {missed} missed, {} skipped; ~ scattered by more than a tenth",
        found.skipped.len()
    );
    if let Some(path) = &options.json {
        let rows: Vec<_> = found.rows.iter().map(Row::to_json).collect();
        let all = json!({
            "machine": machine.to_json(),
            "quick": options.quick,
            "filter": options.filter,
            "rows": rows,
            "notes": found.notes,
            "skipped": found.skipped,
            "failed": failed,
        });
        let text = format!("{all:#}\n");
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    ensure!(failed.is_empty(), "{} parts failed", failed.len());
    ensure!(!options.check || missed == 0, "{missed} bars are missed");
    let skipped = found.skipped.len();
    ensure!(
        !options.check || skipped == 0,
        "{skipped} rows are skipped, so their bars cannot be told"
    );
    Ok(())
}

/// Has what was just built written to disk, where the system can be asked to: it would take a twentieth off the
/// first rows, whichever they are.
fn settle() {
    let _ = std::process::Command::new("sync").status();
    std::thread::sleep(SETTLED);
}

/// Single figures with their statistics: what follows goes to criterion.
fn criterion(workspace: &Workspace, args: &[String]) -> Result<()> {
    Cmd::cargo(workspace)
        .args(["bench", "-p", OURS, "--benches"])
        .args(if args.is_empty() { &[] } else { &["--"][..] })
        .args(args)
        .run()
}

/// Every benchmark once, as the tests are built: that they still run and their assertions hold. For CI.
///
/// # Errors
/// When one fails.
pub(crate) fn smoke(workspace: &Workspace) -> Result<()> {
    let tests = ["test", "-q", "-p", OURS, "--lib", "--benches"];
    Cmd::cargo(workspace).args(tests).run()
}
