//! What a cheat does to a package.

use ai_audit_core::{Digest, Signer};
use ai_audit_export::archive::{Archive, ArchiveWriter, Limits, Method};
use ai_audit_export::{Manifest, ManifestFile, RECEIPTS_MAGIC};
use ai_audit_note::SignedNote;
use anyhow::Context as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

type Files = Vec<(String, Vec<u8>)>;

/// Changes the action of a decision in the receipts' bytes.
pub(super) fn edit(package: &Path, to: &Path) -> anyhow::Result<()> {
    let mut files = unpack(package)?;
    let receipts = file(&mut files, "receipts.bin")?;
    let places = places(receipts)?;
    // The last byte of the first decision's body, before its seal.
    let at = places.get(4).context("a decision")? - 66;
    *receipts.get_mut(at).context("a byte of a decision")? ^= 1;
    pack(&files, to)
}

/// Takes one receipt out.
pub(super) fn remove(package: &Path, to: &Path) -> anyhow::Result<()> {
    let mut files = unpack(package)?;
    files.retain(|(name, _)| name != "receipts.jsonl");
    let receipts = file(&mut files, "receipts.bin")?;
    let places = places(receipts)?;
    let (start, end) = (
        places.get(5).context("a receipt")?,
        places.get(6).context("a receipt")?,
    );
    receipts.drain(start..end);
    pack(&files, to)
}

/// Changes the view that people read, and signs the manifest anew with the true key.
pub(super) fn view(package: &Path, to: &Path, key: &impl Signer) -> anyhow::Result<()> {
    let mut files = unpack(package)?;
    let view = file(&mut files, "receipts.jsonl")?;
    let text = String::from_utf8(std::mem::take(view))?;
    *view = text
        .replacen("\"tool\":\"refund\"", "\"tool\":\"look_up_order\"", 1)
        .into_bytes();
    let note = SignedNote::parse(file(&mut files, "manifest.note")?)?;
    let mut manifest = Manifest::parse(note.text())?;
    manifest.files = files
        .iter()
        .filter(|(name, _)| name != "manifest.note")
        .map(|(name, contents)| ManifestFile {
            digest: Digest::of(contents),
            size: contents.len() as u64,
            name: name.clone(),
        })
        .collect();
    let note = SignedNote::sign(&manifest.to_string(), &manifest.origin, key)?;
    *file(&mut files, "manifest.note")? = note.to_string().into_bytes();
    pack(&files, to)
}

fn unpack(package: &Path) -> anyhow::Result<Files> {
    let archive = Archive::open(File::open(package)?, Limits::default())?;
    archive
        .entries()
        .iter()
        .map(|entry| {
            Ok((
                entry.name().into(),
                archive.read_to_vec(entry.name(), 1 << 24)?,
            ))
        })
        .collect()
}

fn pack(files: &Files, to: &Path) -> anyhow::Result<()> {
    let mut writer = ArchiveWriter::new(File::create(to)?)?;
    for (name, contents) in files {
        let mut entry = writer.start_file(name, Method::Deflated)?;
        entry.write_all(contents)?;
        entry.finish()?;
    }
    writer.finish()?;
    Ok(())
}

fn file<'f>(files: &'f mut Files, name: &str) -> anyhow::Result<&'f mut Vec<u8>> {
    let found = files.iter_mut().find(|(file, _)| file == name);
    Ok(&mut found
        .with_context(|| format!("the package has no {name}"))?
        .1)
}

/// Where each receipt begins, and where the last one ends.
fn places(receipts: &[u8]) -> anyhow::Result<Vec<usize>> {
    let mut at = RECEIPTS_MAGIC.len();
    let mut places = vec![at];
    while let Some([high, low]) = receipts.get(at..at + 2) {
        at += 2 + usize::from(u16::from_be_bytes([*high, *low])) + 1 + 64;
        places.push(at);
    }
    Ok(places)
}
