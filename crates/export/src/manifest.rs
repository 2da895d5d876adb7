//! The manifest of a package: every file with its digest, signed as a note by the checkpoint key.

use crate::Selection;
use ai_audit_core::{Digest, LogId};
use serde::Serialize;
use std::fmt;

/// First line of a manifest's text. It has no `/` and 32 digits at its end, so it is no origin, and
/// a signature over a manifest can never pass as one over a checkpoint.
pub const MANIFEST_LABEL: &str = "ai-audit/manifest/v1";

/// What a package says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The log's origin.
    pub origin: String,
    /// The log's id.
    pub log_id: LogId,
    /// Which receipts are in the package.
    pub selection: Selection,
    /// How many they are.
    pub receipts: u64,
    /// Size of the checkpoint that they are held against.
    pub checkpoint: u64,
    /// Every file but the manifest, in the order of the archive.
    pub files: Vec<ManifestFile>,
}

/// One file of a package, or of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManifestFile {
    /// SHA-256 of its contents.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Its name.
    pub name: String,
}

/// A text that is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("manifest at line {line}: expected {expected}")]
pub struct ManifestError {
    /// The line, from 1.
    pub line: usize,
    /// What should have been there.
    pub expected: &'static str,
}

impl Manifest {
    /// Reads a manifest's text. Only the exact form that [`Manifest`] displays as is taken.
    ///
    /// # Errors
    ///
    /// Names the line and what was expected there.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut lines = text
            .split('\n')
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        let mut next = |field: &str, expected| {
            let (line, text) = lines.next().unwrap_or((0, ""));
            let error = ManifestError { line, expected };
            match text.strip_prefix(field) {
                Some(rest) => Ok((rest, error)),
                None => Err(error),
            }
        };
        let (rest, error) = next(MANIFEST_LABEL, "the line ai-audit/manifest/v1")?;
        if !rest.is_empty() {
            return Err(error);
        }
        let (origin, _) = next("origin ", "origin and the log's origin")?;
        let (log, error) = next("log ", "log and 64 hexadecimal digits")?;
        let log_id = log.parse().map_err(|_| error)?;
        let (selection, error) = next("selection ", "selection and its form")?;
        let selection = selection.parse().map_err(|_| error)?;
        let (receipts, error) = next("receipts ", "receipts and their number")?;
        let receipts = receipts.parse().map_err(|_| error)?;
        let (checkpoint, error) = next("checkpoint ", "checkpoint and its size")?;
        let checkpoint = checkpoint.parse().map_err(|_| error)?;
        let mut manifest = Self {
            origin: origin.into(),
            log_id,
            selection,
            receipts,
            checkpoint,
            files: Vec::new(),
        };
        for (line, text) in lines {
            if text.is_empty() {
                break;
            }
            let expected = "file, its SHA-256, its size and its name";
            let file = ManifestFile::parse(text).ok_or(ManifestError { line, expected })?;
            if manifest.files.iter().any(|other| other.name == file.name) {
                return Err(ManifestError {
                    line,
                    expected: "each file once",
                });
            }
            manifest.files.push(file);
        }
        if manifest.to_string() == text {
            Ok(manifest)
        } else {
            let line = manifest
                .to_string()
                .lines()
                .zip(text.lines())
                .take_while(|(ours, theirs)| ours == theirs)
                .count();
            Err(ManifestError {
                line: line + 1,
                expected: "the canonical form of the manifest",
            })
        }
    }

    /// The file with this name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

impl ManifestFile {
    /// What is listed of a file with these contents.
    #[must_use]
    pub fn of(name: impl Into<String>, contents: &[u8]) -> Self {
        Self {
            digest: Digest::of(contents),
            size: contents.len() as u64,
            name: name.into(),
        }
    }

    /// Reads the line that it displays as; the caller holds it against that.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut parts = line.strip_prefix("file ")?.splitn(3, ' ');
        Some(Self {
            digest: parts.next()?.parse().ok()?,
            size: parts.next()?.parse().ok()?,
            name: parts.next()?.into(),
        })
    }
}

impl fmt::Display for ManifestFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digest, size, name } = self;
        write!(f, "file {digest} {size} {name}")
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MANIFEST_LABEL}")?;
        writeln!(f, "origin {}", self.origin)?;
        writeln!(f, "log {}", self.log_id)?;
        writeln!(f, "selection {}", self.selection)?;
        writeln!(f, "receipts {}", self.receipts)?;
        writeln!(f, "checkpoint {}", self.checkpoint)?;
        self.files.iter().try_for_each(|file| writeln!(f, "{file}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            origin: "example.org/x/00112233445566778899aabbccddeeff".into(),
            log_id: LogId::ZERO,
            selection: Selection::Session("s 1".into()),
            receipts: 3,
            checkpoint: 9,
            files: vec![ManifestFile {
                digest: Digest::of(b""),
                size: 0,
                name: "a".into(),
            }],
        }
    }

    #[test]
    fn round_trip() {
        assert_eq!(Manifest::parse(&manifest().to_string()), Ok(manifest()));
    }

    #[test]
    fn other_forms_are_refused() {
        let text = manifest().to_string();
        for (from, to) in [
            ("v1", "v2"),
            ("receipts 3", "receipts 03"),
            ("receipts 3", "receipts +3"),
            ("selection", "Selection"),
            (" 0 a\n", " 0 a\n\n"),
            (" 0 a\n", " 0 a\n\nfile\n"),
            (" 0 a\n", " 0 a"),
            ("origin", " origin"),
        ] {
            assert!(
                Manifest::parse(&text.replacen(from, to, 1)).is_err(),
                "{to}"
            );
        }
        let file = text.lines().last().unwrap();
        assert!(Manifest::parse(&format!("{text}{file}\n")).is_err());
    }
}
