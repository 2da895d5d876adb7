//! Everything of a source in a place of its own, verified: what is imported then is what was looked at,
//! whoever changes the source meanwhile.

use super::{servers, verify_package, verify_records};
use crate::failure::usage;
use crate::output::{Output, shown_path};
use ai_audit_core::Digest;
use ai_audit_export::archive::is_zip;
use ai_audit_export::{PythonPackage, is_python_package, split_records};
use ai_audit_import::{PYTHON_FILES, PYTHON_RECEIPTS, PythonReport, Record, SourceTrust, Split};
use anyhow::Context as _;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::Path;

/// What was gathered.
pub(crate) struct Gathered {
    /// As import receipts name it: `package`, `receipts`, `redis` or `postgres`.
    pub(crate) form: &'static str,
    /// File name or address, without folders and secrets.
    pub(crate) name: String,
    /// SHA-256 of it.
    pub(crate) digest: Digest,
    /// Over so many bytes.
    pub(crate) size: u64,
    /// What its verification says.
    pub(crate) report: PythonReport,
    /// How many records each tenant has.
    pub(crate) tenants: BTreeMap<String, u64>,
    /// A package's other files.
    pub(crate) files: Vec<(String, String)>,
    /// How many records there are, what cannot be read included.
    pub(crate) records: u64,
    stored: Stored,
}

/// Where its records are.
enum Stored {
    Package(PythonPackage<File>),
    Records(File),
}

/// Takes a source in and verifies it. Of a server, `tenant` picks records there already.
///
/// # Errors
///
/// When it cannot be read, or is no source at all. What does not hold is in the report.
pub(crate) fn gather(
    source: &str,
    tenant: Option<&str>,
    trust: &SourceTrust,
    output: Output,
) -> anyhow::Result<Gathered> {
    if servers::is_address(source) {
        return servers::gather(source, tenant, trust, output);
    }
    let mut file = tempfile::tempfile().with_context(temporary)?;
    if source == "-" {
        io::copy(&mut io::stdin().lock(), &mut file)
            .with_context(|| format!("standard input, copied to a {}", temporary()))?;
    } else {
        let mut from = File::open(source).map_err(|error| usage(format!("{source}: {error}")))?;
        if from.metadata().is_ok_and(|found| found.is_dir()) {
            return Err(usage(format!(
                "{source} is a directory; expected a package, or a file of records"
            )));
        }
        io::copy(&mut from, &mut file)
            .with_context(|| format!("{source}, copied to a {}", temporary()))?;
    }
    let name = match source {
        "-" => "standard input".into(),
        path => Path::new(path)
            .file_name()
            .map_or_else(|| path.into(), |name| name.to_string_lossy().into_owned()),
    };
    file.rewind()?;
    let mut start = [0; 4];
    let read = file.read(&mut start)?;
    file.rewind()?;
    if !is_zip(start.get(..read).unwrap_or_default()) {
        return records(file, "receipts", name, trust, output);
    }
    if !is_python_package(&file) {
        return Err(usage(format!(
            "{source} is a package, and none of the Python library; `ai-audit verify` verifies it"
        )));
    }
    package(file, name, trust, output)
}

/// Where a source is kept while it is imported, for errors.
pub(super) fn temporary() -> String {
    format!(
        "temporary file in {}, which needs room for all of the source (TMPDIR names another folder)",
        shown_path(&std::env::temp_dir())
    )
}

/// A file of records.
pub(super) fn records(
    mut file: File,
    form: &'static str,
    name: String,
    trust: &SourceTrust,
    output: Output,
) -> anyhow::Result<Gathered> {
    file.rewind()?;
    let report = verify_records(&file, trust, output)?;
    let (mut tenants, mut records) = (BTreeMap::new(), 0);
    file.rewind()?;
    let (digest, size) = split_records(BufReader::new(&file), &mut |_, record| {
        survey(record, &mut tenants);
        records += 1;
    })?;
    Ok(Gathered {
        form,
        name,
        digest,
        size,
        report,
        tenants,
        files: Vec::new(),
        records,
        stored: Stored::Records(file),
    })
}

fn package(
    file: File,
    name: String,
    trust: &SourceTrust,
    output: Output,
) -> anyhow::Result<Gathered> {
    let again = file.try_clone().with_context(temporary)?;
    let report = verify_package(file, trust, output);
    let package = PythonPackage::open(again)
        .map_err(|error| usage(format!("{name} cannot be read as a package: {error}")))?;
    let (digest, size) = package.container()?;
    let mut files = Vec::new();
    for beside in PYTHON_FILES.iter().filter(|name| **name != PYTHON_RECEIPTS) {
        // What is missing or too long is in the report.
        let Ok(contents) = package.file(beside) else {
            continue;
        };
        if let Ok(text) = String::from_utf8(contents) {
            files.push(((*beside).to_owned(), text));
        }
    }
    files.sort_unstable();
    let (mut tenants, mut records) = (BTreeMap::new(), 0);
    let read = package.lines(&mut |_, record| {
        survey(record, &mut tenants);
        records += 1;
    });
    if let Err(error) = read {
        return Err(usage(format!(
            "{name}: its receipts cannot be read to the end: {error}; nothing was imported"
        )));
    }
    Ok(Gathered {
        form: "package",
        name,
        digest,
        size,
        report,
        tenants,
        files,
        records,
        stored: Stored::Package(package),
    })
}

