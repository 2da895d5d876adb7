//! The statement that stands beside a report: which bytes it is, and of which tree of which log.

mod verify;

use crate::ManifestFile;
use crate::archive::{NameRule, plain_name};
use ai_audit_core::{LogId, NodeHash, Origin, OriginError, Signer, Timestamp};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{NoteError, SignedNote};
use serde::Serialize;
use std::fmt;

pub use verify::{StatementReport, verify_statement};

/// First line of a statement's text. It has no `/` and 32 digits at its end, so it is no origin, and
/// a signature over a statement can never pass as one over a checkpoint.
pub const STATEMENT_LABEL: &str = "ai-audit/report/v1";

/// Days from 1 March of year 0 to the Unix epoch.
const DAYS_TO_1970: u64 = 719_468;

/// What a report's signer says of it: these bytes, made of so many receipts of this log.
///
/// That what the report says is right, the statement does not say: who wants to know makes the
/// report again, from a package of the same checkpoint and with the same time.
///
/// ```
/// use ai_audit_core::{LogId, NodeHash, SigningKey, Timestamp};
/// use ai_audit_export::{ManifestFile, ReportStatement};
/// use ai_audit_merkle::TreeSize;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let origin = "example.org/log/00112233445566778899aabbccddeeff";
/// # let (log_id, size, root) = (LogId::ZERO, TreeSize::new(3), NodeHash::EMPTY);
/// # let key = SigningKey::from_bytes(&[1; 32]);
/// let made = Timestamp::from_micros(1_790_000_000_000_000);
/// let file = ManifestFile::of("q3.html", b"<!doctype html>");
/// let statement = ReportStatement::new(origin, log_id, size, root, made, vec![file])?;
/// let note = statement.sign(&key)?;
/// assert_eq!(ReportStatement::parse(note.text())?, statement);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportStatement {
    /// The log's origin.
    pub origin: String,
    /// The log's id.
    pub log_id: LogId,
    /// How many receipts the report is of, from the genesis on.
    #[serde(serialize_with = "size")]
    pub size: TreeSize,
    /// Root of the log's tree of this size.
    pub root: NodeHash,
    /// The report's time, as it was given.
    pub made: Timestamp,
    /// The report's files, in ascending order of their names.
    pub files: Vec<ManifestFile>,
}

/// A text that is no statement, or parts that make none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The text does not have the form of a statement.
    #[error("statement of a report at line {line}: expected {expected}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// The log has no such origin.
    #[error("statement of a report: origin: {0}")]
    Origin(OriginError),
    /// A name that is not that of a file beside the statement on every system.
    #[error("statement of a report: file {name:?}: {rule}")]
    Name {
        /// The name.
        name: String,
        /// What it breaks.
        rule: NameRule,
    },
    /// There is no file.
    #[error("statement of a report: it lists no file; expected at least one")]
    Nothing,
    /// A file is there twice.
    #[error("statement of a report: file {name:?} is listed twice; expected each once")]
    Twice {
        /// The name.
        name: String,
    },
}

impl ReportStatement {
    /// Whether a statement can list a file of this name, for who wants to know before he makes it.
    ///
    /// # Errors
    ///
    /// [`StatementError::Name`], as [`ReportStatement::new`] has it.
    pub fn check_name(name: &str) -> Result<(), StatementError> {
        plain_name(name).map_err(|rule| StatementError::Name {
            name: name.into(),
            rule,
        })
    }

    /// A statement over files, in whatever order they are given.
    ///
    /// # Errors
    ///
    /// [`StatementError::Origin`], [`StatementError::Nothing`], [`StatementError::Twice`], and
    /// [`StatementError::Name`] where a name is not that of a file in the same folder, in printable
    /// ASCII, which every usual file system takes for the same.
    pub fn new(
        origin: &str,
        log_id: LogId,
        size: TreeSize,
        root: NodeHash,
        made: Timestamp,
        mut files: Vec<ManifestFile>,
    ) -> Result<Self, StatementError> {
        Origin::parse(origin).map_err(StatementError::Origin)?;
        files.sort_by(|a, b| a.name.cmp(&b.name));
        if files.is_empty() {
            return Err(StatementError::Nothing);
        }
        let mut before: Option<&str> = None;
        for ManifestFile { name, .. } in &files {
            Self::check_name(name)?;
            if before == Some(name) {
                return Err(StatementError::Twice { name: name.clone() });
            }
            before = Some(name);
        }
        Ok(Self {
            origin: origin.into(),
            log_id,
            size,
            root,
            made,
            files,
        })
    }

