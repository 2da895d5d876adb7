//! A24 and A25: hostile archives are refused with the entry's name, before memory is spent.

use crate::files::{Files, pack};
use ai_audit_export::archive::{Archive, ArchiveError, ArchiveWriter, Limits, Method};
use std::io::{Cursor, Write};

fn refusal(bytes: Vec<u8>) -> String {
    let error = match Archive::open(bytes, Limits::default()) {
        Err(error) => error,
        Ok(archive) => archive.check_contents().unwrap_err(),
    };
    error.to_string()
}

fn files() -> Files {
    vec![
        ("first.txt".into(), b"hello hello".to_vec()),
        ("second".into(), vec![7; 50]),
    ]
}

/// Every place of `needle`.
fn places(bytes: &[u8], needle: &[u8]) -> Vec<usize> {
    (0..=bytes.len() - needle.len())
        .filter(|at| bytes[*at..].starts_with(needle))
        .collect()
}

/// An archive in which the second file's name was replaced in both headers.
fn renamed(name: &[u8; 6]) -> Vec<u8> {
    let mut bytes = pack(&files());
    for at in places(&bytes.clone(), b"second") {
        bytes[at..at + 6].copy_from_slice(name);
    }
    bytes
}

#[test]
fn a24_names() {
    for (name, what) in [
        (b"../abc", ".."),
        (b"/etc/x", "/etc/x"),
        (b"a\\b\\cd", "a\\\\b"),
        (b"C:/abc", "C:"),
        (b"abcde/", "abcde/"),
        (b"ab\0cde", "\\x00"),
        (b"ab\xffcde", "\\xff"),
        (b"a//bcd", "a//bcd"),
        (b"./abcd", "./abcd"),
        (b"abcde.", "abcde."),
    ] {
        let text = refusal(renamed(name));
        assert!(text.contains(what), "{text}");
    }
}

#[test]
fn a24_duplicates_and_names_that_differ_by_case() {
    let bytes = pack(&vec![
        ("second".into(), vec![1]),
        ("Zecond".into(), vec![2]),
    ]);
    for (to, what) in [(b"second", "second"), (b"Second", "Second")] {
        let mut bytes = bytes.clone();
        for at in places(&bytes.clone(), b"Zecond") {
            bytes[at..at + 6].copy_from_slice(to);
        }
        let text = refusal(bytes);
        assert!(text.contains(what) && text.contains("entry 1"), "{text}");
    }
}

#[test]
fn a24_each_field_of_one_header_alone() {
    let honest = pack(&files());
    let local = places(&honest, b"PK\x03\x04")[1];
    let central = places(&honest, b"PK\x01\x02")[1];
    // Offsets of version, flags, method, time, date, CRC, sizes and lengths in the local header;
    // two bytes further on in the central one.
    for field in [4, 6, 8, 10, 12, 14, 18, 22, 26, 28] {
        for at in [local + field, central + field + 2] {
            let mut bytes = honest.clone();
            bytes[at] ^= 1;
            let text = refusal(bytes);
            assert!(
                text.contains("second") || text.contains("record") || text.contains("header"),
                "{at}: {text}"
            );
        }
    }
    let mut bytes = honest.clone();
    bytes[local + 30] ^= 1; // the name
    assert!(refusal(bytes).contains("name"));
}

/// No bit of the program's version and system is free; those of the permissions are, and say nothing.
#[test]
fn a24_who_made_the_archive() {
    let honest = pack(&files());
    let central = places(&honest, b"PK\x01\x02")[1];
    let flipped = |at: usize, bit: u8| {
        let mut bytes = honest.clone();
        bytes[central + at] ^= 1 << bit;
        bytes
    };
    for bit in 0..8 {
        let text = refusal(flipped(4, bit));
        assert!(text.contains("made by version"), "bit {bit}: {text}");
        assert!(text.contains("expected 45"), "bit {bit}: {text}");
        let text = refusal(flipped(5, bit));
        assert!(text.contains("second"), "bit {bit}: {text}");
        let permissions = Archive::open(flipped(40, bit), Limits::default());
        assert!(permissions.unwrap().check_contents().is_ok(), "bit {bit}");
    }
}

#[test]
fn a24_kinds_of_entries() {
    let honest = pack(&files());
    let central = places(&honest, b"PK\x01\x02")[1];
    let both = |local_at: usize, value: u8| {
        let mut bytes = honest.clone();
        let local = places(&honest, b"PK\x03\x04")[1];
        bytes[local + local_at] = value;
        bytes[central + local_at + 2] = value;
        refusal(bytes)
    };
    assert!(both(6, 1).contains("encrypted"));
    assert!(both(6, 8).contains("data descriptor"));
    assert!(both(8, 12).contains("method 12"));
    let mut symlink = honest.clone();
    symlink[central + 41] = 0o120_000_u32.to_be_bytes()[2];
    let text = refusal(symlink);
    assert!(
        text.contains("second") && text.contains("regular file"),
        "{text}"
    );
    let mut directory = honest.clone();
    directory[central + 38] = 0x10;
    assert!(refusal(directory).contains("regular file"));
    let mut comment = honest;
    comment[central + 32] = 1;
    assert!(refusal(comment).contains("comment"));
}

