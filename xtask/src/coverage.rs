//! Which lines the tests run, crate by crate, by cargo-llvm-cov.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::shell::Cmd;
use crate::workspace::Workspace;
use crate::{services, tools};

const VERSION: &str = "0.9.1";

/// The crates of the short form: what a verdict stands on.
const SHORT: [&str; 5] = ["core", "merkle", "note", "verify", "export"];

/// The least that must be covered, in percent of lines: a little below what was measured.
const FLOORS: [(&str, f64); 4] = [
    ("core", 95.0),
    ("export", 93.0),
    ("merkle", 87.0),
    ("verify", 93.0),
];

/// Lines of code, and how many of them a test ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lines {
    all: u64,
    covered: u64,
}

impl Lines {
    fn percent(self) -> f64 {
        if self.all == 0 {
            return 0.0;
        }
        #[allow(
            clippy::cast_precision_loss,
            reason = "numbers of lines are far below 2^52"
        )]
        let part = self.covered as f64 / self.all as f64;
        part * 100.0
    }
}

/// Runs the tests of the short list or of the workspace with counters, and prints a table.
///
/// # Errors
/// When a test fails, or a crate's tests run less of it than its floor.
pub(crate) fn run(workspace: &Workspace, short: bool) -> Result<Option<String>> {
    let program = tools::cargo_tool(workspace, "cargo-llvm-cov", VERSION)?;
    if !component(workspace) {
        return Ok(Some(
            "SKIPPED: coverage: no llvm-tools; install them with: rustup component add llvm-tools"
                .into(),
        ));
    }
    // Its artifacts have counters in them: they are kept in a folder of their own.
    let folder = workspace.target.join("coverage");
    let tool = |args: &[&str]| {
        let cmd = Cmd::new(workspace, &program).arg("llvm-cov").args(args);
        cmd.env("CARGO_TARGET_DIR", &folder)
    };
    let counting = variables(&tool(&["show-env"]).read()?)?;
    tool(&["clean", "--workspace", "--profraw-only"])
        .envs(&counting)
        .run()?;
    let mut packages: Vec<String> = Vec::new();
    if short {
        for folder in SHORT {
            packages.extend(["-p".into(), format!("ai-audit-{folder}")]);
        }
    } else {
        for part in [
            "--workspace",
            "--exclude",
            "xtask",
            "--exclude",
            "ai-audit-benches",
        ] {
            packages.push(part.into());
        }
        packages.extend(["--features".into(), services::FEATURES.into()]);
    }
    let cargo = |verb: &str| {
        let cmd = Cmd::cargo(workspace).arg(verb).args(&packages);
        cmd.env("CARGO_TARGET_DIR", &folder).envs(&counting)
    };
    // Some tests start examples, which cargo would build as tests if it were told which targets to test.
    cargo("build").arg("--examples").run()?;
    let (runner, skipped) = services::for_all(workspace)?;
    for reason in skipped {
        println!("{reason}");
    }
    // What ran is told though a test fails.
    let tests = cargo("test")
        .args(["--no-fail-fast", "--lib", "--bins", "--tests"])
        .env(&runner.0, &runner.1)
        .run();
    let json = workspace.target.join("coverage.json");
    tool(&[
        "report",
        "--json",
        "--summary-only",
        "--failure-mode",
        "all",
        "--output-path",
    ])
    .arg(&json)
    .envs(&counting)
    .run()?;
    let report: Value = serde_json::from_str(&fs::read_to_string(&json)?)?;
    let crates = by_crate(&report, &workspace.root)?;
    println!("| crate | lines | covered | percent | floor |");
    println!("|---|---|---|---|---|");
    for (folder, lines) in &crates {
        if short && !SHORT.contains(&folder.as_str()) {
            continue;
        }
        let floor = floor_of(folder).map_or_else(String::new, |floor| format!("{floor:.1}"));
        println!(
            "| {folder} | {} | {} | {:.1} | {floor} |",
            lines.all,
            lines.covered,
            lines.percent()
        );
    }
    tests?;
    let low = below(&crates);
    if !low.is_empty() {
        bail!("tests run too few lines: {}", low.join(", "));
    }
    Ok(None)
}

