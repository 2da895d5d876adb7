//! `cargo xtask growth`: what one durable log costs as it grows, receipt by receipt, and that a process
//! killed while it appends loses nothing that it acknowledged.

mod plot;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::bench::machine::Machine;
use crate::measure::{self, Disk, Options, Table, time};
use crate::program::Speed;
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// The first size, and the last one unless another is asked for.
const FROM: u64 = 10_000;
const TO: u64 = 1_000_000;
/// The last size in CI.
const SHORT: u64 = 100_000;
/// Bytes of disk for a receipt in the end, journal and bare rows included.
const BYTES: u64 = 1_000;
/// The highest factor from one size to one ten times as large, for what each receipt costs.
const BAR: f64 = 1.3;
/// The same for what goes by steps, or varies with the disk, from the first size to the last. A cost that
/// grows with the log's length has 10.
const LOOSE_BAR: f64 = 2.0;
/// The same in CI for all, whose machines others use.
const SHORT_BAR: f64 = 3.0;

/// What is measured at each size, and whether each receipt costs it: then each step from size to size
/// has the bar. A proof reads more tiles where the tree gets a level of tiles more, not at every size.
const WORK: [(&str, bool); 4] = [
    ("append", true),
    ("verify", true),
    ("proof", false),
    ("checkpoint", false),
];

/// Measures, prints the table, draws the plot and holds the costs to their bars.
///
/// # Errors
/// When something acknowledged is lost, the log does not verify, or a cost grows faster than its bar.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let to = options.to.unwrap_or(if options.short { SHORT } else { TO });
    ensure!(
        to >= 2 * FROM,
        "--to {to}: the last size is at least {}",
        2 * FROM
    );
    let disk = Disk::new(workspace, "growth", to * BYTES + (1 << 30))?;
    let program = measure::program(workspace, Speed::of(options.short))?;
    let machine = Machine::here(workspace)?.line();
    let json = disk.folder.join("figures.json");
    let sizes = sizes(to);
    let list: Vec<String> = sizes.iter().map(u64::to_string).collect();
    Cmd::new(workspace, program)
        .arg("growth")
        .arg(&disk.folder)
        .arg(&json)
        .arg(list.join(","))
        .run()?;
    let mut figures: Value = serde_json::from_slice(&std::fs::read(&json)?)?;
    figures["machine"] = machine.as_str().into();
    options.save(&figures)?;
    let points = points(&figures)?;
    let (costs, recovery) = (costs(&points), recovered(&points));
    let (bar, loose) = if options.short {
        (SHORT_BAR, SHORT_BAR)
    } else {
        (BAR, LOOSE_BAR)
    };
    let (factors, over) = factors(&points, bar, loose);
    println!(
        "\n{}\n{}\n{}",
        costs.text(),
        factors.text(),
        recovery.text()
    );
    println!("{machine}");
    let drawn = plot::draw(&points);
    let place = if options.short {
        workspace.target.join("growth.svg")
    } else {
        let page = format!(
            "×: as a multiple of the bare primitive.\n\n{}\nThose multiples from each size to the next, \
             and the processor time of checkpoint and recovery, by tenfold size:\n\n{}\n{}\n{machine}.",
            costs.markdown(),
            factors.markdown(),
            recovery.markdown()
        );
        measure::write_figures(workspace, "growth", &page)?;
        workspace.root.join("docs/performance/growth.svg")
    };
    std::fs::write(&place, drawn).with_context(|| place.display().to_string())?;
    println!("written: {}", workspace.relative(&place));
    ensure!(
        over.is_empty(),
        "costs that grow faster than their bars by tenfold size (append and verify {bar}, others \
         {loose}): {}",
        over.join(", ")
    );
    Ok(())
}

/// Ten times as many each time, and the last one.
fn sizes(to: u64) -> Vec<u64> {
    let tens = std::iter::successors(Some(FROM), |size| size.checked_mul(10));
    let mut sizes: Vec<u64> = tens.take_while(|size| *size < to).collect();
    sizes.push(to);
    sizes
}

