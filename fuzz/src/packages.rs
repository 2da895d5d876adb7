//! Archives, evidence packages and published logs.

use crate::edits::{Edit, edit, place};
use crate::made::{Log, Says};
use ai_audit_core::{Digest, Exit, Question, SigningKey};
use ai_audit_export::archive::{Archive, ArchiveWriter, Limits, Method};
use ai_audit_export::tiles::{
    MemoryFiles, PublishOptions, PublishedLog, TileName, publish, verify_tiles,
};
use ai_audit_export::{Manifest, ManifestFile, Selection, is_python_package, verify_package};
use ai_audit_note::SignedNote;
use ai_audit_verify::{Report, TrustPolicy};
use arbitrary::Arbitrary;
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::sync::LazyLock;

type Files = Vec<(String, Vec<u8>)>;

/// Longest contents that are looked at.
const MOST: u64 = 4 << 20;

static LOG: LazyLock<Log> = LazyLock::new(|| Log::of(1, 9));
static POLICY: LazyLock<TrustPolicy> = LazyLock::new(|| LOG.policy());

fn limits() -> Limits {
    Limits {
        max_total_size: MOST,
        ..Limits::default()
    }
}

/// Any bytes as an archive: what our reader takes another one reads to the same files.
pub fn archive(data: &[u8]) {
    let _ = is_python_package(data);
    let Ok(archive) = Archive::open(data, limits()) else {
        return;
    };
    let mut other = zip::ZipArchive::new(Cursor::new(data)).expect("another reader opens it");
    assert_eq!(other.len(), archive.entries().len());
    let mut files = Files::new();
    for (place, entry) in archive.entries().iter().enumerate() {
        let ours = archive.read_to_vec(entry.name(), MOST);
        let mut theirs = Vec::new();
        let mut file = other.by_index(place).expect("another reader finds it");
        assert_eq!(file.name().expect("it has a name"), entry.name());
        assert_eq!(file.size(), entry.size());
        let read = file.read_to_end(&mut theirs);
        if let Ok(ours) = ours {
            read.expect("another reader reads it");
            assert_eq!(ours, theirs);
            files.push((entry.name().into(), ours));
        }
    }
    if files.len() == archive.entries().len() {
        // Written anew it is read to the same, and writing is a function of the files.
        let packed = pack(&files);
        assert_eq!(unpack(&packed), Some(files.clone()));
        assert_eq!(pack(&files), packed);
    }
}

/// Any bytes as a package.
pub fn package(data: &[u8]) {
    let report = verify_package(data, &POLICY, |_, _| {}).report;
    judge(&report, data);
}

/// What passes for verified has the files of a genuine package.
fn judge(report: &Report, package: &[u8]) {
    let verdict = &report.verdict;
    if verdict.integrity.is_verified() && verdict.attribution.is_verified() {
        let files = unpack(package).expect("it was read");
        assert!(genuine().iter().any(|known| *known == files), "{report:?}");
    } else {
        assert_ne!(report.exit(&Question::DEFAULT), Exit::Verified);
    }
}

fn genuine() -> &'static [Files] {
    static GENUINE: LazyLock<Vec<Files>> = LazyLock::new(|| {
        package_seeds()
            .iter()
            .filter_map(|package| unpack(package))
            .collect()
    });
    &GENUINE
}

/// A genuine package taken apart, changed, and put together again.
#[derive(Arbitrary, Debug)]
pub struct PackageCase {
    which: u8,
    changes: Vec<(u8, FileChange)>,
    manifest: NewManifest,
    /// Changes of the archive itself.
    outside: Vec<Edit>,
}

#[derive(Arbitrary, Debug)]
enum FileChange {
    Edit(Vec<Edit>),
    Gone,
    /// The contents of another one of the genuine packages.
    Exchanged(u8),
    Renamed(u8),
}

#[derive(Arbitrary, Debug)]
enum NewManifest {
    Old,
    /// Made to fit, and signed by a stranger.
    Strangers,
    /// Made to fit, and signed by the log: what it says of its receipts still has to hold.
    Own,
}

