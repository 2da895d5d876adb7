//! What is refused of a file and its key-encryption key, and how it is said.

use super::Result;
use super::file;
use super::rows::Failure;
use ai_audit_core::LogId;
use ai_audit_shredding::{KekId, KekVault, SubjectKeysError};
use std::path::Path;

pub(super) fn at(path: &Path, what: &str) -> String {
    format!("{}: {what}", path.display())
}

pub(super) fn explain(path: &Path, failure: Failure) -> SubjectKeysError {
    let refused = |what: &str| SubjectKeysError::new(at(path, what));
    match failure {
        Failure::Sql(error) if file::is_of_reader(&error) => {
            refused(&file::explain(&error)).of_reader()
        }
        Failure::Sql(error) => refused(&file::explain(&error)),
        Failure::Damaged(what) => refused(&what),
        Failure::Key(error) => refused(&error.to_string()),
    }
}

pub(super) fn same_log(path: &Path, found: &LogId, log: &LogId) -> Result<()> {
    if found == log {
        return Ok(());
    }
    Err(SubjectKeysError::new(at(
        path,
        &format!("it has the subject keys of log {found}, expected those of log {log}"),
    )))
}

/// Refuses to begin anew where a key-encryption key says that there were keys: a new one would be
/// made in its place, and a copy of the keys that is brought back later would open no more.
pub(super) fn refuse_alone(
    path: &Path,
    settled: Option<KekId>,
    vault: &impl KekVault,
) -> Result<()> {
    let Some(kek) = settled else {
        return Ok(());
    };
    Err(SubjectKeysError::new(at(
        path,
        &format!(
            "the subject keys are missing, while the key-encryption key {kek} that wraps them is in {}; bring back the newest copy of this file. If it is lost, no text of any subject can be read again: move that key away; new ones are made, and `ai-audit shred DIR --lost-keys` records that the old ones are gone",
            vault.place()
        ),
    )))
}

/// Says why the keys of a file do not open (A28).
pub(super) fn no_kek(path: &Path, kek: &KekId, held: &[KekId], place: &str) -> SubjectKeysError {
    let what = if held.is_empty() {
        format!(
            "its keys are wrapped under key-encryption key {kek}, which is not in {place}; bring it back from where a copy is kept. If it is lost, no text of any subject can be read again: move this file away; new keys are made, and `ai-audit shred DIR --lost-keys` records that the old ones are gone"
        )
    } else {
        let held: Vec<String> = held.iter().map(KekId::to_string).collect();
        format!(
            "its keys are wrapped under key-encryption key {kek}, and {place} has {}: this file is from before an erasure, which destroyed that key, and nothing in it opens; bring back the newest copy of this file. If it is lost, no text of any subject can be read again: move it and that key away; new ones are made, and `ai-audit shred DIR --lost-keys` records that the old ones are gone",
            held.join(" and ")
        )
    };
    SubjectKeysError::new(at(path, &what))
}