/// What was measured at a size. Times in nanoseconds.
#[derive(Debug, Clone)]
struct Point {
    receipts: f64,
    /// In the order of [`WORK`]: ours, and the bare primitive.
    work: [(f64, f64); WORK.len()],
    checkpoint_cpu: f64,
    appended: f64,
    appended_max: f64,
    recovery_cpu: f64,
    peak_kib: f64,
    file_bytes: f64,
    acknowledged: f64,
    kills: f64,
}

fn points(figures: &Value) -> Result<Vec<Point>> {
    let rows = figures["sizes"].as_array().context("no sizes")?;
    let point = |row: &Value| -> Result<Point> {
        let number = |path: &str| {
            let value = row.pointer(path).and_then(Value::as_f64);
            value.with_context(|| format!("the program that measures wrote no {path}"))
        };
        let mut work = [(0.0, 0.0); WORK.len()];
        for (pair, (field, _)) in work.iter_mut().zip(WORK) {
            *pair = (
                number(&format!("/{field}/ns"))?,
                number(&format!("/{field}/bare_ns"))?,
            );
        }
        Ok(Point {
            receipts: number("/receipts")?,
            work,
            checkpoint_cpu: number("/checkpoint/cpu_ns")?,
            appended: number("/recovery/appended/p50")?,
            appended_max: number("/recovery/appended/max")?,
            recovery_cpu: number("/recovery/cpu/p50")?,
            peak_kib: number("/recovery/peak_kib")?,
            file_bytes: number("/file_bytes")?,
            acknowledged: number("/recovery/acknowledged")?,
            kills: number("/recovery/kills")?,
        })
    };
    rows.iter().map(point).collect()
}

/// Each cost and its multiple of the bare primitive.
fn costs(points: &[Point]) -> Table {
    let mut table = Table::new(&[
        "receipts",
        "append",
        "×",
        "verify",
        "×",
        "proof",
        "checkpoint",
        "×",
        "B/receipt",
    ]);
    for point in points {
        let [append, verify, proof, checkpoint] = point.work;
        let multiple = |(ours, bare): (f64, f64)| format!("{:.2}", ours / bare);
        table.row([
            grouped(point.receipts),
            time(append.0),
            multiple(append),
            time(verify.0),
            multiple(verify),
            time(proof.0),
            time(checkpoint.0),
            multiple(checkpoint),
            format!("{:.0}", point.file_bytes / point.receipts),
        ]);
    }
    table
}

/// Opening after a kill.
fn recovered(points: &[Point]) -> Table {
    let mut table = Table::new(&[
        "receipts",
        "next append",
        "slowest",
        "CPU",
        "peak MiB",
        "kills",
        "acknowledged",
        "lost",
    ]);
    for point in points {
        table.row([
            grouped(point.receipts),
            time(point.appended),
            time(point.appended_max),
            time(point.recovery_cpu),
            format!("{:.1}", point.peak_kib / 1024.0),
            format!("{:.0}", point.kills),
            format!("{:.0}", point.acknowledged),
            // The program ends with an error where one is.
            "0".into(),
        ]);
    }
    table
}

/// How much each cost grows by tenfold size, and what grows faster than its bar.
fn factors(points: &[Point], bar: f64, loose: f64) -> (Table, Vec<String>) {
    let mut table = Table::new(&[
        "from",
        "to",
        "append",
        "verify",
        "proof",
        "checkpoint",
        "recovery",
    ]);
    let mut over = Vec::new();
    for pair in points.windows(2) {
        let [from, to] = pair else { continue };
        let steps = steps(from, to);
        for (factor, (name, each)) in steps.iter().zip(WORK) {
            if each && *factor > bar {
                over.push(format!("{name} {factor:.2} at {}", grouped(to.receipts)));
            }
        }
        table.row(cells(grouped(from.receipts), grouped(to.receipts), &steps));
    }
    if let (Some(first), Some(last)) = (points.first(), points.last()) {
        let whole = steps(first, last);
        for (factor, (name, each)) in whole.iter().zip(WORK) {
            if !each && *factor > loose {
                over.push(format!("{name} {factor:.2}"));
            }
        }
        let [.., recovery] = whole;
        if recovery > loose {
            over.push(format!("recovery {recovery:.2}"));
        }
        table.row(cells("first".into(), "last".into(), &whole));
    }
    (table, over)
}

