//! What members offer: what is taken of it, what convicts, what is refused.

use crate::logs::{FleetLog, Log, at};
use ai_audit_core::{DecodeBody as _, MAX_PAYLOAD_LEN, UnverifiedReceipt, encode_body};
use ai_audit_fleet::{Fleet, FleetProblem, MAX_OWN_NOTE, Offered, Refusal, When};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{AddCheckpoint, Checkpoint, MemberSeen, SignedNote};
use ai_audit_verify::Equivocation;

/// The fleet of three, as its keeper has it.
fn fleet() -> (Fleet, [Log; 3]) {
    let (log, logs) = FleetLog::of_three();
    let mut fleet = Fleet::new();
    for sealed in &log.sealed {
        fleet.push(&UnverifiedReceipt::parse(sealed).unwrap());
    }
    assert!(fleet.faults().is_empty());
    (fleet, logs)
}

fn when(seq: u64) -> When {
    When { seq, at: at(100) }
}

fn tree(fleet: &Fleet, log: &Log, size: u64) -> Result<Offered, Refusal> {
    let member = fleet.member(&log.origin).unwrap();
    let note = log.note(size);
    member.offered_tree(&note, &mut log.tree.clone(), log.tree.size())
}

fn taken(fleet: &mut Fleet, offered: Offered) -> MemberSeen<'static> {
    let Offered::New(body) = offered else {
        panic!("nothing new")
    };
    fleet.check_checkpoint(&body).unwrap();
    fleet.take_checkpoint(&body, when(10)).unwrap();
    body.seen
}

#[test]
fn a_tree_offers_what_continues() {
    let (mut fleet, [_, mut eu, _]) = fleet();
    assert_eq!(tree(&fleet, &eu, 6), Ok(Offered::Known));
    eu.grow("", 100);
    // Its newest checkpoint is old, and in the history that was taken.
    assert_eq!(tree(&fleet, &eu, 3), Ok(Offered::Known));
    for size in [7, 8, 64, 100] {
        let offered = tree(&fleet, &eu, size).unwrap();
        assert!(matches!(
            taken(&mut fleet, offered),
            MemberSeen::Continues(_)
        ));
        let last = fleet.member(&eu.origin).unwrap().last().unwrap();
        assert_eq!(last.checkpoint.size, TreeSize::new(size));
        assert_eq!(last.note, eu.note(size));
    }
}

#[test]
fn a101_a_tree_of_another_history_convicts_itself() {
    for common in [0, 3, 5] {
        for size in [6, 7, 8, 33] {
            let (mut fleet, [_, eu, _]) = fleet();
            // The member's keeper begins again behind `common` and signs that, too.
            let mut fork = Log {
                tree: ai_audit_merkle::MemoryTree::new(),
                ..eu.clone()
            };
            fork.grow("", common);
            fork.grow("another", size);
            let offered = tree(&fleet, &fork, size).unwrap();
            let MemberSeen::Contradicts(proof) = taken(&mut fleet, offered) else {
                panic!("a conviction")
            };
            let proof = Equivocation::parse(proof.as_bytes()).unwrap();
            proof.verify(&eu.line()).unwrap();
            assert!(fleet.member(&eu.origin).unwrap().fork().is_some());
            // Once is enough.
            assert_eq!(tree(&fleet, &fork, size), Ok(Offered::Known));
            let member = fleet.member(&eu.origin).unwrap();
            assert_eq!(member.offered_proof(&proof), Ok(Offered::Known));
            // What it was is still the one to be continued.
            assert_eq!(member.last().unwrap().note, eu.note(6));
        }
    }
}

#[test]
fn a100_a_tree_that_was_cut_or_exchanged_offers_nothing() {
    let (fleet, [_, eu, _]) = fleet();
    let empty = ai_audit_merkle::MemoryTree::new();
    let mut cut = Log {
        tree: empty.clone(),
        ..eu.clone()
    };
    cut.grow("", 4);
    let refused = tree(&fleet, &cut, 4).unwrap_err();
    assert_eq!(refused, Refusal::Cut { held: 6, has: 4 });
    assert!(refused.is_grave());
    // Long enough, of another history, and its newest checkpoint is too small to convict.
    let mut other = Log {
        tree: empty,
        ..eu.clone()
    };
    other.grow("other", 9);
    let refused = tree(&fleet, &other, 2).unwrap_err();
    assert_eq!(refused, Refusal::NotInTree { held: 6 });
    assert!(refused.is_grave());
    // A checkpoint beyond the tree's end: the log was cut since it signed that.
    let member = fleet.member(&eu.origin).unwrap();
    let beyond = eu.claim(50, eu.tree.root());
    let refused = member.offered_tree(&beyond, &mut eu.tree.clone(), eu.tree.size());
    assert_eq!(refused, Err(Refusal::Cut { held: 50, has: 6 }));
    // A tree that is not its checkpoint's proves nothing, against nobody.
    let mut grown = eu.clone();
    grown.grow("", 9);
    let lie = eu.claim(9, eu.tree.root());
    let refused = member.offered_tree(&lie, &mut grown.tree.clone(), grown.tree.size());
    assert!(matches!(refused, Err(Refusal::Tree(_))), "{refused:?}");
}

