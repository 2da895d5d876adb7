//! A fleet that was kept, held against the log that it is said to come from.

use super::Fleet;
use crate::{Fork, Member, Taken, When};
use ai_audit_core::{DecodeBody as _, Kind, UnverifiedReceipt};
use ai_audit_note::{
    Checkpoint, FleetRoster, MemberCheckpoint, MemberSeen, ShownCheckpoint, SignedNote,
};
use ai_audit_verify::Equivocation;
use alloc::collections::BTreeMap;
use alloc::string::ToString as _;
use alloc::vec::Vec;

/// What a receipt has to say.
struct Claim<'m> {
    member: &'m Member,
    when: When,
    what: What<'m>,
}

enum What<'m> {
    /// The member came with its key line.
    Key,
    /// This was taken of it.
    Last(&'m Taken),
    /// This convicted it.
    Fork(&'m Fork),
}

impl Fleet {
    /// Whether the log has, of each member, the receipt that brought its key line, the one that took its last checkpoint,
    /// and the one that convicts it, where there is one. `receipt` gives the bytes of a receipt of the log by its `seq`.
    ///
    /// Whoever can write what was kept cannot make up by it that a member is convicted, which would keep a true proof from
    /// being sealed. What was left out of it this does not find, such as a member, or a later checkpoint.
    #[must_use]
    pub fn is_in_log(&self, mut receipt: impl FnMut(u64) -> Option<Vec<u8>>) -> bool {
        // One receipt may have brought many members: it is read once.
        let mut claims = BTreeMap::<u64, Vec<Claim<'_>>>::new();
        let mut claim = |member, when: When, what| {
            let claim = Claim { member, when, what };
            claims.entry(when.seq).or_default().push(claim);
        };
        for member in self.members.values() {
            let Some(first) = member.changes.first().filter(|change| change.added) else {
                return false;
            };
            let when = When {
                seq: first.receipt,
                at: first.at,
            };
            claim(member, when, What::Key);
            if let Some(last) = &member.last {
                claim(member, last.when, What::Last(last));
            }
            if let Some(fork) = &member.fork {
                claim(member, fork.when, What::Fork(fork));
            }
        }
        claims.into_iter().all(|(seq, claims)| {
            receipt(seq).is_some_and(|sealed| {
                UnverifiedReceipt::parse(&sealed).is_ok_and(|receipt| bears_out(&receipt, &claims))
            })
        })
    }
}

fn bears_out(receipt: &UnverifiedReceipt<'_>, claims: &[Claim<'_>]) -> bool {
    let header = receipt.header();
    let mut places = claims.iter().map(|claim| claim.when);
    if !places.all(|when| (when.seq, when.at) == (header.seq, header.sealed_at)) {
        return false;
    }
    match header.kind {
        Kind::FLEET_ROSTER => FleetRoster::decode(receipt).is_ok_and(|body| roster(&body, claims)),
        Kind::MEMBER_CHECKPOINT => MemberCheckpoint::decode(receipt)
            .is_ok_and(|body| claims.iter().all(|claim| claim.is_seen(&body.seen))),
        _ => false,
    }
}

fn roster(roster: &FleetRoster<'_>, claims: &[Claim<'_>]) -> bool {
    let mut came = BTreeMap::<&str, Option<&ShownCheckpoint<'_>>>::new();
    for one in roster.added.as_slice() {
        came.insert(one.key.as_str(), one.checkpoint.as_ref());
    }
    let mut went = BTreeMap::<&str, Option<&ShownCheckpoint<'_>>>::new();
    for one in roster.dropped.as_slice() {
        went.insert(one.origin.as_str(), one.checkpoint.as_ref());
    }
    claims.iter().all(|claim| {
        let line = claim.member.key.to_string();
        let came = came.get(line.as_str()).copied();
        if matches!(claim.what, What::Key) {
            return came.is_some();
        }
        let went = went.get(claim.member.origin()).copied();
        let mut shown = [came, went].into_iter().flatten().flatten();
        shown.any(|shown| claim.is_shown(shown))
    })
}

impl Claim<'_> {
    fn is_seen(&self, seen: &MemberSeen<'_>) -> bool {
        match (seen, &self.what) {
            (MemberSeen::Continues(shown), _) => self.is_shown(shown),
            (MemberSeen::Contradicts(proof), What::Fork(fork)) => {
                Equivocation::parse(proof.as_bytes()).is_ok_and(|proof| {
                    proof.verify(&self.member.key).is_ok()
                        && *proof.smaller().1 == fork.smaller
                        && *proof.larger().1 == fork.larger
                })
            }
            (MemberSeen::Contradicts(_), What::Key | What::Last(_)) => false,
        }
    }

    fn is_shown(&self, shown: &ShownCheckpoint<'_>) -> bool {
        match &self.what {
            What::Key => false,
            What::Last(last) => {
                SignedNote::parse(shown.note.as_bytes()).is_ok_and(|note| note == last.note)
            }
            // By its size it contradicts the last one that was taken, which has a receipt of its own. Where that is not the
            // last one any more nobody looks for it: who goes on from this reads the log.
            What::Fork(fork) => {
                let last = self.member.last.as_ref();
                last.is_some_and(|last| last.checkpoint == fork.smaller)
                    && fork.smaller.size == fork.larger.size
                    && fork.smaller.root != fork.larger.root
                    && Checkpoint::open(shown.note.as_bytes(), &self.member.key)
                        .is_ok_and(|checkpoint| checkpoint == fork.larger)
            }
        }
    }
}