pub fn package_edited(case: PackageCase) {
    let known = genuine();
    let mut files = known[usize::from(case.which) % known.len()].clone();
    for (file, change) in case.changes.iter().take(4) {
        let at = usize::from(*file) % files.len().max(1);
        let Some((name, contents)) = files.get_mut(at) else {
            break;
        };
        match change {
            FileChange::Edit(edits) => edit(contents, edits),
            FileChange::Gone => drop(files.remove(at)),
            FileChange::Exchanged(with) => {
                let other = &known[usize::from(*with) % known.len()];
                if let Some((_, other)) = other.iter().find(|(other, _)| other == name) {
                    contents.clone_from(other);
                }
            }
            FileChange::Renamed(to) => {
                let other = &known[0][usize::from(*to) % known[0].len()].0;
                name.clone_from(other);
            }
        }
    }
    let signed = match case.manifest {
        NewManifest::Old => None,
        NewManifest::Strangers => Some(Log::stranger()),
        NewManifest::Own => Some(own()),
    };
    let by_log = matches!(case.manifest, NewManifest::Own);
    if let Some(key) = signed {
        remanifest(&mut files, &key);
    }
    let Some(mut package) = try_pack(&files) else {
        return;
    };
    edit(&mut package, &case.outside);
    let report = verify_package(&package, &POLICY, |_, _| {}).report;
    if !by_log {
        return judge(&report, &package);
    }
    // The log vouches for the container: receipts and checkpoints still have to be the genuine ones.
    let verdict = &report.verdict;
    if verdict.integrity.is_verified() && verdict.attribution.is_verified() {
        let files = unpack(&package).expect("it was read");
        for name in [
            "receipts.bin",
            "receipts.jsonl",
            "checkpoint.note",
            "key-history.json",
        ] {
            let contents = |files: &Files| files.iter().find(|file| file.0 == name).cloned();
            let found = contents(&files);
            let same = known.iter().any(|known| contents(known) == found);
            assert!(same || found.is_none(), "{name}: {report:?}");
        }
    }
}

fn own() -> SigningKey {
    let [_, checkpoint, _] = Log::keys(1);
    checkpoint
}

/// Makes the manifest fit its files.
fn remanifest(files: &mut Files, key: &SigningKey) {
    const NAME: &str = "manifest.note";
    let sum = |(name, contents): &(String, Vec<u8>)| ManifestFile {
        digest: Digest::of(contents),
        size: contents.len() as u64,
        name: name.clone(),
    };
    let listed = files
        .iter()
        .filter(|(name, _)| name != NAME)
        .map(sum)
        .collect();
    let Some((_, contents)) = files.iter_mut().find(|(name, _)| name == NAME) else {
        return;
    };
    let Ok(note) = SignedNote::parse(contents) else {
        return;
    };
    let Ok(mut manifest) = Manifest::parse(note.text()) else {
        return;
    };
    manifest.files = listed;
    if let Ok(note) = SignedNote::sign(&manifest.to_string(), &manifest.origin, key) {
        *contents = note.to_string().into_bytes();
    }
}

fn unpack(package: &[u8]) -> Option<Files> {
    let archive = Archive::open(package, Limits::default()).ok()?;
    let read = |name: &str| Some((name.into(), archive.read_to_vec(name, MOST).ok()?));
    archive
        .entries()
        .iter()
        .map(|entry| read(entry.name()))
        .collect()
}

fn pack(files: &Files) -> Vec<u8> {
    try_pack(files).expect("files that were in an archive can be in one")
}

fn try_pack(files: &Files) -> Option<Vec<u8>> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).ok()?;
    for (name, contents) in files {
        let mut file = writer.start_file(name, Method::Stored).ok()?;
        file.write_all(contents).ok()?;
        file.finish().ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}

/// A published log: how long, and what was done to its files.
#[derive(Arbitrary, Debug)]
pub struct TilesCase {
    hashes_only: bool,
    long: bool,
    older: Option<u8>,
    changes: Vec<(u8, TileChange)>,
    names: Vec<String>,
}

#[derive(Arbitrary, Debug)]
enum TileChange {
    Edit(Vec<Edit>),
    Gone,
    /// The contents of another file.
    Copied(u8),
    Under(String),
}

