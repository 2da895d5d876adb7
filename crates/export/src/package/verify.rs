//! Verifying a package: receipts first, then everything that stands around them.

use super::beside::Beside;
use super::ciphertexts;
use super::claims::Coverage;
use super::engine::Engine;
use super::older::{OlderReader, evidence, feed};
use super::proofs::ProofsReader;
use super::{
    CHECKPOINT, CIPHERTEXTS, FILES, KEYS, MANIFEST, MAX_NOTE, OLDER, PROOFS, RECEIPTS, TIMESTAMP,
    VIEW, claims,
};
use crate::Selection;
use crate::archive::{Archive, EntryReader, Limits, ReadAt};
use crate::package::key_history::KeyHistory;
use crate::{Manifest, ReceiptsReader, deleted_view, json_view};
use ai_audit_core::{Digest, MAX_SEALED_LEN, Next, ReceiptSource, Status, UnverifiedReceipt};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_timestamp::{TimestampResponse, TimestampToken};
use ai_audit_verify::{LogVerifier, Report, SelectionVerifier, TrustPolicy};
use sha2::{Digest as _, Sha256};
use std::fmt;
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
    progress: impl FnMut(u64, u64),
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
    package.verify(policy, progress)
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

    fn verify(self, policy: &TrustPolicy, progress: impl FnMut(u64, u64)) -> PackageReport {
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
        match self.receipts(&mut engine, checkpoint, progress) {
            Ok(None) => {}
            Ok(Some(beside)) => engine.fail(beside),
            Err(reason) => engine.cut_off(reason),
        }
        if let Some(beside) = beside {
            engine.fail(beside);
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
    ) -> Result<(Engine<'p>, u64, Option<String>), String> {
        let bytes = self.read(CHECKPOINT)?;
        let note = SignedNote::parse(&bytes).map_err(|error| format!("{CHECKPOINT}: {error}"))?;
        let checkpoint =
            Checkpoint::parse(note.text()).map_err(|error| format!("{CHECKPOINT}: {error}"))?;
        let size = checkpoint.size.as_u64();
        // What is wrong with it keeps nobody from going through the receipts.
        let (timestamp, wrong) = match self.timestamp(&note) {
            Ok(timestamp) => (timestamp, None),
            Err(reason) => (None, Some(reason)),
        };
        if partial {
            let mut verifier = SelectionVerifier::new(policy, note, checkpoint);
            timestamp
                .into_iter()
                .for_each(|token| verifier.evidence_timestamp(token));
            return Ok((Engine::Selection(Box::new(verifier)), size, wrong));
        }
        let mut verifier = LogVerifier::new(policy);
        verifier
            .evidence_checkpoint(&bytes)
            .map_err(|error| format!("{CHECKPOINT}: {error}"))?;
        timestamp
            .into_iter()
            .for_each(|token| verifier.evidence_timestamp(token));
        Ok((Engine::Log(Box::new(verifier)), size, wrong))
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

    /// Feeds the receipts to the verifier, with their proofs and the older checkpoints, and compares
    /// the JSON view. Returns the first thing that is wrong beside the receipts: they are gone
    /// through to their end all the same, since who signed them is another question.
    ///
    /// # Errors
    ///
    /// Why the receipts cannot be read to their end.
    fn receipts(
        &self,
        engine: &mut Engine<'_>,
        checkpoint: u64,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Option<String>, String> {
        let mut beside = Beside::default();
        let claimed = self
            .manifest
            .as_ref()
            .map_or(0, |manifest| manifest.receipts);
        let selection = self.manifest.as_ref().map(|manifest| &manifest.selection);
        let mut source = ReceiptsReader::new(self.open(RECEIPTS)?)
            .map_err(|error| format!("{RECEIPTS}: {error}"))?;
        let mut view = match self.archive.entry(VIEW) {
            Some(_) => beside.good(self.open(VIEW)),
            None => None,
        };
        let mut proofs = match engine {
            Engine::Selection(_) => beside.good(self.open(PROOFS).and_then(|file| {
                ProofsReader::new(file).map_err(|error| format!("{PROOFS}: {error}"))
            })),
            Engine::Log(_) => None,
        };
        let mut older = match self.archive.entry(OLDER) {
            Some(_) => beside.good(
                self.open(OLDER)
                    .and_then(|file| OlderReader::new(file, checkpoint)),
            ),
            None => None,
        };
        let mut encrypted = match self.archive.entry(CIPHERTEXTS) {
            Some(_) => beside.good(self.open(CIPHERTEXTS).and_then(ciphertexts::Beside::new)),
            None => None,
        };
        let mut coverage = selection.map(|selection| Coverage::new(selection, checkpoint));
        let mut keys = KeyHistory::default();
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut count = 0;
        let mut last = None;
        while let Some(next) = source
            .read_next(&mut buf)
            .map_err(|error| format!("{RECEIPTS}: {}{error}", After(last)))?
        {
            if let Engine::Log(verifier) = &mut *engine {
                let fed = feed(&mut older, count + 1, |note| {
                    verifier.evidence_checkpoint(note)
                });
                if beside.good(fed).is_none() {
                    older = None;
                }
            }
            let len = match (next, &mut *engine) {
                (Next::Sealed(len), _) => len,
                (Next::Deleted(hash), Engine::Log(verifier)) => {
                    verifier.push_deleted(hash);
                    // A whole log begins with receipt 0.
                    let same = view.as_mut().map_or(Ok(()), |view| {
                        same_line(view, count, deleted_view(count, hash))
                    });
                    if beside.good(same).is_none() {
                        view = None;
                    }
                    last = Some(count);
                    count += 1;
                    progress(count, claimed);
                    continue;
                }
                (Next::Deleted(_), Engine::Selection(_)) => {
                    return Err(format!(
                        "{RECEIPTS}: {}a deleted receipt: a selection has none",
                        After(last)
                    ));
                }
            };
            let sealed = &buf[..len];
            match &mut *engine {
                Engine::Log(verifier) => drop(verifier.push(sealed)),
                Engine::Selection(verifier) => {
                    let path = proofs.as_mut().and_then(|proofs| {
                        let path = proofs.next();
                        beside.good(path.map_err(|error| format!("{PROOFS}: {error}")))
                    });
                    if path.is_none() {
                        proofs = None;
                    }
                    verifier.push(sealed, path.unwrap_or_default());
                    // The genesis, which comes first, says whose they have to be.
                    beside.good(feed(&mut older, u64::MAX, |note| {
                        verifier.evidence_checkpoint(note)
                    }));
                    older = None;
                }
            }
            if let Ok(receipt) = UnverifiedReceipt::parse(sealed) {
                last = Some(receipt.header().seq);
                let same = self.beside(&receipt, view.as_mut(), selection);
                if beside.good(same).is_none() {
                    view = None;
                }
                if let Some(coverage) = &mut coverage {
                    beside.good(coverage.see(receipt.header()));
                }
                let held = encrypted.as_mut().map_or(Ok(()), |all| all.see(&receipt));
                if beside.good(held).is_none() {
                    encrypted = None;
                }
                // A body that does not decode fails in the verifier, which says more.
                let _ = keys.see(&receipt);
            }
            count += 1;
            progress(count, claimed);
        }
        if let Engine::Log(verifier) = engine
            && let Some(older) = &mut older
        {
            // One of more receipts than there are says as much as all of them would.
            let next = older.next_up_to(u64::MAX).and_then(|note| match note {
                Some(note) => evidence(verifier.evidence_checkpoint(&note)),
                None => Ok(()),
            });
            beside.good(next);
        }
        if let Some(view) = &mut view {
            match view.read(&mut [0]) {
                Ok(0) => {}
                Ok(_) => beside.wrong(format!("{VIEW}: more lines than there are receipts")),
                Err(error) => beside.wrong(format!("{VIEW}: {error}")),
            }
        }
        if let Some(proofs) = &mut proofs {
            match proofs.at_end() {
                Ok(true) => {}
                Ok(false) => beside.wrong(format!("{PROOFS}: more proofs than there are receipts")),
                Err(error) => beside.wrong(format!("{PROOFS}: {error}")),
            }
        }
        if let Some(encrypted) = &mut encrypted {
            beside.good(encrypted.finish());
        }
        if let Some(coverage) = coverage {
            beside.good(coverage.finish());
        }
        beside.good(self.key_history(&keys));
        Ok(beside.into_first())
    }

    /// What the package says about one receipt elsewhere.
    fn beside(
        &self,
        receipt: &UnverifiedReceipt<'_>,
        view: Option<&mut BufReader<EntryReader<'a, R>>>,
        selection: Option<&Selection>,
    ) -> Result<(), String> {
        let seq = receipt.header().seq;
        if let Some(selection) = selection
            && !selection.contains(receipt.header())
        {
            return Err(format!(
                "receipt {seq} does not belong to {}",
                selection.describe()
            ));
        }
        if let Some(view) = view {
            same_line(view, seq, json_view(receipt))?;
        }
        Ok(())
    }

    /// The key history must be the one that the receipts give.
    fn key_history(&self, keys: &KeyHistory) -> Result<(), String> {
        let text = keys.to_text();
        let mut found = Vec::new();
        self.open(KEYS)?
            .take(text.len() as u64 + 1)
            .read_to_end(&mut found)
            .map_err(|error| format!("{KEYS}: {error}"))?;
        if found == text.as_bytes() {
            return Ok(());
        }
        Err(format!(
            "{KEYS}: it does not say what the control receipts say"
        ))
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

/// Where in the receipts something was found, for a sentence to begin with.
struct After(Option<u64>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(seq) => write!(f, "after receipt {seq}: "),
            None => f.write_str("at the first receipt: "),
        }
    }
}

/// Holds the next line of the JSON view against what it should be.
fn same_line(view: &mut impl Read, seq: u64, mut line: String) -> Result<(), String> {
    line.push('\n');
    // As much as the true line has, and no more, whatever the file holds.
    let mut found = vec![0; line.len()];
    if view.read_exact(&mut found).is_ok() && found == line.as_bytes() {
        return Ok(());
    }
    Err(format!(
        "{VIEW}: the line of receipt {seq} is not the view of the receipt's bytes"
    ))
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
