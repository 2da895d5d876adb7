//! Archives round trip, and other readers read them.

use crate::files::{Files, pack, unpack};
use ai_audit_export::archive::{Archive, ArchiveError, ArchiveWriter, Limits, Method, ReadAt};
use proptest::prelude::*;
use std::io::{self, Cursor, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Names that no system reserves (`nul`, `con`, `aux` …, which archives refuse).
fn name() -> impl Strategy<Value = String> {
    "f[a-z]{2,7}(/f[a-z0-9]{0,5}\\.bin)?x"
}

proptest! {
    #[test]
    fn round_trip(files in prop::collection::btree_map(name(), any::<Vec<u8>>(), 0..6)) {
        let files: Files = files.into_iter().collect();
        // A name may be a folder of another one.
        let clash = |(name, _): &(String, Vec<u8>)| files.iter().any(|(other, _)| other.starts_with(&format!("{name}/")));
        prop_assume!(!files.iter().any(clash));
        prop_assert_eq!(unpack(&pack(&files)), files);
    }

    #[test]
    fn a_flipped_bit_is_refused_or_without_effect(place: prop::sample::Index, bit in 0..8u8) {
        let files: Files = vec![("a.txt".into(), b"hello hello hello".to_vec()), ("b".into(), vec![]), ("c".into(), vec![7; 300])];
        let mut bytes = pack(&files);
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(archive) = Archive::open(bytes.clone(), Limits::default())
            && archive.check_contents().is_ok()
        {
            prop_assert_eq!(unpack(&bytes), files);
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        prop_assert!(Archive::open(bytes, Limits::default()).is_err());
    }

    #[test]
    fn the_sizes_of_writes_do_not_matter(cuts in prop::collection::vec(1..9000usize, 1..40)) {
        let contents: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
        let mut file = writer.start_file("a", Method::Deflated).unwrap();
        let mut rest = contents.as_slice();
        for cut in cuts.iter().cycle() {
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            file.write_all(now).unwrap();
            rest = later;
            if rest.is_empty() { break; }
        }
        file.finish().unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        prop_assert_eq!(bytes, pack(&vec![("a".into(), contents)]));
    }
}

#[test]
fn other_readers_read_them() {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    let contents: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
    for (name, method, large) in [
        ("stored", Method::Stored, false),
        ("d/small", Method::Deflated, false),
        ("large", Method::Deflated, true),
    ] {
        let mut file = if large {
            writer.start_large_file(name, method)
        } else {
            writer.start_file(name, method)
        }
        .unwrap();
        file.write_all(&contents).unwrap();
        file.finish().unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    let mut theirs = zip::ZipArchive::new(Cursor::new(bytes.clone())).unwrap();
    assert_eq!(theirs.len(), 3);
    for name in ["stored", "d/small", "large"] {
        let mut found = Vec::new();
        theirs
            .by_name(name)
            .unwrap()
            .read_to_end(&mut found)
            .unwrap();
        assert_eq!(found, contents, "{name}");
        assert_eq!(
            Archive::open(bytes.clone(), Limits::default())
                .unwrap()
                .read_to_vec(name, 1 << 20)
                .unwrap(),
            contents
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    std::fs::write(&path, bytes).unwrap();
    let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(len(z.namelist()))";
    match std::process::Command::new("python3")
        .args(["-c", script])
        .arg(&path)
        .output()
    {
        Ok(output) => assert_eq!(output.stdout, b"3\n"),
        Err(_) => println!("SKIPPED: Python's zipfile: python3 is absent"),
    }
}

#[test]
fn an_unfinished_file_spoils_the_archive() {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    drop(writer.start_file("a", Method::Stored).unwrap());
    assert!(matches!(
        writer.start_file("b", Method::Stored),
        Err(ArchiveError::Unfinished { .. })
    ));
    assert!(matches!(
        writer.finish(),
        Err(ArchiveError::Unfinished { .. })
    ));
}

/// Whoever reads it can then name the place where it begins to be wrong.
#[test]
fn what_is_before_the_damage_is_handed_out_and_the_error_after_it() {
    // Text of some variety, as receipts are: one block with tables of its own.
    let mut state = 1_u32;
    let contents: Vec<u8> = (0..6_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"0123456789abcdef{}:,\"\n"[usize::try_from(state >> 20).unwrap() % 22]
        })
        .collect();
    let whole = pack(&vec![("a".into(), contents.clone())]);
    // Behind the header and the tables, before the central directory.
    for place in 600..2_600 {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        let archive = Archive::open(bytes, Limits::default()).unwrap();
        let mut reader = archive.reader("a").unwrap();
        // All at once, as far as it goes.
        let (mut out, mut buf) = (Vec::new(), vec![0; 1 << 16]);
        let refused = loop {
            match reader.read(&mut buf) {
                Ok(0) => break false,
                Ok(read) => out.extend_from_slice(&buf[..read]),
                Err(_) => break true,
            }
        };
        assert!(
            refused && out.len() < contents.len(),
            "byte {place} changed"
        );
        let right = out
            .iter()
            .zip(&contents)
            .take_while(|(a, b)| a == b)
            .count();
        assert!(
            right >= 100,
            "byte {place} changed, {} came, {right} right",
            out.len()
        );
    }
}

#[test]
fn reading_into_nothing_says_nothing_about_the_rest() {
    let contents = vec![7; 300];
    let bytes = pack(&vec![("a".into(), contents.clone())]);
    let archive = Archive::open(bytes, Limits::default()).unwrap();
    let mut reader = archive.reader("a").unwrap();
    let mut first = [0; 100];
    reader.read_exact(&mut first).unwrap();
    assert_eq!(reader.read(&mut []).unwrap(), 0);
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert_eq!([&first[..], &rest].concat(), contents);
}

#[test]
fn an_empty_entry_is_checked_by_whoever_reads_nothing_of_it() {
    let mut bytes = pack(&vec![("b".into(), vec![])]);
    let read = |bytes: &[u8]| {
        let archive = Archive::open(bytes, Limits::default()).unwrap();
        archive.reader("b").unwrap().read(&mut [])
    };
    assert_eq!(read(&bytes).unwrap(), 0);
    // The sum, in the local header and in the directory.
    let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02");
    for place in [14, directory.unwrap() + 16] {
        bytes[place] ^= 1;
    }
    let error = read(&bytes).unwrap_err();
    assert!(error.to_string().contains("CRC"), "{error}");
}

#[test]
fn names_in_errors_are_printable_and_cut_where_they_are_long() {
    let archive = Archive::open(pack(&Files::new()), Limits::default()).unwrap();
    let told = |name: &str| match archive.reader(name) {
        Err(ArchiveError::NoSuchEntry { name }) => name,
        _ => panic!("there is no entry"),
    };
    assert_eq!(told("a\n\u{e9}"), "a\\n\\xc3\\xa9");
    assert_eq!(told(&"a".repeat(120)), "a".repeat(120));
    assert_eq!(told(&"a".repeat(121)), "a".repeat(120) + "...");
}

/// Gives a byte at a time, and before each says that a signal came in between.
struct Halting(Vec<u8>, AtomicBool);

impl ReadAt for Halting {
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.1.fetch_not(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let some = buf.len().min(1);
        self.0.read_at(&mut buf[..some], offset)
    }
}

#[test]
fn an_archive_is_read_wherever_it_is_and_however_its_bytes_come() {
    let contents: Vec<u8> = (0..9_000_u32).flat_map(u32::to_le_bytes).collect();
    let bytes = pack(&vec![("a".into(), contents.clone())]);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    fn read(source: impl ReadAt) -> Vec<u8> {
        let archive = Archive::open(source, Limits::default()).unwrap();
        archive.read_to_vec("a", 36_000).unwrap()
    }
    assert_eq!(read(&bytes[..]), contents);
    assert_eq!(read(bytes.clone()), contents);
    assert_eq!(read(Box::new(bytes.clone())), contents);
    assert_eq!(read(Arc::new(bytes.clone())), contents);
    assert_eq!(read(file), contents);
    assert_eq!(read(Halting(bytes, AtomicBool::new(true))), contents);
}
