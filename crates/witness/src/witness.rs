//! A witness: checks, remembers, cosigns.

use crate::{FolderError, WitnessFolder, origin_digest};
use ai_audit_core::{NodeHash, Signer, Timestamp};
use ai_audit_merkle::{ConsistencyProof, TreeSize};
use ai_audit_note::{
    AddCheckpoint, Checkpoint, NoteError, NoteSignature, SignedNote, VKey, VKeyError, VKeyKind,
    cosign,
};
use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A witness of the logs whose key lines it was given.
///
/// Every answer is given under the lock of its log, and a cosignature only after the checkpoint is
/// durable: of two requests at once one comes first, and no crash makes it forget what it signed.
pub struct Witness {
    folder: WitnessFolder,
    line: VKey,
    signer: Box<dyn Signer + Send + Sync>,
    /// By origin.
    logs: HashMap<String, Log>,
}

struct Log {
    /// The digest of its origin.
    digest: String,
    keys: Vec<VKey>,
    latest: Mutex<State>,
}

enum State {
    /// Nothing was cosigned yet.
    New,
    Last(Box<Last>),
    /// What is on disk is not known, since writing it failed: to be read again.
    Unknown,
}

#[derive(Clone)]
struct Last {
    checkpoint: Checkpoint,
    note: SignedNote,
}

/// Why a witness cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// Its name cannot be that of a key.
    #[error("witness name: {0}")]
    Name(VKeyError),
    /// A log's key line is of a key for something else.
    #[error("log {name}: expected a log's key line, type 1")]
    Kind {
        /// The line's name.
        name: String,
    },
    /// Its folder, or a file in it.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What became of the request.
    pub status: Status,
    /// The answer's body: cosignature lines, a size, or a sentence for people.
    pub body: String,
    /// Origin and size of the checkpoint, where a log that the witness knows signed it.
    pub checkpoint: Option<(String, TreeSize)>,
}

/// What became of a request; C2SP gives each an HTTP status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 200: cosigned.
    Cosigned,
    /// 400: the request has not the form of one, or its old size is larger than its checkpoint.
    Malformed,
    /// 403: no key that is trusted for the log signed it.
    NotSigned,
    /// 404: the witness does not know the log.
    UnknownLog,
    /// 409: another size than the old one was cosigned last, or another root of the same size. The
    /// body is the size that was.
    Conflict,
    /// 422: the checkpoint does not continue what was cosigned.
    Inconsistent,
    /// 500: what was checked could not be kept, so nothing was cosigned.
    Failed,
}

impl Status {
    /// The HTTP status code.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Cosigned => 200,
            Self::Malformed => 400,
            Self::NotSigned => 403,
            Self::UnknownLog => 404,
            Self::Conflict => 409,
            Self::Inconsistent => 422,
            Self::Failed => 500,
        }
    }
}

impl Witness {
    /// A witness under a name, with its key, for these logs. Several keys of one origin are
    /// alternatives.
    ///
    /// # Errors
    ///
    /// When the name or a key line cannot be used, or the folder has something else than what a
    /// witness with this key wrote: it does not start over where it cannot read what it signed.
    pub fn new(
        folder: WitnessFolder,
        name: &str,
        signer: Box<dyn Signer + Send + Sync>,
        logs: &[VKey],
    ) -> Result<Self, WitnessError> {
        let line = VKey::cosignature(name, signer.verifying_key()).map_err(WitnessError::Name)?;
        let mut keys: HashMap<String, Vec<VKey>> = HashMap::new();
        for log in logs {
            if log.kind() != VKeyKind::Ed25519 {
                let name = log.name().into();
                return Err(WitnessError::Kind { name });
            }
            let known = keys.entry(log.name().into()).or_default();
            if !known.contains(log) {
                known.push(log.clone());
            }
        }
        let mut witness = Self {
            folder,
            line,
            signer,
            logs: HashMap::new(),
        };
        for (origin, keys) in keys {
            let log = Log {
                digest: origin_digest(&origin),
                keys,
                latest: Mutex::new(witness.read(&origin)?),
            };
            witness.logs.insert(origin, log);
        }
        Ok(witness)
    }

    /// Its key line, for policies.
    #[must_use]
    pub const fn key_line(&self) -> &VKey {
        &self.line
    }

    /// The origins of its logs, sorted.
    #[must_use]
    pub fn origins(&self) -> Vec<&str> {
        let mut origins: Vec<&str> = self.logs.keys().map(String::as_str).collect();
        origins.sort_unstable();
        origins
    }

