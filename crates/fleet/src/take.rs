//! What becomes of a checkpoint that a member showed.

use crate::{FleetProblem, Fork, Member, Taken, When};
use ai_audit_merkle::ConsistencyProof;
use ai_audit_note::{Checkpoint, ShownCheckpoint, SignedNote};
use ai_audit_verify::Equivocation;
use alloc::string::ToString as _;

impl Member {
    /// Takes a checkpoint by the rules of the specification.
    pub(crate) fn take(
        &mut self,
        shown: &ShownCheckpoint<'_>,
        when: When,
    ) -> Result<(), FleetProblem> {
        let origin = || self.origin().to_string();
        let not_signed = |error| FleetProblem::NotSigned {
            origin: origin(),
            error,
        };
        let checkpoint = Checkpoint::open(shown.note.as_bytes(), self.key()).map_err(not_signed)?;
        let size = checkpoint.size.as_u64();
        let unproven = |held, error| FleetProblem::Proof {
            origin: origin(),
            held,
            size,
            error,
        };
        if let Some(last) = &self.last {
            let held = last.checkpoint.size.as_u64();
            if size < held {
                return Err(FleetProblem::Older {
                    origin: origin(),
                    size,
                    held,
                });
            }
            if size == held && checkpoint.root == last.checkpoint.root {
                self.repeated = self.repeated.saturating_add(1);
                return Ok(());
            }
            if size == held {
                let smaller = last.checkpoint.clone();
                self.convicted(smaller, checkpoint, when);
                return Ok(());
            }
            ConsistencyProof {
                old: last.checkpoint.size,
                new: checkpoint.size,
                path: shown.path.to_vec(),
            }
            .verify(&last.checkpoint.root, &checkpoint.root)
            .map_err(|error| unproven(held, Some(error)))?;
        } else if !shown.path.is_empty() {
            return Err(unproven(0, None));
        }
        let note = SignedNote::parse(shown.note.as_bytes())
            .map_err(|error| not_signed(ai_audit_note::CheckpointError::Note(error)))?;
        self.count_lapse(when);
        self.in_time_again(when);
        self.last = Some(Taken {
            note,
            checkpoint,
            when,
        });
        Ok(())
    }

    /// Takes a proof that convicts it.
    pub(crate) fn convict(&mut self, proof: &Equivocation, when: When) -> Result<(), FleetProblem> {
        proof
            .verify(self.key())
            .map_err(|error| FleetProblem::NotConvicted { error })?;
        let (smaller, larger) = (proof.smaller().1.clone(), proof.larger().1.clone());
        self.convicted(smaller, larger, when);
        Ok(())
    }

    /// The first conviction is the one that is told.
    fn convicted(&mut self, smaller: Checkpoint, larger: Checkpoint, when: When) {
        self.fork.get_or_insert(Fork {
            smaller,
            larger,
            when,
        });
    }
}
