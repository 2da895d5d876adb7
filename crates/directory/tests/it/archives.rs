//! Archives: bad ones, those of others, those with altered receipts.

use crate::epochs::{append, new, settings, verify};
use ai_audit_core::MAX_SEALED_LEN;
use ai_audit_core::{Digest, Next, ReceiptSource as _, UnverifiedReceipt};
use ai_audit_directory::{DirectoryError, LogDirectory, Settings, Writer};
use ai_audit_export::archive::{Archive, ArchiveWriter, Limits, Method};
use ai_audit_export::{Manifest, ManifestFile, ReceiptsReader, ReceiptsWriter};
use ai_audit_note::SignedNote;
use ai_audit_store::LogName;
use std::fs::{self, File};
use std::io::{Cursor, Write as _};
use std::path::Path;

fn log() -> LogName {
    LogName::default()
}

fn archive(writer: &Writer, epoch: u64, path: &Path) {
    writer
        .directory()
        .archive_epoch(&log(), epoch, false, File::create(path).unwrap(), |_, _| {})
        .unwrap();
}

fn refused<T: std::fmt::Debug>(result: Result<T, DirectoryError>) -> String {
    match result.unwrap_err() {
        DirectoryError::Archive { what, .. } => what,
        other => panic!("{other}"),
    }
}

/// The files of a package, taken apart.
fn files(path: &Path) -> Vec<(String, Vec<u8>)> {
    let archive = Archive::open(fs::read(path).unwrap(), Limits::default()).unwrap();
    let names: Vec<String> = archive
        .entries()
        .iter()
        .map(|entry| entry.name().to_string())
        .collect();
    names
        .into_iter()
        .map(|name| (name.clone(), archive.read_to_vec(&name, 1 << 30).unwrap()))
        .collect()
}

/// Puts a package together again with other receipts, as the keeper can who has the checkpoint key.
fn repack(directory: &LogDirectory, path: &Path, change: impl Fn(u64, &mut Vec<u8>) -> bool) {
    let mut files = files(path);
    let mut source = ReceiptsReader::new(&files[0].1[..]).unwrap();
    let mut writer = ReceiptsWriter::new(Vec::new()).unwrap();
    let mut buf = vec![0; MAX_SEALED_LEN];
    while let Some(Next::Sealed(len)) = source.read_next(&mut buf).unwrap() {
        let mut sealed = buf[..len].to_vec();
        let seq = UnverifiedReceipt::parse(&sealed).unwrap().header().seq;
        if change(seq, &mut sealed) {
            writer
                .write(&UnverifiedReceipt::parse(&sealed).unwrap())
                .unwrap();
        }
    }
    files[0].1 = writer.into_inner();
    let manifest = files.pop().unwrap().1;
    let note = SignedNote::parse(&manifest).unwrap();
    let mut manifest = Manifest::parse(note.text()).unwrap();
    manifest.files = files
        .iter()
        .map(|(name, contents)| ManifestFile {
            digest: Digest::of(contents),
            size: contents.len() as u64,
            name: name.clone(),
        })
        .collect();
    let key = directory.checkpoint_key(&log()).unwrap();
    let note = SignedNote::sign(&manifest.to_string(), &manifest.origin, &key).unwrap();
    files.push(("manifest.note".into(), note.to_string().into_bytes()));
    let mut out = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    for (name, contents) in &files {
        let mut file = out.start_large_file(name, Method::Deflated).unwrap();
        file.write_all(contents).unwrap();
        file.finish().unwrap();
    }
    fs::write(path, out.finish().unwrap().into_inner()).unwrap();
}

#[test]
fn a_corrupt_archive_names_the_first_bad_receipt_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let line = new(&path, "example.org/archives");
    let writer = Writer::open(&path, settings(), "test").unwrap();
    // Genesis, start, stop, start; 60 decisions; the seal, receipt 64.
    append(&writer, 60);
    writer.seal_epoch(&log()).unwrap();
    let good = folder.path().join("good.zip");
    archive(&writer, 0, &good);
    let bytes = fs::read(&good).unwrap();
    let bad = folder.path().join("bad.zip");
    // One bit, all over the file: nothing is deleted upon it. A few bits of a deflated file say
    // nothing (those behind its end in the last byte) or the same in another way (a distance to
    // equal bytes): with such a one it is the same archive, every file of it.
    let mut harmful = Vec::new();
    for place in (0..bytes.len()).step_by(bytes.len() / 60) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        fs::write(&bad, &changed).unwrap();
        match writer.directory().check_archive(&log(), 0, &bad) {
            Ok(_) => assert!(files(&bad) == files(&good), "bit in byte {place}"),
            refusal => {
                refused(refusal);
                harmful.push(changed);
            }
        }
    }
    assert!(harmful.len() > 55, "{} of 60", harmful.len());
    let deleted = writer.delete_epoch(&log(), 0, Some(&good), "test").unwrap();
    assert_eq!(deleted.deleted, 60);
    let gone = || {
        let store = writer.directory().store();
        store.count_deleted(&log(), 0..=64).unwrap()
    };
    // And nothing is put back.
    for changed in harmful {
        fs::write(&bad, changed).unwrap();
        refused(writer.restore_archive(&log(), &bad));
        assert_eq!(gone(), 60);
    }
    // In the middle of the receipts the first bad one is named.
    let mut changed = bytes.clone();
    changed[6000] ^= 0x10;
    fs::write(&bad, changed).unwrap();
    let said = refused(writer.restore_archive(&log(), &bad));
    assert!(said.contains("receipt"), "{said}");
    // Cut off.
    fs::write(&bad, &bytes[..bytes.len() - 1]).unwrap();
    refused(writer.restore_archive(&log(), &bad));
    fs::write(&bad, b"no archive at all").unwrap();
    refused(writer.restore_archive(&log(), &bad));
    assert_eq!(gone(), 60);
    verify(&path, &line);
    assert_eq!(writer.restore_archive(&log(), &good).unwrap().restored, 60);
    assert_eq!(gone(), 0);
    assert!(verify(&path, &line).deleted.is_empty());
    writer.close("test").unwrap();
}

