//! Verifying the records of a source: each by itself, then all against each other.

mod chains;
mod parents;
mod seals;
mod table;
mod verdict;

use ai_audit_core::VerifyingKey;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::finding::{Fails, FindingClass, Findings};
use crate::report::{PythonReport, RecordCounts, SigningKeyCount};
use crate::{Keys, Problem, Record, SourceTrust};
use chains::{Chains, Expected};
use seals::Seals;
use table::{MOST, Table};

/// Longest record that is taken, in bytes: 16 MiB.
pub const MAX_RECORD: usize = 16 << 20;

/// Verifies the records of the Python library, one after the other, in any order.
///
/// Some 150 bytes are kept of each record, whatever stands in it, and as many of each tenant and kind;
/// of ids and names for sentences 16 MiB at most, and of what seals list 64 MiB and 64 bytes for each
/// record. Some 50 more of each record are needed while all are held against each other. Whatever is
/// wrong is told in the report; nothing stops the walk.
///
/// ```
/// use ai_audit_core::SigningKey;
/// use ai_audit_import::{EvidenceVerifier, FindingClass, SourceTrust};
///
/// let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
/// let trust = SourceTrust { keys: vec![key], min_size: None };
/// let mut verifier = EvidenceVerifier::new(&trust);
/// verifier.push_line(1, r#"{"receipt_id": "r1", "tool_name": "search"}"#);
/// verifier.push_line(2, "no record");
///
/// let report = verifier.finish();
/// assert!(report.verdict.integrity.is_failed());
/// assert_eq!(report.findings[0].class, FindingClass::Malformed);
/// assert_eq!((report.findings[0].line, report.counts.tool_calls), (Some(2), 1));
/// ```
#[derive(Debug)]
pub struct EvidenceVerifier<'t> {
    trust: &'t SourceTrust,
    keys: Keys,
    signed: Vec<SigningKeyCount>,
    counts: RecordCounts,
    table: Table,
    seals: Seals,
    pub(crate) findings: Findings,
    pub(crate) remarks: Vec<String>,
    /// How many records the metadata counts.
    pub(crate) metadata: Option<u64>,
    /// Nothing of the source could be read, so that nothing can be said of how much there is.
    pub(crate) unreadable: bool,
    /// The key of the package's manifest, where its signature holds.
    pub(crate) manifest_key: Option<VerifyingKey>,
}

impl<'t> EvidenceVerifier<'t> {
    /// A verifier of records that come without a package.
    #[must_use]
    pub fn new(trust: &'t SourceTrust) -> Self {
        Self::with_key(trust, None)
    }

    /// A verifier that also knows the key that stands in the source.
    pub(crate) fn with_key(trust: &'t SourceTrust, inside: Option<VerifyingKey>) -> Self {
        let keys = Keys::new(trust.keys.iter().copied().chain(inside));
        let signed = keys.iter().map(|key| SigningKeyCount {
            key: *key,
            pinned: trust.pins(key),
            records: 0,
        });
        Self {
            trust,
            signed: signed.collect(),
            counts: RecordCounts::default(),
            table: Table::default(),
            seals: Seals::default(),
            findings: Findings::default(),
            remarks: Vec::new(),
            metadata: None,
            unreadable: false,
            manifest_key: None,
            keys,
        }
    }

    /// The keys that are tried.
    pub(crate) fn keys(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// What is trusted.
    pub(crate) fn trust(&self) -> &'t SourceTrust {
        self.trust
    }

    /// Whether any record was signed by a key that is pinned.
    pub(crate) fn saw_pinned(&self) -> bool {
        self.signed.iter().any(|key| key.pinned && key.records > 0)
    }

    /// Takes one record; `line` is the one on which it begins, from 1.
    pub fn push_line(&mut self, line: u64, text: &str) {
        if text.len() > MAX_RECORD {
            let limit = format!(
                "a record has {} bytes, at most {MAX_RECORD} are taken",
                text.len()
            );
            return self.push_unread(line, limit);
        }
        let mut record = match Record::parse(text) {
            Ok(record) => record,
            Err(error) => return self.push_unread(line, error),
        };
        let altered = self.examine(line, &mut record);
        if self.table.entries.len() >= MOST {
            return self.push_unread(line, "more records than can be followed");
        }
        self.counts.count(record.kind());
        let Some(index) = self.table.push(line, &record, altered) else {
            return;
        };
        let records = self.table.entries.len();
        if let Err(error) = self.seals.push(index, records, &record) {
            let place = (line, record.id());
            self.findings
                .add_at(FindingClass::Malformed, Fails::Integrity, place, error);
        }
    }

