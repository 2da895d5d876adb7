//! A transcript becomes a receipts file; what it contradicts, or has not, is refused.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ai_audit_core::{SIGNATURE_LEN, UnverifiedReceipt};
use ai_audit_firmware::{LineWriter, read_line};

const MAGIC: &[u8] = b"ai-audit/receipts/v1\n";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Adds a transcript to what the folder holds and returns the acknowledgement, a line for the device.
///
/// # Errors
///
/// When the transcript is not whole, its receipts do not join those that are held, or it contradicts them.
pub(crate) fn collect(folder: &Path, transcript: &str) -> Outcome<String> {
    fs::create_dir_all(folder)?;
    let (file, pin) = (folder.join("receipts"), folder.join("log.pub"));
    let mut held = if file.is_file() {
        parse(&fs::read(&file)?)?
    } else {
        BTreeMap::new()
    };
    let mut end = None;
    for (number, line) in transcript.lines().enumerate() {
        let at = |why: &dyn std::fmt::Display| format!("line {}: {why}", number + 1);
        let words: Vec<&str> = read_line(line)
            .map_err(|why| at(&why))?
            .split(' ')
            .collect();
        match *words.as_slice() {
            ["key", line] => keep_pin(&pin, line)?,
            ["receipt", seq, hex] => {
                let seq = seq.parse::<u64>().map_err(|why| at(&why))?;
                let sealed = bytes(hex).ok_or_else(|| at(&"not hexadecimal digits in pairs"))?;
                // Twice the same is a second export; two that differ are two histories.
                let before = held.insert(seq, sealed.clone());
                if before.is_some_and(|before| before != sealed) {
                    return Err(at(&format!("receipt {seq} was another one before")).into());
                }
            }
            ["end", size, hash] => end = Some((size.parse::<u64>()?, hash.to_owned())),
            ["error", ..] => return Err(at(&format!("the device says {}", words.join(" "))).into()),
            // What else a device says is not part of an export.
            _ => {}
        }
    }
    let (size, hash) = end.ok_or("the transcript has no end line: the export was cut off")?;
    let all = (0..).zip(held.keys()).all(|(place, seq)| place == *seq);
    if !all || held.len() as u64 != size {
        return Err(format!(
            "{} receipts, expected 0 to {} without a hole",
            held.len(),
            size - 1
        )
        .into());
    }
    let last = held
        .values()
        .next_back()
        .ok_or("the transcript has no receipt")?;
    let has = UnverifiedReceipt::parse(last)?.hash().to_string();
    if has != hash {
        return Err(format!("the last receipt's hash is {has}, the end line says {hash}").into());
    }
    // Whole under its name or not at all.
    let fresh = folder.join("receipts.new");
    fs::write(&fresh, write(&held)?)?;
    fs::File::open(&fresh)?.sync_all()?;
    fs::rename(&fresh, &file)?;
    let mut acknowledgement = String::new();
    let mut line = LineWriter::new(&mut acknowledgement);
    write!(line, "acknowledge {size} {hash}")?;
    line.end()?;
    Ok(acknowledgement)
}

/// The line of the first export stays. One that comes later is held against it.
fn keep_pin(pin: &Path, line: &str) -> Outcome<()> {
    let line = format!("{line}\n");
    if !pin.is_file() {
        fs::write(pin, line)?;
    } else if fs::read_to_string(pin)? != line {
        return Err(format!("the device's key line is not the one in {}", pin.display()).into());
    }
    Ok(())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |&[high, low]: &[u8; 2]| u8::try_from(digit(high)? << 4 | digit(low)?).ok();
    rest.is_empty()
        .then(|| pairs.iter().map(byte).collect())
        .flatten()
}

/// The receipts file of `docs/spec/receipt.md`.
fn write(held: &BTreeMap<u64, Vec<u8>>) -> Outcome<Vec<u8>> {
    let mut file = MAGIC.to_vec();
    for sealed in held.values() {
        let (payload, signature) = sealed
            .split_last_chunk::<SIGNATURE_LEN>()
            .ok_or("a receipt without a signature")?;
        file.extend(u16::try_from(payload.len())?.to_be_bytes());
        file.extend(payload);
        file.extend([64]);
        file.extend(signature);
    }
    Ok(file)
}

fn parse(file: &[u8]) -> Outcome<BTreeMap<u64, Vec<u8>>> {
    const BROKEN: &str = "the receipts file is not one that this program wrote";
    let mut rest = file.strip_prefix(MAGIC).ok_or(BROKEN)?;
    let mut held = BTreeMap::new();
    while let Some((len, behind)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes(*len));
        let (payload, behind) = behind.split_at_checked(len).ok_or(BROKEN)?;
        let (seal, behind) = behind.split_at_checked(1 + SIGNATURE_LEN).ok_or(BROKEN)?;
        let signature = seal.strip_prefix(&[64]).ok_or(BROKEN)?;
        held.insert(held.len() as u64, [payload, signature].concat());
        rest = behind;
    }
    Ok(held)
}
