//! Timestamps that a verifier brings, and the bounds on times that were found.

use crate::cli::Times;
use crate::commands::anchor::token;
use crate::failure::usage;
use crate::open::read;
use crate::output::{Output, safe};
use ai_audit_timestamp::TrustedCertificates;
use ai_audit_verify::{Report, TimeBound, TimeBoundKind, TimeSource, TrustPolicy};

/// Adds timestamps and the certificates of their authorities to a policy.
pub(super) fn with_times(mut policy: TrustPolicy, args: &Times) -> anyhow::Result<TrustPolicy> {
    for path in &args.timestamp {
        policy = policy.timestamp(token(path)?);
    }
    for path in &args.timestamp_authority {
        let mut certificates = TrustedCertificates::new();
        certificates
            .add_file(&read(path)?)
            .map_err(|error| usage(format!("{}: {error}", path.display())))?;
        for certificate in certificates.iter() {
            policy = policy.timestamp_authority(certificate.to_vec());
        }
    }
    Ok(policy)
}

/// Prints the bound of each kind that says most.
pub(super) fn print_bounds(report: &Report, output: Output) -> anyhow::Result<()> {
    let last = |kind| {
        report
            .time_bounds
            .iter()
            .rev()
            .find(|bound| bound.kind == kind)
    };
    let mut shown = 0;
    for kind in [TimeBoundKind::NotLater, TimeBoundKind::NotBefore] {
        if let Some(bound) = last(kind) {
            output.note(format!("  {}", line(bound)))?;
            shown += 1;
        }
    }
    let more = report.time_bounds.len() - shown;
    if more > 0 {
        output.note(format!("    … and {more} more bounds (--json lists all)"))?;
    }
    Ok(())
}

fn line(bound: &TimeBound) -> String {
    let by = match bound.source {
        TimeSource::Quorum => format!("quorum {}", safe(&bound.by)),
        TimeSource::Timestamp => safe(&bound.by),
    };
    let (first, time) = (bound.first, bound.time);
    match bound.last {
        Some(last) => format!("receipts {first} to {last} not later than {time}\n    by {by}"),
        None => format!("receipts from {first} on not before {time}\n    by {by}"),
    }
}
