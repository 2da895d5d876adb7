//! Ciphertexts in packages, under both verifiers: those that the receipts name, and anything else.

use crate::files::{Files, get, pack, unpack};
use crate::logs::Log;
use crate::package_lies::{both, with};
use ai_audit_export::archive::{Archive, Limits};
use ai_audit_export::{
    CIPHERTEXTS_MAGIC, CiphertextsReader, ExportError, PackageOptions, Selection, Written,
    verify_package, write_package,
};
use ai_audit_testkit::erasures::{ciphertext, decision_with};
use std::io::Cursor;

const NAME: &str = "ciphertexts.bin";

/// Texts of receipts 4, 6 and 7; receipt 5 has none. Receipt 7 is of another session.
const TEXTS: [(u64, &[&[u8]]); 3] = [
    (4, &[b"four", b"and more of it"]),
    (6, &[b"six", b"", b"of six"]),
    (7, &[b"seven"]),
];

fn seal(log: &mut Log, texts: &[&[u8]], session: &str) {
    let all: Vec<_> = texts.iter().map(|text| ciphertext(5, text)).collect();
    let seq = log.head.size();
    log.seal(&decision_with("person-7", &all), session);
    let all = all.into_iter().map(|one| one.bytes).collect();
    log.ciphertexts.insert(seq, all);
}

fn log() -> Log {
    let mut log = Log::of(1, 4);
    seal(&mut log, TEXTS[0].1, "s1");
    log.seal(&decision_with("person-8", &[]), "s1");
    seal(&mut log, TEXTS[1].1, "s1");
    seal(&mut log, TEXTS[2].1, "s2");
    log
}

/// The file, as the specification has it.
fn file(ciphertexts: &[(u64, &[u8])]) -> Vec<u8> {
    let mut file = b"ai-audit/ciphertexts/v1\n".to_vec();
    for (seq, bytes) in ciphertexts {
        file.extend(seq.to_be_bytes());
        file.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        file.extend(*bytes);
    }
    file
}

fn all() -> Vec<(u64, &'static [u8])> {
    let of = |(seq, texts): (u64, &'static [&'static [u8]])| texts.iter().map(move |t| (seq, *t));
    TEXTS.into_iter().flat_map(of).collect()
}

fn write(log: &Log, selection: Selection, ciphertexts: bool) -> Result<Written, ExportError> {
    let options = PackageOptions {
        selection,
        json_view: false,
        ciphertexts,
        timestamp: None,
        reports: None,
    };
    let out = Cursor::new(Vec::new());
    let (note, key) = (log.checkpoint(), &log.checkpoint_key);
    write_package(out, log, &note, &[], key, &options, |_, _| {})
}

#[test]
fn packages_with_ciphertexts_verify_whole_and_selected() {
    let log = log();
    let session = Selection::Session("s1".into());
    for (selection, count) in [(Selection::All, 6), (session, 5)] {
        let package = log.package(selection.clone(), true);
        let mut files = unpack(&package);
        assert_eq!(*get(&mut files, NAME), file(&all()[..count]));
        let readme = String::from_utf8(get(&mut files, "README.md").clone()).unwrap();
        assert!(readme.contains(NAME) && readme.contains("without its key"));
        let report = both(&files, &log.policy());
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
        assert_eq!(package, log.package(selection.clone(), true));
        let written = write(&log, selection, true).unwrap();
        assert_eq!(written.ciphertexts, count as u64);
    }
    // As they are, in the package: what is encrypted cannot be compressed.
    let archive = Archive::open(log.package(Selection::All, false), Limits::default()).unwrap();
    let mut reader = CiphertextsReader::new(archive.reader(NAME).unwrap()).unwrap();
    for (seq, bytes) in all() {
        assert_eq!(reader.peek().unwrap(), Some(seq));
        assert_eq!(reader.read_next().unwrap(), Some((seq, bytes.to_vec())));
    }
    assert!(reader.read_next().unwrap().is_none() && reader.peek().unwrap().is_none());
}

#[test]
fn a_package_has_the_file_where_it_was_asked_for_and_a_receipt_names_some() {
    let has = |written: &Written| written.manifest.file(NAME).is_some();
    let written = write(&log(), Selection::All, false).unwrap();
    assert!(!has(&written) && written.ciphertexts == 0);
    let written = write(&Log::of(1, 9), Selection::All, true).unwrap();
    assert!(!has(&written) && written.ciphertexts == 0);
    // After an erasure nothing is left of what they name.
    let mut log = log();
    log.ciphertexts.clear();
    let written = write(&log, Selection::All, true).unwrap();
    assert!(has(&written) && written.ciphertexts == 0);
    let mut files = unpack(&log.package(Selection::All, true));
    assert_eq!(get(&mut files, NAME), CIPHERTEXTS_MAGIC);
    assert!(both(&files, &log.policy()).verdict.integrity.is_verified());
}

