//! What a source shows of members: their checkpoints, and the trees behind them.

use crate::failure::{sentence, usage};
use crate::open::{read_at_most, settings_of_another};
use crate::output::shown_path;
use ai_audit_directory::{EvidenceForm, Layout, LogDirectory, TileFolder};
use ai_audit_export::package_tree;
use ai_audit_export::tiles::PublishedLog;
use ai_audit_fleet::{Fleet, Member, Offered, Refusal};
use ai_audit_merkle::{MemoryTree, Tiled, TreeSize};
use ai_audit_note::{AddCheckpoint, Checkpoint, MAX_NOTE_LEN, SignedNote};
use ai_audit_store::{LogName, StoreTiles};
use ai_audit_verify::Equivocation;
use std::fs::File;
use std::path::Path;

/// Longest file that is read: a proof of equivocation.
const MAX_FILE: usize = 2 * MAX_NOTE_LEN + 8192;

/// Something that may show what members signed.
pub(super) enum Source {
    Directory(Box<LogDirectory>),
    Published(TileFolder),
    Package(Box<SignedNote>, Box<MemoryTree>),
    Note(SignedNote),
    Request(Box<AddCheckpoint>),
    Proof(Box<Equivocation>),
}

/// What a source shows of one log.
pub(super) struct Shown {
    pub(super) origin: String,
    /// None where the log is not in the roster.
    pub(super) outcome: Option<Result<Offered, Refused>>,
}

/// Why nothing is taken.
pub(super) struct Refused {
    pub(super) reason: String,
    /// Whether the member's log is cut or of another history.
    pub(super) grave: bool,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            grave: refusal.is_grave(),
            reason: refusal.to_string(),
        }
    }
}

impl Refused {
    fn because(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            grave: false,
        }
    }
}

impl Source {
    /// Finds out what is at a path.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is nothing of the sort.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = shown_path(path);
        let wrong = |what: String| usage(format!("{shown}: {what}"));
        let form = EvidenceForm::of(path).map_err(|error| wrong(error.to_string()))?;
        Ok(match form {
            EvidenceForm::Directory if Layout::is_log_directory(path) => {
                let directory = LogDirectory::open(path, settings_of_another(path)?)?;
                Self::Directory(Box::new(directory))
            }
            EvidenceForm::Published => Self::Published(TileFolder::open(path)),
            EvidenceForm::Package => {
                let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
                let (note, tree) = package_tree(file).map_err(|error| wrong(error.to_string()))?;
                Self::Package(Box::new(note), Box::new(tree))
            }
            EvidenceForm::Equivocation => {
                let bytes = read_at_most(path, MAX_FILE)?;
                let proof =
                    Equivocation::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
                Self::Proof(Box::new(proof))
            }
            EvidenceForm::Unknown => {
                let bytes = read_at_most(path, MAX_FILE)?;
                if bytes.starts_with(b"old ") {
                    let request =
                        AddCheckpoint::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
                    Self::Request(Box::new(request))
                } else {
                    let note =
                        SignedNote::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
                    Self::Note(note)
                }
            }
            _ => {
                return Err(wrong(
                    "expected a log directory, a published log, a package, a checkpoint, what `ai-audit fleet offer` wrote, or a proof of equivocation".into(),
                ));
            }
        })
    }

    /// What it shows of the members of a fleet. A directory shows those of its logs that are members; where
    /// none is, that is told. What is wrong with logs of it of which nobody can tell whose they are goes to `broken`.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn shown(
        &self,
        fleet: &Fleet,
        fresh: bool,
        broken: &mut Vec<String>,
    ) -> anyhow::Result<Vec<Shown>> {
        let one = |origin: &str, outcome: &dyn Fn(&Member) -> Result<Offered, Refused>| {
            let member = fleet.member(origin).filter(|member| member.is_present());
            vec![Shown {
                origin: origin.into(),
                outcome: member.map(outcome),
            }]
        };
        Ok(match self {
            Self::Directory(directory) => {
                let mut all = Vec::new();
                let mut first = None;
                for name in directory.logs()? {
                    let origin = match directory.key_line(&name) {
                        Ok(line) => line.name().to_owned(),
                        Err(error) => {
                            broken.push(format!("log {name}: {error}"));
                            continue;
                        }
                    };
                    let member = fleet.member(&origin).filter(|member| member.is_present());
                    let Some(member) = member else {
                        first.get_or_insert(origin);
                        continue;
                    };
                    // One log of it that cannot be read keeps no other out.
                    let outcome = of_directory(directory, &name, member, fresh)
                        .unwrap_or_else(|error| Err(Refused::because(sentence(&error))));
                    let outcome = Some(outcome);
                    all.push(Shown { origin, outcome });
                }
                if let (true, Some(origin)) = (all.is_empty(), first) {
                    all.push(Shown {
                        origin,
                        outcome: None,
                    });
                }
                all
            }
            Self::Published(folder) => {
                let published = PublishedLog::open(folder)?;
                let checkpoint = published.checkpoint();
                one(&checkpoint.origin, &|member| {
                    let (note, mut nodes) = (published.note(), published.nodes());
                    Ok(member.offered_tree(note, &mut nodes, checkpoint.size)?)
                })
            }
            Self::Package(note, tree) => {
                let origin = Checkpoint::parse(note.text())?.origin;
                one(&origin, &|member| {
                    // Nodes are read, and nothing else; the reader wants it for itself.
                    let mut nodes = MemoryTree::clone(tree);
                    let size = nodes.size();
                    Ok(member.offered_tree(note, &mut nodes, size)?)
                })
            }
            Self::Note(note) => one(&Checkpoint::parse(note.text())?.origin, &|member| {
                Ok(member.offered_note(note)?)
            }),
            Self::Request(request) => {
                let origin = Checkpoint::parse(request.checkpoint.text())?.origin;
                one(&origin, &|member| Ok(member.offered_request(request)?))
            }
            // It convicts who was dropped, too.
            Self::Proof(proof) => vec![Shown {
                origin: proof.origin().into(),
                outcome: fleet
                    .member(proof.origin())
                    .map(|member| Ok(member.offered_proof(proof)?)),
            }],
        })
    }
}

/// The newest checkpoint of a log in a directory here, with its tree.
///
/// # Errors
///
/// When something cannot be read, or a checkpoint that was asked for cannot be made.
pub(super) fn of_directory(
    directory: &LogDirectory,
    log: &LogName,
    member: &Member,
    fresh: bool,
) -> anyhow::Result<Result<Offered, Refused>> {
    let size = TreeSize::new(directory.head(log)?.size());
    let held = member.last().map(|last| last.checkpoint.size);
    if let Some(held) = held.filter(|held| *held > size) {
        // Before anything of it is signed.
        return Ok(Err(Refusal::Cut {
            held: held.as_u64(),
            has: size.as_u64(),
        }
        .into()));
    }
    let note = if fresh {
        directory.make_checkpoint(log)?
    } else {
        match directory.store().latest_checkpoint(log)? {
            Some(kept) => SignedNote::parse(kept.note.as_bytes())?,
            None => {
                return Ok(Err(Refused::because(
                    "it has no checkpoint yet: make one there (ai-audit checkpoint), or here with --fresh",
                )));
            }
        }
    };
    // A writer may have gone on meanwhile.
    let size = size.max(TreeSize::new(directory.head(log)?.size()));
    let mut nodes = Tiled::new(StoreTiles::new(directory.store(), log));
    Ok(member
        .offered_tree(&note, &mut nodes, size)
        .map_err(Refused::from))
}
