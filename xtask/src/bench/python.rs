//! The Python library and ours at the same work, in turn, each in a process of its own.

use super::Found;
use super::options::Options;
use super::row::{Bar, Beside, Row};
use crate::python::{ensure, interpreter, script};
use crate::shell::Cmd;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::Path;

const GROUP: &str = "Times better than Python";
/// Work, of which the last word is its name in what the programs print, the unit of an item's figure,
/// and how many times better ours has to be.
const WORKS: [(&str, &str, f64); 7] = [
    ("make and seal", "ns", 3.0),
    ("the same, AWS-LC", "ns", 3.0),
    ("verify", "ns", 4.0),
    ("batch", "ns", 6.0),
    ("redaction", "ns", 40.0),
    ("export", "ns", 2.0),
    ("memory", "B", 7.0),
];
const NAME: &str = "Python library";

/// Installs the library if it can, and runs both in turn.
///
/// # Errors
/// When a program fails.
pub(super) fn rows(
    workspace: &Workspace,
    program: &Path,
    options: &Options,
    found: &mut Found,
) -> Result<()> {
    if !options.wants_any(GROUP, &WORKS.map(|(work, ..)| work)) {
        return Ok(());
    }
    match ensure(workspace) {
        Ok(None) => {}
        Ok(Some(reason)) => {
            found.skipped.push(reason);
            return Ok(());
        }
        Err(error) => {
            found
                .skipped
                .push(format!("SKIPPED: the Python library: {error:#}"));
            return Ok(());
        }
    }
    let python = interpreter(workspace);
    let text = workspace.target.join("tools/python/text-to-redact.txt");
    let (mut our, mut their) = (Vec::new(), Vec::new());
    for round in 0..options.of(3, 7) {
        println!("  {GROUP}: round {}", round + 1);
        // Ours first, since it writes the text.
        let run = Cmd::new(workspace, program).args(["--beside-python"]);
        our.push(figures(run.arg(&text))?);
        let run = Cmd::new(workspace, &python).arg(script(workspace, "beside.py"));
        their.push(figures(run.arg(&text))?);
    }
    for (work, unit, least) in WORKS {
        if !options.wants(GROUP, work) {
            continue;
        }
        let key = work.rsplit(' ').next().unwrap_or(work);
        // The library has one signer: both of ours stand beside it.
        let theirs = if key == "AWS-LC" { "seal" } else { key };
        let values = |of: &[Value], key: &str| of.iter().map(|said| said[key].as_f64()).collect();
        let (our, their): (Option<Vec<f64>>, Option<Vec<f64>>) =
            (values(&our, key), values(&their, theirs));
        match our.zip(their) {
            Some((our, their)) => found.rows.push(row(work, unit, least, (&our, &their))),
            None => found
                .skipped
                .push(format!("SKIPPED: {GROUP}: {work}: needs /proc")),
        }
    }
    Ok(())
}

fn figures(run: Cmd) -> Result<Value> {
    let said = run.read()?;
    serde_json::from_str(&said).with_context(|| format!("no figures: {said}"))
}

/// The medians, of the ratios round by round too.
fn row(work: &str, unit: &str, least: f64, (our, their): (&[f64], &[f64])) -> Row {
    let mut ratios: Vec<f64> = our
        .iter()
        .zip(their)
        .map(|(our, their)| their / our)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let at = |quarters: usize| ratios.get(ratios.len() * quarters / 4).copied();
    let rounds = u64::try_from(ratios.len()).unwrap_or(u64::MAX);
    let beside = Beside {
        name: NAME.into(),
        figure: median(their),
        ratio: at(2).unwrap_or_default(),
        rounds: at(1).zip(at(3)).map(|(low, high)| (low, high, rounds)),
    };
    let mut row = Row::figure(GROUP, work, median(our), unit, Some(Bar::AtLeast(least)));
    row.beside = Some(beside);
    row
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_the_rounds() {
        let row = row("seal", "ns", 3.0, (&[1.0, 2.0, 10.0], &[4.0, 8.0, 30.0]));
        let beside = row.beside.clone().unwrap();
        assert_eq!((row.ours, beside.figure, beside.ratio), (2.0, 8.0, 4.0));
        assert_eq!(beside.rounds, Some((3.0, 4.0, 3)));
        assert_eq!(row.reached(), Some(true));
    }
}
