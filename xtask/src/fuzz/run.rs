//! One target run by libFuzzer, and what it says at its end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::Folders;
use super::targets::Target;
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// An input that takes longer is a finding.
const TIMEOUT_SECONDS: u32 = 5;
/// So is one with which the program needs more memory.
const MEMORY_MIB: u32 = 1024;
/// Inputs are not made longer than this, nor than the longest seed.
const MAX_LEN: u64 = 16 << 10;

/// What came of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    executions: u64,
    per_second: u64,
    /// Edges of the program that were reached.
    coverage: String,
    /// Edges with how often, and comparisons: what libFuzzer tells inputs apart by.
    features: String,
    /// Inputs that are kept, and their size.
    corpus: String,
    memory_mib: String,
    /// What was found, with the file and the line that runs it again.
    pub(super) finding: Option<String>,
}

impl Outcome {
    /// The first lines of a table of outcomes.
    pub(super) const HEAD: &str = "\
| target | seconds | executions | per second | cov | ft | corpus | MiB | findings |
|---|---|---|---|---|---|---|---|---|";

    /// The line of the table.
    pub(super) fn row(&self, name: &str, seconds: u64) -> String {
        let Self {
            executions,
            per_second,
            coverage,
            features,
            corpus,
            memory_mib,
            finding,
        } = self;
        let findings = if finding.is_some() { "1" } else { "none" };
        format!(
            "| `{name}` | {seconds} | {executions} | {per_second} | {coverage} | {features} | {corpus} \
             | {memory_mib} | {findings} |"
        )
    }

    /// Reads what libFuzzer wrote.
    fn read(log: &str) -> Self {
        let mut outcome = Self::default();
        for line in log.lines() {
            if let Some((name, number)) = line
                .strip_prefix("stat::")
                .and_then(|line| line.split_once(':'))
            {
                let number = number.trim();
                match name {
                    "number_of_executed_units" => {
                        outcome.executions = number.parse().unwrap_or_default()
                    }
                    "average_exec_per_sec" => {
                        outcome.per_second = number.parse().unwrap_or_default()
                    }
                    "peak_rss_mb" => outcome.memory_mib = number.into(),
                    _ => {}
                }
            } else if line.starts_with('#') {
                let mut words = line.split_whitespace();
                while let Some(word) = words.next() {
                    let of = match word {
                        "cov:" => &mut outcome.coverage,
                        "ft:" => &mut outcome.features,
                        "corp:" => &mut outcome.corpus,
                        _ => continue,
                    };
                    *of = words.next().unwrap_or_default().into();
                }
            }
        }
        outcome
    }
}

/// Runs a target for so many seconds.
///
/// # Errors
/// When it cannot be started.
pub(super) fn target(
    workspace: &Workspace,
    folders: &Folders,
    target: &Target,
    seconds: u64,
) -> Result<Outcome> {
    let program = folders.programs.join(target.name);
    let corpus = folders.corpus.join(target.name);
    let found = folders.found.join(target.name);
    for folder in [&corpus, &found, &folders.logs] {
        fs::create_dir_all(folder)?;
    }
    let log = folders.logs.join(format!("{}.log", target.name));
    let seeds = folders.seeds.join(target.name);
    let kept = Some(folders.kept.join(target.name)).filter(|kept| kept.is_dir());
    let longest = longest(&seeds)?.max(MAX_LEN);
    let status = Command::new(&program)
        .current_dir(&workspace.root)
        .arg(&corpus)
        .arg(&seeds)
        .args(kept)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={TIMEOUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
        .arg(format!("-max_len={longest}"))
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", found.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let mut outcome = Outcome::read(&said);
    if !status.success() && !was_the_machine(workspace, &program, &said) {
        outcome.finding = Some(finding(workspace, &program, target, &said, &log));
    }
    Ok(outcome)
}

/// Whether an input that took too long does not when it is run once more by itself. The limit is of wall
/// time, which a busy machine takes, too.
fn was_the_machine(workspace: &Workspace, program: &Path, said: &str) -> bool {
    let Some(file) = artifact(said) else {
        return false;
    };
    let name = Path::new(file).file_name().and_then(|name| name.to_str());
    if !name.is_some_and(|name| name.starts_with("timeout-")) {
        return false;
    }
    let again = Cmd::new(workspace, program)
        .arg(format!("-timeout={TIMEOUT_SECONDS}"))
        .arg(file)
        .works();
    if again {
        println!("{file}: took more than {TIMEOUT_SECONDS} s once, and not when run again alone");
    }
    again
}

/// The file that libFuzzer wrote the input to.
fn artifact(said: &str) -> Option<&str> {
    said.lines()
        .find_map(|line| line.split_once("Test unit written to "))
        .map(|(_, file)| file.trim())
}

fn longest(folder: &PathBuf) -> Result<u64> {
    let mut longest = 0;
    for file in fs::read_dir(folder)? {
        longest = longest.max(file?.metadata()?.len());
    }
    Ok(longest)
}

/// A finding in words.
fn finding(
    workspace: &Workspace,
    program: &Path,
    target: &Target,
    said: &str,
    log: &Path,
) -> String {
    let lines: Vec<&str> = said.lines().collect();
    let why = lines
        .iter()
        .position(|line| line.contains("panicked at"))
        .map(|at| lines[at..lines.len().min(at + 3)].join(" "))
        .or_else(|| {
            let error = |line: &&&str| line.contains("ERROR: ");
            lines.iter().find(error).map(|line| (*line).to_owned())
        })
        .unwrap_or_else(|| format!("see {}", workspace.relative(log)));
    let name = target.name;
    match artifact(said) {
        Some(file) => {
            let program = workspace.relative(program);
            format!("{name}: {why}\n  again: AI_AUDIT_FUZZ_SHOW=1 {program} {file}")
        }
        None => format!("{name}: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts() {
        let log = "INFO: Seed: 1\n#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 20Mb\n\
            #900\tDONE   cov: 812 ft: 2490 corp: 391/12Kb lim: 4096 exec/s: 90 rss: 31Mb\n\
            stat::number_of_executed_units: 900\nstat::average_exec_per_sec:     90\n\
            stat::peak_rss_mb:              31\n";
        let outcome = Outcome::read(log);
        assert_eq!(
            outcome.row("json", 10),
            "| `json` | 10 | 900 | 90 | 812 | 2490 | 391/12Kb | 31 | none |"
        );
    }
}
