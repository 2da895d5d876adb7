//! A crosswalk of evidence, as several commands need it: verified and counted in one pass.

use crate::cli::crosswalk::Scope;
use crate::evidence::{Outcome, verify_path};
use crate::failure::usage;
use crate::open::{read_at_most, time};
use crate::output::{Output, shown_path};
use ai_audit_compliance::{
    Assessment, CatalogueError, Catalogues, Crosswalk, MAX_CATALOGUE_LEN, Period, Pointer,
};
use ai_audit_core::Timestamp;

use ai_audit_store::{Clock as _, SystemClock};
use ai_audit_verify::{Observed, Observer, TrustPolicy};
use std::path::Path;

/// The catalogues that come along, and the caller's own; of those the ones that he asks for,
/// `all` of them as well.
pub(crate) fn catalogues(scope: &Scope) -> anyhow::Result<Catalogues> {
    let mut all = Catalogues::builtin()?;
    for path in &scope.catalogue {
        add(&mut all, path)?;
    }
    if scope.framework.iter().any(|id| id == "all") {
        return Ok(all);
    }
    all.only(&scope.framework).map_err(refused)
}

/// The id of a catalogue of the caller's own.
pub(crate) fn own_id(path: &Path) -> anyhow::Result<String> {
    let mut own = Catalogues::empty()?;
    add(&mut own, path)?;
    let id = own.iter().next().map(|one| one.id.clone());
    Ok(id.unwrap_or_default())
}

fn add(all: &mut Catalogues, path: &Path) -> anyhow::Result<()> {
    let shown = shown_path(path);
    let text = String::from_utf8(read_at_most(path, MAX_CATALOGUE_LEN)?)
        .map_err(|_| usage(format!("{shown}: expected a text in UTF-8")))?;
    all.add(&shown, &text).map_err(refused)
}

fn refused(error: CatalogueError) -> anyhow::Error {
    usage(error.to_string())
}

/// The time that a crosswalk is made for: what was given, or now.
pub(crate) fn at(scope: &Scope) -> anyhow::Result<Timestamp> {
    match &scope.at {
        Some(text) => time(text),
        None => Ok(SystemClock.now()),
    }
}

/// Which receipts count.
pub(crate) fn period(scope: &Scope) -> anyhow::Result<Period> {
    let end = |text: &Option<String>| text.as_deref().map(time).transpose();
    let period = Period {
        from: end(&scope.from)?,
        to: end(&scope.to)?,
    };
    match (period.from, period.to) {
        (Some(from), Some(to)) if from >= to => Err(usage(format!(
            "--from {from} --to {to}: expected a time before --to"
        ))),
        _ => Ok(period),
    }
}

/// Verifies the evidence and counts what it is evidence of, as of the time that [`at`] gave for this
/// scope. `also` looks on as well, and may name more receipts at the end.
///
/// # Errors
///
/// As of [`verify_path`]; when a time was given and the log has a later receipt: what was open then
/// has been answered since, or has not, and neither is to be hidden.
pub(crate) fn assess<O: Observer>(
    path: &Path,
    scope: &Scope,
    made: Timestamp,
    policy: &TrustPolicy,
    mut also: O,
    named: impl FnOnce(O) -> Vec<Pointer>,
    output: Output,
) -> anyhow::Result<(Outcome, Crosswalk)> {
    let assessment = Assessment::new(catalogues(scope)?, period(scope)?, made)?;
    let mut both = Both {
        assessment,
        also: &mut also,
    };
    let outcome = verify_path(path, scope.log.as_deref(), policy, &mut both, output)?;
    let assessment = both.assessment;
    let named = named(also);
    let mut crosswalk = assessment.finish_naming(&outcome.report, outcome.checkpoint, named);
    if let Some(newest) = crosswalk.newest_sealed_at.filter(|newest| *newest > made) {
        if scope.at.is_some() {
            return Err(usage(format!(
                "--at {made}: the log has a receipt of {newest}; expected a time not before it"
            )));
        }
        // Sealed while this was made. Who makes it again is to be able to say the time.
        crosswalk.at = newest;
    }
    Ok((outcome, crosswalk))
}

struct Both<'o> {
    assessment: Assessment,
    also: &'o mut dyn Observer,
}

impl Observer for Both<'_> {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        self.assessment.observe(seen);
        self.also.observe(seen);
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.also.progress(done, total);
    }
}
