//! Taking packages apart and putting them together again, as somebody who changes them does.

use ai_audit_core::Digest;
use ai_audit_core::SigningKey;
use ai_audit_export::archive::{Archive, ArchiveWriter, Limits, Method};
use ai_audit_export::{Manifest, ManifestFile};
use ai_audit_note::SignedNote;
use std::io::{Cursor, Write};

pub(crate) type Files = Vec<(String, Vec<u8>)>;

pub(crate) fn unpack(package: &[u8]) -> Files {
    let archive = Archive::open(package.to_vec(), Limits::default()).unwrap();
    let names: Vec<String> = archive
        .entries()
        .iter()
        .map(|entry| entry.name().into())
        .collect();
    names
        .into_iter()
        .map(|name| (name.clone(), archive.read_to_vec(&name, 1 << 30).unwrap()))
        .collect()
}

pub(crate) fn pack(files: &Files) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    for (name, contents) in files {
        let mut file = writer.start_file(name, Method::Deflated).unwrap();
        file.write_all(contents).unwrap();
        file.finish().unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn get<'a>(files: &'a mut Files, name: &str) -> &'a mut Vec<u8> {
    &mut files.iter_mut().find(|(file, _)| file == name).unwrap().1
}

/// Makes the manifest fit the files again, changed by `change`, and signs it with `key`.
pub(crate) fn remanifest(files: &mut Files, key: &SigningKey, change: impl FnOnce(&mut Manifest)) {
    let note = SignedNote::parse(get(files, "manifest.note")).unwrap();
    let mut manifest = Manifest::parse(note.text()).unwrap();
    manifest.files = files
        .iter()
        .filter(|(name, _)| name != "manifest.note")
        .map(|(name, contents)| ManifestFile {
            digest: Digest::of(contents),
            size: contents.len() as u64,
            name: name.clone(),
        })
        .collect();
    change(&mut manifest);
    let note = SignedNote::sign(&manifest.to_string(), &manifest.origin, key).unwrap();
    *get(files, "manifest.note") = note.to_string().into_bytes();
}
