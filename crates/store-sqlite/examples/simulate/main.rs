//! A hundred logs, some instances that hold leases on them, and what goes wrong by a seed: at the end each log is one
//! chain that verifies, with all that was acknowledged; and what the logs had to wait.
//!
//! `cargo xtask simulate` runs it. Time is simulated; ledgers, store, leases, chains and the verifier are real. An
//! instance is a ledger with a connection of its own to the one SQLite file, in this process. It is killed by closing
//! its way to the store; that SQLite keeps what it committed when a process is killed is tried elsewhere.
#![allow(clippy::print_stdout, reason = "its output is its figures")]

mod check;
mod clocks;
mod faults;
mod gate;
mod instance;
mod shards;
mod world;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};
use world::Plan;

const USAGE: &str = "simulate [FOLDER [--short] [--seed N] [--json FILE]]";

const WHOLE: Plan = Plan {
    seed: 1,
    shards: 100,
    instances: 5,
    faulty: Duration::from_secs(1_800),
    between: Duration::from_secs(10),
    pause: Duration::from_secs(3),
};

const SHORT: Plan = Plan {
    faulty: Duration::from_secs(150),
    between: Duration::from_secs(7),
    pause: Duration::from_secs(8),
    ..WHOLE
};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut folder = arguments.next();
    let (mut plan, mut seed, mut json) = (WHOLE, WHOLE.seed, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--short" => plan = SHORT,
            "--seed" => seed = arguments.next().context(USAGE)?.parse().context(USAGE)?,
            "--json" => json = Some(arguments.next().context(USAGE)?),
            _ => bail!("{USAGE}"),
        }
    }
    let own = tempfile::tempdir()?;
    if folder.is_none() {
        plan = SHORT;
    }
    let folder = folder
        .take()
        .map_or_else(|| own.path().to_owned(), Into::into);
    plan.seed = seed;
    let short = plan.faulty == SHORT.faulty;
    let begun = Instant::now();
    let figures = once(&folder.join("first"), plan)?;
    println!(
        "{} logs, {} s simulated in {:.1} s: each is one chain that verifies; {} records acknowledged, all there",
        plan.shards,
        figures["seconds"],
        begun.elapsed().as_secs_f64(),
        figures["acknowledged"]
    );
    if short {
        let again = once(&folder.join("again"), plan)?;
        ensure!(
            again == figures,
            "the same seed gave something else: {figures:#} and {again:#}"
        );
        println!("the same again with the same seed, to the byte");
    }
    if let Some(json) = json {
        std::fs::write(&json, format!("{figures:#}\n")).with_context(|| json.clone())?;
    } else {
        println!("{figures:#}");
    }
    Ok(())
}

fn once(folder: &Path, plan: Plan) -> Result<Value> {
    std::fs::create_dir_all(folder)?;
    world::run(folder, plan)
}
