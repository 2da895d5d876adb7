//! `ai-audit record`: checks a file to its end and then seals it; seals a stream as it comes.

mod input;
mod summary;

pub(crate) use input::keep;
pub(crate) use summary::Summary;

use crate::cli::Record as Args;
use crate::failure::{self, sentence};
use crate::open::{directory, log_name, settings};
use crate::output::Output;
use crate::progress::Progress;
use ai_audit_directory::Writer;
use ai_audit_intake::{
    Admission, IntakeError, LogKeys, Refusal, Secrets, Subjects, Trial, to_record,
};
use ai_audit_pii::Policy;
use anyhow::{Context as _, anyhow};
use input::{Input, Reader};
use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use summary::{Pending, Sealed};

/// Groups of a file that may be on their way to the disk at once.
const IN_FLIGHT: usize = 256;

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    let Sealed { summary, failure } = seal(args, output)?;
    let Some(error) = failure else {
        if output.json {
            output.json(&summary)?;
        } else {
            summary.print(args, output)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    // What was recorded before it is in the log: whoever goes on from here has to know.
    let text = format!("{}; {}", sentence(&error), summary.extent());
    let code = failure::code(&error);
    if output.json {
        output.json(&summary.failed(&text, code))?;
        return Ok(ExitCode::from(code));
    }
    if summary.receipts > 0 || summary.skipped > 0 {
        summary.print(args, output)?;
    }
    Err(failure::with_code(text, code))
}

/// Records a file, all of it, and returns what was recorded.
pub(crate) fn record(args: &Args, output: Output) -> anyhow::Result<Summary> {
    let Sealed { summary, failure } = seal(args, output)?;
    failure.map_or(Ok(summary), Err)
}

/// An error is one before anything was recorded.
fn seal(args: &Args, output: Output) -> anyhow::Result<Sealed> {
    let mut settings = settings(&args.dir)?;
    settings.keyed_digests &= !args.plain_digests;
    let default = log_name(&args.log)?;
    let directory = directory(&args.dir)?;
    directory.head(&default)?;
    let redaction = match &args.redaction {
        Some(path) => Some(super::policy::redaction(path)?),
        None => None,
    };
    let mut input = Input::open(args)?;
    let mut checked = 0;
    let mut subjects = Subjects::new();
    if let Input::File(file) = &mut input
        && !args.skip_invalid
    {
        let mut reader = Reader::new(args, Input::again(file)?)?;
        let mut admission =
            Admission::new(&directory, &settings, default.clone()).without_sealing();
        let mut keys = Trial::new(admission.clone(), redaction.as_ref());
        checked = check(&mut reader, &mut admission, &mut keys)?;
        subjects = keys.into_subjects();
    }
    // The writer must be the last to close the database, or nothing folds the WAL into it.
    drop(directory);
    let writer = crate::open::writer(&args.dir, settings.clone())?;
    let admission = Admission::new(writer.directory(), &settings, default);
    let pending = Rc::new(RefCell::new(Pending::default()));
    let (source, in_flight) = match input {
        // Whatever came is acknowledged before more is waited for.
        Input::Stream(stream) => (input::live(stream, Rc::clone(&pending))?, usize::MAX),
        Input::File(mut file) => (Input::again(&mut file)?, IN_FLIGHT),
    };
    let mut reader = Reader::new(args, source)?;
    let progress = Progress::new("recording", "groups", checked, output.quiet);
    let mut sealing = Sealing {
        args,
        output,
        writer: &writer,
        admission,
        redaction: redaction.as_ref(),
        pending: &pending,
        in_flight,
    };
    let failure = sealing
        .all(&mut reader, &progress, checked, &subjects)
        .err();
    drop((reader, progress));
    let reason = match pending.borrow().is_asked_to_end() {
        true => "SIGTERM or SIGINT",
        false => "record",
    };
    let closed = crate::open::close(writer, reason, output);
    let mut sealed = pending.take().finish();
    sealed.failure = sealed.failure.or(failure);
    if let Err(error) = closed
        && sealed.failure.is_none()
    {
        sealed.failure = Some(error);
    }
    Ok(sealed)
}

/// Goes through all of the input and writes nothing; the number of groups.
fn check(
    reader: &mut Reader<'_>,
    admission: &mut Admission<'_>,
    keys: &mut Trial<'_>,
) -> anyhow::Result<u64> {
    let mut groups = 0;
    while let Some(group) = reader.next(keys) {
        let group = match keys.take_failure() {
            Some(error) => Err(failed(error)),
            None => group.map_err(anyhow::Error::from),
        };
        let admitted = match group {
            Ok(group) => admission.admit(&group).map(drop).map_err(refused),
            Err(error) => Err(error),
        };
        if let Err(error) = admitted {
            let code = failure::code(&error);
            let text = format!("{}; nothing was recorded", sentence(&error));
            return Err(failure::with_code(text, code));
        }
        groups += 1;
    }
    Ok(groups)
}

/// What sealing needs.
struct Sealing<'a> {
    args: &'a Args,
    output: Output,
    writer: &'a Writer,
    admission: Admission<'a>,
    redaction: Option<&'a Policy>,
    pending: &'a RefCell<Pending>,
    in_flight: usize,
}