/// The factors by tenfold size from one point to another: of the costs as multiples of the bare
/// primitive; of checkpoint and recovery the processor time, since what they wait is the disk's, and
/// others', doing.
fn steps(from: &Point, to: &Point) -> [f64; WORK.len() + 1] {
    let tens = (to.receipts / from.receipts).log10();
    let by_ten = |from: f64, to: f64| (to / from).powf(1.0 / tens);
    let mut steps = [by_ten(from.recovery_cpu, to.recovery_cpu); WORK.len() + 1];
    let pairs = from.work.iter().zip(&to.work);
    for (step, (from, to)) in steps.iter_mut().zip(pairs) {
        *step = by_ten(from.0 / from.1, to.0 / to.1);
    }
    let [.., checkpoint, _] = &mut steps;
    *checkpoint = by_ten(from.checkpoint_cpu, to.checkpoint_cpu);
    steps
}

fn cells(from: String, to: String, factors: &[f64]) -> Vec<String> {
    let factors = factors.iter().map(|factor| format!("{factor:.2}"));
    [from, to].into_iter().chain(factors).collect()
}

/// A count with commas between its thousands.
fn grouped(count: f64) -> String {
    let digits = format!("{count:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(receipts: f64, factor: f64, verify: f64) -> Point {
        Point {
            receipts,
            work: [
                (60e3 * factor, 40e3 * factor),
                (18e3 * factor * verify, 30e3 * factor),
                (50e3 * factor, 1e3 * factor),
                (9e5 * factor, 4e5 * factor),
            ],
            checkpoint_cpu: 3e5,
            appended: 5e6,
            appended_max: 7e6,
            recovery_cpu: 2e6,
            peak_kib: 7000.0,
            file_bytes: 800.0 * receipts,
            acknowledged: 2500.0,
            kills: 5.0,
        }
    }

    #[test]
    fn a_slower_machine_is_no_growth_and_a_slower_verification_is() {
        let points = [point(1e4, 1.0, 1.0), point(1e5, 3.0, 1.0)];
        assert_eq!(factors(&points, BAR, LOOSE_BAR).1, Vec::<String>::new());
        let points = [point(1e4, 1.0, 1.0), point(1e5, 1.0, 1.4)];
        assert_eq!(
            factors(&points, BAR, LOOSE_BAR).1,
            ["verify 1.40 at 100,000"]
        );
        // Half a decade counts by what a whole one would come to.
        let points = [point(1e4, 1.0, 1.0), point(31_623.0, 1.0, 1.2)];
        assert_eq!(
            factors(&points, BAR, LOOSE_BAR).1,
            ["verify 1.44 at 31,623"]
        );
        assert!(factors(&points, SHORT_BAR, SHORT_BAR).1.is_empty());
    }

    #[test]
    fn sizes_are_tens_and_the_last() {
        assert_eq!(sizes(1_000_000), [10_000, 100_000, 1_000_000]);
        assert_eq!(sizes(30_000), [10_000, 30_000]);
        assert_eq!(grouped(10_000_000.0), "10,000,000");
        assert_eq!(grouped(999.0), "999");
    }

    #[test]
    fn tables_fit_a_terminal() {
        let points = [point(1e4, 1.0, 1.0), point(1e7, 30.0, 1.0)];
        for table in [
            costs(&points),
            recovered(&points),
            factors(&points, BAR, LOOSE_BAR).0,
        ] {
            assert!(table.text().lines().all(|line| line.chars().count() <= 80));
        }
    }
}