/// What `show-env` prints, in lines as a shell takes them: what has cargo build with counters.
fn variables(said: &str) -> Result<Vec<(String, OsString)>> {
    let line = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let quoted = value
            .strip_prefix('\'')
            .and_then(|value| value.strip_suffix('\''));
        let value = quoted.unwrap_or(value).replace("'\\''", "'");
        Some((name.to_owned(), value.into()))
    };
    let lines = said.lines().filter(|line| !line.is_empty()).map(line);
    let variables: Option<Vec<_>> = lines.collect();
    let variables = variables.with_context(|| format!("cargo llvm-cov show-env said {said:?}"))?;
    ensure!(
        !variables.is_empty(),
        "cargo llvm-cov show-env said nothing"
    );
    Ok(variables)
}

/// Whether the compiler's own llvm-cov is there, or could be added.
fn component(workspace: &Workspace) -> bool {
    let list = Cmd::new(workspace, "rustup").args(["component", "list", "--installed"]);
    if list.read().is_ok_and(|list| list.contains("llvm-tools")) {
        return true;
    }
    println!("llvm-tools are not installed: adding them with rustup");
    Cmd::new(workspace, "rustup")
        .args(["component", "add", "llvm-tools"])
        .run()
        .is_ok()
}

fn floor_of(folder: &str) -> Option<f64> {
    let floor = FLOORS.iter().find(|(name, _)| *name == folder);
    floor.map(|(_, floor)| *floor)
}

/// The crates with a floor that are below it, or not there.
fn below(crates: &BTreeMap<String, Lines>) -> Vec<String> {
    let low = FLOORS.iter().filter_map(|(folder, floor)| {
        let lines = crates.get(*folder).copied().unwrap_or_default();
        let percent = lines.percent();
        (percent < *floor).then(|| format!("{folder} {percent:.1} %, at least {floor:.1} %"))
    });
    low.collect()
}

/// Adds up the files of each folder of `crates/`.
fn by_crate(report: &Value, root: &Path) -> Result<BTreeMap<String, Lines>> {
    let files = report
        .pointer("/data/0/files")
        .and_then(Value::as_array)
        .context("the report of llvm-cov has no files")?;
    let mut crates = BTreeMap::<String, Lines>::new();
    for file in files {
        let path = file
            .get("filename")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let inside = Path::new(path).strip_prefix(root.join("crates"));
        let Some(folder) = inside.ok().and_then(|path| path.iter().next()?.to_str()) else {
            continue;
        };
        let number = |name: &str| {
            let value = file.pointer(&format!("/summary/lines/{name}"));
            value
                .and_then(Value::as_u64)
                .context("a file without numbers of lines")
        };
        let lines = crates.entry(folder.into()).or_default();
        lines.all += number("count")?;
        lines.covered += number("covered")?;
    }
    Ok(crates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_read_as_a_shell_reads_them() {
        let said = "A='/w/it'\\''s'\nB=1\nC='-x\x1f--cfg=y'\n";
        let read = variables(said).expect("three");
        let expected = [("A", "/w/it's"), ("B", "1"), ("C", "-x\x1f--cfg=y")];
        assert_eq!(
            read,
            expected.map(|(name, value)| (name.into(), value.into()))
        );
        assert!(variables("").is_err() && variables("what").is_err());
    }

    #[test]
    fn files_are_added_up_and_held_against_floors() {
        let file = |name: &str, count: u64, covered: u64| json!({"filename": name, "summary": {"lines": {"count": count, "covered": covered}}});
        let report = json!({"data": [{"files": [
            file("/w/crates/core/src/a.rs", 60, 60),
            file("/w/crates/core/src/b.rs", 40, 0),
            file("/w/xtask/src/main.rs", 9, 9),
        ]}]});
        let crates = by_crate(&report, Path::new("/w")).expect("a report");
        assert_eq!(crates.len(), 1);
        assert_eq!(
            crates["core"],
            Lines {
                all: 100,
                covered: 60
            }
        );
        let low = below(&crates);
        assert_eq!(low.len(), FLOORS.len(), "{low:?}");
        assert!(low[0].starts_with("core 60.0 %"));
        assert!(by_crate(&json!({}), Path::new("/w")).is_err());
    }
}
