//! `cargo xtask latency`: from a decision to a durable receipt, for producers that wait and for requests
//! that arrive on a schedule, beside the bare primitives.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::bench::machine::Machine;
use crate::measure::{self, Disk, Options, Table, time};
use crate::program::Speed;
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// What the whole form writes at most.
const NEEDED: u64 = 4 << 30;
/// Of 64 producers: the least throughput, as a part of the bare loop's.
const THROUGHPUT: f64 = 0.8;
/// Of 64 connections: the least rate over HTTP, as a part of that of as many callers in the process.
const HTTP: f64 = 0.5;
/// Of one producer: the highest median latency, as a multiple of a bare append and sync.
const LATENCY: f64 = 1.5;

/// Measures, prints the tables, and in the whole form writes them into the document.
///
/// # Errors
/// When something acknowledged was not written, or nothing could be measured; in the whole form, when HTTP
/// takes more than its bar says. The other bars are only shown where they are missed: `cargo xtask bench`
/// judges those.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let disk = Disk::new(workspace, "latency", NEEDED)?;
    let program = measure::program(workspace, Speed::of(options.short))?;
    let machine = Machine::here(workspace)?.line();
    let json = disk.folder.join("figures.json");
    let size = if options.short { "short" } else { "full" };
    Cmd::new(workspace, program)
        .arg("latency")
        .arg(&disk.folder)
        .arg(&json)
        .arg(size)
        .run()?;
    let mut figures: Value = serde_json::from_slice(&std::fs::read(&json)?)?;
    figures["machine"] = machine.as_str().into();
    let (closed, open, http) = (closed(&figures)?, open(&figures)?, http(&figures)?);
    let bars = bars(&figures, Speed::of(options.short))?;
    println!("\nClosed loop\n{}", closed.text());
    println!("Latency budget\n{}", open.text());
    println!("Over HTTP\n{}", http.text());
    println!("{}\n{machine}", bars.join("\n"));
    options.save(&figures)?;
    if !options.short {
        let page = format!(
            "### Closed loop\n\n{}\n{}\n\n### Latency budget of a request\n\n{}\n### Over \
             HTTP\n\n{}\n{machine}.",
            closed.markdown(),
            bars.join("  \n"),
            open.markdown(),
            http.markdown()
        );
        measure::write_figures(workspace, "latency", &page)?;
        let ratio = number(&figures["http"]["ratio"])?;
        ensure!(
            ratio >= HTTP,
            "appends over HTTP: {ratio:.2} of the rate in the process, bar {HTTP:.2}"
        );
    }
    Ok(())
}

/// Each number of producers, with the bare loops below it.
fn closed(figures: &Value) -> Result<Table> {
    let mut table = Table::new(&["", "p50", "p99", "p99.9", "max", "a second", "ratio"]);
    for row in list(figures, "closed")? {
        let producers = row["producers"].as_u64().context("producers")?;
        let plural = if producers == 1 { "" } else { "s" };
        let second = |name| Ok::<_, anyhow::Error>(format!("{:.0}", number(&row[name])?));
        table.row(cells(
            format!("{producers} producer{plural}"),
            &row["latency"],
            [second("per_second")?, String::new()],
        )?);
        table.row(cells(
            format!("  bare rows, {:.1} a commit", number(&row["batch"])?),
            &row["bare_latency"],
            [
                second("bare_per_second")?,
                format!("{:.2}", number(&row["ratio"])?),
            ],
        )?);
        if row["sync_latency"].is_object() {
            table.row(cells(
                "  bare append, fdatasync".into(),
                &row["sync_latency"],
                [String::new(), format!("{:.2}", to_sync(row)?)],
            )?);
        }
    }
    Ok(table)
}

/// The latency budget.
fn open(figures: &Value) -> Result<Table> {
    let mut table = Table::new(&[
        "a second", "p50", "p99", "p99.9", "max", "CPU", "held", "late p50", "late p99",
    ]);
    for row in list(figures, "open")? {
        let cpu = row["cpu"].as_f64();
        let held = row["held"].as_bool().context("held")?;
        let held = if held {
            "yes".to_owned()
        } else {
            format!("{:.0}/s", number(&row["achieved"])?)
        };
        let late = |name| Ok::<_, anyhow::Error>(time(number(&row["lateness"][name])?));
        table.row(cells(
            row["rate"].to_string(),
            &row["latency"],
            [
                cpu.map_or_else(|| "?".into(), |cpu| format!("{:.1} %", 100.0 * cpu)),
                held,
                late("p50")?,
                late("p99")?,
            ],
        )?);
    }
    Ok(table)
}

/// Callers that bring JSON, in the process and with a connection each.
fn http(figures: &Value) -> Result<Table> {
    let http = &figures["http"];
    let mut table = Table::new(&["", "p50", "p99", "p99.9", "max", "a second", "ratio"]);
    let second = |name| Ok::<_, anyhow::Error>(format!("{:.0}", number(&http[name])?));
    let clients = http["clients"].as_u64().context("clients")?;
    table.row(cells(
        format!("{clients} callers in the process"),
        &http["in_process_latency"],
        [second("in_process_per_second")?, String::new()],
    )?);
    table.row(cells(
        format!("{clients} connections"),
        &http["latency"],
        [
            second("per_second")?,
            format!("{:.2}", number(&http["ratio"])?),
        ],
    )?);
    Ok(table)
}

/// What the bars say.
fn bars(figures: &Value, speed: Speed) -> Result<Vec<String>> {
    let rows = list(figures, "closed")?;
    let of = |producers: u64| {
        let row = rows.iter().find(|row| row["producers"] == producers);
        row.with_context(|| format!("{producers} producers were not measured"))
    };
    let throughput = number(&of(64)?["ratio"])?;
    let latency = to_sync(of(1)?)?;
    let http = number(&figures["http"]["ratio"])?;
    Ok(vec![
        format!(
            "64 producers: {throughput:.2} of the bare loop's throughput, bar {THROUGHPUT:.2} or \
             more: {}",
            speed.verdict(throughput >= THROUGHPUT)
        ),
        format!(
            "1 producer: {latency:.2} times a bare append and sync, bar {LATENCY:.2} or less: {}",
            speed.verdict(latency <= LATENCY)
        ),
        format!(
            "64 connections: {http:.2} of the rate of callers in the process, bar {HTTP:.2} or more: {}",
            speed.verdict(http >= HTTP)
        ),
    ])
}

/// The median latency as a multiple of the bare append's.
fn to_sync(row: &Value) -> Result<f64> {
    Ok(number(&row["latency"]["p50"])? / number(&row["sync_latency"]["p50"])?)
}

/// A name, the quantiles, and what follows them.
fn cells<const N: usize>(name: String, latency: &Value, more: [String; N]) -> Result<Vec<String>> {
    let mut cells = vec![name];
    for quantile in ["p50", "p99", "p999", "max"] {
        cells.push(time(number(&latency[quantile])?));
    }
    cells.extend(more);
    Ok(cells)
}

fn number(value: &Value) -> Result<f64> {
    value
        .as_f64()
        .with_context(|| format!("the program that measures wrote {value} for a number"))
}

fn list<'v>(figures: &'v Value, name: &str) -> Result<&'v [Value]> {
    let rows = figures[name].as_array();
    Ok(rows.with_context(|| format!("no figures {name:?}"))?)
}
