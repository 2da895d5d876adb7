//! Which witnesses of a policy cosigned a checkpoint, and whether they are enough.

use crate::policy::Node;
use crate::{NoteError, Policy, PolicyName, SignedNote};
use ai_audit_core::Timestamp;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// What a note has of the cosignatures that a policy asks for.
///
/// The log's own signature is not part of it: verify the note under the log's key, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumOutcome {
    /// Every witness of the policy, in the order of the file, each once.
    pub witnesses: Vec<WitnessOutcome>,
    /// The quorum; `None` where the policy asks for none.
    pub quorum: Option<QuorumCount>,
    /// Whether the quorum is there. With `quorum none` it is.
    pub satisfied: bool,
    /// The time by which the quorum had cosigned: of k members that are needed, the k-th smallest.
    /// Where fewer than k lie, one of them at least signed no later than this.
    pub not_later: Option<Timestamp>,
    /// The latest time that a quorum vouches for: of k members that are needed, the k-th largest.
    /// Where fewer than k lie, one of them at least signed no earlier than this, which is what
    /// freshness and "not before" stand on.
    pub not_before: Option<Timestamp>,
}

/// How much of a quorum is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumCount {
    /// The witness or group.
    pub name: PolicyName,
    /// How many members it needs; 1 for a witness.
    pub needed: usize,
    /// How many it has.
    pub there: usize,
}

/// One witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessOutcome {
    /// Its name in the policy.
    pub name: PolicyName,
    /// What the note has of it.
    pub status: WitnessStatus,
}

/// What a note has of a witness. Only [`WitnessStatus::Cosigned`] counts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WitnessStatus {
    /// It cosigned.
    Cosigned {
        /// When at the earliest.
        first: Timestamp,
        /// When at the latest; the same as `first` where there is one cosignature.
        last: Timestamp,
    },
    /// No cosignature names its key.
    Missing,
    /// A cosignature names its key and does not hold.
    Bad(NoteError),
    /// It cosigned at a time that lies after the latest that can be.
    Future {
        /// The time it claims.
        time: Timestamp,
    },
    /// Its key is the log's own, so it is no third party. Nothing here finds that out; it is for
    /// callers who know the log's keys and [`Policy::count`] again.
    NotIndependent,
}