#[test]
fn ciphertexts_may_be_missing() {
    let log = log();
    let files = unpack(&log.package(Selection::All, true));
    // Any of the six may be there or not.
    for some in 0..64 {
        let there: Vec<_> = (0..)
            .zip(all())
            .filter(|(place, _)| some >> place & 1 == 1)
            .map(|(_, one)| one)
            .collect();
        let files = with(files.clone(), NAME, file(&there), &log.checkpoint_key);
        let report = verify_package(pack(&files), &log.policy(), |_, _| {}).report;
        assert!(
            report.verdict.integrity.is_verified(),
            "{there:?} {report:?}"
        );
        if some % 13 == 0 {
            both(&files, &log.policy());
        }
    }
    // The whole file too.
    let mut log = log;
    log.ciphertexts.clear();
    let written = write(&log, Selection::All, false).unwrap();
    assert!(written.manifest.file(NAME).is_none());
}

#[test]
fn a27_ciphertexts_that_no_receipt_names_there_fail_in_both_verifiers() {
    let log = log();
    let all = all();
    let order = |places: &[usize]| -> Vec<u8> {
        file(&places.iter().map(|place| all[*place]).collect::<Vec<_>>())
    };
    let good = file(&all);
    let cut = |len: usize| good[..len].to_vec();
    let claims = |len: u32, bytes: &[u8]| {
        let mut bad = file(&[]);
        bad.extend(4_u64.to_be_bytes());
        bad.extend(len.to_be_bytes());
        bad.extend(bytes);
        bad
    };
    let misplaced = "expected them in the order";
    let bad = [
        (vec![], "the line ai-audit/ciphertexts/v1"),
        (
            b"ai-audit/ciphertexts/v2\n".to_vec(),
            "the line ai-audit/ciphertexts/v1",
        ),
        (cut(23), "the line"),
        (cut(24 + 5), "eight bytes of seq"),
        (cut(24 + 10), "four bytes of length"),
        (cut(24 + 12 + 3), "as its length says"),
        (cut(good.len() - 1), "as its length says"),
        ([&good[..], b"\0"].concat(), "eight bytes of seq"),
        (claims(16_777_233, b"four"), "at most 16777232"),
        (claims(u32::MAX, b"four"), "at most 16777232"),
        (claims(16_777_232, b"four"), "as its length says"),
        (file(&[(4, b"fours")]), "ciphertext 0 of receipt 4"),
        (file(&[(4, b"")]), "ciphertext 0 of receipt 4"),
        (file(&[(6, b"four")]), "ciphertext 0 of receipt 6"),
        // Twice, the other way round, of a receipt that names none, of others.
        (order(&[0, 0]), "ciphertext 1 of receipt 4"),
        (order(&[1, 0]), "ciphertext 1 of receipt 4"),
        (order(&[0, 1, 2, 4, 3]), "ciphertext 2 of receipt 6"),
        (order(&[0, 1, 1]), "ciphertext 2 of receipt 4"),
        (order(&[2, 0]), misplaced),
        (order(&[0, 1, 5, 2]), misplaced),
        (file(&[(5, b"four")]), "ciphertext 0 of receipt 5"),
        (file(&[(0, b"four")]), "ciphertext 0 of receipt 0"),
        (
            file(&[(4, b"four"), (8, b"seven")]),
            "a ciphertext of receipt 8",
        ),
        (file(&[(u64::MAX, b"seven")]), misplaced),
    ];
    for selection in [Selection::All, Selection::Range { from: 4, to: 7 }] {
        let files = unpack(&log.package(selection, true));
        for (contents, what) in &bad {
            let files = with(files.clone(), NAME, contents.clone(), &log.checkpoint_key);
            let report = both(&files, &log.policy());
            let reason = report.verdict.integrity.to_string();
            assert!(report.verdict.integrity.is_failed(), "{what}: {report:?}");
            assert!(
                reason.contains(NAME) && reason.contains(what),
                "{what}: {reason}"
            );
            // Who signed the receipts is another question.
            assert!(
                report.verdict.attribution.is_verified(),
                "{what}: {report:?}"
            );
        }
    }
    // A selection without the receipt.
    let files = unpack(&log.package(Selection::Session("s2".into()), true));
    let files = with(files, NAME, file(&all), &log.checkpoint_key);
    let report = both(&files, &log.policy());
    assert!(
        report
            .verdict
            .integrity
            .to_string()
            .contains("a ciphertext of receipt 4")
    );
}

