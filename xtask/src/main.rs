//! `cargo xtask`: the commands that check, build and measure this workspace.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a developer's terminal and is no library"
)]

mod bench;
mod browser;
mod capacity;
mod changed;
mod ci;
mod console;
mod counts;
mod coverage;
mod deny;
mod deploy;
mod embedded;
mod failures;
mod ffi;
mod flames;
mod frameworks;
mod fuzz;
mod generate;
mod growth;
mod latency;
mod lint;
mod load;
mod mcp;
mod measure;
mod miri;
mod mutants;
mod nostd;
mod otlp;
mod page;
mod program;
mod proxy;
mod python;
mod release;
mod sample;
mod scale;
mod servers;
mod service;
mod services;
mod shell;
mod simulate;
mod stores;
mod supply;
mod svg;
mod telemetry;
mod tidy;
mod tools;
mod vectors;
mod venv;
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
            let short = match rest {
                [] => false,
                [flag] if flag == "--short" => true,
                _ => return usage("nostd takes --short and nothing else"),
            };
            nostd::run(&Workspace::load()?, short)?;
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
            let workspace = Workspace::load()?;
            deny::run(&workspace)?;
            if let Some(reason) = deny::advisories(&workspace)? {
                println!("{reason}");
            }
        }
        "supply" => {
            no_more(rest)?;
            supply::run(&Workspace::load()?)?;
        }
        "release" => return release::run(&Workspace::load()?, rest),
        "ffi" => match rest {
            [] => {
                if let Some(reason) = ffi::run(&Workspace::load()?)? {
                    println!("{reason}");
                }
            }
            [flag] if flag == "--header" => ffi::header(&Workspace::load()?, true)?,
            _ => return usage("ffi takes --header and nothing else"),
        },
        "load" => {
            let seconds = match rest {
                [] => load::HOUR,
                [flag] if flag == "--short" => load::SHORT,
                [flag, minutes] if flag == "--minutes" => match minutes.parse::<u64>() {
                    Ok(minutes) if minutes > 0 => 60 * minutes,
                    _ => return usage("--minutes takes a number above 0"),
                },
                _ => return usage("load takes --minutes N or --short and nothing else"),
            };
            load::run(&Workspace::load()?, seconds)?;
        }
        "unit" => {
            no_more(rest)?;
            if let Some(reason) = deploy::unit(&Workspace::load()?)? {
                println!("{reason}");
            }
        }
        "image" => {
            let small = match rest {
                [] => false,
                [flag] if flag == "--small" => true,
                _ => return usage("image takes --small and nothing else"),
            };
            if let Some(reason) = deploy::image(&Workspace::load()?, small)? {
                println!("{reason}");
            }
        }
        "service" => {
            let short = match rest {
                [] => false,
                [flag] if flag == "--short" => true,
                _ => return usage("service takes --short and nothing else"),
            };
            if let Some(reason) = service::run(&Workspace::load()?, short)? {
                println!("{reason}");
            }
        }
        "miri" => {
            let (flags, crates): (Vec<_>, Vec<_>) =
                rest.iter().cloned().partition(|word| word.starts_with('-'));
            let short = match flags.as_slice() {
                [] => false,
                [flag] if flag == "--short" => true,
                _ => return usage("miri takes --short and names of crates"),
            };
            if let Some(reason) = miri::run(&Workspace::load()?, short, &crates)? {
                println!("{reason}");
            }
        }
        "coverage" => {
            let short = match rest {
                [] => false,
                [flag] if flag == "--short" => true,
                _ => return usage("coverage takes --short and nothing else"),
            };
            if let Some(reason) = coverage::run(&Workspace::load()?, short)? {
                println!("{reason}");
            }
        }
        "mutants" => mutants::run(&Workspace::load()?, rest)?,
        "browser" => {
            no_more(rest)?;
            if let Some(reason) = browser::ensure(&Workspace::load()?)? {
                println!("{reason}");
            }
        }
        "mcp" => {
            let whole = match rest {
                [] => true,
                [short] if short == "--short" => false,
                _ => return usage("mcp takes --short and nothing else"),
            };
            if let Some(reason) = mcp::run(&Workspace::load()?, whole, &[])? {
                println!("{reason}");
            }
        }
        "frameworks" => {
            let short = match rest {
                [] => false,
                [flag] if flag == "--short" => true,
                _ => return usage("frameworks takes --short and nothing else"),
            };
            if let Some(reason) = frameworks::run(&Workspace::load()?, short)? {
                println!("{reason}");
            }
        }
        "telemetry" => {
            no_more(rest)?;
            if let Some(reason) = telemetry::run(&Workspace::load()?)? {
                println!("{reason}");
            }
        }
        "services" => {
            no_more(rest)?;
            for reason in services::run(&Workspace::load()?)? {
                println!("{reason}");
            }
        }
        "otlp" => {
            no_more(rest)?;
            if let Some(reason) = otlp::run(&Workspace::load()?)? {
                println!("{reason}");
            }
        }
        "proxy" => match rest {
            [] => {
                if let Some(reason) = proxy::run(&Workspace::load()?)? {
                    println!("{reason}");
                }
            }
            [flag] if flag == "--latency" => {
                proxy::latency(&Workspace::load()?, proxy::Length::WHOLE)?;
            }
            [flag, short] if flag == "--latency" && short == "--short" => {
                proxy::latency(&Workspace::load()?, proxy::Length::SHORT)?;
            }
            _ => return usage("proxy takes --latency, with or without --short, and nothing else"),
        },
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
        "console" => {
            let size = match rest {
                [] => console::Size::Whole,
                [short] if short == "--short" => console::Size::Short,
                _ => return usage("console takes --short and nothing else"),
            };
            if let Some(reason) = console::run(&Workspace::load()?, size)? {
                println!("{reason}");
            }
        }
        "page" => {
            let workspace = Workspace::load()?;
            let size = match rest {
                [] => None,
                [test] if test == "--test" => Some(page::Size::Whole),
                [test, short] if test == "--test" && short == "--short" => Some(page::Size::Short),
                _ => return usage("page takes --test, with or without --short, and nothing else"),
            };
            match size {
                None => {
                    page::build(&workspace)?;
                }
                Some(size) => {
                    if let Some(reason) = page::test(&workspace, size)? {
                        println!("{reason}");
                    }
                }
            }
        }
        "servers" => {
            no_more(rest)?;
            if let Some(reason) = servers::ensure(&Workspace::load()?) {
                println!("{reason}");
            }
        }
        "bench" => bench::run(&Workspace::load()?, rest)?,
        "latency" => {
            let options = measure::Options::parse(rest, &["--short", "--json"])?;
            latency::run(&Workspace::load()?, &options)?;
        }
        "flames" => {
            let options = measure::Options::parse(rest, &["--short", "--json"])?;
            if let Some(reason) = flames::run(&Workspace::load()?, &options)? {
                println!("{reason}");
            }
        }
        "stores" => match rest {
            [] => stores::run(&Workspace::load()?, false)?,
            [flag] if flag == "--short" => stores::run(&Workspace::load()?, true)?,
            _ => return usage("stores takes --short, and nothing else"),
        },
        "growth" => {
            let options = measure::Options::parse(rest, &["--short", "--json", "--to"])?;
            growth::run(&Workspace::load()?, &options)?;
        }
        "fuzz" => {
            if let Some(reason) = fuzz::run(&Workspace::load()?, rest)? {
                println!("{reason}");
            }
        }
        "calibrate" => match rest {
            [] => measure::statistics(&Workspace::load()?, false)?,
            [short] if short == "--short" => measure::statistics(&Workspace::load()?, true)?,
            _ => return usage("calibrate takes --short and nothing else"),
        },
        "simulate" => {
            let options = simulate::Options::parse(rest)?;
            simulate::run(&Workspace::load()?, options)?;
        }
        "capacity" => {
            let check = match rest {
                [] => false,
                [flag] if flag == "--check" => true,
                _ => return usage("capacity takes --check and nothing else"),
            };
            capacity::run(&Workspace::load()?, check)?;
        }
        "pii-accuracy" => measure::findings(&Workspace::load()?, rest)?,
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

const HELP: &str = include_str!("help.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_step_of_ci() {
        for step in ci::step_names() {
            assert!(HELP.contains(step), "help does not name the step {step}");
        }
        for step in release::step_names() {
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
        let code = dispatch(&["capacity".into(), "--short".into()]).expect("usage is no error");
        assert_eq!(code, ExitCode::from(2));
        assert!(dispatch(&["simulate".into(), "--seed".into()]).is_err());
        assert!(dispatch(&["bench".into(), "--fast".into()]).is_err());
        let code = dispatch(&["ci".into(), "nonsense".into()]);
        assert!(code.is_err());
    }
}
