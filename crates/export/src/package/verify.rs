//! Verifying a package: receipts first, then everything that stands around them.

mod pass;

use super::beside::Beside;
use super::engine::Engine;
use super::{CHECKPOINT, FILES, MANIFEST, MAX_NOTE, PROOFS, TIMESTAMP, claims};
use crate::archive::{Archive, EntryReader, Limits, ReadAt};
use crate::{Manifest, Selection};
use ai_audit_core::{Digest, Status};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_timestamp::{TimestampResponse, TimestampToken};
use ai_audit_verify::{LogVerifier, Observer, Report, SelectionVerifier, TrustPolicy};
use sha2::{Digest as _, Sha256};
use std::io::{self, BufReader, Read};

/// The outcome of verifying a package.
#[derive(Debug, Clone)]
pub struct PackageReport {
    /// Verdict and counts.
    pub report: Report,
    /// What the package says of itself, where its manifest could be read.
    pub manifest: Option<Manifest>,
}

/// Verifies a package under a trust policy. `progress` is told the receipts gone through, and their
/// number as the manifest claims it.
///
/// Whatever is wrong with the package is in the report; it never stops with an error or panics.
pub fn verify_package<R: ReadAt>(
    package: R,
    policy: &TrustPolicy,
    mut progress: impl FnMut(u64, u64),
) -> PackageReport {
    observe_package(package, policy, &mut progress)
}

/// [`verify_package`], with somebody looking on. He sees no receipt as verified behind the first
/// thing that is wrong with the package, be it in a receipt or beside them.
pub fn observe_package<R: ReadAt>(
    package: R,
    policy: &TrustPolicy,
    observer: &mut dyn Observer,
) -> PackageReport {
    let archive = match Archive::open(package, Limits::default()) {
        Ok(archive) => archive,
        Err(error) => {
            let mut verifier = LogVerifier::new(policy);
            verifier.fail_integrity(format!("package: {error}"));
            return PackageReport {
                report: verifier.finish(),
                manifest: None,
            };
        }
    };
    let package = Package::new(&archive);
    package.verify(policy, observer)
}

/// A package whose container is sound.
struct Package<'a, R> {
    archive: &'a Archive<R>,
    note: Option<SignedNote>,
    manifest: Option<Manifest>,
    /// The first thing that is wrong around the receipts.
    wrong: Option<String>,
}

impl<'a, R: ReadAt> Package<'a, R> {
    fn new(archive: &'a Archive<R>) -> Self {
        let mut package = Self {
            archive,
            note: None,
            manifest: None,
            wrong: None,
        };
        if let Err(reason) = package.read_manifest().and_then(|()| package.check_files()) {
            package.wrong = Some(reason);
        }
        package
    }

    fn verify(self, policy: &TrustPolicy, observer: &mut dyn Observer) -> PackageReport {
        let partial = match &self.manifest {
            Some(manifest) => !manifest.selection.is_all(),
            None => self.archive.entry(PROOFS).is_some(),
        };
        let (mut engine, checkpoint, beside) = match self.engine(policy, partial) {
            Ok(engine) => engine,
            Err(reason) => {
                let mut verifier = LogVerifier::new(policy);
                verifier.fail_integrity(self.wrong.unwrap_or(reason));
                return PackageReport {
                    report: verifier.finish(),
                    manifest: self.manifest,
                };
            }
        };
        if let (Engine::Selection(verifier), Some(manifest)) = (&mut engine, &self.manifest)
            && let Selection::Range { from, to } = manifest.selection
        {
            verifier.spans(from..=to);
        }
        match self.receipts(&mut engine, checkpoint, beside, observer) {
            Ok(None) => {}
            Ok(Some(beside)) => engine.fail(beside),
            Err(reason) => engine.cut_off(reason),
        }
        let line = engine.key_line();
        let mut report = engine.finish();
        let wrong = self.wrong.or_else(|| match (&self.note, &self.manifest) {
            (Some(note), Some(manifest)) => {
                claims::around(note, manifest, line.as_ref(), &report, checkpoint)
            }
            _ => None,
        });
        if let Some(reason) = wrong {
            fail(&mut report, reason);
        }
        PackageReport {
            report,
            manifest: self.manifest,
        }
    }

    fn read_manifest(&mut self) -> Result<(), String> {
        if self.archive.entry(MANIFEST).is_none() {
            return Err("manifest.note is missing: the package is not signed".into());
        }
        let bytes = self.read(MANIFEST)?;
        let note = SignedNote::parse(&bytes).map_err(|error| format!("manifest.note: {error}"))?;
        let manifest = Manifest::parse(note.text()).map_err(|error| error.to_string())?;
        self.note = Some(note);
        self.manifest = Some(manifest);
        Ok(())
    }