#[test]
fn a24_data_before_between_and_after() {
    let honest = pack(&files());
    let prefixed = [b"#!/bin/sh\n", honest.as_slice()].concat();
    assert!(Archive::open(prefixed, Limits::default()).is_err());
    let trailing = [honest.as_slice(), b"more"].concat();
    assert!(refusal(trailing).contains("end record"));
    // A gap between two entries, with the directory's offsets made to fit.
    let local = places(&honest, b"PK\x03\x04")[1];
    let mut gap = honest.clone();
    gap.splice(local..local, *b"????");
    let shift = |bytes: &mut Vec<u8>, at: usize| {
        let old = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        bytes[at..at + 4].copy_from_slice(&(old + 4).to_le_bytes());
    };
    let central = places(&gap, b"PK\x01\x02")[1];
    shift(&mut gap, central + 42);
    let end = gap.len() - 22;
    shift(&mut gap, end + 16);
    let text = refusal(gap);
    assert!(text.contains("second") && text.contains("gap"), "{text}");
    // Two entries over the same bytes.
    let mut overlap = honest.clone();
    let central = places(&honest, b"PK\x01\x02")[1];
    overlap[central + 42..central + 46].fill(0);
    assert!(refusal(overlap).contains("overlap"));
    // Cut short anywhere.
    for len in 0..honest.len() {
        assert!(Archive::open(honest[..len].to_vec(), Limits::default()).is_err());
    }
}

#[test]
fn a24_what_other_programs_write_is_refused() {
    // A real archive by a real program, with extra fields and other versions.
    let mut theirs = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    theirs.add_directory("folder/", options).unwrap();
    theirs.add_symlink("link", "/etc/passwd", options).unwrap();
    let bytes = theirs.finish().unwrap().into_inner();
    assert!(refusal(bytes).contains("folder"));
    assert!(matches!(
        Archive::open(b"no zip".to_vec(), Limits::default()),
        Err(ArchiveError::NotZip)
    ));
}

#[test]
fn a25_a_bomb_by_ratio() {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    let mut file = writer.start_file("zeros", Method::Deflated).unwrap();
    for _ in 0..64 {
        file.write_all(&[0; 1 << 20]).unwrap();
    }
    assert!(file.finish().is_err(), "our own writer makes none");
    let mut theirs = zip::ZipWriter::new(Cursor::new(Vec::new()));
    theirs
        .start_file("zeros", zip::write::SimpleFileOptions::default())
        .unwrap();
    theirs.write_all(&vec![0; 64 << 20]).unwrap();
    let text = refusal(theirs.finish().unwrap().into_inner());
    assert!(text.contains("zeros"), "{text}");
}

#[test]
fn a25_sizes_that_lie() {
    // Declared small, really larger: no byte beyond what was declared comes out.
    let honest = pack(&vec![("zeros".into(), vec![0; 1 << 20])]);
    let mut lying = honest.clone();
    let (local, central) = (
        places(&honest, b"PK\x03\x04")[0],
        places(&honest, b"PK\x01\x02")[0],
    );
    for at in [local + 22, central + 24] {
        lying[at..at + 4].copy_from_slice(&100u32.to_le_bytes());
    }
    let archive = Archive::open(lying, Limits::default()).unwrap();
    let mut out = Vec::new();
    let error =
        std::io::Read::read_to_end(&mut archive.reader("zeros").unwrap(), &mut out).unwrap_err();
    assert!(
        out.len() < 100 && error.to_string().contains("go on"),
        "{error}"
    );
    // Declared larger than it is.
    let mut lying = honest;
    for at in [local + 22, central + 24] {
        lying[at..at + 4].copy_from_slice(&(200u32 << 10).to_le_bytes());
    }
    assert!(refusal(lying).contains("zeros"));
}

#[test]
fn a25_too_many_entries_or_too_much_in_all() {
    let limits = Limits {
        max_entries: 2,
        max_total_size: 1000,
        ..Limits::default()
    };
    let many: Files = (0..3).map(|n| (format!("f{n}"), vec![])).collect();
    let error = Archive::open(pack(&many), limits).unwrap_err().to_string();
    assert!(error.contains("3 entries"), "{error}");
    let much: Files = (0..2).map(|n| (format!("f{n}"), vec![n; 600])).collect();
    let error = Archive::open(pack(&much), limits).unwrap_err().to_string();
    assert!(error.contains("f1") && error.contains("1200"), "{error}");
    // An end record that counts more than there can be.
    let mut lying = pack(&many);
    let end = lying.len() - 22;
    lying[end + 8..end + 12].fill(0xfe);
    assert!(Archive::open(lying, Limits::default()).is_err());
}
