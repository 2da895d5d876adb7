//! The pass over a package's receipts, with everything that is said of them elsewhere.

use super::super::beside::Beside;
use super::super::ciphertexts;
use super::super::claims::Coverage;
use super::super::engine::Engine;
use super::super::key_history::KeyHistory;
use super::super::older::{OlderReader, evidence, feed};
use super::super::proofs::ProofsReader;
use super::super::{CIPHERTEXTS, KEYS, OLDER, PROOFS, RECEIPTS, VIEW};
use super::Package;
use crate::archive::{EntryReader, ReadAt};
use crate::{ReceiptsReader, Selection, deleted_view, json_view};
use ai_audit_core::{Kind, MAX_SEALED_LEN, Next, ReceiptSource, UnverifiedReceipt};
use ai_audit_readahead::ReadAhead;
use ai_audit_verify::{Observed, Observer, TrustPolicy};
use std::fmt;
use std::io::{BufReader, Read};

impl<R: ReadAt> Package<'_, R> {
    /// Feeds the receipts to the verifier, with their proofs and the older checkpoints, and compares
    /// the JSON view. Returns the first thing that is wrong beside the receipts, with what `beside`
    /// has already: they are gone through to their end all the same, since who signed them is another
    /// question.
    ///
    /// # Errors
    ///
    /// Why the receipts cannot be read to their end.
    pub(super) fn receipts(
        &self,
        engine: &mut Engine<'_>,
        policy: &TrustPolicy,
        checkpoint: u64,
        mut beside: Beside,
        observer: &mut dyn Observer,
    ) -> Result<Option<String>, String> {
        let mut observer = Guard {
            inner: observer,
            wrong: self.wrong.is_some(),
        };
        let claimed = self
            .manifest
            .as_ref()
            .map_or(0, |manifest| manifest.receipts);
        let selection = self.manifest.as_ref().map(|manifest| &manifest.selection);
        let source = ReceiptsReader::new(self.open(RECEIPTS)?)
            .map_err(|error| format!("{RECEIPTS}: {error}"))?;
        let mut source = ReadAhead::new(source, policy.thread_count(), policy.bare_keys());
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
            observer.wrong |= beside.is_wrong();
            let len = match (next, &mut *engine) {
                (Next::Sealed(len), _) => len,
                (Next::Deleted(hash), Engine::Log(verifier)) => {
                    verifier.push_deleted_observed(hash, &mut observer);
                    // A whole log begins with receipt 0.
                    let same = view.as_mut().map_or(Ok(()), |view| {
                        same_line(view, count, deleted_view(count, hash))
                    });
                    if beside.good(same).is_none() {
                        view = None;
                    }
                    last = Some(count);
                    count += 1;
                    observer.progress(count, claimed);
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
                Engine::Log(verifier) => {
                    verifier.push_observed(sealed, source.good_signature(), &mut observer)
                }
                Engine::Selection(verifier) => {
                    let path = proofs.as_mut().and_then(|proofs| {
                        let path = proofs.next();
                        beside.good(path.map_err(|error| format!("{PROOFS}: {error}")))
                    });
                    if path.is_none() {
                        proofs = None;
                    }
                    verifier.push_observed(
                        sealed,
                        path.unwrap_or_default(),
                        source.good_signature(),
                        &mut observer,
                    );
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
            observer.progress(count, claimed);
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
        view: Option<&mut BufReader<EntryReader<'_, R>>>,
        selection: Option<&Selection>,
    ) -> Result<(), String> {
        let seq = receipt.header().seq;
        if let Some(selection) = selection
            && receipt.header().kind != Kind::BATCH_SEAL
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
}

/// Shows no receipt as verified once something around the receipts is wrong: integrity has failed,
/// and the receipts are gone through only to tell who signed them.
struct Guard<'o> {
    inner: &'o mut dyn Observer,
    wrong: bool,
}

impl Observer for Guard<'_> {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        self.inner.observe(match seen {
            Observed::Verified { receipt, .. } if self.wrong => Observed::Unverified {
                seq: receipt.header().seq,
                hash: Some(receipt.hash()),
            },
            seen => seen,
        });
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.inner.progress(done, total);
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