#[test]
fn a03_an_archive_with_altered_or_missing_receipts_is_refused_whoever_signed_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    new(&path, "example.org/archives");
    let writer = Writer::open(&path, settings(), "test").unwrap();
    append(&writer, 20);
    writer.seal_epoch(&log()).unwrap();
    let file = folder.path().join("epoch.zip");
    // The signature of one receipt, then its payload: both are the hash's or the signature's matter.
    archive(&writer, 0, &file);
    repack(writer.directory(), &file, |seq, sealed| {
        if seq == 9 {
            let middle = sealed.len() - 70;
            sealed[middle] ^= 1;
        }
        true
    });
    let said = refused(writer.directory().check_archive(&log(), 0, &file));
    assert!(said.contains("receipt 9 is not the one"), "{said}");
    let said = refused(writer.restore_archive(&log(), &file));
    assert!(said.contains("receipt 9 is not the one"), "{said}");
    archive(&writer, 0, &file);
    repack(writer.directory(), &file, |seq, sealed| {
        if seq == 9 {
            let last = sealed.len() - 1;
            sealed[last] ^= 1;
        }
        true
    });
    let said = refused(writer.restore_archive(&log(), &file));
    assert!(said.contains("receipt 9"), "{said}");
    // One left out, with a manifest that says so.
    archive(&writer, 0, &file);
    repack(writer.directory(), &file, |seq, _| seq != 9);
    let said = refused(writer.delete_epoch(&log(), 0, Some(&file), "test"));
    assert!(said.contains("receipt 9 of epoch 0 is not in"), "{said}");
    // Two swapped, as far as a receipts file can: the place is in the bytes.
    let directory = writer.directory();
    assert_eq!(directory.store().count_deleted(&log(), 0..=9).unwrap(), 0);
    writer.close("test").unwrap();
}

#[test]
fn an_archive_of_another_log_or_epoch_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("audit"), folder.path().join("other"));
    new(&path, "example.org/archives");
    new(&other, "example.org/archives");
    let of = |path: &Path| {
        let writer = Writer::open(path, settings(), "test").unwrap();
        for _ in 0..2 {
            append(&writer, 5);
            writer.seal_epoch(&log()).unwrap();
        }
        writer
    };
    let (writer, stranger) = (of(&path), of(&other));
    let file = folder.path().join("epoch.zip");
    archive(&stranger, 0, &file);
    for said in [
        refused(writer.restore_archive(&log(), &file)),
        refused(writer.delete_epoch(&log(), 0, Some(&file), "test")),
        refused(writer.directory().receipt_from_archive(&log(), 5, &file)),
    ] {
        assert!(said.contains("not of log default"), "{said}");
    }
    archive(&writer, 1, &file);
    let said = refused(writer.delete_epoch(&log(), 0, Some(&file), "test"));
    assert!(
        said.contains("receipt 1 of epoch 0 is not in") || said.contains("receipt 4"),
        "{said}"
    );
    let seal = writer.directory().sealed_epoch(&log(), 1).unwrap();
    let directory = writer.directory();
    let found = directory
        .receipt_from_archive(&log(), seal.first, &file)
        .unwrap();
    assert_eq!(found, directory.receipt(&log(), seal.first).unwrap());
    let said = refused(directory.receipt_from_archive(&log(), 5, &file));
    assert!(said.contains("receipt 5 is not in the archive"), "{said}");
    // A package of the whole log is an archive of all its epochs.
    writer.delete_epoch(&log(), 1, Some(&file), "test").unwrap();
    let error = directory.receipt(&log(), seal.first).unwrap_err();
    assert!(matches!(error, DirectoryError::Deleted { .. }), "{error}");
    writer.close("test").unwrap();
    stranger.close("test").unwrap();
}

#[test]
fn compacting_makes_the_file_smaller_and_keeps_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let line = new(&path, "example.org/archives");
    let writer = Writer::open(&path, settings(), "test").unwrap();
    append(&writer, 2000);
    writer.seal_epoch(&log()).unwrap();
    writer.checkpoint(&log()).unwrap();
    writer.delete_epoch(&log(), 0, None, "test").unwrap();
    assert!(
        ai_audit_directory::compact(&path, &Settings::default()).is_err(),
        "a writer has it"
    );
    writer.close("test").unwrap();
    let size = || fs::metadata(path.join("audit.db")).unwrap().len();
    let before = size();
    ai_audit_directory::compact(&path, &Settings::default()).unwrap();
    assert!(size() < before, "{} of {before}", size());
    assert_eq!(verify(&path, &line).deleted[0].deleted, 2000);
}
