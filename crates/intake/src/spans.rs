//! Spans of an OpenTelemetry export: those that are not in the log yet, and what the sender is told.

use crate::intake::{Taken, group_refusal};
use crate::resend::place_of;
use crate::{Admission, Intake, IntakeError, LogKeys, TakeError, to_record};
use ai_audit_core::{LeafHash, ReceiptId, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_ingest::{Group, Step, StepBody};
use ai_audit_otlp::{Counts, Mapped, Options, Request, Response, is_sealed_as};
use ai_audit_store::{LogName, Record, StoredContent};

/// What an export becomes.
#[derive(Debug)]
pub struct TakenSpans {
    /// The receipts that were not there; none is durable before it says so.
    pub taken: Taken,
    /// What became nothing.
    pub counts: Counts,
    /// What the sender is told once they are durable.
    pub response: Response,
}

impl Intake {
    /// Submits what the spans of a request become and is not in the log yet, all of it together. A span
    /// that is there with another content is refused, and told in the response.
    ///
    /// # Errors
    ///
    /// [`TakeError`]: nothing was submitted.
    pub fn take_spans(
        &self,
        log: &LogName,
        request: &Request<'_>,
    ) -> Result<TakenSpans, TakeError> {
        let directory = self.reading();
        let mut admission = Admission::only(directory, directory.settings(), log.clone());
        let mut keys = LogKeys::new(self.writer(), admission.clone(), None, self.secrets());
        let options = Options {
            log: None,
            keep: self.keep(),
        };
        let mut failed = None;
        let mut lookup = |id| match stored(directory, log, id) {
            Ok(found) => found.map(|found| found.hash),
            Err(error) => {
                failed = Some(error);
                None
            }
        };
        let Mapped {
            groups,
            counts,
            mut response,
        } = request.groups(&options, &mut keys, &mut lookup);
        keys.check()?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        let mut records = Vec::new();
        for group in groups {
            admission.admit_again(&group).map_err(group_refusal)?;
            add(directory, log, group, &mut records, &mut response)?;
        }
        Ok(TakenSpans {
            taken: self.submit_all(log, records)?,
            counts,
            response,
        })
    }
}

/// What the log has under an id.
struct Stored {
    hash: LeafHash,
    /// None where its bytes were deleted.
    sealed: Option<Vec<u8>>,
}

fn stored(
    directory: &LogDirectory,
    log: &LogName,
    id: ReceiptId,
) -> Result<Option<Stored>, IntakeError> {
    let Some(seq) = place_of(directory, log, id)? else {
        return Ok(None);
    };
    Ok(Some(match directory.stored(log, seq)? {
        StoredContent::Deleted(hash) => Stored { hash, sealed: None },
        StoredContent::Sealed(sealed) => {
            let parsed = UnverifiedReceipt::parse(&sealed).map_err(|error| {
                let what = format!("log {log}: receipt {seq}: {error}");
                ai_audit_store::StoreError::Corrupt { what }
            })?;
            Stored {
                hash: parsed.hash(),
                sealed: Some(sealed),
            }
        }
    }))
}

/// Where the receipt of a step is, for those that follow from it.
enum Place {
    /// In the log.
    There(LeafHash),
    /// Among the records.
    New(usize),
}

/// Adds the steps of a group that are not in the log to the records.
fn add(
    directory: &LogDirectory,
    log: &LogName,
    group: Group,
    records: &mut Vec<Record>,
    response: &mut Response,
) -> Result<(), TakeError> {
    let mut places: Vec<Place> = Vec::with_capacity(group.steps.len());
    for mut step in group.steps {
        if let Some(there) = stored(directory, log, step.id)? {
            if !there.is(&step) {
                response.reject_receipt(step.id, "it is in the log with another content");
            }
            // Whoever follows from the span follows from what is in the log of it.
            places.push(Place::There(there.hash));
            continue;
        }
        let mut new = Vec::new();
        for (number, parent) in core::mem::take(&mut step.parents).into_iter().enumerate() {
            match places.get(parent) {
                Some(Place::New(record)) => new.push(*record),
                // An outcome takes what is linked first for its intent: nothing else may come before.
                Some(Place::There(hash)) if number == 0 || !is_outcome(&step) => {
                    step.body.link(&[*hash]);
                }
                _ => {}
            }
        }
        step.parents = new;
        places.push(Place::New(records.len()));
        records.push(to_record(step));
    }
    Ok(())
}

const fn is_outcome(step: &Step) -> bool {
    matches!(step.body, StepBody::ToolOutcome(_))
}

impl Stored {
    /// Whether it is what the step says. Of one whose bytes were deleted nobody can tell: it counts as sent
    /// again.
    fn is(&self, step: &Step) -> bool {
        let Some(sealed) = &self.sealed else {
            return true;
        };
        UnverifiedReceipt::parse(sealed)
            .is_ok_and(|receipt| is_sealed_as(&step.body, receipt.header().kind, receipt.body()))
    }
}
