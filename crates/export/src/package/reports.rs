//! Reports in a package, and the statement that lists them.

use super::REPORT_NOTE;
use crate::{Manifest, ManifestFile, ReportStatement, StatementError};
use ai_audit_core::{LogId, NodeHash};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{Checkpoint, SignedNote, VKey};

/// The names that reports have in a package, in their order.
pub(crate) const REPORTS: [&str; 6] = [
    "report.html",
    "report.md",
    "report.json",
    "report.csv",
    "report.pdf",
    OSCAL,
];
/// Assessment results, which are JSON too.
const OSCAL: &str = "oscal.json";

/// Reports that are to go into a package, each listed by a statement of the same log, size and time.
#[derive(Debug, Clone)]
pub struct PackageReports {
    /// The first one's, whose claims are those of all.
    statement: ReportStatement,
    /// By their place among [`REPORTS`].
    files: [Option<Vec<u8>>; REPORTS.len()],
}

/// Why a report cannot go into a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportsError {
    /// Its statement does not list it, or lists other bytes.
    #[error(
        "report {name}: its statement does not list these bytes under this name; make the report again"
    )]
    NotListed {
        /// The file.
        name: String,
    },
    /// No report has this ending.
    #[error("report {name}: expected a name that ends in .html, .md, .json, .csv or .pdf")]
    Form {
        /// The file.
        name: String,
    },
    /// Another one of this form is there already.
    #[error("report {name}: the package has {place} already; expected one report of each form")]
    Twice {
        /// The file.
        name: String,
        /// Its name in the package.
        place: &'static str,
    },
    /// Its statement says something else than those of the others.
    #[error(
        "report {name}: its statement is of another log, size, root or time than those of the others; make all of them in one go"
    )]
    Differs {
        /// The file.
        name: String,
    },
    /// The statement says something else than the package.
    #[error(
        "the reports are of {what} {claimed}, the package is of {found}; make them again of this log and checkpoint"
    )]
    Other {
        /// What differs: `origin`, `log`, `size` or `root`.
        what: &'static str,
        /// What the statement says.
        claimed: String,
        /// What the package has.
        found: String,
    },
    /// There is none.
    #[error(transparent)]
    Statement(#[from] StatementError),
}

impl PackageReports {
    /// No reports yet, all to be of the log, size, root and time of this statement.
    #[must_use]
    pub const fn new(statement: ReportStatement) -> Self {
        const NONE: Option<Vec<u8>> = None;
        Self {
            statement,
            files: [NONE; REPORTS.len()],
        }
    }

    /// Adds a report that a statement lists under a name. Returns the name that it has in the package:
    /// `report.` and its ending; `oscal.json` where it is JSON with `assessment-results`.
    ///
    /// # Errors
    ///
    /// See [`ReportsError`].
    pub fn add(
        &mut self,
        statement: &ReportStatement,
        name: &str,
        contents: Vec<u8>,
    ) -> Result<&'static str, ReportsError> {
        let name = || String::from(name);
        if statement.file(&name()) != Some(&ManifestFile::of(name(), &contents)) {
            return Err(ReportsError::NotListed { name: name() });
        }
        let of = |statement: &ReportStatement| ReportStatement {
            files: Vec::new(),
            ..statement.clone()
        };
        if of(statement) != of(&self.statement) {
            return Err(ReportsError::Differs { name: name() });
        }
        let found = place(&name(), &contents);
        let free = REPORTS.into_iter().zip(&mut self.files);
        let mut free = free.filter(|(place, _)| Some(*place) == found);
        match free.next() {
            None => Err(ReportsError::Form { name: name() }),
            Some((place, Some(_))) => Err(ReportsError::Twice {
                name: name(),
                place,
            }),
            Some((place, file)) => {
                *file = Some(contents);
                Ok(place)
            }
        }
    }

    /// The reports with their names in the package, in its order.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let all = REPORTS.into_iter().zip(&self.files);
        all.filter_map(|(name, file)| Some((name, file.as_deref()?)))
    }

    /// The statement over them under these names, of this log and no other.
    pub(super) fn statement(
        &self,
        head: &Checkpoint,
        log_id: LogId,
    ) -> Result<ReportStatement, ReportsError> {
        let files = self.files();
        let files = files.map(|(name, contents)| ManifestFile::of(name, contents));
        let ours = &self.statement;
        let statement = ReportStatement::new(
            &ours.origin,
            ours.log_id,
            ours.size,
            ours.root,
            ours.made,
            files.collect(),
        )?;
        match differs(&statement, head, log_id) {
            Some((what, claimed, found)) => Err(ReportsError::Other {
                what,
                claimed,
                found,
            }),
            None => Ok(statement),
        }
    }
}