impl Sealing<'_> {
    fn all(
        &mut self,
        reader: &mut Reader<'_>,
        progress: &Progress,
        total: u64,
        subjects: &Subjects,
    ) -> anyhow::Result<()> {
        let secrets = Secrets::default();
        let admission = self.admission.clone();
        let mut keys = LogKeys::new(self.writer, admission, self.redaction, &secrets);
        keys.prepare(subjects).map_err(failed)?;
        let mut done = 0;
        while let Some(group) = reader.next(&mut keys) {
            // When the store fails the input ends: what there was of it says nothing.
            if self.pending.borrow().has_failed() {
                return Ok(());
            }
            let is_asked_to_end = self.pending.borrow().is_asked_to_end();
            if let Err(error) = &group
                && is_asked_to_end
            {
                // What was read whole was submitted, and nothing is wrong with what was not.
                let place = error.place.clone();
                self.pending.borrow_mut().ended_before(place);
                return Ok(());
            }
            // Not the line is wrong then, but what protects it: no line is passed over for that.
            keys.check().map_err(failed)?;
            let group = match group {
                Ok(group) => group,
                Err(error) if self.args.skip_invalid && !error.fatal => {
                    self.skip(&error.to_string());
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            // One that is on its way has to be there before its double is looked for.
            self.pending.borrow_mut().settle_where_double(&group);
            let log = match self.admission.admit(&group) {
                Ok(log) => log,
                Err(Refusal::Group(reason)) if self.args.skip_invalid => {
                    self.skip(&reason);
                    continue;
                }
                Err(refusal) => return Err(refused(refusal)),
            };
            let place = group.place.clone();
            keys.ready(&log)
                .map_err(failed)
                .with_context(|| place.clone())?;
            let mut pending = self.pending.borrow_mut();
            pending.created(keys.take_created());
            pending.put_in_force(keys.take_policies());
            if group.steps.is_empty() {
                pending.empty();
                continue;
            }
            let counts = summary::counts(&group);
            let ids = summary::given_ids(&group);
            let found = summary::found(&group);
            let records = group.steps.into_iter().map(to_record).collect();
            let ticket = self.writer.ledger().submit(&log, records);
            pending.push(summary::Waiting {
                place: place.clone(),
                log,
                counts,
                ids,
                found,
                ticket: ticket.with_context(|| place)?,
            });
            pending.settle(self.in_flight);
            if pending.has_failed() {
                return Ok(());
            }
            done += 1;
            progress.set(done, total);
        }
        Ok(())
    }

    fn skip(&self, reason: &str) {
        self.output.complain(format!("skipped {reason}"));
        self.pending.borrow_mut().skipped();
    }
}

/// The command line's own errors are sorted by what the directory says.
fn failed(error: IntakeError) -> anyhow::Error {
    match error {
        IntakeError::Directory(error) => error.into(),
        other => other.into(),
    }
}

fn refused(refusal: Refusal) -> anyhow::Error {
    match refusal {
        Refusal::Group(reason) => anyhow!(reason),
        Refusal::Directory(place, error) => anyhow::Error::new(error).context(place),
    }
}
