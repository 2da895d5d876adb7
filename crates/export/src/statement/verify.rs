//! Verifying a statement: its files, who signed it, and what no statement can show.

use super::ReportStatement;
use crate::ManifestFile;
use crate::digest::digest;
use ai_audit_core::{Exit, Question, Status, Verdict};
use ai_audit_note::{NoteError, SignedNote, VKey};
use ai_audit_verify::{Pin, TrustPolicy};
use serde::Serialize;
use std::io::{self, Read};

/// Why no statement is complete.
const ONLY_MADE_AGAIN: &str = "that the report says what the log says shows only making it again from the package, with the same time";

/// The outcome of verifying a statement and the files that it lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementReport {
    /// The five answers. Integrity: are these the bytes that were signed? Attribution: were they
    /// signed by a pinned key? Completeness and time are never verified: they would say something of
    /// what the report says.
    pub verdict: Verdict,
    /// What the statement says, where it could be read. Trust it only where attribution is verified.
    #[serde(flatten)]
    pub statement: Option<ReportStatement>,
    /// What is worth knowing and changes no answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl StatementReport {
    /// The exit code's meaning, as [`ai_audit_verify::Report::exit`] has it.
    #[must_use]
    pub fn exit(&self, asked: &[Question]) -> Exit {
        self.verdict.exit(asked)
    }
}

/// Verifies the statement of a report under a trust policy.
///
/// `open` is asked for each file that the statement lists, by a name that is no path; it gives none
/// where there is no such file. No more is read of a file than the statement says it has, and one
/// byte.
///
/// ```
/// use ai_audit_core::{LogId, NodeHash, SigningKey, Timestamp};
/// use ai_audit_export::{ManifestFile, ReportStatement, verify_statement};
/// use ai_audit_merkle::TreeSize;
/// use ai_audit_note::VKey;
/// use ai_audit_verify::{Pin, TrustPolicy};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let origin = "example.org/log/00112233445566778899aabbccddeeff";
/// # let (log_id, size, root) = (LogId::ZERO, TreeSize::new(3), NodeHash::EMPTY);
/// # let made = Timestamp::from_micros(1_790_000_000_000_000);
/// # let key = SigningKey::from_bytes(&[1; 32]);
/// let (name, contents) = ("q3.html", "<!doctype html>");
/// let file = ManifestFile::of(name, contents.as_bytes());
/// let statement = ReportStatement::new(origin, log_id, size, root, made, vec![file])?;
/// let note = statement.sign(&key)?.to_string();
///
/// let line = VKey::ed25519(origin, key.verifying_key())?.to_string();
/// let policy = TrustPolicy::new().pin(Pin::parse(&line)?);
/// let report = verify_statement(note.as_bytes(), &policy, |asked| {
///     Ok((asked == name).then(|| contents.as_bytes()))
/// });
/// assert!(report.verdict.integrity.is_verified() && report.verdict.attribution.is_verified());
/// assert!(!report.verdict.completeness.is_verified());
/// # Ok(()) }
/// ```
pub fn verify_statement<R: Read>(
    note: &[u8],
    policy: &TrustPolicy,
    mut open: impl FnMut(&str) -> io::Result<Option<R>>,
) -> StatementReport {
    let read = SignedNote::parse(note)
        .map_err(|error| format!("statement of a report: {error}"))
        .and_then(|note| match ReportStatement::parse(note.text()) {
            Ok(statement) => Ok((note, statement)),
            Err(error) => Err(error.to_string()),
        });
    let (note, statement) = match read {
        Ok(read) => read,
        Err(reason) => {
            let unread = || Status::unverified("the statement cannot be read");
            return StatementReport {
                verdict: verdict(Status::failed(reason), unread(), unread()),
                statement: None,
                remarks: Vec::new(),
            };
        }
    };
    let mut wrong = Vec::new();
    for file in &statement.files {
        wrong.extend(compare(file, open(&file.name)).err());
    }
    let signer = Signer::of(&note, &statement, policy.pins());
    let mut remarks = signer.remarks();
    if let Some(reason) = other_history(&statement, policy, signer.line()) {
        wrong.push(reason);
    }
    let mut wrong = wrong.into_iter();
    let integrity = match wrong.next() {
        Some(reason) => Status::failed(reason),
        None => signer.integrity(),
    };
    remarks.extend(wrong.map(|reason| format!("also: {reason}")));
    StatementReport {
        verdict: verdict(
            integrity,
            signer.attribution(),
            completeness(&statement, policy),
        ),
        statement: Some(statement),
        remarks,
    }
}

fn verdict(integrity: Status, attribution: Status, completeness: Status) -> Verdict {
    Verdict {
        integrity,
        attribution,
        completeness,
        time: Status::unverified("the time in the statement is the signer's own word"),
        erasure: Status::NotApplicable,
    }
}

/// Holds a file against its line.
fn compare<R: Read>(listed: &ManifestFile, found: io::Result<Option<R>>) -> Result<(), String> {
    let name = &listed.name;
    let cannot = |error: io::Error| format!("{name}: {error}");
    let Some(file) = found.map_err(cannot)? else {
        return Err(format!(
            "{name}: the statement lists it, and there is no such file beside it"
        ));
    };
    let (found, len) = digest(file.take(listed.size.saturating_add(1))).map_err(cannot)?;
    if len != listed.size {
        let (most, size) = (
            if len > listed.size { "more" } else { "fewer" },
            listed.size,
        );
        return Err(format!(
            "{name}: expected the {size} bytes that the statement lists, the file has {most}"
        ));
    }
    if found != listed.digest {
        return Err(format!(
            "{name}: its SHA-256 is not the one in the statement"
        ));
    }
    Ok(())
}

