//! Evidence packages and files of the Python library: read out of their containers and verified.
//!
//! What their contents have to be is `ai-audit-import`'s matter.

mod records;

use crate::archive::{Archive, ArchiveError, Limits, Profile, ReadAt, peek_names};
use crate::digest::digest;
use crate::package::{MANIFEST, RECEIPTS};
use ai_audit_core::Digest;
use ai_audit_import::{
    MAX_PYTHON_FILE, PYTHON_FILES, PYTHON_KEY, PYTHON_MANIFEST, PYTHON_METADATA, PYTHON_RECEIPTS,
    PYTHON_SCRIPT, PackageFiles, PackageVerifier, PythonReport, RecordSplitter, SourceTrust, Split,
};
use std::io;

pub use records::{Sequential, split_records, verify_python_records};

/// Whether a ZIP archive is a package of the Python library, be it sound or not, rather than one of
/// ours. One that has files which only ours have is ours.
///
/// It decides how to read the file, not whether it is a good one.
///
/// ```
/// use ai_audit_export::is_python_package;
/// // Where the directory is missing, the first file's name decides.
/// let mut start = b"PK\x03\x04".to_vec();
/// start.extend([0; 22]);
/// start.extend([14, 0, 0, 0]);
/// start.extend(b"receipts.jsonl");
/// assert!(is_python_package(&start));
/// assert!(!is_python_package(&b"PK\x03\x04"[..]));
/// ```
#[must_use]
pub fn is_python_package<R: ReadAt + ?Sized>(source: &R) -> bool {
    let names = peek_names(source);
    let has = |wanted: &[&str]| {
        let wanted = |name: &Vec<u8>| wanted.iter().any(|wanted| name == wanted.as_bytes());
        names.iter().any(wanted)
    };
    !has(&[RECEIPTS, MANIFEST])
        && (has(&[PYTHON_METADATA, PYTHON_KEY, PYTHON_MANIFEST])
            || names
                .first()
                .is_some_and(|name| name == PYTHON_RECEIPTS.as_bytes()))
}

/// A package of the Python library whose container is sound.
///
/// Its files can be read any number of times; nothing of them is judged here.
///
/// ```no_run
/// use ai_audit_export::PythonPackage;
///
/// let package = PythonPackage::open(std::fs::File::open("audit.zip")?)?;
/// let manifest = package.file("manifest.json")?;
/// let (digest, size) = package.container()?;
/// package.lines(&mut |line, record| println!("{line}: {record:?}"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PythonPackage<R> {
    archive: Archive<R>,
}

impl<R: ReadAt> PythonPackage<R> {
    /// Checks the container as `docs/spec/package-archive.md` says under "As Python writes it"; one in
    /// our own form is one that was made again from an import.
    ///
    /// # Errors
    ///
    /// As [`Archive::open_as`]. Files that are missing or too many are found later.
    pub fn open(source: R) -> Result<Self, ArchiveError> {
        let profile = match Archive::open(&source, Limits::default()) {
            Ok(_) => Profile::Own,
            Err(_) => Profile::Python,
        };
        let archive = Archive::open_as(source, Limits::default(), profile)?;
        Ok(Self { archive })
    }

    /// The contents of one of the files other than the receipts, which has 1 MiB at most.
    ///
    /// # Errors
    ///
    /// As [`Archive::read_to_vec`].
    pub fn file(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        self.archive.read_to_vec(name, MAX_PYTHON_FILE)
    }

    /// The names of all files, in the order of the archive.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.archive.entries().iter().map(|entry| entry.name())
    }

    /// Goes through the lines of `receipts.jsonl` that are not blank, in their order and counted from 1;
    /// gives the SHA-256 of the file. Any number of times.
    ///
    /// # Errors
    ///
    /// As [`Archive::reader`]; lines that came before were given to `each`.
    pub fn lines(&self, each: &mut dyn FnMut(u64, Split<'_>)) -> Result<Digest, ArchiveError> {
        let reader = self.archive.reader(PYTHON_RECEIPTS)?;
        let (digest, _) = records::split(reader, RecordSplitter::lines(), each)?;
        Ok(digest)
    }

    /// SHA-256 and size of the archive itself.
    ///
    /// # Errors
    ///
    /// The source's own.
    pub fn container(&self) -> io::Result<(Digest, u64)> {
        digest(Sequential::new(self.archive.source()))
    }
}

/// Verifies a package of the Python library under what is trusted of it. `progress` is told the
/// receipts gone through, and their number as the package claims it.
///
/// Whatever is wrong with the package is in the report; it never stops with an error or panics.
///
/// ```
/// use ai_audit_export::verify_python_package;
/// use ai_audit_import::{FindingClass, SourceTrust};
///
/// let report = verify_python_package(&b"no archive"[..], &SourceTrust::default(), |_, _| {});
/// assert!(report.verdict.integrity.is_failed());
/// assert_eq!(report.findings[0].class, FindingClass::Malformed);
/// ```
pub fn verify_python_package<R: ReadAt>(
    source: R,
    trust: &SourceTrust,
    mut progress: impl FnMut(u64, u64),
) -> PythonReport {
    let package = match PythonPackage::open(source) {
        Ok(package) => package,
        Err(error) => {
            return PackageVerifier::unreadable(trust, format!("package: {error}"));
        }
    };
    let mut wrong = Vec::new();
    for name in package.names().filter(|name| !PYTHON_FILES.contains(name)) {
        wrong.push(format!(
            "{name}: the library writes no such file into a package"
        ));
    }
    let mut read = |name| match package.file(name) {
        Ok(contents) => Some(contents),
        Err(error) => {
            wrong.push(format!("package: {error}"));
            None
        }
    };
    let [metadata, key, script, manifest] =
        [PYTHON_METADATA, PYTHON_KEY, PYTHON_SCRIPT, PYTHON_MANIFEST].map(&mut read);
    let files = PackageFiles {
        metadata: metadata.as_deref(),
        key: key.as_deref(),
        script: script.as_deref(),
        manifest: manifest.as_deref(),
    };
    let mut verifier = PackageVerifier::new(trust, &files);
    for reason in wrong {
        verifier.malformed(reason);
    }
    let claimed = verifier.claimed().unwrap_or(0);
    let mut gone_through = 0;
    let digest = package.lines(&mut |line, record| {
        match record {
            Ok(text) => verifier.push_line(line, text),
            Err(error) => verifier.push_unread(line, error),
        }
        gone_through += 1;
        progress(gone_through, claimed);
    });
    match digest {
        Ok(digest) => verifier.finish(Some(digest)),
        Err(error) => {
            verifier.malformed(format!("package: {error}"));
            verifier.finish(None)
        }
    }
}
