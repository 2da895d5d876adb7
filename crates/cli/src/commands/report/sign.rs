//! Signing a report: the note beside it.

use crate::cli::report::Report as Args;
use crate::evidence::Form;
use crate::failure::usage;
use crate::open::{directory, log_name};
use ai_audit_compliance::Crosswalk;
use ai_audit_core::SigningKey;
use ai_audit_directory::{LogDirectory, read_key};
use ai_audit_export::{ManifestFile, ReportStatement};
use ai_audit_merkle::TreeSize;
use ai_audit_note::SignedNote;
use ai_audit_store::LogName;
use std::path::Path;

/// Who signs.
pub(super) enum Signing {
    /// The log, with its checkpoint key.
    Log(Box<LogDirectory>, LogName),
    /// Somebody with a key of his own.
    Key(SigningKey),
}

impl Signing {
    /// Nobody where that was asked for, or where the evidence is no log directory.
    pub(super) fn of(args: &Args) -> anyhow::Result<Option<Self>> {
        if let Some(path) = &args.sign_key {
            return Ok(Some(Self::Key(read_key(path, false)?)));
        }
        if args.unsigned || Form::of(&args.path)? != Form::Directory {
            return Ok(None);
        }
        let log = args.scope.log.as_deref();
        let log = log.map_or_else(|| Ok(LogName::default()), log_name)?;
        Ok(Some(Self::Log(Box::new(directory(&args.path)?), log)))
    }

    /// The note for a report at this path.
    pub(super) fn sign(
        &self,
        path: &Path,
        contents: &[u8],
        crosswalk: &Crosswalk,
    ) -> anyhow::Result<SignedNote> {
        let file = ManifestFile::of(name_of(path), contents);
        let unread = || {
            usage("a report of evidence that cannot be read is not signed: --unsigned writes it")
        };
        let tree = crosswalk.tree.ok_or_else(unread)?;
        match self {
            Self::Log(directory, log) => Ok(directory.sign_report(
                log,
                TreeSize::new(tree.size),
                tree.root,
                crosswalk.at,
                vec![file],
            )?),
            Self::Key(key) => {
                let origin = crosswalk.origin.as_deref().ok_or_else(unread)?;
                let log_id = crosswalk.log_id.ok_or_else(unread)?;
                let statement = ReportStatement::new(
                    origin,
                    log_id,
                    TreeSize::new(tree.size),
                    tree.root,
                    crosswalk.at,
                    vec![file],
                )?;
                Ok(statement.sign(key)?)
            }
        }
    }
}

/// The name of a file, as a statement lists it.
fn name_of(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_default()
}

/// Refuses a name that no statement can list.
pub(super) fn check_name(path: &Path) -> anyhow::Result<()> {
    ReportStatement::check_name(&name_of(path))
        .map_err(|error| usage(format!("{error}; --unsigned writes it without a note")))
}
