//! The files of an evidence package of the Python library, held against each other.

mod manifest;
mod metadata;

use ai_audit_core::{Digest, VerifyingKey};
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use crate::finding::{Fails, FindingClass};
use crate::report::PythonReport;
use crate::{EvidenceVerifier, SourceTrust};
use manifest::Manifest;
use metadata::Metadata;

/// The receipts, one JSON object a line.
pub const PYTHON_RECEIPTS: &str = "receipts.jsonl";
/// What the package says of itself.
pub const PYTHON_METADATA: &str = "chain_metadata.json";
/// The key by which it was made, as it says.
pub const PYTHON_KEY: &str = "public_key.hex";
/// A script that is never run.
pub const PYTHON_SCRIPT: &str = "verify.py";
/// The signed checksums of the others.
pub const PYTHON_MANIFEST: &str = "manifest.json";
/// The files of a package, in the order in which the library writes them.
pub const PYTHON_FILES: [&str; 5] = [
    PYTHON_RECEIPTS,
    PYTHON_METADATA,
    PYTHON_KEY,
    PYTHON_SCRIPT,
    PYTHON_MANIFEST,
];
/// Longest of the files that are read into memory, in bytes: 1 MiB.
pub const MAX_PYTHON_FILE: u64 = 1 << 20;

/// The contents of the files that are not the receipts; `None` where one could not be read, which the
/// caller tells with [`PackageVerifier::malformed`].
#[derive(Debug, Clone, Copy, Default)]
pub struct PackageFiles<'a> {
    /// `chain_metadata.json`.
    pub metadata: Option<&'a [u8]>,
    /// `public_key.hex`.
    pub key: Option<&'a [u8]>,
    /// `verify.py`.
    pub script: Option<&'a [u8]>,
    /// `manifest.json`.
    pub manifest: Option<&'a [u8]>,
}

/// Verifies a package: its receipts as [`EvidenceVerifier`] does, and the files around them.
///
/// The container is not its matter: the caller read the files out of it.
#[derive(Debug)]
pub struct PackageVerifier<'t> {
    verifier: EvidenceVerifier<'t>,
    manifest: Option<Manifest>,
    metadata: Option<Metadata>,
    inside: Option<VerifyingKey>,
}

impl<'t> PackageVerifier<'t> {
    /// Reads the files around the receipts. What is wrong with them is told in the report.
    #[must_use]
    pub fn new(trust: &'t SourceTrust, files: &PackageFiles<'_>) -> Self {
        let key = files.key.map(read_key);
        let inside = key.as_ref().and_then(|key| key.as_ref().ok()).copied();
        let mut package = Self {
            verifier: EvidenceVerifier::with_key(trust, inside),
            manifest: None,
            metadata: None,
            inside,
        };
        package.readable(PYTHON_KEY, key);
        package.manifest = package.readable(PYTHON_MANIFEST, files.manifest.map(Manifest::read));
        package.metadata = package.readable(PYTHON_METADATA, files.metadata.map(Metadata::read));
        package.verifier.metadata = package.claimed();
        for (name, contents) in [
            (PYTHON_METADATA, files.metadata),
            (PYTHON_KEY, files.key),
            (PYTHON_SCRIPT, files.script),
        ] {
            if let Some(contents) = contents {
                package.hold(name, Digest::of(contents));
            }
        }
        package
    }

    /// The report of a package whose container could not be read.
    #[must_use]
    pub fn unreadable(trust: &'t SourceTrust, reason: String) -> PythonReport {
        let mut package = Self::new(trust, &PackageFiles::default());
        package.malformed(reason);
        package.verifier.unreadable = true;
        package.verifier.finish()
    }

    /// How many receipts the package says that it has; not yet held against anything.
    #[must_use]
    pub fn claimed(&self) -> Option<u64> {
        self.metadata.as_ref().map(|metadata| metadata.total)
    }

    /// Takes a line of `receipts.jsonl`, from 1.
    pub fn push_line(&mut self, line: u64, text: &str) {
        self.verifier.push_line(line, text);
    }

    /// Notes that a line could not be read as a record, and why.
    pub fn push_unread(&mut self, line: u64, reason: impl fmt::Display) {
        self.verifier.push_unread(line, reason);
    }