/// Two histories of a log with one, of 9 and of 260 receipts.
static LOGS: LazyLock<[(Log, TrustPolicy, [MemoryFiles; 2]); 2]> = LazyLock::new(|| {
    let mut long = Log::of(1, 9);
    for _ in 9..260_u64 {
        let says = ai_audit_core::Start {
            software: "x".into(),
            size: 1,
            clean: true,
        };
        long.seal(&says, "");
    }
    [Log::of(1, 9), long].map(|log| {
        let policy = log.policy();
        let files = [false, true].map(|hashes_only| published(&log, log.size(), hashes_only));
        (log, policy, files)
    })
});

fn published(log: &Log, size: u64, hashes_only: bool) -> MemoryFiles {
    let mut files = MemoryFiles::new();
    let (note, line) = (log.checkpoint_at(size), log.key_line());
    let options = PublishOptions { hashes_only };
    publish(log, &note, &line, &mut files, options, |_, _| {}).expect("a genuine log is published");
    files
}

pub fn tiles(case: TilesCase) {
    for name in &case.names {
        if let Some(tile) = TileName::parse(name) {
            assert_eq!(tile.to_string(), *name);
        }
    }
    let (log, policy, files) = &LOGS[usize::from(case.long && case.changes.len() < 3)];
    let genuine = &files[usize::from(case.hashes_only)];
    let mut files = genuine.clone();
    if let Some(size) = case.older {
        let size = 2 + u64::from(size) % (log.size() - 1);
        files = published(log, size, case.hashes_only);
    }
    for (at, change) in case.changes.iter().take(4) {
        let names: Vec<String> = files.files().keys().cloned().collect();
        let Some(name) = names.get(place(u32::from(*at), names.len())).cloned() else {
            break;
        };
        let map: &mut BTreeMap<String, Vec<u8>> = files.files_mut();
        match change {
            TileChange::Edit(edits) => edit(map.entry(name).or_default(), edits),
            TileChange::Gone => drop(map.remove(&name)),
            TileChange::Copied(from) => {
                let from = &names[usize::from(*from) % names.len()];
                let contents = map.get(from).cloned().unwrap_or_default();
                map.insert(name, contents);
            }
            TileChange::Under(other) => {
                let contents = map.remove(&name).unwrap_or_default();
                map.insert(other.chars().take(40).collect(), contents);
            }
        }
    }
    let _ = PublishedLog::open(&files).map(|log| log.checkpoint().size);
    let report = verify_tiles(&files, policy, |_, _| {});
    let exit = report.exit(&Question::DEFAULT);
    let verdict = &report.verdict;
    if files.files() == genuine.files() && !case.hashes_only {
        assert_eq!(exit, Exit::Verified, "{report:?}");
    } else if verdict.completeness.is_verified() && verdict.integrity.is_verified() {
        // What the verifier reads is the genuine: a file more, or under no tile's name, may be there.
        for (name, contents) in genuine.files() {
            assert_eq!(
                files.files().get(name),
                Some(contents),
                "{name}: {report:?}"
            );
        }
        assert!(!case.hashes_only);
    } else {
        assert_ne!(exit, Exit::Verified);
    }
}

/// Seeds: packages of a log, whole and in part.
pub fn package_seeds() -> Vec<Vec<u8>> {
    let said = |model: &str| Says::Decision {
        model: model.into(),
        text: None,
        score: None,
        session: 1,
        action: 0,
    };
    let says = [
        said("a"),
        said("b"),
        Says::Epoch,
        said("c"),
        Says::Deletion { epoch: 0 },
    ];
    let mut deleted = Log::new(1, &says);
    let before = deleted.package(Selection::All, true);
    deleted.gone = true;
    [
        LOG.package(Selection::All, true),
        LOG.package(Selection::All, false),
        LOG.package(Selection::Session("s1".into()), true),
        LOG.package(Selection::Range { from: 3, to: 5 }, true),
        Log::new(
            1,
            &[Says::Start {
                size: 2,
                clean: false,
            }],
        )
        .package(Selection::All, true),
        before,
        deleted.package(Selection::All, true),
    ]
    .to_vec()
}

/// Seeds: those, and small archives.
pub fn archive_seeds() -> Vec<Vec<u8>> {
    let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    let mut seeds = vec![
        pack(&vec![]),
        pack(&vec![file("a", "")]),
        pack(&vec![
            file("a/b.txt", "text text text text"),
            file("c", "x"),
        ]),
    ];
    seeds.extend(package_seeds());
    seeds
}