/// How the statement's signatures stand to the pins.
enum Signer {
    /// The checkpoint key of the pinned key line signed it.
    Line(VKey),
    /// A bare key that was pinned did.
    Bare,
    /// The pinned key's signature does not fit the text.
    Broken(String),
    /// The pinned key line's key did not sign it, or the line is of another log.
    Other(String),
    /// Nothing that was pinned can tell.
    Unknown(&'static str),
}

impl Signer {
    fn of(note: &SignedNote, statement: &ReportStatement, pins: &[Pin]) -> Self {
        if pins.is_empty() {
            return Self::Unknown(
                "no key was pinned; a key found inside the evidence proves nothing",
            );
        }
        let origin = statement.origin.as_str();
        let lines = pins.iter().filter_map(|pin| match pin {
            Pin::Log(line) => Some(line),
            Pin::Key(_) => None,
        });
        let mut found = None;
        for line in lines.clone().filter(|line| line.name() == origin) {
            match note.verify(line) {
                Ok(()) => return Self::Line(line.clone()),
                Err(error) => found = Some(Self::refused(&error)),
            }
        }
        if let Some(found) = found {
            return found;
        }
        // A key line says more than a bare key.
        if let Some(line) = lines.clone().next() {
            return Self::Other(match lines.count() {
                1 => format!(
                    "the statement is of log {origin}, but the pinned key line is for {}",
                    line.name()
                ),
                _ => format!(
                    "the statement is of log {origin}, which fits none of the pinned key lines"
                ),
            });
        }
        for pin in pins {
            let Pin::Key(key) = pin else { continue };
            let Ok(line) = VKey::ed25519(origin, *key) else {
                continue;
            };
            match note.verify(&line) {
                Ok(()) => return Self::Bare,
                Err(NoteError::NotSigned { .. }) => {}
                Err(error) => found = Some(Self::refused(&error)),
            }
        }
        found.unwrap_or(Self::Unknown(
            "the pinned key did not sign the statement, and without the log it does not lead to the key that did; pin the log's key line (log.pub) instead",
        ))
    }

    fn refused(error: &NoteError) -> Self {
        match error {
            NoteError::NotSigned { .. } => Self::Other(
                "the statement is not signed by the checkpoint key of the pinned key line".into(),
            ),
            error => Self::Broken(format!(
                "statement of a report: {error}: these are not the bytes that were signed"
            )),
        }
    }

    /// The log's key line, where it was pinned and holds.
    const fn line(&self) -> Option<&VKey> {
        match self {
            Self::Line(line) => Some(line),
            _ => None,
        }
    }

    /// Where every file is the one that is listed: was the list signed?
    fn integrity(&self) -> Status {
        match self {
            Self::Line(_) | Self::Bare => Status::Verified,
            Self::Broken(reason) => Status::failed(reason.clone()),
            Self::Other(_) | Self::Unknown(_) => Status::unverified(
                "the files are those that the statement lists, and no pinned key shows that this is the statement that was signed",
            ),
        }
    }

    fn attribution(&self) -> Status {
        match self {
            Self::Line(_) | Self::Bare => Status::Verified,
            Self::Broken(_) => Status::failed("the signature of the pinned key does not hold"),
            Self::Other(reason) => Status::failed(reason.clone()),
            Self::Unknown(why) => Status::unverified(*why),
        }
    }

    fn remarks(&self) -> Vec<String> {
        let said = match self {
            Self::Bare => {
                "a bare key was pinned: it signed the statement, and that it is the log's checkpoint key is not shown"
            }
            _ => return Vec::new(),
        };
        vec![said.into()]
    }
}

/// A checkpoint that the verifier brought, of the same log and size, with another root.
fn other_history(
    statement: &ReportStatement,
    policy: &TrustPolicy,
    line: Option<&VKey>,
) -> Option<String> {
    let line = line?;
    let other = policy.checkpoints().iter().any(|(note, checkpoint)| {
        checkpoint.origin == statement.origin
            && checkpoint.size == statement.size
            && checkpoint.root != statement.root
            && note.verify(line).is_ok()
    });
    other.then(|| {
        format!(
            "the report is of another history than the checkpoint of size {} that you brought: their roots differ",
            statement.size
        )
    })
}

fn completeness(statement: &ReportStatement, policy: &TrustPolicy) -> Status {
    let brought = policy.checkpoints().iter();
    let brought = brought
        .filter(|(_, checkpoint)| checkpoint.origin == statement.origin)
        .map(|(_, checkpoint)| checkpoint.size.as_u64());
    let size = statement.size.as_u64();
    let known = brought.chain(policy.known_size()).max();
    Status::unverified(match known.filter(|known| *known > size) {
        Some(known) => format!(
            "the report is of {size} receipts, and the log is known to have {known}; {ONLY_MADE_AGAIN}"
        ),
        None => ONLY_MADE_AGAIN.into(),
    })
}
