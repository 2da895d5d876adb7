//! The Redis or PostgreSQL of the Python library as a source: read once, and verified.

use super::Gathered;
use super::gather::{records, temporary};
use crate::failure::usage;
use crate::open::read;
use crate::output::Output;
use crate::progress::Progress;
use ai_audit_core::Status;
use ai_audit_import::SourceTrust;
use ai_audit_import_servers::{Found, Options, ServerError, Source};
use anyhow::Context as _;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

/// The variable that has the password where the address has none.
const PASSWORD: &str = "AI_AUDIT_IMPORT_PASSWORD";
/// The variable that names a PEM file of authorities, in place of those of the system.
const AUTHORITIES: &str = "AI_AUDIT_IMPORT_CA";

/// Whether a source is the address of a server rather than a path.
pub(crate) fn is_address(source: &str) -> bool {
    let schemes = [
        "redis",
        "rediss",
        "redis+unix",
        "valkey",
        "valkeys",
        "valkey+unix",
        "postgres",
        "postgresql",
    ];
    let scheme = source.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| schemes.contains(&scheme))
}

/// Why reading stopped.
enum Stopped {
    Server(ServerError),
    Writing(io::Error),
}

impl From<ServerError> for Stopped {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

pub(super) fn gather(
    address: &str,
    tenant: Option<&str>,
    trust: &SourceTrust,
    output: Output,
) -> anyhow::Result<Gathered> {
    let authorities = match std::env::var_os(AUTHORITIES) {
        None => None,
        Some(path) => {
            let bytes = read(Path::new(&path))?;
            let text = String::from_utf8(bytes);
            Some(text.map_err(|_| usage(format!("{AUTHORITIES}: expected a file in PEM")))?)
        }
    };
    let options = Options {
        password: std::env::var(PASSWORD).ok().filter(|it| !it.is_empty()),
        authorities,
        ..Options::default()
    };
    let mut source = Source::open(address, &options).map_err(|error| usage(error.to_string()))?;
    let mut kept = BufWriter::new(tempfile::tempfile().with_context(temporary)?);
    let bar = Progress::new("reading", "records", 0, output.quiet);
    let mut read = 0;
    let found = source.records(tenant, |text| {
        // A record is a line. The library writes none over several; in a string a line's end would be
        // no JSON, and is none of what was signed.
        let line = text.replace(['\r', '\n'], " ");
        writeln!(kept, "{line}").map_err(Stopped::Writing)?;
        read += 1;
        bar.set(read, 0);
        Ok(())
    });
    drop(bar);
    let found = match found {
        Ok(found) => found,
        Err(Stopped::Server(error)) => {
            return Err(usage(format!("{error}; nothing was imported")));
        }
        Err(Stopped::Writing(error)) => return Err(error).with_context(temporary),
    };
    let file = kept.into_inner().map_err(io::IntoInnerError::into_error)?;
    let (form, name) = (source.form(), source.name().to_owned());
    let mut gathered = records(file, form, name, trust, output)?;
    judge(&mut gathered, &found);
    Ok(gathered)
}

/// What the server itself gives away of records that are not there any more.
fn judge(gathered: &mut Gathered, found: &Found) {
    let report = &mut gathered.report;
    let losses: Vec<String> = (found.remarks.iter())
        .filter(|remark| remark.kind.is_loss())
        .map(ToString::to_string)
        .collect();
    if !losses.is_empty() && !report.verdict.completeness.is_failed() {
        report.verdict.completeness = Status::failed(format!(
            "the server shows that records are missing: {}",
            losses.join("; ")
        ));
    }
    let remarks = found.remarks.iter().map(ToString::to_string);
    report.remarks.extend(remarks);
    if let Some(expiry) = found.expiry {
        report.remarks.push(format!(
            "{} records will be deleted by the server itself, the first in {} hours",
            expiry.records,
            expiry.soonest.as_secs() / 3600
        ));
    }
}
