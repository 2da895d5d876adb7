//! `cargo xtask scale --epochs`: a long log in epochs, most of them archived and deleted; proofs at
//! growing sizes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::{BAR_KIB, Figure, build, measure, print_figures, within_bar};
use crate::program::Speed;
use crate::workspace::Workspace;

/// Receipts and epochs where the command names none.
pub(crate) const FULL: (u64, u64) = (1_000_000, 100);
/// Receipts and epochs of the short form in CI.
pub(crate) const SHORT: (u64, u64) = (20_000, 20);
/// How often a proof is made at each size; the median is told.
const PROOFS: usize = 21;

/// Of every ten epochs nine are archived and deleted.
const fn deleted(epochs: u64) -> u64 {
    epochs - epochs.div_ceil(10)
}

/// What a proof took when the log had this size.
struct Proof {
    receipts: u64,
    median: Duration,
    kib: u64,
    bytes: u64,
}

/// Records so many receipts in so many epochs, archives and deletes nine of ten, and verifies what
/// remains.
///
/// # Errors
/// When a command fails, or one that must not took more memory than the bar allows.
pub(crate) fn run(workspace: &Workspace, (receipts, epochs): (u64, u64)) -> Result<()> {
    let (program, folder) = build(workspace, "scale-epochs", Speed::of(receipts <= SHORT.0))?;
    let result = commands(&program, &folder, receipts, epochs);
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    let (figures, proofs) = result?;
    let gone = deleted(epochs);
    println!("\n{receipts} receipts in {epochs} epochs, {gone} archived and deleted");
    print_figures(&figures, receipts)?;
    println!(
        "\n{:>10}{:>14}{:>12}{:>14}",
        "receipts", "proof ms", "peak MiB", "proof bytes"
    );
    for proof in &proofs {
        let micros = proof.median.as_micros();
        println!(
            "{:>10}{:>14}{:>12}{:>14}",
            proof.receipts,
            format!("{}.{:02}", micros / 1000, micros % 1000 / 10),
            format!("{}.{}", proof.kib / 1024, proof.kib % 1024 * 10 / 1024),
            proof.bytes,
        );
        ensure!(
            proof.kib <= BAR_KIB,
            "a proof took more than {} MiB",
            BAR_KIB / 1024
        );
    }
    within_bar(&figures)
}

fn commands(
    program: &Path,
    folder: &Path,
    receipts: u64,
    epochs: u64,
) -> Result<(Vec<Figure>, Vec<Proof>)> {
    let path = |name: &str| folder.join(name).display().to_string();
    let (log, note) = (path("log"), path("checkpoint"));
    let key = format!("{log}/log.pub");
    let run = |name, args: &[&str]| measure(program, name, args, None);
    // Nobody waits half a year for a measurement.
    run("init", &["init", &log, "--policy", "retention-days=0"])?;
    let settings = format!("epoch-receipts = {}\n", receipts / epochs);
    fs::write(folder.join("log/ai-audit.toml"), settings).context("the settings")?;

    // The log grows tenfold, and each time a proof of a receipt in its middle is made.
    let mut proofs = Vec::new();
    let mut record = Figure::new("record");
    let mut held = 0;
    let mut size = 1000.min(receipts);
    while held < receipts {
        record.add(&measure(
            program,
            "record",
            &["record", &log, "-"],
            Some((size - held, super::decision)),
        )?);
        held = size;
        run("checkpoint", &["checkpoint", &log, "-o", &note, "--force"])?;
        proofs.push(proof(program, folder, &log, &note, size)?);
        size = (size * 10).min(receipts);
    }
    run("epoch list", &["epoch", "list", &log])?;
    let mut figures = vec![record];
    let verify = ["verify", &log, "--key", &key, "--checkpoint", &note];
    figures.push(run("verify, all held", &verify)?.bounded());
    let before = fs::metadata(folder.join("log/audit.db"))
        .context("the database")?
        .len();

    let (mut archive, mut delete) = (Figure::new("archive each"), Figure::new("delete each"));
    let mut archived = 0;
    for epoch in 0..deleted(epochs) {
        let (number, file) = (epoch.to_string(), path(&format!("epoch-{epoch}.zip")));
        archive.add(&run(
            "archive",
            &["epoch", "archive", &log, &number, "-o", &file],
        )?);
        archived += fs::metadata(&file).context("the archive")?.len();
        let last = epoch + 1 == deleted(epochs);
        let compact: &[&str] = if last { &["--compact"] } else { &[] };
        let args = ["epoch", "delete", &log, &number, "--archive", &file];
        delete.add(&run("delete", &[&args, compact].concat())?);
    }
    figures.extend([archive.bounded(), delete.bounded()]);
    let after = fs::metadata(folder.join("log/audit.db"))
        .context("the database")?
        .len();

    run("checkpoint", &["checkpoint", &log, "-o", &note, "--force"])?;
    figures.push(run("verify, rest", &verify)?.bounded());
    let package = path("package.zip");
    figures.push(run("export, rest", &["export", &log, "-o", &package])?.bounded());
    let verify_package = ["verify", &package, "--key", &key, "--checkpoint", &note];
    figures.push(run("verify package", &verify_package)?.bounded());
    let epoch = path("epoch-0.zip");
    let asked = ["--require", "integrity,attribution"];
    let verify_archive = [&["verify", &epoch, "--key", &key], &asked[..]].concat();
    figures.push(run("verify archive", &verify_archive)?.bounded());
    // The bytes of receipt 100 are in the archive only, its hash in the log.
    let proof = path("archived.proof");
    let prove = [
        "prove",
        &log,
        "100",
        "--archive",
        &epoch,
        "--checkpoint",
        &note,
        "-o",
        &proof,
    ];
    figures.push(run("prove archived", &prove)?.bounded());
    figures.push(run("verify proof", &["verify", &proof, "--key", &key])?.bounded());
    figures.push(run("restore one", &["epoch", "restore", &log, &epoch])?.bounded());
    run("verify", &verify)?;

    println!(
        "database: {} MiB with all bytes, {} MiB without those of {} epochs; archives: {} MiB",
        before >> 20,
        after >> 20,
        deleted(epochs),
        archived >> 20
    );
    Ok((figures, proofs))
}

/// Makes and verifies the proof of a receipt in the middle, several times.
fn proof(program: &Path, folder: &Path, log: &str, note: &str, receipts: u64) -> Result<Proof> {
    let file = folder.join("receipt.proof").display().to_string();
    let middle = (receipts / 2).to_string();
    let (mut times, mut kib) = (Vec::new(), 0);
    for _ in 0..PROOFS {
        let args = [
            "prove",
            log,
            &middle,
            "--checkpoint",
            note,
            "-o",
            &file,
            "--force",
            "-q",
        ];
        let start = Instant::now();
        let figure = measure(program, "prove", &args, None)?;
        times.push(start.elapsed().min(figure.elapsed));
        kib = kib.max(figure.kib);
    }
    times.sort();
    let key = format!("{log}/log.pub");
    measure(
        program,
        "verify proof",
        &["verify", &file, "--key", &key, "-q"],
        None,
    )?;
    Ok(Proof {
        receipts,
        median: times[PROOFS / 2],
        kib,
        bytes: fs::metadata(&file).context("the proof")?.len(),
    })
}
