//! `cargo xtask`: the commands that check, build and measure this workspace.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a developer's terminal and is no library"
)]

mod bench;
mod browser;
mod calibrate;
mod ci;
mod counts;
mod deny;
mod embedded;
mod nostd;
mod pii_accuracy;
mod python;
mod sample;
mod scale;
mod servers;
mod shell;
mod tidy;
mod tools;
mod vectors;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command that the arguments name.
fn dispatch(args: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = args.split_first() else {
        print!("{HELP}");
        return Ok(ExitCode::from(2));
    };
    if matches!(command.as_str(), "help" | "--help" | "-h")
        || rest
            .iter()
            .any(|arg| matches!(arg.as_str(), "--help" | "-h"))
    {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    match command.as_str() {
        "ci" => return ci::run(&Workspace::load()?, rest),
        "tidy" => {
            no_more(rest)?;
            tidy::run(&Workspace::load()?)?;
        }
        "nostd" => {
            no_more(rest)?;
            nostd::run(&Workspace::load()?)?;
        }
        "embedded" => {
            let size = match rest {
                [] => embedded::Size::Whole,
                [short] if short == "--short" => embedded::Size::Short,
                [run] if run == "--run" => embedded::Size::Run,
                _ => return usage("embedded takes --short or --run and nothing else"),
            };
            if let Some(reason) = embedded::run(&Workspace::load()?, size)? {
                println!("{reason}");
            }
        }
        "vectors" => {
            let check = match rest {
                [] => false,
                [flag] if flag == "--check" => true,
                _ => return usage("vectors takes --check and nothing else"),
            };
            if let Some(reason) = vectors::run(&Workspace::load()?, check)? {
                println!("{reason}");
            }
        }
        "deny" => {
            no_more(rest)?;
            deny::run(&Workspace::load()?)?;
        }
        "browser" => {
            no_more(rest)?;
            if let Some(reason) = browser::ensure(&Workspace::load()?)? {
                println!("{reason}");
            }
        }
        "python" => match rest {
            [] => {
                if let Some(reason) = python::ensure(&Workspace::load()?)? {
                    println!("{reason}");
                }
            }
            [flag] if flag == "--bench" => {
                python::bench::run(&Workspace::load()?, python::bench::RECEIPTS)?;
            }
            [flag, number] if flag == "--bench" => match number.replace('_', "").parse() {
                Ok(receipts) if receipts > 0 => {
                    python::bench::run(&Workspace::load()?, receipts)?;
                }
                _ => return usage("python --bench takes a number of receipts, at least 1"),
            },
            _ => return usage("python takes --bench, with or without a number, and nothing else"),
        },
        "servers" => {
            no_more(rest)?;
            if let Some(reason) = servers::ensure(&Workspace::load()?) {
                println!("{reason}");
            }
        }
        "bench" => bench::run(rest)?,
        "calibrate" => match rest {
            [] => calibrate::run(calibrate::FULL)?,
            [short] if short == "--short" => calibrate::run(calibrate::SHORT)?,
            _ => return usage("calibrate takes --short and nothing else"),
        },
        "pii-accuracy" => pii_accuracy::run(&Workspace::load()?, rest)?,
        "sample" => {
            no_more(rest)?;
            sample::run(&Workspace::load()?)?;
        }
        "scale" => {
            if let Some((flag, rest)) = rest.split_first()
                && flag == "--epochs"
            {
                let size = match rest {
                    [] => scale::epochs::FULL,
                    [short] if short == "--short" => scale::epochs::SHORT,
                    _ => return usage("scale --epochs takes --short and nothing else"),
                };
                scale::epochs::run(&Workspace::load()?, size)?;
                return Ok(ExitCode::SUCCESS);
            }
            let receipts = match rest {
                [] => scale::RECEIPTS,
                [number] => match number.replace('_', "").parse() {
                    Ok(receipts) if receipts > 0 => receipts,
                    _ => return usage("scale takes a number of receipts, at least 1"),
                },
                _ => return usage("scale takes one number and nothing else"),
            };
            scale::run(&Workspace::load()?, receipts)?;
        }
        other => return usage(&format!("there is no command {other:?}")),
    }
    Ok(ExitCode::SUCCESS)
}

fn no_more(rest: &[String]) -> Result<()> {
    match rest {
        [] => Ok(()),
        [first, ..] => bail!("unexpected argument {first:?}; see `cargo xtask --help`"),
    }
}

fn usage(problem: &str) -> Result<ExitCode> {
    eprintln!("xtask: {problem}\n\n{HELP}");
    Ok(ExitCode::from(2))
}

const HELP: &str = "\
Developer commands of ai-audit

Usage: cargo xtask COMMAND

Commands:
  ci [STEP]...       everything that CI runs, in its order, or only the steps named:
                     fmt tidy clippy browser python servers tests examples doc nostd vectors
                     demo calibrate scale deny
                     The last line is `N passed, N failed, N skipped`
  tidy               layers, manifests, file heads and sizes, the architecture's table
  nostd              builds the crates without std for bare metal, core with each set of features, and
                     for RISC-V and wasm, the device's library for Cortex-M and RISC-V
  embedded [--short|--run]
                     tests the example of a device, builds it for bare metal, holds its sizes to their
                     bars, runs it in QEMU: its log through resets and power cuts, verified by ai-audit,
                     stack and ticks held to their bars (--short, in CI: fewer power cuts;
                     --run: without its tests)
  vectors [--check]  writes docs/spec/vectors, or compares them with fresh ones; in both cases the
                     independent reader in Python must agree
  browser            fetches what looks at reports in headless Chromium, for the tests
  python             installs the Python library whose records are imported, for the tests
  python --bench [RECEIPTS]
                     a package of it (100000 receipts), verified by it and by us in turn on one core,
                     and fails where we are not at least twice as fast
  servers            looks for the Redis and PostgreSQL that tests start (in CI installs them)
  deny               licences, duplicate versions and sources of everything we depend on
  bench [ARG]...     measures, and prints each figure beside its bare primitive and its bar;
                     arguments go to criterion, such as a filter or --quick
  calibrate [--short]
                     how often the statistics are wrong, by simulation beside exact values, and fails
                     where that is too often (--short, in CI: fewer runs)
  pii-accuracy [--cases FILE] [--wrong]
                     precision, recall and F1 of each kind on labelled texts (those beside the
                     checkout, or JSON lines with entity, text, spans); --wrong prints what was missed
  sample             makes a log with checks, a contract, reviews and incidents, and the reports on it
                     in every form, in target/sample
  scale [RECEIPTS]   records, exports, verifies and reports on a long log (1000000; 50000 in CI), and
                     fails when exporting or verifying takes more than 64 MiB of memory, a crosswalk
                     or report more than 256 MiB (Linux)
  scale --epochs [--short]
                     the same with 1000000 receipts in 100 epochs (--short, in CI: 20000 in 20), of
                     which 90 are archived and deleted; and proofs at growing sizes

Examples:
  cargo xtask ci
  cargo xtask ci fmt clippy tests
  cargo xtask vectors --check
  cargo xtask bench seal --quick
  cargo xtask scale 100000

Missing pieces (the bare-metal target, cargo-deny) are installed where that is possible; where it
is not, the line that installs them is printed.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_step_of_ci() {
        for step in ci::step_names() {
            assert!(HELP.contains(step), "help does not name the step {step}");
        }
    }

    #[test]
    fn unknown_commands_and_arguments_are_refused() {
        let code = dispatch(&["frobnicate".into()]).expect("usage is no error");
        assert_eq!(code, ExitCode::from(2));
        assert!(dispatch(&["tidy".into(), "--fix".into()]).is_err());
        let code = dispatch(&["scale".into(), "many".into()]).expect("usage is no error");
        assert_eq!(code, ExitCode::from(2));
        let code = dispatch(&["python".into(), "--bench".into(), "few".into()]);
        assert_eq!(code.expect("usage is no error"), ExitCode::from(2));
        let code = dispatch(&["calibrate".into(), "--long".into()]).expect("usage is no error");
        assert_eq!(code, ExitCode::from(2));
        let code = dispatch(&["embedded".into(), "--long".into()]).expect("usage is no error");
        assert_eq!(code, ExitCode::from(2));
        let code = dispatch(&["ci".into(), "nonsense".into()]);
        assert!(code.is_err());
    }
}