#[test]
fn notes_and_requests_by_file() {
    let (mut fleet, [asia, mut eu, _]) = fleet();
    eu.grow("", 20);
    let member = fleet.member(&eu.origin).unwrap();
    assert_eq!(member.offered_note(&eu.note(6)), Ok(Offered::Known));
    let no_proof = |from| Refusal::NoProof { held: 6, from };
    assert_eq!(member.offered_note(&eu.note(9)), Err(no_proof(None)));
    let older = member.offered_note(&eu.note(5)).unwrap_err();
    assert!(
        matches!(
            older,
            Refusal::Problem(FleetProblem::Older {
                size: 5,
                held: 6,
                ..
            })
        ),
        "{older}"
    );
    let request = |since, size| AddCheckpoint {
        old: TreeSize::new(since),
        proof: eu.shown(since, size).path.to_vec(),
        checkpoint: eu.note(size),
    };
    assert_eq!(
        member.offered_request(&request(4, 9)),
        Err(no_proof(Some(4)))
    );
    let wrong = AddCheckpoint {
        checkpoint: eu.note(10),
        ..request(6, 9)
    };
    let refused = member.offered_request(&wrong).unwrap_err();
    assert!(
        matches!(refused, Refusal::Problem(FleetProblem::Proof { .. })),
        "{refused}"
    );
    // Of another log, and signed by another member.
    let refused = member.offered_note(&asia.note(5)).unwrap_err();
    assert!(
        refused.to_string().contains("under its key line"),
        "{refused}"
    );
    let offered = member.offered_request(&request(6, 17)).unwrap();
    taken(&mut fleet, offered);
    // The first one needs no proof.
    let new = Log::new("new", 8);
    fleet.take_roster(&new.added(60), when(11)).unwrap();
    let offered = fleet
        .member(&new.origin)
        .unwrap()
        .offered_note(&new.note(8));
    taken(&mut fleet, offered.unwrap());
}

/// Its checkpoint of a size, whose note has so many bytes by an extension line.
fn long(log: &Log, size: u64, bytes: usize) -> SignedNote {
    let mut checkpoint = Checkpoint::parse(log.note(size).text()).unwrap();
    let line = bytes - log.note(size).to_string().len() - 1;
    checkpoint.extensions.push("x".repeat(line));
    let note = checkpoint.sign(&*log.key).unwrap();
    assert_eq!(note.to_string().len(), bytes);
    note
}

/// What is taken must be able to convict: a member may not sign itself out of that by what it adds to its checkpoints.
#[test]
fn a104_checkpoints_too_long_to_convict_by_are_refused() {
    let (mut fleet, [_, mut eu, _]) = fleet();
    eu.grow("", 40);
    let tree = |fleet: &Fleet, log: &Log, note: &SignedNote| {
        let member = fleet.member(&log.origin).unwrap();
        member.offered_tree(note, &mut log.tree.clone(), log.tree.size())
    };
    for found in [MAX_OWN_NOTE + 1, 40_000, 200_000] {
        let note = long(&eu, 20, found);
        let too_long = Refusal::Long { found };
        let refused = Err(too_long.clone());
        assert_eq!(tree(&fleet, &eu, &note), refused);
        let request = AddCheckpoint {
            old: TreeSize::new(6),
            proof: eu.shown(6, 20).path.to_vec(),
            checkpoint: note,
        };
        let member = fleet.member(&eu.origin).unwrap();
        assert_eq!(member.offered_request(&request), refused);
        assert!(
            too_long.to_string().contains("extension lines"),
            "{too_long}"
        );
        assert!(!too_long.is_grave());
    }
    // A first one, too.
    let new = Log::new("new", 8);
    fleet.take_roster(&new.added(60), when(9)).unwrap();
    let member = fleet.member(&new.origin).unwrap();
    let found = MAX_OWN_NOTE + 1;
    let refused = member.offered_note(&long(&new, 8, found));
    assert_eq!(refused, Err(Refusal::Long { found }));
    // The longest that is taken.
    let offered = tree(&fleet, &eu, &long(&eu, 20, MAX_OWN_NOTE)).unwrap();
    taken(&mut fleet, offered);
    // Two of the longest, and the longest path between them.
    let mut fork = Log {
        tree: ai_audit_merkle::MemoryTree::new(),
        ..eu.clone()
    };
    fork.grow("another", 40);
    let Offered::New(body) = tree(&fleet, &fork, &long(&fork, 30, MAX_OWN_NOTE)).unwrap() else {
        panic!("a conviction")
    };
    assert!(matches!(body.seen, MemberSeen::Contradicts(_)));
    fleet.check_checkpoint(&body).unwrap();
    let path = 65 * 45;
    let len = encode_body(&body).unwrap().len();
    assert!(len + path <= MAX_PAYLOAD_LEN - 1024, "{len}");
}

/// The bodies of the worked examples in the specification decode, and encode to the same bytes.
#[test]
fn bodies_keep_their_bytes() {
    let (log, _) = FleetLog::of_three();
    for (seq, expected) in [(1, 26), (2, 27), (3, 27), (4, 27)] {
        let receipt = UnverifiedReceipt::parse(&log.sealed[seq]).unwrap();
        assert_eq!(receipt.header().kind.number(), expected);
        let again = match expected {
            26 => {
                let body = ai_audit_note::FleetRoster::decode(&receipt).unwrap();
                assert_eq!(body.added.len(), 3);
                encode_body(&body).unwrap()
            }
            _ => {
                let body = ai_audit_note::MemberCheckpoint::decode(&receipt).unwrap();
                encode_body(&body).unwrap()
            }
        };
        assert_eq!(again, receipt.body());
    }
}
