//! What does not hold of a source, and which questions of the verdict fail for it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use serde::Serialize;

/// So many findings are kept, and of every class at least [`OF_CLASS`].
const KEPT: usize = 100;
/// So many characters are kept of a text of unknown origin.
const CLIP: usize = 128;
/// Of each class so many findings are kept in any case.
const OF_CLASS: u64 = 5;

/// The classes of `docs/spec/python-library.md`, the gravest first.
///
/// Exhaustive on purpose: whoever decides over sources has to decide over each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingClass {
    /// No such record, JSON that is refused, an archive that the library does not write.
    Malformed,
    /// A hash that does not fit the bytes, a signature that holds under no key.
    Tampered,
    /// A signature that holds under the key in the package and under none that was pinned.
    WrongKey,
    /// The same record twice.
    Replayed,
    /// Two records that name the same one before.
    Forked,
    /// Records that are not there.
    Missing,
    /// Links that do not fit although as many records are there as the metadata says.
    Reordered,
    /// A seal that does not fit the receipts.
    ForgedSeal,
    /// A manifest that is unsigned, signed by somebody else, or does not cover the other files.
    ForgedManifest,
}

impl FindingClass {
    /// All classes, the gravest first.
    pub const ALL: [Self; 9] = [
        Self::Malformed,
        Self::Tampered,
        Self::WrongKey,
        Self::Replayed,
        Self::Forked,
        Self::Missing,
        Self::Reordered,
        Self::ForgedSeal,
        Self::ForgedManifest,
    ];

    /// The name, as in the JSON form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Tampered => "tampered",
            Self::WrongKey => "wrong-key",
            Self::Replayed => "replayed",
            Self::Forked => "forked",
            Self::Missing => "missing",
            Self::Reordered => "reordered",
            Self::ForgedSeal => "forged-seal",
            Self::ForgedManifest => "forged-manifest",
        }
    }
}

impl fmt::Display for FindingClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What sort of thing.
    pub class: FindingClass,
    /// The line on which the record begins, from 1, where it is one record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The record's own id, where it could be read and has one. Whoever wrote the record chose it.
    /// Its first 128 characters, with `…` behind them where there are more. Empty also where it is no
    /// UUID and the records before had too many such ids to keep all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// What does not hold, in a sentence that names line and id.
    pub reason: String,
}

/// How many findings there were of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class.
    pub class: FindingClass,
    /// Number of findings, those that were not kept included.
    pub findings: u64,
}

/// The questions that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fails {
    Integrity,
    Attribution,
    Completeness,
    /// Integrity and attribution.
    Both,
}

impl Fails {
    const fn questions(self) -> [bool; 3] {
        match self {
            Self::Integrity => [true, false, false],
            Self::Attribution => [false, true, false],
            Self::Completeness => [false, false, true],
            Self::Both => [true, true, false],
        }
    }
}

/// Collects findings: the first ones in full, of all their number, and of each question the gravest.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<Finding>,
    counts: [u64; FindingClass::ALL.len()],
    /// Integrity, attribution, completeness.
    failed: [Option<(FindingClass, String)>; 3],
}

impl Findings {
    /// Adds a finding about the source as a whole or one of its files.
    pub(crate) fn add(&mut self, class: FindingClass, fails: Fails, reason: String) {
        self.push(
            fails,
            Finding {
                class,
                line: None,
                id: String::new(),
                reason,
            },
        );
    }

    /// Adds a finding about one record; line and id are put before the reason.
    pub(crate) fn add_at(
        &mut self,
        class: FindingClass,
        fails: Fails,
        (line, id): (u64, &str),
        reason: impl fmt::Display,
    ) {
        if !self.wants(class, fails) {
            self.count(class);
            return;
        }
        let reason = format!("{}: {reason}", Place(line, id));
        self.push(
            fails,
            Finding {
                class,
                line: Some(line),
                id: clip(id),
                reason,
            },
        );
    }

    /// Whether a finding would be more than counted.
    pub(crate) fn wants(&self, class: FindingClass, fails: Fails) -> bool {
        self.keeps(class) || self.leads(class, fails).contains(&true)
    }

    /// Counts a finding that is not wanted.
    pub(crate) fn count(&mut self, class: FindingClass) {
        if let Some(count) = self.counts.get_mut(class as usize) {
            *count += 1;
        }
    }

    fn keeps(&self, class: FindingClass) -> bool {
        self.kept.len() < KEPT || self.counted(class) < OF_CLASS
    }

    /// The questions for which it is graver than all before.
    fn leads(&self, class: FindingClass, fails: Fails) -> [bool; 3] {
        let mut questions = fails.questions();
        for (leads, failed) in questions.iter_mut().zip(&self.failed) {
            *leads &= failed.as_ref().is_none_or(|(before, _)| class < *before);
        }
        questions
    }

    fn push(&mut self, fails: Fails, finding: Finding) {
        let leads = self.leads(finding.class, fails);
        for (failed, leads) in self.failed.iter_mut().zip(leads) {
            if leads {
                *failed = Some((finding.class, finding.reason.clone()));
            }
        }
        let keeps = self.keeps(finding.class);
        self.count(finding.class);
        if keeps {
            self.kept.push(finding);
        }
    }

    fn counted(&self, class: FindingClass) -> u64 {
        self.counts.get(class as usize).copied().unwrap_or(0)
    }

    /// Why integrity, attribution and completeness failed, where they did.
    pub(crate) fn failed(&self) -> [Option<String>; 3] {
        self.failed
            .each_ref()
            .map(|failed| failed.as_ref().map(|(_, reason)| reason.clone()))
    }

    /// The findings by class, then line; and how many there were of each class.
    pub(crate) fn finish(mut self) -> (Vec<Finding>, Vec<ClassCount>) {
        self.kept
            .sort_by_key(|finding| (finding.class, finding.line));
        let counts = FindingClass::ALL
            .into_iter()
            .map(|class| ClassCount {
                class,
                findings: self.counted(class),
            })
            .filter(|count| count.findings > 0)
            .collect();
        (self.kept, counts)
    }
}

/// A record's place in words.
pub(crate) struct Place<'a>(pub(crate) u64, pub(crate) &'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(line, id) = self;
        write!(f, "line {line}")?;
        if id.is_empty() {
            return Ok(());
        }
        write!(f, ", record {}", shown(id))
    }
}

/// A text of unknown origin for a message: on one line, cut to 64 characters.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == 64 {
            out.push('…');
            break;
        }
        let _ = write!(out, "{}", c.escape_debug());
    }
    out
}

/// A text of unknown origin to be kept: its first 128 characters.
pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(CLIP) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into(),
    }
}