    /// Notes that what stands at a line is no record, and why.
    pub fn push_unread(&mut self, line: u64, reason: impl fmt::Display) {
        self.counts.unread += 1;
        self.findings.add_at(
            FindingClass::Malformed,
            Fails::Integrity,
            (line, ""),
            reason,
        );
    }

    /// Holds a record against itself and the keys; gives whether something does not hold.
    fn examine(&mut self, line: u64, record: &mut Record<'_>) -> bool {
        let examined = record.examine(&mut self.keys);
        let (key, problem) = match examined.problem {
            // Who signed the bytes is worth knowing also where the hash beside them is another.
            Some(problem @ (Problem::Hash { .. } | Problem::NoHash | Problem::SealHash)) => {
                (record.verify(&mut self.keys), Some(problem))
            }
            Some(problem) => (Err(problem), None),
            None => match examined.key {
                Some(key) => (Ok(key), None),
                None => return false,
            },
        };
        let id = record.id();
        let mut add = |class, fails, reason: &dyn fmt::Display| {
            self.findings.add_at(class, fails, (line, id), reason);
        };
        let mut altered = problem.is_some();
        if let Some(problem) = problem {
            add(FindingClass::Tampered, Fails::Integrity, &problem);
        }
        match key {
            Ok(key) => {
                if let Some(count) = self.signed.iter_mut().find(|count| count.key == key) {
                    count.records += 1;
                }
                if !self.trust.keys.is_empty() && !self.trust.pins(&key) {
                    let reason = format!(
                        "signature: it holds under {key}, the key in the package, which is not pinned"
                    );
                    add(FindingClass::WrongKey, Fails::Attribution, &reason);
                }
            }
            // Then integrity stays unverified.
            Err(Problem::NoKeys) => {}
            Err(signature) => {
                add(FindingClass::Tampered, Fails::Both, &signature);
                altered = true;
            }
        }
        altered
    }

    /// Holds all records against each other and gives the report.
    #[must_use]
    pub fn finish(self) -> PythonReport {
        self.finish_with(|_| {})
    }

    /// [`EvidenceVerifier::finish`]; `around` looks at what stands around the records, once they were
    /// held against each other.
    pub(crate) fn finish_with(mut self, around: impl FnOnce(&mut Self)) -> PythonReport {
        let expected = Expected {
            metadata: self.metadata,
            unread: self.counts.unread,
        };
        let chains = Chains::follow(&self.table, expected, &mut self.findings);
        let unread = self.counts.unread;
        let remarks = self
            .seals
            .hold(&self.table, &chains, unread, &mut self.findings);
        self.remarks.extend(remarks);
        if !self.unreadable {
            self.count_records(&chains);
        }
        around(&mut self);
        self.report(&chains)
    }

    /// The receipts and their times, for whoever holds them against metadata.
    pub(crate) fn receipt(&self, id: &str) -> Option<(u64, Option<u64>)> {
        let id = table::ShortId::of(id);
        let receipt =
            |entry: &&table::Entry| entry.id == id && chains::is_receipt(&self.table, entry);
        let entry = self.table.entries.iter().find(receipt)?;
        Some((
            entry.line,
            (entry.micros != u64::MAX).then_some(entry.micros),
        ))
    }

    /// The earliest and the latest time of all records; nothing where one says none.
    pub(crate) fn times(&self) -> Option<(u64, u64)> {
        let mut times = self.table.entries.iter().map(|entry| entry.micros);
        let first = times.next()?;
        let (first, last) = times.fold((first, first), |(first, last), time| {
            (first.min(time), last.max(time))
        });
        (last != u64::MAX).then_some((first, last))
    }

    /// Whether all records are of that tenant.
    pub(crate) fn all_are_of(&self, tenant: &str) -> bool {
        let tenant = table::Tenant::of(tenant);
        self.table.groups.iter().all(|group| group.tenant == tenant)
    }

    /// How many records there are: those that could be read, and lines that could not.
    pub(crate) fn counts(&self) -> RecordCounts {
        self.counts
    }
}
