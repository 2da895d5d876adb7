//! Asking all witnesses of a policy, for a log in a store.

use crate::{ClientOptions, CosignError, Known, WitnessClient};
use ai_audit_core::{NodeHash, Timestamp};
use ai_audit_merkle::{Tiled, TreeSize, consistency_proof, root};
use ai_audit_note::{Checkpoint, Policy, PolicyWitness, QuorumOutcome, SignedNote, VKey};
use ai_audit_store::{Clock, LogName, Store, StoreError, StoreTiles};

/// What came of asking the witnesses.
#[derive(Debug)]
pub struct Collected {
    /// The checkpoint's note with the cosignatures that it had and those that came.
    pub note: SignedNote,
    /// Each witness, in the order of the policy.
    pub reports: Vec<WitnessReport<Timestamp>>,
    /// How the note stands to the quorum now.
    pub quorum: QuorumOutcome,
}

/// What one witness did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessReport<T> {
    /// Its name in the policy.
    pub name: String,
    /// Its address, or an empty text.
    pub url: String,
    /// What it gave, or why it gave nothing.
    pub result: Result<T, CosignError>,
}

/// How a log stands to what a witness knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Behind {
    /// The witness has nothing of the log, or nothing that it tells.
    Unknown,
    /// The log continues what the witness has, as far as it can be told: roots are compared where
    /// the witness shows a checkpoint.
    No {
        /// The size that the witness has.
        has: TreeSize,
    },
    /// The log has fewer receipts than the witness cosigned.
    Behind {
        /// The size that the witness has.
        has: TreeSize,
        /// The size of the log.
        held: TreeSize,
        /// Whether the witness showed a checkpoint that the log signed; otherwise it only says so.
        proven: bool,
    },
    /// The witness shows a checkpoint that the log signed and that the log does not lead to.
    Forked {
        /// Its size.
        has: TreeSize,
    },
}

/// Asks every witness of a policy to cosign a checkpoint of a log, all at once. Nothing is stored:
/// that is the caller's, with [`Store::put_checkpoint`].
///
/// # Errors
///
/// When the note is no checkpoint, or the store cannot be read. What goes wrong with a witness is
/// in its report.
pub fn collect(
    store: &dyn Store,
    log: &LogName,
    note: &SignedNote,
    policy: &Policy,
    options: &ClientOptions,
    clock: &dyn Clock,
) -> Result<Collected, StoreError> {
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| invalid(&error.to_string()))?;
    let mut known = vec![TreeSize::ZERO; policy.witnesses().len()];
    for kept in store.checkpoints(log)? {
        let Ok(earlier) = SignedNote::parse(kept.note.as_bytes()) else {
            continue;
        };
        for (size, witness) in known.iter_mut().zip(policy.witnesses()) {
            // Ascending, so the last one that is found is the largest.
            if kept.size <= checkpoint.size && earlier.cosignature_times(witness.key()).is_ok() {
                *size = kept.size;
            }
        }
    }
    let answers = each(policy, |index, witness| {
        let old = known.get(index).copied().unwrap_or(TreeSize::ZERO);
        let client = WitnessClient::new(witness, options.clone())?;
        client.cosign(
            note,
            old,
            |old| prove(store, log, old, checkpoint.size),
            clock,
        )
    });
    let mut merged = note.clone();
    let mut reports = Vec::new();
    for (witness, answer) in policy.witnesses().iter().zip(answers) {
        let result = answer.and_then(|(lines, time)| {
            for line in lines {
                let mut one = note.clone();
                one.add(line).map_err(CosignError::Bad)?;
                merged.merge(&one).map_err(CosignError::Bad)?;
            }
            Ok(time)
        });
        reports.push(report(witness, result));
    }
    let quorum = policy.judge(&merged);
    Ok(Collected {
        note: merged,
        reports,
        quorum,
    })
}

/// Asks every witness of a policy, all at once, whether the log is behind what it cosigned: so that
/// a store that was restored from an older copy is noticed before it is written to. `line` is the
/// log's key line.
///
/// # Errors
///
/// When the store cannot be read.
pub fn ask(
    store: &dyn Store,
    log: &LogName,
    line: &VKey,
    policy: &Policy,
    options: &ClientOptions,
) -> Result<Vec<WitnessReport<Behind>>, StoreError> {
    let held = store.head(log)?.map_or(0, |head| head.size());
    let held = TreeSize::new(held);
    let latest = store.latest_checkpoint(log)?;
    let ours = latest.and_then(|kept| SignedNote::parse(kept.note.as_bytes()).ok());
    let answers = each(policy, |_, witness| {
        let client = WitnessClient::new(witness, options.clone())?;
        client.known(line, ours.as_ref())
    });
    let mut reports = Vec::new();
    for (witness, answer) in policy.witnesses().iter().zip(answers) {
        let result = match answer {
            Err(error) => Err(error),
            Ok(known) => Ok(compare(store, log, held, &known)?),
        };
        reports.push(report(witness, result));
    }
    Ok(reports)
}

fn compare(
    store: &dyn Store,
    log: &LogName,
    held: TreeSize,
    known: &Known,
) -> Result<Behind, StoreError> {
    let (has, root_there) = match known {
        Known::Nothing => return Ok(Behind::Unknown),
        Known::Size(size) => (*size, None),
        Known::Checkpoint(checkpoint) => (checkpoint.size, Some(checkpoint.root)),
    };
    if has > held {
        let proven = root_there.is_some();
        return Ok(Behind::Behind { has, held, proven });
    }
    let Some(there) = root_there else {
        return Ok(Behind::No { has });
    };
    let here = root(&mut Tiled::new(StoreTiles::new(store, log)), has).map_err(|error| {
        StoreError::Corrupt {
            what: format!("the tree of log {log}: {error}"),
        }
    })?;
    Ok(if here == there {
        Behind::No { has }
    } else {
        Behind::Forked { has }
    })
}

/// The answers of all witnesses, in the order of the policy, each asked on a thread of its own.
fn each<T: Send>(
    policy: &Policy,
    ask: impl Fn(usize, &PolicyWitness) -> Result<T, CosignError> + Sync,
) -> Vec<Result<T, CosignError>> {
    let ask = &ask;
    std::thread::scope(|scope| {
        let threads: Vec<_> = policy
            .witnesses()
            .iter()
            .enumerate()
            .map(|(index, witness)| scope.spawn(move || ask(index, witness)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(CosignError::Unreachable("its thread panicked".into())))
            })
            .collect()
    })
}

fn prove(
    store: &dyn Store,
    log: &LogName,
    old: TreeSize,
    new: TreeSize,
) -> Result<Vec<NodeHash>, String> {
    consistency_proof(&mut Tiled::new(StoreTiles::new(store, log)), old, new)
        .map(|proof| proof.path)
        .map_err(|error| error.to_string())
}

fn report<T>(witness: &PolicyWitness, result: Result<T, CosignError>) -> WitnessReport<T> {
    WitnessReport {
        name: witness.name().to_string(),
        url: witness.url().map(ToString::to_string).unwrap_or_default(),
        result,
    }
}

fn invalid(what: &str) -> StoreError {
    StoreError::Invalid { what: what.into() }
}