    /// Reads a statement's text. Only the exact form that [`ReportStatement`] displays as is taken.
    ///
    /// # Errors
    ///
    /// Names the line and what was expected there, or the file whose name is refused.
    pub fn parse(text: &str) -> Result<Self, StatementError> {
        let mut lines = text.split('\n').zip(1..);
        let mut next = |field: &str, expected| {
            let (text, line) = lines.next().unwrap_or(("", 0));
            let error = StatementError::Form { line, expected };
            match text.strip_prefix(field) {
                Some(rest) => Ok((rest, error)),
                None => Err(error),
            }
        };
        let (rest, error) = next(STATEMENT_LABEL, "the line ai-audit/report/v1")?;
        if !rest.is_empty() {
            return Err(error);
        }
        let (origin, _) = next("origin ", "origin and the log's origin")?;
        let (log, error) = next("log ", "log and 64 hexadecimal digits")?;
        let log_id = log.parse().map_err(|_| error)?;
        let (size, error) = next("size ", "size and the number of receipts")?;
        let size: u64 = size.parse().map_err(|_| error)?;
        let (root, error) = next("root ", "root and 64 hexadecimal digits")?;
        let root = root.parse().map_err(|_| error)?;
        let (made, error) = next("made ", "made and a time as 2026-11-28T09:30:00.000000Z")?;
        let made = time(made).ok_or(error)?;
        let mut files = Vec::new();
        for (text, line) in lines {
            if text.is_empty() {
                break;
            }
            let expected = "file, its SHA-256, its length and its name";
            files.push(ManifestFile::parse(text).ok_or(StatementError::Form { line, expected })?);
        }
        let statement = Self::new(origin, log_id, TreeSize::new(size), root, made, files)?;
        let canonical = statement.to_string();
        if canonical == text {
            return Ok(statement);
        }
        let same = canonical.lines().zip(text.lines());
        let line = same.take_while(|(ours, theirs)| ours == theirs).count() + 1;
        Err(StatementError::Form {
            line,
            expected: "the canonical form of a statement, with files in ascending order",
        })
    }

    /// Signs the statement as a note under the log's origin. The key is the log's checkpoint key, or
    /// that of somebody else whose key a verifier pins by itself.
    ///
    /// # Errors
    ///
    /// When the signer fails, or there are so many files that no note has room for them.
    pub fn sign(&self, signer: &(impl Signer + ?Sized)) -> Result<SignedNote, NoteError> {
        SignedNote::sign(&self.to_string(), &self.origin, signer)
    }

    /// The file with this name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Whether a file that begins with these bytes claims to be the statement of a report.
    #[must_use]
    pub fn has_first_line(start: &[u8]) -> bool {
        start
            .strip_prefix(STATEMENT_LABEL.as_bytes())
            .is_some_and(|rest| rest.first() == Some(&b'\n'))
    }
}

impl fmt::Display for ReportStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{STATEMENT_LABEL}")?;
        writeln!(f, "origin {}", self.origin)?;
        writeln!(f, "log {}", self.log_id)?;
        writeln!(f, "size {}", self.size)?;
        writeln!(f, "root {}", self.root)?;
        writeln!(f, "made {}", self.made)?;
        self.files.iter().try_for_each(|file| writeln!(f, "{file}"))
    }
}

/// A time of the one form that [`Timestamp`] displays as, up to its last one.
fn time(text: &str) -> Option<Timestamp> {
    let mut parts = text.split(['-', 'T', ':', '.', 'Z']);
    let mut number = || parts.next()?.parse::<u64>().ok();
    let (year, month, day) = (number()?, number()?, number()?);
    let (hour, minute, second, micros) = (number()?, number()?, number()?, number()?);
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (hour < 24 && minute < 60 && second < 60 && micros < 1_000_000);
    if !fits {
        return None;
    }
    // Years that begin on 1 March, as where the form is written: the leap day is the last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = 365 * year + leap_days + (153 * month + 2) / 5 + day - 1;
    let seconds = ((days - DAYS_TO_1970) * 24 + hour) * 3600 + minute * 60 + second;
    let time = Timestamp::from_micros(seconds * 1_000_000 + micros);
    // A day that there is not, or another form, does not come back to what it was.
    (time.to_string() == text).then_some(time)
}

