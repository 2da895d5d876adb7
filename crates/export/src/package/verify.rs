//! Verifying a package: receipts first, then everything that stands around them.

mod pass;

use super::beside::Beside;
use super::engine::Engine;
use super::reports::Stated;
use super::{
    CHECKPOINT, FILES, MANIFEST, MAX_NOTE, PROOFS, REPORT_NOTE, TIMESTAMP, claims, hashes,
};
use crate::archive::{Archive, EntryReader, Limits, ReadAt};
use crate::digest::digest;
use crate::{Manifest, Selection};
use ai_audit_core::Status;
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_timestamp::{TimestampResponse, TimestampToken};
use ai_audit_verify::{Depth, LogVerifier, Observer, Report, SelectionVerifier, TrustPolicy};
use std::io::BufReader;

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
    /// The statement of the reports in it, where it has any.
    stated: Option<Stated>,
    /// The first thing that is wrong around the receipts.
    wrong: Option<String>,
}

impl<'a, R: ReadAt> Package<'a, R> {
    fn new(archive: &'a Archive<R>) -> Self {
        let mut package = Self {
            archive,
            note: None,
            manifest: None,
            stated: None,
            wrong: None,
        };
        let read = package.read_manifest();
        let read = read.and_then(|()| package.check_files());
        if let Err(reason) = read.and_then(|()| package.read_statement()) {
            package.wrong = Some(reason);
        }
        package
    }

    fn verify(self, policy: &TrustPolicy, observer: &mut dyn Observer) -> PackageReport {
        let partial = match &self.manifest {
            Some(manifest) => !manifest.selection.is_all(),
            None => self.archive.entry(PROOFS).is_some(),
        };
        if policy.asked_depth() == Depth::Tree && !partial {
            return self.verify_hashes(policy, observer);
        }
        let (mut engine, checkpoint, beside) = match self.engine(policy, partial) {
            Ok(engine) => engine,
            Err(reason) => return self.unread(policy, reason),
        };
        if let (Engine::Selection(verifier), Some(manifest)) = (&mut engine, &self.manifest)
            && let Selection::Range { from, to } = manifest.selection
        {
            verifier.spans(from..=to);
        }
        let size = checkpoint.size.as_u64();
        match self.receipts(&mut engine, policy, size, beside, observer) {
            Ok(None) => {}
            Ok(Some(beside)) => engine.fail(beside),
            Err(reason) => engine.cut_off(reason),
        }
        let line = engine.key_line();
        let mut report = engine.finish();
        let wrong = self.wrong.or_else(|| match (&self.note, &self.manifest) {
            (Some(note), Some(manifest)) => {
                claims::around(note, manifest, line.as_ref(), &report, size)
            }
            _ => None,
        });
        let wrong = wrong.or_else(|| {
            let stated = self.stated.as_ref()?;
            stated.around(line.as_ref(), &checkpoint, report.log_id)
        });
        match (wrong, &self.stated) {
            (Some(reason), _) => fail(&mut report, reason),
            (None, Some(stated)) => report.remarks.push(stated.remark()),
            (None, None) => {}
        }
        PackageReport {
            report,
            manifest: self.manifest,
        }
    }

    /// Looks at hashes alone.
    fn verify_hashes(self, policy: &TrustPolicy, observer: &mut dyn Observer) -> PackageReport {
        let (note, manifest) = (self.note.as_ref(), self.manifest.as_ref());
        let wrong = self.wrong.clone();
        match hashes::verify(self.archive, policy, note, manifest, wrong, observer) {
            Ok(report) => PackageReport {
                report,
                manifest: self.manifest,
            },
            Err(reason) => self.unread(policy, reason),
        }
    }

    /// The report where the receipts cannot be gone through.
    fn unread(self, policy: &TrustPolicy, reason: String) -> PackageReport {
        let mut verifier = LogVerifier::new(policy);
        verifier.fail_integrity(self.wrong.unwrap_or(reason));
        PackageReport {
            report: verifier.finish(),
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
            let found = digest(self.open(name)?).map_err(|error| format!("{name}: {error}"))?;
            if found != (file.digest, file.size) {
                return Err(format!(
                    "{name}: its SHA-256 or size is not the one in the manifest"
                ));
            }
        }
        let here = self.archive.entries().iter().map(|entry| entry.name());
        let listed = manifest.files.iter().map(|file| file.name.as_str());
        // The archive ends with the manifest, which does not list itself.
        if let Some((name, here)) = listed.zip(here).find(|(listed, here)| listed != here) {
            return Err(format!(
                "{MANIFEST}: it lists {name} where the archive has {here}; expected the order of the archive"
            ));
        }
        Ok(())
    }

    fn read_statement(&mut self) -> Result<(), String> {
        let note = match self.archive.entry(REPORT_NOTE) {
            Some(_) => Some(self.read(REPORT_NOTE)?),
            None => None,
        };
        if let Some(manifest) = &self.manifest {
            self.stated = Stated::read(note.as_deref(), manifest)?;
        }
        Ok(())
    }

    /// The verifier for what the package holds, its checkpoint, and what is wrong with the timestamp
    /// over it.
    fn engine<'p>(
        &self,
        policy: &'p TrustPolicy,
        partial: bool,
    ) -> Result<(Engine<'p>, Checkpoint, Beside), String> {
        let bytes = self.read(CHECKPOINT)?;
        let note = SignedNote::parse(&bytes).map_err(|error| format!("{CHECKPOINT}: {error}"))?;
        let checkpoint =
            Checkpoint::parse(note.text()).map_err(|error| format!("{CHECKPOINT}: {error}"))?;
        // What is wrong with it keeps nobody from going through the receipts.
        let mut beside = Beside::default();
        let timestamp = beside.good(self.timestamp(&note)).flatten();
        if partial {
            let mut verifier = SelectionVerifier::new(policy, note, checkpoint.clone());
            timestamp
                .into_iter()
                .for_each(|token| verifier.evidence_timestamp(token));
            return Ok((Engine::Selection(Box::new(verifier)), checkpoint, beside));
        }
        let mut verifier = LogVerifier::new(policy);
        verifier
            .evidence_checkpoint(&bytes)
            .map_err(|error| format!("{CHECKPOINT}: {error}"))?;
        timestamp
            .into_iter()
            .for_each(|token| verifier.evidence_timestamp(token));
        Ok((Engine::Log(Box::new(verifier)), checkpoint, beside))
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
pub(super) fn fail(report: &mut Report, reason: String) {
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