#[test]
fn a24_the_manifest_lists_the_ciphertexts_as_every_file() {
    let log = log();
    let mut files = unpack(&log.package(Selection::All, true));
    let at = files.iter().position(|(name, _)| name == NAME).unwrap();
    let (_, contents) = files.remove(at);
    for (place, change) in [(at, 0), (at, 1), (0, 0)] {
        let mut files = files.clone();
        let mut contents = contents.clone();
        *contents.last_mut().unwrap() ^= change;
        files.insert(place, (NAME.into(), contents));
        let report = verify_package(pack(&files), &log.policy(), |_, _| {}).report;
        let good = place == at && change == 0;
        assert_eq!(report.verdict.integrity.is_verified(), good, "{report:?}");
    }
    // Listed and not there; there and not listed.
    assert!(both(&files, &log.policy()).verdict.integrity.is_failed());
    let bare = Log::of(1, 4);
    let mut files: Files = unpack(&bare.package(Selection::All, true));
    let at = files
        .iter()
        .position(|(name, _)| name == "key-history.json");
    files.insert(at.unwrap(), (NAME.into(), file(&[])));
    let report = both(&files, &bare.policy());
    assert!(
        report
            .verdict
            .integrity
            .to_string()
            .contains("does not list it"),
        "{report:?}"
    );
}

#[test]
fn whatever_is_in_the_file_nothing_panics() {
    let log = log();
    let files = unpack(&log.package(Selection::All, false));
    let good = file(&all());
    for place in 0..good.len() {
        for bad in [good[..place].to_vec(), {
            let mut bad = good.clone();
            bad[place] ^= 1 << (place % 8);
            bad
        }] {
            let files = with(files.clone(), NAME, bad, &log.checkpoint_key);
            let report = verify_package(pack(&files), &log.policy(), |_, _| {}).report;
            // Where it ends between two of them, that is one that may be missing.
            let whole = (0..=6).any(|count| place == file(&all()[..count]).len());
            assert!(
                report.verdict.integrity.is_failed() || whole,
                "{place}: {report:?}"
            );
        }
    }
}

#[test]
fn a25_large_ciphertexts_are_written_and_verified_in_bounded_memory() {
    let large = vec![7; (16 << 20) + 16];
    let mut log = Log::of(1, 4);
    for _ in 0..3 {
        seal(&mut log, &[&large], "s1");
    }
    let mut out = tempfile::tempfile().unwrap();
    let options = PackageOptions {
        selection: Selection::All,
        json_view: false,
        ciphertexts: true,
        timestamp: None,
        reports: None,
    };
    let (note, key) = (log.checkpoint(), &log.checkpoint_key);
    let written = allocation_counter::measure(|| {
        write_package(&mut out, &log, &note, &[], key, &options, |_, _| {}).unwrap();
    });
    // The log hands them over receipt by receipt.
    assert!(
        written.bytes_max < 20 << 20,
        "{} bytes at once",
        written.bytes_max
    );
    let verified = allocation_counter::measure(|| {
        let report = verify_package(&out, &log.policy(), |_, _| {}).report;
        assert!(report.verdict.integrity.is_verified(), "{report:?}");
    });
    assert!(
        verified.bytes_max < 2 << 20,
        "{} bytes at once",
        verified.bytes_max
    );
    // One byte more is not written, since nobody would read it.
    seal(&mut log, &[&[&large[..], &[7]].concat()], "s1");
    let refused = write(&log, Selection::All, true).unwrap_err().to_string();
    assert!(
        refused.contains("receipt 7 has 16777233 bytes"),
        "{refused}"
    );
}

#[test]
fn a_stored_ciphertext_that_its_receipt_does_not_name_is_not_exported() {
    for change in [0, 1, 2] {
        let mut log = log();
        let of = log.ciphertexts.get_mut(&6).unwrap();
        match change {
            0 => of[2][0] ^= 1,
            1 => of.swap(0, 2),
            _ => of.insert(1, of[0].clone()),
        }
        let refused = write(&log, Selection::All, true).unwrap_err();
        assert!(
            matches!(
                refused,
                ExportError::Ciphertext {
                    seq: 6,
                    place: 1 | 2
                }
            ),
            "{refused}"
        );
        write(&log, Selection::All, false).unwrap();
        // Where its receipt is not selected, it is nobody's concern.
        write(&log, Selection::Session("s2".into()), true).unwrap();
    }
}
