//! A device's life in QEMU: made, visited, its power cut again and again, its ring filled, its log verified.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use super::host::{Expect, Host, collect, verify};
use super::machine::Machine;
use super::{Firmware, STACK, Size, TICKS_RECORD, TICKS_VERIFY, bars, figure};
use crate::workspace::Workspace;

/// Another log's key line.
const OTHER_KEY: &str = "docs/spec/vectors/log.pub";

/// # Errors
/// When the device loses something, or a log does not verify as it should.
pub(crate) fn run(
    workspace: &Workspace,
    firmware: &Firmware<'_>,
    audit: &Path,
    size: Size,
) -> Result<()> {
    let started = Instant::now();
    let folder = firmware.target.join("host");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let collect = firmware.collect();
    let mut host = Host {
        folder,
        collect: &collect,
        audit,
        size: 0,
    };
    let mut machine = Machine::start(&firmware.program("device"), None)?;
    machine.until(&["started"])?;
    machine.ask("time 1790000060000000", &["ok"])?;
    machine.ask("decide 2", &["ok"])?;
    host.visit(&mut machine)?;
    verifying_device(firmware, &mut machine, &host)?;

    let cuts = if size == Size::Whole { 150 } else { 40 };
    let resets = power_cuts(&mut machine, &mut host, cuts)?;
    let refused = fill(&mut machine)?;
    host.visit(&mut machine)?;
    // There is room again, and what was refused is declared before anything else.
    let before = host.size;
    machine.ask("decide 1", &["ok"])?;
    host.visit(&mut machine)?;
    ensure!(
        host.size == before + 2,
        "expected a gap and a decision after receipt {before}"
    );

    let line = machine.ask("measure", &["measured"])?;
    let receipts = figure(&line, "receipts")?;
    bars(
        "the device",
        &line,
        &[("record", TICKS_RECORD), ("stack", STACK)],
    )?;
    bars("the device", &line, &[("verify", TICKS_VERIFY * receipts)])?;
    println!("the device: verified the {receipts} receipts that it still holds");
    // It goes through them again at every start, and refuses to start where one does not hold.
    machine.ask("reset", &["started"])?;
    host.visit(&mut machine)?;
    let wear = machine.ask("status", &["wear"])?;
    attacks(workspace, &host)?;
    println!(
        "the device: {} receipts, {resets} power cuts, {refused} refused and declared; erasures of \
         each sector:{}; verified by ai-audit; {:.1} s",
        host.size,
        wear.trim_start_matches("wear"),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Cuts the power at a word, or within an erasure, that a fixed series of numbers chooses. The device comes
/// back each time, and every few times the host comes by.
fn power_cuts(machine: &mut Machine, host: &mut Host<'_>, cuts: u32) -> Result<u32> {
    let mut random = 0x2545_f491_u32;
    let mut resets = 0;
    for number in 0..cuts {
        // xorshift32 (Marsaglia, 2003).
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        machine.ask(&format!("cut-power-after {}", random % 180), &["ok"])?;
        machine.send("decide 4")?;
        let lines = machine.lines_until(&["ok", "started"])?;
        let last = lines.last().map_or("", |line| line);
        if last.starts_with("started") {
            resets += 1;
            durable(&lines)?;
        }
        if number % 3 == 2 {
            host.visit(machine)?;
        }
    }
    if resets * 2 < cuts {
        bail!("only {resets} of {cuts} power cuts came to be");
    }
    // Whatever is still armed goes with this one.
    machine.ask("reset", &["started"])?;
    Ok(resets)
}

/// What the device said was sealed is in the log that it started with.
fn durable(lines: &[String]) -> Result<()> {
    let sealed = lines
        .iter()
        .rev()
        .find_map(|line| line.strip_prefix("sealed "));
    let seq = sealed.and_then(|words| words.split(' ').next());
    let last = lines.last().context("no line")?;
    if let Some(seq) = seq {
        let seq = seq.parse::<u64>()?;
        let size = figure(last, "size")?;
        ensure!(
            size > seq,
            "receipt {seq} was acknowledged and is gone: {last:?}"
        );
    }
    Ok(())
}

/// Decides until there is no room, and once more.
fn fill(machine: &mut Machine) -> Result<usize> {
    for _ in 0..40 {
        machine.send("decide 8")?;
        let lines = machine.lines_until(&["ok"])?;
        let refused = lines
            .iter()
            .filter(|line| line.starts_with("error decide: full"));
        let refused = refused.count();
        if refused > 0 {
            return Ok(refused);
        }
    }
    bail!("the ring never was full: it overwrites what nobody has")
}

/// The verifying device says the same of the file as `ai-audit`.
fn verifying_device(firmware: &Firmware<'_>, machine: &mut Machine, host: &Host<'_>) -> Result<()> {
    let status = machine.ask("status", &["status"])?;
    machine.until(&["wear"])?;
    let key = status.split(' ').find_map(|word| word.strip_prefix("key="));
    let key = key.context("no key in the status")?;
    let (pairs, _) = key.as_bytes().as_chunks::<2>();
    let bytes: Result<Vec<u8>> = pairs
        .iter()
        .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?))
        .collect();
    let mut flash = bytes?;
    flash.extend(fs::read(host.receipts())?);
    let file = firmware.target.join("verify.flash");
    let program = firmware.program("verify");
    fs::write(&file, &flash)?;
    let said = Machine::start(&program, Some(&file))?.until(&["verified"])?;
    ensure!(
        said.starts_with(&format!("verified {} ", host.size)),
        "it said {said:?}"
    );
    bars("the verifying device", &said, &[("stack", STACK)])?;
    // A bit of the last payload.
    let place = flash.len() - 70;
    if let Some(byte) = flash.get_mut(place) {
        *byte ^= 1;
    }
    fs::write(&file, &flash)?;
    let said = Machine::start(&program, Some(&file))?.until(&["error"])?;
    println!(
        "the verifying device: {} receipts verified; one bit flipped: {said}",
        host.size
    );
    Ok(())
}

