//! Steps of a run that is not whole that come last, and are left out where they would not end in time.

use std::time::{Duration, Instant};

use super::tests;
use crate::workspace::Workspace;

/// They look for more than tests do, or measure, and a run that is cut off says nothing at all. With how many seconds
/// each takes on two cores, with what it builds or installs first.
const LATE: [(&str, u64); 7] = [
    ("scale", 30),
    ("miri", 160),
    ("mutants", 260),
    ("fuzz", 420),
    ("bench", 0),
    ("measure", 120),
    PDF,
];

/// The one of them that runs all the same where what it tests changed.
const PDF: (&str, u64) = ("pdf", 600);

/// How long a run may take with them.
const BUDGET: Duration = Duration::from_secs(2640);

/// Whether a step is one of them.
pub(super) fn is_late(name: &str) -> bool {
    LATE.iter().any(|(late, _)| *late == name)
}

/// What is left of a run's time.
#[derive(Debug)]
pub(super) struct Late {
    begun: Instant,
    must_pdf: Option<bool>,
}

impl Late {
    pub(super) const fn since(begun: Instant) -> Self {
        Self {
            begun,
            must_pdf: None,
        }
    }

    /// Why a step is left out, if it is.
    pub(super) fn left_out(&mut self, workspace: &Workspace, name: &str) -> Option<String> {
        let (_, seconds) = LATE.iter().find(|(late, _)| *late == name)?;
        let must = *self
            .must_pdf
            .get_or_insert_with(|| tests::pdf_changed(workspace));
        left_out(self.begun.elapsed(), name, *seconds, must)
    }
}

fn left_out(elapsed: Duration, name: &str, seconds: u64, must_pdf: bool) -> Option<String> {
    let (pdf, its) = PDF;
    if must_pdf && name == pdf {
        return None;
    }
    // What must run is not kept from it by what may.
    let kept = if must_pdf { its } else { 0 };
    let minutes = elapsed.as_secs() / 60;
    (elapsed + Duration::from_secs(seconds + kept) > BUDGET).then(|| {
        format!("SKIPPED: {name}: it takes {seconds} s, and this run has taken {minutes} minutes")
    })
}

#[cfg(test)]
mod in_time {
    use super::*;

    #[test]
    fn what_would_not_end_in_time_is_left_out_and_what_must_run_is_not() {
        let after = |seconds| Duration::from_secs(seconds);
        assert_eq!(left_out(after(2370), "miri", 270, false), None);
        let why = left_out(after(2371), "miri", 270, false);
        assert_eq!(
            why.as_deref(),
            Some("SKIPPED: miri: it takes 270 s, and this run has taken 39 minutes")
        );
        assert!(left_out(after(2370), "miri", 270, true).is_some());
        assert_eq!(left_out(after(2600), "pdf", 600, true), None);
        assert!(left_out(after(2600), "pdf", 600, false).is_some());
    }
}
