//! One package verified, and what was made of each of its receipts on the way.

use crate::exact::exact;
#[cfg(test)]
use ai_audit_core::UnverifiedReceipt;
use ai_audit_core::{LeafHash, Question, Signature};
use ai_audit_export::archive::{ReadAt, is_zip};
use ai_audit_export::{
    Manifest, RECEIPTS_MAGIC, ReportStatement, is_python_package, observe_package,
};
use ai_audit_note::TlogProof;
use ai_audit_verify::{Equivocation, Observed, Observer, Pin, Report, TrustPolicy};
use serde::Serialize;
use serde_json::{Value, json};

/// What the verifier made of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It was verified as far as the package was gone through.
    Verified,
    /// It was not.
    Unverified,
    /// Its bytes are deleted.
    Deleted,
}

/// A package that was verified.
#[derive(Debug)]
pub struct Examined {
    report: Report,
    manifest: Option<Manifest>,
    /// That it is something else, in words.
    other: Option<&'static str>,
    /// What the auditor brought, for the window.
    brought: Value,
    pub(crate) seen: Seen,
}

/// The receipts in the order of the package.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    states: Vec<State>,
    hashes: Vec<Option<LeafHash>>,
    signatures: Vec<SignatureMark>,
}

/// What tells signatures apart: half of a SHA-256. A receipt's hash is over all of it but its signature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SignatureMark([u8; 16]);

impl SignatureMark {
    /// All zero where there is none.
    pub(crate) fn of(signature: Option<Signature>) -> Self {
        let hash = signature.map(|signature| LeafHash::of(signature.as_bytes()));
        let half = hash.and_then(|hash| hash.as_bytes().first_chunk().copied());
        Self(half.unwrap_or_default())
    }
}

impl Seen {
    /// Of one receipt.
    #[cfg(test)]
    pub(crate) fn of(state: State, receipt: &UnverifiedReceipt<'_>) -> Self {
        Self {
            states: vec![state],
            hashes: vec![Some(receipt.hash())],
            signatures: vec![SignatureMark::of(receipt.signature())],
        }
    }

    /// Whether the receipt at this place of the package was verified, with this hash and signature.
    pub(crate) fn verified(&self, place: usize, hash: LeafHash, signature: SignatureMark) -> bool {
        self.states.get(place) == Some(&State::Verified)
            && self.hashes.get(place) == Some(&Some(hash))
            && self.signatures.get(place) == Some(&signature)
    }
}

struct Looking<F> {
    seen: Seen,
    progress: F,
}

impl<F: FnMut(u64, u64)> Observer for Looking<F> {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        let mut signature = SignatureMark::default();
        let (state, hash) = match seen {
            Observed::Verified { receipt, .. } => {
                signature = SignatureMark::of(receipt.signature());
                (State::Verified, Some(receipt.hash()))
            }
            Observed::Unverified { hash, .. } => (State::Unverified, hash),
            Observed::Deleted { hash, .. } => (State::Deleted, Some(hash)),
        };
        self.seen.states.push(state);
        self.seen.hashes.push(hash);
        self.seen.signatures.push(signature);
    }

    fn progress(&mut self, done: u64, total: u64) {
        (self.progress)(done, total);
    }
}

/// Verifies a package under a trust policy, as `ai-audit verify` does. `progress` is told the receipts
/// gone through, and their number as the package claims it; 0 where it claims nothing.
pub fn examine<R: ReadAt>(
    package: &R,
    policy: &TrustPolicy,
    progress: impl FnMut(u64, u64),
) -> Examined {
    let mut looking = Looking {
        seen: Seen::default(),
        progress,
    };
    let found = observe_package(package, policy, &mut looking);
    Examined {
        report: found.report.of_one_log(policy),
        manifest: found.manifest,
        other: other(package),
        brought: brought(policy),
        seen: looking.seen,
    }
}

impl Examined {
    /// The report: the object that `ai-audit verify --json` prints, but for `kind` and `exit`.
    #[must_use]
    pub fn report_json(&self) -> String {
        // Maps with text keys and finite numbers always serialise.
        serde_json::to_string_pretty(&self.report).unwrap_or_default()
    }

    /// What the window shows of it, as JSON: `answers`, the five with `name`, `status` and, where there
    /// is one, `reason` and `receipt`; `exit`, the command's exit code for the questions that are asked
    /// unless somebody says otherwise; `manifest`; `brought`, what it was held against; and all of the
    /// report.
    #[must_use]
    pub fn shown(&self) -> String {
        let report = &self.report;
        let answers: Vec<_> = Question::ALL
            .iter()
            .map(|question| {
                let answer = report.verdict.answer(*question);
                let mut shown = serde_json::to_value(answer).unwrap_or_default();
                if let Some(fields) = shown.as_object_mut() {
                    fields.insert("name".into(), question.name().into());
                    fields.insert("words".into(), answer.to_string().into());
                }
                shown
            })
            .collect();
        let manifest = self.manifest.as_ref().map(|manifest| {
            json!({
                "selection": manifest.selection.describe(),
                "all": manifest.selection.is_all(),
                "receipts": manifest.receipts,
                "checkpoint": manifest.checkpoint,
                "files": manifest.files,
            })
        });
        exact(json!({
            "answers": answers,
            "exit": report.exit(&Question::DEFAULT).code(),
            "manifest": manifest,
            "other": self.other,
            "brought": self.brought,
            "report": report,
        }))
        .to_string()
    }
}

/// What the verdict counts on, out of the policy itself: a window could show what was not used.
fn brought(policy: &TrustPolicy) -> Value {
    let keys = policy.pins().iter().map(|pin| match pin {
        Pin::Log(line) => line.to_string(),
        Pin::Key(key) => key.to_string(),
    });
    let checkpoints = policy.checkpoints().iter().map(|(_, checkpoint)| {
        json!({
            "origin": checkpoint.origin,
            "size": checkpoint.size.as_u64(),
            "root": checkpoint.root,
        })
    });
    let witnesses = policy.quorum().map(|quorum| {
        let witnesses = quorum.witnesses().iter();
        witnesses
            .map(|witness| witness.name().to_string())
            .collect::<Vec<_>>()
    });
    json!({
        "keys": keys.collect::<Vec<_>>(),
        "checkpoints": checkpoints.collect::<Vec<_>>(),
        "size": policy.known_size(),
        "witnesses": witnesses,
    })
}

/// What a file is that is no package of ours, where its beginning tells.
fn other<R: ReadAt>(file: &R) -> Option<&'static str> {
    let mut start = [0; 64];
    let len = file.read_at(&mut start, 0).ok()?;
    let start = start.get(..len)?;
    if is_zip(start) {
        return is_python_package(file).then_some("a package of the Python library ai-audit-trail");
    }
    if TlogProof::has_first_line(start) {
        Some("a proof of one receipt")
    } else if Equivocation::has_first_line(start) {
        Some("a proof of equivocation")
    } else if ReportStatement::has_first_line(start) {
        Some("the note of a report")
    } else if start.starts_with(RECEIPTS_MAGIC) {
        Some("a receipts file")
    } else {
        None
    }
}