/// What somebody does to the transcript, the file or the key line is found.
fn attacks(workspace: &Workspace, host: &Host<'_>) -> Result<()> {
    let (receipts, key) = (host.receipts(), host.folder.join("log.pub"));
    let said = verify(host.audit, &receipts, &key, host.size, Expect::Verified)?;
    for question in ["integrity     verified", "attribution   verified"] {
        ensure!(said.contains(question), "expected {question:?} in:\n{said}");
    }
    // One digit of the last visit's transcript, in its last receipt.
    let transcript = fs::read_to_string(host.folder.with_extension("transcript"))?;
    let place = transcript
        .rfind("receipt ")
        .context("no receipt in the transcript")?
        + 100;
    let mut changed = transcript.into_bytes();
    let digit = changed.get_mut(place).context("a short receipt")?;
    *digit = if *digit == b'0' { b'1' } else { b'0' };
    match collect(host.collect, &host.folder, &String::from_utf8(changed)?) {
        Ok(_) => bail!("a transcript with a changed digit was taken"),
        Err(why) => println!("a digit changed in the transcript: {why}"),
    }
    let mut file = fs::read(&receipts)?;
    let middle = file.len() / 2;
    *file.get_mut(middle).context("an empty file")? ^= 1;
    let altered = host.folder.join("altered");
    fs::write(&altered, file)?;
    verify(host.audit, &altered, &key, host.size, Expect::Failed)?;
    // A thief's whole log would verify under his own key line, so it is the pinned one that counts.
    let other = workspace.root.join(OTHER_KEY);
    verify(host.audit, &receipts, &other, host.size, Expect::Failed)?;
    verify(host.audit, &receipts, &key, host.size + 1, Expect::Failed)?;
    println!("ai-audit refuses a flipped bit, another log's key line, and a log that is too short");
    Ok(())
}