impl Policy {
    /// Finds out which witnesses cosigned a note and whether they make the quorum. Cosignatures of
    /// keys that the policy does not have are ignored; a witness with any cosignature that does not
    /// hold does not count.
    ///
    /// ```
    /// # use ai_audit_core::{NodeHash, SigningKey, Timestamp};
    /// # use ai_audit_merkle::TreeSize;
    /// # use ai_audit_note::{Checkpoint, Policy, VKey, cosign};
    /// # let (log, w1) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    /// # let checkpoint = Checkpoint { origin: "example.org/log".into(), size: TreeSize::ZERO,
    /// #     root: NodeHash::EMPTY, extensions: vec![] };
    /// # let mut note = checkpoint.sign(&log)?;
    /// # let time = Timestamp::from_micros(1_790_000_000_000_000);
    /// # let line = VKey::cosignature("w1.example", w1.verifying_key())?;
    /// let policy = Policy::parse(format!("witness W1 {line}\nquorum W1\n").as_bytes())?;
    /// assert!(!policy.judge(&note).satisfied);
    ///
    /// note.add(cosign(&note, "w1.example", &w1, time)?)?;
    /// let outcome = policy.judge(&note);
    /// assert!(outcome.satisfied);
    /// assert_eq!(outcome.not_later, Some(time));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn judge(&self, note: &SignedNote) -> QuorumOutcome {
        self.judge_until(note, Timestamp::MAX)
    }

    /// The same; cosignatures that claim a time after `latest` do not count.
    #[must_use]
    pub fn judge_until(&self, note: &SignedNote, latest: Timestamp) -> QuorumOutcome {
        let witnesses = self.witnesses().iter().map(|witness| WitnessOutcome {
            name: witness.name().clone(),
            status: match note.cosignature_times(witness.key()) {
                Ok((_, last)) if last > latest => WitnessStatus::Future { time: last },
                Ok((first, last)) => WitnessStatus::Cosigned { first, last },
                Err(NoteError::NotSigned { .. }) => WitnessStatus::Missing,
                Err(error) => WitnessStatus::Bad(error),
            },
        });
        self.count(witnesses.collect())
    }

    /// Whether these findings, one of each witness in the order of the policy, make the quorum: for
    /// a caller that knows more of the witnesses than the note tells. A finding that is missing
    /// counts as a witness that is.
    #[must_use]
    pub fn count(&self, witnesses: Vec<WitnessOutcome>) -> QuorumOutcome {
        let of_witness = |index: usize| match witnesses.get(index).map(|one| &one.status) {
            Some(WitnessStatus::Cosigned { first, last }) => Some((*first, *last)),
            _ => None,
        };
        // Members stand before their group, so one pass is enough, however deep groups nest.
        let mut groups: Vec<(usize, usize, Option<Times>)> = Vec::new();
        for group in self.groups() {
            let times: Vec<Times> = group
                .members
                .iter()
                .filter_map(|member| match member {
                    Node::Witness(index) => of_witness(*index),
                    Node::Group(index) => groups.get(*index).and_then(|(_, _, times)| *times),
                })
                .collect();
            let needed = group.threshold.of(group.members.len());
            groups.push((needed, times.len(), enough(times, needed)));
        }
        let Some(node) = self.quorum_node() else {
            return QuorumOutcome {
                witnesses,
                quorum: None,
                satisfied: true,
                not_later: None,
                not_before: None,
            };
        };
        let (needed, there, times) = match node {
            Node::Witness(index) => {
                let times = of_witness(index);
                (1, usize::from(times.is_some()), times)
            }
            Node::Group(index) => groups.get(index).copied().unwrap_or((1, 0, None)),
        };
        QuorumOutcome {
            witnesses,
            quorum: Some(QuorumCount {
                name: self.name_of(node).clone(),
                needed,
                there,
            }),
            satisfied: times.is_some(),
            not_later: times.map(|times| times.0),
            not_before: times.map(|times| times.1),
        }
    }
}

/// Not later than the first; not before the second.
type Times = (Timestamp, Timestamp);

/// The times of `needed` members, where there are as many.
fn enough(times: Vec<Times>, needed: usize) -> Option<Times> {
    let (mut firsts, mut lasts): (Vec<_>, Vec<_>) = times.into_iter().unzip();
    firsts.sort_unstable();
    lasts.sort_unstable_by(|a, b| b.cmp(a));
    let place = needed.checked_sub(1)?;
    Some((*firsts.get(place)?, *lasts.get(place)?))
}

impl QuorumOutcome {
    /// The witnesses whose cosignature counts, and those whose does not, by name.
    fn names(&self) -> (Vec<String>, Vec<String>) {
        let (mut there, mut not) = (Vec::new(), Vec::new());
        for witness in &self.witnesses {
            match &witness.status {
                WitnessStatus::Cosigned { .. } => there.push(witness.name.to_string()),
                WitnessStatus::Missing => not.push(witness.name.to_string()),
                status => not.push(format!("{} ({status})", witness.name)),
            }
        }
        (there, not)
    }
}

/// How many of the quorum are there, and who: one sentence.
impl fmt::Display for QuorumOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(quorum) = &self.quorum else {
            return f.write_str("no quorum is asked for");
        };
        let QuorumCount {
            name,
            needed,
            there,
        } = quorum;
        write!(f, "quorum {name} needs {needed} and has {there}")?;
        let (cosigned, not) = self.names();
        if !cosigned.is_empty() {
            write!(f, "; cosigned by {}", cosigned.join(", "))?;
        }
        if !not.is_empty() {
            write!(f, "; not by {}", not.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for WitnessStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cosigned { last, .. } => write!(f, "cosigned at {last}"),
            Self::Missing => f.write_str("no cosignature"),
            Self::Bad(error) => error.fmt(f),
            Self::Future { time } => write!(f, "cosigned in the future, at {time}"),
            Self::NotIndependent => f.write_str("its key is the log's own"),
        }
    }
}