/// What cannot be read is nobody's.
fn survey(record: Split<'_>, tenants: &mut BTreeMap<String, u64>) {
    let Some(parsed) = record.ok().and_then(|text| Record::parse(text).ok()) else {
        return;
    };
    let tenant = parsed.tenant();
    match tenants.get_mut(tenant) {
        Some(count) => *count += 1,
        None => {
            tenants.insert(tenant.to_owned(), 1);
        }
    }
}

impl Gathered {
    /// As the JSON output of a verification names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self.form {
            "package" => super::Form::Package.name(),
            "redis" => "python-redis",
            "postgres" => "python-postgres",
            _ => super::Form::Records.name(),
        }
    }

    /// Goes through the records in their order, each with its line.
    pub(crate) fn each(&self, take: &mut dyn FnMut(u64, Split<'_>)) -> anyhow::Result<()> {
        match &self.stored {
            Stored::Package(package) => {
                package.lines(take)?;
            }
            Stored::Records(file) => {
                let mut file = file;
                file.rewind()?;
                split_records(BufReader::new(file), take)?;
            }
        }
        Ok(())
    }

    /// Whether it has records of this tenant and nothing else.
    pub(crate) fn is_all_of(&self, tenant: &str) -> bool {
        self.tenants.get(tenant) == Some(&self.records)
    }

    /// Keeps only the records of one tenant. The verification was of all of them.
    pub(crate) fn of_tenant(self, tenant: &str) -> anyhow::Result<Self> {
        let mut kept = self.keep(|record| record.tenant() == tenant)?;
        kept.name = format!("{}, tenant {tenant}", kept.name);
        kept.tenants.retain(|name, _| name == tenant);
        Ok(kept)
    }

    /// Keeps only the records whose hash is none of these.
    pub(crate) fn without(self, hashes: &BTreeSet<Digest>) -> anyhow::Result<Self> {
        let mut kept = self.keep(|record| !is_among(record, hashes))?;
        kept.name = format!("{}, new records", kept.name);
        Ok(kept)
    }

    /// How many of the records have one of these hashes.
    pub(crate) fn among(&self, hashes: &BTreeSet<Digest>) -> anyhow::Result<u64> {
        let mut found = 0;
        self.each(&mut |_, record| {
            let record = record.ok().and_then(|text| Record::parse(text).ok());
            found += u64::from(record.is_some_and(|record| is_among(&record, hashes)));
        })?;
        Ok(found)
    }

    /// Keeps some of the records, in an array: no record is told from the next one by its lines.
    fn keep(mut self, keep: impl Fn(&Record<'_>) -> bool) -> anyhow::Result<Self> {
        let mut kept = BufWriter::new(tempfile::tempfile().with_context(temporary)?);
        let (mut records, mut failed) = (0_u64, None);
        self.each(&mut |_, record| {
            let Some(record) = record.ok().and_then(|text| Record::parse(text).ok()) else {
                return;
            };
            if keep(&record) {
                let before = if records == 0 { "[" } else { "," };
                let written = write!(kept, "{before}\n{}", record.original());
                failed = failed.take().or(written.err());
                records += 1;
            }
        })?;
        let end = if records == 0 { "" } else { "\n]\n" };
        failed = failed.or(kept.write_all(end.as_bytes()).err());
        if let Some(error) = failed {
            return Err(error).with_context(temporary);
        }
        let mut file = kept.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let mut again = 0;
        let (digest, size) = split_records(BufReader::new(&file), &mut |_, _| again += 1)?;
        if again != records {
            anyhow::bail!("{records} records were kept, and {again} read again: this is a bug");
        }
        if self.form == "package" {
            self.form = "receipts";
        }
        self.files.clear();
        (self.digest, self.size, self.records) = (digest, size, records);
        self.stored = Stored::Records(file);
        Ok(self)
    }
}

/// Whether a record, as it signs itself, has one of these hashes. Numbers that were written anew on the
/// way are not tried: such a record counts as new.
fn is_among(record: &Record<'_>, hashes: &BTreeSet<Digest>) -> bool {
    hashes.contains(&record.hash())
        || record
            .named_hash()
            .and_then(|text| text.parse().ok())
            .is_some_and(|named| hashes.contains(&named))
}
