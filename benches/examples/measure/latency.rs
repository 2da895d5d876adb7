//! `submit → durable`: producers that wait, and requests that arrive on a schedule.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::{arrivals, http, producers};

/// How long it is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Turns that the ledger and the bare primitives take.
    pub(crate) rounds: usize,
    /// How long each turn of the ledger lasts.
    pub(crate) round: Duration,
    /// How long requests arrive at each rate.
    pub(crate) arrivals: Duration,
}

/// As in CI.
pub(crate) const SHORT: Size = Size {
    rounds: 3,
    round: Duration::from_millis(300),
    arrivals: Duration::from_secs(2),
};

/// For the document.
pub(crate) const FULL: Size = Size {
    rounds: 7,
    round: Duration::from_secs(3),
    arrivals: Duration::from_secs(60),
};

/// # Errors
/// When it has another name.
pub(crate) fn size(name: &str) -> Result<Size> {
    match name {
        "short" => Ok(SHORT),
        "full" => Ok(FULL),
        other => bail!("{other:?} is neither short nor full"),
    }
}

/// Producers that wait for their acknowledgement.
const PRODUCERS: [usize; 4] = [1, 8, 64, 512];
/// Requests a second.
const RATES: [u32; 3] = [100, 1_000, 10_000];

pub(crate) fn run(folder: &Path, size: Size) -> Result<Value> {
    let mut closed = Vec::new();
    for count in PRODUCERS {
        println!("closed loop, {count} producers");
        let folder = folder.join(format!("closed-{count}"));
        std::fs::create_dir_all(&folder)?;
        closed.push(producers::run(&folder, count, size)?);
    }
    let mut open = Vec::new();
    for rate in RATES {
        println!("open loop, {rate} requests a second");
        open.push(arrivals::run(
            &folder.join(format!("open-{rate}.db")),
            rate,
            size.arrivals,
        )?);
    }
    println!("over HTTP");
    let http = http::run(&folder.join("http"), size)?;
    Ok(json!({ "closed": closed, "open": open, "http": http }))
}