    /// Every file listed and every listed file there, known, in order, with its digest.
    fn check_files(&self) -> Result<(), String> {
        let Some(manifest) = &self.manifest else {
            return Ok(());
        };
        let mut known = FILES.iter();
        for entry in self.archive.entries() {
            let name = entry.name();
            if known.by_ref().all(|(file, _)| *file != name) {
                return Err(format!("{name}: no package has this file in this place"));
            }
            if name != MANIFEST && manifest.file(name).is_none() {
                return Err(format!("{name}: the manifest does not list it"));
            }
        }
        for (name, required) in FILES {
            if required && self.archive.entry(name).is_none() {
                return Err(format!("{name} is missing"));
            }
        }
        if manifest.selection.is_all() == self.archive.entry(PROOFS).is_some() {
            return Err(format!(
                "{PROOFS}: a selection has inclusion proofs, a whole log has none"
            ));
        }
        for file in &manifest.files {
            let name = &file.name;
            if name == MANIFEST || self.archive.entry(name).is_none() {
                return Err(format!(
                    "{name}: the manifest lists it, and it is not in the package"
                ));
            }
            let found = self.digest(name)?;
            if found != (file.digest, file.size) {
                return Err(format!(
                    "{name}: its SHA-256 or size is not the one in the manifest"
                ));
            }
        }
        Ok(())
    }

    fn digest(&self, name: &str) -> Result<(Digest, u64), String> {
        let mut reader = self.open(name)?;
        let mut hasher = Sha256::new();
        let mut buf = [0; 1 << 13];
        let mut size = 0;
        loop {
            match reader.read(&mut buf) {
                Ok(0) => return Ok((Digest::from_bytes(hasher.finalize().into()), size)),
                Ok(len) => {
                    hasher.update(&buf[..len]);
                    size += len as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("{name}: {error}")),
            }
        }
    }

    /// The verifier for what the package holds, the size of its checkpoint, and what is wrong with the
    /// timestamp over it.
    fn engine<'p>(
        &self,
        policy: &'p TrustPolicy,
        partial: bool,
    ) -> Result<(Engine<'p>, u64, Beside), String> {
        let bytes = self.read(CHECKPOINT)?;
        let note = SignedNote::parse(&bytes).map_err(|error| format!("{CHECKPOINT}: {error}"))?;
        let checkpoint =
            Checkpoint::parse(note.text()).map_err(|error| format!("{CHECKPOINT}: {error}"))?;
        let size = checkpoint.size.as_u64();
        // What is wrong with it keeps nobody from going through the receipts.
        let mut beside = Beside::default();
        let timestamp = beside.good(self.timestamp(&note)).flatten();
        if partial {
            let mut verifier = SelectionVerifier::new(policy, note, checkpoint);
            timestamp
                .into_iter()
                .for_each(|token| verifier.evidence_timestamp(token));
            return Ok((Engine::Selection(Box::new(verifier)), size, beside));
        }
        let mut verifier = LogVerifier::new(policy);
        verifier
            .evidence_checkpoint(&bytes)
            .map_err(|error| format!("{CHECKPOINT}: {error}"))?;
        timestamp
            .into_iter()
            .for_each(|token| verifier.evidence_timestamp(token));
        Ok((Engine::Log(Box::new(verifier)), size, beside))
    }

    /// Reads the timestamp over the checkpoint, where there is one.
    fn timestamp(&self, note: &SignedNote) -> Result<Option<TimestampToken>, String> {
        if self.archive.entry(TIMESTAMP).is_none() {
            return Ok(None);
        }
        let bytes = self.read(TIMESTAMP)?;
        let token =
            TimestampResponse::token(&bytes).map_err(|error| format!("{TIMESTAMP}: {error}"))?;
        if !token.is_over(note.text().as_bytes()) {
            return Err(format!("{TIMESTAMP}: it is not over {CHECKPOINT}"));
        }
        Ok(Some(token))
    }

    fn open(&self, name: &str) -> Result<BufReader<EntryReader<'a, R>>, String> {
        let reader = self
            .archive
            .reader(name)
            .map_err(|error| error.to_string())?;
        Ok(BufReader::with_capacity(1 << 16, reader))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        self.archive
            .read_to_vec(name, MAX_NOTE)
            .map_err(|error| error.to_string())
    }
}

/// Puts a failure around the receipts into a report. A failure of the receipts themselves is the
/// better answer and stays.
fn fail(report: &mut Report, reason: String) {
    if report.verdict.integrity.is_failed() {
        report.remarks.push(reason);
    } else {
        report.verdict.integrity = Status::failed(reason);
        if report.verdict.completeness.is_verified() {
            let why = "integrity failed, so completeness cannot be told";
            report.verdict.completeness = Status::unverified(why);
            report.complete_to = None;
        }
        if report.verdict.time.is_verified() {
            report.verdict.time = Status::unverified("integrity failed, so times cannot be told");
        }
    }
}
