//! What `cargo xtask latency`, `growth` and `flames` run: the ledger on a real disk, measured.
//!
//! Each way to call it is one of theirs; figures go to a JSON file, progress to standard output.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to the command that runs it"
)]

mod arrivals;
mod bare;
mod client;
mod cpu;
mod flame;
mod growth;
mod http;
mod killed;
mod latency;
mod load;
mod producers;
mod rig;
mod samples;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "usage:
  measure latency FOLDER JSON short|full
  measure http FOLDER JSON short|full
    (the part of latency that is over HTTP)
  measure load ADDRESS TOKEN SECONDS JSON
  measure growth FOLDER JSON SIZE[,SIZE]...
  measure append-until-killed DATABASE
  measure reopen DATABASE
  measure flame seal|append|fill|verify FOLDER SECONDS
    (verify reads the log that fill makes in the same folder)";

fn main() -> ExitCode {
    // What a process needs to take its first append begins here.
    let started = Instant::now();
    match run(started) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(started: Instant) -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match *args.as_slice() {
        ["latency", folder, json, size] => write(
            Path::new(json),
            &latency::run(Path::new(folder), latency::size(size)?)?,
        ),
        ["http", folder, json, size] => write(
            Path::new(json),
            &http::run(Path::new(folder), latency::size(size)?)?,
        ),
        ["load", address, token, seconds, json] => {
            let time = Duration::from_secs(seconds.parse().context("seconds")?);
            write(Path::new(json), &load::run(address, token, time)?)
        }
        ["growth", folder, json, sizes] => {
            let sizes: Vec<u64> = sizes
                .split(',')
                .map(str::parse)
                .collect::<Result<_, _>>()
                .with_context(|| format!("sizes are numbers with commas, not {sizes:?}"))?;
            write(Path::new(json), &growth::run(Path::new(folder), &sizes)?)
        }
        ["append-until-killed", database] => killed::append(Path::new(database)),
        ["reopen", database] => killed::reopen(Path::new(database), started),
        ["flame", work, folder, seconds] => {
            flame::run(work, Path::new(folder), seconds.parse().context("seconds")?)
        }
        _ => bail!("these arguments mean nothing here\n{USAGE}"),
    }
}

fn write(path: &Path, figures: &serde_json::Value) -> Result<()> {
    std::fs::write(path, format!("{figures:#}\n"))
        .with_context(|| format!("writing {}", path.display()))
}
