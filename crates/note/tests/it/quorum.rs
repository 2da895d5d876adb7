//! Who cosigned, whether they are enough, and by when; cosignatures coming together in one note.

use crate::policy::{key, log, two_levels, witness};
use ai_audit_core::{NodeHash, Timestamp};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{
    Checkpoint, MAX_SIGNATURES, NoteError, NoteSignature, Policy, QuorumCount, SignedNote,
    WitnessStatus, cosign,
};
use proptest::prelude::*;

fn secs(seconds: u64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn checkpoint(size: u64) -> SignedNote {
    let checkpoint = Checkpoint {
        origin: "example.org/log".into(),
        size: TreeSize::new(size),
        root: NodeHash::from_bytes([9; 32]),
        extensions: vec![],
    };
    checkpoint.sign(&key(1)).unwrap()
}

/// A checkpoint that these witnesses cosigned, each at its second.
fn cosigned(witnesses: &[(u8, u64)]) -> SignedNote {
    let mut note = checkpoint(7);
    for (seed, seconds) in witnesses {
        let name = format!("w{seed}.example");
        let line = cosign(&note, &name, &key(*seed), secs(*seconds)).unwrap();
        note.add(line).unwrap();
    }
    note
}

fn flat(rule: &str, seeds: &[u8]) -> Policy {
    let mut text = String::new();
    let mut names = String::new();
    for seed in seeds {
        text += &format!("witness W{seed} {}\n", witness(*seed));
        names += &format!(" W{seed}");
    }
    let text = format!("{text}group q {rule}{names}\nquorum q\n");
    Policy::parse(text.as_bytes()).unwrap()
}

#[test]
fn two_of_three_and_any_of_the_others() {
    let policy = Policy::parse(two_levels().as_bytes()).unwrap();
    let satisfied = |seeds: &[u8]| {
        let all: Vec<(u8, u64)> = seeds.iter().map(|seed| (*seed, 100)).collect();
        policy.judge(&cosigned(&all)).satisfied
    };
    assert!(satisfied(&[11, 12, 21]) && satisfied(&[11, 13, 23]) && satisfied(&[11, 12, 13, 22]));
    assert!(!satisfied(&[11, 12, 13]) && !satisfied(&[11, 21, 22, 23]) && !satisfied(&[]));
    let outcome = policy.judge(&cosigned(&[
        (11, 100),
        (12, 300),
        (13, 200),
        (21, 150),
        (22, 400),
    ]));
    // By second 200 two of X were there, by 150 one of Y; both by 200.
    assert_eq!(outcome.not_later, Some(secs(200)));
    // Two of X vouch for 200, one of Y for 400; both for 200.
    assert_eq!(outcome.not_before, Some(secs(200)));
    let short = policy.judge(&cosigned(&[(11, 100), (12, 300)]));
    assert_eq!(
        short.to_string(),
        "quorum X-and-Y needs 2 and has 1; cosigned by X0, X1; not by X2, Y0, Y1, Y2"
    );
    let quorum = short.quorum.clone().unwrap();
    assert_eq!((quorum.needed, quorum.there), (2, 1));
    assert_eq!((short.not_later, short.not_before), (None, None));
}

/// One witness that lies about its time moves neither bound past what the honest one says.
#[test]
fn one_liar_of_two_moves_no_bound() {
    let policy = flat("2", &[11, 12]);
    let (honest, past, future) = (500, 1, 9_000_000_000);
    let early = policy.judge(&cosigned(&[(11, honest), (12, past)]));
    let late = policy.judge(&cosigned(&[(11, honest), (12, future)]));
    for outcome in [&early, &late] {
        assert!(outcome.not_later.unwrap() >= secs(honest));
        assert!(outcome.not_before.unwrap() <= secs(honest));
    }
}

#[test]
fn none_asks_for_nothing() {
    let policy = Policy::parse(format!("witness W {}\nquorum none\n", witness(2)).as_bytes());
    let policy = policy.unwrap();
    let outcome = policy.judge(&cosigned(&[(2, 50)]));
    assert!(outcome.satisfied && outcome.quorum.is_none());
    assert_eq!((outcome.not_later, outcome.not_before), (None, None));
    assert_eq!(
        outcome.witnesses.len(),
        1,
        "the witness is told all the same"
    );
}

#[test]
fn cosignatures_that_do_not_count() {
    let policy = flat("2", &[11, 12]);
    // Of keys that nobody asked for.
    let outcome = policy.judge(&cosigned(&[(13, 100), (14, 100)]));
    assert_eq!(outcome.quorum.as_ref().unwrap().there, 0);
    assert!(
        outcome
            .witnesses
            .iter()
            .all(|one| one.status == WitnessStatus::Missing)
    );
    // The same witness twice.
    let twice = policy.judge(&cosigned(&[(11, 100), (11, 200)]));
    assert_eq!(twice.quorum.as_ref().unwrap().there, 1);
    assert_eq!(
        twice.witnesses[0].status,
        WitnessStatus::Cosigned {
            first: secs(100),
            last: secs(200)
        }
    );
    // Over another checkpoint.
    let mut note = cosigned(&[(11, 100)]);
    let other = checkpoint(8);
    note.add(cosign(&other, "w12.example", &key(12), secs(100)).unwrap())
        .unwrap();
    let outcome = policy.judge(&note);
    assert!(!outcome.satisfied);
    assert_eq!(
        outcome.witnesses[1].status,
        WitnessStatus::Bad(NoteError::Signature { number: 3 })
    );
    assert!(
        outcome.to_string().ends_with(
            "cosigned by W11; not by W12 (note, signature 3: does not verify under its key)"
        ),
        "{outcome}"
    );
    // A plain signature of the witness's key over the checkpoint is no cosignature: its key line is
    // another.
    let mut note = cosigned(&[(11, 100)]);
    let plain = SignedNote::sign(note.text(), "w12.example", &key(12)).unwrap();
    note.add(plain.signatures()[0].clone()).unwrap();
    assert_eq!(
        policy.judge(&note).witnesses[1].status,
        WitnessStatus::Missing
    );
    // Another key under the witness's name.
    let mut note = cosigned(&[(11, 100)]);
    note.add(cosign(&note, "w12.example", &key(66), secs(100)).unwrap())
        .unwrap();
    assert!(!policy.judge(&note).satisfied);
    // The log's own cosignature under a witness's name.
    let mut note = cosigned(&[(11, 100)]);
    note.add(cosign(&note, "w12.example", &key(1), secs(100)).unwrap())
        .unwrap();
    assert!(!policy.judge(&note).satisfied);
    // Too short to be one.
    let mut note = cosigned(&[(11, 100), (12, 100)]);
    let line = note.signatures()[2].to_string();
    let cut = NoteSignature::parse(&line[..line.len() - 8]).unwrap();
    note.add(cut).unwrap();
    assert!(matches!(
        policy.judge(&note).witnesses[1].status,
        WitnessStatus::Bad(_)
    ));
}

#[test]
fn cosignatures_of_the_future_do_not_count() {
    let policy = flat("any", &[11, 12]);
    let note = cosigned(&[(11, 100), (12, 2000)]);
    let outcome = policy.judge_until(&note, secs(1000));
    assert_eq!(
        outcome.witnesses[1].status,
        WitnessStatus::Future { time: secs(2000) }
    );
    assert_eq!(outcome.not_before, Some(secs(100)));
    assert!(!policy.judge_until(&note, secs(99)).satisfied);
    assert_eq!(policy.judge(&note).not_before, Some(secs(2000)));
}

#[test]
fn a_finding_that_is_missing_is_a_witness_that_is() {
    let policy = flat("all", &[11, 12]);
    let mut outcome = policy.judge(&cosigned(&[(11, 100), (12, 100)]));
    assert!(policy.count(outcome.witnesses.clone()).satisfied);
    outcome.witnesses.pop();
    let name = policy.quorum().unwrap().clone();
    assert_eq!(
        policy.count(outcome.witnesses).quorum,
        Some(QuorumCount {
            name,
            needed: 2,
            there: 1
        })
    );
}

#[test]
fn logs_are_no_witnesses() {
    let text = format!("log {}\nwitness W {}\nquorum W\n", log(1), witness(2));
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert!(
        !policy.judge(&checkpoint(7)).satisfied,
        "only the log signed"
    );
}

#[test]
fn notes_of_one_text_are_merged_within_bounds() {
    let mut note = checkpoint(7);
    note.merge(&cosigned(&[(3, 10)])).unwrap();
    note.merge(&checkpoint(7)).unwrap();
    note.merge(&cosigned(&[(4, 20)])).unwrap();
    assert_eq!(note.signatures().len(), 3);
    assert_eq!(note.verify(&log(1)), Ok(()));
    // Time and again the same witness: the first of its cosignatures stays, and the newest.
    for seconds in 30..50 {
        note.merge(&cosigned(&[(3, seconds)])).unwrap();
    }
    assert_eq!(note.signatures().len(), 4);
    assert_eq!(
        note.cosignature_times(&witness(3)),
        Ok((secs(10), secs(49)))
    );
    // Another text: everything is as it was.
    let before = note.clone();
    assert_eq!(note.merge(&checkpoint(8)), Err(NoteError::Text));
    assert_eq!(note, before);
    // No room: a witness that is there already can still bring its newest.
    for seed in 10..106 {
        note.merge(&cosigned(&[(seed, 1)])).unwrap();
    }
    let before = note.clone();
    let more = cosigned(&[(110, 1)]);
    assert_eq!(note.merge(&more), Err(NoteError::TooManySignatures));
    assert_eq!(note, before);
    note.merge(&cosigned(&[(50, 2)])).unwrap();
    assert_eq!(note.signatures().len(), MAX_SIGNATURES);
    assert_eq!(note.cosignature_times(&witness(50)), Ok((secs(2), secs(2))));
}

proptest! {
    /// Against a plain definition: k of the times, by counting.
    #[test]
    fn quorum_times_are_what_the_definition_says(
        times in prop::collection::vec(prop::option::of(1u64..20), 1..6),
        needed in 1usize..6,
    ) {
        let needed = needed.min(times.len());
        let seeds: Vec<u8> = (11..).take(times.len()).collect();
        let policy = flat(&needed.to_string(), &seeds);
        let there: Vec<(u8, u64)> = seeds.iter().zip(&times)
            .filter_map(|(seed, time)| Some((*seed, (*time)?))).collect();
        let outcome = policy.judge(&cosigned(&there));
        let by = |limit: u64| there.iter().filter(|(_, time)| *time <= limit).count();
        let from = |limit: u64| there.iter().filter(|(_, time)| *time >= limit).count();
        let not_later = (1..20).find(|limit| by(*limit) >= needed);
        let not_before = (1..20).rev().find(|limit| from(*limit) >= needed);
        prop_assert_eq!(outcome.satisfied, there.len() >= needed);
        prop_assert_eq!(outcome.not_later, not_later.map(secs));
        prop_assert_eq!(outcome.not_before, not_before.map(secs));
    }
}