    /// The last checkpoint that it cosigned of the log with this [`origin_digest`], with its
    /// cosignature.
    #[must_use]
    pub fn latest(&self, digest: &str) -> Option<SignedNote> {
        let log = self.logs.values().find(|log| log.digest == digest)?;
        match &*log.latest.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Last(last) => Some(last.note.clone()),
            State::New | State::Unknown => None,
        }
    }

    /// Answers an `add-checkpoint` request, given its body and the time.
    #[must_use]
    pub fn add_checkpoint(&self, body: &[u8], now: Timestamp) -> Answer {
        let mut signed = None;
        let (status, body) = match self.judge(body, now, &mut signed) {
            Ok(lines) => (Status::Cosigned, lines),
            Err(Refusal(status, reason)) => (status, format!("{reason}\n")),
        };
        Answer {
            status,
            body,
            checkpoint: signed,
        }
    }

    fn judge(
        &self,
        body: &[u8],
        now: Timestamp,
        known: &mut Option<(String, TreeSize)>,
    ) -> Result<String, Refusal> {
        let request = AddCheckpoint::parse(body).map_err(refuse(Status::Malformed))?;
        let note = &request.checkpoint;
        let checkpoint = Checkpoint::parse(note.text()).map_err(refuse(Status::Malformed))?;
        let log = self.logs.get(&checkpoint.origin).ok_or_else(|| {
            refuse(Status::UnknownLog)("this witness does not know the log of this origin")
        })?;
        signed(note, &log.keys).map_err(refuse(Status::NotSigned))?;
        *known = Some((checkpoint.origin.clone(), checkpoint.size));
        if request.old > checkpoint.size {
            let reason = "the old size is larger than the checkpoint's";
            return Err(refuse(Status::Malformed)(reason));
        }
        let mut latest = log.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*latest, State::Unknown) {
            *latest = self
                .read(&checkpoint.origin)
                .map_err(refuse(Status::Failed))?;
        }
        let last = match &*latest {
            State::Last(last) => Some(last),
            State::New | State::Unknown => None,
        };
        let size = last.map_or(TreeSize::ZERO, |last| last.checkpoint.size);
        let conflict = || refuse(Status::Conflict)(size);
        if let Some(last) = last
            && last.checkpoint.size == checkpoint.size
            && last.checkpoint.root != checkpoint.root
        {
            // Two histories, both signed by the log. Whether they can be kept changes no answer.
            let name = |root: &NodeHash| root.to_string().chars().take(16).collect();
            let notes = [
                (&last.note, name(&last.checkpoint.root)),
                (note, name(&checkpoint.root)),
            ];
            let _ = self
                .folder
                .keep_evidence(&checkpoint.origin, size.as_u64(), notes);
            return Err(conflict());
        }
        if request.old != size {
            return Err(conflict());
        }
        let old_root = last.map_or(NodeHash::EMPTY, |last| last.checkpoint.root);
        continues(&request, &checkpoint, &old_root).map_err(refuse(Status::Inconsistent))?;
        let cosignature =
            cosign(note, self.line.name(), &*self.signer, now).map_err(refuse(Status::Failed))?;
        // What others put under it is not this witness's to keep.
        let own = |signature: &&NoteSignature| {
            let mut keys = log.keys.iter();
            keys.any(|key| key.name() == signature.name() && key.hash() == signature.hash())
        };
        let mut kept = note.only(own).unwrap_or_else(|| note.clone());
        kept.add(cosignature.clone())
            .map_err(refuse(Status::Failed))?;
        // From here until it is written nobody knows what is on disk.
        *latest = State::Unknown;
        self.folder
            .put(&checkpoint.origin, &kept)
            .map_err(refuse(Status::Failed))?;
        let note = kept;
        *latest = State::Last(Box::new(Last { checkpoint, note }));
        Ok(format!("{cosignature}\n"))
    }

    /// What was cosigned last of a log, from the folder.
    fn read(&self, origin: &str) -> Result<State, FolderError> {
        let Some(note) = self.folder.latest(origin)? else {
            return Ok(State::New);
        };
        let damaged = |what: String| FolderError::Damaged {
            path: self.folder.latest_path(origin),
            what,
        };
        note.verify_cosignature(&self.line).map_err(|error| {
            damaged(format!(
                "the last checkpoint of log {origin} is not cosigned by this witness's key: {error}"
            ))
        })?;
        let checkpoint =
            Checkpoint::parse(note.text()).map_err(|error| damaged(error.to_string()))?;
        if checkpoint.origin != origin {
            return Err(damaged(format!(
                "expected a checkpoint of log {origin}, found one of {}",
                checkpoint.origin
            )));
        }
        Ok(State::Last(Box::new(Last { checkpoint, note })))
    }
}

/// Whether one of the keys signed the note, and of none of them there is a signature that fails.
fn signed(note: &SignedNote, keys: &[VKey]) -> Result<(), NoteError> {
    let mut missing = None;
    let mut found = false;
    for key in keys {
        match note.verify(key) {
            Ok(()) => found = true,
            Err(error @ NoteError::NotSigned { .. }) => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if !found => Err(error),
        _ => Ok(()),
    }
}

/// Whether the checkpoint continues what was cosigned: the old size, which it is known to have, and
/// its root.
fn continues(
    request: &AddCheckpoint,
    checkpoint: &Checkpoint,
    old_root: &NodeHash,
) -> Result<(), String> {
    if request.old == TreeSize::ZERO {
        if !request.proof.is_empty() {
            return Err("expected no consistency proof for the old size 0".into());
        }
        if checkpoint.size == TreeSize::ZERO && checkpoint.root != NodeHash::EMPTY {
            return Err("the root is not that of the empty tree".into());
        }
        return Ok(());
    }
    let proof = ConsistencyProof {
        old: request.old,
        new: checkpoint.size,
        path: request.proof.clone(),
    };
    proof
        .verify(old_root, &checkpoint.root)
        .map_err(|error| format!("consistency proof: {error}"))
}

/// Why nothing is cosigned: a status, and what is said.
struct Refusal(Status, String);

fn refuse<E: fmt::Display>(status: Status) -> impl FnOnce(E) -> Refusal {
    move |reason| Refusal(status, reason.to_string())
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness")
            .field("line", &self.line.to_string())
            .field("folder", &self.folder)
            .field("logs", &self.logs.len())
            .finish_non_exhaustive()
    }
}