fn size<S: serde::Serializer>(size: &TreeSize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(size.as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "example.org/x/00112233445566778899aabbccddeeff";

    fn of(names: &[&str]) -> Result<ReportStatement, StatementError> {
        let files = names.iter().map(|name| ManifestFile::of(*name, b"x"));
        let made = Timestamp::from_micros(1_790_000_000_123_456);
        let (log_id, root) = (LogId::from_bytes([7; 32]), NodeHash::from_bytes([8; 32]));
        let size = TreeSize::new(30);
        ReportStatement::new(ORIGIN, log_id, size, root, made, files.collect())
    }

    #[test]
    fn round_trip_whatever_the_order() {
        let statement = of(&["b.html", "a b.md"]).unwrap();
        assert_eq!(statement.files[0].name, "a b.md");
        let text = statement.to_string();
        assert_eq!(ReportStatement::parse(&text), Ok(statement));
        assert!(ReportStatement::has_first_line(text.as_bytes()));
        assert!(!ReportStatement::has_first_line(b"ai-audit/report/v11\n"));
        assert!(text.contains("\nmade 2026-09-21T14:13:20.123456Z\n"));
    }

    #[test]
    fn other_forms_are_refused() {
        let text = of(&["a.html", "b.html"]).unwrap().to_string();
        for (from, to) in [
            ("v1", "v2"),
            ("v1\n", "v1\n\n"),
            ("origin example.org/x/0", "origin example.org/x/1 0"),
            ("origin example.org", "origin\texample.org"),
            ("log 07", "log 7"),
            ("log 07", "log  07"),
            ("size 30", "size 030"),
            ("size 30", "size +30"),
            ("size 30", "size 18446744073709551616"),
            ("root 08", "root 0A"),
            ("20.123456Z", "20.12345600Z"),
            ("14:13", "16:13"),
            ("20.123456Z", "20.123456+00:00"),
            ("made 2026", "made 1926"),
            ("file ", "File "),
            (" 1 a.html", " 01 a.html"),
            (" 1 a.html", " 1  a.html"),
            (" 1 b.html\n", " 1 b.html"),
            (" 1 b.html\n", " 1 b.html\n\n"),
            (" 1 b.html\n", " 1 b.html\r\n"),
            (" 1 b.html\n", " 1 b.html\n\nfile\n"),
        ] {
            assert!(text.contains(from), "{from}");
            let other = text.replacen(from, to, 1);
            // An origin and a time have other values, each in its one form.
            let parsed = ReportStatement::parse(&other);
            let same = parsed.as_ref().is_ok_and(|read| read.to_string() == other);
            assert!(
                parsed.is_err() || (from == "14:13" && same),
                "{to:?}: {parsed:?}"
            );
        }
        let lines: Vec<&str> = text.lines().collect();
        for cut in 0..lines.len() - 1 {
            let shorter = lines[..cut].join("\n") + "\n";
            assert!(cut == 7 || ReportStatement::parse(&shorter).is_err());
        }
        let twice = format!("{text}{}\n", lines[7]);
        assert!(ReportStatement::parse(&twice).is_err());
        let [first, second] = [lines[6], lines[7]];
        let exchanged = format!("{}\n{second}\n{first}\n", lines[..6].join("\n"));
        assert!(matches!(
            ReportStatement::parse(&exchanged),
            Err(StatementError::Form { line: 7, .. })
        ));
    }

    #[test]
    fn every_time_that_there_is_and_no_other_is_read() {
        let with = |made: &str| {
            let text = of(&["a.html"]).unwrap().to_string();
            let text = text.replace("2026-09-21T14:13:20.123456Z", made);
            ReportStatement::parse(&text).map(|statement| statement.made)
        };
        let last = "9999-12-31T23:59:59.999999Z";
        assert_eq!(with(last), Ok(Timestamp::MAX));
        assert_eq!(
            with("1970-01-01T00:00:00.000000Z"),
            Ok(Timestamp::from_micros(0))
        );
        // A day of each year, and of some years all: what is displayed is read back.
        let a_day = 86_400_000_000;
        for day in (0..1500).chain((0..8030).map(|year| 365 * year + year / 4)) {
            let time = Timestamp::from_micros(day * a_day + day % a_day);
            assert_eq!(with(&time.to_string()), Ok(time), "{time}");
        }
        for other in [
            "1969-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00.000000Z",
            "0000-01-01T00:00:00.000000Z",
            "10000-01-01T00:00:00.000000Z",
            "2026-02-29T00:00:00.000000Z",
            "2100-02-29T00:00:00.000000Z",
            "2026-04-31T00:00:00.000000Z",
            "2026-00-10T00:00:00.000000Z",
            "2026-13-10T00:00:00.000000Z",
            "2026-01-00T00:00:00.000000Z",
            "2026-01-01T24:00:00.000000Z",
            "2026-01-01T00:60:00.000000Z",
            "2026-06-30T23:59:60.000000Z",
            "2026-01-01T00:00:00.1000000Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.000000",
            "2026-01-01T00:00:00.000000ZZ",
            "2026-01-01T00:00:00.000000+00:00",
            "2026-01-01 00:00:00.000000Z",
            "+2026-01-01T00:00:00.000000Z",
            "18446744073709551615-01-01T00:00:00.000000Z",
            "",
        ] {
            assert!(with(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a53_names_that_lead_elsewhere_are_refused() {
        for name in [
            "",
            ".",
            "..",
            "../a",
            "a/b",
            "/etc/passwd",
            "a\\b",
            "C:a",
            "c:",
            "a:b",
            "NUL",
            "nul.html",
            "a ",
            " a",
            "a.",
            "\u{e4}.html",
            "a\u{202e}b",
            "a\nb",
            "a\0",
            "a?",
            "a*",
            "a/",
            "./a",
        ] {
            let made = of(&[name]);
            assert!(
                matches!(&made, Err(StatementError::Name { name: of, .. }) if of == name),
                "{name:?}: {made:?}"
            );
            let text = of(&["ok.html"]).unwrap().to_string();
            assert!(ReportStatement::parse(&text.replace("ok.html", name)).is_err());
        }
        assert!(of(&[&"a".repeat(255)]).is_ok() && of(&[&"a".repeat(256)]).is_err());
        assert_eq!(of(&[]), Err(StatementError::Nothing));
        assert!(matches!(of(&["a", "a"]), Err(StatementError::Twice { .. })));
    }
}