/// The name of a report in a package, by its ending.
fn place(name: &str, contents: &[u8]) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    if ending == "json" && is_oscal(contents) {
        return Some(OSCAL);
    }
    let report = format!("report.{ending}");
    REPORTS.into_iter().find(|place| *place == report)
}

/// Whether a file is JSON whose object has assessment results, as OSCAL calls them.
fn is_oscal(contents: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Oscal {
        #[serde(rename = "assessment-results")]
        _results: serde::de::IgnoredAny,
    }
    serde_json::from_slice::<Oscal>(contents).is_ok()
}

/// What a statement says otherwise than the package: what, its claim, what was found.
fn differs(
    statement: &ReportStatement,
    head: &Checkpoint,
    log_id: LogId,
) -> Option<(&'static str, String, String)> {
    let differs = |what, claimed: &dyn ToString, found: &dyn ToString| {
        Some((what, claimed.to_string(), found.to_string()))
    };
    let (size, root): (TreeSize, NodeHash) = (head.size, head.root);
    if statement.origin != head.origin {
        return differs("origin", &statement.origin, &head.origin);
    }
    if statement.log_id != log_id {
        return differs("log", &statement.log_id, &log_id);
    }
    if statement.size != size {
        return differs("size", &statement.size, &size);
    }
    if statement.root != root {
        return differs("root", &statement.root, &root);
    }
    None
}

/// The statement of a package's reports, read.
pub(super) struct Stated {
    note: SignedNote,
    statement: ReportStatement,
}

impl Stated {
    /// Reads the statement, and holds it against the files that the manifest lists, whose digests were
    /// compared before. `note` is its bytes, where the package has it.
    ///
    /// # Errors
    ///
    /// When it is there without reports, or these without it; when it is none, or does not list
    /// exactly the reports that are there, with their digests.
    pub(super) fn read(note: Option<&[u8]>, manifest: &Manifest) -> Result<Option<Self>, String> {
        let mut reports: Vec<&ManifestFile> = manifest
            .files
            .iter()
            .filter(|file| REPORTS.contains(&file.name.as_str()))
            .collect();
        reports.sort_by(|a, b| a.name.cmp(&b.name));
        let Some(note) = note else {
            return match reports.first() {
                Some(file) => Err(format!(
                    "{}: there is no {REPORT_NOTE} that lists it",
                    file.name
                )),
                None => Ok(None),
            };
        };
        let note = SignedNote::parse(note).map_err(|error| format!("{REPORT_NOTE}: {error}"))?;
        let statement = ReportStatement::parse(note.text())
            .map_err(|error| format!("{REPORT_NOTE}: {error}"))?;
        for listed in &statement.files {
            let name = &listed.name;
            match reports.iter().find(|file| file.name == *name) {
                Some(file) if *file == listed => {}
                Some(_) => {
                    return Err(format!(
                        "{name}: its SHA-256 or length is not the one in {REPORT_NOTE}"
                    ));
                }
                None => {
                    return Err(format!(
                        "{REPORT_NOTE}: it lists {name:?}, which is no report in the package"
                    ));
                }
            }
        }
        if let Some(file) = reports
            .iter()
            .find(|file| statement.file(&file.name).is_none())
        {
            return Err(format!("{}: {REPORT_NOTE} does not list it", file.name));
        }
        Ok(Some(Self { note, statement }))
    }

    /// What is wrong with it beside a log that was gone through: `line` is the log's own.
    pub(super) fn around(
        &self,
        line: Option<&VKey>,
        head: &Checkpoint,
        log_id: Option<LogId>,
    ) -> Option<String> {
        let (Some(line), Some(log_id)) = (line, log_id) else {
            return Some(format!(
                "the genesis is not there, so nobody can tell who signed {REPORT_NOTE}"
            ));
        };
        if let Some((what, claimed, found)) = differs(&self.statement, head, log_id) {
            return Some(format!(
                "{REPORT_NOTE}: {what} is {claimed}, but the package has {found}"
            ));
        }
        let verified = self.note.verify(line);
        verified.err().map(|error| {
            format!("{REPORT_NOTE} is not signed by the log's checkpoint key: {error}")
        })
    }

    /// What a reader of the package has to know of its reports.
    pub(super) fn remark(&self) -> String {
        let names = self.statement.files.iter().map(|file| file.name.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        format!(
            "whoever holds the log's checkpoint key issued {names}; that they say what the log says \
             shows only making them again, with the time {}",
            self.statement.made
        )
    }
}
