//! `ai-audit contract lint`

use crate::cli::contract::LintContract as Args;
use crate::failure::FAILED;
use crate::output::{Output, counted, safe, shown_path};
use ai_audit_contracts::{Contract, Problem};
use serde_json::{Value, json};
use std::process::ExitCode;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    let text = super::text(&args.contract)?;
    let shown = shown_path(&args.contract);
    let contract = match Contract::parse(&text) {
        Ok(contract) => contract,
        Err(problems) => {
            let problems = problems.as_slice();
            if output.json {
                let problems: Vec<Value> = problems.iter().map(value).collect();
                output.json(&json!({ "readable": false, "problems": problems }))?;
            } else {
                for problem in problems {
                    output.line(safe(&format!("{shown}: {problem}")))?;
                }
            }
            return Ok(ExitCode::from(FAILED));
        }
    };
    if output.json {
        let warnings: Vec<Value> = contract.warnings().iter().map(value).collect();
        output.json(&json!({
            "readable": true,
            "name": contract.name(),
            "version": contract.version(),
            "digest": contract.digest(),
            "preconditions": contract.preconditions().len(),
            "hard": contract.hard().len(),
            "soft": contract.soft().len(),
            "warnings": warnings,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for warning in contract.warnings() {
        output.warn(format!("{shown}: {warning}"));
    }
    let (name, version) = (safe(contract.name()), safe(contract.version()));
    output.line(format!(
        "{name} {version}: {}, {}, {}",
        counted(
            contract.preconditions().len() as u64,
            "precondition",
            "preconditions"
        ),
        counted(contract.hard().len() as u64, "hard rule", "hard rules"),
        counted(contract.soft().len() as u64, "soft rule", "soft rules"),
    ))?;
    output.note(format!("digest {}", contract.digest()))?;
    Ok(ExitCode::SUCCESS)
}

fn value(problem: &Problem) -> Value {
    json!({
        "line": problem.place.line,
        "column": problem.place.column,
        "what": problem.what,
    })
}
