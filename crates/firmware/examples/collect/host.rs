//! A transcript becomes a receipts file; what it contradicts, or has not, is refused.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ai_audit_core::{Chain, DecodeBody as _, Genesis, Head, SIGNATURE_LEN, UnverifiedReceipt};
use ai_audit_firmware::{KeyLine, LineWriter, read_line};

const MAGIC: &[u8] = b"ai-audit/receipts/v1\n";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Adds a transcript to what the folder holds and returns the acknowledgement, a line for the device.
///
/// `receipts` and `log.pub` stay as they were until the new file is on the disk and its chain and every signature hold:
/// what is held is never given up for something that does not verify.
///
/// # Errors
///
/// When the transcript is not whole, its receipts do not join those that are held, do not verify, or
/// contradict those that are held.
pub(crate) fn collect(folder: &Path, transcript: &str) -> Outcome<String> {
    fs::create_dir_all(folder)?;
    let (file, pin) = (folder.join("receipts"), folder.join("log.pub"));
    let mut held = if file.is_file() {
        parse(&fs::read(&file)?)?
    } else {
        BTreeMap::new()
    };
    let mut pinned = None;
    if pin.is_file() {
        pinned = Some(fs::read_to_string(&pin)?);
    }
    let mut end = None;
    for (number, line) in transcript.lines().enumerate() {
        let at = |why: &dyn std::fmt::Display| format!("line {}: {why}", number + 1);
        let words: Vec<&str> = read_line(line)
            .map_err(|why| at(&why))?
            .split(' ')
            .collect();
        match *words.as_slice() {
            // The line of the first export stays. One that comes later is held against it.
            ["key", line] => {
                let line = format!("{line}\n");
                if *pinned.get_or_insert_with(|| line.clone()) != line {
                    let why = format!("the device's key line is not the one in {}", pin.display());
                    return Err(at(&why).into());
                }
            }
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
    let pinned = pinned.ok_or("the transcript has no key line")?;
    let fresh = folder.join("receipts.new");
    fs::write(&fresh, write(&held)?)?;
    // What is adopted is what was checked, so it is what the file says and not what was meant.
    let head = check(&parse(&fs::read(&fresh)?)?, &pinned)?;
    let has = head.hash().to_string();
    if has != hash {
        return Err(format!("the last receipt's hash is {has}, the end line says {hash}").into());
    }
    if !pin.is_file() {
        let fresh = folder.join("log.pub.new");
        fs::write(&fresh, pinned)?;
        adopt(&fresh, &pin, folder)?;
    }
    adopt(&fresh, &file, folder)?;
    let mut acknowledgement = String::new();
    let mut line = LineWriter::new(&mut acknowledgement);
    write!(line, "acknowledge {size} {hash}")?;
    line.end()?;
    Ok(acknowledgement)
}

/// Goes through the chain and verifies every signature under the key that the genesis names, and the
/// genesis under the key line.
fn check(held: &BTreeMap<u64, Vec<u8>>, pinned: &str) -> Outcome<Head> {
    let mut key = None;
    let mut chain = Chain::new();
    for (seq, sealed) in held {
        let at = |why: &dyn std::fmt::Display| format!("receipt {seq}: {why}");
        let receipt = UnverifiedReceipt::parse(sealed).map_err(|why| at(&why))?;
        chain.push(&receipt).map_err(|why| at(&why))?;
        let key = match key {
            Some(key) => key,
            // The chain takes nothing but a genesis first.
            None => {
                let genesis = Genesis::decode(&receipt).map_err(|why| at(&why))?;
                let line = KeyLine::of(genesis.name.as_str(), &genesis).to_string();
                if line != pinned.trim_end() {
                    return Err(at(&format!("its key line is {line}, not {pinned:?}")).into());
                }
                *key.insert(genesis.receipt_key)
            }
        };
        receipt.verify_signature(&key).map_err(|why| at(&why))?;
    }
    Ok(*chain.head())
}

/// Gives a file its name, whole or not at all, and durably: after `Ok` no power cut at the host takes it
/// back, and the device may be told.
fn adopt(fresh: &Path, name: &Path, folder: &Path) -> Outcome<()> {
    fs::OpenOptions::new().write(true).open(fresh)?.sync_all()?;
    fs::rename(fresh, name)?;
    // The name stands in the folder, and the folder's own in the one above. Windows opens no folder.
    if cfg!(unix) {
        let folder = fs::canonicalize(folder)?;
        for folder in folder.ancestors().take(2) {
            fs::File::open(folder)?.sync_all()?;
        }
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