    /// Notes that something about the package as a whole, or a file of it, is not as the library writes
    /// it.
    pub fn malformed(&mut self, reason: String) {
        let findings = &mut self.verifier.findings;
        findings.add(FindingClass::Malformed, Fails::Integrity, reason);
    }

    /// Gives the report. `receipts` is the SHA-256 of `receipts.jsonl`; `None` where it could not be
    /// read to its end.
    #[must_use]
    pub fn finish(mut self, receipts: Option<Digest>) -> PythonReport {
        if let Some(digest) = receipts {
            self.hold(PYTHON_RECEIPTS, digest);
        }
        if let Some(manifest) = self.manifest.take() {
            self.judge(&manifest);
        }
        let (metadata, inside) = (self.metadata, self.inside);
        self.verifier.finish_with(|verifier| {
            if let Some(metadata) = metadata {
                metadata.hold(verifier, inside.as_ref());
            }
        })
    }

    fn readable<T>(&mut self, name: &str, read: Option<Result<T, String>>) -> Option<T> {
        match read? {
            Ok(read) => Some(read),
            Err(reason) => {
                self.malformed(format!("{name}: {reason}"));
                None
            }
        }
    }

    fn forged(&mut self, reason: String) {
        let findings = &mut self.verifier.findings;
        let reason = format!("{PYTHON_MANIFEST}: {reason}");
        findings.add(FindingClass::ForgedManifest, Fails::Both, reason);
    }

    /// Holds a file's digest against the manifest's.
    fn hold(&mut self, name: &str, found: Digest) {
        let Some(manifest) = &self.manifest else {
            return;
        };
        let reason = match manifest.checksum(name) {
            None => format!("it does not cover {name}"),
            // As text: the library writes lower case, and anything else is somebody's change.
            Some(listed) if listed == found.to_string() => return,
            Some(_) => format!("the checksum of {name} is not that of the file"),
        };
        self.forged(reason);
    }

    /// Whose manifest it is, and whether it covers what it should.
    fn judge(&mut self, manifest: &Manifest) {
        for name in manifest.others() {
            self.forged(format!("it covers {name}, which is no file of a package"));
        }
        let fingerprint = self.inside.map(|key| fingerprint(&key));
        if fingerprint.is_some() && manifest.fingerprint != fingerprint {
            self.forged(format!("key_fingerprint is not that of {PYTHON_KEY}"));
        }
        let signature = match &manifest.signature {
            Ok(signature) => signature,
            Err(reason) => return self.forged((*reason).into()),
        };
        let keys = self.verifier.keys();
        match keys.verify(&manifest.signed, signature) {
            None if keys.is_empty() => {}
            None => self.forged("its signature holds under no key that is known".into()),
            Some(key) => {
                self.verifier.manifest_key = Some(key);
                let trust = self.verifier.trust();
                if trust.keys.is_empty() || trust.pins(&key) {
                    if self.inside.is_some_and(|inside| inside != key) {
                        self.verifier.remarks.push(format!(
                            "{PYTHON_MANIFEST} is signed by {key}, which is pinned; {PYTHON_KEY} has another key"
                        ));
                    }
                    return;
                }
                let reason = format!(
                    "its signature holds under {key}, the key in the package, which is not pinned"
                );
                if self.verifier.saw_pinned() {
                    return self.forged(reason);
                }
                let reason = format!("{PYTHON_MANIFEST}: {reason}");
                let findings = &mut self.verifier.findings;
                findings.add(FindingClass::WrongKey, Fails::Attribution, reason);
            }
        }
    }
}

/// What the library calls a key's fingerprint: its first 16 digits.
fn fingerprint(key: &VerifyingKey) -> String {
    let mut digits = key.to_string();
    digits.truncate(16);
    digits
}

/// The key in `public_key.hex`.
fn read_key(contents: &[u8]) -> Result<VerifyingKey, String> {
    let text = core::str::from_utf8(contents).map_err(|_| "expected UTF-8 text".to_string())?;
    let digits: Digest = text
        .trim_ascii()
        .parse()
        .map_err(|error| format!("expected a key in hexadecimal: {error}"))?;
    // As a pinned one: it stands for one where nothing is pinned.
    VerifyingKey::from_pinned_bytes(digits.as_bytes()).map_err(|error| error.to_string())
}
